/* connection.c - see connection.h.
 *
 * STATES is the machine: what a state begins with, how long it may take, and the answer if that time passes. What is
 * understood by the bytes that arrive, and so the next state, is the session's to say. A deadline is never extended by
 * bytes that trickle in. Every end goes through enter(SESSION_CLOSE); the last close callback delivers the answer.
 */
#include "probe/connection.h"

#include "base/mem.h"
#include "probe/session_smtp.h"
#include "probe/session_tls.h"
#include "probe/wire.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_MAX = 512 };

const struct connection_timeouts CONNECTION_TIMEOUTS = {
    .connect = 10000, .greeting = 45000, .reply = 30000, .tls = 20000, .inside = 10000, .quit = 3000};

struct connection {
    struct wire wire;
    uv_timer_t timer;
    unsigned handles; /* not yet closed: of wire and timer */
    struct session session;
    struct connection_timeouts timeouts;
    struct sockaddr_storage address;
    struct trace trace;
    uint64_t started_ms;
    connection_cb *on_done;
    void *context;
};

static void say_in_clear(struct connection *c);
static void say_in_tls(struct connection *c);
static void send_hello(struct connection *c);
static void start_handshake(struct connection *c);
static void close_handles(struct connection *c);

#define UP_TO(field) offsetof(struct connection_timeouts, field)

static const struct {
    void (*begin)(struct connection *c); /* NULL: nothing is sent */
    const char *verb;                    /* the command that is said then */
    size_t timeout;                      /* offset in struct connection_timeouts */
    enum answer_kind end;                /* the answer if that time passes, unless there is one */
    enum reason reason;
} STATES[SESSION_STATE_COUNT] = {
    [SESSION_CONNECT] = {NULL, NULL, UP_TO(connect), ANSWER_STOPPED, REASON_CONNECT_TIMEOUT},
    [SESSION_GREETING] = {NULL, NULL, UP_TO(greeting), ANSWER_STOPPED, REASON_GREETING_TIMEOUT},
    [SESSION_EHLO] = {say_in_clear, "EHLO", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [SESSION_HELO] = {say_in_clear, "HELO", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [SESSION_STARTTLS] = {say_in_clear, "STARTTLS", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [SESSION_HELLO] = {send_hello, NULL, UP_TO(tls), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_HANDSHAKE] = {start_handshake, NULL, UP_TO(tls), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_EHLO_TLS] = {say_in_tls, "EHLO", UP_TO(inside), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_QUIT_TLS] = {say_in_tls, "QUIT", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_QUIT] = {say_in_clear, "QUIT", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_PARTING] = {NULL, NULL, UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [SESSION_CLOSE] = {close_handles, NULL, UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
};

/* ---- the end ---- */

static const struct smtp_reply *if_whole(const struct smtp_reply *reply) {
    return reply->state == SMTP_REPLY ? reply : NULL;
}

static void deliver(struct connection *c) {
    const struct session *s = &c->session;
    struct connection_outcome outcome = {
        .step = s->step,
        .answer = s->answer,
        .duration_ms = uv_now(c->timer.loop) - c->started_ms,
        .detail = s->detail,
        .banner = if_whole(&s->banner),
        .ehlo = if_whole(&s->ehlo),
        .ehlo_tls = if_whole(&s->ehlo_tls),
        .certificates = s->certificates,
        .certificates_len = s->certificates_len,
    };
    if (s->answer.completed) {
        outcome.handshake = handshake_info(s->handshake);
        outcome.stapled = handshake_stapled(s->handshake);
    }
    if (s->certificates == NULL && s->answer.kind == ANSWER_SELECTED && s->answer.whole)
        (void)flight_certificates(&s->flight, &outcome.certificates, &outcome.certificates_len);
    c->on_done(&outcome, c->context);
}

static void on_handle_closed(void *context) {
    struct connection *c = context;
    if (--c->handles > 0)
        return;
    deliver(c);
    session_end(&c->session);
    free(c);
}

static void on_timer_closed(uv_handle_t *handle) { on_handle_closed(handle->data); }

static void close_handles(struct connection *c) {
    wire_close(&c->wire);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

/* ---- states ---- */

static void on_timeout(uv_timer_t *timer);

/* The greeting is waited for from the start: when that is entered, a part of its time has passed. */
static uint64_t timeout_of(const struct connection *c, enum session_state state) {
    uint64_t timeout, passed = uv_now(c->timer.loop) - c->started_ms;
    memcpy(&timeout, (const char *)&c->timeouts + STATES[state].timeout, sizeof timeout);
    if (state == SESSION_CONNECT)
        return timeout < c->timeouts.greeting ? timeout : c->timeouts.greeting;
    if (state == SESSION_GREETING)
        return timeout > passed ? timeout - passed : 0;
    return timeout;
}

static void enter(struct connection *c, enum session_state state) {
    if (c->session.state == SESSION_CLOSE)
        return;
    c->session.state = state;
    trace_state(&c->trace, "connection state", session_state_name(state));
    uv_timer_start(&c->timer, on_timeout, timeout_of(c, state), 0);
    if (STATES[state].begin)
        STATES[state].begin(c);
}

static void finish(struct connection *c, enum answer_kind kind, enum reason reason) {
    struct session *s = &c->session;
    if (!s->answered && s->detail[0] == '\0')
        session_set_detail(s, session_state_name(s->state), reason_text(reason));
    session_set_answer(s, kind, reason);
    enter(c, SESSION_CLOSE);
}

/* The answer stands: what may be said is said before closing. */
static void part(struct connection *c) {
    size_t len;
    uint8_t *words = session_last_words(&c->session, &len);
    enter(c, words ? SESSION_PARTING : SESSION_CLOSE);
    if (words && !wire_send_last(&c->wire, words, len))
        enter(c, SESSION_CLOSE);
    free(words);
}

/* To the state that the session says. */
static void follow(struct connection *c, enum session_state next) {
    if (next == SESSION_PARTING)
        part(c);
    else
        enter(c, next);
}

static bool is_over(const struct connection *c) {
    return c->session.state == SESSION_PARTING || c->session.state == SESSION_CLOSE;
}

static void on_timeout(uv_timer_t *timer) {
    struct connection *c = timer->data;
    struct session *s = &c->session;
    if (s->state == SESSION_CONNECT && wire_is_connected(&c->wire)) {
        enter(c, SESSION_GREETING);
        return;
    }
    if (!s->answered)
        session_set_detail(s, session_state_name(s->state), reason_text(STATES[s->state].reason));
    session_set_answer(s, STATES[s->state].end, STATES[s->state].reason);
    session_unheard(s);
    part(c);
}

void connection_abort(struct connection *c) { finish(c, ANSWER_STOPPED, REASON_DEADLINE); }

/* ---- what a state begins with ---- */

static void send_bytes(struct connection *c, const void *data, size_t len) {
    if (!wire_send(&c->wire, data, len))
        finish(c, ANSWER_RESET, REASON_RESET);
}

/* What OpenSSL wants on the wire. */
static void flush_handshake(struct connection *c) {
    size_t len;
    uint8_t *data = handshake_output(c->session.handshake, &len);
    if (data)
        send_bytes(c, data, len);
    free(data);
}

/* The state's command; EHLO and HELO say our name. */
static size_t command_of(const struct connection *c, char out[static COMMAND_MAX]) {
    enum session_state state = c->session.state;
    bool named = state == SESSION_EHLO || state == SESSION_HELO || state == SESSION_EHLO_TLS;
    int len = snprintf(out, COMMAND_MAX, "%s%s%s\r\n", STATES[state].verb, named ? " " : "",
                       named ? c->session.ehlo_name : "");
    trace_sent(&c->trace, out);
    return (size_t)len;
}

static void say_in_clear(struct connection *c) {
    char command[COMMAND_MAX];
    size_t len = command_of(c, command);
    send_bytes(c, command, len);
}

static void say_in_tls(struct connection *c) {
    char command[COMMAND_MAX];
    size_t len = command_of(c, command);
    handshake_write(c->session.handshake, command, len);
    flush_handshake(c);
}

static void send_hello(struct connection *c) {
    uint8_t hello[HELLO_MAX_OCTETS];
    size_t len = session_hello(&c->session, hello);
    if (len > 0)
        send_bytes(c, hello, len);
    else
        finish(c, ANSWER_STOPPED, REASON_LOCAL_RESOURCES);
}

static void follow_handshake(struct connection *c, enum session_state next) {
    if (next == SESSION_HANDSHAKE)
        flush_handshake(c);
    else if (next != c->session.state)
        follow(c, next);
}

static void start_handshake(struct connection *c) {
    wire_send_promptly(
        &c->wire); /* the EHLO follows our Finished at once; in clear, each command waits for its reply */
    follow_handshake(c, session_start_handshake(&c->session));
}

/* ---- what arrives ---- */

static void reject_reply(struct connection *c, const char *why) {
    session_set_detail(&c->session, session_state_name(c->session.state), why);
    finish(c, ANSWER_STOPPED, REASON_PROTOCOL_ERROR);
}

static void on_whole_reply(struct connection *c, size_t left_over) {
    struct session *s = &c->session;
    trace_reply(&c->trace, &s->reply);
    follow(c, session_on_reply(s, left_over));
    if (left_over > 0 && session_awaits_answer_in_clear(s))
        reject_reply(c, "a reply before its command");
    if (s->reply.state != SMTP_MORE) { /* not kept: ready for the next */
        smtp_reply_free(&s->reply);
        smtp_reply_init(&s->reply);
    }
}

/* Feeds clear or decrypted SMTP bytes. */
static void feed_smtp(struct connection *c, const uint8_t *data, size_t len) {
    struct session *s = &c->session;
    while (len > 0 && session_awaits_reply(s)) {
        size_t used = smtp_reply_feed(&s->reply, data, len);
        if (s->reply.state == SMTP_BAD) {
            trace_no_reply(&c->trace, data, len);
            reject_reply(c, s->reply.error);
            return;
        }
        data += used;
        len -= used;
        if (s->reply.state == SMTP_REPLY)
            on_whole_reply(c, len);
    }
}

static void read_inside_tls(struct connection *c) {
    uint8_t clear[SMTP_LINE_MAX];
    bool closed = false;
    struct handshake *handshake = c->session.handshake;
    for (size_t len; !is_over(c) && (len = handshake_read(handshake, clear, sizeof clear, &closed)) > 0;) {
        c->session.heard_inside = true;
        feed_smtp(c, clear, len);
    }
    if (closed && !is_over(c)) {
        session_unheard(&c->session);
        part(c);
    }
}

static void on_bytes(void *context, const uint8_t *data, size_t len) {
    struct connection *c = context;
    struct session *s = &c->session;
    if (is_over(c))
        return;
    if (s->state == SESSION_CONNECT)
        enter(c, SESSION_GREETING);
    if (s->state == SESSION_HELLO) {
        enum session_state next = session_feed_flight(s, data, len);
        if (next != s->state)
            follow(c, next);
    } else if (s->handshake) {
        follow_handshake(c, session_feed_handshake(s, data, len));
        if (s->answer.completed)
            read_inside_tls(c);
    } else {
        feed_smtp(c, data, len);
    }
}

/* ---- the socket ---- */

static enum reason connect_reason(int status) {
    static const struct {
        int status;
        enum reason reason;
    } table[] = {{UV_ECONNREFUSED, REASON_UNREACHABLE},
                 {UV_ETIMEDOUT, REASON_CONNECT_TIMEOUT},
                 {UV_ENETUNREACH, REASON_NO_ROUTE},
                 {UV_EHOSTUNREACH, REASON_NO_ROUTE},
                 {UV_EADDRNOTAVAIL, REASON_LOCAL_RESOURCES},
                 {UV_EAFNOSUPPORT, REASON_NO_ROUTE},
                 {UV_ECONNRESET, REASON_RESET},
                 {UV_EOF, REASON_CLOSED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].reason;
    return REASON_LOCAL_RESOURCES;
}

static void on_end(void *context, int status) {
    struct connection *c = context;
    enum session_state state = c->session.state;
    if (state == SESSION_CLOSE)
        return;
    if (state == SESSION_CONNECT) { /* refused, or accepted and closed at once */
        finish(c, ANSWER_STOPPED, connect_reason(status));
        return;
    }
    bool reset = status != UV_EOF;
    bool after_hello = state == SESSION_HELLO || state == SESSION_HANDSHAKE;
    enum answer_kind soft = reset ? ANSWER_RESET : ANSWER_CLOSED;
    session_cut_off(&c->session);
    session_unheard(&c->session);
    finish(c, after_hello ? soft : ANSWER_STOPPED, reset ? REASON_RESET : REASON_CLOSED);
}

static void on_last_sent(void *context) { enter(context, SESSION_CLOSE); }

static const struct wire_events WIRE_EVENTS = {
    .on_bytes = on_bytes, .on_end = on_end, .on_last_sent = on_last_sent, .on_closed = on_handle_closed};

/* ---- the start ---- */

static void on_failed_start(uv_timer_t *timer) {
    struct connection *c = timer->data;
    finish(c, ANSWER_STOPPED, c->session.answer.reason);
}

struct connection *connection_start(uv_loop_t *loop, const struct connection_params *params, connection_cb *on_done,
                                    void *context) {
    struct connection *c = mem_alloc(sizeof *c);
    bool v6 = params->address->sa_family == AF_INET6;
    session_begin(&c->session, params->step, params->server_name, params->ehlo_name, params->contexts);
    memcpy(&c->address, params->address, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    c->trace = (struct trace){params->survey, params->job, (const struct sockaddr *)&c->address};
    c->timeouts = params->timeouts;
    c->on_done = on_done;
    c->context = context;
    c->started_ms = uv_now(loop);
    wire_init(&c->wire, loop, &WIRE_EVENTS, c);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    c->handles = 2;
    enter(c, SESSION_CONNECT);
    int status = wire_connect(&c->wire, params->address);
    if (status < 0) { /* report from the loop, never from within this call */
        c->session.answer.reason = connect_reason(status);
        uv_timer_start(&c->timer, on_failed_start, 0, 0);
    }
    return c;
}
