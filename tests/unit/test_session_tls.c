// link: mxg_probe
/* test_session_tls.c - what a session makes of servers that OpenSSL does not understand. */
#include "probe/session.h"
#include "probe/session_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { PROTOCOL_VERSION = 70, HANDSHAKE_FAILURE = 40 };

/* The end of a handshake whose server answers with reply. */
static struct answer answer_to(const uint8_t *reply, size_t len) {
    static const struct step step = {.kind = STEP_HANDSHAKE,
                                     .handshake = HANDSHAKE_LEGACY,
                                     .max = VERSION_TLS1_2,
                                     .suite_count = 1,
                                     .suites = {0xC02F}};
    struct handshake_contexts *contexts = handshake_contexts_new();
    struct session session;
    session_begin(&session, &step, "", "client.example.org", contexts);
    session.state = session_start_handshake(&session);
    assert_int_equal(session.state, SESSION_HANDSHAKE);
    session.state = session_feed_handshake(&session, reply, len);
    assert_int_equal(session.state, SESSION_PARTING);
    struct answer answer = session.answer;
    session_end(&session);
    handshake_contexts_free(&contexts);
    return answer;
}

static void an_alert_without_a_version_is_a_refusal(void **state) {
    static const uint8_t alert[] = {21, 0, 0, 0, 2, 2, PROTOCOL_VERSION};
    (void)state;
    struct answer answer = answer_to(alert, sizeof alert);
    assert_int_equal(answer.kind, ANSWER_REFUSED);
    assert_true(answer.alerted);
    assert_int_equal(answer.alert, PROTOCOL_VERSION);
}

/* TLS 1.2 was selected, and the alert's record says 1.0. */
static void an_alert_of_another_version_than_the_selection_is_one(void **state) {
    enum { HELLO = 38, MESSAGE = 4, RECORD = 5, ALERT = 7 };
    static const uint8_t head[] = {22, 3, 3, 0, HELLO + MESSAGE, 2, 0, 0, HELLO, 3, 3};
    static const uint8_t suite[] = {0, 0xC0, 0x2F, 0}, alert[ALERT] = {21, 3, 1, 0, 2, 2, HANDSHAKE_FAILURE};
    uint8_t reply[RECORD + MESSAGE + HELLO + ALERT] = {0};
    (void)state;
    memcpy(reply, head, sizeof head);
    memcpy(reply + sizeof head + 32, suite, sizeof suite);
    memcpy(reply + RECORD + MESSAGE + HELLO, alert, sizeof alert);
    struct answer answer = answer_to(reply, sizeof reply);
    assert_int_equal(answer.kind, ANSWER_SELECTED);
    assert_int_equal(answer.version, VERSION_TLS1_2);
    assert_true(answer.alerted);
    assert_int_equal(answer.alert, HANDSHAKE_FAILURE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_without_a_version_is_a_refusal),
        cmocka_unit_test(an_alert_of_another_version_than_the_selection_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
