/* session.c - see session.h. */
#include "probe/session.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *session_state_name(enum session_state state) {
    static const char *const names[SESSION_STATE_COUNT] = {
        [SESSION_CONNECT] = "connect",
        [SESSION_GREETING] = "greeting",
        [SESSION_EHLO] = "EHLO",
        [SESSION_HELO] = "HELO",
        [SESSION_STARTTLS] = "STARTTLS",
        [SESSION_HELLO] = "hello",
        [SESSION_HANDSHAKE] = "handshake",
        [SESSION_EHLO_TLS] = "EHLO inside TLS",
        [SESSION_QUIT_TLS] = "QUIT inside TLS",
        [SESSION_QUIT] = "QUIT",
        [SESSION_PARTING] = "parting",
        [SESSION_CLOSE] = "close",
    };
    return names[state];
}

void session_begin(struct session *session, const struct step *step, const char *server_name, const char *ehlo_name,
                   const struct handshake_contexts *contexts) {
    memset(session, 0, sizeof *session);
    session->step = *step;
    session->contexts = contexts;
    snprintf(session->server_name, sizeof session->server_name, "%s", server_name);
    snprintf(session->ehlo_name, sizeof session->ehlo_name, "%s", ehlo_name);
    struct smtp_reply *replies[] = {&session->reply, &session->banner, &session->ehlo, &session->ehlo_tls};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        smtp_reply_init(replies[i]);
    flight_init(&session->flight, session->step.max);
}

void session_end(struct session *session) {
    struct smtp_reply *replies[] = {&session->reply, &session->banner, &session->ehlo, &session->ehlo_tls};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        smtp_reply_free(replies[i]);
    flight_free(&session->flight);
    handshake_free(&session->handshake);
    free(session->certificates);
    session->certificates = NULL;
}

void session_set_answer(struct session *session, enum answer_kind kind, enum reason reason) {
    if (session->answered)
        return;
    session->answered = true;
    session->answer.kind = kind;
    session->answer.reason = reason;
}

void session_set_detail(struct session *session, const char *what, const char *more) {
    char text[2 * SESSION_DETAIL_MAX];
    snprintf(text, sizeof text, "%s%s%s", what, *more ? ": " : "", more);
    text_sanitise(session->detail, sizeof session->detail, text, strlen(text));
}

/* ---- the end ---- */

static uint8_t *copy_words(const void *words, size_t size, size_t *len) {
    uint8_t *copy = mem_alloc(size);
    memcpy(copy, words, size);
    *len = size;
    return copy;
}

/* RFC 8446 section 6: our unfinished handshake is broken off with an alert, so that the server has not to time out. */
static uint8_t *alert_words(const struct session *s, size_t *len) {
    static const uint8_t sslv3_alert[] = {21, 3, 0, 0, 2, 2, 40}, tls_alert[] = {21, 3, 1, 0, 2, 2, 40};
    if (s->step.max == VERSION_SSLV2) /* has no such alert */
        return NULL;
    return copy_words(s->step.max == VERSION_SSLV3 ? sslv3_alert : tls_alert, sizeof tls_alert, len);
}

uint8_t *session_last_words(struct session *session, size_t *len) {
    switch (session->state) {
    case SESSION_EHLO:
    case SESSION_HELO:
        return copy_words("QUIT\r\n", strlen("QUIT\r\n"), len);
    case SESSION_HELLO:
        return alert_words(session, len);
    case SESSION_HANDSHAKE:
        return session->handshake_state == HANDSHAKE_FAILED ? handshake_output(session->handshake, len)
                                                            : alert_words(session, len);
    case SESSION_EHLO_TLS:
    case SESSION_QUIT_TLS:
        handshake_close(session->handshake);
        return handshake_output(session->handshake, len);
    default:
        return NULL;
    }
}
