// link: mxg_bus mxg_db mxg_model mxg_lookups PkgConfig::OPENSSL
/* A running mxgrade-aggregator between a private PostgreSQL cluster and a worker that this test plays:
 * real Results over ZeroMQ in, rows out. */
#include "base/mem.h"
#include "bus/bus.h"
#include "db/db.h"
#include "model/facts.h"
#include "status.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST(sentence) static void sentence(void **state __attribute__((unused)))

enum { ACK_TIMEOUT_MS = 20000, SILENCE_MS = 700, NAMES_MAX = 3, ACKS_MAX = 4096 };

static struct {
    char dir[64], conninfo[160], endpoint[96];
    PGconn *db;
    pid_t aggregator;
    uv_loop_t loop;
    uv_timer_t deadline;
    bool late;
    bus_t *bus;
    uint64_t sequence, job;
    bool acked[ACKS_MAX]; /* by sequence */
    size_t ack_count;
    Mxgrade__RefusedReason refused;
    int survey;
} lab;

/* --- database --- */

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void sql(const char *format, ...) {
    va_list args;
    char *text = NULL;
    va_start(args, format);
    assert_true(vasprintf(&text, format, args) > 0);
    va_end(args);
    PGresult *res = PQexec(lab.db, text);
    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(lab.db));
    PQclear(res);
    free(text);
}

/* The one value that the query gives in the current survey ($1), as text. */
static const char *value(const char *query) {
    static char text[4096];
    char survey[16];
    const char *const params[] = {survey};
    snprintf(survey, sizeof survey, "%d", lab.survey);
    PGresult *res = PQexecParams(lab.db, query, strstr(query, "$1") ? 1 : 0, NULL, params, NULL, NULL, 0);
    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1)
        fail_msg("%s: %d rows: %s", query, PQntuples(res), PQerrorMessage(lab.db));
    snprintf(text, sizeof text, "%s", PQgetvalue(res, 0, 0));
    PQclear(res);
    return text;
}

static void assert_value(const char *query, const char *expected) { assert_string_equal(value(query), expected); }

/* All that a result may change, as one text. */
static char *snapshot(void) {
    return mem_strdup(value("SELECT md5(string_agg(t, '|' ORDER BY t)) FROM ("
                            "SELECT e::text t FROM mxgrade.endpoint e WHERE survey_id = $1 UNION ALL "
                            "SELECT x::text FROM mxgrade.exchange_endpoint x WHERE survey_id = $1 UNION ALL "
                            "SELECT x::text FROM mxgrade.exchange x WHERE survey_id = $1 UNION ALL "
                            "SELECT s::text FROM mxgrade.mx_set s WHERE survey_id = $1 UNION ALL "
                            "SELECT p::text FROM mxgrade.mta_sts_policy p WHERE survey_id = $1) rows"));
}

static void new_survey(void) {
    lab.survey = (int)strtol(value("SELECT mxgrade.create_survey('test', 3, '10 minutes')"), NULL, 10);
}

/* An exchange with one more address. */
static void add_exchange(const char *exchange, const char *address) {
    sql("INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status) VALUES (%d, '%s', 'ok') ON CONFLICT DO NOTHING",
        lab.survey, exchange);
    sql("INSERT INTO mxgrade.endpoint (survey_id, address, shuffle) VALUES (%d, '%s', 1) ON CONFLICT DO NOTHING",
        lab.survey, address);
    sql("INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address) VALUES (%d, '%s', '%s')", lab.survey,
        exchange, address);
}

/* The MX set of two exchanges. */
static void add_set(const char *first, const char *second) {
    sql("INSERT INTO mxgrade.mx_set (survey_id, mx_set, mx_total) VALUES (%d, gen_random_uuid(), 2)", lab.survey);
    sql("INSERT INTO mxgrade.mx_set_member SELECT survey_id, mx_set, x, p FROM mxgrade.mx_set,"
        " (VALUES ('%s', 10), ('%s', 20)) m(x, p) WHERE survey_id = %d",
        first, second, lab.survey);
}

/* A domain whose policy is to be fetched. */
static void add_policy(const char *domain) {
    sql("INSERT INTO mxgrade.mta_sts_policy (survey_id, domain, addresses, next_fetch_at) "
        "VALUES (%d, '%s', '{192.0.2.80}', now())",
        lab.survey, domain);
}

/* --- results --- */

struct draft {
    Mxgrade__EndpointResult result;
    Mxgrade__Fact fact[FACT_ENDPOINT_COUNT], *fact_list[FACT_ENDPOINT_COUNT];
    Mxgrade__NameResult name[NAMES_MAX], *name_list[NAMES_MAX];
    Mxgrade__Fact name_fact[NAMES_MAX][FACT_NAME_COUNT], *name_fact_list[NAMES_MAX][FACT_NAME_COUNT];
    Mxgrade__Connection connection, *connection_list[1];
};

static void init_facts(Mxgrade__Fact *facts, Mxgrade__Fact **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        mxgrade__fact__init(&facts[i]);
        facts[i].id = (uint32_t)i;
        list[i] = &facts[i];
    }
}

/* A result in which everything is unknown. */
static void draft_init(struct draft *draft, const char *address) {
    memset(draft, 0, sizeof *draft);
    mxgrade__endpoint_result__init(&draft->result);
    init_facts(draft->fact, draft->fact_list, FACT_ENDPOINT_COUNT);
    draft->result.job = ++lab.job;
    draft->result.survey = (uint32_t)lab.survey;
    draft->result.address = (char *)address;
    draft->result.port = 25;
    draft->result.observed_at_ms = 1700000000000;
    draft->result.n_fact = FACT_ENDPOINT_COUNT;
    draft->result.fact = draft->fact_list;
    draft->result.name = draft->name_list;
    mxgrade__connection__init(&draft->connection);
    draft->connection.step = draft->connection.outcome = "full";
    draft->connection_list[0] = &draft->connection;
    draft->result.connection = draft->connection_list;
    draft->result.n_connection = 1;
}

static void set_fact(struct draft *draft, enum fact_id id, enum tri tri) {
    draft->fact[id].value = (Mxgrade__Tri)tri;
    draft->fact[id].evidence = MXGRADE__EVIDENCE__EVIDENCE_OBSERVED;
    draft->fact[id].connection = 1;
}

static Mxgrade__NameResult *add_name(struct draft *draft, const char *exchange, enum tri trusted, enum tri matches) {
    size_t i = draft->result.n_name++;
    const enum tri values[FACT_NAME_COUNT] = {trusted, trusted ? TRI_YES : TRI_UNKNOWN, matches,
                                              trusted < matches ? trusted : matches};
    mxgrade__name_result__init(&draft->name[i]);
    init_facts(draft->name_fact[i], draft->name_fact_list[i], FACT_NAME_COUNT);
    for (size_t f = 0; f < FACT_NAME_COUNT; f++)
        draft->name_fact[i][f].value = (Mxgrade__Tri)values[f];
    draft->name[i].exchange = (char *)exchange;
    draft->name[i].n_fact = FACT_NAME_COUNT;
    draft->name[i].fact = draft->name_fact_list[i];
    draft->name_list[i] = &draft->name[i];
    return &draft->name[i];
}

/* TLS 1.2 and 1.3 with good suites. */
static void draft_modern(struct draft *draft, const char *address) {
    static const enum fact_id yes[] = {
        FACT_REACHABLE, FACT_STARTTLS_ADVERTISED, FACT_TLS_ENABLED, FACT_TLS1_2,   FACT_TLS1_3,
        FACT_NIST_R1,   FACT_FORWARD_SECRECY,     FACT_NIST_R2,     FACT_PQ_HYBRID};
    draft_init(draft, address);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        set_fact(draft, (enum fact_id)id, TRI_NO);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        set_fact(draft, yes[i], TRI_YES);
}

/* No answer, worth asking again. */
static void draft_silent(struct draft *draft, const char *address, const char *exchange) {
    draft_init(draft, address);
    draft->result.reason = REASON_CONNECT_TIMEOUT;
    draft->result.retry = true;
    add_name(draft, exchange, TRI_UNKNOWN, TRI_UNKNOWN);
}

static char *PATTERNS[] = {"mx.example.org", "*.mx.example.net"};

/* A policy that was fetched. */
static Mxgrade__PolicyResult draft_policy(const char *domain) {
    Mxgrade__PolicyResult policy = MXGRADE__POLICY_RESULT__INIT;
    policy.job = ++lab.job;
    policy.survey = (uint32_t)lab.survey;
    policy.domain = (char *)domain;
    policy.address = "192.0.2.80";
    policy.observed_at_ms = 1700000000000;
    policy.status = MXGRADE__POLICY_STATUS__POLICY_VALID;
    policy.http_status = 200;
    policy.mode = "enforce";
    policy.max_age = 604800;
    policy.mx = PATTERNS;
    policy.n_mx = 2;
    policy.body = "version: STSv1\r\nmode: enforce";
    policy.duration_ms = 120;
    return policy;
}

/* No answer, worth asking again. */
static Mxgrade__PolicyResult draft_silent_policy(const char *domain) {
    Mxgrade__PolicyResult policy = MXGRADE__POLICY_RESULT__INIT;
    policy.job = ++lab.job;
    policy.survey = (uint32_t)lab.survey;
    policy.domain = (char *)domain;
    policy.address = "192.0.2.80";
    policy.observed_at_ms = 1700000000000;
    policy.why = "connect_timeout";
    policy.retry = true;
    return policy;
}

/* --- the worker's side of the wire --- */

static void on_message(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)bus;
    (void)from;
    (void)context;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_REFUSED)
        lab.refused = envelope->refused->reason;
    for (size_t i = 0; envelope->body_case == MXGRADE__ENVELOPE__BODY_ACK && i < envelope->ack->n_sequence; i++)
        if (envelope->ack->sequence[i] < ACKS_MAX && !lab.acked[envelope->ack->sequence[i]]) {
            lab.acked[envelope->ack->sequence[i]] = true;
            lab.ack_count++;
        }
}

static void on_deadline(uv_timer_t *timer) {
    (void)timer;
    lab.late = true;
}

static void start_deadline(uint64_t ms) {
    lab.late = false;
    uv_update_time(&lab.loop);
    uv_timer_start(&lab.deadline, on_deadline, ms, 50); /* repeats: it may fire before the loop blocks */
}

/* Waits, without sleeping in the dark, until the query gives the value. */
static void await_value(const char *query, const char *expected) {
    uint64_t end = uv_hrtime() + (uint64_t)ACK_TIMEOUT_MS * 1000000;
    while (strcmp(value(query), expected) != 0 && uv_hrtime() < end) {
        start_deadline(20);
        while (!lab.late)
            uv_run(&lab.loop, UV_RUN_ONCE);
    }
    assert_value(query, expected);
}

static void send_envelope(Mxgrade__Envelope *envelope) {
    start_deadline(ACK_TIMEOUT_MS);
    while (bus_send(lab.bus, NULL, envelope) != BUS_SENT && !lab.late)
        uv_run(&lab.loop, UV_RUN_NOWAIT);
    assert_false(lab.late);
}

static void send_message(Mxgrade__Results *message, uint64_t sequence) {
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    message->sequence = sequence;
    message->worker_id = "tester";
    message->vantage = "lab";
    envelope.body_case = MXGRADE__ENVELOPE__BODY_RESULTS;
    envelope.results = message;
    send_envelope(&envelope);
}

static void send_as(uint64_t sequence, Mxgrade__EndpointResult **results, size_t count,
                    Mxgrade__Certificate **certificates, size_t certificate_count) {
    Mxgrade__Results message = MXGRADE__RESULTS__INIT;
    message.n_result = count;
    message.result = results;
    message.n_certificate = certificate_count;
    message.certificate = certificates;
    send_message(&message, sequence);
}

/* Sends one message with nothing but policies; gives its sequence. */
static uint64_t send_policies(Mxgrade__PolicyResult *policies, size_t count) {
    Mxgrade__Results message = MXGRADE__RESULTS__INIT;
    Mxgrade__PolicyResult **list = mem_calloc(count, sizeof(Mxgrade__PolicyResult *));
    for (size_t i = 0; i < count; i++)
        list[i] = &policies[i];
    message.n_policy = count;
    message.policy = list;
    send_message(&message, ++lab.sequence);
    free(list);
    return lab.sequence;
}

/* Sends one message; gives its sequence. */
static uint64_t send_results(Mxgrade__EndpointResult **results, size_t count, Mxgrade__Certificate **certificates,
                             size_t certificate_count) {
    send_as(++lab.sequence, results, count, certificates, certificate_count);
    return lab.sequence;
}

static bool acked_within(uint64_t sequence, uint64_t ms) {
    start_deadline(ms);
    while (!lab.acked[sequence] && !lab.late)
        uv_run(&lab.loop, UV_RUN_ONCE);
    return lab.acked[sequence];
}

static void deliver(struct draft *draft) {
    Mxgrade__EndpointResult *result = &draft->result;
    assert_true(acked_within(send_results(&result, 1, NULL, 0), ACK_TIMEOUT_MS));
}

static void deliver_policy(Mxgrade__PolicyResult policy) {
    assert_true(acked_within(send_policies(&policy, 1), ACK_TIMEOUT_MS));
}

/* --- tests --- */

TEST(a_modern_server_gets_a_plus_from_address_to_set) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    add_exchange("mx2.example.org", "192.0.2.1");
    add_set("mx.example.org", "mx2.example.org");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    add_name(&draft, "mx2.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value(
        "SELECT string_agg(grade || ' ' || provisional, ',') FROM mxgrade.exchange_endpoint WHERE survey_id = $1",
        "A+ false,A+ false");
    assert_value("SELECT string_agg(grade || ' ' || forced_tls, ',') FROM mxgrade.exchange WHERE survey_id = $1",
                 "A+ yes,A+ yes");
    assert_value(
        "SELECT concat_ws(' ', grade, score, provisional, worst_mx, mx_graded, forced_tls) FROM mxgrade.mx_set "
        "WHERE survey_id = $1",
        "A+ 100 f mx.example.org 2 yes");
    assert_value("SELECT concat_ws(' ', facts_known, next_probe_at IS NULL, attempts, reason, worker, vantage) "
                 "FROM mxgrade.endpoint WHERE survey_id = $1",
                 "t t 1 tester lab");
    assert_value("SELECT fact_evidence -> 'tls1_2' FROM mxgrade.endpoint WHERE survey_id = $1",
                 "{\"evidence\": \"observed\", \"connection\": 1}");
}

TEST(a_result_that_comes_twice_changes_nothing) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    draft.result.retry = true;
    draft.result.reason = REASON_RATE_LIMITED;
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    char *before = snapshot();
    deliver(&draft);
    Mxgrade__EndpointResult *twins[] = {&draft.result, &draft.result};
    assert_true(acked_within(send_results(twins, 2, NULL, 0), ACK_TIMEOUT_MS));
    char *after = snapshot();
    assert_string_equal(before, after);
    assert_value("SELECT attempts FROM mxgrade.endpoint WHERE survey_id = $1", "1");
    free(before);
    free(after);
}

TEST(two_jobs_of_one_endpoint_in_one_batch_are_both_applied) {
    struct draft first, second;
    new_survey();
    add_exchange("mx.example.org", "2001:db8::1");
    draft_silent(&first, "2001:DB8:0::1", "mx.example.org");
    draft_modern(&second, "2001:db8::1");
    add_name(&second, "mx.example.org", TRI_YES, TRI_YES);
    Mxgrade__EndpointResult *results[] = {&first.result, &second.result};
    assert_true(acked_within(send_results(results, 2, NULL, 0), ACK_TIMEOUT_MS));
    assert_value("SELECT attempts || ' ' || connection_count FROM mxgrade.endpoint WHERE survey_id = $1", "2 2");
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

TEST(unknown_never_overwrites_an_answer) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    draft.fact[FACT_SSLV3].value = MXGRADE__TRI__TRI_UNKNOWN;
    draft.fact[FACT_SSLV3].reason = REASON_RATE_LIMITED;
    draft.result.retry = true;
    draft.result.reason = REASON_RATE_LIMITED;
    draft.result.banner = "220 first";
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value("SELECT missing FROM mxgrade.exchange_endpoint WHERE survey_id = $1", "{sslv3}");
    draft_silent(&draft, "192.0.2.1", "mx.example.org");
    set_fact(&draft, FACT_SSLV3, TRI_NO);
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', reachable, tls_enabled, tls1_3, sslv3, sslv2, banner, attempts) "
                 "FROM mxgrade.endpoint WHERE survey_id = $1",
                 "yes yes yes no no 220 first 2");
    assert_value("SELECT concat_ws(' ', cert_trusted, grade, provisional) FROM mxgrade.exchange_endpoint "
                 "WHERE survey_id = $1",
                 "yes A+ f");
    /* the second attempt's connection stands behind the first one's */
    assert_value("SELECT concat_ws(' ', fact_evidence -> 'sslv3' ->> 'connection', fact_evidence -> 'tls1_3' ->> "
                 "'connection', jsonb_array_length(connections)) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "2 1 2");
}

TEST(a_silent_endpoint_is_asked_again_with_doubling_delay_and_then_settled) {
    struct draft draft;
    static const char *const delay_in_range[] = {"8 minutes", "12 minutes", "16 minutes", "24 minutes"};
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    add_exchange("late.example.org", "192.0.2.1");
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        char *query = mem_printf("SELECT next_probe_at BETWEEN now() + '%s'::interval - '30 s'::interval AND now() + "
                                 "'%s'::interval FROM mxgrade.endpoint WHERE survey_id = $1",
                                 delay_in_range[2 * attempt], delay_in_range[2 * attempt + 1]);
        draft_silent(&draft, "192.0.2.1", "mx.example.org");
        deliver(&draft);
        assert_value(query, "t");
        assert_value("SELECT count(judged_at) FROM mxgrade.exchange_endpoint WHERE survey_id = $1", "0");
        free(query);
    }
    draft_silent(&draft, "192.0.2.1", "mx.example.org");
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', next_probe_at IS NULL, attempts, facts_known, reason) FROM mxgrade.endpoint "
                 "WHERE survey_id = $1",
                 "t 3 f connect_timeout");
    assert_value("SELECT string_agg(reason, ',') FROM mxgrade.exchange_endpoint WHERE survey_id = $1 AND judged_at "
                 "IS NOT NULL AND grade IS NULL",
                 "connect_timeout,connect_timeout");
    assert_value("SELECT string_agg(concat_ws(' ', reason, forced_tls, forced_tls_why), ',') FROM mxgrade.exchange "
                 "WHERE survey_id = $1",
                 "connect_timeout unknown connect_timeout,connect_timeout unknown connect_timeout");
}

/* Everything known of the one endpoint or name, but what tells of the last attempt. */
#define KNOWN_OF_ENDPOINT                                                                                              \
    "SELECT to_jsonb(e) - '{last_job,attempts,next_probe_at,reason,connections,connection_count,observed_at,"          \
    "duration_ms}'::text[] FROM mxgrade.endpoint e WHERE survey_id = $1"
#define KNOWN_OF_NAME "SELECT to_jsonb(x) FROM mxgrade.exchange_endpoint x WHERE survey_id = $1"

/* A server that was asked a good deal and then had enough. */
static void draft_rate_limited(struct draft *draft, const char *address) {
    static char *lines[] = {"PIPELINING", "STARTTLS"}, *flags[] = {"early_bytes"}, *weak[] = {"RC4"};
    static char *chain_flags[] = {"missing_intermediate", "completed_by_store"};
    static uint8_t resume[] = {1, 0, 0xff}, hash[32] = {7};
    static uint32_t suites[] = {4, 0x1301};
    draft_modern(draft, address);
    Mxgrade__EndpointResult *result = &draft->result;
    draft->fact[FACT_PQ_HYBRID].value = MXGRADE__TRI__TRI_UNKNOWN;
    draft->fact[FACT_PQ_HYBRID].reason = REASON_RATE_LIMITED;
    result->reason = REASON_RATE_LIMITED;
    result->retry = true;
    result->banner = "mx ready";
    result->ehlo = result->ehlo_tls = lines;
    result->n_ehlo = result->n_ehlo_tls = 2;
    result->tls_version = 0x0304;
    result->suite = 0x1301;
    result->group = "x25519";
    result->signature = "rsa_pss_rsae_sha256";
    result->suites_seen = suites;
    result->n_suites_seen = 2;
    result->weak_seen = weak;
    result->flag = flags;
    result->n_flag = result->n_weak_seen = 1;
    result->pq_group = "X25519MLKEM768";
    result->resume = (ProtobufCBinaryData){sizeof resume, resume};
    Mxgrade__NameResult *name = add_name(draft, "mx.example.org", TRI_YES, TRI_YES);
    name->certificate = (ProtobufCBinaryData){sizeof hash, hash};
    name->matched = "mx.example.org";
    name->san_match = true;
    name->chain_flag = chain_flags;
    name->n_chain_flag = 2;
}

TEST(a_second_attempt_that_learns_nothing_loses_nothing) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_rate_limited(&draft, "192.0.2.1");
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', banner, ehlo, ehlo_tls, tls_version, suite, key_group, signature, suites_seen, "
                 "weak_seen, pq_group, flags, resume) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "mx ready {PIPELINING,STARTTLS} {PIPELINING,STARTTLS} 772 4865 x25519 rsa_pss_rsae_sha256 {4,4865} "
                 "{RC4} X25519MLKEM768 {early_bytes} \\x0100ff");
    assert_value("SELECT concat_ws(' ', left(certificate::text, 4), matched, san_match, cn_match, chain_flags) FROM "
                 "mxgrade.exchange_endpoint WHERE survey_id = $1",
                 "\\x07 mx.example.org t f {missing_intermediate,completed_by_store}");
    char *endpoint = mem_strdup(value(KNOWN_OF_ENDPOINT)), *name = mem_strdup(value(KNOWN_OF_NAME));
    for (unsigned attempt = 0; attempt < 2; attempt++) { /* the second exhausts the attempts */
        draft_silent(&draft, "192.0.2.1", "mx.example.org");
        draft.result.reason = draft.fact[FACT_PQ_HYBRID].reason = REASON_RATE_LIMITED;
        draft.result.banner = "too many connections";
        deliver(&draft);
        if (attempt == 0)
            assert_value(KNOWN_OF_ENDPOINT, endpoint);
        assert_value(KNOWN_OF_NAME, name);
    }
    assert_value("SELECT concat_ws(' ', facts_known, resume IS NULL, attempts, connection_count, banner, tls1_3, "
                 "pq_hybrid) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "t t 3 3 mx ready yes unknown");
    free(endpoint);
    free(name);
}

TEST(an_unknown_has_the_newest_reason_and_an_answer_its_own_evidence) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_rate_limited(&draft, "192.0.2.1");
    deliver(&draft);
    draft_modern(&draft, "192.0.2.1"); /* resumed: what the plan knew before has no connection of its own */
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        draft.fact[id].connection = 0;
    set_fact(&draft, FACT_SSLV2, TRI_NO);
    draft.fact[FACT_PQ_HYBRID] = (Mxgrade__Fact)MXGRADE__FACT__INIT;
    draft.fact[FACT_PQ_HYBRID].id = FACT_PQ_HYBRID;
    draft.fact[FACT_PQ_HYBRID].reason = REASON_TIMEOUT;
    draft.result.tls_version = 0x0303; /* another handshake, without a group: the old one's is not its own */
    draft.result.retry = true;
    draft.result.reason = REASON_TIMEOUT;
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', fact_evidence #>> '{pq_hybrid,reason}', fact_evidence #>> "
                 "'{sslv2,connection}', fact_evidence #>> '{tls1_3,connection}', fact_evidence #>> "
                 "'{tls1_3,evidence}', reason, key_group IS NULL) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "timeout 2 1 observed timeout t");
}

TEST(connections_of_all_attempts_are_kept_up_to_a_bound_and_keep_their_numbers) {
    enum { MANY = 60 };
    struct draft draft;
    Mxgrade__Connection *many[MANY];
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        draft_rate_limited(&draft, "192.0.2.1");
        for (size_t i = 0; i < MANY; i++)
            many[i] = &draft.connection;
        draft.connection.group = 29;
        draft.connection.reason = "rate_limited";
        draft.connection.suite = 0x1301;
        draft.result.connection = many;
        draft.result.n_connection = MANY;
        set_fact(&draft, FACT_SSLV3, TRI_NO);
        draft.fact[FACT_SSLV3].connection = MANY;
        deliver(&draft);
    }
    assert_value("SELECT concat_ws(' ', count(*), min(connection), max(connection), count(DISTINCT connection), "
                 "min(key_group), min(reason), min(step)) FROM mxgrade.connection WHERE survey_id = $1",
                 "64 57 120 64 29 rate_limited full");
    assert_value("SELECT concat_ws(' ', connection_count, fact_evidence #>> '{sslv3,connection}') FROM "
                 "mxgrade.endpoint WHERE survey_id = $1",
                 "120 120");
}

TEST(a_resume_goes_when_the_endpoint_is_known_and_a_huge_one_is_none) {
    static uint8_t huge[5000];
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_rate_limited(&draft, "192.0.2.1");
    draft.result.resume = (ProtobufCBinaryData){sizeof huge, huge};
    deliver(&draft);
    assert_value("SELECT resume IS NULL FROM mxgrade.endpoint WHERE survey_id = $1", "t");
    draft_rate_limited(&draft, "192.0.2.1");
    deliver(&draft);
    assert_value("SELECT resume FROM mxgrade.endpoint WHERE survey_id = $1", "\\x0100ff");
    draft_modern(&draft, "192.0.2.1");
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', facts_known, resume IS NULL) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "t t");
}

TEST(a_rate_limited_endpoint_rests_ten_minutes_unless_the_survey_says_otherwise) {
    static const struct {
        const char *delay, *least, *most;
    } cases[] = {{"10 minutes", "7 minutes 30 s", "12 minutes"}, {"3 s", "0 s", "4 s"}};
    static const enum reason reasons[] = {REASON_RATE_LIMITED, REASON_REFUSED_SERVICE};
    for (size_t i = 0; i < 4; i++) {
        struct draft draft;
        new_survey();
        sql("UPDATE mxgrade.survey SET retry_delay = '%s' WHERE survey_id = %d", cases[i / 2].delay, lab.survey);
        add_exchange("mx.example.org", "192.0.2.1");
        draft_rate_limited(&draft, "192.0.2.1");
        draft.result.reason = reasons[i % 2];
        deliver(&draft);
        char *query = mem_printf("SELECT next_probe_at - now() BETWEEN '%s'::interval AND '%s'::interval FROM "
                                 "mxgrade.endpoint WHERE survey_id = $1",
                                 cases[i / 2].least, cases[i / 2].most);
        assert_value(query, "t");
        free(query);
    }
}

/* hash: gets that of der. */
static Mxgrade__Certificate certificate_of(uint8_t *der, size_t len, uint8_t hash[static 32]) {
    Mxgrade__Certificate certificate = MXGRADE__CERTIFICATE__INIT;
    assert_int_equal(EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL), 1);
    certificate.sha256 = (ProtobufCBinaryData){32, hash};
    certificate.der = (ProtobufCBinaryData){len, der};
    return certificate;
}

TEST(a_certificate_is_stored_only_under_the_hash_of_its_own_octets) {
    uint8_t hash[32], der[] = {0x30, 1, 4};
    Mxgrade__Certificate certificate = certificate_of(der, sizeof der, hash), *list[] = {&certificate};
    sql("DELETE FROM mxgrade.quarantine");
    hash[31] ^= 1;
    assert_true(acked_within(send_results(NULL, 0, list, 1), ACK_TIMEOUT_MS));
    assert_value("SELECT count(*) FROM mxgrade.certificate WHERE octets = 3 AND sha256 IN (sha256('\\x300104'), "
                 "set_byte(sha256('\\x300104'), 31, get_byte(sha256('\\x300104'), 31) # 1))",
                 "0");
    assert_value("SELECT why FROM mxgrade.quarantine", "the certificate's hash is not that of its octets");
    hash[31] ^= 1;
    assert_true(acked_within(send_results(NULL, 0, list, 1), ACK_TIMEOUT_MS));
    assert_value("SELECT count(*) FROM mxgrade.certificate WHERE sha256 = sha256('\\x300104')", "1");
}

TEST(what_came_behind_a_leaf_is_stored_once_and_gets_a_chain_when_it_is_a_leaf) {
    uint8_t hash[3][32], ders[3][3] = {{0x30, 1, 5}, {0x30, 1, 6}, {0x30, 1, 7}};
    Mxgrade__Certificate leaf = certificate_of(ders[0], 3, hash[0]), other = certificate_of(ders[1], 3, hash[1]);
    Mxgrade__Certificate behind = certificate_of(ders[2], 3, hash[2]), *list[] = {&leaf, &behind, &other, &behind};
    leaf.chain = other.chain = &behind.sha256;
    leaf.n_chain = other.n_chain = 1;
    behind.behind = true;
    behind.key_type = "RSA";
    behind.key_bits = 1024;
    behind.not_before = 1700000000;
    behind.not_after = 1700000000 + 90 * 86400 - 1;
    assert_true(acked_within(send_results(NULL, 0, list, 4), ACK_TIMEOUT_MS));
    assert_value("SELECT string_agg(concat_ws(' ', place, stored, key_type, key_bits, lifetime_days), ',') "
                 "FROM mxgrade.chain_certificate WHERE sha256 = sha256('\\x300107')",
                 "1 t RSA 1024 90.0,1 t RSA 1024 90.0");
    assert_value("SELECT chain IS NULL FROM mxgrade.certificate WHERE sha256 = sha256('\\x300107')", "t");
    behind.behind = false;
    behind.self_signed = true;
    behind.chain = &leaf.sha256;
    behind.n_chain = 1;
    Mxgrade__Certificate again = behind, *twice[] = {&again, &behind};
    again.behind = true;
    assert_true(acked_within(send_results(NULL, 0, twice, 2), ACK_TIMEOUT_MS));
    again.chain = NULL;
    again.n_chain = 0;
    assert_true(acked_within(send_results(NULL, 0, twice, 1), ACK_TIMEOUT_MS));
    assert_value("SELECT concat_ws(' ', chain = ARRAY[sha256('\\x300105')], self_signed) FROM mxgrade.certificate "
                 "WHERE sha256 = sha256('\\x300107')",
                 "t t");
}

TEST(extensions_are_columns_and_null_where_they_cannot_be_read) {
    uint8_t hash[2][32], ders[2][3] = {{0x30, 1, 8}, {0x30, 1, 9}};
    char *urls[40], *oids[] = {"2.23.140.1.2.1"};
    Mxgrade__Certificate read = certificate_of(ders[0], 3, hash[0]), unread = certificate_of(ders[1], 3, hash[1]);
    Mxgrade__Certificate *list[] = {&read, &unread};
    for (size_t i = 0; i < 40; i++)
        urls[i] = "http://o.example/\x1b[31m\xff";
    read.sct_count = 3;
    read.must_staple = read.is_ca = true;
    read.ocsp_url = read.crl_url = urls;
    read.n_ocsp_url = 1;
    read.n_crl_url = 40;
    read.policy_oid = oids;
    read.n_policy_oid = 1;
    unread.extensions_unread = UINT32_MAX;
    assert_true(acked_within(send_results(NULL, 0, list, 2), ACK_TIMEOUT_MS));
    assert_value(
        "SELECT concat_ws(' ', is_ca, sct_count, must_staple, ocsp_urls[1], cardinality(crl_urls), policy_oids) "
        "FROM mxgrade.certificate WHERE sha256 = sha256('\\x300108')",
        "t 3 t http://o.example/\\x1b[31m\\xff 16 {2.23.140.1.2.1}");
    assert_value("SELECT num_nulls(is_ca, sct_count, must_staple, ocsp_urls, crl_urls, policy_oids) "
                 "FROM mxgrade.certificate WHERE sha256 = sha256('\\x300109')",
                 "6");
}

TEST(a_certificate_that_cannot_be_read_is_kept_by_its_hash) {
    uint8_t hash[32], der[] = {0x30, 1, 0xff};
    Mxgrade__Certificate certificate = certificate_of(der, sizeof der, hash), *list[] = {&certificate};
    certificate.parse_error = "no\x1b ASN.1";
    assert_true(acked_within(send_results(NULL, 0, list, 1), ACK_TIMEOUT_MS));
    assert_value("SELECT concat_ws(' ', parse_error, octets, not_before IS NULL, not_after IS NULL, subject IS NULL) "
                 "FROM mxgrade.certificate WHERE sha256 = sha256('\\x3001ff')",
                 "no\\x1b ASN.1 3 t t t");
}

TEST(hostile_text_ends_up_harmless) {
    struct draft draft;
    char *lines[] = {"\x1b]0;owned\x07", "\"{}\\,", "na\xc3\xafve", "\xff\xfe"};
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    draft.result.banner = "220 \x1b[31m\xff '; DROP TABLE x; -- \\N \"q\"\t\r\n";
    draft.result.ehlo = lines;
    draft.result.n_ehlo = 4;
    draft.connection.detail = "a\"b\\c\x01\xc0\xaf";
    draft.result.group = "\xed\xa0\x80";
    draft.result.suite = 70000; /* no code point */
    draft.result.duration_ms = UINT32_MAX;
    draft.result.observed_at_ms = INT64_MAX;
    draft.fact[FACT_SSLV2].value = (Mxgrade__Tri)77;
    draft.fact[FACT_SSLV3].evidence = (Mxgrade__Evidence)77;
    draft.fact[FACT_SSLV3].id = 1000;
    Mxgrade__NameResult *name = add_name(&draft, "mx.example.org", TRI_NO, TRI_YES);
    name->trust_error = "\x9b\xe2\x80";
    name->certificate = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)lines[0]};
    deliver(&draft);
    assert_value("SELECT banner FROM mxgrade.endpoint WHERE survey_id = $1",
                 "220 \\x1b[31m\\xff '; DROP TABLE x; -- \\N \"q\"\\x09\\x0d\\x0a");
    assert_value("SELECT array_to_string(ehlo, '|') FROM mxgrade.endpoint WHERE survey_id = $1",
                 "\\x1b]0;owned\\x07|\"{}\\,|na\xc3\xafve|\\xff\\xfe");
    assert_value("SELECT connections -> 0 ->> 'detail' FROM mxgrade.endpoint WHERE survey_id = $1",
                 "a\"b\\c\\x01\\xc0\\xaf");
    assert_value(
        "SELECT concat_ws(' ', key_group, suite IS NULL, duration_ms IS NULL, observed_at <= now(), sslv2, sslv3) "
        "FROM mxgrade.endpoint WHERE survey_id = $1",
        "\\xed\\xa0\\x80 t t t unknown unknown");
    assert_value("SELECT concat_ws(' ', trust_error, certificate IS NULL, grade) FROM mxgrade.exchange_endpoint WHERE "
                 "survey_id = $1",
                 "\\x9b\\xe2\\x80 t C+");
}

TEST(hostile_certificates_are_clamped_and_kept) {
    uint8_t hash[32], der[] = {0x30, 1, 1};
    char *sans[] = {"a\"b", "\x01", "mx.example.org"};
    ProtobufCBinaryData chain[] = {{sizeof hash, hash}, {2, der}};
    Mxgrade__Certificate certificate = certificate_of(der, sizeof der, hash), *list[] = {&certificate, &certificate};
    certificate.spki_sha256 = certificate.sha256;
    certificate.subject_cn = "\x1b"
                             "c";
    certificate.san = sans;
    certificate.n_san = 3;
    certificate.san_total = UINT32_MAX;
    certificate.key_bits = UINT32_MAX;
    certificate.not_before = INT64_MIN;
    certificate.not_after = INT64_MAX;
    certificate.chain = chain;
    certificate.n_chain = 2;
    assert_true(acked_within(send_results(NULL, 0, list, 2), ACK_TIMEOUT_MS));
    assert_value(
        "SELECT concat_ws(' ', subject_cn, san, san_total, key_bits IS NULL, extract(year FROM not_before), "
        "extract(year FROM not_after), cardinality(chain)) FROM mxgrade.certificate_row ORDER BY first_seen DESC "
        "LIMIT 1",
        "\\x1bc {\"a\\\"b\",\"\\\\x01\",mx.example.org} 2147483647 t 1 9999 1");
}

TEST(weak_key_and_sha1_are_found_in_the_stored_certificate) {
    struct draft draft;
    uint8_t hash[32], der[] = {0x30, 1, 2};
    Mxgrade__Certificate certificate = certificate_of(der, sizeof der, hash), *list[] = {&certificate};
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    certificate.key_type = "RSA";
    certificate.key_bits = 1024;
    certificate.signature = "sha1WithRSAEncryption";
    certificate.not_after = 1700000000 + 86400;
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES)->certificate = certificate.sha256;
    Mxgrade__EndpointResult *result = &draft.result;
    assert_true(acked_within(send_results(&result, 1, list, 1), ACK_TIMEOUT_MS));
    assert_value("SELECT findings FROM mxgrade.exchange_endpoint WHERE survey_id = $1",
                 "{WEAK_KEY,SHA1_SIGNATURE,EXPIRES_SOON}");
}

TEST(a_poisonous_result_sinks_no_other) {
    enum { COUNT = 9 };
    static const char *const addresses[COUNT] = {"192.0.2.1", "192.0.2.2",         "192.0.2.3",
                                                 "192.0.2.4", "192.0.2.5",         "192.0.2.6",
                                                 "not-an-ip", "192.0.2.999/\x1b'", "192.0.2.9"};
    struct draft drafts[COUNT];
    Mxgrade__EndpointResult *results[COUNT];
    new_survey();
    sql("DELETE FROM mxgrade.quarantine");
    sql("ALTER TABLE mxgrade.endpoint_%d ADD CHECK (banner NOT LIKE '%%poison%%')", lab.survey);
    for (size_t i = 0; i < COUNT; i++) {
        draft_modern(&drafts[i], addresses[i]);
        results[i] = &drafts[i].result;
        add_name(&drafts[i], "mx.example.org", TRI_YES, TRI_YES);
        if (i < 6)
            add_exchange("mx.example.org", addresses[i]);
    }
    drafts[2].result.banner = "220 poison";
    drafts[4].result.job = UINT64_MAX;
    drafts[8].result.survey = 1000000; /* there is none */
    assert_true(acked_within(send_results(results, COUNT, NULL, 0), ACK_TIMEOUT_MS));
    assert_value(
        "SELECT string_agg(host(address), ' ' ORDER BY address) FROM mxgrade.exchange_endpoint WHERE survey_id = "
        "$1 AND grade = 'A+'",
        "192.0.2.1 192.0.2.2 192.0.2.4 192.0.2.6");
    assert_value(
        "SELECT string_agg(concat_ws('|', address, left(why, 28)), ';' ORDER BY address) FROM mxgrade.quarantine "
        "WHERE message IS NOT NULL AND worker = 'tester'",
        "192.0.2.3|23514: new row for relation ;192.0.2.5|the job number is out of ran;"
        "192.0.2.999/\\x1b'|the address is no IP address;not-an-ip|the address is no IP address");
    assert_value("SELECT grade || ' ' || provisional FROM mxgrade.exchange WHERE survey_id = $1", "A+ true");
}

TEST(an_exchange_has_the_grade_of_its_worst_reachable_address) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    add_exchange("mx.example.org", "192.0.2.2");
    add_exchange("mx.example.org", "192.0.2.3");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', grade, provisional, forced_tls) FROM mxgrade.exchange WHERE survey_id = $1",
                 "A+ t unknown"); /* two addresses are still to come */
    draft_modern(&draft, "192.0.2.2");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_NO);
    deliver(&draft);
    draft_silent(&draft, "192.0.2.3", "mx.example.org");
    draft.result.retry = false;
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', grade, score, provisional, forced_tls, reason) FROM mxgrade.exchange WHERE "
                 "survey_id = $1",
                 "A 95 f yes");
}

/* A or AAAA got no answer: an address may be missing, of which nobody knows anything. What fails fails all the same. */
TEST(an_address_that_may_be_missing_leaves_the_grade_provisional_and_forced_tls_unknown) {
    static const char *const query = "SELECT concat_ws(' ', grade, provisional, forced_tls, forced_tls_why) FROM "
                                     "mxgrade.exchange WHERE survey_id = $1";
    static const char *const failed[] = {"a_failed", "aaaa_failed"};
    struct draft draft;
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++) {
        new_survey();
        add_exchange("mx.example.org", "192.0.2.1");
        sql("UPDATE mxgrade.exchange SET flags = '{%s}' WHERE survey_id = %d", failed[i], lab.survey);
        draft_modern(&draft, "192.0.2.1");
        add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
        deliver(&draft);
        assert_value(query, "A+ t unknown dns");
        sql("UPDATE mxgrade.exchange SET flags = '{cname}' WHERE survey_id = %d", lab.survey);
        sql("UPDATE mxgrade.survey SET state = 'grading' WHERE survey_id = %d", lab.survey);
        await_value("SELECT state FROM mxgrade.survey WHERE survey_id = $1", "complete");
        assert_value(query, "A+ f yes");
    }
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    sql("UPDATE mxgrade.exchange SET flags = '{aaaa_failed}' WHERE survey_id = %d", lab.survey);
    draft_init(&draft, "192.0.2.1");
    set_fact(&draft, FACT_REACHABLE, TRI_YES);
    set_fact(&draft, FACT_TLS_ENABLED, TRI_NO);
    add_name(&draft, "mx.example.org", TRI_UNKNOWN, TRI_UNKNOWN);
    deliver(&draft);
    assert_value(query, "F t no tls_enabled");
}

static void deliver_pair(enum tri second_trusted, bool second_answers) {
    struct draft draft;
    new_survey();
    add_exchange("mx1.example.org", "192.0.2.1");
    add_exchange("mx2.example.org", "192.0.2.2");
    add_set("mx1.example.org", "mx2.example.org");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx1.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    if (second_answers) {
        draft_modern(&draft, "192.0.2.2");
        add_name(&draft, "mx2.example.org", second_trusted, TRI_NO);
    } else {
        draft_silent(&draft, "192.0.2.2", "mx2.example.org");
        draft.result.retry = false;
    }
    deliver(&draft);
}

#define SET_QUERY                                                                                                      \
    "SELECT concat_ws(' ', grade, score, worst_mx, mx_graded || '/' || mx_total, provisional, forced_tls, "            \
    "forced_tls_mx, forced_tls_why, reason) FROM mxgrade.mx_set WHERE survey_id = $1"

TEST(one_a_plus_and_one_timed_out_make_a_plus_with_forced_tls_unknown) {
    deliver_pair(TRI_YES, false);
    assert_value(SET_QUERY, "A+ 100 mx1.example.org 1/2 t unknown mx2.example.org connect_timeout");
}

TEST(one_a_plus_and_one_c_make_c) {
    deliver_pair(TRI_NO, true);
    assert_value(SET_QUERY, "C 65 mx2.example.org 2/2 f yes");
}

TEST(one_without_tls_makes_f_and_fails_forced_tls) {
    struct draft draft;
    deliver_pair(TRI_YES, false);
    draft_init(&draft, "192.0.2.2");
    set_fact(&draft, FACT_REACHABLE, TRI_YES);
    set_fact(&draft, FACT_TLS_ENABLED, TRI_NO);
    deliver(&draft);
    assert_value(SET_QUERY, "F 0 mx2.example.org 2/2 f no mx2.example.org tls_enabled");
    assert_value("SELECT findings FROM mxgrade.exchange_endpoint WHERE survey_id = $1 AND exchange = 'mx2.example.org'",
                 "{NO_TLS}");
}

TEST(a_names_only_result_is_graded_by_the_facts_known_before) {
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    add_exchange("late.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    set_fact(&draft, FACT_WEAK_CIPHERS, TRI_YES);
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value(
        "SELECT concat_ws(' ', facts_known, next_probe_at <= now()) FROM mxgrade.endpoint WHERE survey_id = $1",
        "t t"); /* the name that was not in the job is to be asked at once */
    draft_init(&draft, "192.0.2.1");
    draft.result.names_only = true;
    add_name(&draft, "late.example.org", TRI_YES, TRI_NO);
    for (unsigned i = 0; i < FACT_NAME_COUNT; i++)
        draft.name_fact[0][i].connection = 1; /* the second of the endpoint */
    deliver(&draft);
    assert_value("SELECT fact_evidence #>> '{cert_trusted,connection}' FROM mxgrade.exchange_endpoint WHERE survey_id "
                 "= $1 AND exchange = 'late.example.org'",
                 "2");
    assert_value(
        "SELECT concat_ws(' ', next_probe_at IS NULL, attempts, tls1_3, connection_count) FROM mxgrade.endpoint "
        "WHERE survey_id = $1",
        "t 1 yes 2");
    assert_value(
        "SELECT findings FROM mxgrade.exchange_endpoint WHERE survey_id = $1 AND exchange = 'late.example.org'",
        "{CERT_NAME_MISMATCH,WEAK_CIPHERS}");
}

TEST(names_that_remain_are_asked_for_later_if_the_server_has_had_enough) {
    struct draft draft;
    new_survey();
    sql("UPDATE mxgrade.survey SET max_attempts = 1 WHERE survey_id = %d", lab.survey);
    add_exchange("mx.example.org", "192.0.2.1");
    add_exchange("late.example.org", "192.0.2.1");
    draft_rate_limited(&draft, "192.0.2.1");
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', facts_known, next_probe_at - now() BETWEEN '9 minutes' AND '10 minutes') FROM "
                 "mxgrade.endpoint WHERE survey_id = $1",
                 "t t");
}

#define POLICY_QUERY                                                                                                   \
    "SELECT concat_ws('|', status, why, detail, http_status, mode, max_age, mx, body, address, "                       \
    "extract(epoch FROM fetched_at)::bigint, worker, vantage, duration_ms) FROM mxgrade.mta_sts_policy "               \
    "WHERE survey_id = $1"
#define POLICY_STORED                                                                                                  \
    "valid|200|enforce|604800|{mx.example.org,*.mx.example.net}|version: STSv1\nmode: "                                \
    "enforce\n|192.0.2.80|1700000000|tester|lab|120"
#define POLICY_ASKING                                                                                                  \
    "SELECT concat_ws(' ', attempts, next_fetch_at IS NULL) FROM mxgrade.mta_sts_policy WHERE survey_id = $1"

/* An attempt at a server that lists STARTTLS, whose one connection ended so. alert: 0 for none. */
static void draft_failed(struct draft *draft, const char *outcome, enum reason reason, unsigned alert) {
    draft_init(draft, "192.0.2.1");
    set_fact(draft, FACT_REACHABLE, TRI_YES);
    set_fact(draft, FACT_STARTTLS_ADVERTISED, TRI_YES);
    draft->fact[FACT_TLS_ENABLED].reason = draft->result.reason = (uint32_t)reason;
    draft->result.retry = true;
    draft->result.observed_at_ms += (int64_t)(lab.job % 1000) * 600000;
    draft->connection.outcome = (char *)outcome;
    draft->connection.reason = (char *)reason_key(reason);
    draft->connection.alert = alert ? alert + 1 : 0;
    add_name(draft, "mx.example.org", TRI_UNKNOWN, TRI_UNKNOWN);
}

struct ending {
    const char *outcome;
    enum reason reason;
    unsigned alert;
};

static void deliver_attempts(const struct ending *endings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct draft draft;
        draft_failed(&draft, endings[i].outcome, endings[i].reason, endings[i].alert);
        deliver(&draft);
    }
}

#define BROKEN_QUERY                                                                                                   \
    "SELECT concat_ws(' ', e.tls_broken, e.tls_enabled, e.reason, e.fact_evidence -> 'tls_broken' ->> 'evidence', "    \
    "e.fact_evidence -> 'tls_broken' ->> 'attempts', e.fact_evidence -> 'tls_broken' ->> 'failure', x.grade, "         \
    "x.findings, x.forced_tls, x.forced_tls_why, x.provisional) FROM mxgrade.endpoint e "                              \
    "JOIN mxgrade.exchange_endpoint x USING (survey_id, address) WHERE survey_id = $1"

TEST(what_fails_in_one_way_in_every_attempt_is_broken) {
    static const struct {
        struct ending attempts[3];
        const char *failure;
    } cases[] = {
        {{{"stopped", REASON_STARTTLS_REFUSED, 0},
          {"stopped", REASON_STARTTLS_REFUSED, 0},
          {"stopped", REASON_STARTTLS_REFUSED, 0}},
         "starttls_refused"},
        {{{"refused", REASON_INCONSISTENT, 80}, {"refused", REASON_INCONSISTENT, 80}, {"refused", REASON_CLOSED, 80}},
         "alert 80"},
        {{{"closed", REASON_INCONSISTENT, 0}, {"reset", REASON_RESET, 0}, {"closed", REASON_NOT_COMPLETED, 0}},
         "closed"},
        {{{"malformed", REASON_PROTOCOL_ERROR, 0},
          {"malformed", REASON_NOT_COMPLETED, 0},
          {"malformed", REASON_PROTOCOL_ERROR, 0}},
         "not_tls"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        new_survey();
        add_exchange("mx.example.org", "192.0.2.1");
        deliver_attempts(cases[i].attempts, 2);
        char expected[96];
        snprintf(expected, sizeof expected, "unknown %s f", cases[i].failure);
        assert_value("SELECT concat_ws(' ', tls_broken, tls_failure, reason = 'tls_broken') FROM mxgrade.endpoint "
                     "WHERE survey_id = $1",
                     expected);
        deliver_attempts(cases[i].attempts + 2, 1);
        snprintf(expected, sizeof expected, "yes unknown tls_broken inferred 3 %s F {TLS_BROKEN} no tls_broken f",
                 cases[i].failure);
        assert_value(BROKEN_QUERY, expected);
        assert_value("SELECT concat_ws(' ', value, evidence, attempts, span) FROM mxgrade.endpoint_fact "
                     "WHERE survey_id = $1 AND fact = 'tls_broken'",
                     "yes inferred 3 00:20:00");
        assert_value("SELECT concat_ws(' ', grade, reason IS NULL, forced_tls, forced_tls_why) FROM mxgrade.exchange "
                     "WHERE survey_id = $1",
                     "F t no tls_broken");
    }
}

TEST(one_attempt_that_differed_leaves_it_unknown_whether_tls_is_broken) {
    static const struct ending cases[][3] = {
        {{"closed", REASON_INCONSISTENT, 0}, {"silent", REASON_TIMEOUT, 0}, {"closed", REASON_INCONSISTENT, 0}},
        {{"stopped", REASON_CONNECT_TIMEOUT, 0},
         {"closed", REASON_INCONSISTENT, 0},
         {"closed", REASON_INCONSISTENT, 0}},
        {{"stopped", REASON_STARTTLS_REFUSED, 0},
         {"stopped", REASON_RATE_LIMITED, 0},
         {"stopped", REASON_STARTTLS_REFUSED, 0}},
        {{"closed", REASON_CLOSED, 0}, {"closed", REASON_CLOSED, 0}, {"stopped", REASON_UNREACHABLE, 0}},
        {{"refused", REASON_INCONSISTENT, 80},
         {"refused", REASON_INCONSISTENT, 80},
         {"refused", REASON_INCONSISTENT, 40}},
        {{"malformed", REASON_PROTOCOL_ERROR, 0},
         {"closed", REASON_INCONSISTENT, 0},
         {"malformed", REASON_PROTOCOL_ERROR, 0}},
        {{"closed", REASON_INCONSISTENT, 0}, {"selected", REASON_INCONSISTENT, 0}, {"closed", REASON_INCONSISTENT, 0}},
        {{"closed", REASON_DEADLINE, 0}, {"closed", REASON_DEADLINE, 0}, {"closed", REASON_DEADLINE, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        new_survey();
        add_exchange("mx.example.org", "192.0.2.1");
        deliver_attempts(cases[i], 3);
        assert_value("SELECT concat_ws(' ', e.attempts, e.next_probe_at IS NULL, e.tls_broken, e.tls_failure, "
                     "e.reason = 'tls_broken', x.grade, x.findings, x.forced_tls) FROM mxgrade.endpoint e "
                     "JOIN mxgrade.exchange_endpoint x USING (survey_id, address) WHERE survey_id = $1",
                     "3 t unknown various f {} unknown");
    }
}

TEST(connections_of_one_attempt_that_differ_are_no_failure_of_one_kind) {
    struct draft draft;
    Mxgrade__Connection second = MXGRADE__CONNECTION__INIT, *list[] = {&draft.connection, &second};
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        draft_failed(&draft, "closed", REASON_INCONSISTENT, 0);
        second.outcome = attempt == 1 ? "silent" : "refused"; /* hellos of SSL may end in another way, but end so */
        draft.result.connection = list;
        draft.result.n_connection = 2;
        deliver(&draft);
        if (attempt == 0)
            assert_value("SELECT tls_failure FROM mxgrade.endpoint WHERE survey_id = $1", "closed");
    }
    assert_value("SELECT concat_ws(' ', tls_broken, tls_failure) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "unknown various");
}

TEST(a_survey_of_one_attempt_never_says_that_tls_is_broken) {
    static const struct ending once = {"stopped", REASON_STARTTLS_REFUSED, 0};
    lab.survey = (int)strtol(value("SELECT mxgrade.create_survey('once', 1, '10 minutes')"), NULL, 10);
    add_exchange("mx.example.org", "192.0.2.1");
    deliver_attempts(&once, 1);
    assert_value(
        "SELECT concat_ws(' ', next_probe_at IS NULL, tls_broken, reason) FROM mxgrade.endpoint WHERE survey_id = $1",
        "t unknown starttls_refused");
    assert_value("SELECT concat_ws(' ', grade, reason, forced_tls) FROM mxgrade.exchange WHERE survey_id = $1",
                 "starttls_refused unknown");
}

TEST(tls_that_works_after_all_is_not_broken) {
    static const struct ending always[] = {
        {"closed", REASON_CLOSED, 0}, {"closed", REASON_CLOSED, 0}, {"closed", REASON_CLOSED, 0}};
    struct draft draft;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    deliver_attempts(always, 3);
    assert_value("SELECT tls_broken FROM mxgrade.endpoint WHERE survey_id = $1", "yes");
    draft_modern(&draft, "192.0.2.1"); /* a name that turned up later brought a further job */
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', tls_broken, tls_enabled, reason) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "no yes");
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

static void set_service(struct draft *draft, Mxgrade__Fact *facts, Mxgrade__Fact **list) {
    init_facts(facts, list, FACT_SERVICE_COUNT);
    draft->result.service = list;
    draft->result.n_service = FACT_SERVICE_COUNT;
}

static void set_service_fact(Mxgrade__Fact *facts, enum fact_id id, enum tri tri) {
    facts[id - FACT_SERVICE_FIRST].value = (Mxgrade__Tri)tri;
    facts[id - FACT_SERVICE_FIRST].evidence = MXGRADE__EVIDENCE__EVIDENCE_OBSERVED;
}

TEST(what_a_server_says_of_itself_is_stored_and_advised_on) {
    static char *lines[] = {"MX.example.org ESMTP", "na\xff", "\x1b[2J"}, *mechanisms[] = {"PLAIN", "LOGIN"};
    struct draft draft;
    Mxgrade__Fact facts[FACT_SERVICE_COUNT], *list[FACT_SERVICE_COUNT];
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    set_service(&draft, facts, list);
    set_service_fact(facts, FACT_AUTH_BEFORE_TLS, TRI_YES);
    set_service_fact(facts, FACT_REQUIRETLS, TRI_NO);
    facts[FACT_DSN - FACT_SERVICE_FIRST].reason = REASON_TIMEOUT;
    draft.result.banner_line = lines;
    draft.result.n_banner_line = 3;
    draft.result.greeting_name = "mx.example.org";
    draft.result.ehlo_name = "\xfflocalhost";
    draft.result.auth_mechanism = mechanisms;
    draft.result.n_auth_mechanism = 2;
    draft.result.size_limit = 10240001;
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', auth_before_tls, auth_mechanisms, requiretls, smtputf8, dsn, size_limit, "
                 "greeting_name, ehlo_name, fact_evidence -> 'dsn' ->> 'reason', tls_broken) "
                 "FROM mxgrade.endpoint WHERE survey_id = $1",
                 "yes {PLAIN,LOGIN} no unknown unknown 10240000 mx.example.org \\xfflocalhost timeout unknown");
    assert_value("SELECT array_to_string(banner_lines, '|') FROM mxgrade.endpoint WHERE survey_id = $1",
                 "MX.example.org ESMTP|na\\xff|\\x1b[2J");
    assert_value(
        "SELECT concat_ws(' ', grade, findings, provisional) FROM mxgrade.exchange_endpoint WHERE survey_id = $1",
        "A+ {AUTH_BEFORE_TLS} f");
    draft_silent(&draft, "192.0.2.1", "mx.example.org"); /* says nothing, and takes nothing away */
    draft.result.size_limit = UINT64_MAX;
    deliver(&draft);
    assert_value("SELECT concat_ws(' ', auth_before_tls, auth_mechanisms, size_limit, greeting_name, "
                 "cardinality(banner_lines)) FROM mxgrade.endpoint WHERE survey_id = $1",
                 "yes {PLAIN,LOGIN} 10240000 mx.example.org 3");
}

TEST(a_policy_is_stored_and_settled) {
    new_survey();
    add_policy("example.org");
    deliver_policy(draft_policy("example.org"));
    assert_value(POLICY_QUERY, POLICY_STORED);
    assert_value(POLICY_ASKING, "1 t");
}

TEST(an_invalid_policy_has_its_reason_and_no_mode) {
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policy = draft_policy("example.org");
    policy.status = MXGRADE__POLICY_STATUS__POLICY_INVALID;
    policy.why = "no_max_age";
    policy.detail = "line 3";
    deliver_policy(policy);
    assert_value("SELECT concat_ws('|', status, why, detail, http_status, mode, max_age, mx, length(body)) FROM "
                 "mxgrade.mta_sts_policy WHERE survey_id = $1",
                 "invalid|no_max_age|line 3|200|29");
    assert_value(POLICY_ASKING, "1 t");
}

TEST(a_policy_that_comes_twice_changes_nothing) {
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policy = draft_silent_policy("example.org"), twins[] = {policy, policy};
    deliver_policy(policy);
    char *before = snapshot();
    deliver_policy(policy);
    assert_true(acked_within(send_policies(twins, 2), ACK_TIMEOUT_MS));
    char *after = snapshot();
    assert_string_equal(before, after);
    assert_value(POLICY_ASKING, "1 f");
    free(before);
    free(after);
}

TEST(two_fetches_of_one_policy_in_one_batch_are_both_applied_in_order) {
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policies[] = {draft_silent_policy("example.org"), draft_policy("example.org")};
    assert_true(acked_within(send_policies(policies, 2), ACK_TIMEOUT_MS));
    assert_value(POLICY_QUERY, POLICY_STORED);
    assert_value(POLICY_ASKING, "2 t");
}

TEST(a_policy_host_that_is_silent_is_asked_again_with_doubling_delay_and_then_settled) {
    static const char *const delay_in_range[] = {"8 minutes", "12 minutes", "16 minutes", "24 minutes"};
    new_survey();
    add_policy("example.org");
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        char *query = mem_printf("SELECT next_fetch_at BETWEEN now() + '%s'::interval - '30 s'::interval AND now() + "
                                 "'%s'::interval FROM mxgrade.mta_sts_policy WHERE survey_id = $1",
                                 delay_in_range[2 * attempt], delay_in_range[2 * attempt + 1]);
        deliver_policy(draft_silent_policy("example.org"));
        assert_value(query, "t");
        free(query);
    }
    deliver_policy(draft_silent_policy("example.org"));
    assert_value(POLICY_ASKING, "3 t");
    assert_value("SELECT status || ' ' || why FROM mxgrade.mta_sts_policy WHERE survey_id = $1",
                 "unknown connect_timeout");
}

TEST(a_policy_that_is_not_worth_asking_for_again_is_settled_at_once) {
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policy = draft_silent_policy("example.org");
    policy.retry = false;
    policy.why = "refused_by_policy";
    policy.address = "";
    deliver_policy(policy);
    assert_value("SELECT concat_ws(' ', status, why, address, attempts, next_fetch_at IS NULL) FROM "
                 "mxgrade.mta_sts_policy WHERE survey_id = $1",
                 "unknown refused_by_policy 1 t");
}

TEST(an_unanswered_fetch_never_overwrites_a_policy) {
    new_survey();
    add_policy("example.org");
    deliver_policy(draft_policy("example.org"));
    deliver_policy(draft_silent_policy("example.org"));
    assert_value(POLICY_QUERY, POLICY_STORED);
    assert_value(POLICY_ASKING, "2 f");
    Mxgrade__PolicyResult policy = draft_policy("example.org");
    policy.status = MXGRADE__POLICY_STATUS__POLICY_INVALID;
    policy.why = "http_status";
    policy.http_status = 404;
    policy.body = "";
    deliver_policy(policy); /* an answer does */
    deliver_policy(draft_silent_policy("example.org"));
    assert_value("SELECT concat_ws(' ', status, why, http_status, mode, attempts) FROM mxgrade.mta_sts_policy WHERE "
                 "survey_id = $1",
                 "invalid http_status 404 4");
}

TEST(hostile_policy_text_ends_up_harmless) {
    enum { BODY_OCTETS = 300000, MANY = 9000 };
    char *body = mem_alloc(BODY_OCTETS + 1), **patterns = mem_calloc(MANY, sizeof *patterns);
    memset(body, '\xff', BODY_OCTETS);
    for (size_t i = 0; i < MANY; i++)
        patterns[i] = i ? "*.example.org" : "\"{}\\,\x01\xe2\x80\xae";
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policy = draft_policy("example.org");
    policy.body = body;
    policy.mx = patterns;
    policy.n_mx = MANY;
    policy.detail = "\x1b]0;owned\x07'; DROP TABLE x; -- \\N\t\xc0\xaf";
    policy.why = body;
    policy.http_status = 70000;
    policy.max_age = UINT64_MAX;
    policy.duration_ms = UINT32_MAX;
    policy.observed_at_ms = INT64_MAX;
    deliver_policy(policy);
    assert_value("SELECT concat_ws('|', status, detail, length(why), http_status, max_age, duration_ms, length(body), "
                 "left(body, 8), cardinality(mx), mx[1], fetched_at <= now()) FROM mxgrade.mta_sts_policy WHERE "
                 "survey_id = $1",
                 "valid|\\x1b]0;owned\\x07'; DROP TABLE x; -- \\N\\x09\\xc0\\xaf|2048|65533|\\xff\\xff|8192|"
                 "\"{}\\,\\x01\\xe2\\x80\\xae|t");
    policy = draft_silent_policy("example.org");
    policy.status = (Mxgrade__PolicyStatus)77; /* of a later version: nothing is known of it here */
    deliver_policy(policy);
    assert_value("SELECT status || ' ' || attempts FROM mxgrade.mta_sts_policy WHERE survey_id = $1", "valid 2");
    free(patterns);
    free(body);
}

TEST(a_policy_that_nobody_asked_for_makes_no_row) {
    new_survey();
    add_policy("example.org");
    Mxgrade__PolicyResult policies[] = {draft_policy("other.example.org"), draft_policy("example.org"),
                                        draft_policy("example.org")};
    policies[1].survey = 1000000; /* there is none */
    assert_true(acked_within(send_policies(policies, 3), ACK_TIMEOUT_MS));
    assert_value("SELECT string_agg(domain || ' ' || attempts, ',') FROM mxgrade.mta_sts_policy WHERE survey_id = $1",
                 "example.org 1");
}

TEST(a_poisonous_policy_sinks_no_other) {
    enum { COUNT = 9 };
    static const char *const domains[COUNT] = {"a.example.org", "b.example.org", "c.example.org",
                                               "d.example.org", "e.example.org", "f.example.org",
                                               "\xff.example",  "x.example/'",   ""};
    Mxgrade__PolicyResult policies[COUNT];
    new_survey();
    sql("DELETE FROM mxgrade.quarantine");
    sql("ALTER TABLE mxgrade.mta_sts_policy_%d ADD CHECK (detail NOT LIKE '%%poison%%')", lab.survey);
    for (size_t i = 0; i < COUNT; i++) {
        policies[i] = draft_policy(domains[i]);
        if (i < 6)
            add_policy(domains[i]);
    }
    policies[1].detail = "poison";
    policies[2].job = 0;
    policies[3].mode = "\xff";
    policies[4].address = "not-an-ip";
    assert_true(acked_within(send_policies(policies, COUNT), ACK_TIMEOUT_MS));
    assert_value("SELECT string_agg(domain, ' ' ORDER BY domain) FROM mxgrade.mta_sts_policy WHERE survey_id = $1 AND "
                 "status = 'valid'",
                 "a.example.org f.example.org");
    assert_value(
        "SELECT string_agg(concat_ws('|', address, left(why, 28)), ';' ORDER BY address) FROM "
        "mxgrade.quarantine WHERE message IS NOT NULL AND worker = 'tester' AND job IS NOT NULL",
        "|the domain is no domain name;\\xff.example|the domain is no domain name;b.example.org|23514: new row "
        "for relation ;c.example.org|the job number is out of ran;d.example.org|the policy is valid, but "
        "its;e.example.org|the address is no IP address;x.example/'|the domain is no domain name");
}

TEST(a_message_may_bring_results_and_policies) {
    struct draft draft;
    Mxgrade__Results message = MXGRADE__RESULTS__INIT;
    Mxgrade__EndpointResult *result = &draft.result;
    new_survey();
    add_policy("example.org");
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    Mxgrade__PolicyResult policy = draft_policy("example.org"), *list = &policy;
    message.n_result = message.n_policy = 1;
    message.result = &result;
    message.policy = &list;
    send_message(&message, ++lab.sequence);
    assert_true(acked_within(lab.sequence, ACK_TIMEOUT_MS));
    assert_value(POLICY_QUERY, POLICY_STORED);
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

/* What DANE says of the one name. */
#define DANE_QUERY "SELECT concat_ws(' ', dane, dane_why) FROM mxgrade.exchange_endpoint WHERE survey_id = $1"

TEST(a_dane_verdict_is_kept_until_there_is_another) {
    static const struct {
        Mxgrade__DaneMatch match;
        const char *why, *stored;
    } steps[] = {
        {MXGRADE__DANE_MATCH__DANE_NOT_ASKED, "", "not_asked"},
        {MXGRADE__DANE_MATCH__DANE_MISMATCH, "3 1 1 is another key's\x1b", "mismatch 3 1 1 is another key's\\x1b"},
        {MXGRADE__DANE_MATCH__DANE_NOT_ASKED, "no chain", "mismatch 3 1 1 is another key's\\x1b"},
        {(Mxgrade__DaneMatch)77, "?", "mismatch 3 1 1 is another key's\\x1b"},
        {(Mxgrade__DaneMatch)-1, "?", "mismatch 3 1 1 is another key's\\x1b"},
        {MXGRADE__DANE_MATCH__DANE_OTHER_NAME, "", "other_name"},
        {MXGRADE__DANE_MATCH__DANE_UNUSABLE, "", "unusable"},
        {MXGRADE__DANE_MATCH__DANE_MATCH, "", "match"},
    };
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct draft draft;
        draft_modern(&draft, "192.0.2.1");
        Mxgrade__NameResult *name = add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
        name->dane = steps[i].match;
        name->dane_why = (char *)steps[i].why;
        deliver(&draft);
        assert_value(DANE_QUERY, steps[i].stored);
    }
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+"); /* it never counts */
}

TEST(a_survey_in_grading_is_completed_with_reasons_from_dns) {
    new_survey();
    sql("INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status) VALUES (%d, 'dead.example.org', 'servfail'), "
        "(%d, 'gone.example.org', 'nxdomain'), (%d, 'bare.example.org', 'ok'), "
        "(%d, 'blocked.example.org', 'refused_by_policy'), (%d, 'http://mx.example.org', 'invalid')",
        lab.survey, lab.survey, lab.survey, lab.survey, lab.survey);
    sql("INSERT INTO mxgrade.endpoint (survey_id, address, shuffle, next_probe_at, reason) "
        "VALUES (%d, '127.0.0.1', 1, NULL, 'refused_by_policy')",
        lab.survey);
    sql("INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address) VALUES (%d, 'bare.example.org', "
        "'127.0.0.1')",
        lab.survey);
    add_set("gone.example.org", "dead.example.org");
    sql("LISTEN mxgrade_complete");
    sql("UPDATE mxgrade.survey SET state = 'grading' WHERE survey_id = %d", lab.survey);
    await_value("SELECT state FROM mxgrade.survey WHERE survey_id = $1", "complete");
    assert_value(
        "SELECT string_agg(exchange || ' ' || reason, ',' ORDER BY exchange) FROM mxgrade.exchange WHERE survey_id "
        "= $1 AND grade IS NULL AND graded_at IS NOT NULL",
        "bare.example.org refused_by_policy,blocked.example.org refused_by_policy,dead.example.org "
        "dns,gone.example.org "
        "no_address,http://mx.example.org invalid_name");
    assert_value(SET_QUERY, "0/2 f unknown gone.example.org no_address dns");
    assert_true(PQconsumeInput(lab.db));
    PGnotify *notice = PQnotifies(lab.db);
    assert_non_null(notice);
    assert_string_equal(notice->relname, "mxgrade_complete");
    assert_int_equal(strtol(notice->extra, NULL, 10), lab.survey);
    PQfreemem(notice);
    sql("UNLISTEN *");
}

#define KICK "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mxgrade-aggregator'"

enum { CUT_RESULTS = 400, CUT_EVERY = 40, CUT_ROUNDS = 20 };

/* Sends what is not acknowledged of CUT_RESULTS results, as a worker does; true if there was any. */
static bool send_unacknowledged(uint64_t first_sequence, uint64_t first_job, bool cut) {
    bool any = false;
    for (unsigned i = 0; i < CUT_RESULTS; i++) {
        struct draft draft;
        Mxgrade__EndpointResult *result = &draft.result;
        if (lab.acked[first_sequence + i])
            continue;
        char *address = mem_printf("192.0.%u.%u", 2 + i / 250, 1 + i % 250);
        draft_modern(&draft, address);
        draft.result.job = first_job + i;
        add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
        send_as(first_sequence + i, &result, 1, NULL, 0);
        free(address);
        if (cut && i % CUT_EVERY == 0)
            sql(KICK);
        uv_run(&lab.loop, UV_RUN_NOWAIT);
        any = true;
    }
    return any;
}

TEST(nothing_is_lost_when_the_database_connection_is_cut_again_and_again) {
    uint64_t first_sequence = lab.sequence + 1, first_job = lab.job + 1;
    new_survey();
    sql("INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status) VALUES (%d, 'mx.example.org', 'ok')",
        lab.survey);
    sql("INSERT INTO mxgrade.endpoint (survey_id, address, shuffle) SELECT %d, format('192.0.%%s.%%s', 2 + i / 250, 1 "
        "+ i "
        "%% 250)::inet, i FROM generate_series(0, %d) i",
        lab.survey, CUT_RESULTS - 1);
    sql("INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address) SELECT survey_id, 'mx.example.org', "
        "address "
        "FROM mxgrade.endpoint WHERE survey_id = %d",
        lab.survey);
    lab.sequence += CUT_RESULTS;
    lab.job += 2 * CUT_RESULTS;
    for (unsigned round = 0; round < CUT_ROUNDS && send_unacknowledged(first_sequence, first_job, round < 3); round++)
        (void)acked_within(lab.sequence, SILENCE_MS);
    for (uint64_t sequence = first_sequence; sequence <= lab.sequence; sequence++)
        assert_true(lab.acked[sequence]);
    assert_value(
        "SELECT count(*) || ' ' || sum(attempts) FROM mxgrade.endpoint WHERE survey_id = $1 AND tls_enabled = 'yes' "
        "AND next_probe_at IS NULL",
        "400 400");
    assert_value("SELECT concat_ws(' ', grade, provisional, forced_tls) FROM mxgrade.exchange WHERE survey_id = $1",
                 "A+ f yes");
}

TEST(no_ack_before_the_commit) {
    struct draft draft;
    Mxgrade__EndpointResult *result = &draft.result;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    sql("BEGIN; SELECT FROM mxgrade.endpoint WHERE survey_id = %d FOR UPDATE", lab.survey); /* the store must wait */
    uint64_t sequence = send_results(&result, 1, NULL, 0);
    assert_false(acked_within(sequence, SILENCE_MS));
    sql("COMMIT");
    assert_true(acked_within(sequence, ACK_TIMEOUT_MS));
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

/* What another transaction's lock does, by a trigger: the first two statements about endpoints fail as a deadlock does.
 * Sequences go on whatever is rolled back, so they count. */
static const char MAKE_DEADLOCKS[] =
    "CREATE SEQUENCE certificate_statements; CREATE SEQUENCE endpoint_statements;"
    "CREATE FUNCTION count_certificates() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  PERFORM nextval('certificate_statements'); RETURN NULL; END $$;"
    "CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  IF nextval('endpoint_statements') <= 2 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF;"
    "  RETURN NULL; END $$;"
    "CREATE TRIGGER certificates AFTER INSERT ON mxgrade.certificate_row EXECUTE FUNCTION count_certificates();"
    "CREATE TRIGGER deadlocks BEFORE UPDATE ON mxgrade.endpoint EXECUTE FUNCTION fail_twice()";

TEST(a_deadlock_repeats_its_transaction_and_not_the_batch) {
    struct draft draft;
    Mxgrade__EndpointResult *result = &draft.result;
    uint8_t hash[32], der[] = {0x30, 1, 3};
    Mxgrade__Certificate certificate = certificate_of(der, sizeof der, hash), *list[] = {&certificate};
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    sql("%s", MAKE_DEADLOCKS);
    assert_true(acked_within(send_results(&result, 1, list, 1), ACK_TIMEOUT_MS));
    sql("DROP TRIGGER certificates ON mxgrade.certificate_row; DROP TRIGGER deadlocks ON mxgrade.endpoint");
    assert_value("SELECT last_value FROM certificate_statements", "1");
    assert_value("SELECT last_value > 2 FROM endpoint_statements", "t");
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

static void allow_connections(bool allow) {
    char *conninfo = mem_printf("host=%s user=mxgrade dbname=postgres", lab.dir);
    PGconn *db = PQconnectdb(conninfo);
    PQclear(PQexec(db, allow ? "ALTER DATABASE mxgrade ALLOW_CONNECTIONS true"
                             : "ALTER DATABASE mxgrade ALLOW_CONNECTIONS false"));
    assert_string_equal(PQerrorMessage(db), "");
    PQfinish(db);
    free(conninfo);
}

TEST(results_wait_while_the_database_is_away) {
    struct draft draft;
    Mxgrade__EndpointResult *result = &draft.result;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    allow_connections(false);
    sql(KICK);
    uint64_t sequence = send_results(&result, 1, NULL, 0);
    assert_false(acked_within(sequence, SILENCE_MS));
    allow_connections(true);
    assert_true(acked_within(sequence, ACK_TIMEOUT_MS));
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

TEST(an_unknown_worker_is_asked_for_its_hello_once_and_served_all_the_same) {
    Mxgrade__Hello hello = MXGRADE__HELLO__INIT;
    Mxgrade__Heartbeat heartbeat = MXGRADE__HEARTBEAT__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    assert_int_equal(lab.refused, MXGRADE__REFUSED_REASON__REFUSED_UNKNOWN_WORKER); /* the first test said no Hello */
    lab.refused = MXGRADE__REFUSED_REASON__REFUSED_UNSPECIFIED;
    hello.worker_id = "tester";
    envelope.body_case = MXGRADE__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    send_envelope(&envelope);
    envelope.body_case = MXGRADE__ENVELOPE__BODY_HEARTBEAT;
    envelope.heartbeat = &heartbeat;
    send_envelope(&envelope);
    assert_true(acked_within(send_results(NULL, 0, NULL, 0), ACK_TIMEOUT_MS));
    assert_int_equal(lab.refused, MXGRADE__REFUSED_REASON__REFUSED_UNSPECIFIED);
}

TEST(every_reason_has_its_place_in_the_database_order) {
    for (unsigned reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        char *query = mem_printf("SELECT '%s' = ANY (mxgrade.reason_order())", reason_key((enum reason)reason));
        assert_value(query, "t");
        free(query);
    }
}

/* The type of the schema has that word, and as many as the coordinator's enum. */
static void assert_word(const char *type, const char *word, unsigned count) {
    char *query = mem_printf(
        "SELECT '%s' = ANY (r::text[]) AND cardinality(r) = %u FROM enum_range(NULL::mxgrade.%s) r", word, count, type);
    assert_value(query, "t");
    free(query);
}

TEST(every_status_of_the_coordinator_is_one_of_the_database) {
    for (unsigned i = 0; i < MX_STATUS_COUNT; i++)
        assert_word("mx_status", mx_status_name((enum mx_status)i), MX_STATUS_COUNT);
    for (unsigned i = 0; i < EXCHANGE_STATUS_COUNT; i++)
        assert_word("dns_status", exchange_status_name((enum exchange_status)i), EXCHANGE_STATUS_COUNT);
    for (unsigned i = 0; i < TLSA_STATUS_COUNT; i++)
        assert_word("tlsa_status", tlsa_status_name((enum tlsa_status)i), TLSA_STATUS_COUNT);
    for (unsigned i = 0; i < RECORD_STATUS_COUNT; i++)
        assert_word("record_status", record_status_name((enum record_status)i), RECORD_STATUS_COUNT);
    for (unsigned i = 0; i < POLICY_STATUS_COUNT; i++)
        assert_word("policy_status", policy_status_name((enum policy_status)i), POLICY_STATUS_COUNT);
}

/* --- fixture --- */

static void run_pg(const char *verb) {
    char *command = mem_printf("'%s/tests/integration/pg.sh' %s '%s'", getenv("MXG_SOURCE"), verb, lab.dir);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own script */
    free(command);
}

static int wait_status(pid_t pid) {
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void on_job(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    Mxgrade__Jobs **jobs = context;
    (void)bus;
    (void)from;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_JOBS && *jobs == NULL) {
        *jobs = envelope->jobs;
        envelope->body_case = MXGRADE__ENVELOPE__BODY__NOT_SET;
    }
}

static pid_t start_coordinator(const char *endpoint) {
    char *program = mem_printf("%s/coordinator/mxgrade-coordinator", getenv("MXG_BIN"));
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "--database", lab.conninfo, "--jobs", endpoint, "--allow-reserved", (char *)NULL);
        _exit(127);
    }
    free(program);
    return pid;
}

/* Says Hello to a coordinator of our own, grants credit, and waits for its jobs; the caller frees them. */
static Mxgrade__Jobs *fetch_jobs(void) {
    char error[256], *endpoint = mem_printf("ipc://%s/jobs", lab.dir);
    Mxgrade__Jobs *jobs = NULL;
    Mxgrade__Hello hello = MXGRADE__HELLO__INIT;
    Mxgrade__Credit credit = MXGRADE__CREDIT__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    struct bus_config config = bus_config_default(endpoint, false);
    pid_t coordinator = start_coordinator(endpoint);
    bus_t *results = lab.bus;
    lab.bus = bus_open(&lab.loop, &config, on_job, &jobs, error, sizeof error);
    assert_non_null(lab.bus);
    hello.worker_id = "tester";
    envelope.body_case = MXGRADE__ENVELOPE__BODY_HELLO;
    envelope.hello = &hello;
    send_envelope(&envelope);
    credit.n = 1;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_CREDIT;
    envelope.credit = &credit;
    send_envelope(&envelope);
    start_deadline(ACK_TIMEOUT_MS);
    while (jobs == NULL && !lab.late)
        uv_run(&lab.loop, UV_RUN_ONCE);
    bus_close(&lab.bus, 0);
    lab.bus = results;
    kill(coordinator, SIGTERM);
    assert_int_equal(wait_status(coordinator), 0);
    free(endpoint);
    assert_non_null(jobs);
    return jobs;
}

TEST(resume_travels_to_the_next_job) {
    static const uint8_t resume[] = {1, 0, 0xff};
    struct draft draft;
    new_survey();
    sql("UPDATE mxgrade.survey SET retry_delay = '0 s' WHERE survey_id = %d", lab.survey);
    sql("UPDATE mxgrade.survey SET state = 'complete' WHERE survey_id < %d", lab.survey);
    add_exchange("mx.example.org", "192.0.2.1");
    draft_rate_limited(&draft, "192.0.2.1");
    deliver(&draft);
    Mxgrade__Jobs *jobs = fetch_jobs();
    assert_int_equal(jobs->n_probe, 1);
    assert_string_equal(jobs->probe[0]->address, "192.0.2.1");
    assert_int_equal(jobs->probe[0]->attempt, 2);
    assert_int_equal(jobs->probe[0]->resume.len, sizeof resume);
    assert_memory_equal(jobs->probe[0]->resume.data, resume, sizeof resume);
    mxgrade__jobs__free_unpacked(jobs, NULL);
}

static pid_t start_aggregator(const char *conninfo, const char *endpoint, const char *batch, const char *flush) {
    char *program = mem_printf("%s/aggregator/mxgrade-aggregator", getenv("MXG_BIN"));
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "--database", conninfo, "--results", endpoint, "--batch", batch, "--flush", flush,
              (char *)NULL);
        _exit(127);
    }
    free(program);
    return pid;
}

TEST(a_database_without_the_schema_is_refused_at_the_start) {
    sql("CREATE DATABASE empty");
    char *conninfo = mem_printf("host=%s user=mxgrade dbname=empty", lab.dir);
    char *endpoint = mem_printf("ipc://%s/other", lab.dir);
    assert_int_equal(wait_status(start_aggregator(conninfo, endpoint, "50", "1ms")), 1);
    assert_int_equal(wait_status(start_aggregator("host=/nonexistent", endpoint, "50", "1ms")), 1);
    free(conninfo);
    free(endpoint);
}

TEST(policies_alone_fill_a_batch) {
    enum { BATCH = 3 };
    char error[256], *endpoint = mem_printf("ipc://%s/patient", lab.dir);
    struct bus_config config = bus_config_default(endpoint, false);
    Mxgrade__PolicyResult policies[BATCH];
    bus_t *usual = lab.bus;
    pid_t patient = start_aggregator(lab.conninfo, endpoint, "3", "1h");
    new_survey();
    lab.bus = bus_open(&lab.loop, &config, on_message, NULL, error, sizeof error);
    assert_non_null(lab.bus);
    for (size_t i = 0; i < BATCH; i++)
        policies[i] = draft_policy("example.org");
    assert_false(acked_within(send_policies(policies, BATCH - 1), SILENCE_MS));
    assert_true(acked_within(send_policies(policies + BATCH - 1, 1), ACK_TIMEOUT_MS));
    assert_true(lab.acked[lab.sequence - 1]);
    bus_close(&lab.bus, 0);
    lab.bus = usual;
    kill(patient, SIGTERM);
    assert_int_equal(wait_status(patient), 0);
    free(endpoint);
}

/* Its ack is sent but may be lost: ZMQ_IMMEDIATE makes a client's ZeroMQ drop unread messages when the
 * peer closes. A worker then sends again, which a_result_that_comes_twice_changes_nothing covers. */
TEST(sigterm_stores_the_batch_in_hand_and_ends) {
    struct draft draft;
    Mxgrade__EndpointResult *result = &draft.result;
    new_survey();
    add_exchange("mx.example.org", "192.0.2.1");
    draft_modern(&draft, "192.0.2.1");
    add_name(&draft, "mx.example.org", TRI_YES, TRI_YES);
    sql("BEGIN; SELECT FROM mxgrade.endpoint WHERE survey_id = %d FOR UPDATE", lab.survey);
    send_results(&result, 1, NULL, 0);
    await_value("SELECT count(*) FROM pg_locks WHERE NOT granted", "1");
    kill(lab.aggregator, SIGTERM);
    sql("COMMIT");
    assert_int_equal(wait_status(lab.aggregator), 0);
    lab.aggregator = 0;
    assert_value("SELECT grade FROM mxgrade.exchange WHERE survey_id = $1", "A+");
}

static int set_up(void **state) {
    char error[512] = "";
    (void)state;
    snprintf(lab.dir, sizeof lab.dir, "/tmp/mxg-aggregator-%d", (int)getpid());
    snprintf(lab.conninfo, sizeof lab.conninfo, "host=%s user=mxgrade dbname=mxgrade", lab.dir);
    snprintf(lab.endpoint, sizeof lab.endpoint, "ipc://%s/results", lab.dir);
    run_pg("start");
    lab.db = PQconnectdb(lab.conninfo);
    uv_loop_init(&lab.loop);
    uv_timer_init(&lab.loop, &lab.deadline);
    struct bus_config config = bus_config_default(lab.endpoint, false);
    lab.aggregator = start_aggregator(lab.conninfo, lab.endpoint, "50", "100ms");
    lab.bus = bus_open(&lab.loop, &config, on_message, NULL, error, sizeof error);
    bool connected = PQstatus(lab.db) == CONNECTION_OK;
    if (!connected || lab.bus == NULL)
        print_error("%s%s\n", PQerrorMessage(lab.db), error);
    return connected && lab.bus ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    if (lab.aggregator > 0) {
        kill(lab.aggregator, SIGKILL);
        wait_status(lab.aggregator);
    }
    bus_close(&lab.bus, 0);
    uv_close((uv_handle_t *)&lab.deadline, NULL);
    uv_run(&lab.loop, UV_RUN_DEFAULT);
    uv_loop_close(&lab.loop);
    PQfinish(lab.db);
    run_pg("stop");
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modern_server_gets_a_plus_from_address_to_set),
        cmocka_unit_test(an_unknown_worker_is_asked_for_its_hello_once_and_served_all_the_same),
        cmocka_unit_test(a_result_that_comes_twice_changes_nothing),
        cmocka_unit_test(two_jobs_of_one_endpoint_in_one_batch_are_both_applied),
        cmocka_unit_test(unknown_never_overwrites_an_answer),
        cmocka_unit_test(a_silent_endpoint_is_asked_again_with_doubling_delay_and_then_settled),
        cmocka_unit_test(a_second_attempt_that_learns_nothing_loses_nothing),
        cmocka_unit_test(an_unknown_has_the_newest_reason_and_an_answer_its_own_evidence),
        cmocka_unit_test(connections_of_all_attempts_are_kept_up_to_a_bound_and_keep_their_numbers),
        cmocka_unit_test(a_resume_goes_when_the_endpoint_is_known_and_a_huge_one_is_none),
        cmocka_unit_test(a_rate_limited_endpoint_rests_ten_minutes_unless_the_survey_says_otherwise),
        cmocka_unit_test(a_certificate_is_stored_only_under_the_hash_of_its_own_octets),
        cmocka_unit_test(what_came_behind_a_leaf_is_stored_once_and_gets_a_chain_when_it_is_a_leaf),
        cmocka_unit_test(extensions_are_columns_and_null_where_they_cannot_be_read),
        cmocka_unit_test(a_certificate_that_cannot_be_read_is_kept_by_its_hash),
        cmocka_unit_test(resume_travels_to_the_next_job),
        cmocka_unit_test(hostile_text_ends_up_harmless),
        cmocka_unit_test(hostile_certificates_are_clamped_and_kept),
        cmocka_unit_test(weak_key_and_sha1_are_found_in_the_stored_certificate),
        cmocka_unit_test(a_poisonous_result_sinks_no_other),
        cmocka_unit_test(an_exchange_has_the_grade_of_its_worst_reachable_address),
        cmocka_unit_test(an_address_that_may_be_missing_leaves_the_grade_provisional_and_forced_tls_unknown),
        cmocka_unit_test(one_a_plus_and_one_timed_out_make_a_plus_with_forced_tls_unknown),
        cmocka_unit_test(one_a_plus_and_one_c_make_c),
        cmocka_unit_test(one_without_tls_makes_f_and_fails_forced_tls),
        cmocka_unit_test(a_names_only_result_is_graded_by_the_facts_known_before),
        cmocka_unit_test(names_that_remain_are_asked_for_later_if_the_server_has_had_enough),
        cmocka_unit_test(what_fails_in_one_way_in_every_attempt_is_broken),
        cmocka_unit_test(one_attempt_that_differed_leaves_it_unknown_whether_tls_is_broken),
        cmocka_unit_test(connections_of_one_attempt_that_differ_are_no_failure_of_one_kind),
        cmocka_unit_test(a_survey_of_one_attempt_never_says_that_tls_is_broken),
        cmocka_unit_test(tls_that_works_after_all_is_not_broken),
        cmocka_unit_test(what_a_server_says_of_itself_is_stored_and_advised_on),
        cmocka_unit_test(a_policy_is_stored_and_settled),
        cmocka_unit_test(an_invalid_policy_has_its_reason_and_no_mode),
        cmocka_unit_test(a_policy_that_comes_twice_changes_nothing),
        cmocka_unit_test(two_fetches_of_one_policy_in_one_batch_are_both_applied_in_order),
        cmocka_unit_test(a_policy_host_that_is_silent_is_asked_again_with_doubling_delay_and_then_settled),
        cmocka_unit_test(a_policy_that_is_not_worth_asking_for_again_is_settled_at_once),
        cmocka_unit_test(an_unanswered_fetch_never_overwrites_a_policy),
        cmocka_unit_test(hostile_policy_text_ends_up_harmless),
        cmocka_unit_test(a_policy_that_nobody_asked_for_makes_no_row),
        cmocka_unit_test(a_poisonous_policy_sinks_no_other),
        cmocka_unit_test(a_message_may_bring_results_and_policies),
        cmocka_unit_test(policies_alone_fill_a_batch),
        cmocka_unit_test(a_dane_verdict_is_kept_until_there_is_another),
        cmocka_unit_test(a_survey_in_grading_is_completed_with_reasons_from_dns),
        cmocka_unit_test(nothing_is_lost_when_the_database_connection_is_cut_again_and_again),
        cmocka_unit_test(no_ack_before_the_commit),
        cmocka_unit_test(a_deadlock_repeats_its_transaction_and_not_the_batch),
        cmocka_unit_test(results_wait_while_the_database_is_away),
        cmocka_unit_test(every_reason_has_its_place_in_the_database_order),
        cmocka_unit_test(every_status_of_the_coordinator_is_one_of_the_database),
        cmocka_unit_test(a_database_without_the_schema_is_refused_at_the_start),
        cmocka_unit_test(sigterm_stores_the_batch_in_hand_and_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
