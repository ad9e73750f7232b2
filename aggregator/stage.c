/* stage.c - see stage.h. The rows read as lists of columns in the order of sql/staging.sql; facts stand in the order of
 * facts.h there, too. */
#include "stage.h"

#include "column.h"
#include "failure.h"
#include "model/facts.h"

enum {
    PATTERNS_MAX = 8192, /* more "mx: a.b" lines than 64 KiB hold */
    HTTP_STATUS_MAX = 999,
    EHLO_LINES_MAX = 128,
    BANNER_LINES_MAX = 32,
    MECHANISMS_MAX = 16,
    FLAGS_MAX = 64,
    SANS_MAX = 1000,
    SUITES_MAX = 1024,
    CONNECTIONS_MAX = 256,
    CONNECTIONS_KEPT = 64, /* the last ones, here and over all attempts in sql/update_endpoints.sql */
    RESUME_OCTETS_MAX = 4096,
    CHAIN_MAX = 32,
    URLS_MAX = 16,
    POLICIES_MAX = 32,
};

static const struct statement COPY_ENDPOINTS = {"stage_endpoints", "COPY staged_endpoint FROM STDIN", 0};
static const struct statement COPY_NAMES = {"stage_names", "COPY staged_name FROM STDIN", 0};
static const struct statement COPY_POLICIES = {"stage_policies", "COPY staged_policy FROM STDIN", 0};
static const struct statement COPY_CERTIFICATES = {"stage_certificates", "COPY staged_certificate FROM STDIN", 0};

/* ---- facts ---- */

/* What the message says of one fact. A value that is neither no nor yes is unknown, whatever it is. */
static struct fact read_fact(const Mxgrade__Fact *from) {
    if (from->value != MXGRADE__TRI__TRI_NO && from->value != MXGRADE__TRI__TRI_YES)
        return (struct fact){.reason = from->reason < REASON_COUNT ? (enum reason)from->reason : REASON_NONE};
    return (struct fact){
        .value = (enum tri)from->value,
        .evidence = (enum evidence)from->evidence,
        .connection = from->connection <= CONNECTIONS_MAX ? from->connection : 0,
    };
}

/* The facts of a message by their place in the table. What the message does not mention is unknown; of a fact that it
 * mentions twice an answer counts, and of two the last. */
static void sort_facts(struct fact *facts, size_t count, Mxgrade__Fact *const *from, size_t from_count) {
    for (size_t i = 0; i < count; i++)
        facts[i] = (struct fact){.value = TRI_UNKNOWN};
    for (size_t i = 0; i < from_count; i++) {
        if (from[i]->id >= count)
            continue;
        struct fact *fact = &facts[from[i]->id], said = read_fact(from[i]);
        if (said.value != TRI_UNKNOWN || fact->value == TRI_UNKNOWN)
            *fact = said;
    }
}

/* {"tls1_0": {"evidence": "observed", "connection": 3}, …} of the facts that are known. */
static void copy_evidence(struct db_copy *copy, const struct fact *facts, size_t count, enum fact_id first) {
    struct column_json column;
    struct json *json = &column.json;
    column_json_begin(&column);
    json_object(json, NULL);
    for (size_t i = 0; i < count; i++) {
        if (facts[i].value == TRI_UNKNOWN)
            continue;
        json_object(json, fact_key((enum fact_id)(first + i)));
        json_text(json, "evidence", evidence_name(facts[i].evidence));
        column_json_number(json, "connection", facts[i].connection);
        json_end(json, '}');
    }
    json_end(json, '}');
    column_json_end(&column, copy);
}

/* {"tls1_0": {"reason": "timeout"}, …} of the facts that are not. */
static void copy_reasons(struct db_copy *copy, const struct fact *facts, size_t count, enum fact_id first) {
    struct column_json column;
    struct json *json = &column.json;
    column_json_begin(&column);
    json_object(json, NULL);
    for (size_t i = 0; i < count; i++) {
        if (facts[i].value != TRI_UNKNOWN || facts[i].reason == REASON_NONE)
            continue;
        json_object(json, fact_key((enum fact_id)(first + i)));
        json_text(json, "reason", reason_key(facts[i].reason));
        json_end(json, '}');
    }
    json_end(json, '}');
    column_json_end(&column, copy);
}

/* The columns of the table of facts that begins with first, then evidence and why_unknown. */
static void copy_facts(struct db_copy *copy, const struct fact *facts, size_t count, enum fact_id first) {
    for (size_t i = 0; i < count; i++)
        db_copy_text(copy, tri_name(facts[i].value));
    copy_evidence(copy, facts, count, first);
    copy_reasons(copy, facts, count, first);
}

/* ---- endpoints and the names on them ---- */

static void copy_connection(struct json *json, const Mxgrade__Connection *connection, size_t number) {
    json_object(json, NULL);
    json_number(json, "number", (int64_t)number);
    json_number(json, "ms", connection->duration_ms);
    column_json_text(json, "step", connection->step);
    column_json_text(json, "offered", connection->offered);
    column_json_text(json, "outcome", connection->outcome);
    column_json_number(json, "version", connection->version);
    column_json_number(json, "suite", connection->suite);
    if (connection->alert) /* on the wire 0 is none */
        json_number(json, "alert", connection->alert - 1);
    column_json_number(json, "group", connection->group);
    column_json_text(json, "reason", connection->reason);
    column_json_text(json, "detail", connection->detail);
    json_end(json, '}');
}

static size_t connection_count(const Mxgrade__EndpointResult *result) {
    return result->n_connection < CONNECTIONS_MAX ? result->n_connection : CONNECTIONS_MAX;
}

static void copy_connections(struct db_copy *copy, const Mxgrade__EndpointResult *result) {
    size_t count = connection_count(result);
    if (result->names_only || count == 0) {
        db_copy_null(copy);
        return;
    }
    struct column_json column;
    column_json_begin(&column);
    json_array(&column.json, NULL);
    for (size_t i = count > CONNECTIONS_KEPT ? count - CONNECTIONS_KEPT : 0; i < count; i++)
        copy_connection(&column.json, result->connection[i], i + 1);
    json_end(&column.json, ']');
    column_json_end(&column, copy);
}

static void copy_reason(struct db_copy *copy, uint32_t reason) {
    if (reason == REASON_NONE || reason >= REASON_COUNT)
        db_copy_null(copy);
    else
        db_copy_text(copy, reason_key((enum reason)reason));
}

/* What the server says of itself in SMTP, and how TLS failed. */
static void copy_service(struct db_copy *copy, const Mxgrade__EndpointResult *result) {
    char failure[FAILURE_CAP];
    failure_of_attempt(failure, result);
    column_texts_or_null(copy, result->banner_line, result->n_banner_line, BANNER_LINES_MAX);
    column_text(copy, result->greeting_name);
    column_text(copy, result->ehlo_name);
    column_texts_or_null(copy, result->auth_mechanism, result->n_auth_mechanism, MECHANISMS_MAX);
    column_number(copy, result->size_limit - 1, INT64_MAX); /* on the wire 0 is none */
    column_text(copy, failure);
}

/* Those of TLS, and behind them those of the service. */
static void sort_endpoint_facts(struct fact facts[static FACT_NAME_FIRST], const Mxgrade__EndpointResult *result) {
    bool none = result->names_only;
    sort_facts(facts, FACT_ENDPOINT_COUNT, result->fact, none ? 0 : result->n_fact);
    sort_facts(facts + FACT_SERVICE_FIRST, FACT_SERVICE_COUNT, result->service, none ? 0 : result->n_service);
}

static void copy_endpoint(struct db_copy *copy, const struct item *item) {
    const Mxgrade__EndpointResult *result = item->result;
    struct fact facts[FACT_NAME_FIRST];
    sort_endpoint_facts(facts, result);
    db_copy_text(copy, item->address);
    db_copy_int(copy, (int64_t)result->job);
    db_copy_bool(copy, result->names_only);
    db_copy_bool(copy, result->retry);
    copy_reason(copy, result->reason);
    copy_facts(copy, facts, FACT_NAME_FIRST, 0);
    column_texts(copy, result->flag, result->n_flag, FLAGS_MAX);
    column_text(copy, result->banner);
    column_texts_or_null(copy, result->ehlo, result->n_ehlo, EHLO_LINES_MAX);
    column_texts_or_null(copy, result->ehlo_tls, result->n_ehlo_tls, EHLO_LINES_MAX);
    copy_service(copy, result);
    column_code_point(copy, result->tls_version);
    column_code_point(copy, result->suite);
    column_text(copy, result->group);
    column_text(copy, result->signature);
    column_code_points(copy, result->suites_seen, result->n_suites_seen, SUITES_MAX);
    column_texts_or_null(copy, result->weak_seen, result->n_weak_seen, FLAGS_MAX);
    column_text(copy, result->pq_group);
    copy_connections(copy, result);
    db_copy_int(copy, (int64_t)connection_count(result));
    db_copy_time_ms(copy, result->observed_at_ms);
    column_text(copy, item->from->worker_id);
    column_text(copy, item->from->vantage);
    column_number(copy, result->duration_ms, INT32_MAX);
    db_copy_bytea(copy, result->resume.data, result->resume.len <= RESUME_OCTETS_MAX ? result->resume.len : 0);
    db_copy_row_end(copy);
}

/* Nothing matches, or fails to, where no certificate was seen. */
static void copy_match(struct db_copy *copy, const Mxgrade__NameResult *name, bool matches) {
    if (name->certificate.len == COLUMN_SHA256_OCTETS)
        db_copy_bool(copy, matches);
    else
        db_copy_null(copy);
}

/* mxgrade.dane_match; numbers that this program does not know say nothing. */
static const char *dane_name(Mxgrade__DaneMatch dane) {
    static const char *const names[] = {
        [MXGRADE__DANE_MATCH__DANE_NOT_ASKED] = "not_asked",   [MXGRADE__DANE_MATCH__DANE_MATCH] = "match",
        [MXGRADE__DANE_MATCH__DANE_MISMATCH] = "mismatch",     [MXGRADE__DANE_MATCH__DANE_UNUSABLE] = "unusable",
        [MXGRADE__DANE_MATCH__DANE_OTHER_NAME] = "other_name",
    };
    return names[(unsigned)dane < sizeof names / sizeof *names ? dane : MXGRADE__DANE_MATCH__DANE_NOT_ASKED];
}

static void copy_name(struct db_copy *copy, const struct item *item, const Mxgrade__NameResult *name) {
    struct fact facts[FACT_NAME_COUNT];
    sort_facts(facts, FACT_NAME_COUNT, name->fact, name->n_fact);
    db_copy_text(copy, item->address);
    column_text(copy, name->exchange);
    column_hash(copy, &name->certificate);
    copy_facts(copy, facts, FACT_NAME_COUNT, FACT_NAME_FIRST);
    column_text(copy, name->matched);
    db_copy_bool(copy, name->matched_by_cn);
    column_text(copy, name->trust_error);
    column_texts(copy, name->chain_flag, name->n_chain_flag, FLAGS_MAX);
    column_text(copy, name->weak_keys);
    column_text(copy, name->weak_signatures);
    copy_match(copy, name, name->san_match);
    copy_match(copy, name, name->cn_match);
    db_copy_text(copy, dane_name(name->dane));
    column_text(copy, name->dane_why);
    db_copy_row_end(copy);
}

bool stage_results(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_ENDPOINTS))
        return false;
    for (size_t i = 0; i < count; i++)
        copy_endpoint(&copy, &items[i]);
    if (!db_copy_end(&copy) || !db_copy_begin(&copy, db, &COPY_NAMES))
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < items[i].result->n_name; n++)
            copy_name(&copy, &items[i], items[i].result->name[n]);
    return db_copy_end(&copy);
}

/* ---- policies ---- */

/* mode, max_age and mx: a policy that no sender would take has none. */
static void copy_policy_fields(struct db_copy *copy, const Mxgrade__PolicyResult *policy) {
    if (policy->status != MXGRADE__POLICY_STATUS__POLICY_VALID) {
        db_copy_null(copy);
        db_copy_null(copy);
        db_copy_null(copy);
        return;
    }
    db_copy_text(copy, policy->mode);
    column_number(copy, policy->max_age, INT64_MAX);
    column_texts(copy, policy->mx, policy->n_mx, PATTERNS_MAX);
}

/* mxgrade.policy_status; numbers that this program does not know say nothing. */
static const char *policy_status_name(Mxgrade__PolicyStatus status) {
    switch (status) {
    case MXGRADE__POLICY_STATUS__POLICY_VALID:
        return "valid";
    case MXGRADE__POLICY_STATUS__POLICY_INVALID:
        return "invalid";
    default:
        return "unknown";
    }
}

static void copy_policy(struct db_copy *copy, const struct item *item) {
    const Mxgrade__PolicyResult *policy = item->policy;
    db_copy_text(copy, policy->domain);
    db_copy_int(copy, (int64_t)policy->job);
    db_copy_bool(copy, policy->retry);
    db_copy_text(copy, policy_status_name(policy->status));
    column_text(copy, policy->why);
    column_text(copy, policy->detail);
    column_number_or_null(copy, policy->http_status, HTTP_STATUS_MAX);
    copy_policy_fields(copy, policy);
    column_lines(copy, policy->body);
    db_copy_text(copy, *item->address ? item->address : NULL);
    db_copy_time_ms(copy, policy->observed_at_ms);
    column_text(copy, item->from->worker_id);
    column_text(copy, item->from->vantage);
    column_number(copy, policy->duration_ms, INT32_MAX);
    db_copy_row_end(copy);
}

bool stage_policies(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_POLICIES))
        return false;
    for (size_t i = 0; i < count; i++)
        copy_policy(&copy, &items[i]);
    return db_copy_end(&copy);
}

/* ---- certificates ---- */

/* A certificate that cannot be read has no dates. */
static void copy_validity(struct db_copy *copy, const Mxgrade__Certificate *certificate) {
    if (*certificate->parse_error) {
        db_copy_null(copy);
        db_copy_null(copy);
    } else {
        column_time_s(copy, certificate->not_before);
        column_time_s(copy, certificate->not_after);
    }
}

/* Bits of Certificate.extensions_unread, as in engine/cert/extensions.h. */
enum { UNREAD_SCTS = 1, UNREAD_FEATURES = 2, UNREAD_OCSP = 4, UNREAD_CRL = 8, UNREAD_POLICIES = 16, UNREAD_BASIC = 32 };

static void copy_flag(struct db_copy *copy, bool unread, bool value) {
    if (unread)
        db_copy_null(copy);
    else
        db_copy_bool(copy, value);
}

static void copy_list(struct db_copy *copy, bool unread, char *const *texts, size_t count, size_t most) {
    if (unread)
        db_copy_null(copy);
    else
        column_texts(copy, texts, count, most);
}

/* What cannot be read is null. */
static void copy_extensions(struct db_copy *copy, const Mxgrade__Certificate *from) {
    unsigned unread = from->extensions_unread;
    copy_flag(copy, unread & UNREAD_BASIC, from->is_ca);
    column_number(copy, unread & UNREAD_SCTS ? UINT64_MAX : from->sct_count, INT32_MAX);
    copy_flag(copy, unread & UNREAD_FEATURES, from->must_staple);
    copy_list(copy, unread & UNREAD_OCSP, from->ocsp_url, from->n_ocsp_url, URLS_MAX);
    copy_list(copy, unread & UNREAD_CRL, from->crl_url, from->n_crl_url, URLS_MAX);
    copy_list(copy, unread & UNREAD_POLICIES, from->policy_oid, from->n_policy_oid, POLICIES_MAX);
}

/* Of a certificate that came behind others the chain is not known. */
static void copy_chain(struct db_copy *copy, const Mxgrade__Certificate *certificate) {
    if (certificate->behind)
        db_copy_null(copy);
    else
        column_hashes(copy, certificate->chain, certificate->n_chain, CHAIN_MAX);
}

static void copy_certificate(struct db_copy *copy, const Mxgrade__Certificate *certificate) {
    column_hash(copy, &certificate->sha256);
    column_hash(copy, &certificate->spki_sha256);
    db_copy_bytea(copy, certificate->der.data, certificate->der.len);
    column_text(copy, certificate->subject_cn);
    column_text(copy, certificate->subject);
    column_text(copy, certificate->issuer);
    column_text(copy, certificate->serial);
    column_texts(copy, certificate->san, certificate->n_san, SANS_MAX);
    column_number(copy, certificate->san_total < INT32_MAX ? certificate->san_total : INT32_MAX, INT32_MAX);
    column_text(copy, certificate->key_type);
    column_number(copy, certificate->key_bits, INT32_MAX);
    column_text(copy, certificate->signature);
    copy_validity(copy, certificate);
    db_copy_bool(copy, certificate->self_signed);
    copy_chain(copy, certificate);
    column_text(copy, certificate->parse_error);
    copy_extensions(copy, certificate);
    db_copy_row_end(copy);
}

bool stage_certificates(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_CERTIFICATES))
        return false;
    for (size_t i = 0; i < count; i++)
        copy_certificate(&copy, items[i].certificate);
    return db_copy_end(&copy);
}
