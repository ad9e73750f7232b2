// link: mxg_worker
/* test_result.c - a report as the wire carries it: nothing that the aggregator wants stays behind. */
#include "result.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As a server that turned the second connection away; names: one. The caller frees it and its connections. */
static struct probe_report *report_of(struct probe_name *name) {
    struct probe_report *report = mem_alloc(sizeof *report);
    plan_init(&report->plan, &(struct plan_policy){.per_version = false});
    report->reason = REASON_RATE_LIMITED;
    report->retry = true;
    report->connection_count = 2;
    report->connection = mem_calloc(2, sizeof *report->connection);
    report->connection[0] = (struct probe_connection){
        .step = "full", .kind = ANSWER_SELECTED, .version = 0x0304, .suite = 0x1301, .group = 29, .duration_ms = 7};
    report->connection[1] =
        (struct probe_connection){.step = "weak", .kind = ANSWER_STOPPED, .reason = REASON_RATE_LIMITED};
    memcpy(report->resume, "\0\1\xff", 3);
    report->resume_len = 3;
    report->name = name;
    report->name_count = name ? 1 : 0;
    return report;
}

static Mxgrade__EndpointResult *over_the_wire(const struct probe_report *report) {
    Mxgrade__EndpointResult *sent = result_from_report(report);
    sent->address = mem_strdup("192.0.2.1");
    size_t len = mxgrade__endpoint_result__get_packed_size(sent);
    uint8_t *packed = mem_alloc(len);
    mxgrade__endpoint_result__pack(sent, packed);
    Mxgrade__EndpointResult *received = mxgrade__endpoint_result__unpack(NULL, len, packed);
    mxgrade__endpoint_result__free_unpacked(sent, NULL);
    free(packed);
    assert_non_null(received);
    return received;
}

static void connections_tell_group_and_reason(void **state) {
    (void)state;
    struct probe_report *report = report_of(NULL);
    Mxgrade__EndpointResult *result = over_the_wire(report);
    assert_int_equal(result->n_connection, 2);
    assert_int_equal(result->connection[0]->group, 29);
    assert_string_equal(result->connection[0]->reason, "");
    assert_int_equal(result->connection[1]->group, 0);
    assert_string_equal(result->connection[1]->reason, "rate_limited");
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    free(report->connection);
    free(report);
}

static void the_place_where_the_plan_stopped_travels(void **state) {
    (void)state;
    struct probe_report *report = report_of(NULL);
    Mxgrade__EndpointResult *result = over_the_wire(report);
    assert_int_equal(result->resume.len, 3);
    assert_memory_equal(result->resume.data, "\0\1\xff", 3);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    report->resume_len = 0;
    result = over_the_wire(report);
    assert_int_equal(result->resume.len, 0);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    free(report->connection);
    free(report);
}

static void a_name_carries_its_matches_and_the_flags_of_its_chain(void **state) {
    (void)state;
    struct cert_chain chain = {.leaf_sha256 = {9},
                               .trust_error = (char *)"why",
                               .missing_intermediate = true,
                               .weak_key = true,
                               .weak_keys = (char *)"root CN=x: RSA, 1024 bits",
                               .weak_signatures = (char *)""};
    struct probe_name name = {.name = "mx.example.org",
                              .chain = &chain,
                              .match = {.san_match = true, .cn_match = true, .matched = true},
                              .ocsp_stapled = true,
                              .dane = {.verdict = TLSA_OTHER_NAME, .why = "2 1 1, but"}};
    struct probe_report *report = report_of(&name);
    Mxgrade__EndpointResult *result = over_the_wire(report);
    const Mxgrade__NameResult *got = result->name[0];
    assert_true(got->san_match && got->cn_match && !got->matched_by_cn);
    assert_int_equal(got->certificate.len, 32);
    assert_string_equal(got->trust_error, "why");
    assert_string_equal(got->weak_keys, "root CN=x: RSA, 1024 bits");
    assert_string_equal(got->weak_signatures, "");
    assert_int_equal(got->dane, MXGRADE__DANE_MATCH__DANE_OTHER_NAME);
    assert_string_equal(got->dane_why, "2 1 1, but");
    assert_int_equal(got->n_chain_flag, 3);
    assert_string_equal(got->chain_flag[0], "missing_intermediate");
    assert_string_equal(got->chain_flag[1], "weak_key");
    assert_string_equal(got->chain_flag[2], "ocsp_stapled");
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    name.chain = NULL; /* none was seen */
    name.dane = (struct dane_result){.verdict = TLSA_NOT_ASKED};
    result = over_the_wire(report);
    assert_int_equal(result->name[0]->dane, MXGRADE__DANE_MATCH__DANE_NOT_ASKED);
    assert_string_equal(result->name[0]->dane_why, "");
    assert_int_equal(result->name[0]->n_chain_flag, 0);
    assert_int_equal(result->name[0]->certificate.len, 0);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    free(report->connection);
    free(report);
}

static void what_a_server_says_of_itself_travels(void **state) {
    (void)state;
    char first[] = "mx.example.org ESMTP", second[] = "welcome", *lines[] = {first, second};
    struct probe_report *report = report_of(NULL);
    struct service *service = &report->service;
    service->fact[FACT_DSN - FACT_SERVICE_FIRST] =
        (struct fact){.value = TRI_YES, .evidence = EVIDENCE_OBSERVED, .connection = 2};
    service->banner_line = lines;
    service->banner_line_count = 2;
    service->has_limit = true; /* of no size, which is not none */
    service->mechanism_count = 1;
    snprintf(service->mechanism[0], sizeof service->mechanism[0], "PLAIN");
    snprintf(service->ehlo_name, sizeof service->ehlo_name, "localhost");
    Mxgrade__EndpointResult *result = over_the_wire(report);
    assert_int_equal(result->n_service, FACT_SERVICE_COUNT);
    assert_int_equal(result->service[FACT_DSN - FACT_SERVICE_FIRST]->value, MXGRADE__TRI__TRI_YES);
    assert_int_equal(result->service[FACT_DSN - FACT_SERVICE_FIRST]->connection, 2);
    assert_int_equal(result->n_banner_line, 2);
    assert_string_equal(result->banner_line[1], "welcome");
    assert_int_equal(result->n_auth_mechanism, 1);
    assert_string_equal(result->auth_mechanism[0], "PLAIN");
    assert_string_equal(result->greeting_name, "");
    assert_string_equal(result->ehlo_name, "localhost");
    assert_int_equal(result->size_limit, 1);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    report->names_only = true;
    service->has_limit = false;
    result = over_the_wire(report);
    assert_int_equal(result->n_service, 0);
    assert_int_equal(result->size_limit, 0);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    free(report->connection);
    free(report);
}

static void an_unreadable_certificate_says_why(void **state) {
    (void)state;
    uint8_t der[] = {0x30, 0};
    char empty[] = "";
    const struct cert_chain chain = {.der = der,
                                     .der_len = sizeof der,
                                     .subject_cn = empty,
                                     .subject = empty,
                                     .issuer = empty,
                                     .serial = empty,
                                     .key_type = "unknown",
                                     .signature = "unknown",
                                     .parse_error = "wrong tag"};
    Mxgrade__Certificate *certificate = result_certificate(&chain);
    assert_string_equal(certificate->parse_error, "wrong tag");
    assert_int_equal(certificate->der.len, sizeof der);
    mxgrade__certificate__free_unpacked(certificate, NULL);
}

static void what_is_behind_a_leaf_travels_as_such(void **state) {
    (void)state;
    uint8_t der[] = {0x30, 0}; /* no certificate, and kept all the same */
    Mxgrade__Certificate *certificate = result_certificate_behind(reader_of(der, sizeof der));
    assert_true(certificate->behind && *certificate->parse_error);
    assert_int_equal(certificate->der.len, sizeof der);
    assert_int_equal(certificate->sha256.len, 32);
    assert_int_equal(certificate->extensions_unread, CERT_EXTENSION_ALL);
    assert_int_equal(certificate->n_chain, 0);
    mxgrade__certificate__free_unpacked(certificate, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_tell_group_and_reason),
        cmocka_unit_test(the_place_where_the_plan_stopped_travels),
        cmocka_unit_test(a_name_carries_its_matches_and_the_flags_of_its_chain),
        cmocka_unit_test(what_a_server_says_of_itself_travels),
        cmocka_unit_test(an_unreadable_certificate_says_why),
        cmocka_unit_test(what_is_behind_a_leaf_travels_as_such),
    };
    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
