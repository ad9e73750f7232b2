/* wire.c - see wire.h.
 *
 * Connecting, reading and sending are as few system calls as they can be: libuv's connect would poll for writing first,
 * then change that, and ask for the outcome, three system calls of seventeen. So the socket is connected by hand and
 * polled for reading from the start; what the socket takes at once is sent without a request.
 */
#include "probe/wire.h"

#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BUFFER_OCTETS = 65536 };

void wire_init(struct wire *wire, uv_loop_t *loop, const struct wire_events *events, void *context) {
    uv_tcp_init(loop, &wire->tcp);
    wire->tcp.data = wire;
    wire->events = events;
    wire->context = context;
}

/* ---- reading ---- */

/* One buffer serves all wires of the process: libuv reads and on_bytes() parses before anyone else reads. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    static char shared[READ_BUFFER_OCTETS];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof shared);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    const struct wire *wire = stream->data;
    if (len < 0)
        wire->events->on_end(wire->context, (int)len);
    else if (len > 0)
        wire->events->on_bytes(wire->context, (const uint8_t *)buffer->base, (size_t)len);
}

/* ---- connecting ---- */

int wire_connect(struct wire *wire, const struct sockaddr *address) {
    socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    int status = connect(fd, address, len) == 0 || errno == EINPROGRESS ? 0 : uv_translate_sys_error(errno);
    if (status == 0)
        status = uv_tcp_open(&wire->tcp, fd);
    if (status != 0) {
        close(fd);
        return status;
    }
    return uv_read_start((uv_stream_t *)&wire->tcp, on_alloc, on_read);
}

bool wire_is_connected(const struct wire *wire) {
    struct sockaddr_storage peer;
    int len = sizeof peer;
    return uv_tcp_getpeername(&wire->tcp, (struct sockaddr *)&peer, &len) == 0;
}

void wire_send_promptly(struct wire *wire) { uv_tcp_nodelay(&wire->tcp, 1); }

/* ---- sending ---- */

struct pending {
    uv_write_t request;
    const struct wire *wire;
    bool last;
    uint8_t data[];
};

static void on_sent(uv_write_t *request, int status) {
    struct pending *pending = request->data;
    (void)status; /* a failed write shows up as a failed read */
    if (pending->last)
        pending->wire->events->on_last_sent(pending->wire->context);
    free(pending);
}

/* Mostly all of it: a socket's buffer holds more than we ever say, but for servers that do not read. No signal if the
 * server is gone. */
static size_t send_at_once(struct wire *wire, const void *data, size_t len) {
    int fd;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&wire->tcp) > 0 || uv_fileno((uv_handle_t *)&wire->tcp, &fd) != 0)
        return 0;
    ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return len; /* nothing more will go out */
    return sent > 0 ? (size_t)sent : 0;
}

static bool send_later(struct wire *wire, const uint8_t *data, size_t len, bool last) {
    struct pending *pending = mem_alloc(sizeof *pending + len);
    pending->wire = wire;
    pending->last = last;
    pending->request.data = pending;
    memcpy(pending->data, data, len);
    uv_buf_t buffer = uv_buf_init((char *)pending->data, (unsigned)len);
    if (uv_write(&pending->request, (uv_stream_t *)&wire->tcp, &buffer, 1, on_sent) == 0)
        return true;
    free(pending);
    return false;
}

bool wire_send(struct wire *wire, const void *data, size_t len) {
    size_t sent = send_at_once(wire, data, len);
    return sent == len || send_later(wire, (const uint8_t *)data + sent, len - sent, false);
}

bool wire_send_last(struct wire *wire, const void *data, size_t len) {
    size_t sent = send_at_once(wire, data, len);
    if (sent < len)
        return send_later(wire, (const uint8_t *)data + sent, len - sent, true);
    wire->events->on_last_sent(wire->context);
    return true;
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle) {
    const struct wire *wire = handle->data;
    wire->events->on_closed(wire->context);
}

void wire_close(struct wire *wire) { uv_close((uv_handle_t *)&wire->tcp, on_closed); }
