// link: mxg_dns
/* test_dns_answer.c - DNS messages, built by hand. */
#include "dns_answer.h"

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

/* A record owned by the question's name. */
static void record(struct message *m, unsigned type, const void *data, size_t len) {
    put16(m, 0xc00c);
    put16(m, type);
    put16(m, 1);
    put(m, "\0\0\1\0", 4);
    put16(m, (unsigned)len);
    put(m, data, len);
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

static void addresses_and_aliases_are_read(void **state) {
    struct message m;
    char text[INET_ADDRSTRLEN];
    (void)state;
    start(&m, 0, 2);
    record(&m, DNS_TYPE_CNAME, "\1x\xc0\x0c", 4);
    record(&m, DNS_TYPE_A, "\177\0\0\1", 4);
    struct dns_answer answer = parse(&m, DNS_TYPE_A);
    assert_true(answer.cname);
    assert_int_equal(answer.address_count, 1);
    inet_ntop(AF_INET, &((struct sockaddr_in *)&answer.address[0])->sin_addr, text, sizeof text);
    assert_string_equal(text, "127.0.0.1");
    dns_answer_free(&answer);
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
    dns_answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_codes_become_statuses),
        cmocka_unit_test(mx_records_are_read_with_compressed_names),
        cmocka_unit_test(odd_octets_in_a_name_are_escaped),
        cmocka_unit_test(addresses_and_aliases_are_read),
        cmocka_unit_test(an_alias_alone_is_no_data),
        cmocka_unit_test(a_pointer_loop_is_no_answer),
        cmocka_unit_test(every_prefix_of_an_answer_is_survived),
        cmocka_unit_test(records_beyond_the_cap_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
