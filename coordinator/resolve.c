/* resolve.c - see resolve.h.
 *
 * A domain is under way or ready (on one of two lists), and gone when it is written. An exchange is in the hash as long
 * as it is under way, not written, or a domain refers to it, so that domains under way share one lookup. A domain is
 * ready when its exchanges are settled: they are written with it, or were before.
 */
#include "resolve.h"

#include "base/log.h"
#include "base/mem.h"
#include "coordinator_sql.h"
#include "db/db.h"
#include "domain_lookup.h"
#include "resolve_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { NUMBER_CAP = 24, PAGE_DOMAINS = 2000, PAGE_EXCHANGES = 2000, EXCHANGES_PER_DOMAIN = 4, WRITE_AGAIN_MS = 5000 };

struct waiter {
    struct waiter *next;
    struct domain *domain;
};

/* How much of a survey is here. */
struct load {
    UT_hash_handle hh;
    int survey;
    size_t count, domains; /* domains and exchanges; the former alone */
    bool dropped;
    uint64_t not_before_ms; /* a write failed: the next one */
};

struct resolver {
    struct dns *dns;
    struct resolver_config config;
    struct domain *under_way, *ready;
    size_t domain_count, ready_count; /* both lists; the second */
    struct exchange *exchanges;       /* all */
    struct exchange *new, *settled;   /* lists by state */
    size_t new_count, settled_count;
    struct load *loads;
    uint64_t now_ms;
};

struct resolver *resolver_new(struct dns *dns, const struct resolver_config *config) {
    struct resolver *resolver = mem_alloc(sizeof *resolver);
    resolver->dns = dns;
    resolver->config = *config;
    return resolver;
}

static struct load *find_load(const struct resolver *resolver, int survey) {
    struct load *load;
    HASH_FIND_INT(resolver->loads, &survey, load);
    return load;
}

static void add_load(struct resolver *resolver, int survey, int more, int domains) {
    struct load *load = find_load(resolver, survey);
    if (load == NULL) {
        load = mem_alloc(sizeof *load);
        load->survey = survey;
        HASH_ADD_INT(resolver->loads, survey, load);
    }
    load->count += (size_t)more;
    load->domains += (size_t)domains;
    if (load->count == 0) {
        HASH_DEL(resolver->loads, load);
        free(load);
    }
}

size_t resolver_busy(const struct resolver *resolver, int survey) {
    const struct load *load = find_load(resolver, survey);
    return load ? load->count : 0;
}

void resolver_drop(struct resolver *resolver, int survey) {
    struct load *load = find_load(resolver, survey);
    if (load)
        load->dropped = true;
}

/* ---- exchanges ---- */

static struct exchange_key key_of(int survey, const char *name) {
    struct exchange_key key;
    memset(&key, 0, sizeof key); /* it is hashed whole */
    key.survey = survey;
    strncat(key.name, name, NAME_MAX_OCTETS);
    return key;
}

static struct exchange *find_exchange(const struct resolver *resolver, int survey, const char *name) {
    struct exchange_key key = key_of(survey, name);
    struct exchange *exchange;
    HASH_FIND(hh, resolver->exchanges, &key, sizeof key, exchange);
    return exchange;
}

static struct exchange *add_exchange(struct resolver *resolver, int survey, const char *name) {
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    exchange->key = key_of(survey, name);
    HASH_ADD(hh, resolver->exchanges, key, sizeof exchange->key, exchange);
    add_load(resolver, survey, 1, 0);
    return exchange;
}

static bool is_done(const struct exchange *exchange) {
    return exchange->state == EXCHANGE_WRITTEN || exchange->state == EXCHANGE_UNLISTED;
}

static void drop_exchange(struct resolver *resolver, struct exchange *exchange) {
    HASH_DEL(resolver->exchanges, exchange);
    exchange_clear(exchange);
    while (exchange->waiters) {
        struct waiter *waiter = exchange->waiters;
        LL_DELETE(exchange->waiters, waiter);
        free(waiter);
    }
    free(exchange);
}

static void drop_if_unused(struct resolver *resolver, struct exchange *exchange) {
    if (exchange->users == 0 && is_done(exchange))
        drop_exchange(resolver, exchange);
}

/* Everything about it is known. */
static void set_done(struct resolver *resolver, struct exchange *exchange, enum exchange_state state) {
    exchange->state = state;
    add_load(resolver, exchange->key.survey, -1, 0);
}

static void set_settled(struct resolver *resolver, struct exchange *exchange) {
    exchange->state = EXCHANGE_SETTLED;
    exchange->ready_ms = resolver->now_ms;
    DL_APPEND(resolver->settled, exchange);
    resolver->settled_count++;
}

static void wake_waiters(struct exchange *exchange) {
    while (exchange->waiters) {
        struct waiter *waiter = exchange->waiters;
        struct domain *domain = waiter->domain;
        LL_DELETE(exchange->waiters, waiter);
        free(waiter);
        domain_came(domain);
    }
}

static void on_settled(struct exchange *exchange, void *context) {
    struct resolver *resolver = context;
    if (exchange->listed || exchange->address_count > 0)
        set_settled(resolver, exchange);
    else
        set_done(resolver, exchange, EXCHANGE_UNLISTED);
    wake_waiters(exchange);
}

static void look_up(struct resolver *resolver, struct exchange *exchange) {
    exchange->state = EXCHANGE_LOOKED_UP;
    exchange_look_up(exchange, resolver->dns, resolver->config.forbidden, on_settled, resolver);
}

/* The exchange of that name, which the domain waits for unless it is settled. */
static struct exchange *want_exchange(struct resolver *resolver, struct domain *domain, const struct mx_member *member,
                                      bool listed) {
    struct exchange *exchange = find_exchange(resolver, domain->survey, member->exchange);
    if (exchange == NULL) {
        exchange = add_exchange(resolver, domain->survey, member->exchange);
        exchange->invalid = member->invalid;
        DL_APPEND(resolver->new, exchange);
        resolver->new_count++;
    }
    exchange->users++;
    exchange->listed = exchange->listed || listed;
    if (listed && exchange->state == EXCHANGE_UNLISTED) {
        add_load(resolver, domain->survey, 1, 0);
        set_settled(resolver, exchange);
    }
    if (exchange->state == EXCHANGE_NEW || exchange->state == EXCHANGE_LOOKED_UP) {
        struct waiter *waiter = mem_alloc(sizeof *waiter);
        waiter->domain = domain;
        LL_PREPEND(exchange->waiters, waiter);
        domain->outstanding++;
    }
    return exchange;
}

/* ---- domains ---- */

static void on_set(struct domain *domain, const struct mx_set *set, void *context) {
    struct resolver *resolver = context;
    domain->member = mem_calloc(set->count, sizeof *domain->member);
    for (size_t i = 0; i < set->count; i++) {
        domain->member[i].preference = set->member[i].preference;
        domain->member[i].exchange = want_exchange(resolver, domain, &set->member[i], domain->status == DNS_OK);
    }
    domain->member_count = set->count;
}

static void on_done(struct domain *domain, void *context) {
    struct resolver *resolver = context;
    DL_DELETE(resolver->under_way, domain);
    DL_APPEND(resolver->ready, domain);
    resolver->ready_count++;
    domain->ready_ms = resolver->now_ms;
}

static void start_domain(struct resolver *resolver, int survey, const char *name) {
    static const struct domain_events events = {.on_set = on_set, .on_done = on_done};
    struct domain *domain = mem_alloc(sizeof *domain);
    domain->survey = survey;
    strncat(domain->name, name, NAME_MAX_OCTETS);
    DL_APPEND(resolver->under_way, domain);
    resolver->domain_count++;
    add_load(resolver, survey, 1, 1);
    domain_look_up(domain, resolver->dns, resolver->config.forbidden, &events, resolver);
}

/* It is on no list any more. */
static void end_domain(struct resolver *resolver, struct domain *domain) {
    for (size_t i = 0; i < domain->member_count; i++) {
        domain->member[i].exchange->users--;
        drop_if_unused(resolver, domain->member[i].exchange);
    }
    resolver->domain_count--;
    add_load(resolver, domain->survey, -1, -1);
    domain_free(domain);
}

void resolver_free(struct resolver **resolver) {
    struct resolver *self = *resolver;
    struct domain *domain, *next_domain;
    struct exchange *exchange, *next;
    if (self == NULL)
        return;
    DL_CONCAT(self->ready, self->under_way);
    DL_FOREACH_SAFE(self->ready, domain, next_domain) { end_domain(self, domain); }
    HASH_ITER(hh, self->exchanges, exchange, next) {
        if (!is_done(exchange))
            add_load(self, exchange->key.survey, -1, 0);
        drop_exchange(self, exchange);
    }
    free(self);
    *resolver = NULL;
}

/* ---- reading from the database ---- */

static bool fill_domains(struct resolver *resolver, struct db *db, int survey, size_t room,
                         struct resolve_cursor *cursor) {
    char id[NUMBER_CAP], line[NUMBER_CAP], limit[NUMBER_CAP];
    snprintf(id, sizeof id, "%d", survey);
    snprintf(line, sizeof line, "%lld", (long long)cursor->line);
    snprintf(limit, sizeof limit, "%zu", room < PAGE_DOMAINS ? room : PAGE_DOMAINS);
    PGresult *rows = db_query(db, &SQL_DOMAINS_DUE, id, line, limit);
    if (rows == NULL)
        return false;
    int count = PQntuples(rows);
    cursor->exhausted = count == 0;
    for (int i = 0; i < count; i++)
        start_domain(resolver, survey, PQgetvalue(rows, i, 0));
    if (count > 0)
        cursor->line = strtoll(PQgetvalue(rows, count - 1, 1), NULL, 10);
    PQclear(rows);
    return true;
}

/* Exchanges of which something could not be learnt before. */
static bool fill_exchanges(struct resolver *resolver, struct db *db, int survey) {
    char id[NUMBER_CAP], limit[NUMBER_CAP];
    snprintf(id, sizeof id, "%d", survey);
    snprintf(limit, sizeof limit, "%d", PAGE_EXCHANGES);
    PGresult *rows = db_query(db, &SQL_EXCHANGES_DUE, id, limit);
    if (rows == NULL)
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        struct exchange *exchange = add_exchange(resolver, survey, PQgetvalue(rows, i, 0));
        exchange->listed = true;
        look_up(resolver, exchange);
    }
    PQclear(rows);
    return true;
}

/* How many domains of the survey may be started. */
static size_t room_for(const struct resolver *resolver, int survey, size_t share) {
    const struct load *load = find_load(resolver, survey);
    size_t mine = load ? load->domains : 0, all = resolver->config.domains - resolver->domain_count;
    return mine >= share ? 0 : share - mine < all ? share - mine : all;
}

bool resolver_fill(struct resolver *resolver, struct db *db, int survey, size_t surveys,
                   struct resolve_cursor *cursor) {
    size_t share = resolver->config.domains / surveys + 1, room;
    /* Many at once, so that a window that is nearly full is not filled row by row. */
    size_t least = share / 4 < PAGE_DOMAINS ? share / 4 + 1 : PAGE_DOMAINS;
    cursor->exhausted = false;
    while (!cursor->exhausted && (room = room_for(resolver, survey, share)) >= least)
        if (!fill_domains(resolver, db, survey, room, cursor))
            return false;
    /* A second round, for retries, starts only when nothing is here that it would read. */
    if (!cursor->exhausted || resolver_busy(resolver, survey) > 0)
        return true;
    cursor->line = 0;
    return fill_exchanges(resolver, db, survey);
}

/* ---- which exchanges are known ---- */

/* {"a","b"} of the first count new exchanges of a survey, which are put on *asked. Names hold no quote or backslash,
 * but invalid ones may. */
static char *take_new(struct resolver *resolver, int survey, struct exchange **asked) {
    struct exchange *exchange, *next;
    size_t used = 0, count = 0, cap = PAGE_EXCHANGES * (2 * NAME_CAP + 3) + 3;
    char *text = mem_alloc(cap);
    text[used++] = '{';
    DL_FOREACH_SAFE(resolver->new, exchange, next) {
        if (exchange->key.survey != survey || count == PAGE_EXCHANGES)
            continue;
        DL_DELETE(resolver->new, exchange);
        DL_APPEND(*asked, exchange);
        resolver->new_count--;
        text[used++] = count++ ? ',' : ' ';
        text[used++] = '"';
        for (const char *at = exchange->key.name; *at; at++) {
            if (*at == '"' || *at == '\\')
                text[used++] = '\\';
            text[used++] = *at;
        }
        text[used++] = '"';
    }
    text[used] = '}';
    return text;
}

static const char *stored_status(const char *status) {
    static const char *const others[] = {"invalid", "refused_by_policy"};
    for (enum dns_status s = DNS_OK; s <= DNS_TIMEOUT; s++)
        if (strcmp(status, dns_status_name(s)) == 0)
            return dns_status_name(s);
    return strcmp(status, others[0]) == 0 ? others[0] : others[1];
}

static void mark_known(struct resolver *resolver, const PGresult *rows, int survey) {
    for (int i = 0; i < PQntuples(rows); i++) {
        struct exchange *exchange = find_exchange(resolver, survey, PQgetvalue(rows, i, 0));
        if (exchange && exchange->state == EXCHANGE_NEW) {
            exchange->dns_status = stored_status(PQgetvalue(rows, i, 1));
            set_done(resolver, exchange, EXCHANGE_WRITTEN);
        }
    }
}

static bool ask_known(struct resolver *resolver, struct db *db) {
    struct exchange *exchange, *next, *asked = NULL;
    char id[NUMBER_CAP];
    int survey = resolver->new->key.survey;
    char *names = take_new(resolver, survey, &asked);
    snprintf(id, sizeof id, "%d", survey);
    PGresult *rows = db_query(db, &SQL_EXCHANGES_KNOWN, id, names);
    free(names);
    if (rows)
        mark_known(resolver, rows, survey);
    DL_FOREACH_SAFE(asked, exchange, next) {
        DL_DELETE(asked, exchange);
        if (rows == NULL) { /* to be asked again */
            DL_APPEND(resolver->new, exchange);
            resolver->new_count++;
        } else if (exchange->state == EXCHANGE_WRITTEN) {
            wake_waiters(exchange);
        } else {
            look_up(resolver, exchange);
        }
    }
    PQclear(rows);
    return rows != NULL;
}

/* ---- writing ---- */

static bool may_write(const struct resolver *resolver, int survey) {
    return find_load(resolver, survey)->not_before_ms <= resolver->now_ms;
}

/* Is it time to write, and of which survey? 0 = no. */
static int due_survey(const struct resolver *resolver) {
    const struct resolver_config *config = &resolver->config;
    const struct domain *domain = resolver->ready;
    const struct exchange *exchange = resolver->settled;
    bool full =
        resolver->ready_count >= config->batch || resolver->settled_count >= EXCHANGES_PER_DOMAIN * config->batch;
    while (domain && !may_write(resolver, domain->survey))
        domain = domain->next;
    while (exchange && !may_write(resolver, exchange->key.survey))
        exchange = exchange->next;
    if (domain && (full || resolver->now_ms - domain->ready_ms >= config->write_after_ms))
        return domain->survey;
    if (exchange && (full || resolver->now_ms - exchange->ready_ms >= config->write_after_ms))
        return exchange->key.survey;
    return 0;
}

/* The settled exchanges of the survey, and up to a batch of its ready domains; they stay on their lists. */
static struct resolve_rows collect(const struct resolver *resolver, int survey) {
    struct resolve_rows rows = {
        .survey = survey, .port = resolver->config.port, .forbidden = resolver->config.forbidden};
    const struct domain **domains = mem_calloc(resolver->config.batch, sizeof(struct domain *));
    const struct exchange **exchanges = mem_calloc(resolver->settled_count, sizeof(struct exchange *));
    for (const struct domain *at = resolver->ready; at && rows.domain_count < resolver->config.batch; at = at->next)
        if (at->survey == survey)
            domains[rows.domain_count++] = at;
    for (const struct exchange *at = resolver->settled; at; at = at->next)
        if (at->key.survey == survey)
            exchanges[rows.exchange_count++] = at;
    rows.domain = domains;
    rows.exchange = exchanges;
    return rows;
}

static void take_off(struct resolver *resolver, const struct resolve_rows *rows) {
    for (size_t i = 0; i < rows->exchange_count; i++) {
        struct exchange *exchange = (struct exchange *)(uintptr_t)rows->exchange[i];
        DL_DELETE(resolver->settled, exchange);
        resolver->settled_count--;
        set_done(resolver, exchange, EXCHANGE_WRITTEN);
        drop_if_unused(resolver, exchange);
    }
    for (size_t i = 0; i < rows->domain_count; i++) {
        struct domain *domain = (struct domain *)(uintptr_t)rows->domain[i];
        DL_DELETE(resolver->ready, domain);
        resolver->ready_count--;
        end_domain(resolver, domain);
    }
}

/* Writes what is ready of the survey, unless it was dropped. A failure keeps it, for later. */
static bool write_rows(struct resolver *resolver, struct db *db, int survey) {
    struct load *load = find_load(resolver, survey);
    struct resolve_rows rows = collect(resolver, survey);
    bool good = load->dropped || resolve_rows_write(&rows, db);
    if (good) {
        log_info(load->dropped ? "domains dropped with their survey" : "domains resolved", LOG_INT("survey", survey),
                 LOG_INT("domains", rows.domain_count), LOG_INT("exchanges", rows.exchange_count),
                 LOG_INT("under_way", resolver->domain_count));
        take_off(resolver, &rows);
    } else {
        load->not_before_ms = resolver->now_ms + WRITE_AGAIN_MS;
    }
    free((void *)(uintptr_t)rows.domain);
    free((void *)(uintptr_t)rows.exchange);
    return good;
}

bool resolver_write(struct resolver *resolver, struct db *db, uint64_t now_ms) {
    bool good = true;
    int survey;
    resolver->now_ms = now_ms;
    while (resolver->new)
        if (!ask_known(resolver, db))
            return false;
    while (db_is_connected(db) && (survey = due_survey(resolver)) != 0)
        good = write_rows(resolver, db, survey) && good;
    return good;
}

bool resolver_prepare_session(struct db *db) { return db_run(db, &SQL_STAGING); }
