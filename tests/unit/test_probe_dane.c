// link: mxg_worker
/* test_probe_dane.c - from the TLSA records of a job to the verdict of its result, against a small SMTP server in a
 * process of its own, which shows names that begin with "other" another certificate.
 */
#include "base/mem.h"
#include "probe/probe.h"
#include "probe/probe_names.h"
#include "result.h"
#include "tlsa_sets.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "issue.h"

enum { LINE_CAP = 512, NAMES_MOST = 8, SHA256_OCTETS = 32, GIVE_UP_S = 60, CHILD_S = 120 };

static struct identity shown, shown_to_others;
static struct sockaddr_in address;
static pid_t server;
static struct trust *trust;
static struct chain_cache *chains;
static struct handshake_contexts *contexts;
static struct dane *dane;

/* ---- the server ---- */

static int choose(SSL *ssl, int *alert, void *other) {
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    if (name && strncmp(name, "other", 5) == 0)
        SSL_set_SSL_CTX(ssl, other);
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_of(const struct identity *identity) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, identity->certificate);
    SSL_CTX_use_PrivateKey(context, identity->key);
    return context;
}

static void say(int peer, SSL *ssl, const char *text) {
    if (ssl)
        SSL_write(ssl, text, (int)strlen(text));
    else
        (void)send(peer, text, strlen(text), MSG_NOSIGNAL);
}

static bool read_line(int peer, SSL *ssl, char line[static LINE_CAP]) {
    size_t len = 0;
    while (len + 1 < LINE_CAP && (ssl ? SSL_read(ssl, line + len, 1) == 1 : recv(peer, line + len, 1, 0) == 1))
        if (line[len++] == '\n')
            break;
    line[len] = '\0';
    return len > 0 && line[len - 1] == '\n';
}

static void converse(int peer, SSL_CTX *context) {
    char line[LINE_CAP];
    SSL *ssl = NULL;
    bool going = true;
    say(peer, ssl, "220 server.test ESMTP\r\n");
    while (going && read_line(peer, ssl, line)) {
        if (strncmp(line, "EHLO", 4) == 0) {
            say(peer, ssl, ssl ? "250 server.test\r\n" : "250-server.test\r\n250 STARTTLS\r\n");
        } else if (strncmp(line, "STARTTLS", 8) == 0) {
            say(peer, ssl, "220 go ahead\r\n");
            ssl = SSL_new(context);
            SSL_set_fd(ssl, peer);
            going = SSL_accept(ssl) == 1;
        } else {
            say(peer, ssl, "221 bye\r\n");
            going = false;
        }
    }
    if (ssl)
        SSL_shutdown(ssl);
    SSL_free(ssl);
    close(peer);
}

/* Ends with the test, or by itself. */
__attribute__((noreturn)) static void serve(int listener) {
    SSL_CTX *usual = context_of(&shown), *other = context_of(&shown_to_others);
    SSL_CTX_set_tlsext_servername_callback(usual, choose);
    SSL_CTX_set_tlsext_servername_arg(usual, other);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(CHILD_S);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (peer >= 0)
            converse(peer, usual);
    }
}

static bool start_server(void) {
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return false;
    server = fork();
    if (server == 0)
        serve(listener);
    close(listener);
    return server > 0;
}

/* ---- probing it ---- */

static void keep_report(struct probe_report *report, void *context) { *(struct probe_report **)context = report; }

static struct probe_report *probe_it(const struct probe_target *wanted, const struct dane *judge) {
    struct probe_report *report = NULL;
    struct probe_config config = probe_config_default(chains, contexts, "probe.test");
    struct probe_target target = *wanted;
    char error[256] = "";
    struct forbidden *forbidden = forbidden_open(NULL, true, error, sizeof error);
    uv_loop_t loop;
    assert_non_null(forbidden);
    config.forbidden = forbidden;
    config.deadline_ms = GIVE_UP_S * UINT64_C(1000);
    config.dane = judge;
    memcpy(&target.address, &address, sizeof address);
    uv_loop_init(&loop);
    (void)probe_start(&loop, &config, &target, keep_report, &report);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    forbidden_close(&forbidden);
    assert_non_null(report);
    return report;
}

/* A set of "3 0 1" with the hash of that certificate. */
static struct dane_set *set_for(const char *base, X509 *certificate) {
    uint8_t rdata[TLSA_FIXED_OCTETS + SHA256_OCTETS] = {3, 0, 1};
    struct dane_set *set = dane_set_new(base);
    assert_int_equal(X509_digest(certificate, EVP_sha256(), rdata + TLSA_FIXED_OCTETS, NULL), 1);
    assert_true(dane_set_add(set, rdata, sizeof rdata));
    return set;
}

static void check(const struct probe_report *report, size_t name, enum tlsa_verdict verdict, enum evidence evidence) {
    const struct probe_name *got = &report->name[name];
    if (got->dane.verdict != verdict || got->fact[FACT_CERT_TRUSTED - FACT_NAME_FIRST].evidence != evidence)
        fail_msg("%s: %s '%s', evidence %s", got->name, tlsa_verdict_key(got->dane.verdict), got->dane.why,
                 evidence_name(got->fact[FACT_CERT_TRUSTED - FACT_NAME_FIRST].evidence));
}

static void each_name_is_judged_by_the_chain_it_sees(void **state) {
    (void)state;
    static const char *const names[] = {"a.mx.test", "other.mx.test", "b.mx.test", "other2.mx.test"};
    struct dane_set *sets[] = {set_for(names[0], shown.certificate), set_for(names[1], shown_to_others.certificate),
                               NULL, set_for(names[3], shown.certificate)};
    const struct probe_target target = {
        .names = names, .name_count = 4, .names_only = true, .tlsa = (const struct dane_set *const *)sets};
    struct probe_report *report = probe_it(&target, dane);
    check(report, 0, TLSA_MATCH, EVIDENCE_OBSERVED);
    check(report, 1, TLSA_MATCH, EVIDENCE_OBSERVED);
    check(report, 2, TLSA_NOT_ASKED, EVIDENCE_OBSERVED);
    check(report, 3, TLSA_MISMATCH, EVIDENCE_OBSERVED);
    assert_string_equal(report->name[0].dane.why, "3 0 1");
    assert_string_equal(report->name[2].dane.why, "");
    probe_report_free(&report);
    report = probe_it(&target, NULL); /* nobody to judge */
    check(report, 0, TLSA_NOT_ASKED, EVIDENCE_OBSERVED);
    probe_report_free(&report);
    for (size_t i = 0; i < 4; i++)
        dane_set_free(&sets[i]);
}

static void names_that_share_a_leaf_are_judged_without_a_handshake(void **state) {
    (void)state;
    static const char *const names[] = {"a.mx.test", "b.mx.test", "c.mx.test", "d.mx.test", "e.mx.test", "f.mx.test"};
    struct dane_set *sets[] = {
        NULL, NULL, NULL, set_for(names[3], shown.certificate), set_for(names[4], shown_to_others.certificate), NULL};
    for (unsigned names_only = 0; names_only <= 1; names_only++) {
        const struct probe_target target = {
            .names = names, .name_count = 6, .names_only = names_only, .tlsa = (const struct dane_set *const *)sets};
        struct probe_report *report = probe_it(&target, dane);
        check(report, 0, TLSA_NOT_ASKED, EVIDENCE_OBSERVED);
        check(report, 3, TLSA_MATCH, EVIDENCE_SHARED);
        check(report, 4, TLSA_MISMATCH, EVIDENCE_SHARED);
        check(report, 5, TLSA_NOT_ASKED, EVIDENCE_SHARED);
        assert_true(!names_only || report->connection_count == PROBE_SHARED_AFTER);
        probe_report_free(&report);
    }
    for (size_t i = 0; i < 6; i++)
        dane_set_free(&sets[i]);
}

static void the_first_name_is_judged_by_the_plans_own_handshake(void **state) {
    (void)state;
    static const char *const name = "a.mx.test";
    struct dane_set *set = set_for(name, shown.certificate);
    struct probe_report *report = probe_it(
        &(struct probe_target){.names = &name, .name_count = 1, .tlsa = (const struct dane_set *const[]){set}}, dane);
    check(report, 0, TLSA_MATCH, EVIDENCE_OBSERVED);
    assert_int_equal(report->name[0].tlsa->count, 1);
    assert_ptr_not_equal(report->name[0].tlsa, set);
    dane_set_free(&set);
    Mxgrade__EndpointResult *result = result_from_report(report);
    assert_int_equal(result->name[0]->dane, MXGRADE__DANE_MATCH__DANE_MATCH);
    assert_string_equal(result->name[0]->dane_why, "3 0 1");
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    probe_report_free(&report);
}

static void a_server_that_is_not_there_gives_no_verdict(void **state) {
    (void)state;
    static const char *const name = "a.mx.test";
    struct dane_set *set = set_for(name, shown.certificate);
    in_port_t port = address.sin_port;
    address.sin_port = htons(1);
    struct probe_report *report = probe_it(
        &(struct probe_target){.names = &name, .name_count = 1, .tlsa = (const struct dane_set *const[]){set}}, dane);
    address.sin_port = port;
    check(report, 0, TLSA_NOT_ASKED, EVIDENCE_NONE);
    probe_report_free(&report);
    dane_set_free(&set);
}

/* ---- the job's message ---- */

static void a_jobs_sets_are_taken_and_unusable_ones_left_out(void **state) {
    (void)state;
    static uint8_t good[] = {3, 1, 1, 0xAB}, huge[TLSA_RDATA_MAX + 1];
    static char *names[] = {(char *)"a.mx.test", (char *)"b.mx.test"};
    ProtobufCBinaryData record[] = {{sizeof good, good}, {sizeof good, good}}, cut = {2, good},
                        mixed[] = {{sizeof good, good}, {2, good}, {sizeof good, good}}, too_long = {sizeof huge, huge},
                        none = {0, NULL};
    const struct {
        uint32_t name;
        const char *base;
        ProtobufCBinaryData *record;
        size_t record_count;
        bool taken;
    } rows[] = {
        {1, "b.mx.test", record, 2, true},
        {0, "alias.mx.test", record, 1, true},
        {2, "b.mx.test", record, 1, false}, /* no such name */
        {UINT32_MAX, "b.mx.test", record, 1, false},
        {0, "", record, 1, false},
        {0, "A.mx.test.", record, 1, false},
        {0, "a\n.mx.test", record, 1, false},
        {0, "a.mx.test", &cut, 1, false},
        {0, "a.mx.test", &none, 1, false},
        {0, "a.mx.test", &too_long, 1, false},
        {0, "a.mx.test", mixed, 3, true}, /* one is none, and the others count */
        {0, "a.mx.test", NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Mxgrade__ProbeJob job = MXGRADE__PROBE_JOB__INIT;
        Mxgrade__TlsaSet set = MXGRADE__TLSA_SET__INIT;
        Mxgrade__TlsaSet *tlsa[] = {&set, &set}; /* the second is one too many for the name */
        job.address = (char *)"192.0.2.1";
        job.name = names;
        job.n_name = 2;
        job.tlsa = tlsa;
        set.name = rows[i].name;
        set.base_domain = (char *)(uintptr_t)rows[i].base;
        set.record = rows[i].record;
        set.n_record = rows[i].record_count;
        for (job.n_tlsa = 1; job.n_tlsa <= 2; job.n_tlsa++) {
            struct dane_set **sets = tlsa_sets_take(&job);
            for (size_t name = 0; name < 2; name++)
                if ((sets[name] != NULL) != (rows[i].taken && rows[i].name == name))
                    fail_msg("row %zu, name %zu: %s", i, name, sets[name] ? "taken" : "not taken");
            if (rows[i].taken && sets[rows[i].name]) {
                assert_int_equal(sets[rows[i].name]->count, rows[i].record == mixed ? 2 : rows[i].record_count);
                assert_string_equal(sets[rows[i].name]->base, rows[i].base);
                assert_memory_equal(sets[rows[i].name]->record[0].rdata, good, sizeof good);
            }
            tlsa_sets_free(&sets, 2);
            assert_null(sets);
        }
    }
    Mxgrade__ProbeJob job = MXGRADE__PROBE_JOB__INIT;
    struct dane_set **sets = tlsa_sets_take(&job);
    assert_null(sets);
    tlsa_sets_free(&sets, 0);
}

static void a_set_of_more_than_a_hundred_records_is_left_out(void **state) {
    (void)state;
    static uint8_t good[] = {3, 1, 1, 0xAB};
    static char *name = (char *)"a.mx.test";
    ProtobufCBinaryData record[TLSA_RECORDS_MAX + 1];
    for (size_t i = 0; i <= TLSA_RECORDS_MAX; i++)
        record[i] = (ProtobufCBinaryData){sizeof good, good};
    Mxgrade__ProbeJob job = MXGRADE__PROBE_JOB__INIT;
    Mxgrade__TlsaSet set = MXGRADE__TLSA_SET__INIT;
    Mxgrade__TlsaSet *tlsa[] = {&set};
    job.address = (char *)"192.0.2.1";
    job.name = &name;
    job.n_name = job.n_tlsa = 1;
    job.tlsa = tlsa;
    set.base_domain = name;
    set.record = record;
    for (set.n_record = TLSA_RECORDS_MAX; set.n_record <= TLSA_RECORDS_MAX + 1; set.n_record++) {
        struct dane_set **sets = tlsa_sets_take(&job);
        assert_int_equal(sets[0] != NULL, set.n_record == TLSA_RECORDS_MAX);
        tlsa_sets_free(&sets, 1);
    }
}

/* ---- set up ---- */

static int set_up(void **state) {
    (void)state;
    char path[] = "/tmp/test_probe_dane.XXXXXX", error[256];
    ec_key = EVP_EC_gen("P-256");
    shown = make(&(struct wanted){.cn = TEXT("shown")}, NULL);
    shown_to_others = make(&(struct wanted){.cn = TEXT("shown to others")}, NULL);
    int file = mkstemp(path);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    if (out == NULL || PEM_write_X509(out, shown.certificate) != 1 || fclose(out) != 0)
        return -1;
    trust = trust_open(path, error, sizeof error);
    unlink(path);
    signal(SIGPIPE, SIG_IGN);
    if (trust == NULL || !start_server())
        return -1;
    chains = chain_cache_new(trust, 0);
    contexts = handshake_contexts_new();
    dane = dane_open();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    dane_close(&dane);
    handshake_contexts_free(&contexts);
    chain_cache_free(&chains);
    trust_close(&trust);
    X509_free(shown.certificate);
    X509_free(shown_to_others.certificate);
    EVP_PKEY_free(ec_key);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_judged_by_the_chain_it_sees),
        cmocka_unit_test(names_that_share_a_leaf_are_judged_without_a_handshake),
        cmocka_unit_test(the_first_name_is_judged_by_the_plans_own_handshake),
        cmocka_unit_test(a_server_that_is_not_there_gives_no_verdict),
        cmocka_unit_test(a_jobs_sets_are_taken_and_unusable_ones_left_out),
        cmocka_unit_test(a_set_of_more_than_a_hundred_records_is_left_out),
    };
    return cmocka_run_group_tests_name("probe_dane", tests, set_up, tear_down);
}
