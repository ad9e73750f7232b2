// link: mxg_probe
/* test_service.c - what a server says of itself, as facts: yes, no, and whatever nobody has heard. */
#include "probe/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEST(sentence) static void sentence(void **state __attribute__((unused)))

static struct service service;
static struct plan plan;

static int begin(void **state) {
    (void)state;
    memset(&service, 0, sizeof service);
    memset(&plan, 0, sizeof plan);
    return 0;
}

static int end(void **state) {
    (void)state;
    service_end(&service);
    return 0;
}

/* One connection with these replies; NULL: none came. */
static void connection(unsigned number, const char *banner, const char *ehlo, const char *ehlo_tls) {
    struct smtp_reply reply[3];
    const char *const text[] = {banner, ehlo, ehlo_tls};
    for (size_t i = 0; i < 3; i++) {
        smtp_reply_init(&reply[i]);
        if (text[i])
            smtp_reply_feed(&reply[i], (const uint8_t *)text[i], strlen(text[i]));
        assert_int_equal(reply[i].state, text[i] ? SMTP_REPLY : SMTP_MORE);
    }
    struct connection_outcome outcome = {
        .banner = banner ? &reply[0] : NULL, .ehlo = ehlo ? &reply[1] : NULL, .ehlo_tls = ehlo_tls ? &reply[2] : NULL};
    service_note(&service, &outcome, number);
    for (size_t i = 0; i < 3; i++)
        smtp_reply_free(&reply[i]);
}

static void conclude(enum tri starttls, enum tri tls) {
    plan.fact[FACT_REACHABLE].value = TRI_YES;
    plan.fact[FACT_STARTTLS_ADVERTISED] = (struct fact){.value = starttls, .reason = REASON_INCONSISTENT};
    plan.fact[FACT_TLS_ENABLED] =
        (struct fact){.value = tls, .evidence = EVIDENCE_OBSERVED, .reason = REASON_STARTTLS_REFUSED};
    service_conclude(&service, &plan);
}

static void assert_fact(enum fact_id id, enum tri value, unsigned connection_number) {
    const struct fact *fact = &service.fact[id - FACT_SERVICE_FIRST];
    if (fact->value != value || fact->connection != connection_number)
        fail_msg("%s is %s by connection %u", fact_key(id), tri_name(fact->value), fact->connection);
}

static void assert_unknown(enum fact_id id, enum reason reason) {
    assert_fact(id, TRI_UNKNOWN, 0);
    assert_string_equal(reason_key(service.fact[id - FACT_SERVICE_FIRST].reason), reason_key(reason));
}

TEST(each_side_of_tls_says_its_part) {
    connection(1, "220 mx.example.org ESMTP\r\n",
               "250-mx.example.org\r\n250-STARTTLS\r\n250-REQUIRETLS\r\n250 SIZE 1000\r\n",
               "250-mx.example.org\r\n250-AUTH PLAIN\r\n250 DSN\r\n");
    connection(2, "220 mx.example.org ESMTP\r\n", "250-mx.example.org\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n", NULL);
    conclude(TRI_YES, TRI_YES);
    assert_fact(FACT_AUTH_BEFORE_TLS, TRI_NO, 1);
    assert_fact(FACT_REQUIRETLS, TRI_NO, 1); /* in clear it does not count */
    assert_fact(FACT_SIZE_DECLARED, TRI_YES, 1);
    assert_fact(FACT_SMTPUTF8, TRI_YES, 2);
    assert_fact(FACT_DSN, TRI_YES, 1);
    assert_fact(FACT_CHUNKING, TRI_NO, 1);
    assert_fact(FACT_TLS_BROKEN, TRI_NO, 0);
    assert_true(service.has_limit && service.limit == 1000);
    assert_int_equal(service.mechanism_count, 0);
}

TEST(what_may_be_listed_inside_tls_is_unknown_where_nobody_got_there) {
    connection(1, "220 mx.example.org\r\n", "250-mx.example.org\r\n250-STARTTLS\r\n250-AUTH=LOGIN\r\n250 8BITMIME\r\n",
               NULL);
    conclude(TRI_YES, TRI_UNKNOWN);
    assert_fact(FACT_AUTH_BEFORE_TLS, TRI_YES, 1);
    assert_string_equal(service.mechanism[0], "LOGIN");
    assert_fact(FACT_EIGHTBITMIME, TRI_YES, 1);
    assert_unknown(FACT_DSN, REASON_STARTTLS_REFUSED);
    assert_unknown(FACT_REQUIRETLS, REASON_STARTTLS_REFUSED);
    assert_unknown(FACT_TLS_BROKEN, REASON_NOT_ASKED); /* never after one visit */
}

TEST(silence_inside_tls_is_no_no) {
    connection(1, "220 mx.example.org\r\n", "250-mx.example.org\r\n250 STARTTLS\r\n", NULL);
    conclude(TRI_YES, TRI_YES);
    assert_unknown(FACT_REQUIRETLS, REASON_TIMEOUT);
    assert_unknown(FACT_SMTPUTF8, REASON_TIMEOUT);
    assert_fact(FACT_AUTH_BEFORE_TLS, TRI_NO, 1);
}

TEST(without_starttls_the_reply_in_clear_says_all) {
    connection(1, "220 mx.example.org\r\n", "250-mx.example.org\r\n250 PIPELINING\r\n", NULL);
    conclude(TRI_NO, TRI_NO);
    assert_fact(FACT_PIPELINING, TRI_YES, 1);
    assert_fact(FACT_DSN, TRI_NO, 1);
    assert_fact(FACT_REQUIRETLS, TRI_NO, 0);
    assert_fact(FACT_TLS_BROKEN, TRI_NO, 0);
}

TEST(a_front_or_several_machines_deny_nothing) {
    connection(1, "220 mx.example.org\r\n", "250 mx.example.org\r\n", NULL);
    conclude(TRI_UNKNOWN, TRI_UNKNOWN);
    assert_unknown(FACT_AUTH_BEFORE_TLS, REASON_INCONSISTENT);
    assert_unknown(FACT_DSN, REASON_INCONSISTENT);
}

TEST(a_masked_reply_denies_nothing) {
    connection(1, "220 **********\r\n", "250-mx.example.org\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n", NULL);
    conclude(TRI_NO, TRI_NO);
    assert_fact(FACT_EIGHTBITMIME, TRI_YES, 1);
    assert_unknown(FACT_AUTH_BEFORE_TLS, REASON_PROTOCOL_ERROR);
    assert_unknown(FACT_DSN, REASON_PROTOCOL_ERROR);
    assert_fact(FACT_GREETING_NAMES_HOST, TRI_NO, 1);
    assert_string_equal(service.greeting_name, "**********");
}

TEST(one_connection_that_lists_it_is_enough) {
    connection(1, "220 mx.example.org\r\n", "250-mx.example.org\r\n250 STARTTLS\r\n", "250 mx.example.org\r\n");
    connection(2, "220 mx.example.org\r\n", "250-mx.example.org\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", NULL);
    conclude(TRI_YES, TRI_YES);
    assert_fact(FACT_AUTH_BEFORE_TLS, TRI_YES, 2);
}

TEST(who_turns_us_away_names_no_host) {
    connection(1, "421 mx.example.org too many\r\n", NULL, NULL);
    plan.fact[FACT_REACHABLE].reason = REASON_RATE_LIMITED;
    plan.fact[FACT_STARTTLS_ADVERTISED].reason = REASON_RATE_LIMITED;
    service_conclude(&service, &plan);
    assert_unknown(FACT_GREETING_NAMES_HOST, REASON_RATE_LIMITED);
    assert_unknown(FACT_EHLO_NAMES_HOST, REASON_RATE_LIMITED);
    assert_int_equal(service.banner_line_count, 1);
}

TEST(all_lines_of_the_greeting_are_kept_up_to_a_bound) {
    char banner[1000] = "";
    for (size_t i = 0; i < 2 * SERVICE_BANNER_LINES_MAX; i++)
        snprintf(banner + strlen(banner), sizeof banner - strlen(banner), "220-line %zu\r\n", i);
    snprintf(banner + strlen(banner), sizeof banner - strlen(banner), "220 end\r\n");
    connection(1, banner, NULL, NULL);
    connection(2, "220 another\r\n", NULL, NULL);
    assert_int_equal(service.banner_line_count, SERVICE_BANNER_LINES_MAX);
    assert_string_equal(service.banner_line[1], "line 1");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(each_side_of_tls_says_its_part),
        EACH(what_may_be_listed_inside_tls_is_unknown_where_nobody_got_there),
        EACH(silence_inside_tls_is_no_no),
        EACH(without_starttls_the_reply_in_clear_says_all),
        EACH(a_front_or_several_machines_deny_nothing),
        EACH(a_masked_reply_denies_nothing),
        EACH(one_connection_that_lists_it_is_enough),
        EACH(who_turns_us_away_names_no_host),
        EACH(all_lines_of_the_greeting_are_kept_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
