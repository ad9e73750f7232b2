/* dns.c - see dns.h.
 *
 * A query is in one place at a time: waiting (dns->waiting), under way (a link has it), or held (dns->held: all tries
 * were met with silence, and whether that says anything is not known yet). Each resolver has a link for each try,
 * because the time-out is a link's.
 */
#include "dns/dns.h"

#include "base/log.h"
#include "base/mem.h"
#include "dns/dns_link.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    TICK_MS = 100,
    LATE_TICK_MS = 500, /* the loop stood still: sockets are to be read before anything has timed out */
    CHECK_EVERY_MS = 60000,
    CHECK_DOUBT_MS = 5000, /* while a resolver does not answer or was not seen to validate */
    CHECK_STALLED_MS = 1000,
    HEARD_LATELY_MS = 1000,
    /* Pace: what a resolver's socket buffer of Linux's default size (some 270 datagrams) takes without loss. */
    BURST = 128,
    PER_MS = 16,
    /* First tries under way at once. A round ends after as many answers; it was a bad one if a tenth of them took a
     * second try. */
    WINDOW_START = 256,
    WINDOW_LEAST = 64,
    RESTARTS = 3, /* of a query whose host said that no resolver is there, though one was lately or is now */
};

struct query {
    struct query *prev, *next; /* waiting or held */
    struct dns *dns;
    struct server *server;             /* of the last try */
    unsigned type, silences, refusals; /* tries that nobody answered, that somebody refused */
    size_t first_server;
    bool unvalidated; /* it failed, and is asked once more without validation */
    bool absent;      /* at the last try the host said that no resolver is there */
    unsigned cuts, restarts;
    uint64_t began_ms, sent_ms; /* first and last try */
    dns_cb *on_answer;
    void *context;
    char name[];
};

struct server {
    struct dns *dns;
    struct dns_server public;
    bool calling, asking; /* under way: is somebody there, is the signed name authentic */
    bool alive;           /* the last call was answered; false until then */
    bool told;            /* of what it says about the signed name */
    uint64_t called_ms, heard_ms;
    struct dns_link link[DNS_TRIES_MAX];
};

struct dns {
    uv_loop_t *loop;
    uv_timer_t tick, pace;
    uv_prepare_t before_block; /* sends what waits, never from within a callback of c-ares */
    unsigned handles;          /* being closed */
    struct server server[DNS_SERVERS_MAX];
    size_t servers, next_server;
    unsigned tries;
    char *signed_name;
    struct query *waiting, *held;
    size_t waiting_count, held_count;
    size_t in_flight, limit;
    size_t fresh, window;          /* first tries under way, and how many there may be */
    size_t round_good, round_late; /* answers to first tries, to later ones, since the window was changed */
    bool round_full;               /* the window was what kept queries waiting */
    unsigned tokens;               /* may be sent now */
    uint64_t tokens_ms, heard_ms;  /* when tokens were added, when somebody answered */
    uint64_t check_ms, outage_ms;  /* when checks are due, when the last outage ended */
    bool stalled, outage;
    uint64_t ticked_ms;
    bool closing;
};

/* ---- the life of a query ---- */

static void wait_again(struct query *query) {
    DL_PREPEND(query->dns->waiting, query);
    query->dns->waiting_count++;
}

/* What was tried so far proves nothing. */
static void begin_again(struct query *query) {
    query->silences = query->refusals = 0;
    wait_again(query);
}

static void deliver(struct query *query, struct dns_answer *answer) {
    if (dns_failed(answer->status))
        log_debug("lookup failed", LOG_STR("name", query->name), LOG_INT("type", query->type),
                  LOG_STR("status", dns_status_name(answer->status)), LOG_STR("dnssec", dnssec_name(answer->dnssec)),
                  LOG_INT("silences", query->silences), LOG_INT("refusals", query->refusals));
    query->on_answer(answer, query->context);
    dns_answer_free(answer);
    free(query);
}

static void deliver_status(struct query *query, enum dns_status status) {
    deliver(query, &(struct dns_answer){.status = status, .dnssec = DNSSEC_UNKNOWN});
}

static unsigned tries_made(const struct query *query) { return query->silences + query->refusals; }

/* Does the window count it? */
static bool is_first_try(const struct query *query) { return tries_made(query) == 0 && !query->unvalidated; }

static bool believes(const struct server *server) { return server->public.validates && server->public.trusted; }

/* How good a resolver is: only the best that there are, are asked. One that does not validate would take a secure
 * answer for an unchecked one, one that does not answer would cost time. */
static unsigned rank(const struct server *server) { return server->public.answers ? (believes(server) ? 2 : 1) : 0; }

/* At least one. */
static size_t best_servers(struct dns *dns, struct server *best[DNS_SERVERS_MAX]) {
    size_t count = 1;
    best[0] = &dns->server[0];
    for (size_t i = 1; i < dns->servers; i++) {
        if (rank(&dns->server[i]) > rank(best[0]))
            count = 0;
        if (rank(&dns->server[i]) >= rank(best[0]))
            best[count++] = &dns->server[i];
    }
    return count;
}

/* Each try goes to the next. */
static struct server *choose_server(const struct query *query) {
    struct server *best[DNS_SERVERS_MAX];
    size_t count = best_servers(query->dns, best);
    return best[(query->first_server + tries_made(query)) % count];
}

static enum dnssec judge(const struct server *server, const struct dns_answer *answer) {
    if (dns_failed(answer->status))
        return DNSSEC_UNKNOWN;
    if (!believes(server))
        return DNSSEC_UNCHECKED;
    return answer->authentic ? DNSSEC_SECURE : DNSSEC_INSECURE;
}

/* SERVFAIL and the like: another resolver may know better; and where a validating one fails, the reason may be that. */
static void on_refusal(struct query *query, struct dns_answer *answer) {
    struct server *best[DNS_SERVERS_MAX];
    struct dns *dns = query->dns;
    if (query->refusals + 1 < best_servers(dns, best) && tries_made(query) + 1 < dns->tries) {
        query->refusals++;
        wait_again(query);
    } else if (believes(query->server)) {
        query->unvalidated = true;
        wait_again(query);
    } else {
        deliver(query, answer);
    }
}

static void on_message(struct query *query, struct dns_answer *answer) {
    if (query->unvalidated) { /* what it says is not to be used, but that it says something tells why it failed */
        enum dnssec state = dns_failed(answer->status) ? DNSSEC_UNKNOWN : DNSSEC_BOGUS;
        dns_answer_free(answer);
        deliver(query, &(struct dns_answer){.status = DNS_SERVFAIL, .dnssec = state});
    } else if (answer->status == DNS_SERVFAIL) {
        on_refusal(query, answer);
    } else {
        answer->dnssec = judge(query->server, answer);
        deliver(query, answer);
    }
}

/* Nobody answered, though he had the time. absent: the host says that no resolver is there. */
static void on_silence(struct query *query, bool absent) {
    struct dns *dns = query->dns;
    query->absent = absent;
    if (query->unvalidated) {
        deliver_status(query, DNS_SERVFAIL);
    } else if (tries_made(query) + 1 < dns->tries) {
        query->silences++;
        wait_again(query);
    } else if (query->began_ms < dns->outage_ms) {
        begin_again(query);
    } else if (!absent && dns->heard_ms > query->sent_ms) { /* the others are answered: it is this name */
        deliver_status(query, DNS_TIMEOUT);
    } else {
        DL_APPEND(dns->held, query);
        if (dns->held_count++ == 0)
            dns->check_ms = 0;
    }
}

/* After each round of as many answers as the window is wide. */
static void adapt_window(struct dns *dns) {
    size_t answers = dns->round_good + dns->round_late;
    if (answers < dns->window)
        return;
    if (dns->round_late * 10 > answers)
        dns->window = dns->window * 3 / 4 > WINDOW_LEAST ? dns->window * 3 / 4 : WINDOW_LEAST;
    else if (dns->round_full)
        dns->window += dns->window / 4;
    dns->round_good = dns->round_late = 0;
    dns->round_full = false;
}

static void heard(struct dns *dns) {
    dns->heard_ms = uv_now(dns->loop);
    if (dns->tokens < BURST)
        dns->tokens += 2;
}

/* A resolver that ends an idle TCP connection takes all that is under way over UDP with it, in c-ares: no try of
 * theirs. */
static bool was_cut_off(const struct query *query, int status) {
    const struct dns *dns = query->dns;
    return status == ARES_ECONNREFUSED && query->cuts < RESTARTS && uv_now(dns->loop) - dns->heard_ms < HEARD_LATELY_MS;
}

/* With NOCHECKRESP every response comes here, whatever its code; no message means that none came. */
static void on_answer(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct query *query = context;
    struct dns *dns = query->dns;
    (void)timeouts;
    dns->in_flight--;
    dns->fresh -= is_first_try(query);
    if (dns->closing) {
        deliver_status(query, DNS_TIMEOUT);
    } else if (status == ARES_SUCCESS && message && len > 0) {
        struct dns_answer answer;
        heard(dns);
        query->server->heard_ms = dns->heard_ms;
        (*(query->silences == 0 ? &dns->round_good : &dns->round_late))++;
        adapt_window(dns);
        dns_answer_parse(&answer, query->type, message, (size_t)len);
        on_message(query, &answer);
    } else if (was_cut_off(query, status)) {
        query->cuts++;
        wait_again(query);
    } else {
        on_silence(query, status == ARES_ECONNREFUSED);
    }
}

static void send_query(struct query *query) {
    struct dns *dns = query->dns;
    query->server = choose_server(query);
    dns->in_flight++;
    dns->fresh += is_first_try(query);
    query->sent_ms = uv_now(dns->loop);
    if (is_first_try(query))
        query->began_ms = query->sent_ms;
    int status = dns_link_ask(&query->server->link[tries_made(query)], query->name, query->type, true,
                              query->unvalidated ? DNS_ASK_UNVALIDATED : DNS_ASK_AUTHENTIC, on_answer, query);
    if (status != ARES_SUCCESS) {
        dns->in_flight--;
        dns->fresh -= is_first_try(query);
        /* a name that DNS cannot carry does not exist there */
        deliver_status(query, status == ARES_ENOMEM ? DNS_TIMEOUT : DNS_NXDOMAIN);
    }
}

/* ---- pace ---- */

static bool all_asked(const struct dns *dns) {
    for (size_t i = 0; i < dns->servers; i++)
        if (!dns->server[i].public.asked)
            return false;
    return true;
}

static void add_tokens(struct dns *dns) {
    uint64_t now = uv_now(dns->loop), more = dns->tokens + (now - dns->tokens_ms) * PER_MS;
    dns->tokens = more < BURST ? (unsigned)more : BURST;
    dns->tokens_ms = now;
}

static bool may_send(struct dns *dns) {
    if (dns->waiting == NULL || dns->in_flight >= dns->limit)
        return false;
    bool windowed = is_first_try(dns->waiting) && dns->fresh >= dns->window;
    dns->round_full = dns->round_full || windowed;
    return !windowed && dns->tokens > 0;
}

static void on_pace(uv_timer_t *timer) { (void)timer; /* it woke the loop, and on_before_block() follows */ }

static void on_before_block(uv_prepare_t *handle) {
    struct dns *dns = handle->data;
    if (dns->waiting == NULL || dns->closing || dns->stalled || !all_asked(dns))
        return;
    add_tokens(dns);
    while (may_send(dns)) {
        struct query *query = dns->waiting;
        DL_DELETE(dns->waiting, query);
        dns->waiting_count--;
        dns->tokens--;
        send_query(query);
    }
    if (dns->waiting && dns->tokens == 0)
        uv_timer_start(&dns->pace, on_pace, 1, 0);
}

/* ---- are the resolvers there, and do they validate? ---- */

/* A resolver was there all the time: what was met with silence has been answered by nobody. After an outage nothing is
 * known of it. */
static void release_held(struct dns *dns) {
    struct query *query, *next, *held = dns->held;
    dns->held = NULL;
    dns->held_count = 0;
    DL_FOREACH_SAFE(held, query, next) {
        DL_DELETE(held, query);
        if (dns->outage || (query->absent && query->restarts++ < RESTARTS)) {
            begin_again(query);
        } else {
            deliver_status(query, DNS_TIMEOUT);
        }
    }
    if (dns->outage) { /* it may have lost its cache: as at the beginning */
        dns->outage_ms = uv_now(dns->loop);
        dns->window = WINDOW_START;
        dns->round_good = dns->round_late = 0;
    }
    dns->outage = false;
}

static void set_stalled(struct dns *dns, bool stalled) {
    if (stalled && !dns->stalled)
        log_warn("no resolver answers: lookups wait", LOG_STR("resolver", dns->server[0].public.address));
    if (!stalled && dns->stalled)
        log_info("a resolver answers again", LOG_INT("waiting", dns->waiting_count + dns->held_count));
    dns->stalled = stalled;
    dns->outage = dns->outage || stalled;
}

/* When to look again. */
static unsigned check_pause_ms(const struct dns *dns) {
    if (dns->stalled)
        return CHECK_STALLED_MS;
    for (size_t i = 0; i < dns->servers; i++)
        if (!dns->server[i].public.answers || !dns->server[i].public.validates)
            return CHECK_DOUBT_MS;
    return CHECK_EVERY_MS;
}

/* A call was answered, or not: what does that mean for all? */
static void end_call(struct server *server, bool answered) {
    struct dns *dns = server->dns;
    bool calling = false, alive = false;
    server->calling = false;
    server->alive = server->public.answers = answered;
    for (size_t i = 0; i < dns->servers; i++) {
        calling = calling || dns->server[i].calling;
        alive = alive || dns->server[i].alive;
    }
    if (calling && !alive)
        return;
    set_stalled(dns, !alive);
    dns->check_ms = uv_now(dns->loop) + check_pause_ms(dns);
    if (alive)
        release_held(dns);
}

static void on_call(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct server *server = context;
    bool answered = status == ARES_SUCCESS && message && len > 0;
    (void)timeouts;
    if (server->dns->closing)
        return;
    if (answered) {
        heard(server->dns);
        server->public.answer_ms = (unsigned)(uv_now(server->dns->loop) - server->called_ms);
    }
    end_call(server, answered || server->heard_ms >= server->called_ms); /* one datagram may be lost */
    server->public.asked = server->public.asked || !server->asking;
}

static void tell_validation(struct server *server) {
    const struct dns_server *public = &server->public;
    server->told = true;
    if (!public->validates)
        log_warn("the resolver does not validate: DNSSEC and DANE stay unchecked", LOG_STR("resolver", public->address),
                 LOG_STR("asked", server->dns->signed_name));
    else if (!public->trusted)
        log_warn(
            "the resolver is not on loopback: DNSSEC and DANE stay unchecked unless its path is said to be trusted",
            LOG_STR("resolver", public->address));
}

/* A failure says nothing about validation: what was known stays. */
static void on_signed(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct server *server = context;
    struct dns_answer answer = {.status = DNS_TIMEOUT};
    (void)timeouts;
    if (server->dns->closing)
        return;
    if (status == ARES_SUCCESS && message && len > 0)
        dns_answer_parse(&answer, DNS_TYPE_SOA, message, (size_t)len);
    if (!dns_failed(answer.status)) {
        bool before = server->public.validates;
        server->public.validates = answer.authentic;
        if (!server->told || before != server->public.validates)
            tell_validation(server);
    }
    dns_answer_free(&answer);
    server->asking = false;
    server->public.asked = server->public.asked || !server->calling;
}

/* Whether somebody is there is asked without recursion, which any resolver answers at once, whatever the Internet does.
 * The other question may take its time. Both answers may come from within the call, so that all are marked first. */
static void check_servers(struct dns *dns) {
    bool call[DNS_SERVERS_MAX] = {false}, ask[DNS_SERVERS_MAX] = {false};
    dns->check_ms = uv_now(dns->loop) + CHECK_EVERY_MS;
    for (size_t i = 0; i < dns->servers; i++) {
        struct server *server = &dns->server[i];
        call[i] = !server->calling;
        ask[i] = !server->asking;
        server->calling = server->asking = true;
        if (call[i]) {
            server->alive = false;
            server->called_ms = uv_now(dns->loop);
        }
    }
    for (size_t i = 0; i < dns->servers; i++) {
        struct server *server = &dns->server[i];
        if (call[i] && dns_link_ask(&server->link[0], ".", DNS_TYPE_NS, false, 0, on_call, server) != ARES_SUCCESS)
            end_call(server, false);
        if (ask[i] && dns_link_ask(&server->link[dns->tries - 1], dns->signed_name, DNS_TYPE_SOA, true,
                                   DNS_ASK_AUTHENTIC, on_signed, server) != ARES_SUCCESS)
            server->asking = false;
    }
}

static void on_tick(uv_timer_t *timer) {
    struct dns *dns = timer->data;
    uint64_t now = uv_now(dns->loop);
    bool late = now - dns->ticked_ms > LATE_TICK_MS;
    dns->ticked_ms = now;
    for (size_t i = 0; !late && i < dns->servers; i++)
        for (unsigned try = 0; try < dns->tries; try++)
            dns_link_tick(&dns->server[i].link[try]);
    if (now >= dns->check_ms)
        check_servers(dns);
}

/* ---- opening ---- */

/* The resolvers' addresses, from the text or resolv.conf: c-ares reads both. The caller frees with ares_free_data(). */
static int read_servers(const char *servers, struct ares_addr_port_node **list) {
    ares_channel scratch;
    int status = ares_init(&scratch);
    if (status != ARES_SUCCESS)
        return status;
    if (servers && *servers)
        status = ares_set_servers_ports_csv(scratch, servers);
    if (status == ARES_SUCCESS)
        status = ares_get_servers_ports(scratch, list);
    ares_destroy(scratch);
    return status == ARES_SUCCESS && *list == NULL ? ARES_EBADSTR : status;
}

static void describe(struct dns_server *public, const struct ares_addr_port_node *node, bool trust_path) {
    enum { DNS_PORT = 53, LOOPBACK = 127 };
    char text[INET6_ADDRSTRLEN];
    bool v4 = node->family == AF_INET;
    inet_ntop(node->family, &node->addr, text, sizeof text);
    snprintf(public->address, sizeof public->address, v4 ? "%s:%d" : "[%s]:%d", text,
             node->udp_port ? node->udp_port : DNS_PORT);
    bool loopback = v4 ? ntohl(node->addr.addr4.s_addr) >> 24 == LOOPBACK : strcmp(text, "::1") == 0;
    public->trusted = loopback || trust_path;
}

static int open_servers(struct dns *dns, const struct dns_config *config, const struct ares_addr_port_node *list) {
    int status = ARES_SUCCESS;
    for (; list && dns->servers < DNS_SERVERS_MAX && status == ARES_SUCCESS; list = list->next) {
        struct server *server = &dns->server[dns->servers++];
        server->dns = dns;
        describe(&server->public, list, config->trust_path);
        for (unsigned try = 0; try < dns->tries && status == ARES_SUCCESS; try++)
            status = dns_link_open(&server->link[try], dns->loop, list, config->timeout_ms << try);
    }
    return status;
}

static void close_servers(struct dns *dns) {
    for (size_t i = 0; i < dns->servers; i++)
        for (unsigned try = 0; try < DNS_TRIES_MAX; try++)
            dns_link_close(&dns->server[i].link[try]);
    free(dns->signed_name);
}

static void start_handles(struct dns *dns) {
    uv_timer_init(dns->loop, &dns->tick);
    uv_timer_init(dns->loop, &dns->pace);
    uv_prepare_init(dns->loop, &dns->before_block);
    dns->tick.data = dns->pace.data = dns->before_block.data = dns;
    uv_timer_start(&dns->tick, on_tick, 0, TICK_MS);
    uv_prepare_start(&dns->before_block, on_before_block);
}

/* false: error says why. */
static bool open_all(struct dns *dns, const struct dns_config *config, char *error, size_t cap) {
    struct ares_addr_port_node *list = NULL;
    if (!dns_link_name_is_good(dns->signed_name)) {
        snprintf(error, cap, "'%s' is no name to look for signatures at", dns->signed_name);
        return false;
    }
    int status = read_servers(config->servers, &list);
    if (status == ARES_SUCCESS)
        status = open_servers(dns, config, list);
    if (list)
        ares_free_data(list);
    if (status != ARES_SUCCESS)
        snprintf(error, cap, "cannot use the resolver '%s': %s; expected ADDRESS[:PORT], several joined by commas",
                 config->servers ? config->servers : "of resolv.conf", ares_strerror(status));
    return status == ARES_SUCCESS;
}

struct dns *dns_open(uv_loop_t *loop, const struct dns_config *config, char *error, size_t cap) {
    struct dns *dns = mem_alloc(sizeof *dns);
    dns->loop = loop;
    dns->limit = config->in_flight;
    dns->window = WINDOW_START;
    dns->tokens = BURST;
    dns->ticked_ms = uv_now(loop);
    dns->tries = (unsigned)config->tries < DNS_TRIES_MAX ? (unsigned)config->tries : DNS_TRIES_MAX;
    dns->signed_name = mem_strdup(config->signed_name && *config->signed_name ? config->signed_name : ".");
    ares_library_init(ARES_LIB_INIT_ALL); /* fails on Windows alone */
    if (open_all(dns, config, error, cap)) {
        start_handles(dns);
        return dns;
    }
    close_servers(dns);
    free(dns);
    return NULL;
}

static void on_closed(uv_handle_t *handle) {
    struct dns *dns = handle->data;
    if (--dns->handles == 0)
        free(dns);
}

static void drop_list(struct query **list) {
    while (*list) { /* answers may bring new queries */
        struct query *query = *list;
        DL_DELETE(*list, query);
        deliver_status(query, DNS_TIMEOUT);
    }
}

void dns_close(struct dns **dns) {
    struct dns *self = *dns;
    if (self == NULL)
        return;
    *dns = NULL;
    self->closing = true;
    close_servers(self); /* answers what is in flight, and gives its sockets back */
    drop_list(&self->waiting);
    drop_list(&self->held);
    self->handles = 3;
    uv_close((uv_handle_t *)&self->tick, on_closed);
    uv_close((uv_handle_t *)&self->pace, on_closed);
    uv_close((uv_handle_t *)&self->before_block, on_closed);
}

void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_done, void *context) {
    size_t len = strlen(name);
    struct query *query = mem_alloc(sizeof *query + len + 1);
    query->dns = dns;
    query->type = type;
    query->on_answer = on_done;
    query->context = context;
    query->first_server = dns->next_server++ % dns->servers;
    memcpy(query->name, name, len);
    DL_APPEND(dns->waiting, query);
    dns->waiting_count++;
}

size_t dns_busy(const struct dns *dns) { return dns->waiting_count + dns->in_flight + dns->held_count; }
bool dns_stalled(const struct dns *dns) { return dns->stalled; }
size_t dns_server_count(const struct dns *dns) { return dns->servers; }
struct dns_server dns_server(const struct dns *dns, size_t index) {
    return dns->server[index].public;
}
