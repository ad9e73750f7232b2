/* bus.c - see bus.h.
 *
 * ZeroMQ's file descriptor is edge-triggered and any send may swallow the edge. So messages are pumped
 * at two places: when the descriptor is readable, and in a prepare handle, before each time that the
 * loop would block. A pump takes a bounded number of messages; while more wait, an idle handle keeps
 * the loop turning, so that one talkative peer cannot starve timers and sockets.
 */
#include "bus/bus.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { BUS_PUMP_MESSAGES = 256, BUS_HANDLES = 3, BUS_HANDSHAKE_MS = 10000, BUS_RECONNECT_MAX_MS = 5000 };

struct bus {
    void *context, *socket;
    bool server, closing;
    int64_t message_max;
    bus_message_cb *on_message;
    void *user;
    uint64_t refused;
    uv_poll_t readable;
    uv_prepare_t before_block;
    uv_idle_t more;
    unsigned handles; /* not yet closed */
};

bool bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b) {
    return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}

struct bus_config bus_config_default(const char *endpoint, bool server) {
    return (struct bus_config){
        .endpoint = endpoint,
        .server = server,
        .high_water = 4096,
        .message_max = (int64_t)8 << 20, /* a Results of many 64 KiB chains fits, a memory bomb does not */
        .heartbeat_ms = 5000,
    };
}

/* Two octets of a frame can become a struct of hundreds: what parsing may allocate is bounded by itself. */
static void *allocate(void *left, size_t size) {
    size_t *octets = left;
    if (size > *octets)
        return NULL;
    *octets -= size;
    return malloc(size);
}

static void release(void *left, void *memory) {
    (void)left;
    free(memory);
}

Mxgrade__Envelope *bus_parse(const void *data, size_t len) {
    size_t left = BUS_PARSED_MAX;
    ProtobufCAllocator bounded = {.alloc = allocate, .free = release, .allocator_data = &left};
    return mxgrade__envelope__unpack(&bounded, len, data);
}

uint64_t bus_refused_count(const bus_t *bus) { return bus->refused; }

static enum bus_result send_failure(void) {
    if (errno == EHOSTUNREACH)
        return BUS_NO_PEER;
    return BUS_FULL; /* EAGAIN: at the high-water mark, or (client) not connected now */
}

enum bus_result bus_send(bus_t *bus, const struct bus_peer *to, Mxgrade__Envelope *envelope) {
    envelope->version = BUS_PROTOCOL_VERSION;
    size_t len = mxgrade__envelope__get_packed_size(envelope);
    zmq_msg_t payload;
    if (len > (size_t)bus->message_max) { /* the other side would cut the connection, and for good */
        log_error("message too large to send", LOG_INT("octets", len), LOG_INT("body", envelope->body_case));
        return BUS_FULL;
    }
    if (zmq_msg_init_size(&payload, len) != 0)
        return BUS_FULL;
    mxgrade__envelope__pack(envelope, zmq_msg_data(&payload));
    /* With MANDATORY the routing frame is what fails; once it is taken the payload is too. */
    if (bus->server && zmq_send(bus->socket, to->id, to->len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        enum bus_result result = send_failure();
        zmq_msg_close(&payload);
        return result;
    }
    if (zmq_msg_send(&payload, bus->socket, ZMQ_DONTWAIT) < 0) {
        enum bus_result result = send_failure();
        zmq_msg_close(&payload);
        return result;
    }
    return BUS_SENT;
}

void bus_refuse(bus_t *bus, const struct bus_peer *to, Mxgrade__RefusedReason reason, const char *detail) {
    Mxgrade__Refused refused = MXGRADE__REFUSED__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    refused.reason = reason;
    if (detail)
        refused.detail = (char *)(uintptr_t)detail; /* packed at once, never changed */
    envelope.body_case = MXGRADE__ENVELOPE__BODY_REFUSED;
    envelope.refused = &refused;
    if (bus_send(bus, to, &envelope) != BUS_SENT)
        log_debug("refusal not delivered");
}

/* What never reaches the program. */
static void reject(bus_t *bus, const struct bus_peer *from, Mxgrade__RefusedReason reason, const char *detail) {
    bus->refused++;
    log_warn("message refused", LOG_STR("why", detail));
    bus_refuse(bus, from, reason, detail);
}

static void deliver(bus_t *bus, const struct bus_peer *from, const void *data, size_t len) {
    Mxgrade__Envelope *envelope = bus_parse(data, len);
    bool is_refusal = envelope && envelope->body_case == MXGRADE__ENVELOPE__BODY_REFUSED;
    if (envelope == NULL)
        reject(bus, from, MXGRADE__REFUSED_REASON__REFUSED_MALFORMED, "not an mxgrade message");
    else if (envelope->version != BUS_PROTOCOL_VERSION && !is_refusal) /* never answer a refusal with one */
        reject(bus, from, MXGRADE__REFUSED_REASON__REFUSED_VERSION,
               "protocol version not supported: install matching versions");
    else
        bus->on_message(bus, from, envelope, bus->user);
    if (envelope)
        mxgrade__envelope__free_unpacked(envelope, NULL);
}

/* One frame into message; false when none is there. */
static bool receive(bus_t *bus, zmq_msg_t *message) { return zmq_msg_recv(message, bus->socket, ZMQ_DONTWAIT) >= 0; }

/* One whole message; false when none is waiting. */
static bool pump_one(bus_t *bus) {
    struct bus_peer from = {.len = 0};
    zmq_msg_t frame;
    bool got, usable = true;
    zmq_msg_init(&frame);
    if ((got = receive(bus, &frame)) && bus->server) {
        from.len = zmq_msg_size(&frame) < BUS_PEER_MAX ? zmq_msg_size(&frame) : BUS_PEER_MAX;
        memcpy(from.id, zmq_msg_data(&frame), from.len);
        usable = zmq_msg_size(&frame) <= BUS_PEER_MAX && zmq_msg_more(&frame) && receive(bus, &frame);
    }
    if (got && usable && !zmq_msg_more(&frame))
        deliver(bus, &from, zmq_msg_data(&frame), zmq_msg_size(&frame));
    else if (got)
        reject(bus, &from, MXGRADE__REFUSED_REASON__REFUSED_MALFORMED, "expected exactly one frame");
    while (got && zmq_msg_more(&frame) && receive(bus, &frame))
        continue; /* drop the rest of an ill-formed message */
    zmq_msg_close(&frame);
    return got;
}

static void on_more(uv_idle_t *handle);

static void pump(bus_t *bus) {
    unsigned taken = 0;
    while (!bus->closing && taken < BUS_PUMP_MESSAGES && pump_one(bus))
        taken++;
    if (bus->closing)
        return;
    if (taken == BUS_PUMP_MESSAGES)
        uv_idle_start(&bus->more, on_more);
    else
        uv_idle_stop(&bus->more);
}

static void on_more(uv_idle_t *handle) { pump(handle->data); }
static void on_before_block(uv_prepare_t *handle) { pump(handle->data); }
static void on_readable(uv_poll_t *handle, int status, int events) {
    (void)status;
    (void)events;
    pump(handle->data);
}

static bool set_int(void *socket, int option, int value) {
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_keys(void *socket, const struct bus_keys *keys, bool server) {
    if (keys->public_key == NULL)
        return true;
    bool good = zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 41) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 41) == 0;
    if (server)
        return good && set_int(socket, ZMQ_CURVE_SERVER, 1);
    return good && zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server_key, 41) == 0;
}

static bool set_options(void *socket, const struct bus_config *config) {
    bool good = set_int(socket, ZMQ_SNDHWM, config->high_water) && set_int(socket, ZMQ_RCVHWM, config->high_water) &&
                zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &config->message_max, sizeof config->message_max) == 0 &&
                set_int(socket, ZMQ_HEARTBEAT_IVL, config->heartbeat_ms) &&
                set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, 3 * config->heartbeat_ms) &&
                set_int(socket, ZMQ_HANDSHAKE_IVL, BUS_HANDSHAKE_MS) &&
                set_int(socket, ZMQ_RECONNECT_IVL_MAX, BUS_RECONNECT_MAX_MS) &&
                set_keys(socket, &config->keys, config->server);
    if (config->server) /* HANDOVER: a worker that reconnects takes its routing id back at once */
        return good && set_int(socket, ZMQ_ROUTER_MANDATORY, 1) && set_int(socket, ZMQ_ROUTER_HANDOVER, 1);
    if (config->identity)
        good = good && zmq_setsockopt(socket, ZMQ_ROUTING_ID, config->identity, strlen(config->identity)) == 0;
    return good && set_int(socket, ZMQ_IMMEDIATE, 1); /* queue only to a live connection */
}

static void start_handles(bus_t *bus, uv_loop_t *loop, int fd) {
    uv_poll_init(loop, &bus->readable, fd);
    uv_prepare_init(loop, &bus->before_block);
    uv_idle_init(loop, &bus->more);
    bus->readable.data = bus->before_block.data = bus->more.data = bus;
    bus->handles = BUS_HANDLES;
    uv_poll_start(&bus->readable, UV_READABLE, on_readable);
    uv_prepare_start(&bus->before_block, on_before_block);
}

bus_t *bus_open(uv_loop_t *loop, const struct bus_config *config, bus_message_cb *on_message, void *context,
                char *error, size_t cap) {
    bus_t *bus = mem_alloc(sizeof *bus);
    int fd = -1;
    size_t fd_len = sizeof fd;
    bus->server = config->server;
    bus->message_max = config->message_max;
    bus->on_message = on_message;
    bus->user = context;
    bus->context = zmq_ctx_new();
    bus->socket = zmq_socket(bus->context, config->server ? ZMQ_ROUTER : ZMQ_DEALER);
    bool good =
        bus->socket && set_options(bus->socket, config) &&
        (config->server ? zmq_bind(bus->socket, config->endpoint) : zmq_connect(bus->socket, config->endpoint)) == 0 &&
        zmq_getsockopt(bus->socket, ZMQ_FD, &fd, &fd_len) == 0;
    if (good) {
        start_handles(bus, loop, fd);
        return bus;
    }
    snprintf(error, cap, "cannot %s '%s': %s; expected ipc:///directory/that/exists/name or tcp://address:port",
             config->server ? "listen on" : "connect to", config->endpoint, zmq_strerror(errno));
    if (bus->socket)
        zmq_close(bus->socket);
    zmq_ctx_term(bus->context);
    free(bus);
    return NULL;
}

static void on_closed(uv_handle_t *handle) {
    bus_t *bus = handle->data;
    if (--bus->handles > 0)
        return;
    zmq_close(bus->socket);
    zmq_ctx_term(bus->context);
    free(bus);
}

void bus_close(bus_t **bus, int linger_ms) {
    bus_t *self = *bus;
    if (self == NULL)
        return;
    *bus = NULL;
    self->closing = true;
    set_int(self->socket, ZMQ_LINGER, linger_ms);
    uv_close((uv_handle_t *)&self->readable, on_closed);
    uv_close((uv_handle_t *)&self->before_block, on_closed);
    uv_close((uv_handle_t *)&self->more, on_closed);
}
