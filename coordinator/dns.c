/* dns.c - see dns.h.
 *
 * c-ares tells which sockets it wants watched (on_socket_state); each gets a uv_poll. Time-outs are driven by one
 * coarse tick: asking c-ares for the next time-out costs time proportional to the queries outstanding.
 */
#include "dns.h"

#include "mem.h"
#include "name.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TICK_MS = 100, EDNS_OCTETS = 1232, CLASS_IN = 1, SOCKET_BUFFER_OCTETS = 4 << 20 };

struct query {
    struct dns *dns;
    struct query *next; /* waiting */
    unsigned type;
    dns_cb *on_answer;
    void *context;
    char name[NAME_CAP];
};

struct watch {
    uv_poll_t poll;
    struct dns *dns;
    ares_socket_t socket;
    struct watch *next;
};

struct dns {
    uv_loop_t *loop;
    ares_channel channel;
    uv_timer_t tick;
    uv_prepare_t before_block; /* sends what waits, never from within a callback of c-ares */
    unsigned handles;          /* being closed */
    struct watch *watches;
    struct query *first, *last; /* waiting */
    size_t in_flight, limit;
    bool closing;
};

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct watch *watch = poll->data;
    bool readable = status < 0 || (events & UV_READABLE), writable = status < 0 || (events & UV_WRITABLE);
    ares_process_fd(watch->dns->channel, readable ? watch->socket : ARES_SOCKET_BAD,
                    writable ? watch->socket : ARES_SOCKET_BAD);
}

static void on_watch_closed(uv_handle_t *handle) { free(handle->data); }

static void unwatch(struct dns *dns, struct watch *watch) {
    struct watch **at = &dns->watches;
    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void on_socket_state(void *context, ares_socket_t socket, int readable, int writable) {
    struct dns *dns = context;
    struct watch *watch = dns->watches;
    while (watch && watch->socket != socket)
        watch = watch->next;
    if (!readable && !writable) {
        if (watch)
            unwatch(dns, watch);
        return;
    }
    if (watch == NULL) {
        watch = mem_alloc(sizeof *watch);
        watch->dns = dns;
        watch->socket = socket;
        watch->next = dns->watches;
        dns->watches = watch;
        uv_poll_init_socket(dns->loop, &watch->poll, socket);
        watch->poll.data = watch;
    }
    uv_poll_start(&watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_poll);
}

static void on_tick(uv_timer_t *timer) {
    struct dns *dns = timer->data;
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void end_query(struct query *query, struct dns_answer *answer) {
    query->on_answer(answer, query->context);
    dns_answer_free(answer);
    free(query);
}

/* With NOCHECKRESP every response comes here, whatever its code; no message means that none came. */
static void on_answer(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct query *query = context;
    struct dns_answer answer = {.status = DNS_TIMEOUT};
    (void)timeouts;
    if (status == ARES_SUCCESS && message && len > 0)
        dns_answer_parse(&answer, query->type, message, (size_t)len);
    query->dns->in_flight--;
    end_query(query, &answer);
}

static void on_bad_name(struct query *query) {
    struct dns_answer answer = {.status = DNS_NXDOMAIN};
    query->dns->in_flight--;
    end_query(query, &answer);
}

/* The query is made here and not by ares_query(): with ARES_FLAG_EDNS, c-ares 1.18 turns EDNS off for the whole channel
 * at the first SERVFAIL and sends the query again cut short, which resolvers drop. */
static void send_query(struct dns *dns, struct query *query) {
    unsigned char *message = NULL;
    unsigned short id = 0;
    int len = 0;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        id = (unsigned short)uv_hrtime();
    dns->in_flight++;
    int status = ares_create_query(query->name, CLASS_IN, (int)query->type, id, 1, &message, &len, EDNS_OCTETS);
    if (status == ARES_SUCCESS)
        ares_send(dns->channel, message, len, on_answer, query);
    else /* a name that DNS cannot carry does not exist there */
        on_bad_name(query);
    ares_free_string(message);
}

static void send_waiting(struct dns *dns) {
    while (dns->first && dns->in_flight < dns->limit && !dns->closing) {
        struct query *query = dns->first;
        dns->first = query->next;
        send_query(dns, query);
    }
}

static void on_before_block(uv_prepare_t *handle) { send_waiting(handle->data); }

static bool open_channel(struct dns *dns, const struct dns_config *config, char *error, size_t cap) {
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                                            ARES_FLAG_STAYOPEN,
                                   .timeout = config->timeout_ms,
                                   .tries = config->tries,
                                   .socket_receive_buffer_size = SOCKET_BUFFER_OCTETS,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_STATE_CB;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
        status = ares_init_options(&dns->channel, &options, mask);
    if (status == ARES_SUCCESS && config->servers && *config->servers)
        status = ares_set_servers_ports_csv(dns->channel, config->servers);
    if (status != ARES_SUCCESS)
        snprintf(error, cap, "cannot use the resolver '%s': %s; expected ADDRESS[:PORT], several joined by commas",
                 config->servers ? config->servers : "of resolv.conf", ares_strerror(status));
    return status == ARES_SUCCESS;
}

struct dns *dns_open(uv_loop_t *loop, const struct dns_config *config, char *error, size_t cap) {
    struct dns *dns = mem_alloc(sizeof *dns);
    dns->loop = loop;
    dns->limit = config->in_flight;
    if (!open_channel(dns, config, error, cap)) {
        if (dns->channel)
            ares_destroy(dns->channel);
        free(dns);
        return NULL;
    }
    uv_timer_init(loop, &dns->tick);
    uv_prepare_init(loop, &dns->before_block);
    dns->tick.data = dns->before_block.data = dns;
    uv_timer_start(&dns->tick, on_tick, TICK_MS, TICK_MS);
    uv_prepare_start(&dns->before_block, on_before_block);
    return dns;
}

static void on_closed(uv_handle_t *handle) {
    struct dns *dns = handle->data;
    if (--dns->handles == 0)
        free(dns);
}

void dns_close(struct dns **dns) {
    struct dns *self = *dns;
    if (self == NULL)
        return;
    *dns = NULL;
    self->closing = true;
    ares_destroy(self->channel); /* answers what is in flight, and gives its sockets back */
    while (self->first) {
        struct query *query = self->first;
        self->first = query->next;
        end_query(query, &(struct dns_answer){.status = DNS_TIMEOUT});
    }
    self->handles = 2;
    uv_close((uv_handle_t *)&self->tick, on_closed);
    uv_close((uv_handle_t *)&self->before_block, on_closed);
}

void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_done, void *context) {
    struct query *query = mem_alloc(sizeof *query);
    query->dns = dns;
    query->type = type;
    query->on_answer = on_done;
    query->context = context;
    strncat(query->name, name, sizeof query->name - 1);
    if (dns->first)
        dns->last->next = query;
    else
        dns->first = query;
    dns->last = query;
}
