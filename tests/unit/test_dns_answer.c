// link: mxg_dns
/* test_dns_answer.c - DNS messages, built by hand. */
#include "dns/dns_answer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A message under construction: header, then one question for "example.test". */
struct message {
    uint8_t data[65536];
    size_t len;
};

static void put(struct message *m, const void *data, size_t len) {
    memcpy(m->data + m->len, data, len);
    m->len += len;
}
static void put16(struct message *m, unsigned value) {
    put(m, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void start(struct message *m, unsigned rcode, unsigned answers) {
    m->len = 0;
    put(m,
        (const uint8_t[]){0, 1, 0x81, (uint8_t)(0x80 | rcode), 0, 1, (uint8_t)(answers >> 8), (uint8_t)answers, 0, 0, 0,
                          0},
        12);
    put(m, "\7example\4test", 14);
    put16(m, DNS_TYPE_MX);
    put16(m, 1);
}

/* A record owned by a name in wire form. */
static void record_of(struct message *m, const char *owner, size_t owner_len, unsigned type, const void *data,
                      size_t len) {
    put(m, owner, owner_len);
    put16(m, type);
    put16(m, 1);
    put(m, "\0\0\1\0", 4);
    put16(m, (unsigned)len);
    put(m, data, len);
}

/* A record owned by the question's name. */
static void record(struct message *m, unsigned type, const void *data, size_t len) {
    record_of(m, "\xc0\x0c", 2, type, data, len);
}

static struct dns_answer parse(const struct message *m, unsigned type) {
    struct dns_answer answer;
    dns_answer_parse(&answer, type, m->data, m->len);
    return answer;
}

static void response_codes_become_statuses(void **state) {
    static const struct {
        unsigned rcode;
        enum dns_status status;
    } table[] = {{0, DNS_NODATA},   {1, DNS_SERVFAIL}, {2, DNS_SERVFAIL},
                 {3, DNS_NXDOMAIN}, {4, DNS_SERVFAIL}, {5, DNS_SERVFAIL}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct message m;
        start(&m, table[i].rcode, 0);
        assert_int_equal(parse(&m, DNS_TYPE_MX).status, table[i].status);
    }
}

static void mx_records_are_read_with_compressed_names(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_MX, "\0\12\2mx\xc0\x0c", 7);
    record(&m, DNS_TYPE_MX, "\0\24\0", 3);
    struct dns_answer answer = parse(&m, DNS_TYPE_MX);
    assert_int_equal(answer.status, DNS_OK);
    assert_int_equal(answer.mx_count, 2);
    assert_int_equal(answer.mx[0].preference, 10);
    assert_string_equal(answer.mx[0].exchange, "mx.example.test");
    assert_string_equal(answer.mx[1].exchange, ".");
    dns_answer_free(&answer);
}

static void odd_octets_in_a_name_are_escaped(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record(&m, DNS_TYPE_MX, "\0\1\4a.\33\0\1b\0", 10);
    struct dns_answer answer = parse(&m, DNS_TYPE_MX);
    assert_string_equal(answer.mx[0].exchange, "a\\046\\027\\000.b");
    dns_answer_free(&answer);
}

#define X_EXAMPLE_TEST "\1X\7example\4test" /* with the NUL behind it, a whole name */

static void an_alias_is_followed_to_its_addresses(void **state) {
    struct message m;
    char text[INET_ADDRSTRLEN];
    (void)state;
    start(&m, 0, 2);
    record_of(&m, X_EXAMPLE_TEST, sizeof X_EXAMPLE_TEST, DNS_TYPE_A, "\177\0\0\1", 4); /* in any order, in any case */
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    struct dns_answer answer = parse(&m, DNS_TYPE_A);
    assert_true(answer.cname);
    assert_string_equal(answer.target, "x.example.test");
    assert_int_equal(answer.address_count, 1);
    inet_ntop(AF_INET, &((struct sockaddr_in *)&answer.address[0])->sin_addr, text, sizeof text);
    assert_string_equal(text, "127.0.0.1");
    dns_answer_free(&answer);
}

static void records_of_other_names_do_not_count(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record_of(&m, X_EXAMPLE_TEST, sizeof X_EXAMPLE_TEST, DNS_TYPE_A, "\177\0\0\1", 4);
    assert_int_equal(parse(&m, DNS_TYPE_A).status, DNS_NODATA);
    start(&m, 0, 2); /* the alias has left the question's name behind */
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    record(&m, DNS_TYPE_A, "\177\0\0\1", 4);
    assert_int_equal(parse(&m, DNS_TYPE_A).status, DNS_NODATA);
}

static void aliases_that_go_round_are_no_answer(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    record_of(&m, X_EXAMPLE_TEST, sizeof X_EXAMPLE_TEST, DNS_TYPE_CNAME, "\xc0\x0c", 2);
    assert_int_equal(parse(&m, DNS_TYPE_A).status, DNS_SERVFAIL);
}

static void an_alias_may_be_asked_for_itself(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    struct dns_answer answer = parse(&m, DNS_TYPE_CNAME);
    assert_int_equal(answer.status, DNS_OK);
    assert_false(answer.cname);
    start(&m, 0, 0);
    assert_int_equal(parse(&m, DNS_TYPE_CNAME).status, DNS_NODATA);
}

static void character_strings_are_joined(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_TXT, "\3v=S\0\5TSv1;", 11);
    record(&m, DNS_TYPE_TXT, "\3a\0b", 4);
    struct dns_answer answer = parse(&m, DNS_TYPE_TXT);
    assert_int_equal(answer.status, DNS_OK);
    assert_int_equal(answer.blob_count, 2);
    assert_int_equal(answer.blob[0].len, 8);
    assert_memory_equal(answer.blob[0].data, "v=STSv1;", 8);
    assert_int_equal(answer.blob[1].len, 3); /* a NUL is an octet like others */
    dns_answer_free(&answer);
}

static void a_string_beyond_its_record_is_no_answer(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_TXT, "\1a", 2);
    record(&m, DNS_TYPE_TXT, "\5ab", 3);
    struct dns_answer answer = parse(&m, DNS_TYPE_TXT);
    assert_int_equal(answer.status, DNS_SERVFAIL);
    assert_int_equal(answer.blob_count, 0);
}

static void tlsa_records_are_their_rdata(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record(&m, DNS_TYPE_TLSA, "\3\1\1abc", 6);
    struct dns_answer answer = parse(&m, DNS_TYPE_TLSA);
    assert_int_equal(answer.blob_count, 1);
    assert_int_equal(answer.blob[0].len, 6);
    assert_memory_equal(answer.blob[0].data, "\3\1\1abc", 6);
    dns_answer_free(&answer);
}

static void the_ad_bit_is_read_from_answers_alone(void **state) {
    struct message m;
    (void)state;
    start(&m, 3, 0);
    m.data[3] |= 0x20;
    assert_true(parse(&m, DNS_TYPE_MX).authentic);
    start(&m, 3, 0);
    assert_false(parse(&m, DNS_TYPE_MX).authentic);
    start(&m, 2, 0);
    m.data[3] |= 0x20;
    assert_false(parse(&m, DNS_TYPE_MX).authentic);
}

static void an_address_of_a_wrong_length_is_no_answer(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record(&m, DNS_TYPE_A, "\177\0\0", 3);
    assert_int_equal(parse(&m, DNS_TYPE_A).status, DNS_SERVFAIL);
}

static void an_alias_alone_is_no_data(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    assert_int_equal(parse(&m, DNS_TYPE_MX).status, DNS_NODATA);
}

static void a_pointer_loop_is_no_answer(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 1);
    size_t at = m.len;
    put16(&m, 0xc000u | (unsigned)at); /* points at itself */
    put(&m, "\0\17\0\1\0\0\0\0\0\0", 10);
    assert_int_equal(parse(&m, DNS_TYPE_MX).status, DNS_SERVFAIL);
}

static void every_prefix_of_an_answer_is_survived(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_MX, "\0\12\2mx\xc0\x0c", 7);
    record(&m, DNS_TYPE_A, "\177\0\0\1", 4);
    for (size_t len = 0; len < m.len; len++) {
        struct dns_answer answer;
        dns_answer_parse(&answer, DNS_TYPE_MX, m.data, len);
        assert_int_equal(answer.status, DNS_SERVFAIL);
        dns_answer_free(&answer);
    }
}

static void records_beyond_the_cap_are_left_out(void **state) {
    struct message m;
    (void)state;
    start(&m, 0, 2000);
    for (unsigned i = 0; i < 2000; i++)
        record(&m, DNS_TYPE_MX, "\0\12\2mx\xc0\x0c", 7);
    struct dns_answer answer = parse(&m, DNS_TYPE_MX);
    assert_int_equal(answer.mx_count, DNS_MX_MAX);
    assert_true(answer.capped);
    dns_answer_free(&answer);
}

static void ptr_names_are_expanded_and_caa_is_kept_raw(void **state) {
    static struct message m;
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_PTR, "\2mx\xc0\x0c", 5);
    record(&m, DNS_TYPE_PTR, "\3a.b\0", 5);
    struct dns_answer answer = parse(&m, DNS_TYPE_PTR);
    assert_int_equal(answer.blob_count, 2);
    assert_string_equal((const char *)answer.blob[0].data, "mx.example.test");
    assert_string_equal((const char *)answer.blob[1].data, "a\\046b");
    dns_answer_free(&answer);
    start(&m, 0, 1);
    record(&m, DNS_TYPE_PTR, "\2mx\0x", 5); /* more than a name */
    answer = parse(&m, DNS_TYPE_PTR);
    assert_int_equal(answer.status, DNS_SERVFAIL);
    dns_answer_free(&answer);
    start(&m, 0, 1);
    record(&m, DNS_TYPE_CAA, "\0\5issue;", 8);
    answer = parse(&m, DNS_TYPE_CAA);
    assert_int_equal(answer.blob_count, 1);
    assert_int_equal(answer.blob[0].len, 8);
    dns_answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ptr_names_are_expanded_and_caa_is_kept_raw),
        cmocka_unit_test(response_codes_become_statuses),
        cmocka_unit_test(mx_records_are_read_with_compressed_names),
        cmocka_unit_test(odd_octets_in_a_name_are_escaped),
        cmocka_unit_test(an_alias_is_followed_to_its_addresses),
        cmocka_unit_test(records_of_other_names_do_not_count),
        cmocka_unit_test(aliases_that_go_round_are_no_answer),
        cmocka_unit_test(an_alias_may_be_asked_for_itself),
        cmocka_unit_test(character_strings_are_joined),
        cmocka_unit_test(a_string_beyond_its_record_is_no_answer),
        cmocka_unit_test(tlsa_records_are_their_rdata),
        cmocka_unit_test(the_ad_bit_is_read_from_answers_alone),
        cmocka_unit_test(an_address_of_a_wrong_length_is_no_answer),
        cmocka_unit_test(an_alias_alone_is_no_data),
        cmocka_unit_test(a_pointer_loop_is_no_answer),
        cmocka_unit_test(every_prefix_of_an_answer_is_survived),
        cmocka_unit_test(records_beyond_the_cap_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
