/* resolve.c - see resolve.h. What the database is asked and told of lookups: pages of domains and exchanges that are
 * due, which exchanges it knows, and batches of what was found. What happens between is lookups.h's.
 */
#include "resolve.h"

#include "base/log.h"
#include "base/mem.h"
#include "coordinator_sql.h"
#include "lookups.h"
#include "resolve_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

enum { NUMBER_CAP = 24, PAGE_DOMAINS = 2000, PAGE_EXCHANGES = 2000, EXCHANGES_PER_DOMAIN = 4, WRITE_AGAIN_MS = 5000 };

struct resolver {
    struct resolver_config config;
    struct lookups lookups;
};

struct resolver *resolver_new(struct dns *dns, const struct resolver_config *config) {
    struct resolver *resolver = mem_alloc(sizeof *resolver);
    resolver->config = *config;
    lookups_init(&resolver->lookups, dns, config->forbidden);
    return resolver;
}

void resolver_free(struct resolver **resolver) {
    if (*resolver == NULL)
        return;
    lookups_clear(&(*resolver)->lookups);
    free(*resolver);
    *resolver = NULL;
}

size_t resolver_busy(const struct resolver *resolver, int survey) {
    const struct survey_load *load = lookups_load(&resolver->lookups, survey);
    return load ? load->domains + load->exchanges : 0;
}

void resolver_drop(struct resolver *resolver, int survey) {
    struct survey_load *load = lookups_load(&resolver->lookups, survey);
    if (load)
        load->dropped = true;
}

/* ---- reading what is due ---- */

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
        lookups_add_domain(&resolver->lookups, survey, PQgetvalue(rows, i, 0));
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
    for (int i = 0; i < PQntuples(rows); i++)
        lookups_add_exchange(&resolver->lookups, survey, PQgetvalue(rows, i, 0));
    PQclear(rows);
    return true;
}

/* How many domains of the survey may be started. */
static size_t room_for(const struct resolver *resolver, int survey, size_t share) {
    const struct survey_load *load = lookups_load(&resolver->lookups, survey);
    size_t mine = load ? load->domains : 0, all = resolver->config.domains - lookups_domains(&resolver->lookups);
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

/* Asks for a page of new exchanges, and looks up those that the database does not know. */
static bool ask_known(struct resolver *resolver, struct db *db) {
    struct lookups *lookups = &resolver->lookups;
    struct db_array names = {NULL, 0, 0, 0};
    const struct exchange *exchange;
    char id[NUMBER_CAP];
    int survey = lookups_ask(lookups, PAGE_EXCHANGES);
    DL_FOREACH(lookups->exchanges[EXCHANGE_ASKED], exchange) { db_array_add(&names, exchange->key.name); }
    snprintf(id, sizeof id, "%d", survey);
    PGresult *rows = db_query(db, &SQL_EXCHANGES_KNOWN, id, db_array_text(&names));
    for (int i = 0; i < PQntuples(rows); i++) {
        enum exchange_status status = exchange_status_from_name(PQgetvalue(rows, i, 1));
        if (status != EXCHANGE_STATUS_COUNT) /* else it is looked up */
            lookups_known(lookups, survey, PQgetvalue(rows, i, 0), status);
    }
    lookups_answered(lookups, rows != NULL);
    PQclear(rows);
    db_array_free(&names);
    return rows != NULL;
}

/* ---- writing ---- */

static bool may_write(const struct resolver *resolver, int survey) {
    return lookups_load(&resolver->lookups, survey)->not_before_ms <= resolver->lookups.now_ms;
}

/* Is it time to write, and of which survey? 0 = no. */
static int due_survey(const struct resolver *resolver) {
    const struct resolver_config *config = &resolver->config;
    const struct lookups *lookups = &resolver->lookups;
    const struct domain *domain = lookups->domains[DOMAIN_READY];
    const struct exchange *exchange = lookups->exchanges[EXCHANGE_SETTLED];
    bool full = lookups->domain_counts[DOMAIN_READY] >= config->batch ||
                lookups->exchange_counts[EXCHANGE_SETTLED] >= EXCHANGES_PER_DOMAIN * config->batch;
    while (domain && !may_write(resolver, domain->survey))
        domain = domain->next;
    while (exchange && !may_write(resolver, exchange->key.survey))
        exchange = exchange->next;
    if (domain && (full || lookups->now_ms - domain->since_ms >= config->write_after_ms))
        return domain->survey;
    if (exchange && (full || lookups->now_ms - exchange->since_ms >= config->write_after_ms))
        return exchange->key.survey;
    return 0;
}

/* The settled exchanges of the survey, and up to a batch of its ready domains, first come first; all stay on their
 * lists. The caller frees both arrays. */
static struct resolve_rows collect_rows(const struct resolver *resolver, int survey) {
    const struct lookups *lookups = &resolver->lookups;
    size_t batch = resolver->config.batch;
    struct resolve_rows rows = {
        .survey = survey,
        .port = resolver->config.port,
        .forbidden = resolver->config.forbidden,
        .domain = mem_calloc(batch, sizeof *rows.domain),
        .exchange = mem_calloc(lookups->exchange_counts[EXCHANGE_SETTLED], sizeof *rows.exchange),
    };
    for (const struct domain *at = lookups->domains[DOMAIN_READY]; at && rows.domain_count < batch; at = at->next)
        if (at->survey == survey)
            rows.domain[rows.domain_count++] = &at->result;
    for (const struct exchange *at = lookups->exchanges[EXCHANGE_SETTLED]; at; at = at->next)
        if (at->key.survey == survey)
            rows.exchange[rows.exchange_count++] = &at->result;
    return rows;
}

/* Writes what is ready of the survey, unless it was dropped. A failure keeps it, for later. */
static bool write_rows(struct resolver *resolver, struct db *db, int survey) {
    struct lookups *lookups = &resolver->lookups;
    struct survey_load *load = lookups_load(lookups, survey);
    struct resolve_rows rows = collect_rows(resolver, survey);
    bool good = load->dropped || resolve_rows_write(&rows, db);
    if (good) {
        log_info(load->dropped ? "domains dropped with their survey" : "domains resolved", LOG_INT("survey", survey),
                 LOG_INT("domains", rows.domain_count), LOG_INT("exchanges", rows.exchange_count),
                 LOG_INT("under_way", lookups_domains(lookups)));
        lookups_written(lookups, survey, rows.domain_count, rows.exchange_count);
    } else {
        load->not_before_ms = lookups->now_ms + WRITE_AGAIN_MS;
    }
    free(rows.domain);
    free(rows.exchange);
    return good;
}

bool resolver_write(struct resolver *resolver, struct db *db, uint64_t now_ms) {
    struct lookups *lookups = &resolver->lookups;
    bool good = true;
    int survey;
    lookups->now_ms = now_ms;
    while (lookups->exchanges[EXCHANGE_NEW])
        if (!ask_known(resolver, db))
            return false;
    while (db_is_connected(db) && (survey = due_survey(resolver)) != 0)
        good = write_rows(resolver, db, survey) && good;
    return good;
}

bool resolver_prepare_session(struct db *db) { return db_run(db, &SQL_STAGING); }
