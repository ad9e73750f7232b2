// link: mxg_probe
/* test_smtp.c - SMTP replies from well-behaved and hostile servers. */
#include "probe/smtp.h"

#include "probe/smtp_ehlo.h"

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

static struct smtp_ehlo parsed(const struct smtp_reply *reply) {
    struct smtp_ehlo ehlo;
    smtp_ehlo_parse(&ehlo, reply);
    return ehlo;
}

/* What a whole reply of these lines says. */
static struct smtp_ehlo said_by(const char *text) {
    struct smtp_reply reply;
    smtp_reply_init(&reply);
    feed(&reply, text);
    assert_int_equal(reply.state, SMTP_REPLY);
    struct smtp_ehlo ehlo = parsed(&reply);
    smtp_reply_free(&reply);
    return ehlo;
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
    struct smtp_ehlo ehlo = parsed(&reply);
    assert_int_equal(ehlo.listed, 1u << SMTP_STARTTLS | 1u << SMTP_SIZE);
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
    assert_int_equal(parsed(&reply).listed, 1u << SMTP_STARTTLS);
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
    (void)state;
    struct smtp_ehlo masked = said_by("250-x\r\n250-XXXXXXXA\r\n250 SIZE\r\n");
    struct smtp_ehlo clear = said_by("250-x\r\n250-XCLIENT\r\n250 SIZE\r\n");
    assert_true(masked.masked);
    assert_int_equal(masked.listed, 1u << SMTP_SIZE);
    assert_false(clear.masked);
}

static void extensions_are_listed_by_whole_keywords(void **state) {
    (void)state;
    struct smtp_ehlo all = said_by("250-x\r\n250-starttls\r\n250-AUTH PLAIN\r\n250-RequireTLS\r\n250-SMTPUTF8\r\n"
                                   "250-SIZE 1\r\n250-PIPELINING\r\n250-8bitmime\r\n250-CHUNKING\r\n250 DSN\r\n");
    assert_int_equal(all.listed, (1u << SMTP_EXTENSION_COUNT) - 1);
    /* The first line is the host's name, whatever it is. */
    assert_int_equal(
        said_by("250-AUTH\r\n250-AUTHX PLAIN\r\n250-XAUTH\r\n250-SIZES\r\n250-SMTP UTF8\r\n250 8BIT\r\n").listed, 0);
    assert_int_equal(said_by("250 x\r\n").listed, 0);
}

static void mechanisms_are_kept_once_and_clean(void **state) {
    (void)state;
    struct smtp_ehlo ehlo = said_by("250-x\r\n250-AUTH plain LOGIN  CRAM-MD5\r\n250-AUTH=LOGIN PLAIN XOAUTH2\r\n"
                                    "250-AUTH \x1b[31m \xff<b> SCRAM-SHA-256\r\n250 SIZE\r\n");
    static const char *const expected[] = {"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "SCRAM-SHA-256"};
    assert_int_equal(ehlo.mechanism_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(ehlo.mechanism[i], expected[i]);
    struct smtp_ehlo none = said_by("250-x\r\n250 AUTH\r\n");
    assert_true(smtp_ehlo_lists(&none, SMTP_AUTH));
    assert_int_equal(none.mechanism_count, 0);
}

static void mechanisms_are_bounded(void **state) {
    char text[2000] = "250-x\r\n250 AUTH aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    (void)state;
    for (size_t i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), " M%zu", i);
    snprintf(text + strlen(text), sizeof text - strlen(text), "\r\n");
    struct smtp_ehlo ehlo = said_by(text);
    assert_int_equal(ehlo.mechanism_count, SMTP_MECHANISMS_MAX);
    assert_string_equal(ehlo.mechanism[0], "M0"); /* what is longer than any mechanism is none */
}

static void a_size_may_have_a_number(void **state) {
    static const struct {
        const char *line;
        bool has_limit;
        int64_t limit;
    } cases[] = {{"SIZE", false, 0},
                 {"SIZE 0", true, 0},
                 {"SIZE 10240000", true, 10240000},
                 {"size 35882577 ", true, 35882577},
                 {"SIZE 9223372036854775807", true, INT64_MAX},
                 {"SIZE 99999999999999999999", true, INT64_MAX},
                 {"SIZE -1", false, 0},
                 {"SIZE 10M", false, 0},
                 {"SIZE ten", false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "250-x\r\n250 %s\r\n", cases[i].line);
        struct smtp_ehlo ehlo = said_by(text);
        assert_true(smtp_ehlo_lists(&ehlo, SMTP_SIZE));
        assert_int_equal(ehlo.has_limit, cases[i].has_limit);
        assert_true(ehlo.limit == cases[i].limit);
    }
}

static void the_first_word_is_the_host_that_a_server_says_it_is(void **state) {
    static const struct {
        const char *text, *name;
        bool is_host;
    } cases[] = {{"MX1.Example.ORG. ESMTP", "mx1.example.org", true},
                 {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
                 {"mail ESMTP Postfix", "mail", false},
                 {"localhost", "localhost", false},
                 {"localhost.localdomain", "localhost.localdomain", true},
                 {"[192.0.2.1] ready", "[192.0.2.1]", false},
                 {"192.0.2.1 ready", "192.0.2.1", false},
                 {"a_b.example ESMTP", "a_b.example", false},
                 {"****************", "****************", false},
                 {"b\xc3\xbc"
                  "cher.example",
                  "b\xc3\xbc"
                  "cher.example",
                  false},
                 {"evil\x1b[2J.example hi", "evil\\x1b[2j.example", false},
                 {"", "", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply reply;
        char text[128], name[NAME_CAP];
        smtp_reply_init(&reply);
        snprintf(text, sizeof text, "220 %s\r\n", cases[i].text);
        feed(&reply, text);
        assert_int_equal(smtp_named_host(name, &reply), cases[i].is_host);
        assert_string_equal(name, cases[i].name);
        smtp_reply_free(&reply);
    }
}

static void a_name_longer_than_names_are_is_cut(void **state) {
    struct smtp_reply reply;
    char text[1100] = "220 ", name[NAME_CAP];
    (void)state;
    memset(text + 4, 'a', 1000);
    memcpy(text + 1004, ".org\r\n", 7);
    smtp_reply_init(&reply);
    feed(&reply, text);
    assert_false(smtp_named_host(name, &reply));
    assert_int_equal(strlen(name), NAME_CAP - 1);
    smtp_reply_free(&reply);
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
        cmocka_unit_test(extensions_are_listed_by_whole_keywords),
        cmocka_unit_test(mechanisms_are_kept_once_and_clean),
        cmocka_unit_test(mechanisms_are_bounded),
        cmocka_unit_test(a_size_may_have_a_number),
        cmocka_unit_test(the_first_word_is_the_host_that_a_server_says_it_is),
        cmocka_unit_test(a_name_longer_than_names_are_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
