// link: mxg_probe
/* test_session.c - what a server's replies before TLS come to; no socket, the session alone. And who we are in EHLO. */
#include "probe/session_smtp.h"

#include "probe/ehlo_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { REPLIES_MAX = 3 };

/* The server's replies to the connection, to EHLO and to what comes behind it. */
static struct answer answer_to(const char *greeting, const char *ehlo, const char *then, enum session_state *state) {
    const char *const replies[REPLIES_MAX] = {greeting, ehlo, then};
    const struct step step = {.kind = STEP_HELLO, .max = VERSION_TLS1_2};
    struct session session;
    session_begin(&session, &step, "mx.test", "probe.test", NULL);
    session.state = SESSION_GREETING;
    for (size_t i = 0; i < REPLIES_MAX && replies[i] && session_awaits_reply(&session); i++) {
        size_t len = strlen(replies[i]);
        smtp_reply_init(&session.reply);
        assert_int_equal(smtp_reply_feed(&session.reply, (const uint8_t *)replies[i], len), len);
        assert_int_equal(session.reply.state, SMTP_REPLY);
        session.state = session_on_reply(&session, 0);
        smtp_reply_free(&session.reply);
    }
    struct answer answer = session.answer;
    *state = session.state;
    session_end(&session);
    return answer;
}

static const char GREETING[] = "220 mx.test ESMTP\r\n";

/* Reasons why this client is refused, and none why STARTTLS should be missing. */
static void ehlo_refused_for_its_argument_says_nothing_of_starttls(void **state) {
    static const unsigned codes[] = {501, 503, 504, 521, 530, 550, 553, 554, 571};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char reply[64];
        enum session_state end;
        snprintf(reply, sizeof reply, "%u not with that name\r\n", codes[i]);
        struct answer answer = answer_to(GREETING, reply, NULL, &end);
        assert_int_equal(answer.kind, ANSWER_STOPPED);
        assert_int_equal(answer.reason, REASON_REFUSED_SERVICE);
        assert_int_equal(answer.flags, 0);
        assert_true(answer.greeted);
        assert_int_equal(end, SESSION_QUIT); /* HELO would tell no more */
    }
}

static void a_server_that_does_not_know_ehlo_is_asked_with_helo(void **state) {
    static const char *const unknown[] = {"500 what?\r\n", "502 not here\r\n"};
    enum session_state end;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)answer_to(GREETING, unknown[i], NULL, &end);
        assert_int_equal(end, SESSION_HELO);
        struct answer answer = answer_to(GREETING, unknown[i], "250 mx.test\r\n", &end);
        assert_int_equal(answer.kind, ANSWER_NO_STARTTLS);
        assert_int_equal(answer.flags, FLAG_NO_ESMTP);
        assert_false(answer.front); /* HELO never lists anything */
        answer = answer_to(GREETING, unknown[i], "550 not from you\r\n", &end);
        assert_int_equal(answer.kind, ANSWER_STOPPED);
        assert_int_equal(answer.reason, REASON_REFUSED_SERVICE);
    }
}

static void ehlo_refused_for_now_is_a_limit(void **state) {
    enum session_state end;
    (void)state;
    struct answer answer = answer_to(GREETING, "421 too many\r\n", NULL, &end);
    assert_int_equal(answer.reason, REASON_RATE_LIMITED);
    assert_int_equal(end, SESSION_CLOSE);
    answer = answer_to(GREETING, "450 later\r\n", NULL, &end);
    assert_int_equal(answer.reason, REASON_RATE_LIMITED);
    assert_int_equal(end, SESSION_QUIT);
}

static void a_front_that_greylists_is_recognised(void **state) {
    static const char spamd[] = "220 mx.test ESMTP spamd IP-based SPAM blocker; Mon Jan  5 10:00:00 2026\r\n";
    static const char plain[] = "250-mx.test\r\n250 SIZE 1000\r\n";
    enum session_state end;
    (void)state;
    assert_true(answer_to(GREETING, "250 mx.test\r\n", NULL, &end).front);
    assert_true(answer_to(spamd, plain, NULL, &end).front);
    assert_true(answer_to(spamd, "500 what?\r\n", "250 mx.test\r\n", &end).front);
    struct answer answer = answer_to(GREETING, plain, NULL, &end);
    assert_int_equal(answer.kind, ANSWER_NO_STARTTLS);
    assert_false(answer.front);
    answer = answer_to(spamd, "250-mx.test\r\n250 STARTTLS\r\n", NULL, &end);
    assert_true(answer.starttls);
    assert_int_equal(end, SESSION_STARTTLS);
}

static void a_name_for_ehlo_has_a_dot_or_is_an_address(void **state) {
    (void)state;
    assert_true(ehlo_name_is_qualified("scan.example.test"));
    assert_true(ehlo_name_is_qualified("[192.0.2.1]"));
    assert_true(ehlo_name_is_qualified("[IPv6:2001:db8::1]"));
    assert_false(ehlo_name_is_qualified("scanner"));
    const char *name = ehlo_name_of_host();
    assert_true(*name != '\0');
    assert_ptr_equal(name, ehlo_name_of_host());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ehlo_refused_for_its_argument_says_nothing_of_starttls),
        cmocka_unit_test(a_server_that_does_not_know_ehlo_is_asked_with_helo),
        cmocka_unit_test(ehlo_refused_for_now_is_a_limit),
        cmocka_unit_test(a_front_that_greylists_is_recognised),
        cmocka_unit_test(a_name_for_ehlo_has_a_dot_or_is_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
