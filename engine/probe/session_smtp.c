/* session_smtp.c - see session_smtp.h. One function for each state in which a reply is waited for; ON_REPLY has them.
 */
#include "probe/session_smtp.h"

#include "probe/smtp_ehlo.h"

#include <stdio.h>

enum { CLOSING_CHANNEL = 421, UNKNOWN_COMMAND = 500, NOT_IMPLEMENTED = 502 };

/* The refusals that mean "not now" or "not you", wherever they come; quits politely. */
static enum session_state refuse_service(struct session *s, const struct smtp_reply *reply, enum reason permanent) {
    const char *text = smtp_reply_line(reply, 0);
    char what[64];
    snprintf(what, sizeof what, "%s answered %u", session_state_name(s->state), reply->code);
    session_set_detail(s, what, text ? text : "");
    enum reason temporary = reply->code < 400 ? REASON_PROTOCOL_ERROR : REASON_RATE_LIMITED; /* 250 for a greeting … */
    bool for_now = reply->code < 500 && s->state != SESSION_STARTTLS;
    session_set_answer(s, ANSWER_STOPPED, for_now ? temporary : permanent);
    return reply->code == CLOSING_CHANNEL ? SESSION_CLOSE : SESSION_QUIT;
}

static void keep_reply(struct session *s, struct smtp_reply *kept) {
    smtp_reply_free(kept);
    *kept = s->reply;
    smtp_reply_init(&s->reply);
}

static enum session_state on_greeting(struct session *s, size_t left_over) {
    (void)left_over;
    keep_reply(s, &s->banner);
    if (s->banner.code != 220)
        return refuse_service(s, &s->banner, REASON_REFUSED_SERVICE);
    s->answer.greeted = true;
    return SESSION_EHLO;
}

/* May somebody else answer here another time? Who knows EHLO and has nothing to list is rarer than a front that lets
 * strangers wait. */
static bool is_front(const struct session *s) {
    bool lists_nothing = !(s->answer.flags & FLAG_NO_ESMTP) && s->ehlo.line_count == 1;
    return lists_nothing || smtp_greets_as_front(&s->banner);
}

static enum session_state without_starttls(struct session *s) {
    s->answer.front = is_front(s);
    session_set_detail(s, "STARTTLS is not advertised", s->answer.front ? "this may be a greylisting front" : "");
    session_set_answer(s, ANSWER_NO_STARTTLS, REASON_NONE);
    return SESSION_QUIT;
}

/* RFC 5321 section 3.2: who does not know EHLO is asked with HELO. Whoever refuses it otherwise knows it, and would not
 * have it from us, or not with that name: it might have listed STARTTLS for others. */
static enum session_state on_ehlo(struct session *s, size_t left_over) {
    unsigned code = s->reply.code;
    struct smtp_ehlo ehlo;
    (void)left_over;
    if (code == UNKNOWN_COMMAND || code == NOT_IMPLEMENTED) {
        s->answer.flags |= FLAG_NO_ESMTP;
        return SESSION_HELO;
    }
    if (code != 250)
        return refuse_service(s, &s->reply, REASON_REFUSED_SERVICE);
    keep_reply(s, &s->ehlo);
    smtp_ehlo_parse(&ehlo, &s->ehlo);
    s->answer.starttls = smtp_ehlo_lists(&ehlo, SMTP_STARTTLS);
    if (s->answer.starttls)
        return SESSION_STARTTLS;
    if (ehlo.masked)
        s->answer.flags |= FLAG_STARTTLS_STRIPPED;
    return without_starttls(s);
}

static enum session_state on_helo(struct session *s, size_t left_over) {
    (void)left_over;
    if (s->reply.code != 250)
        return refuse_service(s, &s->reply, REASON_REFUSED_SERVICE);
    keep_reply(s, &s->ehlo);
    return without_starttls(s);
}

static enum session_state on_starttls(struct session *s, size_t left_over) {
    if (s->reply.code != 220) {
        bool closing = s->reply.code == CLOSING_CHANNEL;
        return refuse_service(s, &s->reply, closing ? REASON_RATE_LIMITED : REASON_STARTTLS_REFUSED);
    }
    if (left_over)
        s->answer.flags |= FLAG_EARLY_BYTES;
    return s->step.kind == STEP_HANDSHAKE ? SESSION_HANDSHAKE : SESSION_HELLO;
}

static enum session_state on_ehlo_tls(struct session *s, size_t left_over) {
    (void)left_over;
    if (s->reply.code == 250)
        keep_reply(s, &s->ehlo_tls);
    return SESSION_QUIT_TLS;
}

static enum session_state on_quit_tls(struct session *s, size_t left_over) {
    (void)s;
    (void)left_over;
    return SESSION_PARTING;
}

static enum session_state on_quit(struct session *s, size_t left_over) {
    (void)s;
    (void)left_over;
    return SESSION_CLOSE;
}

static enum session_state (*const ON_REPLY[SESSION_STATE_COUNT])(struct session *s, size_t left_over) = {
    [SESSION_GREETING] = on_greeting, [SESSION_EHLO] = on_ehlo,         [SESSION_HELO] = on_helo,
    [SESSION_STARTTLS] = on_starttls, [SESSION_EHLO_TLS] = on_ehlo_tls, [SESSION_QUIT_TLS] = on_quit_tls,
    [SESSION_QUIT] = on_quit,
};

bool session_awaits_reply(const struct session *session) { return ON_REPLY[session->state] != NULL; }

bool session_awaits_answer_in_clear(const struct session *session) {
    return session->state == SESSION_EHLO || session->state == SESSION_HELO || session->state == SESSION_STARTTLS;
}

enum session_state session_on_reply(struct session *session, size_t left_over) {
    return ON_REPLY[session->state](session, left_over);
}
