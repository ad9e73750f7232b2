/* fault_relay.c - stands between a probe and a mail server, and does one thing wrong at one connection: for faults.py.
 *
 *   fault_relay PORT < table     (a line: "LISTEN-ADDRESS SERVER-ADDRESS SERVER-PORT FAULT CONNECTION")
 *
 * It listens at PORT of every loopback address; which line of the table a client meets, the address says that it came
 * to. Connections are counted for each, from 1. All but one are passed on octet by octet; at that one the fault comes
 * in place of the server's answer to the hello, or of its greeting (421). Prints "ready", then the LISTEN-ADDRESS of
 * each fault when it happened. Ends by a signal.
 */
#include "base/mem.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { LINE_CAP = 256, HELLO_CAP = 1 << 15, READ_CAP = 1 << 16, ROWS_MAX = 1 << 14, BACKLOG = 1024 };

enum fault {
    FAULT_NONE,
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_SILENCE,
    FAULT_INTERNAL_ERROR,    /* alert 80 */
    FAULT_HANDSHAKE_FAILURE, /* alert 40 */
    FAULT_TURNED_AWAY,       /* 421 */
    FAULT_COUNT
};
static const char *const FAULT_NAMES[FAULT_COUNT] = {"none", "close", "reset", "silence", "alert80", "alert40", "421"};

struct row {
    struct in_addr listens;
    struct sockaddr_storage server;
    enum fault fault;
    unsigned at, connections;
};

static struct {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct row *row;
    size_t count;
    char octets[READ_CAP];
} relay;

/* How far the dialogue of a connection that meets its fault has come. */
enum phase {
    PHASE_TALK,  /* SMTP; the client has not said STARTTLS */
    PHASE_ASKED, /* it has, and its line of reply is under way */
    PHASE_HELLO, /* 220: what comes next is the hello */
    PHASE_SPENT, /* passed on, or discarded if the server is gone */
};

struct pair {
    uv_tcp_t client, server;
    bool client_open, server_open;
    const struct row *row;
    enum fault fault; /* of this connection */
    enum phase phase;
    char reply[3]; /* how the reply to STARTTLS begins */
    size_t reply_len, hello_len;
    uint8_t hello[HELLO_CAP];
};

/* ---- closing ---- */

static void free_if_closed(struct pair *pair) {
    if (!pair->client_open && !pair->server_open)
        free(pair);
}

static void on_client_closed(uv_handle_t *handle) {
    struct pair *pair = handle->data;
    pair->client_open = false;
    free_if_closed(pair);
}

static void on_server_closed(uv_handle_t *handle) {
    struct pair *pair = handle->data;
    pair->server_open = false;
    free_if_closed(pair);
}

static void close_server(struct pair *pair) {
    if (pair->server_open && !uv_is_closing((uv_handle_t *)&pair->server))
        uv_close((uv_handle_t *)&pair->server, on_server_closed);
}

static void close_both(struct pair *pair) {
    close_server(pair);
    if (!uv_is_closing((uv_handle_t *)&pair->client))
        uv_close((uv_handle_t *)&pair->client, on_client_closed);
}

static void reset_client(struct pair *pair) {
    close_server(pair);
    if (!uv_is_closing((uv_handle_t *)&pair->client) && uv_tcp_close_reset(&pair->client, on_client_closed) != 0)
        uv_close((uv_handle_t *)&pair->client, on_client_closed);
}

/* ---- writing ---- */

struct writing {
    uv_write_t request;
    char octets[];
};

static void on_written(uv_write_t *request, int status) {
    (void)status; /* who is gone is noticed by reading */
    free(request->data);
}

static void pass_on(uv_tcp_t *to, const void *octets, size_t len) {
    struct writing *writing = mem_alloc(sizeof *writing + len);
    memcpy(writing->octets, octets, len);
    writing->request.data = writing;
    uv_buf_t buf = uv_buf_init(writing->octets, (unsigned)len);
    if (uv_write(&writing->request, (uv_stream_t *)to, &buf, 1, on_written) != 0)
        free(writing);
}

static void on_shut_down(uv_shutdown_t *request, int status) {
    (void)status;
    free(request);
}

/* No more for the client, which closes in turn: nothing of what was written is lost by a reset. */
static void end_client(struct pair *pair) {
    uv_shutdown_t *request = mem_alloc(sizeof *request);
    if (uv_shutdown(request, (uv_stream_t *)&pair->client, on_shut_down) != 0)
        free(request);
}

/* ---- the fault ---- */

static void tell(const struct pair *pair) {
    char address[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &pair->row->listens, address, sizeof address);
    puts(address);
}

static void send_alert(struct pair *pair, uint8_t alert) {
    enum { ALERT = 21, FATAL = 2, SSL_MAJOR = 3 };
    uint8_t minor = pair->hello[1] == SSL_MAJOR ? pair->hello[2] : 1; /* the record's; a hello of SSL 2.0 has none */
    uint8_t record[] = {ALERT, SSL_MAJOR, minor, 0, 2, FATAL, alert};
    pass_on(&pair->client, record, sizeof record);
    end_client(pair);
}

static void inject(struct pair *pair) {
    enum { HANDSHAKE_FAILURE = 40, INTERNAL_ERROR = 80 };
    pair->phase = PHASE_SPENT;
    tell(pair);
    close_server(pair);
    switch (pair->fault) {
    case FAULT_CLOSE:
        close_both(pair);
        break;
    case FAULT_RESET:
        reset_client(pair);
        break;
    case FAULT_INTERNAL_ERROR:
        send_alert(pair, INTERNAL_ERROR);
        break;
    case FAULT_HANDSHAKE_FAILURE:
        send_alert(pair, HANDSHAKE_FAILURE);
        break;
    default: /* silence, until the client goes */
        break;
    }
}

static void turn_away(struct pair *pair) {
    static const char greeting[] = "421 4.3.2 relay.test too busy\r\n";
    pair->phase = PHASE_SPENT;
    tell(pair);
    pass_on(&pair->client, greeting, sizeof greeting - 1);
    end_client(pair);
}

/* Octets of the whole hello's record, as far as they tell (RFC 8446 section 5.1; SSL 2.0: a length of two octets). */
static size_t record_len(const struct pair *pair) {
    const uint8_t *hello = pair->hello;
    if (pair->hello_len < 5)
        return 5;
    return hello[0] & 0x80 ? 2u + ((hello[0] & 0x7fu) << 8 | hello[1]) : 5u + ((size_t)hello[3] << 8 | hello[4]);
}

/* ---- what comes from the client ---- */

static void watch_client(struct pair *pair, const char *octets, size_t len) {
    if (pair->phase == PHASE_TALK && len >= 8 && strncasecmp(octets, "STARTTLS", 8) == 0) {
        pair->phase = PHASE_ASKED;
        pair->reply_len = 0;
    }
}

static void take_hello(struct pair *pair, const char *octets, size_t len) {
    size_t room = HELLO_CAP - pair->hello_len;
    memcpy(pair->hello + pair->hello_len, octets, len < room ? len : room);
    pair->hello_len += len < room ? len : room;
    if (pair->hello_len >= record_len(pair))
        inject(pair);
}

static void give_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buf) {
    (void)handle;
    (void)wanted;
    *buf = uv_buf_init(relay.octets, sizeof relay.octets);
}

static void on_client_octets(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    struct pair *pair = stream->data;
    if (len < 0) {
        close_both(pair);
        return;
    }
    if (pair->phase == PHASE_HELLO) {
        take_hello(pair, buf->base, (size_t)len);
        return;
    }
    watch_client(pair, buf->base, (size_t)len);
    if (pair->server_open && !uv_is_closing((uv_handle_t *)&pair->server))
        pass_on(&pair->server, buf->base, (size_t)len);
}

/* ---- what comes from the server ---- */

/* Some servers send their replies an octet at a time. */
static void watch_server(struct pair *pair, const char *octets, size_t len) {
    for (size_t i = 0; pair->phase == PHASE_ASKED && i < len; i++) {
        if (pair->reply_len < sizeof pair->reply)
            pair->reply[pair->reply_len++] = octets[i];
        if (octets[i] == '\n')
            pair->phase = memcmp(pair->reply, "220", sizeof pair->reply) == 0 ? PHASE_HELLO : PHASE_SPENT;
    }
}

static void on_server_octets(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    struct pair *pair = stream->data;
    if (len >= 0) {
        watch_server(pair, buf->base, (size_t)len);
        pass_on(&pair->client, buf->base, (size_t)len);
    } else if (len == UV_EOF) {
        close_server(pair);
        end_client(pair);
    } else {
        reset_client(pair);
    }
}

/* ---- connections ---- */

static void on_connected(uv_connect_t *request, int status) {
    struct pair *pair = request->data;
    free(request);
    if (status == UV_ECANCELED)
        return;
    if (status != 0 || uv_read_start((uv_stream_t *)&pair->client, give_buffer, on_client_octets) != 0 ||
        uv_read_start((uv_stream_t *)&pair->server, give_buffer, on_server_octets) != 0)
        reset_client(pair);
}

static struct row *row_of(const uv_tcp_t *client) {
    struct sockaddr_in here = {0};
    int len = sizeof here;
    if (uv_tcp_getsockname(client, (struct sockaddr *)&here, &len) != 0)
        return NULL;
    for (size_t i = 0; i < relay.count; i++)
        if (relay.row[i].listens.s_addr == here.sin_addr.s_addr)
            return &relay.row[i];
    return NULL;
}

static void connect_server(struct pair *pair) {
    uv_connect_t *request = mem_alloc(sizeof *request);
    uv_tcp_init(&relay.loop, &pair->server);
    pair->server_open = true;
    request->data = pair;
    if (uv_tcp_connect(request, &pair->server, (const struct sockaddr *)&pair->row->server, on_connected) != 0) {
        free(request);
        reset_client(pair);
    }
}

static void on_client(uv_stream_t *listener, int status) {
    struct pair *pair = mem_alloc(sizeof *pair);
    uv_tcp_init(&relay.loop, &pair->client);
    pair->client.data = pair->server.data = pair;
    pair->client_open = true;
    struct row *row =
        status == 0 && uv_accept(listener, (uv_stream_t *)&pair->client) == 0 ? row_of(&pair->client) : NULL;
    if (row == NULL) {
        close_both(pair);
        return;
    }
    pair->row = row;
    pair->fault = ++row->connections == row->at ? row->fault : FAULT_NONE;
    pair->phase = pair->fault == FAULT_NONE ? PHASE_SPENT : PHASE_TALK;
    if (pair->fault == FAULT_TURNED_AWAY) {
        uv_read_start((uv_stream_t *)&pair->client, give_buffer, on_client_octets);
        turn_away(pair);
    } else {
        connect_server(pair);
    }
}

/* ---- the table ---- */

static bool read_address(const char *text, int port, struct sockaddr_storage *address) {
    return uv_ip4_addr(text, port, (struct sockaddr_in *)address) == 0 ||
           uv_ip6_addr(text, port, (struct sockaddr_in6 *)address) == 0;
}

static bool read_fault(const char *name, enum fault *fault) {
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        if (strcmp(name, FAULT_NAMES[i]) == 0) {
            *fault = (enum fault)i;
            return true;
        }
    return false;
}

static bool read_row(const char *line, struct row *row) {
    char listens[64], server[64], fault[16];
    int port;
    return sscanf(line, "%63s %63s %d %15s %u", listens, server, &port, fault, &row->at) == 5 &&
           inet_pton(AF_INET, listens, &row->listens) == 1 && read_address(server, port, &row->server) &&
           read_fault(fault, &row->fault);
}

static bool read_table(void) {
    char line[LINE_CAP];
    relay.row = mem_calloc(ROWS_MAX, sizeof *relay.row);
    for (; relay.count < ROWS_MAX && fgets(line, sizeof line, stdin); relay.count++)
        if (!read_row(line, &relay.row[relay.count])) {
            fprintf(stderr, "fault_relay: not a line of its table: %s", line);
            return false;
        }
    return relay.count > 0;
}

/* On the loopback interface alone, whatever namespace this is. */
static int listen_at(int port) {
    struct sockaddr_in every;
    uv_os_fd_t socket;
    uv_ip4_addr("0.0.0.0", port, &every);
    uv_tcp_init_ex(&relay.loop, &relay.listener, AF_INET);
    int error = uv_fileno((uv_handle_t *)&relay.listener, &socket);
    if (error == 0 && setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") != 0)
        error = UV_EPERM;
    if (error == 0)
        error = uv_tcp_bind(&relay.listener, (const struct sockaddr *)&every, 0);
    return error ? error : uv_listen((uv_stream_t *)&relay.listener, BACKLOG, on_client);
}

int main(int argc, char **argv) {
    if (argc != 2 || !read_table())
        return 2;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uv_loop_init(&relay.loop);
    int error = listen_at((int)strtol(argv[1], NULL, 10));
    if (error) {
        fprintf(stderr, "fault_relay: port %s: %s\n", argv[1], uv_strerror(error));
        return 1;
    }
    puts("ready");
    return uv_run(&relay.loop, UV_RUN_DEFAULT);
}
