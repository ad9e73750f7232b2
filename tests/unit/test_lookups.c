// link: mxg_lookups
/* test_lookups.c - domains and exchanges from look-up to result, with DNS in the test's hand: who waits for whom, and
 * what the answers mean. */
#include "lookups.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SURVEY = 7, QUERIES_MAX = 64 };

/* ---- DNS: queries wait until the test answers them ---- */

static struct {
    char name[NAME_CAP + 16];
    unsigned type;
    dns_cb *on_answer;
    void *context;
} asked[QUERIES_MAX];
static size_t asked_count;
static struct lookups lookups;

/* Stands in for the one of dns.c. */
void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_answer, void *context) {
    (void)dns;
    assert_true(asked_count < QUERIES_MAX);
    snprintf(asked[asked_count].name, sizeof asked[0].name, "%s", name);
    asked[asked_count].type = type;
    asked[asked_count].on_answer = on_answer;
    asked[asked_count++].context = context;
}

static size_t find_query(const char *name, unsigned type) {
    size_t at = 0;
    while (at < asked_count && (asked[at].type != type || strcmp(asked[at].name, name) != 0))
        at++;
    return at;
}

static bool is_asked(const char *name, unsigned type) { return find_query(name, type) < asked_count; }

static void answer(const char *name, unsigned type, struct dns_answer reply) {
    size_t at = find_query(name, type);
    assert_true(at < asked_count);
    dns_cb *on_answer = asked[at].on_answer;
    void *context = asked[at].context;
    asked[at] = asked[--asked_count];
    on_answer(&reply, context);
}

static void answer_status(const char *name, unsigned type, enum dns_status status) {
    answer(name, type, (struct dns_answer){.status = status, .dnssec = DNSSEC_UNKNOWN});
}

static void answer_mx(const char *domain, const char *exchange) {
    struct dns_mx mx = {.preference = 10};
    snprintf(mx.exchange, sizeof mx.exchange, "%s", exchange);
    answer(domain, DNS_TYPE_MX,
           (struct dns_answer){.status = DNS_OK, .dnssec = DNSSEC_INSECURE, .mx = &mx, .mx_count = 1});
}

static void answer_address(const char *name, const char *text, enum dnssec dnssec) {
    struct sockaddr_storage address = {.ss_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &((struct sockaddr_in *)&address)->sin_addr), 1);
    answer(name, DNS_TYPE_A,
           (struct dns_answer){.status = DNS_OK, .dnssec = dnssec, .address = &address, .address_count = 1});
    answer(name, DNS_TYPE_AAAA, (struct dns_answer){.status = DNS_NODATA, .dnssec = dnssec});
}

static void answer_txt(const char *name, const char *text) {
    struct dns_blob blob = {(uint8_t *)(uintptr_t)text, strlen(text)};
    answer(name, DNS_TYPE_TXT,
           (struct dns_answer){.status = DNS_OK, .dnssec = DNSSEC_INSECURE, .blob = &blob, .blob_count = 1});
}

/* There are no TXT records. */
static void answer_no_records(const char *domain) {
    char name[NAME_CAP + 16];
    snprintf(name, sizeof name, "_mta-sts.%s", domain);
    answer_status(name, DNS_TYPE_TXT, DNS_NXDOMAIN);
    snprintf(name, sizeof name, "_smtp._tls.%s", domain);
    answer_status(name, DNS_TYPE_TXT, DNS_NXDOMAIN);
}

static void answer_nothing_known(void) {
    assert_int_equal(lookups_ask(&lookups, 100), SURVEY);
    lookups_answered(&lookups, true);
}

/* ---- fixture ---- */

static int set_up(void **state) {
    (void)state;
    asked_count = 0;
    lookups_init(&lookups, NULL, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    while (asked_count > 0) /* as dns_close() does */
        answer_status(asked[0].name, asked[0].type, DNS_TIMEOUT);
    lookups_clear(&lookups);
    assert_null(lookups.loads);
    assert_null(lookups.by_key);
    return 0;
}

static size_t ready(void) { return lookups.domain_counts[DOMAIN_READY]; }
static size_t exchanges(enum exchange_state state) { return lookups.exchange_counts[state]; }
static const struct domain_result *first_ready(void) {
    assert_non_null(lookups.domains[DOMAIN_READY]);
    return &lookups.domains[DOMAIN_READY]->result;
}

/* ---- who waits for whom ---- */

static void domains_share_one_lookup_of_an_exchange(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    lookups_add_domain(&lookups, SURVEY, "b.example");
    answer_mx("a.example", "mx.example");
    answer_mx("b.example", "mx.example");
    answer_no_records("a.example");
    answer_no_records("b.example");
    assert_int_equal(exchanges(EXCHANGE_NEW), 1);
    assert_int_equal(ready(), 0);
    answer_nothing_known();
    answer_address("mx.example", "8.8.8.8", DNSSEC_INSECURE);
    assert_int_equal(asked_count, 0);
    assert_int_equal(ready(), 2);
    assert_int_equal(exchanges(EXCHANGE_SETTLED), 1);
    assert_int_equal(lookups_load(&lookups, SURVEY)->exchanges, 1);
    lookups_written(&lookups, SURVEY, 1, 1);
    assert_int_equal(exchanges(EXCHANGE_WRITTEN), 1); /* the other domain refers to it */
    lookups_written(&lookups, SURVEY, 1, 0);
    assert_null(lookups_load(&lookups, SURVEY));
    assert_int_equal(exchanges(EXCHANGE_WRITTEN), 0);
}

static void a_domain_waits_for_its_own_records_too(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_mx("a.example", "mx.example");
    answer_nothing_known();
    answer_address("mx.example", "8.8.8.8", DNSSEC_INSECURE);
    answer_status("_smtp._tls.a.example", DNS_TYPE_TXT, DNS_NXDOMAIN);
    assert_int_equal(ready(), 0);
    answer_txt("_mta-sts.a.example", "v=STSv1; id=1;");
    assert_int_equal(ready(), 0); /* the policy host is asked for */
    answer_address("mta-sts.a.example", "8.8.4.4", DNSSEC_INSECURE);
    assert_int_equal(ready(), 1);
    assert_true(domain_has_policy(first_ready()));
    assert_int_equal(domain_policy_why(first_ready()), STS_WHY_NONE);
    assert_false(domain_retry(first_ready()));
}

static void what_the_database_knows_is_not_looked_up(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_mx("a.example", "mx.example");
    answer_no_records("a.example");
    assert_int_equal(lookups_ask(&lookups, 100), SURVEY);
    lookups_known(&lookups, SURVEY, "mx.example", EXCHANGE_STATUS_OK);
    lookups_answered(&lookups, true);
    assert_int_equal(asked_count, 0);
    assert_int_equal(ready(), 1);
    assert_int_equal(exchanges(EXCHANGE_WRITTEN), 1);
}

static void a_question_to_the_database_that_failed_is_asked_again(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_mx("a.example", "mx.example");
    answer_no_records("a.example");
    lookups_ask(&lookups, 100);
    assert_int_equal(exchanges(EXCHANGE_ASKED), 1);
    lookups_answered(&lookups, false);
    assert_int_equal(exchanges(EXCHANGE_NEW), 1);
    assert_false(is_asked("mx.example", DNS_TYPE_A));
    answer_nothing_known();
    assert_true(is_asked("mx.example", DNS_TYPE_A));
}

static void pages_of_new_exchanges_are_bounded_and_of_one_survey(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    lookups_add_domain(&lookups, SURVEY + 1, "a.example");
    lookups_add_domain(&lookups, SURVEY, "b.example");
    answer_mx("a.example", "mx1.example");
    answer_mx("a.example", "mx1.example"); /* the other survey's */
    answer_mx("b.example", "mx2.example");
    assert_int_equal(exchanges(EXCHANGE_NEW), 3);
    int survey = lookups_ask(&lookups, 1);
    assert_int_equal(exchanges(EXCHANGE_ASKED), 1);
    assert_int_equal(lookups.exchanges[EXCHANGE_ASKED]->key.survey, survey);
    lookups_answered(&lookups, false);
    survey = lookups_ask(&lookups, 100);
    for (const struct exchange *at = lookups.exchanges[EXCHANGE_ASKED]; at; at = at->next)
        assert_int_equal(at->key.survey, survey);
    lookups_answered(&lookups, false);
}

/* ---- what it means ---- */

static void an_implicit_mx_needs_an_address(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    lookups_add_domain(&lookups, SURVEY, "b.example");
    answer_status("a.example", DNS_TYPE_MX, DNS_NODATA);
    answer_status("b.example", DNS_TYPE_MX, DNS_NODATA);
    answer_no_records("a.example");
    answer_no_records("b.example");
    answer_nothing_known();
    answer_address("a.example", "8.8.8.8", DNSSEC_INSECURE);
    answer_status("b.example", DNS_TYPE_A, DNS_NODATA);
    answer_status("b.example", DNS_TYPE_AAAA, DNS_NODATA);
    assert_int_equal(ready(), 2);
    assert_int_equal(domain_mx_status(&lookups.domains[DOMAIN_READY]->result), MX_STATUS_IMPLICIT);
    assert_int_equal(domain_mx_status(&lookups.domains[DOMAIN_READY]->next->result), MX_STATUS_NO_MAIL_HOST);
    assert_int_equal(exchanges(EXCHANGE_SETTLED), 1);
    assert_int_equal(exchanges(EXCHANGE_UNLISTED), 1); /* nothing of it is written */
}

static void a_name_that_somebody_lists_is_written_after_all(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_status("a.example", DNS_TYPE_MX, DNS_NODATA);
    answer_no_records("a.example");
    answer_nothing_known();
    answer_status("a.example", DNS_TYPE_A, DNS_NXDOMAIN);
    answer_status("a.example", DNS_TYPE_AAAA, DNS_NXDOMAIN);
    assert_int_equal(exchanges(EXCHANGE_UNLISTED), 1);
    lookups_add_domain(&lookups, SURVEY, "b.example");
    answer_mx("b.example", "a.example");
    answer_no_records("b.example");
    assert_int_equal(exchanges(EXCHANGE_SETTLED), 1);
    assert_int_equal(ready(), 2);
}

static void silence_is_unknown_not_no(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_status("a.example", DNS_TYPE_MX, DNS_TIMEOUT);
    assert_int_equal(ready(), 1);
    assert_int_equal(domain_mx_status(first_ready()), MX_STATUS_TIMEOUT);
    assert_int_equal(domain_record_status(first_ready(), RECORD_NONE), RECORD_UNKNOWN);
    assert_true(domain_retry(first_ready()));
}

static void an_implicit_mx_that_got_no_answer_is_unknown(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_status("a.example", DNS_TYPE_MX, DNS_NODATA);
    answer_no_records("a.example");
    answer_nothing_known();
    answer_status("a.example", DNS_TYPE_A, DNS_NODATA);
    answer_status("a.example", DNS_TYPE_AAAA, DNS_SERVFAIL);
    assert_int_equal(domain_mx_status(first_ready()), MX_STATUS_SERVFAIL);
    assert_true(domain_retry(first_ready()));
}

static void a_literal_is_settled_without_a_query(void **state) {
    (void)state;
    lookups_add_domain(&lookups, SURVEY, "a.example");
    answer_mx("a.example", "192.0.2.1");
    answer_no_records("a.example");
    answer_nothing_known();
    assert_int_equal(asked_count, 0);
    assert_int_equal(ready(), 1);
    assert_int_equal(lookups.exchanges[EXCHANGE_SETTLED]->result.status, EXCHANGE_STATUS_INVALID);
    assert_int_equal(domain_mx_status(first_ready()), MX_STATUS_MX);
}

static void tlsa_is_asked_only_where_addresses_are_secure(void **state) {
    uint8_t rdata[] = {3, 1, 1, 0xab};
    struct dns_blob blob = {rdata, sizeof rdata};
    (void)state;
    lookups_add_exchange(&lookups, SURVEY, "mx1.example");
    lookups_add_exchange(&lookups, SURVEY, "mx2.example");
    answer_address("mx1.example", "8.8.8.8", DNSSEC_INSECURE);
    answer_address("mx2.example", "8.8.4.4", DNSSEC_SECURE);
    assert_int_equal(lookups.exchanges[EXCHANGE_SETTLED]->result.tlsa_status, TLSA_STATUS_NOT_ASKED);
    assert_int_equal(asked_count, 1);
    answer("_25._tcp.mx2.example", DNS_TYPE_TLSA,
           (struct dns_answer){.status = DNS_OK, .dnssec = DNSSEC_SECURE, .blob = &blob, .blob_count = 1});
    const struct exchange_result *result = &lookups.exchanges[EXCHANGE_SETTLED]->next->result;
    assert_int_equal(result->tlsa_status, TLSA_STATUS_SECURE);
    assert_string_equal(result->tlsa_base, "mx2.example");
    assert_int_equal(result->tlsa_count, 1);
    assert_string_equal(result->tlsa[0], "3 1 1 ab");
    assert_false(exchange_retry(result));
}

static void answer_secure_tlsa(const char *exchange) {
    uint8_t rdata[] = {3, 1, 1, 0xab};
    struct dns_blob blob = {rdata, sizeof rdata};
    char owner[NAME_CAP + 16];
    snprintf(owner, sizeof owner, "_25._tcp.%s", exchange);
    answer(owner, DNS_TYPE_TLSA,
           (struct dns_answer){.status = DNS_OK, .dnssec = DNSSEC_SECURE, .blob = &blob, .blob_count = 1});
}

/* An address may be missing, which says nothing against the one that is there. */
static void a_look_up_that_fails_beside_a_good_one_takes_nothing_from_it(void **state) {
    static const struct {
        unsigned failing, good;
        enum dns_status status;
        enum dnssec dnssec;
        unsigned flags;
    } cases[] = {
        {DNS_TYPE_AAAA, DNS_TYPE_A, DNS_SERVFAIL, DNSSEC_UNKNOWN, EXCHANGE_FLAG_AAAA_FAILED},
        {DNS_TYPE_AAAA, DNS_TYPE_A, DNS_TIMEOUT, DNSSEC_UNKNOWN, EXCHANGE_FLAG_AAAA_FAILED},
        {DNS_TYPE_AAAA, DNS_TYPE_A, DNS_SERVFAIL, DNSSEC_BOGUS,
         EXCHANGE_FLAG_AAAA_FAILED | EXCHANGE_FLAG_ADDRESS_BOGUS},
        {DNS_TYPE_A, DNS_TYPE_AAAA, DNS_SERVFAIL, DNSSEC_UNKNOWN, EXCHANGE_FLAG_A_FAILED},
        {DNS_TYPE_A, DNS_TYPE_AAAA, DNS_SERVFAIL, DNSSEC_BOGUS, EXCHANGE_FLAG_A_FAILED | EXCHANGE_FLAG_ADDRESS_BOGUS},
    };
    struct sockaddr_storage address = {.ss_family = AF_INET};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lookups_add_exchange(&lookups, SURVEY, "mx.example");
        answer("mx.example", cases[i].failing,
               (struct dns_answer){.status = cases[i].status, .dnssec = cases[i].dnssec});
        answer("mx.example", cases[i].good,
               (struct dns_answer){.status = DNS_OK, .dnssec = DNSSEC_SECURE, .address = &address, .address_count = 1});
        answer_secure_tlsa("mx.example");
        const struct exchange_result *result = &lookups.exchanges[EXCHANGE_SETTLED]->result;
        assert_int_equal(result->status, EXCHANGE_STATUS_OK);
        assert_int_equal(result->dnssec, DNSSEC_SECURE);
        assert_int_equal(result->tlsa_status, TLSA_STATUS_SECURE);
        assert_int_equal(result->flags, cases[i].flags);
        assert_true(exchange_retry(result));
        lookups_written(&lookups, SURVEY, 0, 1);
    }
}

static void without_an_address_a_failed_look_up_says_what_is_known(void **state) {
    (void)state;
    lookups_add_exchange(&lookups, SURVEY, "mx.example");
    answer("mx.example", DNS_TYPE_A, (struct dns_answer){.status = DNS_NODATA, .dnssec = DNSSEC_SECURE});
    answer("mx.example", DNS_TYPE_AAAA, (struct dns_answer){.status = DNS_SERVFAIL, .dnssec = DNSSEC_BOGUS});
    const struct exchange_result *result = &lookups.exchanges[EXCHANGE_SETTLED]->result;
    assert_int_equal(result->status, EXCHANGE_STATUS_SERVFAIL);
    assert_int_equal(result->dnssec, DNSSEC_BOGUS);
    assert_int_equal(result->tlsa_status, TLSA_STATUS_NOT_ASKED);
}

static void a_word_that_the_database_has_is_read_once_and_no_other_is_taken_for_one(void **state) {
    (void)state;
    for (enum exchange_status status = 0; status < EXCHANGE_STATUS_COUNT; status++)
        assert_int_equal(exchange_status_from_name(exchange_status_name(status)), status);
    assert_int_equal(exchange_status_from_name("refused"), EXCHANGE_STATUS_COUNT);
    assert_int_equal(exchange_status_from_name(""), EXCHANGE_STATUS_COUNT);
}

#define LOOKUPS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        LOOKUPS_TEST(domains_share_one_lookup_of_an_exchange),
        LOOKUPS_TEST(a_domain_waits_for_its_own_records_too),
        LOOKUPS_TEST(what_the_database_knows_is_not_looked_up),
        LOOKUPS_TEST(a_question_to_the_database_that_failed_is_asked_again),
        LOOKUPS_TEST(pages_of_new_exchanges_are_bounded_and_of_one_survey),
        LOOKUPS_TEST(an_implicit_mx_needs_an_address),
        LOOKUPS_TEST(a_name_that_somebody_lists_is_written_after_all),
        LOOKUPS_TEST(silence_is_unknown_not_no),
        LOOKUPS_TEST(an_implicit_mx_that_got_no_answer_is_unknown),
        LOOKUPS_TEST(a_literal_is_settled_without_a_query),
        LOOKUPS_TEST(tlsa_is_asked_only_where_addresses_are_secure),
        LOOKUPS_TEST(a_look_up_that_fails_beside_a_good_one_takes_nothing_from_it),
        LOOKUPS_TEST(without_an_address_a_failed_look_up_says_what_is_known),
        cmocka_unit_test(a_word_that_the_database_has_is_read_once_and_no_other_is_taken_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
