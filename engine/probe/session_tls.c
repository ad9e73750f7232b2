/* session_tls.c - see session_tls.h.
 *
 * A selection is judged by our own flight parser in both cases: it listens in on OpenSSL's handshakes, because it
 * understands what OpenSSL does not go along with, a hybrid group or SSL 3.0.
 */
#include "probe/session_tls.h"

#include <string.h>
#include <sys/random.h>

static struct hello_spec spec_of(const struct session *s) {
    return (struct hello_spec){.max = s->step.max,
                               .suites = s->step.suites,
                               .suite_count = s->step.suite_count,
                               .groups = s->step.groups,
                               .group_count = s->step.group_count,
                               .server_name = s->server_name,
                               .plain = s->step.plain,
                               .small = s->step.small};
}

/* Randoms are no secrets here, but a server may look for ones that come twice. Drawn in stock: a system call a hello
 * would be one in fourteen. */
static bool draw_random(uint8_t out[static HELLO_RANDOM_OCTETS]) {
    static uint8_t stock[64 * HELLO_RANDOM_OCTETS];
    static size_t left;
    if (left == 0 && getrandom(stock, sizeof stock, 0) != (ssize_t)sizeof stock)
        return false;
    left = left == 0 ? sizeof stock : left;
    left -= HELLO_RANDOM_OCTETS;
    memcpy(out, stock + left, HELLO_RANDOM_OCTETS);
    return true;
}

size_t session_hello(const struct session *session, uint8_t out[static HELLO_MAX_OCTETS]) {
    uint8_t random[HELLO_RANDOM_OCTETS];
    struct hello_spec spec = spec_of(session);
    return draw_random(random) ? hello_build(out, &spec, random) : 0;
}

/* ---- what was selected ---- */

/* What the flight holds becomes the answer; false if it was not offered. */
static bool note_selection(struct session *s) {
    struct hello_spec spec = spec_of(s);
    bool handshake = s->step.kind == STEP_HANDSHAKE;
    s->answer.version = s->flight.version;
    s->answer.suite = s->flight.suite;
    s->answer.group = s->flight.group;
    s->answer.whole = s->flight.state == FLIGHT_WHOLE || s->flight.state == FLIGHT_HELLO;
    s->answer.sentinel = s->step.max < VERSION_TLS1_3 && flight_has_sentinel(&s->flight);
    if (s->flight.warned)
        s->answer.flags |= FLAG_WARNED;
    return flight_offered(&s->flight, &spec, handshake);
}

static void answer_by_selection(struct session *s) {
    bool offered = note_selection(s);
    bool lower_than_13 = s->step.max == VERSION_TLS1_3 && s->flight.version < VERSION_TLS1_3;
    if (offered) {
        session_set_answer(s, ANSWER_SELECTED, REASON_NONE);
    } else if (lower_than_13 && s->step.kind == STEP_HELLO) { /* a server may answer a 1.3 hello with what it has */
        session_set_answer(s, ANSWER_REFUSED, REASON_NONE);
    } else {
        s->answer.flags |= FLAG_NOT_OFFERED;
        session_set_detail(s, "selected what was not offered", "");
        session_set_answer(s, ANSWER_MALFORMED, REASON_PROTOCOL_ERROR);
    }
}

/* ---- the hand-made hello ---- */

enum session_state session_feed_flight(struct session *session, const uint8_t *data, size_t len) {
    struct session *s = session;
    switch (flight_feed(&s->flight, data, len)) {
    case FLIGHT_MORE:
        return SESSION_HELLO;
    case FLIGHT_HELLO:
    case FLIGHT_WHOLE:
        if (s->flight.version == VERSION_SSLV2 && s->flight.v2_kinds == 0)
            session_set_answer(s, ANSWER_REFUSED, REASON_NONE); /* v2 framing without a common cipher */
        else
            answer_by_selection(s);
        return SESSION_PARTING;
    case FLIGHT_CUT:
        answer_by_selection(s);
        return SESSION_CLOSE;
    case FLIGHT_ALERT:
        s->answer.flags |= s->flight.warned ? FLAG_WARNED : 0;
        s->answer.alerted = true;
        s->answer.alert = s->flight.alert;
        session_set_answer(s, ANSWER_REFUSED, REASON_NONE);
        return SESSION_CLOSE;
    case FLIGHT_MALFORMED:
        break;
    }
    session_set_detail(s, "not TLS", s->flight.error);
    session_set_answer(s, ANSWER_MALFORMED, REASON_PROTOCOL_ERROR);
    return SESSION_CLOSE;
}

/* ---- OpenSSL's handshake ---- */

/* An alert whose record has another version than what was selected, or none, is an alert to us and none to OpenSSL. */
static void note_alert(struct session *s, const struct handshake_info *info) {
    bool overheard = s->flight.state == FLIGHT_ALERT || s->flight.state == FLIGHT_CUT;
    s->answer.alerted = info->alert_received || overheard;
    s->answer.alert = info->alert_received ? info->alert : s->flight.alert;
}

static void on_handshake_failed(struct session *s) {
    struct handshake_info info = handshake_info(s->handshake);
    bool hybrid = s->flight.retry_request && tls_group_is_hybrid(s->flight.group);
    bool unknown_version = s->flight.selected && s->flight.version < VERSION_TLS1_0;
    note_alert(s, &info);
    s->answer.incompletable =
        hybrid || unknown_version || (info.unsupported && s->flight.selected); /* the rest may still be on its way */
    s->answer.unreadable = info.unreadable && s->flight.selected;
    if (info.certificate_requested && s->answer.alerted) { /* as of TLS 1.3, see session_unheard() */
        s->answer.silent_inside = s->answer.cut = true;
    }
    if (!hybrid)
        session_set_detail(s, "handshake failed", info.error ? info.error : "");
    if (s->flight.selected)
        answer_by_selection(s);
    else
        session_set_answer(s, s->answer.alerted ? ANSWER_REFUSED : ANSWER_MALFORMED, REASON_NOT_COMPLETED);
}

static void on_handshake_done(struct session *s) {
    const uint8_t *certificates;
    size_t len;
    (void)note_selection(s); /* OpenSSL checked that it was offered */
    s->answer.completed = s->answer.whole = true;
    s->answer.key = handshake_info(s->handshake).key;
    if (!flight_certificates(&s->flight, &certificates, &len)) /* encrypted, as in TLS 1.3 */
        s->certificates = handshake_certificates(s->handshake, &s->certificates_len);
    session_set_answer(s, ANSWER_SELECTED, REASON_NONE);
}

static enum session_state on_handshake_progress(struct session *s, enum handshake_state state) {
    s->handshake_state = state;
    if (state == HANDSHAKE_MORE)
        return SESSION_HANDSHAKE;
    if (state == HANDSHAKE_DONE) {
        on_handshake_done(s);
        return SESSION_EHLO_TLS;
    }
    on_handshake_failed(s);
    return SESSION_PARTING;
}

enum session_state session_start_handshake(struct session *session) {
    session->handshake = handshake_new(session->contexts, session->step.handshake, session->server_name);
    return on_handshake_progress(session, handshake_feed(session->handshake, NULL, 0));
}

enum session_state session_feed_handshake(struct session *session, const uint8_t *data, size_t len) {
    if (session->state == SESSION_HANDSHAKE)
        (void)flight_feed(&session->flight, data, len);
    enum handshake_state state = handshake_feed(session->handshake, data, len);
    return session->state == SESSION_HANDSHAKE ? on_handshake_progress(session, state) : session->state;
}

/* ---- the end ---- */

/* A server of TLS 1.3 that wants a client certificate says so behind our Finished (RFC 8446 section 4.4.2.4), by an
 * alert or without a word: it has TLS, though not for us. */
static bool has_turned_away(const struct session *s, const struct handshake_info *info) {
    bool alert = s->answer.alerted && s->answer.alert != 0; /* not close_notify */
    return info->version == VERSION_TLS1_3 && (info->certificate_requested || alert);
}

void session_unheard(struct session *session) {
    struct session *s = session;
    if (s->state != SESSION_EHLO_TLS || s->heard_inside)
        return;
    struct handshake_info info = handshake_info(s->handshake);
    note_alert(s, &info);
    if (!has_turned_away(s, &info))
        return;
    s->answer.completed = false;
    s->answer.silent_inside = true;
    s->answer.cut = true;
    session_set_detail(s, "nothing was said inside TLS", s->answer.alerted ? tls_alert_name(s->answer.alert) : "");
}

void session_cut_off(struct session *session) {
    session->answer.cut = session->state == SESSION_HANDSHAKE && !session->answered;
    if (session->state == SESSION_HELLO && session->flight.selected)
        answer_by_selection(session);
    else if (session->state == SESSION_HANDSHAKE && session->flight.selected)
        on_handshake_failed(session);
}
