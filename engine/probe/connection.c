/* connection.c - see connection.h.
 *
 * States and what each waits for stand in STATES; enter() sends what a state begins with and arms its deadline;
 * on_bytes() feeds the state's parser. A deadline is never extended by bytes that trickle in. Every end goes through
 * finish(), which takes the answer; the socket's close callback delivers it.
 */
#include "probe/connection.h"

#include "base/mem.h"
#include "base/text.h"
#include "tls/server_flight.h"
#include "tls/tls_names.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BUFFER_OCTETS = 65536, DETAIL_MAX = 256, COMMAND_MAX = 512 };
enum { UNKNOWN_COMMAND_MAX = 504 }; /* 500 to 504: the command is not known or not implemented; above: policy */

const struct connection_timeouts CONNECTION_TIMEOUTS = {
    .connect = 10000, .greeting = 45000, .reply = 30000, .tls = 20000, .inside = 10000, .quit = 3000};

enum state {
    CONNECTING,
    GREETING,
    EHLO,
    HELO,
    STARTTLS,
    FLIGHT,    /* our hello is out */
    HANDSHAKE, /* OpenSSL's is under way */
    EHLO_TLS,
    QUIT_TLS,
    QUIT,
    PARTING, /* our last words are on their way; whatever comes back is not read */
    CLOSING,
    STATE_COUNT
};

#define UP_TO(field) offsetof(struct connection_timeouts, field)

static const struct {
    const char *name;
    size_t timeout;       /* offset in struct connection_timeouts */
    enum answer_kind end; /* the answer if that time passes, unless there is one */
    enum reason reason;
} STATES[STATE_COUNT] = {
    [CONNECTING] = {"connect", UP_TO(connect), ANSWER_STOPPED, REASON_CONNECT_TIMEOUT},
    [GREETING] = {"greeting", UP_TO(greeting), ANSWER_STOPPED, REASON_GREETING_TIMEOUT},
    [EHLO] = {"EHLO", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [HELO] = {"HELO", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [STARTTLS] = {"STARTTLS", UP_TO(reply), ANSWER_STOPPED, REASON_TIMEOUT},
    [FLIGHT] = {"hello", UP_TO(tls), ANSWER_SILENT, REASON_TIMEOUT},
    [HANDSHAKE] = {"handshake", UP_TO(tls), ANSWER_SILENT, REASON_TIMEOUT},
    [EHLO_TLS] = {"EHLO inside TLS", UP_TO(inside), ANSWER_SILENT, REASON_TIMEOUT},
    [QUIT_TLS] = {"QUIT inside TLS", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [QUIT] = {"QUIT", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [PARTING] = {"parting", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
    [CLOSING] = {"close", UP_TO(quit), ANSWER_SILENT, REASON_TIMEOUT},
};

struct connection {
    uv_tcp_t tcp;
    uv_timer_t timer;
    unsigned handles; /* not yet closed */
    enum state state;
    struct step step;
    struct answer answer;
    bool answered; /* the answer stands; what follows is manners */
    struct connection_timeouts timeouts;
    char server_name[NAME_CAP];
    char ehlo_name[NAME_CAP];
    const struct handshake_contexts *contexts;
    struct smtp_reply reply, banner, ehlo, ehlo_tls;
    struct flight flight;
    struct handshake *handshake;
    uint8_t *certificates; /* owned when they come from OpenSSL */
    size_t certificates_len;
    char detail[DETAIL_MAX];
    uint64_t started_ms;
    connection_cb *on_done;
    void *context;
};

/* ---- the end ---- */

static bool has_reply(const struct smtp_reply *reply) { return reply->state == SMTP_REPLY; }

static void deliver(struct connection *c) {
    struct connection_outcome outcome = {
        .step = c->step,
        .answer = c->answer,
        .duration_ms = uv_now(c->tcp.loop) - c->started_ms,
        .detail = c->detail,
        .banner = has_reply(&c->banner) ? &c->banner : NULL,
        .ehlo = has_reply(&c->ehlo) ? &c->ehlo : NULL,
        .ehlo_tls = has_reply(&c->ehlo_tls) ? &c->ehlo_tls : NULL,
        .certificates = c->certificates,
        .certificates_len = c->certificates_len,
    };
    if (c->answer.completed) {
        outcome.handshake = handshake_info(c->handshake);
        outcome.stapled = handshake_stapled(c->handshake);
    }
    if (c->certificates == NULL && c->answer.kind == ANSWER_SELECTED && c->answer.whole)
        (void)flight_certificates(&c->flight, &outcome.certificates, &outcome.certificates_len);
    c->on_done(&outcome, c->context);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct connection *c = handle->data;
    if (--c->handles > 0)
        return;
    deliver(c);
    struct smtp_reply *replies[] = {&c->reply, &c->banner, &c->ehlo, &c->ehlo_tls};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        smtp_reply_free(replies[i]);
    flight_free(&c->flight);
    handshake_free(&c->handshake);
    free(c->certificates);
    free(c);
}

static void close_handles(struct connection *c) {
    if (c->state == CLOSING)
        return;
    c->state = CLOSING;
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void set_detail(struct connection *c, const char *what, const char *more) {
    char text[2 * DETAIL_MAX];
    snprintf(text, sizeof text, "%s%s%s", what, *more ? ": " : "", more);
    text_sanitise(c->detail, sizeof c->detail, text, strlen(text));
}

/* The answer stands from here on; the first one counts. */
static void set_answer(struct connection *c, enum answer_kind kind, enum reason reason) {
    if (c->answered)
        return;
    c->answered = true;
    c->answer.kind = kind;
    c->answer.reason = reason;
}

static void finish(struct connection *c, enum answer_kind kind, enum reason reason) {
    if (!c->answered && c->detail[0] == '\0')
        set_detail(c, STATES[c->state].name, reason_text(reason));
    set_answer(c, kind, reason);
    close_handles(c);
}

void connection_abort(struct connection *c) { finish(c, ANSWER_STOPPED, REASON_DEADLINE); }

/* ---- sending ---- */

struct send {
    uv_write_t request;
    struct connection *connection;
    bool last; /* close when it is out */
    uint8_t data[];
};

static void on_sent(uv_write_t *request, int status) {
    struct send *send = request->data;
    (void)status; /* a failed write shows up as a failed read */
    if (send->last)
        close_handles(send->connection);
    free(send);
}

/* What the socket takes at once needs no request and, in libuv, no change of what is polled for: it is all of it, but
 * for servers that do not read. No signal if the server is gone: that shows on reading. */
static size_t send_at_once(struct connection *c, const void *data, size_t len) {
    int fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0)
        return 0;
    ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return len; /* nothing more will go out */
    return sent > 0 ? (size_t)sent : 0;
}

static void send_later(struct connection *c, const uint8_t *data, size_t len, bool last) {
    struct send *send = mem_alloc(sizeof *send + len);
    send->connection = c;
    send->last = last;
    send->request.data = send;
    memcpy(send->data, data, len);
    uv_buf_t buffer = uv_buf_init((char *)send->data, (unsigned)len);
    if (uv_write(&send->request, (uv_stream_t *)&c->tcp, &buffer, 1, on_sent) != 0) {
        free(send);
        finish(c, ANSWER_RESET, REASON_RESET);
    }
}

/* last: close when it is out. */
static void send_bytes(struct connection *c, const void *data, size_t len, bool last) {
    if (c->state == CLOSING)
        return;
    size_t sent = send_at_once(c, data, len);
    if (sent < len)
        send_later(c, (const uint8_t *)data + sent, len - sent, last);
    else if (last)
        close_handles(c);
}

static void send_text(struct connection *c, const char *text) { send_bytes(c, text, strlen(text), false); }

/* What OpenSSL wants on the wire; last: close behind it. */
static void flush_handshake(struct connection *c, bool last) {
    size_t len;
    uint8_t *data = handshake_output(c->handshake, &len);
    if (data)
        send_bytes(c, data, len, last);
    else if (last)
        close_handles(c);
    free(data);
}

/* ---- states ---- */

static void enter(struct connection *c, enum state state);
static void part(struct connection *c);

/* Nothing came yet: no connection, or one without a greeting? */
static bool is_connected(const struct connection *c) {
    struct sockaddr_storage peer;
    int len = sizeof peer;
    return uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &len) == 0;
}

static void on_timeout(uv_timer_t *timer) {
    struct connection *c = timer->data;
    if (c->state == CONNECTING && is_connected(c)) {
        enter(c, GREETING);
        return;
    }
    if (!c->answered)
        set_detail(c, STATES[c->state].name, reason_text(STATES[c->state].reason));
    set_answer(c, STATES[c->state].end, STATES[c->state].reason);
    part(c);
}

static void send_command(struct connection *c, const char *verb, const char *argument, bool inside) {
    char text[COMMAND_MAX];
    int len = snprintf(text, sizeof text, "%s%s%s\r\n", verb, argument ? " " : "", argument ? argument : "");
    if (!inside) {
        send_text(c, text);
        return;
    }
    handshake_write(c->handshake, text, (size_t)len);
    flush_handshake(c, false);
}

static struct hello_spec spec_of(const struct connection *c) {
    return (struct hello_spec){.max = c->step.max,
                               .suites = c->step.suites,
                               .suite_count = c->step.suite_count,
                               .groups = c->step.groups,
                               .group_count = c->step.group_count,
                               .server_name = c->server_name,
                               .plain = c->step.plain};
}

/* Randoms are no secrets here, but a server may look for ones that come twice. Drawn in stock: a system call a hello
 * would be one in fourteen. */
static bool take_random(uint8_t out[static HELLO_RANDOM_OCTETS]) {
    static uint8_t stock[64 * HELLO_RANDOM_OCTETS];
    static size_t left;
    if (left == 0 && getrandom(stock, sizeof stock, 0) != (ssize_t)sizeof stock)
        return false;
    left = left == 0 ? sizeof stock : left;
    left -= HELLO_RANDOM_OCTETS;
    memcpy(out, stock + left, HELLO_RANDOM_OCTETS);
    return true;
}

static void send_hello(struct connection *c) {
    uint8_t random[HELLO_RANDOM_OCTETS], hello[HELLO_MAX_OCTETS];
    struct hello_spec spec = spec_of(c);
    size_t len = take_random(random) ? hello_build(hello, &spec, random) : 0;
    if (len == 0) {
        finish(c, ANSWER_STOPPED, REASON_LOCAL_RESOURCES);
        return;
    }
    send_bytes(c, hello, len, false);
}

static void on_handshake_progress(struct connection *c, enum handshake_state state);

static void start_handshake(struct connection *c) {
    uv_tcp_nodelay(&c->tcp, 1); /* the EHLO follows our Finished at once; in clear, each command waits for its reply */
    c->handshake = handshake_new(c->contexts, c->step.handshake, c->server_name);
    on_handshake_progress(c, handshake_feed(c->handshake, NULL, 0));
}

/* When a greeting is first waited for, part of its time has passed. */
static uint64_t timeout_of(const struct connection *c, enum state state) {
    uint64_t timeout, passed = uv_now(c->tcp.loop) - c->started_ms;
    memcpy(&timeout, (const char *)&c->timeouts + STATES[state].timeout, sizeof timeout);
    if (state == CONNECTING)
        return timeout < c->timeouts.greeting ? timeout : c->timeouts.greeting;
    if (state == GREETING)
        return timeout > passed ? timeout - passed : 0;
    return timeout;
}

static void enter(struct connection *c, enum state state) {
    if (c->state == CLOSING)
        return;
    c->state = state;
    uv_timer_start(&c->timer, on_timeout, timeout_of(c, state), 0);
    switch (state) {
    case EHLO:
        send_command(c, "EHLO", c->ehlo_name, false);
        break;
    case HELO:
        send_command(c, "HELO", c->ehlo_name, false);
        break;
    case STARTTLS:
        send_command(c, "STARTTLS", NULL, false);
        break;
    case FLIGHT:
        send_hello(c);
        break;
    case HANDSHAKE:
        start_handshake(c);
        break;
    case EHLO_TLS:
        send_command(c, "EHLO", c->ehlo_name, true);
        break;
    case QUIT_TLS:
        send_command(c, "QUIT", NULL, true);
        break;
    case QUIT:
        send_command(c, "QUIT", NULL, false);
        break;
    case CONNECTING:
    case GREETING:
    case PARTING:
    case CLOSING:
    case STATE_COUNT:
        break;
    }
}

/* ---- SMTP replies ---- */

/* The refusals that mean "not now" or "not you", wherever they come; quits politely. */
static void refuse_service(struct connection *c, const struct smtp_reply *reply, enum reason permanent) {
    const char *text = smtp_reply_line(reply, 0);
    char what[64];
    snprintf(what, sizeof what, "%s answered %u", STATES[c->state].name, reply->code);
    set_detail(c, what, text ? text : "");
    enum reason temporary = reply->code < 400 ? REASON_PROTOCOL_ERROR : REASON_RATE_LIMITED; /* 250 for a greeting … */
    set_answer(c, ANSWER_STOPPED, reply->code < 500 && c->state != STARTTLS ? temporary : permanent);
    if (reply->code == 421)
        close_handles(c); /* the server is closing */
    else
        enter(c, QUIT);
}

static void keep_reply(struct connection *c, struct smtp_reply *kept) {
    smtp_reply_free(kept);
    *kept = c->reply;
    smtp_reply_init(&c->reply);
}

static void on_ehlo(struct connection *c) {
    keep_reply(c, &c->ehlo);
    bool helo = c->state == HELO;
    c->answer.starttls = !helo && smtp_ehlo_has(&c->ehlo, "STARTTLS");
    if (c->answer.starttls) {
        enter(c, STARTTLS);
        return;
    }
    if (helo && !(c->answer.flags & FLAG_NO_ESMTP)) { /* it knows EHLO, and would not have it from us */
        set_detail(c, "EHLO was refused and HELO was not", "");
        set_answer(c, ANSWER_STOPPED, REASON_REFUSED_SERVICE);
    } else if (!helo && smtp_ehlo_masked(&c->ehlo)) {
        c->answer.flags |= FLAG_STARTTLS_STRIPPED;
    }
    if (!c->answered)
        set_detail(c, "STARTTLS is not advertised", "");
    set_answer(c, ANSWER_NO_STARTTLS, REASON_NONE);
    enter(c, QUIT);
}

static void on_greeting(struct connection *c) {
    keep_reply(c, &c->banner);
    if (c->banner.code != 220) {
        refuse_service(c, &c->banner, REASON_REFUSED_SERVICE);
        return;
    }
    c->answer.greeted = true;
    enter(c, EHLO);
}

static void on_starttls(struct connection *c, size_t left_over) {
    if (c->reply.code != 220) {
        enum reason reason = c->reply.code == 421 ? REASON_RATE_LIMITED : REASON_STARTTLS_REFUSED;
        refuse_service(c, &c->reply, reason);
        return;
    }
    if (left_over)
        c->answer.flags |= FLAG_EARLY_BYTES;
    enter(c, c->step.kind == STEP_HANDSHAKE ? HANDSHAKE : FLIGHT);
}

static void on_reply(struct connection *c, size_t left_over) {
    unsigned code = c->reply.code;
    switch (c->state) {
    case GREETING:
        on_greeting(c);
        break;
    case EHLO:
        if (code == 250) {
            on_ehlo(c);
        } else if (code >= 500) { /* RFC 5321 section 3.2: fall back to HELO */
            c->answer.flags |= code <= UNKNOWN_COMMAND_MAX ? FLAG_NO_ESMTP : 0;
            enter(c, HELO);
        } else {
            refuse_service(c, &c->reply, REASON_REFUSED_SERVICE);
        }
        break;
    case HELO:
        if (code == 250)
            on_ehlo(c);
        else
            refuse_service(c, &c->reply, REASON_REFUSED_SERVICE);
        break;
    case STARTTLS:
        on_starttls(c, left_over);
        break;
    case EHLO_TLS:
        if (code == 250)
            keep_reply(c, &c->ehlo_tls);
        enter(c, QUIT_TLS);
        break;
    case QUIT_TLS:
        handshake_close(c->handshake);
        flush_handshake(c, true);
        break;
    default: /* QUIT */
        close_handles(c);
        break;
    }
}

/* Octets that were there before our command cannot be its reply: who takes them for one reads "250 ok" as an EHLO
 * reply without STARTTLS. */
static void reject_early_reply(struct connection *c, size_t left_over) {
    if (left_over > 0 && (c->state == EHLO || c->state == HELO || c->state == STARTTLS)) {
        set_detail(c, STATES[c->state].name, "a reply before its command");
        finish(c, ANSWER_STOPPED, REASON_PROTOCOL_ERROR);
    }
}

/* Feeds clear or decrypted SMTP bytes. */
static void feed_smtp(struct connection *c, const uint8_t *data, size_t len) {
    while (len > 0 && c->state != CLOSING && c->state != FLIGHT && c->state != HANDSHAKE) {
        size_t used = smtp_reply_feed(&c->reply, data, len);
        data += used;
        len -= used;
        if (c->reply.state == SMTP_BAD) {
            set_detail(c, STATES[c->state].name, c->reply.error);
            finish(c, ANSWER_STOPPED, REASON_PROTOCOL_ERROR);
        } else if (c->reply.state == SMTP_REPLY) {
            on_reply(c, len);
            reject_early_reply(c, len);
            if (c->reply.state != SMTP_MORE) { /* not kept: ready for the next */
                smtp_reply_free(&c->reply);
                smtp_reply_init(&c->reply);
            }
        }
    }
}

/* ---- TLS ---- */

/* RFC 8446 section 6: break off our unfinished handshake with an alert instead of leaving the server to time out. */
static void send_alert_and_close(struct connection *c) {
    static const uint8_t sslv3_alert[] = {21, 3, 0, 0, 2, 2, 40}, tls_alert[] = {21, 3, 1, 0, 2, 2, 40};
    enter(c, PARTING);
    if (c->step.max == VERSION_SSLV2)
        close_handles(c);
    else
        send_bytes(c, c->step.max == VERSION_SSLV3 ? sslv3_alert : tls_alert, sizeof tls_alert, true);
}

/* The answer stands, and the server was silent: what may be said is said before closing. Nothing before its greeting,
 * and nothing behind STARTTLS, where it would be taken for TLS. */
static void part(struct connection *c) {
    switch (c->state) {
    case EHLO:
    case HELO:
        enter(c, PARTING);
        send_bytes(c, "QUIT\r\n", strlen("QUIT\r\n"), true);
        break;
    case FLIGHT:
    case HANDSHAKE:
        send_alert_and_close(c);
        break;
    case EHLO_TLS:
    case QUIT_TLS:
        enter(c, PARTING);
        handshake_close(c->handshake);
        flush_handshake(c, true);
        break;
    default:
        close_handles(c);
        break;
    }
}

/* What the flight holds becomes the answer; false if it was not offered. */
static bool take_selection(struct connection *c) {
    struct hello_spec spec = spec_of(c);
    bool handshake = c->step.kind == STEP_HANDSHAKE;
    c->answer.version = c->flight.version;
    c->answer.suite = c->flight.suite;
    c->answer.group = c->flight.group;
    c->answer.whole = c->flight.state == FLIGHT_WHOLE || c->flight.state == FLIGHT_HELLO;
    c->answer.sentinel = c->step.max < VERSION_TLS1_3 && flight_has_sentinel(&c->flight);
    if (c->flight.warned)
        c->answer.flags |= FLAG_WARNED;
    return flight_offered(&c->flight, &spec, handshake);
}

static void describe_selection(struct connection *c) {
    bool offered = take_selection(c);
    bool lower_than_13 = c->step.max == VERSION_TLS1_3 && c->flight.version < VERSION_TLS1_3;
    if (offered) {
        set_answer(c, ANSWER_SELECTED, REASON_NONE);
    } else if (lower_than_13 && c->step.kind == STEP_HELLO) { /* it may answer a 1.3 hello with what it has */
        set_answer(c, ANSWER_REFUSED, REASON_NONE);
    } else {
        c->answer.flags |= FLAG_NOT_OFFERED;
        set_detail(c, "selected what was not offered", "");
        set_answer(c, ANSWER_MALFORMED, REASON_PROTOCOL_ERROR);
    }
}

static void on_flight(struct connection *c, enum flight_state state) {
    switch (state) {
    case FLIGHT_MORE:
        return;
    case FLIGHT_HELLO:
    case FLIGHT_WHOLE:
        if (c->flight.version == VERSION_SSLV2 && c->flight.v2_kinds == 0)
            set_answer(c, ANSWER_REFUSED, REASON_NONE); /* v2 framing without a common cipher */
        else
            describe_selection(c);
        send_alert_and_close(c);
        return;
    case FLIGHT_CUT:
        describe_selection(c);
        close_handles(c);
        return;
    case FLIGHT_ALERT:
        c->answer.flags |= c->flight.warned ? FLAG_WARNED : 0;
        c->answer.alerted = true;
        c->answer.alert = c->flight.alert;
        set_answer(c, ANSWER_REFUSED, REASON_NONE);
        close_handles(c);
        return;
    case FLIGHT_MALFORMED:
        set_detail(c, "not TLS", c->flight.error);
        finish(c, ANSWER_MALFORMED, REASON_PROTOCOL_ERROR);
        return;
    }
}

/* Our own flight parser listened in: it also understands what OpenSSL does not go along with, a hybrid group or
 * SSL 3.0. */
static void on_handshake_failed(struct connection *c) {
    struct handshake_info info = handshake_info(c->handshake);
    bool hybrid = c->flight.retry_request && tls_group_is_hybrid(c->flight.group);
    c->answer.alerted = info.alert_received;
    c->answer.alert = info.alert;
    c->answer.incompletable = hybrid || (c->flight.selected && c->flight.version < VERSION_TLS1_0) ||
                              (info.unsupported && c->flight.selected); /* the rest may still be on its way */
    if (!hybrid)
        set_detail(c, "handshake failed", info.error ? info.error : "");
    if (c->flight.selected)
        describe_selection(c);
    else
        set_answer(c, info.alert_received ? ANSWER_REFUSED : ANSWER_MALFORMED, REASON_NOT_COMPLETED);
    flush_handshake(c, true);
}

static void on_handshake_done(struct connection *c) {
    const uint8_t *certificates;
    size_t len;
    (void)take_selection(c); /* OpenSSL checked that it was offered */
    c->answer.completed = c->answer.whole = true;
    if (!flight_certificates(&c->flight, &certificates, &len)) /* encrypted, as in TLS 1.3 */
        c->certificates = handshake_certificates(c->handshake, &c->certificates_len);
    set_answer(c, ANSWER_SELECTED, REASON_NONE);
    enter(c, EHLO_TLS);
}

static void on_handshake_progress(struct connection *c, enum handshake_state state) {
    if (state == HANDSHAKE_FAILED)
        on_handshake_failed(c);
    else if (state == HANDSHAKE_MORE)
        flush_handshake(c, false);
    else
        on_handshake_done(c);
}

/* Bytes inside TLS, after the handshake. */
static void read_inside(struct connection *c) {
    uint8_t clear[SMTP_LINE_MAX];
    bool closed = false;
    for (size_t len; c->state != CLOSING && (len = handshake_read(c->handshake, clear, sizeof clear, &closed)) > 0;)
        feed_smtp(c, clear, len);
    if (closed && c->state != CLOSING) {
        handshake_close(c->handshake);
        flush_handshake(c, true);
    }
}

static void feed_tls(struct connection *c, const uint8_t *data, size_t len) {
    if (c->state == HANDSHAKE)
        (void)flight_feed(&c->flight, data, len);
    enum handshake_state state = handshake_feed(c->handshake, data, len);
    if (c->state == HANDSHAKE)
        on_handshake_progress(c, state);
    if (c->answer.completed)
        read_inside(c);
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

static void on_end(struct connection *c, int status) {
    if (c->state == CONNECTING) { /* refused, or accepted and closed at once */
        finish(c, ANSWER_STOPPED, connect_reason(status));
        return;
    }
    bool reset = status != UV_EOF;
    bool after_hello = c->state == FLIGHT || c->state == HANDSHAKE;
    c->answer.cut = c->state == HANDSHAKE && !c->answered;
    if (c->state == FLIGHT && c->flight.selected)
        describe_selection(c);
    else if (c->state == HANDSHAKE && c->flight.selected)
        on_handshake_failed(c);
    enum answer_kind soft = reset ? ANSWER_RESET : ANSWER_CLOSED;
    finish(c, after_hello ? soft : ANSWER_STOPPED, reset ? REASON_RESET : REASON_CLOSED);
}

static void on_bytes(struct connection *c, const uint8_t *data, size_t len) {
    if (c->state == FLIGHT)
        on_flight(c, flight_feed(&c->flight, data, len));
    else if (c->handshake)
        feed_tls(c, data, len);
    else
        feed_smtp(c, data, len);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    struct connection *c = stream->data;
    if (c->state == CLOSING || (c->state == PARTING && len >= 0))
        return;
    if (c->state == CONNECTING && len > 0)
        enter(c, GREETING);
    if (len < 0)
        on_end(c, (int)len);
    else if (len > 0)
        on_bytes(c, (const uint8_t *)buffer->base, (size_t)len);
}

/* One buffer serves all connections of the process: libuv reads and we parse before anyone else reads. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    static char shared[READ_BUFFER_OCTETS];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof shared);
}

static void on_failed_start(uv_timer_t *timer) {
    struct connection *c = timer->data;
    finish(c, ANSWER_STOPPED, c->answer.reason);
}

/* Connects with calls of its own and reads from the start: libuv's connect would poll for writing first, then change
 * that, and ask for the outcome, three system calls of seventeen. That the connection stands is learnt from its first
 * octet, or, if it takes long, from getpeername(). 0, or a libuv error. */
static int start_connecting(struct connection *c, const struct sockaddr *address) {
    socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    int status = connect(fd, address, len) == 0 || errno == EINPROGRESS ? 0 : uv_translate_sys_error(errno);
    if (status == 0)
        status = uv_tcp_open(&c->tcp, fd);
    if (status != 0) {
        close(fd);
        return status;
    }
    return uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

struct connection *connection_start(uv_loop_t *loop, const struct connection_params *params, connection_cb *on_done,
                                    void *context) {
    struct connection *c = mem_alloc(sizeof *c);
    c->step = *params->step;
    c->timeouts = params->timeouts;
    c->contexts = params->contexts;
    c->on_done = on_done;
    c->context = context;
    c->started_ms = uv_now(loop);
    snprintf(c->server_name, sizeof c->server_name, "%s", params->server_name);
    snprintf(c->ehlo_name, sizeof c->ehlo_name, "%s", params->ehlo_name);
    struct smtp_reply *replies[] = {&c->reply, &c->banner, &c->ehlo, &c->ehlo_tls};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        smtp_reply_init(replies[i]);
    flight_init(&c->flight, c->step.max);
    uv_tcp_init(loop, &c->tcp);
    uv_timer_init(loop, &c->timer);
    c->tcp.data = c->timer.data = c;
    c->handles = 2;
    enter(c, CONNECTING);
    int status = start_connecting(c, params->address);
    if (status < 0) { /* report from the loop, never from within this call */
        c->answer.reason = connect_reason(status);
        uv_timer_start(&c->timer, on_failed_start, 0, 0);
    }
    return c;
}
