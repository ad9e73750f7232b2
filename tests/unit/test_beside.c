// link: mxg_lookups
/* test_beside.c - what addresses are called and who may issue for exchanges, with DNS in the test's hand: one query at
 * a time, and what the answers mean. */
#include "caa_lookup.h"
#include "reverse_lookup.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct {
    char name[NAME_CAP];
    unsigned type;
    dns_cb *on_answer;
    void *context;
} asked; /* "" if none is */
static unsigned done;

/* Stands in for the one of dns.c. */
void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_answer, void *context) {
    (void)dns;
    assert_string_equal(asked.name, "");
    snprintf(asked.name, sizeof asked.name, "%s", name);
    asked.type = type;
    asked.on_answer = on_answer;
    asked.context = context;
}

static void answer(const char *name, unsigned type, struct dns_answer reply) {
    assert_string_equal(asked.name, name);
    assert_int_equal(asked.type, type);
    asked.name[0] = '\0';
    asked.on_answer(&reply, asked.context);
}

static void answer_status(const char *name, unsigned type, enum dns_status status) {
    answer(name, type, (struct dns_answer){.status = status, .dnssec = DNSSEC_UNKNOWN});
}

static void answer_names(const char *name, const char *const *names, size_t count, bool capped) {
    static char text[DNS_BLOB_MAX][64];
    struct dns_blob blob[DNS_BLOB_MAX];
    for (size_t i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "%s", names[i]);
        blob[i] = (struct dns_blob){(uint8_t *)text[i], strlen(text[i])};
    }
    answer(name, DNS_TYPE_PTR,
           (struct dns_answer){.status = DNS_OK, .blob = blob, .blob_count = count, .capped = capped});
}

static void answer_address(const char *name, const char *text) {
    struct sockaddr_storage address = {.ss_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &((struct sockaddr_in *)&address)->sin_addr), 1);
    answer(name, DNS_TYPE_A, (struct dns_answer){.status = DNS_OK, .address = &address, .address_count = 1});
}

static void answer_caa(const char *name, const char *rdata, size_t len) {
    struct dns_blob blob = {(uint8_t *)(uintptr_t)rdata, len};
    answer(name, DNS_TYPE_CAA, (struct dns_answer){.status = DNS_OK, .blob = &blob, .blob_count = 1});
}

static void on_done(void *context) {
    (void)context;
    done++;
}

static struct reverse_result reverse;
static struct caa_result caa;

static int set_up(void **state) {
    (void)state;
    done = 0;
    asked.name[0] = '\0';
    reverse = (struct reverse_result){.status = LOOKUP_UNKNOWN};
    caa = (struct caa_result){.status = LOOKUP_UNKNOWN};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(done, 1);
    assert_string_equal(asked.name, "");
    reverse_result_free(&reverse);
    caa_result_free(&caa);
    return 0;
}

#define V4_OWNER "1.2.0.192.in-addr.arpa"

static void start_reverse(void) { reverse_look_up(&reverse, NULL, "192.0.2.1", on_done, NULL); }

/* ---- names of addresses ---- */

static void a_name_that_has_the_address_confirms_it(void **state) {
    static const char *const names[] = {"MX.example", "a.example", "mx.example"};
    (void)state;
    start_reverse();
    answer_names(V4_OWNER, names, 3, false);
    answer_address("a.example", "192.0.2.2");
    answer_address("mx.example", "192.0.2.1");
    assert_int_equal(reverse.status, LOOKUP_FOUND);
    assert_int_equal(reverse.count, 2);
    assert_string_equal(reverse.name[1], "mx.example");
    assert_int_equal(reverse.confirmed, TRI_YES);
}

static void names_that_lead_elsewhere_or_nowhere_are_a_no(void **state) {
    static const char *const names[] = {"a.example", "b.example", "no\\032host.example", "single"};
    (void)state;
    start_reverse();
    answer_names(V4_OWNER, names, 4, false);
    answer_address("a.example", "192.0.2.2");
    answer_status("b.example", DNS_TYPE_A, DNS_NXDOMAIN);
    assert_int_equal(reverse.confirmed, TRI_NO);
    assert_int_equal(reverse.count, 4);
}

static void an_address_without_a_name_is_none(void **state) {
    (void)state;
    start_reverse();
    answer_status(V4_OWNER, DNS_TYPE_PTR, DNS_NXDOMAIN);
    assert_int_equal(reverse.status, LOOKUP_NONE);
    assert_int_equal(reverse.confirmed, TRI_NO);
}

static void no_answer_is_unknown(void **state) {
    (void)state;
    start_reverse();
    answer_status(V4_OWNER, DNS_TYPE_PTR, DNS_SERVFAIL);
    assert_int_equal(reverse.status, LOOKUP_UNKNOWN);
    assert_int_equal(reverse.confirmed, TRI_UNKNOWN);
}

static void a_name_that_nobody_answers_for_leaves_it_open(void **state) {
    static const char *const names[] = {"a.example", "b.example"};
    (void)state;
    start_reverse();
    answer_names(V4_OWNER, names, 2, false);
    answer_status("a.example", DNS_TYPE_A, DNS_TIMEOUT);
    answer_address("b.example", "192.0.2.2");
    assert_int_equal(reverse.status, LOOKUP_FOUND);
    assert_int_equal(reverse.confirmed, TRI_UNKNOWN);
}

static void names_are_bounded_and_those_left_out_leave_it_open(void **state) {
    static const char *const names[] = {"a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "g.x", "h.x", "i.x"};
    (void)state;
    start_reverse();
    answer_names(V4_OWNER, names, 9, false);
    for (size_t i = 0; i < REVERSE_NAMES_MAX; i++)
        answer_status(names[i], DNS_TYPE_A, DNS_NODATA);
    assert_int_equal(reverse.count, REVERSE_NAMES_MAX);
    assert_int_equal(reverse.confirmed, TRI_UNKNOWN);
}

static void ipv6_is_asked_nibble_by_nibble(void **state) {
    static const char *const names[] = {"mx.example"};
    (void)state;
    reverse_look_up(&reverse, NULL, "2001:db8::1", on_done, NULL);
    answer_names("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", names, 1, false);
    answer_status("mx.example", DNS_TYPE_AAAA, DNS_NODATA);
    assert_int_equal(reverse.confirmed, TRI_NO);
}

/* ---- who may issue ---- */

static void the_nearest_name_upwards_that_has_records_counts(void **state) {
    static const char rdata[] = "\0\5issueca.example";
    (void)state;
    caa_look_up(&caa, NULL, "mx.a.example", on_done, NULL);
    answer_status("mx.a.example", DNS_TYPE_CAA, DNS_NODATA);
    answer_caa("a.example", rdata, sizeof rdata - 1);
    assert_int_equal(caa.status, LOOKUP_FOUND);
    assert_string_equal(caa.domain, "a.example");
    assert_string_equal(caa.record[0], "0 issue \"ca.example\"");
    assert_true(caa.restricts);
    assert_string_equal(caa.issuer[0], "ca.example");
}

static void without_records_up_to_the_top_there_are_none(void **state) {
    (void)state;
    caa_look_up(&caa, NULL, "mx.example", on_done, NULL);
    answer_status("mx.example", DNS_TYPE_CAA, DNS_NXDOMAIN);
    answer_status("example", DNS_TYPE_CAA, DNS_NODATA);
    assert_int_equal(caa.status, LOOKUP_NONE);
    assert_string_equal(caa.domain, "");
}

static void a_name_without_an_answer_makes_it_unknown_whatever_is_above(void **state) {
    (void)state;
    caa_look_up(&caa, NULL, "mx.a.example", on_done, NULL);
    answer_status("mx.a.example", DNS_TYPE_CAA, DNS_NODATA);
    answer_status("a.example", DNS_TYPE_CAA, DNS_SERVFAIL);
    assert_int_equal(caa.status, LOOKUP_UNKNOWN);
}

static void nobody_and_anybody_are_told_apart(void **state) {
    static const char nobody[] = "\0\5issue;";
    (void)state;
    caa_look_up(&caa, NULL, "mx.example", on_done, NULL);
    answer_caa("mx.example", nobody, sizeof nobody - 1);
    assert_true(caa.restricts);
    assert_int_equal(caa.issuer_count, 0);
    caa_result_free(&caa);
    caa = (struct caa_result){.status = LOOKUP_UNKNOWN};
    caa_look_up(&caa, NULL, "mx.example", on_done, NULL);
    answer_caa("mx.example", "\0\5iodefx", 8);
    assert_false(caa.restricts);
    done--;
}

#define BESIDE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BESIDE_TEST(a_name_that_has_the_address_confirms_it),
        BESIDE_TEST(names_that_lead_elsewhere_or_nowhere_are_a_no),
        BESIDE_TEST(an_address_without_a_name_is_none),
        BESIDE_TEST(no_answer_is_unknown),
        BESIDE_TEST(a_name_that_nobody_answers_for_leaves_it_open),
        BESIDE_TEST(names_are_bounded_and_those_left_out_leave_it_open),
        BESIDE_TEST(ipv6_is_asked_nibble_by_nibble),
        BESIDE_TEST(the_nearest_name_upwards_that_has_records_counts),
        BESIDE_TEST(without_records_up_to_the_top_there_are_none),
        BESIDE_TEST(a_name_without_an_answer_makes_it_unknown_whatever_is_above),
        BESIDE_TEST(nobody_and_anybody_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
