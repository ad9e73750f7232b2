// link: mxg_probe
/* test_smtp.c - SMTP replies from well-behaved and hostile servers. */
#include "probe/smtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t feed(struct smtp_reply *reply, const char *text) {
    return smtp_reply_feed(reply, (const uint8_t *)text, strlen(text));
}

static void a_reply_of_several_lines_is_read_to_its_end(void **state) {
    static const char text[] = "250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n220 next";
    struct smtp_reply reply;
    (void)state;
    smtp_reply_init(&reply);
    assert_int_equal(feed(&reply, text), strlen(text) - strlen("220 next"));
    assert_int_equal(reply.state, SMTP_REPLY);
    assert_int_equal(reply.code, 250);
    assert_int_equal(reply.line_count, 3);
    assert_string_equal(smtp_reply_line(&reply, 1), "SIZE 1000");
    assert_null(smtp_reply_line(&reply, 3));
    assert_true(smtp_ehlo_has(&reply, "STARTTLS"));
    assert_true(smtp_ehlo_has(&reply, "size"));
    assert_false(smtp_ehlo_has(&reply, "SIZ"));
    smtp_reply_free(&reply);
}

static void single_octets_and_bare_line_feeds_are_understood(void **state) {
    static const char text[] = "250-x\n250 starttls\n";
    struct smtp_reply reply;
    (void)state;
    smtp_reply_init(&reply);
    for (const char *at = text; *at; at++) {
        assert_int_equal(reply.state, SMTP_MORE);
        assert_int_equal(smtp_reply_feed(&reply, (const uint8_t *)at, 1), 1);
    }
    assert_int_equal(reply.state, SMTP_REPLY);
    assert_true(smtp_ehlo_has(&reply, "STARTTLS"));
    smtp_reply_free(&reply);
}

static void what_is_no_reply_is_bad(void **state) {
    static const char *const list[] = {"hello\r\n",         "\r\n",      "25\r\n",    "25x ok\r\n",
                                       "099 x\r\n",         "600 x\r\n", "250_x\r\n", "250-a\r\n220 b\r\n",
                                       "\x16\x03\x01\x02\n"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct smtp_reply reply;
        smtp_reply_init(&reply);
        feed(&reply, list[i]);
        assert_int_equal(reply.state, SMTP_BAD);
        assert_non_null(reply.error);
        smtp_reply_free(&reply);
    }
}

static void a_code_alone_is_a_reply(void **state) {
    struct smtp_reply reply;
    (void)state;
    smtp_reply_init(&reply);
    feed(&reply, "220\r\n");
    assert_int_equal(reply.state, SMTP_REPLY);
    assert_string_equal(smtp_reply_line(&reply, 0), "");
    smtp_reply_free(&reply);
}

static void hostile_text_is_sanitised(void **state) {
    static const uint8_t data[] = "220 a\0b\x1b[31m\xff\r\n";
    struct smtp_reply reply;
    (void)state;
    smtp_reply_init(&reply);
    smtp_reply_feed(&reply, data, sizeof data - 1);
    assert_string_equal(smtp_reply_line(&reply, 0), "a\\x00b\\x1b[31m\\xff");
    smtp_reply_free(&reply);
}

/* Feeds one chunk over and over and returns how many octets it took until the reply was judged. */
static size_t feed_until_judged(const char *chunk) {
    struct smtp_reply reply;
    size_t total = 0;
    smtp_reply_init(&reply);
    while (reply.state == SMTP_MORE && total < (size_t)1 << 30)
        total += strlen(chunk), feed(&reply, chunk);
    assert_int_equal(reply.state, SMTP_BAD);
    smtp_reply_free(&reply);
    return total;
}

static void endless_replies_are_bounded(void **state) {
    (void)state;
    assert_in_range(feed_until_judged("aaaaaaaaaaaaaaaa"), SMTP_LINE_MAX, SMTP_LINE_MAX + 32);
    assert_in_range(feed_until_judged("250-a\r\n"), SMTP_LINES_MAX * 7, SMTP_LINES_MAX * 7 + 7);
    char line[1100];
    memset(line, 'a', sizeof line);
    memcpy(line, "250-", 4);
    memcpy(line + sizeof line - 2, "\n", 2);
    assert_in_range(feed_until_judged(line), SMTP_REPLY_MAX - sizeof line, SMTP_REPLY_MAX + sizeof line);
}

static void a_masked_keyword_is_recognised(void **state) {
    struct smtp_reply masked, clear;
    (void)state;
    smtp_reply_init(&masked);
    smtp_reply_init(&clear);
    feed(&masked, "250-x\r\n250-XXXXXXXA\r\n250 SIZE\r\n");
    feed(&clear, "250-x\r\n250-XCLIENT\r\n250 SIZE\r\n");
    assert_true(smtp_ehlo_masked(&masked));
    assert_false(smtp_ehlo_has(&masked, "STARTTLS"));
    assert_false(smtp_ehlo_masked(&clear));
    smtp_reply_free(&masked);
    smtp_reply_free(&clear);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_of_several_lines_is_read_to_its_end),
        cmocka_unit_test(single_octets_and_bare_line_feeds_are_understood),
        cmocka_unit_test(what_is_no_reply_is_bad),
        cmocka_unit_test(a_code_alone_is_a_reply),
        cmocka_unit_test(hostile_text_is_sanitised),
        cmocka_unit_test(endless_replies_are_bounded),
        cmocka_unit_test(a_masked_keyword_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
