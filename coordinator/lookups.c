/* lookups.c - see lookups.h. Whatever happens is a move from list to list. An exchange that settles wakes the domains
 * that wait for it, and a domain for which nothing is outstanding any more is ready. */
#include "lookups.h"

#include "base/mem.h"
#include "domain_lookup.h"
#include "exchange_lookup.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A domain refers to an exchange. */
struct use {
    struct use *next;         /* of the domain, which owns it */
    struct use *next_waiting; /* of the exchange, until that is settled */
    struct domain *domain;
    struct exchange *exchange;
};

void lookups_init(struct lookups *lookups, struct dns *dns, const struct forbidden *forbidden) {
    *lookups = (struct lookups){.dns = dns, .forbidden = forbidden};
}

/* ---- how much of a survey is here ---- */

struct survey_load *lookups_load(const struct lookups *lookups, int survey) {
    struct survey_load *load;
    HASH_FIND_INT(lookups->loads, &survey, load);
    return load;
}

static void change_load(struct lookups *lookups, int survey, int domains, int exchanges) {
    struct survey_load *load = lookups_load(lookups, survey);
    if (load == NULL) {
        load = mem_alloc(sizeof *load);
        load->survey = survey;
        HASH_ADD_INT(lookups->loads, survey, load);
    }
    load->domains += (size_t)domains;
    load->exchanges += (size_t)exchanges;
    if (load->domains == 0 && load->exchanges == 0) {
        HASH_DEL(lookups->loads, load);
        free(load);
    }
}

/* ---- exchanges ---- */

/* How much it counts in its survey's load. */
static int weight_of(enum exchange_state state) {
    return state == EXCHANGE_WRITTEN || state == EXCHANGE_UNLISTED ? 0 : 1;
}

static void link_exchange(struct lookups *lookups, struct exchange *exchange, enum exchange_state state) {
    exchange->state = state;
    exchange->since_ms = lookups->now_ms;
    DL_APPEND(lookups->exchanges[state], exchange);
    lookups->exchange_counts[state]++;
}

static void unlink_exchange(struct lookups *lookups, struct exchange *exchange) {
    DL_DELETE(lookups->exchanges[exchange->state], exchange);
    lookups->exchange_counts[exchange->state]--;
}

static void move_exchange(struct lookups *lookups, struct exchange *exchange, enum exchange_state state) {
    int more = weight_of(state) - weight_of(exchange->state);
    unlink_exchange(lookups, exchange);
    link_exchange(lookups, exchange, state);
    if (more != 0)
        change_load(lookups, exchange->key.survey, 0, more);
}

static struct exchange_key key_of(int survey, const char *name) {
    struct exchange_key key;
    memset(&key, 0, sizeof key); /* it is hashed whole */
    key.survey = survey;
    strncat(key.name, name, NAME_MAX_OCTETS);
    return key;
}

static struct exchange *find_exchange(const struct lookups *lookups, int survey, const char *name) {
    struct exchange_key key = key_of(survey, name);
    struct exchange *exchange;
    HASH_FIND(hh, lookups->by_key, &key, sizeof key, exchange);
    return exchange;
}

static struct exchange *add_exchange(struct lookups *lookups, int survey, const char *name) {
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    exchange->lookups = lookups;
    exchange->key = key_of(survey, name);
    exchange->result.name = exchange->key.name;
    HASH_ADD(hh, lookups->by_key, key, sizeof exchange->key, exchange);
    link_exchange(lookups, exchange, EXCHANGE_NEW);
    change_load(lookups, survey, 0, weight_of(EXCHANGE_NEW));
    return exchange;
}

static void drop_exchange(struct lookups *lookups, struct exchange *exchange) {
    int weight = weight_of(exchange->state);
    unlink_exchange(lookups, exchange);
    HASH_DEL(lookups->by_key, exchange);
    if (weight != 0)
        change_load(lookups, exchange->key.survey, 0, -weight);
    exchange_result_free(&exchange->result);
    free(exchange);
}

static void drop_if_unused(struct lookups *lookups, struct exchange *exchange) {
    if (exchange->users == 0 && weight_of(exchange->state) == 0)
        drop_exchange(lookups, exchange);
}

/* ---- who waits for whom ---- */

/* Something that was outstanding has come. */
static void domain_came(struct domain *domain) {
    struct lookups *lookups = domain->lookups;
    if (--domain->outstanding > 0)
        return;
    DL_DELETE(lookups->domains[domain->state], domain);
    lookups->domain_counts[domain->state]--;
    domain->state = DOMAIN_READY;
    domain->since_ms = lookups->now_ms;
    DL_APPEND(lookups->domains[DOMAIN_READY], domain);
    lookups->domain_counts[DOMAIN_READY]++;
}

/* It is settled. */
static void wake_domains(struct exchange *exchange) {
    while (exchange->waiting) {
        struct use *use = exchange->waiting;
        exchange->waiting = use->next_waiting;
        domain_came(use->domain);
    }
}

static void on_settled(void *context) {
    struct exchange *exchange = context;
    bool wanted = exchange->listed || exchange->result.address_count > 0;
    move_exchange(exchange->lookups, exchange, wanted ? EXCHANGE_SETTLED : EXCHANGE_UNLISTED);
    wake_domains(exchange);
}

static void look_up_exchange(struct lookups *lookups, struct exchange *exchange) {
    move_exchange(lookups, exchange, EXCHANGE_LOOKED_UP);
    exchange_look_up(&exchange->result, lookups->dns, lookups->forbidden, on_settled, exchange);
}

/* The domain waits for the exchange unless it is settled. */
static void use_exchange(struct domain *domain, struct exchange *exchange) {
    struct use *use = mem_alloc(sizeof *use);
    use->domain = domain;
    use->exchange = exchange;
    LL_PREPEND(domain->uses, use);
    exchange->users++;
    if (exchange->state < EXCHANGE_SETTLED) {
        use->next_waiting = exchange->waiting;
        exchange->waiting = use;
        domain->outstanding++;
    }
}

static const struct exchange_result *on_member(const struct mx_member *member, bool listed, void *context) {
    struct domain *domain = context;
    struct lookups *lookups = domain->lookups;
    struct exchange *exchange = find_exchange(lookups, domain->survey, member->exchange);
    if (exchange == NULL) {
        exchange = add_exchange(lookups, domain->survey, member->exchange);
        exchange->result.status = member->invalid ? EXCHANGE_STATUS_INVALID : EXCHANGE_STATUS_PENDING;
    }
    exchange->listed = exchange->listed || listed;
    if (listed && exchange->state == EXCHANGE_UNLISTED)
        move_exchange(lookups, exchange, EXCHANGE_SETTLED);
    use_exchange(domain, exchange);
    return &exchange->result;
}

static void on_done(void *context) { domain_came(context); }

/* ---- from the database and back ---- */

void lookups_add_domain(struct lookups *lookups, int survey, const char *name) {
    static const struct domain_events events = {.on_member = on_member, .on_done = on_done};
    struct domain *domain = mem_alloc(sizeof *domain);
    domain->lookups = lookups;
    domain->survey = survey;
    domain->since_ms = lookups->now_ms;
    domain->outstanding = 1;
    strncat(domain->result.name, name, NAME_MAX_OCTETS);
    DL_APPEND(lookups->domains[DOMAIN_LOOKED_UP], domain);
    lookups->domain_counts[DOMAIN_LOOKED_UP]++;
    change_load(lookups, survey, 1, 0);
    domain_look_up(&domain->result, lookups->dns, lookups->forbidden, &events, domain);
}

void lookups_add_exchange(struct lookups *lookups, int survey, const char *name) {
    struct exchange *exchange = add_exchange(lookups, survey, name);
    exchange->listed = true;
    look_up_exchange(lookups, exchange);
}

int lookups_ask(struct lookups *lookups, size_t most) {
    struct exchange *exchange, *next;
    int survey = lookups->exchanges[EXCHANGE_NEW]->key.survey;
    DL_FOREACH_SAFE(lookups->exchanges[EXCHANGE_NEW], exchange, next) {
        if (exchange->key.survey == survey && lookups->exchange_counts[EXCHANGE_ASKED] < most)
            move_exchange(lookups, exchange, EXCHANGE_ASKED);
    }
    return survey;
}

void lookups_known(struct lookups *lookups, int survey, const char *name, enum exchange_status status) {
    struct exchange *exchange = find_exchange(lookups, survey, name);
    if (exchange == NULL || exchange->state != EXCHANGE_ASKED)
        return;
    exchange->result.status = status;
    move_exchange(lookups, exchange, EXCHANGE_WRITTEN);
    wake_domains(exchange);
}

void lookups_answered(struct lookups *lookups, bool answered) {
    struct exchange *exchange, *next;
    DL_FOREACH_SAFE(lookups->exchanges[EXCHANGE_ASKED], exchange, next) {
        if (answered)
            look_up_exchange(lookups, exchange);
        else
            move_exchange(lookups, exchange, EXCHANGE_NEW);
    }
}

/* A domain of any list leaves. */
static void end_domain(struct lookups *lookups, struct domain *domain) {
    DL_DELETE(lookups->domains[domain->state], domain);
    lookups->domain_counts[domain->state]--;
    while (domain->uses) {
        struct use *use = domain->uses;
        LL_DELETE(domain->uses, use);
        use->exchange->users--;
        drop_if_unused(lookups, use->exchange);
        free(use);
    }
    change_load(lookups, domain->survey, -1, 0);
    domain_result_free(&domain->result);
    free(domain);
}

void lookups_written(struct lookups *lookups, int survey, size_t domains, size_t exchanges) {
    struct exchange *exchange, *next_exchange;
    struct domain *domain, *next_domain;
    DL_FOREACH_SAFE(lookups->exchanges[EXCHANGE_SETTLED], exchange, next_exchange) {
        if (exchange->key.survey == survey && exchanges > 0) {
            exchanges--;
            move_exchange(lookups, exchange, EXCHANGE_WRITTEN);
            drop_if_unused(lookups, exchange);
        }
    }
    DL_FOREACH_SAFE(lookups->domains[DOMAIN_READY], domain, next_domain) {
        if (domain->survey == survey && domains > 0) {
            domains--;
            end_domain(lookups, domain);
        }
    }
}

void lookups_clear(struct lookups *lookups) {
    struct exchange *exchange, *next;
    for (unsigned state = 0; state < DOMAIN_STATE_COUNT; state++)
        while (lookups->domains[state])
            end_domain(lookups, lookups->domains[state]);
    HASH_ITER(hh, lookups->by_key, exchange, next) { drop_exchange(lookups, exchange); }
}

size_t lookups_domains(const struct lookups *lookups) {
    size_t count = 0;
    for (unsigned state = 0; state < DOMAIN_STATE_COUNT; state++)
        count += lookups->domain_counts[state];
    return count;
}
