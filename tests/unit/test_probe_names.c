// link: mxg_probe
/* test_probe_names.c - which certificate an exchange name is judged by. */
#include "probe/probe_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A probe that was taken up, with nothing left to ask but one hello; what it knows of TLS 1.2 comes from before. */
static struct fact trusted_after(enum tls_version max, enum tri tls12) {
    static struct probe_report report;
    static struct probe_name name;
    static struct cert_chain chain; /* not trusted, since nothing of it is known */
    struct probe_names names;
    struct connection_outcome outcome = {.step = {.kind = STEP_HELLO, .max = max}};
    memset(&report, 0, sizeof report);
    name = (struct probe_name){.name = "mx.test"};
    report.name = &name;
    report.name_count = 1;
    for (unsigned id = FACT_TLS1_0; id <= FACT_TLS1_3; id++)
        report.plan.fact[id].value = id == FACT_TLS1_2 ? tls12 : TRI_NO;
    probe_names_begin(&names, &report, NULL, NULL, 0);
    probe_names_take_first(&names, &outcome, &chain);
    probe_names_settle(&names);
    probe_names_end(&names);
    struct fact fact = name.fact[FACT_CERT_TRUSTED - FACT_NAME_FIRST];
    assert_int_equal(name.chain != NULL, fact.value != TRI_UNKNOWN);
    return fact;
}

static void a_chain_without_a_name_counts_where_nothing_else_can_be_had(void **state) {
    (void)state;
    static const enum tls_version ssl[] = {VERSION_SSLV2, VERSION_SSLV3};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(trusted_after(ssl[i], TRI_NO).value, TRI_NO);
        assert_int_equal(trusted_after(ssl[i], TRI_YES).value, TRI_UNKNOWN);
        assert_int_equal(trusted_after(ssl[i], TRI_UNKNOWN).value, TRI_UNKNOWN);
    }
    assert_int_equal(trusted_after(VERSION_TLS1_2, TRI_YES).value, TRI_NO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_without_a_name_counts_where_nothing_else_can_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
