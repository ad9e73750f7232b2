/* resolve.c - see resolve.h.
 *
 * struct batch holds its domains in an array and its exchanges in a hash by name. `outstanding` counts the queries of
 * the current state; at zero the state ends (end_of_lookups()). Answers only fill in; every decision on what they mean
 * for an exchange or a domain is made once, in settle_exchange() and settle_domain().
 */
#include "resolve.h"

#include "address_sample.h"
#include "coordinator_sql.h"
#include "db.h"
#include "log.h"
#include "mem.h"
#include "mx_set.h"
#include "reserved.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { ADDRESSES_MAX = 8, NUMBER_CAP = 24, FLAGS_CAP = 128 };

enum batch_state {
    BATCH_MX,        /* MX lookups outstanding */
    BATCH_KNOWN,     /* to ask the database which exchanges it knows */
    BATCH_ADDRESSES, /* address lookups outstanding */
    BATCH_WRITE,     /* to be written */
};

struct domain {
    struct batch *batch;
    char name[NAME_CAP];
    enum dns_status status; /* of the MX lookup */
    struct mx_set set;
    const char *mx_status; /* static: as in the type mxgrade.mx_status; set when all lookups are done */
    bool has_set, retry;
};

struct exchange {
    struct batch *batch;
    UT_hash_handle hh; /* by name */
    char name[NAME_CAP];
    bool known; /* settled in the database: no lookup, no write */
    bool invalid;
    bool listed; /* in somebody's MX records; else only a domain's own name, a candidate for an implicit MX */
    const char *dns_status; /* static: as in the type mxgrade.dns_status */
    bool cname, capped;
    enum dns_status ipv4, ipv6;
    struct sockaddr_storage address[ADDRESSES_MAX];
    size_t address_count;
};

struct batch {
    struct batch *prev, *next;
    struct resolver *resolver;
    int survey;
    enum batch_state state;
    size_t outstanding;
    struct domain *domain;
    size_t domain_count;
    struct exchange *exchanges;
};

struct resolver {
    struct dns *dns;
    struct resolver_config config;
    struct batch *batches;
    size_t count;
};

struct resolver *resolver_new(struct dns *dns, const struct resolver_config *config) {
    struct resolver *resolver = mem_alloc(sizeof *resolver);
    resolver->dns = dns;
    resolver->config = *config;
    return resolver;
}

static void free_batch(struct batch *batch) {
    struct exchange *exchange, *next;
    HASH_ITER(hh, batch->exchanges, exchange, next) {
        HASH_DEL(batch->exchanges, exchange);
        free(exchange);
    }
    DL_DELETE(batch->resolver->batches, batch);
    batch->resolver->count--;
    free(batch->domain);
    free(batch);
}

void resolver_free(struct resolver **resolver) {
    if (*resolver == NULL)
        return;
    while ((*resolver)->batches)
        free_batch((*resolver)->batches);
    free(*resolver);
    *resolver = NULL;
}

size_t resolver_busy(const struct resolver *resolver, int survey) {
    size_t busy = 0;
    for (const struct batch *batch = resolver->batches; batch; batch = batch->next)
        busy += batch->survey == survey;
    return busy;
}

/* ---- lookups ---- */

static void want_exchange(struct batch *batch, const char *name, bool invalid, bool listed) {
    struct exchange *exchange;
    HASH_FIND_STR(batch->exchanges, name, exchange);
    if (exchange == NULL) {
        exchange = mem_alloc(sizeof *exchange);
        exchange->batch = batch;
        exchange->invalid = invalid;
        strncat(exchange->name, name, sizeof exchange->name - 1);
        HASH_ADD_STR(batch->exchanges, name, exchange);
    }
    exchange->listed = exchange->listed || listed;
}

static void end_of_lookups(struct batch *batch) {
    if (--batch->outstanding == 0)
        batch->state = batch->state == BATCH_MX ? BATCH_KNOWN : BATCH_WRITE;
}

static void on_mx(struct dns_answer *answer, void *context) {
    struct domain *domain = context;
    domain->status = answer->status;
    if (answer->status == DNS_OK)
        mx_set_from_records(&domain->set, answer->mx, answer->mx_count);
    else if (answer->status == DNS_NODATA)
        mx_set_implicit(&domain->set, domain->name);
    if (answer->cname)
        domain->set.flags |= MX_FLAG_CNAME;
    end_of_lookups(domain->batch);
}

static void take_addresses(struct exchange *exchange, const struct dns_answer *answer) {
    exchange->cname = exchange->cname || answer->cname;
    size_t kept = exchange->address_count, count = kept + answer->address_count, distinct;
    struct sockaddr_storage *all = mem_calloc(count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = i < kept ? exchange->address[i] : answer->address[i - kept];
    exchange->address_count = address_sample(exchange->name, all, count, ADDRESSES_MAX, &distinct);
    exchange->capped = exchange->capped || distinct > ADDRESSES_MAX;
    for (size_t i = 0; i < exchange->address_count; i++)
        exchange->address[i] = all[i];
    free(all);
}

static void settle_exchange(struct exchange *exchange) {
    enum dns_status worse = exchange->ipv4 > exchange->ipv6 ? exchange->ipv4 : exchange->ipv6;
    if (exchange->address_count > 0)
        exchange->dns_status = dns_status_name(DNS_OK);
    else
        exchange->dns_status = dns_status_name(worse); /* an unanswered half makes the whole unknown */
    end_of_lookups(exchange->batch);
}

static void on_ipv6(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    exchange->ipv6 = answer->status;
    take_addresses(exchange, answer);
    settle_exchange(exchange);
}

static void on_ipv4(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    exchange->ipv4 = answer->status;
    take_addresses(exchange, answer);
    dns_query(exchange->batch->resolver->dns, exchange->name, DNS_TYPE_AAAA, on_ipv6, exchange);
}

static void start_mx(struct batch *batch) {
    batch->state = BATCH_MX;
    batch->outstanding = batch->domain_count;
    for (size_t i = 0; i < batch->domain_count; i++)
        dns_query(batch->resolver->dns, batch->domain[i].name, DNS_TYPE_MX, on_mx, &batch->domain[i]);
}

static void start_addresses(struct batch *batch) {
    struct exchange *exchange, *next;
    batch->state = BATCH_ADDRESSES;
    batch->outstanding = 1; /* this function's own, so that an empty round ends too */
    HASH_ITER(hh, batch->exchanges, exchange, next) {
        if (exchange->known || exchange->invalid)
            continue;
        batch->outstanding++;
        dns_query(batch->resolver->dns, exchange->name, DNS_TYPE_A, on_ipv4, exchange);
    }
    end_of_lookups(batch);
}

/* ---- reading from the database ---- */

static struct batch *new_batch(struct resolver *resolver, int survey) {
    struct batch *batch = mem_alloc(sizeof *batch);
    batch->resolver = resolver;
    batch->survey = survey;
    DL_APPEND(resolver->batches, batch);
    resolver->count++;
    return batch;
}

static bool fill_domains(struct resolver *resolver, PGconn *db, int survey, struct resolve_cursor *cursor) {
    char id[NUMBER_CAP], line[NUMBER_CAP], limit[NUMBER_CAP];
    snprintf(id, sizeof id, "%d", survey);
    snprintf(line, sizeof line, "%lld", (long long)cursor->line);
    snprintf(limit, sizeof limit, "%zu", resolver->config.batch_size);
    PGresult *rows = db_query(db, "domains_due", SQL_DOMAINS_DUE, 3, (const char *const[]){id, line, limit});
    if (rows == NULL)
        return false;
    int count = PQntuples(rows);
    cursor->exhausted = count == 0;
    if (count > 0) {
        struct batch *batch = new_batch(resolver, survey);
        batch->domain = mem_calloc((size_t)count, sizeof *batch->domain);
        batch->domain_count = (size_t)count;
        for (int i = 0; i < count; i++) {
            batch->domain[i].batch = batch;
            strncat(batch->domain[i].name, PQgetvalue(rows, i, 0), NAME_MAX_OCTETS);
        }
        cursor->line = strtoll(PQgetvalue(rows, count - 1, 1), NULL, 10);
        start_mx(batch);
    }
    PQclear(rows);
    return true;
}

/* Exchanges whose lookup failed earlier make a batch without domains. */
static bool fill_exchanges(struct resolver *resolver, PGconn *db, int survey) {
    char id[NUMBER_CAP], limit[NUMBER_CAP];
    snprintf(id, sizeof id, "%d", survey);
    snprintf(limit, sizeof limit, "%zu", resolver->config.batch_size);
    PGresult *rows = db_query(db, "exchanges_due", SQL_EXCHANGES_DUE, 2, (const char *const[]){id, limit});
    if (rows == NULL)
        return false;
    if (PQntuples(rows) > 0) {
        struct batch *batch = new_batch(resolver, survey);
        for (int i = 0; i < PQntuples(rows); i++)
            want_exchange(batch, PQgetvalue(rows, i, 0), false, true);
        start_addresses(batch);
    }
    PQclear(rows);
    return true;
}

bool resolver_fill(struct resolver *resolver, PGconn *db, int survey, struct resolve_cursor *cursor) {
    cursor->exhausted = false;
    while (resolver->count < resolver->config.batches && !cursor->exhausted)
        if (!fill_domains(resolver, db, survey, cursor))
            return false;
    /* A second round, for retries, starts only when no batch could still hold what it would read. */
    if (!cursor->exhausted || resolver_busy(resolver, survey) > 0)
        return true;
    cursor->line = 0;
    return fill_exchanges(resolver, db, survey);
}

/* ---- which exchanges are known ---- */

static void collect_exchanges(struct batch *batch) {
    for (size_t i = 0; i < batch->domain_count; i++) {
        const struct domain *domain = &batch->domain[i];
        for (size_t j = 0; j < domain->set.count; j++)
            want_exchange(batch, domain->set.member[j].exchange, domain->set.member[j].invalid,
                          domain->status == DNS_OK);
    }
}

/* {"a","b"}: names hold no quote or backslash, but invalid ones may. */
static char *name_array(const struct batch *batch) {
    size_t used = 1, cap = 2 + HASH_COUNT(batch->exchanges) * (2 * NAME_CAP + 3);
    char *text = mem_alloc(cap + 1);
    struct exchange *exchange, *next;
    text[0] = '{';
    HASH_ITER(hh, batch->exchanges, exchange, next) {
        text[used++] = '"';
        for (const char *at = exchange->name; *at; at++) {
            if (*at == '"' || *at == '\\')
                text[used++] = '\\';
            text[used++] = *at;
        }
        text[used++] = '"';
        text[used++] = ',';
    }
    text[used > 1 ? used - 1 : used] = '}';
    text[used > 1 ? used : used + 1] = '\0';
    return text;
}

static bool ask_known(struct batch *batch, PGconn *db) {
    char id[NUMBER_CAP];
    collect_exchanges(batch);
    char *names = name_array(batch);
    snprintf(id, sizeof id, "%d", batch->survey);
    PGresult *rows = db_query(db, "exchanges_known", SQL_EXCHANGES_KNOWN, 2, (const char *const[]){id, names});
    free(names);
    if (rows == NULL)
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        struct exchange *exchange;
        const char *status = PQgetvalue(rows, i, 1);
        HASH_FIND_STR(batch->exchanges, PQgetvalue(rows, i, 0), exchange);
        if (exchange == NULL)
            continue;
        exchange->known = true;
        exchange->dns_status = "pending";
        for (enum dns_status s = DNS_OK; s <= DNS_TIMEOUT; s++)
            if (strcmp(status, dns_status_name(s)) == 0)
                exchange->dns_status = dns_status_name(s);
    }
    PQclear(rows);
    start_addresses(batch);
    return true;
}

/* ---- writing ---- */

/* "{a,b}" of the flags that are set. */
static void flags_text(char out[FLAGS_CAP], const char *const *names, unsigned flags) {
    size_t used = 1;
    out[0] = '{';
    for (unsigned bit = 0; names[bit]; bit++)
        if (flags & (1u << bit))
            used += (size_t)snprintf(out + used, FLAGS_CAP - used, "%s%s", used > 1 ? "," : "", names[bit]);
    snprintf(out + used, FLAGS_CAP - used, "}");
}

/* An implicit MX exists only if its address does (RFC 5321 section 5.1). */
static const char *implicit_status(const struct domain *domain) {
    struct exchange *self = NULL;
    HASH_FIND_STR(domain->batch->exchanges, domain->name, self);
    if (self == NULL)
        return "no_mail_host";
    if (strcmp(self->dns_status, "ok") == 0)
        return "implicit";
    bool failed = strcmp(self->dns_status, "servfail") == 0 || strcmp(self->dns_status, "timeout") == 0;
    return failed ? self->dns_status : "no_mail_host";
}

/* What the lookups mean for a domain. */
static void settle_domain(struct domain *domain) {
    if (domain->status == DNS_OK)
        domain->mx_status = domain->set.null_mx ? "null_mx" : "mx";
    else if (domain->status == DNS_NODATA)
        domain->mx_status = implicit_status(domain);
    else
        domain->mx_status = dns_status_name(domain->status);
    domain->has_set = strcmp(domain->mx_status, "mx") == 0 || strcmp(domain->mx_status, "implicit") == 0;
    domain->retry = strcmp(domain->mx_status, "servfail") == 0 || strcmp(domain->mx_status, "timeout") == 0;
}

static bool stage_domains(struct batch *batch, PGconn *db) {
    static const char *const names[] = {"null_mx_with_others", "mx_capped", "duplicate_mx", "cname", NULL};
    struct db_copy copy;
    char flags[FLAGS_CAP];
    if (!db_copy_begin(&copy, db, "stage_domain", "COPY stage_domain FROM STDIN"))
        return false;
    for (size_t i = 0; i < batch->domain_count; i++) {
        const struct domain *domain = &batch->domain[i];
        flags_text(flags, names, domain->set.flags);
        db_copy_text(&copy, domain->name);
        db_copy_text(&copy, domain->mx_status);
        db_copy_text(&copy, domain->has_set ? domain->set.key : NULL);
        db_copy_text(&copy, flags);
        db_copy_bool(&copy, domain->retry);
        db_copy_row_end(&copy);
    }
    return db_copy_end(&copy);
}

static bool stage_members(struct batch *batch, PGconn *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, "stage_member", "COPY stage_member FROM STDIN"))
        return false;
    for (size_t i = 0; i < batch->domain_count; i++) {
        const struct domain *domain = &batch->domain[i];
        for (size_t j = 0; domain->has_set && j < domain->set.count; j++) {
            db_copy_text(&copy, domain->set.key);
            db_copy_text(&copy, domain->set.member[j].exchange);
            db_copy_int(&copy, domain->set.member[j].preference);
            db_copy_row_end(&copy);
        }
    }
    return db_copy_end(&copy);
}

static bool stage_exchanges(struct batch *batch, PGconn *db) {
    static const char *const names[] = {"cname", "address_capped", "a_failed", "aaaa_failed", NULL};
    struct db_copy copy;
    struct exchange *exchange, *next;
    char flags[FLAGS_CAP];
    if (!db_copy_begin(&copy, db, "stage_exchange", "COPY stage_exchange FROM STDIN"))
        return false;
    HASH_ITER(hh, batch->exchanges, exchange, next) {
        if (exchange->known || (!exchange->listed && exchange->address_count == 0))
            continue;
        bool v4_failed = exchange->ipv4 >= DNS_SERVFAIL, v6_failed = exchange->ipv6 >= DNS_SERVFAIL;
        flags_text(flags, names,
                   (unsigned)exchange->cname | (unsigned)exchange->capped << 1 | (unsigned)v4_failed << 2 |
                       (unsigned)v6_failed << 3);
        db_copy_text(&copy, exchange->name);
        db_copy_text(&copy, exchange->invalid ? "invalid" : exchange->dns_status);
        db_copy_text(&copy, flags);
        db_copy_bool(&copy, exchange->address_count == 0 && (v4_failed || v6_failed));
        db_copy_row_end(&copy);
    }
    return db_copy_end(&copy);
}

/* FNV-1a over the address: an order that no neighbourhood of addresses keeps. */
static int shuffle_of(const char *address) {
    uint32_t hash = 2166136261u;
    for (const char *at = address; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    return (int)(hash & INT32_MAX);
}

static void address_text(char out[INET6_ADDRSTRLEN], const struct sockaddr_storage *address) {
    const void *octets = address->ss_family == AF_INET
                             ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                             : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    inet_ntop(address->ss_family, octets, out, INET6_ADDRSTRLEN);
}

static bool stage_addresses(struct batch *batch, PGconn *db) {
    struct db_copy copy;
    struct exchange *exchange, *next;
    if (!db_copy_begin(&copy, db, "stage_address", "COPY stage_address FROM STDIN"))
        return false;
    HASH_ITER(hh, batch->exchanges, exchange, next) {
        for (size_t i = 0; i < exchange->address_count; i++) {
            char text[INET6_ADDRSTRLEN];
            const char *reserved = reserved_why((const struct sockaddr *)&exchange->address[i]);
            address_text(text, &exchange->address[i]);
            db_copy_text(&copy, exchange->name);
            db_copy_text(&copy, text);
            db_copy_int(&copy, shuffle_of(text));
            db_copy_bool(&copy, reserved && !batch->resolver->config.allow_reserved);
            db_copy_row_end(&copy);
        }
    }
    return db_copy_end(&copy);
}

static bool write_tables(struct batch *batch, PGconn *db) {
    static const struct {
        const char *name, *sql;
        int params;
    } statements[] = {
        {"write_sets", SQL_WRITE_SETS, 1},           {"write_exchanges", SQL_WRITE_EXCHANGES, 1},
        {"write_endpoints", SQL_WRITE_ENDPOINTS, 2}, {"write_names", SQL_WRITE_NAMES, 1},
        {"write_domains", SQL_WRITE_DOMAINS, 1},
    };
    char survey[NUMBER_CAP], port[NUMBER_CAP];
    snprintf(survey, sizeof survey, "%d", batch->survey);
    snprintf(port, sizeof port, "%u", batch->resolver->config.port);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (!db_run(db, statements[i].name, statements[i].sql, statements[i].params,
                    (const char *const[]){survey, port}))
            return false;
    return true;
}

static bool write_batch(struct batch *batch, PGconn *db) {
    for (size_t i = 0; i < batch->domain_count; i++)
        settle_domain(&batch->domain[i]);
    bool good = db_run(db, "begin", "BEGIN", 0, NULL) && stage_domains(batch, db) && stage_members(batch, db) &&
                stage_exchanges(batch, db) && stage_addresses(batch, db) && write_tables(batch, db) &&
                db_run(db, "commit", "COMMIT", 0, NULL);
    if (!good && PQstatus(db) == CONNECTION_OK)
        PQclear(PQexec(db, "ROLLBACK"));
    return good;
}

bool resolver_write(struct resolver *resolver, PGconn *db) {
    struct batch *batch, *next;
    DL_FOREACH_SAFE(resolver->batches, batch, next) {
        if (batch->state == BATCH_KNOWN && !ask_known(batch, db))
            return false;
        if (batch->state != BATCH_WRITE)
            continue;
        if (!write_batch(batch, db))
            return false;
        log_info("batch resolved", LOG_INT("survey", batch->survey), LOG_INT("domains", batch->domain_count),
                 LOG_INT("exchanges", HASH_COUNT(batch->exchanges)));
        free_batch(batch);
    }
    return true;
}

bool resolver_prepare_session(PGconn *db) { return db_run(db, "staging", SQL_STAGING, 0, NULL); }
