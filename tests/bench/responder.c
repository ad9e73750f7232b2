/* responder.c - an SMTP server with STARTTLS for benchmarks: every address of 127/8 at once, the profile by its second
 * octet (PROFILES).
 *
 *     responder serve PORT CHAIN.pem KEY.pem CONTROL    says "ready" when it listens; ends on SIGTERM
 *     responder stats CONTROL                           prints and resets the counters
 *
 * One epoll loop, one OpenSSL context a profile. It counts what reaches it, so that no client is believed about its own
 * connections. `raw` answers any hello with a flight recorded at start-up and never computes: what is left on the
 * client's side is the client's own cost.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_OCTET = 20, LINE_MAX_OCTETS = 1024, BACKLOG = 4096, EVENTS = 256, FLIGHT_MAX = 16384 };

struct counters {
    unsigned long connections, handshakes;
    uint64_t received, sent;
};

#define AEAD "ECDHE+AESGCM:ECDHE+CHACHA20"
#define EVERYTHING "ALL:@SECLEVEL=0" /* aNULL too, in the client's order */

/* Profile n answers on 127.(FIRST_OCTET + n).x.y. */
static struct profile {
    const char *name, *ciphers; /* ciphers NULL: no STARTTLS */
    int min, max;
    bool server_order, canned;
    SSL_CTX *context;
    struct counters counters;
} PROFILES[] = {
    {.name = "modern", .ciphers = AEAD, .min = TLS1_2_VERSION, .max = TLS1_3_VERSION, .server_order = true},
    {.name = "wide", .ciphers = EVERYTHING, .min = TLS1_VERSION, .max = TLS1_3_VERSION}, /* as Postfix does */
    {.name = "tls13", .ciphers = AEAD, .min = TLS1_3_VERSION, .max = TLS1_3_VERSION, .server_order = true},
    {.name = "plain"},
    {.name = "tls12", .ciphers = AEAD, .min = TLS1_2_VERSION, .max = TLS1_2_VERSION, .server_order = true},
    {.name = "old", .ciphers = EVERYTHING, .min = TLS1_VERSION, .max = TLS1_2_VERSION},
    {.name = "stock", .ciphers = "DEFAULT", .min = TLS1_2_VERSION, .max = TLS1_3_VERSION, .server_order = true},
    {.name = "raw", .ciphers = AEAD, .min = TLS1_2_VERSION, .max = TLS1_2_VERSION, .canned = true},
};
enum { PROFILE_COUNT = sizeof PROFILES / sizeof *PROFILES };

static uint8_t flight[FLIGHT_MAX]; /* what `raw` sends */
static size_t flight_len;
static int loop;

static void die(const char *what) {
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- connections ---- */

enum state { SMTP, ACCEPT, SMTP_INSIDE, RAW_HELLO, DRAIN };

struct client {
    int fd;
    enum state state;
    struct profile *profile;
    SSL *ssl;
    size_t line_len;
    char line[LINE_MAX_OCTETS];
};

static void end_client(struct client *client) {
    if (client->ssl) {
        client->profile->counters.received += BIO_number_read(SSL_get_rbio(client->ssl));
        client->profile->counters.sent += BIO_number_written(SSL_get_wbio(client->ssl));
    }
    SSL_free(client->ssl);
    ERR_clear_error();
    close(client->fd);
    free(client);
}

/* What is sent here fits into an empty socket buffer; a client that does not read is left behind. */
static void say(struct client *client, const void *data, size_t len) {
    if (client->state == SMTP_INSIDE) {
        (void)SSL_write(client->ssl, data, (int)len);
        return;
    }
    ssize_t sent = send(client->fd, data, len, MSG_NOSIGNAL);
    client->profile->counters.sent += sent > 0 ? (uint64_t)sent : 0;
}

static void say_text(struct client *client, const char *text) { say(client, text, strlen(text)); }

static void start_tls(struct client *client) {
    say_text(client, "220 2.0.0 Ready to start TLS\r\n");
    client->line_len = 0;
    if (client->profile->canned) {
        client->state = RAW_HELLO;
        return;
    }
    client->ssl = SSL_new(client->profile->context);
    if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1)
        die("SSL_new");
    client->state = ACCEPT;
}

/* One command; false: the connection is over. */
static bool command(struct client *client, const char *line) {
    bool offers = client->profile->ciphers && client->state == SMTP;
    if (strncasecmp(line, "EHLO", 4) == 0)
        say_text(client, offers ? "250-bench.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n"
                                  "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 CHUNKING\r\n"
                                : "250-bench.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    else if (strncasecmp(line, "STARTTLS", 8) == 0 && offers)
        start_tls(client);
    else if (strncasecmp(line, "QUIT", 4) == 0)
        say_text(client, "221 2.0.0 Bye\r\n");
    else
        say_text(client, "502 5.5.2 Error: command not recognized\r\n");
    return strncasecmp(line, "QUIT", 4) != 0;
}

static bool commands(struct client *client) {
    for (char *end; (client->state == SMTP || client->state == SMTP_INSIDE) &&
                    (end = memchr(client->line, '\n', client->line_len)) != NULL;) {
        size_t used = (size_t)(end + 1 - client->line);
        *end = '\0';
        if (!command(client, client->line))
            return false;
        if (client->line_len < used) /* STARTTLS: nothing may follow it in clear */
            return true;
        memmove(client->line, client->line + used, client->line_len - used);
        client->line_len -= used;
    }
    return client->line_len < sizeof client->line - 1;
}

/* Reads what is there, clear or inside TLS; false: nothing more will come. */
static bool read_lines(struct client *client) {
    char *at = client->line + client->line_len;
    size_t room = sizeof client->line - 1 - client->line_len;
    if (client->state == SMTP) {
        ssize_t got = recv(client->fd, at, room, 0);
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        client->profile->counters.received += (uint64_t)got;
        client->line_len += (size_t)got;
        return commands(client);
    }
    int got = SSL_read(client->ssl, at, (int)room);
    if (got <= 0)
        return SSL_get_error(client->ssl, got) == SSL_ERROR_WANT_READ;
    client->line_len += (size_t)got;
    return commands(client);
}

/* A client that has its answer may leave without a word. */
static bool accept_tls(struct client *client) {
    int result = SSL_accept(client->ssl);
    if (result != 1)
        return SSL_get_error(client->ssl, result) == SSL_ERROR_WANT_READ;
    client->profile->counters.handshakes++;
    client->state = SMTP_INSIDE;
    return true;
}

static bool answer_raw(struct client *client) {
    char octets[4096];
    ssize_t got = recv(client->fd, octets, sizeof octets, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    client->profile->counters.received += (uint64_t)got;
    if (client->state == RAW_HELLO)
        say(client, flight, flight_len);
    client->state = DRAIN;
    return true;
}

static void on_client(struct client *client) {
    bool on = true;
    ERR_clear_error();
    if (client->state == ACCEPT)
        on = accept_tls(client);
    else if (client->state == RAW_HELLO || client->state == DRAIN)
        on = answer_raw(client);
    else
        on = read_lines(client);
    while (on && client->state == SMTP_INSIDE && SSL_pending(client->ssl) > 0)
        on = read_lines(client);
    if (on)
        return;
    if (client->state == SMTP_INSIDE)
        (void)SSL_shutdown(client->ssl);
    end_client(client);
}

/* ---- listening ---- */

static void watch(int fd, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        struct sockaddr_in local;
        socklen_t len = sizeof local;
        int on = 1;
        if (getsockname(fd, (struct sockaddr *)&local, &len) != 0)
            die("getsockname");
        unsigned octet = ntohl(local.sin_addr.s_addr) >> 16 & 0xFF;
        if (octet < FIRST_OCTET || octet >= FIRST_OCTET + PROFILE_COUNT) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *client = calloc(1, sizeof *client);
        if (client == NULL)
            die("calloc");
        client->fd = fd;
        client->profile = &PROFILES[octet - FIRST_OCTET];
        client->profile->counters.connections++;
        watch(fd, client);
        say_text(client, "220 bench.test ESMTP\r\n");
    }
}

static int listen_tcp(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") != 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, BACKLOG) != 0)
        die("listen");
    return fd;
}

static struct sockaddr_un control_address(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        die(path);
    strcpy(address.sun_path, path);
    return address;
}

static int listen_control(const char *path) {
    struct sockaddr_un address = control_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        die(path);
    return fd;
}

static void answer_control(int listener) {
    int fd = accept4(listener, NULL, NULL, 0);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < PROFILE_COUNT; i++) {
        struct counters *c = &PROFILES[i].counters;
        dprintf(fd, "%s connections=%lu received=%llu sent=%llu handshakes=%lu\n", PROFILES[i].name, c->connections,
                (unsigned long long)c->received, (unsigned long long)c->sent, c->handshakes);
        *c = (struct counters){0};
    }
    close(fd);
}

/* ---- OpenSSL ---- */

static SSL_CTX *new_context(const struct profile *profile, const char *chain, const char *key) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, profile->min) != 1 ||
        SSL_CTX_set_max_proto_version(context, profile->max) != 1 ||
        SSL_CTX_set_cipher_list(context, profile->ciphers) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, chain) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        die("SSL_CTX");
    SSL_CTX_set_dh_auto(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (profile->server_order)
        SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    return context;
}

/* The first flight of a real server to a real client of TLS 1.2. */
static void record_flight(SSL_CTX *server_context) {
    SSL_CTX *client_context = SSL_CTX_new(TLS_client_method());
    SSL *client = client_context ? SSL_new(client_context) : NULL, *server = SSL_new(server_context);
    BIO *hello = BIO_new(BIO_s_mem()), *answer = BIO_new(BIO_s_mem());
    if (!client || !server || !hello || !answer || BIO_up_ref(hello) != 1)
        die("record_flight");
    SSL_set_bio(client, BIO_new(BIO_s_mem()), hello);
    SSL_set_bio(server, hello, answer);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    (void)SSL_do_handshake(client);
    (void)SSL_do_handshake(server);
    int len = BIO_read(answer, flight, sizeof flight);
    if (len <= 0 || len == (int)sizeof flight)
        die("record_flight: no flight");
    flight_len = (size_t)len;
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_context);
    ERR_clear_error();
}

/* ---- programs ---- */

static void serve(uint16_t port, const char *chain, const char *key, const char *control_path) {
    for (unsigned i = 0; i < PROFILE_COUNT; i++)
        if (PROFILES[i].ciphers)
            PROFILES[i].context = new_context(&PROFILES[i], chain, key);
    record_flight(PROFILES[PROFILE_COUNT - 1].context);
    signal(SIGPIPE, SIG_IGN);
    loop = epoll_create1(0);
    int listener = listen_tcp(port), control = listen_control(control_path);
    watch(listener, &listener);
    watch(control, &control);
    puts("ready");
    fflush(stdout);
    for (struct epoll_event events[EVENTS];;) {
        int count = epoll_wait(loop, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &listener)
                accept_all(listener);
            else if (events[i].data.ptr == &control)
                answer_control(control);
            else
                on_client(events[i].data.ptr);
        }
    }
}

static int stats(const char *path) {
    struct sockaddr_un address = control_address(path);
    char text[2048];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die(path);
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0;)
        fwrite(text, 1, (size_t)got, stdout);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "stats") == 0)
        return stats(argv[2]);
    if (argc == 6 && strcmp(argv[1], "serve") == 0)
        serve((uint16_t)atoi(argv[2]), argv[3], argv[4], argv[5]);
    fputs("usage: responder serve PORT CHAIN.pem KEY.pem CONTROL | responder stats CONTROL\n", stderr);
    return 2;
}
