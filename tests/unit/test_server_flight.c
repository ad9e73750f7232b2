// link: mxg_tls
/* test_server_flight.c - answers to hellos: whole, cut, in single octets, lying. */
#include "tls/server_flight.h"
#include "tls/tls_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint16_t SUITES[] = {0xC02F, 0x0004};
static const struct hello_spec OFFER = {.max = VERSION_TLS1_2, .suites = SUITES, .suite_count = 2};

/* SHA-256("HelloRetryRequest") */
static const uint8_t RETRY[32] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                  0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                  0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

struct bytes {
    uint8_t data[70000];
    size_t len;
};

static void put(struct bytes *b, const void *data, size_t len) {
    memcpy(b->data + b->len, data, len);
    b->len += len;
}
static void put_number(struct bytes *b, size_t value, unsigned width) {
    for (unsigned i = width; i-- > 0;)
        put(b, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}
static void put_record(struct bytes *b, uint8_t type, const void *data, size_t len) {
    put(b, (const uint8_t[]){type, 3, 3}, 3);
    put_number(b, len, 2);
    put(b, data, len);
}
static void put_message(struct bytes *b, uint8_t type, const void *data, size_t len) {
    put(b, &type, 1);
    put_number(b, len, 3);
    put(b, data, len);
}

/* A ServerHello's body, with an extensions block if any. */
static struct bytes server_hello(unsigned version, unsigned suite, const uint8_t *random, const void *extensions,
                                 size_t len) {
    static const uint8_t zeros[32];
    struct bytes b = {.len = 0};
    put_number(&b, version, 2);
    put(&b, random ? random : zeros, 32);
    put_number(&b, 0, 1);
    put_number(&b, suite, 2);
    put_number(&b, 0, 1);
    if (extensions) {
        put_number(&b, len, 2);
        put(&b, extensions, len);
    }
    return b;
}

/* ServerHello, Certificate, ServerKeyExchange, ServerHelloDone, all in one stream of messages. */
static struct bytes messages_tls12(void) {
    static const uint8_t certificate[] = {0, 0, 6, 0, 0, 3, 'D', 'E', 'R'};
    static const uint8_t exchange[] = {3, 0, 0x1D, 2, 7, 7, 8, 4, 0, 1, 9};
    struct bytes b = {.len = 0}, hello = server_hello(0x0303, 0xC02F, NULL, NULL, 0);
    put_message(&b, 2, hello.data, hello.len);
    put_message(&b, 11, certificate, sizeof certificate);
    put_message(&b, 12, exchange, sizeof exchange);
    put_message(&b, 14, "", 0);
    return b;
}

static struct flight feed(enum tls_version max, const struct bytes *b, size_t step) {
    struct flight flight;
    flight_init(&flight, max);
    for (size_t at = 0; at < b->len; at += step)
        flight_feed(&flight, b->data + at, b->len - at < step ? b->len - at : step);
    return flight;
}

static void check_whole(struct flight *flight) {
    const uint8_t *list;
    size_t len;
    assert_int_equal(flight->state, FLIGHT_WHOLE);
    assert_int_equal(flight->version, 0x0303);
    assert_int_equal(flight->suite, 0xC02F);
    assert_int_equal(flight->group, 0x001D);
    assert_int_equal(flight->signature, 0x0804);
    assert_true(flight_offered(flight, &OFFER, false));
    assert_true(flight_certificates(flight, &list, &len));
    assert_int_equal(len, 9);
    assert_memory_equal(list + 6, "DER", 3);
    flight_free(flight);
}

static void a_flight_is_read_in_any_segmentation(void **state) {
    struct bytes messages = messages_tls12(), one = {.len = 0}, many = {.len = 0};
    (void)state;
    put_record(&one, 22, messages.data, messages.len);
    for (size_t i = 0; i < messages.len; i++) /* a record an octet */
        put_record(&many, 22, messages.data + i, 1);
    for (size_t step = 1; step < 80; step++) {
        struct flight flight = feed(VERSION_TLS1_2, &one, step);
        check_whole(&flight);
        flight = feed(VERSION_TLS1_2, &many, step);
        check_whole(&flight);
    }
}

static void every_prefix_wants_more(void **state) {
    struct bytes messages = messages_tls12(), whole = {.len = 0};
    (void)state;
    put_record(&whole, 22, messages.data, messages.len);
    for (size_t len = 0; len < whole.len; len++) {
        struct bytes prefix = whole;
        prefix.len = len;
        struct flight flight = feed(VERSION_TLS1_2, &prefix, 7);
        assert_int_equal(flight.state, FLIGHT_MORE);
        flight_free(&flight);
    }
}

static enum flight_state state_of(const void *data, size_t len, enum tls_version max) {
    struct flight flight;
    flight_init(&flight, max);
    enum flight_state state = flight_feed(&flight, data, len);
    flight_free(&flight);
    return state;
}

static void refusals_are_alerts_and_close_notify(void **state) {
    (void)state;
    assert_int_equal(state_of("\25\3\1\0\2\2\50", 7, VERSION_TLS1_2), FLIGHT_ALERT);
    assert_int_equal(state_of("\25\3\3\0\2\1\0", 7, VERSION_TLS1_2), FLIGHT_ALERT);
    assert_int_equal(state_of("\25\3\3\0\2\1\160", 7, VERSION_TLS1_2), FLIGHT_MORE); /* unrecognized_name, a warning */
}

/* BearSSL's alerts come in records of version 0.0. */
static void an_alert_is_one_whatever_version_its_record_has(void **state) {
    struct bytes alert = {.data = {21, 0, 0, 0, 2, 2, 70}, .len = 7}, cut = {.len = 0};
    (void)state;
    for (size_t step = 1; step <= alert.len; step++) {
        struct flight flight = feed(VERSION_TLS1_0, &alert, step);
        assert_int_equal(flight.state, FLIGHT_ALERT);
        assert_int_equal(flight.alert, 70);
        flight_free(&flight);
    }
    assert_int_equal(state_of("\25\0\0\0\2\1\0", 7, VERSION_TLS1_0), FLIGHT_ALERT); /* close_notify */
    assert_int_equal(state_of("\25\2\0\0\2\2\50", 7, VERSION_TLS1_0), FLIGHT_ALERT);
    struct bytes hello = server_hello(0x0303, 0xC02F, NULL, NULL, 0), messages = {.len = 0};
    put_message(&messages, 2, hello.data, hello.len);
    put_record(&cut, 22, messages.data, messages.len);
    put(&cut, alert.data, alert.len);
    struct flight flight = feed(VERSION_TLS1_2, &cut, 3);
    assert_int_equal(flight.state, FLIGHT_CUT);
    assert_int_equal(flight.alert, 70);
    flight_free(&flight);
    /* Nothing else is believed without a version: another length, level or type. */
    static const char *const others[] = {"\25\0\0\1\2\2\50", "\25\0\0\0\3\2\50", "\25\0\0\0\2\3\50",
                                         "\26\0\0\0\2\2\50"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(state_of(others[i], 7, VERSION_TLS1_0), FLIGHT_MALFORMED);
}

static void a_warning_before_the_hello_is_skipped_but_not_for_ever(void **state) {
    struct bytes messages = messages_tls12(), b = {.len = 0};
    (void)state;
    put_record(&b, 21, "\1\160", 2);
    put_record(&b, 22, messages.data, messages.len);
    struct flight flight = feed(VERSION_TLS1_2, &b, 3);
    assert_true(flight.warned);
    check_whole(&flight);
    b.len = 0;
    for (unsigned i = 0; i < 100; i++)
        put_record(&b, 21, "\1\160", 2);
    flight = feed(VERSION_TLS1_2, &b, 5);
    assert_int_equal(flight.state, FLIGHT_MALFORMED);
    flight_free(&flight);
}

static void a_retry_request_names_the_group(void **state) {
    static const uint16_t suites[] = {0x1301};
    static const uint8_t extensions[] = {0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xEC};
    static const uint16_t hybrid[] = {0x11EC}, other[] = {0x001D};
    const struct hello_spec only13 = {
        .max = VERSION_TLS1_3, .suites = suites, .suite_count = 1, .groups = hybrid, .group_count = 1};
    struct hello_spec another_group = only13;
    another_group.groups = other;
    struct bytes hello = server_hello(0x0303, 0x1301, RETRY, extensions, sizeof extensions), m = {.len = 0},
                 b = {.len = 0};
    (void)state;
    put_message(&m, 2, hello.data, hello.len);
    put_record(&b, 22, m.data, m.len);
    struct flight flight = feed(VERSION_TLS1_3, &b, 10);
    assert_int_equal(flight.state, FLIGHT_HELLO);
    assert_true(flight.retry_request);
    assert_int_equal(flight.version, VERSION_TLS1_3);
    assert_true(tls_group_is_hybrid(flight.group));
    assert_true(flight_offered(&flight, &only13, false));
    assert_false(flight_offered(&flight, &another_group, false));
    assert_false(flight_offered(&flight, &OFFER, false)); /* 1.3 was not offered there */
    flight_free(&flight);
}

static void a_suite_that_was_not_offered_is_told_apart(void **state) {
    struct bytes hello = server_hello(0x0301, 0x0005, NULL, NULL, 0), m = {.len = 0}, b = {.len = 0};
    (void)state;
    put_message(&m, 2, hello.data, hello.len);
    put_message(&m, 14, "", 0);
    put_record(&b, 22, m.data, m.len);
    struct flight flight = feed(VERSION_TLS1_2, &b, 100);
    assert_int_equal(flight.state, FLIGHT_WHOLE);
    assert_false(flight_offered(&flight, &OFFER, false));
    flight_free(&flight);
}

/* The length of a prime of 8,000 bits, 1,000 octets, begins as a named curve does; so does a long PSK hint. */
static void a_long_prime_is_no_curve(void **state) {
    static const uint16_t suites[] = {0x009E, 0xC033};
    uint8_t exchange[1200] = {3, 0xE8, 0xFF};
    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct bytes b = {.len = 0}, messages = {.len = 0}, hello = server_hello(0x0303, suites[i], NULL, NULL, 0);
        put_message(&messages, 2, hello.data, hello.len);
        put_message(&messages, 12, exchange, sizeof exchange);
        put_message(&messages, 14, "", 0);
        put_record(&b, 22, messages.data, messages.len);
        struct flight flight = feed(VERSION_TLS1_2, &b, 100);
        assert_int_equal(flight.state, FLIGHT_WHOLE);
        assert_int_equal(flight.group, 0);
        assert_int_equal(flight.signature, 0);
        flight_free(&flight);
    }
}

static void an_alert_after_the_hello_is_a_cut(void **state) {
    struct bytes hello = server_hello(0x0303, 0xC02F, NULL, NULL, 0), m = {.len = 0}, b = {.len = 0};
    (void)state;
    put_message(&m, 2, hello.data, hello.len);
    put_record(&b, 22, m.data, m.len);
    put_record(&b, 21, "\2\120", 2);
    struct flight flight = feed(VERSION_TLS1_2, &b, 9);
    assert_int_equal(flight.state, FLIGHT_CUT);
    assert_int_equal(flight.alert, 80);
    flight_free(&flight);
}

static void ssl2_is_only_believed_when_it_was_offered(void **state) {
    struct bytes b = {.len = 0};
    const uint8_t *list;
    size_t len;
    (void)state;
    put_number(&b, 0x8000 | (11 + 3 + 3 + 2), 2);
    put(&b, "\4\0\1\0\2\0\3\0\3\0\2DER\1\0\200id", 19);
    struct flight flight = feed(VERSION_SSLV2, &b, 1);
    assert_int_equal(flight.state, FLIGHT_HELLO);
    assert_int_equal(flight.version, VERSION_SSLV2);
    assert_int_equal(flight.v2_kinds, 1);
    assert_true(flight_certificates(&flight, &list, &len));
    assert_memory_equal(list, "\0\0\6\0\0\3DER", 9);
    flight_free(&flight);
    flight = feed(VERSION_TLS1_2, &b, 1);
    assert_int_equal(flight.state, FLIGHT_MALFORMED);
    flight_free(&flight);
}

static void an_ssl2_answer_behind_a_tls_one_is_none(void **state) {
    struct bytes messages = messages_tls12(), b = {.len = 0};
    (void)state;
    put_record(&b, 22, messages.data, messages.len - 4); /* selected, a certificate, not yet done */
    put(&b, "\200\23\4\0\1\0\2\0\3\0\3\0\2DER\1\0\200id", 21);
    struct flight flight = feed(VERSION_SSLV2, &b, b.len);
    assert_int_equal(flight.state, FLIGHT_MALFORMED);
    assert_int_equal(flight.version, VERSION_TLS1_2);
    flight_free(&flight);
}

static void an_empty_ssl2_record_is_no_refusal(void **state) {
    static const uint8_t empty[] = {0x80, 0x00}, error[] = {0x80, 0x03, 0x00, 0x00, 0x01};
    struct flight flight;
    (void)state;
    flight_init(&flight, VERSION_SSLV2);
    assert_int_equal(flight_feed(&flight, empty, sizeof empty), FLIGHT_MALFORMED);
    flight_free(&flight);
    flight_init(&flight, VERSION_SSLV2);
    assert_int_equal(flight_feed(&flight, error, sizeof error), FLIGHT_ALERT);
    flight_free(&flight);
}

static void nothing_fed_changes_nothing(void **state) {
    struct flight flight;
    (void)state;
    flight_init(&flight, VERSION_TLS1_2);
    assert_int_equal(flight_feed(&flight, (const uint8_t *)"", 0), FLIGHT_MORE);
    assert_int_equal(flight_feed(&flight, (const uint8_t *)"\26", 1), FLIGHT_MORE);
    assert_int_equal(flight_feed(&flight, (const uint8_t *)"", 0), FLIGHT_MORE);
    flight_free(&flight);
}

static void what_is_no_tls_is_malformed(void **state) {
    static const char *const list[] = {"250 OK\r\n", "HTTP/1.1 400\r\n", "\x16\x02\x03 ", "\x17\x03\x03\x00\x01x"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        assert_int_equal(state_of(list[i], i == 3 ? 6 : strlen(list[i]), VERSION_TLS1_2), FLIGHT_MALFORMED);
    assert_int_equal(state_of("\26\3\3\177\377", 5, VERSION_TLS1_2), FLIGHT_MALFORMED); /* oversized record */
}

static void an_endless_flight_is_bounded(void **state) {
    static struct bytes b;
    static uint8_t filler[16000];
    struct flight flight;
    (void)state;
    b.len = 0;
    put_record(&b, 22, "\13\377\377\377", 4);
    flight_init(&flight, VERSION_TLS1_2);
    flight_feed(&flight, b.data, b.len);
    assert_int_equal(flight.state, FLIGHT_MALFORMED); /* a message of 16 MiB is announced */
    flight_free(&flight);
    flight_init(&flight, VERSION_TLS1_2);
    struct bytes messages = messages_tls12();
    b.len = 0;
    put_record(&b, 22, messages.data, messages.len - 4);
    put_record(&b, 22, "\13\3\377\377", 4);
    flight_feed(&flight, b.data, b.len);
    b.len = 0;
    put_record(&b, 22, filler, sizeof filler);
    for (unsigned i = 0; i < 100 && flight.state == FLIGHT_MORE; i++)
        flight_feed(&flight, b.data, b.len);
    assert_int_equal(flight.state, FLIGHT_MALFORMED);
    flight_free(&flight);
}

static struct flight feed_hello(enum tls_version max, const struct bytes *hello) {
    struct bytes messages = {.len = 0}, b = {.len = 0};
    put_message(&messages, 2, hello->data, hello->len);
    put_record(&b, 22, messages.data, messages.len);
    struct flight flight = feed(max, &b, b.len);
    flight_free(&flight);
    return flight;
}

/* RFC 8446 section 4.1.3: 0x0304 in server_version proves nothing, and a client that believed it saw a 1.3 server. */
static void tls13_is_named_by_supported_versions_alone(void **state) {
    static const unsigned nonsense[] = {0x0000, 0x0100, 0x0002, 0x02FF, 0x0304, 0x0399, 0xFEFF};
    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct bytes hello = server_hello(nonsense[i], 0x1301, NULL, NULL, 0);
        struct flight flight = feed_hello(VERSION_TLS1_3, &hello);
        assert_int_equal(flight.state, FLIGHT_MALFORMED);
        assert_false(flight.selected);
    }
}

static void a_compression_that_was_not_offered_is_no_selection(void **state) {
    (void)state;
    struct bytes hello = server_hello(0x0303, 0xC02F, NULL, NULL, 0);
    assert_true(feed_hello(VERSION_TLS1_2, &hello).selected);
    hello.data[hello.len - 1] = 1; /* DEFLATE */
    assert_int_equal(feed_hello(VERSION_TLS1_2, &hello).state, FLIGHT_MALFORMED);
}

static void a_retry_for_nothing_or_for_a_foreign_group_is_no_selection(void **state) {
    static const uint8_t version[] = {0, 43, 0, 2, 3, 4}, cookie[] = {0, 43, 0, 2, 3, 4, 0, 44, 0, 3, 0, 1, 9},
                         foreign[] = {0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x77, 0x77};
    static const uint16_t suites[] = {0x1301}, groups[] = {0x11EC, 0x001D};
    const struct hello_spec spec = {
        .max = VERSION_TLS1_3, .suites = suites, .suite_count = 1, .groups = groups, .group_count = 2};
    (void)state;
    struct bytes hello = server_hello(0x0303, 0x1301, RETRY, version, sizeof version);
    assert_int_equal(feed_hello(VERSION_TLS1_3, &hello).state, FLIGHT_MALFORMED);
    hello = server_hello(0x0303, 0x1301, RETRY, version + 6, 0); /* and no 1.3 at all */
    assert_int_equal(feed_hello(VERSION_TLS1_2, &hello).state, FLIGHT_MALFORMED);
    hello = server_hello(0x0303, 0x1301, RETRY, cookie, sizeof cookie);
    struct flight flight = feed_hello(VERSION_TLS1_3, &hello);
    assert_int_equal(flight.state, FLIGHT_HELLO);
    assert_true(flight_offered(&flight, &spec, false));
    hello = server_hello(0x0303, 0x1301, RETRY, foreign, sizeof foreign);
    flight = feed_hello(VERSION_TLS1_3, &hello);
    assert_int_equal(flight.state, FLIGHT_HELLO);
    assert_false(flight_offered(&flight, &spec, false));
}

/* Records without content hold no memory, but an endless stream of them held the connection until its time-out. */
static void an_endless_stream_of_empty_records_is_bounded(void **state) {
    static const uint8_t empty[] = {22, 3, 3, 0, 0};
    struct flight flight;
    size_t fed = 0;
    (void)state;
    flight_init(&flight, VERSION_TLS1_2);
    while (fed <= 2 * FLIGHT_MAX_OCTETS && flight_feed(&flight, empty, sizeof empty) == FLIGHT_MORE)
        fed += sizeof empty;
    assert_int_equal(flight.state, FLIGHT_MALFORMED);
    assert_true(fed <= FLIGHT_MAX_OCTETS);
    flight_free(&flight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flight_is_read_in_any_segmentation),
        cmocka_unit_test(every_prefix_wants_more),
        cmocka_unit_test(refusals_are_alerts_and_close_notify),
        cmocka_unit_test(an_alert_is_one_whatever_version_its_record_has),
        cmocka_unit_test(a_warning_before_the_hello_is_skipped_but_not_for_ever),
        cmocka_unit_test(a_retry_request_names_the_group),
        cmocka_unit_test(a_suite_that_was_not_offered_is_told_apart),
        cmocka_unit_test(a_long_prime_is_no_curve),
        cmocka_unit_test(an_alert_after_the_hello_is_a_cut),
        cmocka_unit_test(ssl2_is_only_believed_when_it_was_offered),
        cmocka_unit_test(an_ssl2_answer_behind_a_tls_one_is_none),
        cmocka_unit_test(an_empty_ssl2_record_is_no_refusal),
        cmocka_unit_test(nothing_fed_changes_nothing),
        cmocka_unit_test(what_is_no_tls_is_malformed),
        cmocka_unit_test(an_endless_flight_is_bounded),
        cmocka_unit_test(tls13_is_named_by_supported_versions_alone),
        cmocka_unit_test(a_compression_that_was_not_offered_is_no_selection),
        cmocka_unit_test(a_retry_for_nothing_or_for_a_foreign_group_is_no_selection),
        cmocka_unit_test(an_endless_stream_of_empty_records_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
