/* dns.c - see dns.h.
 *
 * A query is in one place at a time: waiting (dns->waiting), under way (a link has it), or held (dns->held: all tries
 * were met with silence, and whether that says anything is not known yet). Which resolver is asked, and whether one is
 * there at all, is for dns_servers; how fast, for dns_pace.
 */
#include "dns/dns.h"

#include "base/log.h"
#include "base/mem.h"
#include "dns/dns_pace.h"
#include "dns/dns_servers.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    TICK_MS = 100,
    HEARD_LATELY_MS = 1000,
    RESTARTS = 3, /* of a query whose host said that no resolver is there, though one was lately or is now */
};

struct query {
    struct query *prev, *next; /* waiting or held */
    struct dns *dns;
    struct server *server; /* of the last try */
    unsigned type;
    unsigned silences;   /* tries that nobody answered */
    unsigned refusals;   /* tries that somebody refused */
    unsigned cuts;       /* tries that ended with a connection, and count for nothing */
    unsigned restarts;   /* how often it began again, because no resolver was there */
    size_t first_server; /* each try goes to the next */
    bool unvalidated;    /* it failed, and is asked once more without validation */
    bool absent;         /* at the last try the host said that no resolver is there */
    uint64_t began_ms;   /* the first try */
    uint64_t sent_ms;    /* the last try */
    dns_cb *on_answer;
    void *context;
    char name[];
};

enum dns_state {
    RUNNING,
    STALLED, /* no resolver answers */
    CLOSING,
};

struct dns {
    uv_loop_t *loop;
    uv_timer_t tick;
    uv_timer_t wake;           /* when there may be tokens again */
    uv_prepare_t before_block; /* sends what waits, never from within a callback of c-ares */
    unsigned handles;          /* being closed */
    enum dns_state state;
    struct dns_servers servers;
    size_t next_server; /* whom the next query is asked of first */
    struct dns_pace pace;
    struct query *waiting, *held;
    size_t waiting_count, held_count;
    size_t in_flight, limit;
    uint64_t heard_ms;  /* when somebody answered */
    uint64_t outage_ms; /* when the last outage ended */
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

static bool may_try_again(const struct query *query) { return tries_made(query) + 1 < query->dns->servers.tries; }

/* Does the window count it? */
static bool is_first_try(const struct query *query) { return tries_made(query) == 0 && !query->unvalidated; }

static enum dnssec judge_dnssec(const struct server *server, const struct dns_answer *answer) {
    if (dns_failed(answer->status))
        return DNSSEC_UNKNOWN;
    if (!dns_server_is_believed(server))
        return DNSSEC_UNCHECKED;
    return answer->authentic ? DNSSEC_SECURE : DNSSEC_INSECURE;
}

/* SERVFAIL and the like: another resolver may know better; and where a validating one fails, the reason may be that. */
static void on_refusal(struct query *query, struct dns_answer *answer) {
    if (query->refusals + 1 < dns_servers_best_count(&query->dns->servers) && may_try_again(query)) {
        query->refusals++;
        wait_again(query);
    } else if (dns_server_is_believed(query->server)) {
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
        answer->dnssec = judge_dnssec(query->server, answer);
        deliver(query, answer);
    }
}

/* Nobody answered, though he had the time. absent: the host says that no resolver is there. */
static void on_silence(struct query *query, bool absent) {
    struct dns *dns = query->dns;
    query->absent = absent;
    if (query->unvalidated) {
        deliver_status(query, DNS_SERVFAIL);
    } else if (may_try_again(query)) {
        query->silences++;
        wait_again(query);
    } else if (query->began_ms < dns->outage_ms) {
        begin_again(query);
    } else if (!absent && dns->heard_ms > query->sent_ms) { /* the others are answered: it is this name */
        deliver_status(query, DNS_TIMEOUT);
    } else {
        DL_APPEND(dns->held, query);
        if (dns->held_count++ == 0)
            dns_servers_check_soon(&dns->servers);
    }
}

static void on_heard(void *context) {
    struct dns *dns = context;
    dns->heard_ms = uv_now(dns->loop);
    dns_pace_heard(&dns->pace);
}

/* Of the query's resolver. */
static void note_answer(struct query *query) {
    struct dns *dns = query->dns;
    on_heard(dns);
    query->server->heard_ms = dns->heard_ms;
    dns_pace_answered(&dns->pace, query->silences > 0);
}

static void end_try(struct query *query) {
    query->dns->in_flight--;
    dns_pace_ended(&query->dns->pace, is_first_try(query));
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
    end_try(query);
    if (dns->state == CLOSING) {
        deliver_status(query, DNS_TIMEOUT);
    } else if (status == ARES_SUCCESS && message && len > 0) {
        struct dns_answer answer;
        note_answer(query);
        dns_answer_parse(&answer, query->type, message, (size_t)len);
        on_message(query, &answer);
    } else if (was_cut_off(query, status)) {
        query->cuts++;
        wait_again(query);
    } else {
        on_silence(query, status == ARES_ECONNREFUSED);
    }
}

/* ---- sending ---- */

static void send_query(struct query *query) {
    struct dns *dns = query->dns;
    query->server = dns_servers_best(&dns->servers, query->first_server + tries_made(query));
    dns->in_flight++;
    dns_pace_began(&dns->pace, is_first_try(query));
    query->sent_ms = uv_now(dns->loop);
    if (is_first_try(query))
        query->began_ms = query->sent_ms;
    int status = dns_link_ask(&query->server->link[tries_made(query)], query->name, query->type, true,
                              query->unvalidated ? DNS_ASK_UNVALIDATED : DNS_ASK_AUTHENTIC, on_answer, query);
    if (status != ARES_SUCCESS) {
        end_try(query);
        /* a name that DNS cannot carry does not exist there */
        deliver_status(query, status == ARES_ENOMEM ? DNS_TIMEOUT : DNS_NXDOMAIN);
    }
}

static bool may_send(struct dns *dns) {
    return dns->waiting && dns->in_flight < dns->limit && dns_pace_permits(&dns->pace, is_first_try(dns->waiting));
}

static void on_wake(uv_timer_t *timer) { (void)timer; /* it woke the loop, and on_before_block() follows */ }

static void on_before_block(uv_prepare_t *handle) {
    struct dns *dns = handle->data;
    if (dns->waiting == NULL || dns->state != RUNNING || !dns_servers_known(&dns->servers))
        return;
    dns_pace_refill(&dns->pace, uv_now(dns->loop));
    while (may_send(dns)) {
        struct query *query = dns->waiting;
        DL_DELETE(dns->waiting, query);
        dns->waiting_count--;
        send_query(query);
    }
    if (dns->waiting && dns->pace.tokens == 0)
        uv_timer_start(&dns->wake, on_wake, 1, 0);
}

/* ---- what checks tell ---- */

/* A resolver was there all the time: what was met with silence has been answered by nobody. After an outage nothing is
 * known of it. */
static void release_held(struct dns *dns, bool after_outage) {
    struct query *query, *next, *held = dns->held;
    dns->held = NULL;
    dns->held_count = 0;
    DL_FOREACH_SAFE(held, query, next) {
        DL_DELETE(held, query);
        if (after_outage || (query->absent && query->restarts++ < RESTARTS))
            begin_again(query);
        else
            deliver_status(query, DNS_TIMEOUT);
    }
}

static void end_outage(struct dns *dns) {
    log_info("a resolver answers again", LOG_INT("waiting", dns->waiting_count + dns->held_count));
    dns->state = RUNNING;
    dns->outage_ms = uv_now(dns->loop);
    dns_pace_restart(&dns->pace);
}

static void on_called(void *context, bool there) {
    struct dns *dns = context;
    bool outage = dns->state == STALLED;
    if (!there && !outage)
        log_warn("no resolver answers: lookups wait", LOG_STR("resolver", dns->servers.server[0].public.address));
    if (!there) {
        dns->state = STALLED;
        return;
    }
    if (outage)
        end_outage(dns);
    release_held(dns, outage);
}

/* ---- opening ---- */

static void on_tick(uv_timer_t *timer) {
    struct dns *dns = timer->data;
    dns_servers_tick(&dns->servers);
}

static void start_handles(struct dns *dns) {
    uv_timer_init(dns->loop, &dns->tick);
    uv_timer_init(dns->loop, &dns->wake);
    uv_prepare_init(dns->loop, &dns->before_block);
    dns->tick.data = dns->wake.data = dns->before_block.data = dns;
    uv_timer_start(&dns->tick, on_tick, 0, TICK_MS);
    uv_prepare_start(&dns->before_block, on_before_block);
}

struct dns *dns_open(uv_loop_t *loop, const struct dns_config *config, char *error, size_t cap) {
    struct dns *dns = mem_alloc(sizeof *dns);
    const struct dns_servers_hooks hooks = {.on_heard = on_heard, .on_called = on_called, .context = dns};
    dns->loop = loop;
    dns->limit = config->in_flight;
    dns->pace = dns_pace_start();
    ares_library_init(ARES_LIB_INIT_ALL); /* fails on Windows alone */
    if (dns_servers_open(&dns->servers, loop, config, &hooks, error, cap)) {
        start_handles(dns);
        return dns;
    }
    dns_servers_close(&dns->servers);
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
    self->state = CLOSING;
    dns_servers_close(&self->servers); /* answers what is in flight, and gives its sockets back */
    drop_list(&self->waiting);
    drop_list(&self->held);
    self->handles = 3;
    uv_close((uv_handle_t *)&self->tick, on_closed);
    uv_close((uv_handle_t *)&self->wake, on_closed);
    uv_close((uv_handle_t *)&self->before_block, on_closed);
}

void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_done, void *context) {
    size_t len = strlen(name);
    struct query *query = mem_alloc(sizeof *query + len + 1);
    query->dns = dns;
    query->type = type;
    query->on_answer = on_done;
    query->context = context;
    query->first_server = dns->next_server++ % dns->servers.count;
    memcpy(query->name, name, len);
    DL_APPEND(dns->waiting, query);
    dns->waiting_count++;
}

size_t dns_busy(const struct dns *dns) { return dns->waiting_count + dns->in_flight + dns->held_count; }
bool dns_stalled(const struct dns *dns) { return dns->state == STALLED; }
size_t dns_server_count(const struct dns *dns) { return dns->servers.count; }
struct dns_server dns_server(const struct dns *dns, size_t index) {
    return dns->servers.server[index].public;
}
