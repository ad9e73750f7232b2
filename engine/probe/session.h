/* session.h - what is said on one connection, and what it comes to: no socket, no clock.
 *
 * connection.c owns the session. It feeds the session with what arrives, and enters the state that comes back; what is
 * to be understood by the bytes stands in session_smtp.c (the dialogue) and session_tls.c (hello and handshake).
 */
#ifndef MXG_SESSION_H
#define MXG_SESSION_H

#include "names/name.h"
#include "plan/step.h"
#include "probe/smtp.h"
#include "tls/handshake.h"
#include "tls/server_flight.h"

enum { SESSION_DETAIL_MAX = 256 };

/* What is waited for. */
enum session_state {
    SESSION_CONNECT,   /* the first octet: it proves that the connection stands */
    SESSION_GREETING,  /* the greeting */
    SESSION_EHLO,      /* the reply to EHLO */
    SESSION_HELO,      /* the reply to HELO */
    SESSION_STARTTLS,  /* the reply to STARTTLS */
    SESSION_HELLO,     /* the flight that answers our hand-made hello */
    SESSION_HANDSHAKE, /* the end of OpenSSL's handshake */
    SESSION_EHLO_TLS,  /* the reply to EHLO inside TLS */
    SESSION_QUIT_TLS,  /* the reply to QUIT inside TLS */
    SESSION_QUIT,      /* the reply to QUIT */
    SESSION_PARTING,   /* our last words are on their way; whatever comes back is not read */
    SESSION_CLOSE,     /* the socket's end */
    SESSION_STATE_COUNT
};
const char *session_state_name(enum session_state state); /* "greeting", "EHLO inside TLS" … */

struct session {
    enum session_state state; /* set by connection.c alone */
    struct step step;
    char server_name[NAME_CAP]; /* SNI; "" = none */
    char ehlo_name[NAME_CAP];
    struct answer answer;
    bool answered;     /* the answer stands; whatever follows is manners */
    bool heard_inside; /* an octet came inside TLS */
    char detail[SESSION_DETAIL_MAX];
    struct smtp_reply reply;    /* the reply under way */
    struct smtp_reply banner;   /* the greeting, if one came */
    struct smtp_reply ehlo;     /* the reply to EHLO or HELO, if it was 250 */
    struct smtp_reply ehlo_tls; /* the reply to EHLO inside TLS, if it was 250 */
    const struct handshake_contexts *contexts;
    struct flight flight;
    struct handshake *handshake; /* NULL before SESSION_HANDSHAKE */
    enum handshake_state handshake_state;
    uint8_t *certificates; /* OpenSSL's, where the flight has none in clear; NULL if there are none */
    size_t certificates_len;
};

/* step: copied. contexts: borrowed, and needed for full handshakes alone. */
void session_begin(struct session *session, const struct step *step, const char *server_name, const char *ehlo_name,
                   const struct handshake_contexts *contexts);
void session_end(struct session *session); /* frees what it holds */

/* The answer stands from here on: the first one counts. */
void session_set_answer(struct session *session, enum answer_kind kind, enum reason reason);
/* For people: "what: more", sanitised and cut. more: "" if there is nothing to add. */
void session_set_detail(struct session *session, const char *what, const char *more);

/* The last words that the state allows, to be freed by the caller; NULL: say nothing. Nothing is said before the
 * server's greeting, and nothing behind STARTTLS, where it would be taken for TLS. */
uint8_t *session_last_words(struct session *session, size_t *len);

#endif
