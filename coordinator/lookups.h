/* lookups.h - the domains and exchanges in memory, from the page that names them to the batch that is written: who
 * waits for whom.
 *
 * Each is on exactly one list, named by its state; counts come from the lists. Domains under way share one lookup of an
 * exchange: it stays as long as it is not settled and written, or a domain refers to it. A domain is ready when its own
 * lookup is done and its exchanges are settled: they are written with it, or were before. No database in here.
 */
#ifndef MXG_LOOKUPS_H
#define MXG_LOOKUPS_H

#include "lookup_result.h"

#include "dns/dns.h"
#include "forbidden/forbidden.h"

#include <uthash.h>

enum domain_state {
    DOMAIN_LOOKED_UP, /* queries are under way, or exchanges are waited for */
    DOMAIN_READY,     /* to be written, and then gone */
    DOMAIN_STATE_COUNT
};

struct domain {
    struct domain *prev, *next; /* on the list that its state names */
    enum domain_state state;
    uint64_t since_ms; /* in that state */
    int survey;
    struct domain_result result;
    /* lookups.c's */
    struct lookups *lookups;
    unsigned outstanding; /* the domain's own lookup, and exchanges that are waited for */
    struct use *uses;
};

enum exchange_state {
    EXCHANGE_NEW,       /* whether the database knows it is to be asked */
    EXCHANGE_ASKED,     /* the database is being asked */
    EXCHANGE_LOOKED_UP, /* queries are under way */
    EXCHANGE_SETTLED,   /* to be written */
    EXCHANGE_WRITTEN,   /* by this transaction or an earlier one */
    EXCHANGE_UNLISTED,  /* only a domain's own name, without an address: nothing to write, unless somebody lists it */
    EXCHANGE_STATE_COUNT
};

struct exchange {
    struct exchange *prev, *next; /* on the list that its state names */
    enum exchange_state state;
    uint64_t since_ms; /* in that state */
    UT_hash_handle hh; /* by key */
    struct exchange_key {
        int survey;
        char name[NAME_CAP];
    } key; /* zeroed behind the name */
    struct exchange_result result;
    /* lookups.c's */
    struct lookups *lookups;
    bool listed;         /* in somebody's MX records; else a domain's own name, a candidate for an implicit MX */
    size_t users;        /* domains that refer to it */
    struct use *waiting; /* the domains among them that wait for it */
};

/* How much of a survey is here, as long as anything is. */
struct survey_load {
    UT_hash_handle hh;
    int survey;
    size_t domains;
    size_t exchanges;       /* those that are not written yet */
    bool dropped;           /* the survey is gone */
    uint64_t not_before_ms; /* a write failed: the next one */
};

struct lookups {
    struct dns *dns;
    const struct forbidden *forbidden;
    struct domain *domains[DOMAIN_STATE_COUNT];
    size_t domain_counts[DOMAIN_STATE_COUNT];
    struct exchange *exchanges[EXCHANGE_STATE_COUNT];
    size_t exchange_counts[EXCHANGE_STATE_COUNT];
    struct exchange *by_key; /* all exchanges */
    struct survey_load *loads;
    uint64_t now_ms; /* the owner sets it */
};

/* dns, forbidden: borrowed. */
void lookups_init(struct lookups *lookups, struct dns *dns, const struct forbidden *forbidden);
/* Only after dns_close(): no query may be outstanding. */
void lookups_clear(struct lookups *lookups);

/* NULL: nothing of the survey is here. */
struct survey_load *lookups_load(const struct lookups *lookups, int survey);
size_t lookups_domains(const struct lookups *lookups);

/* Looks up a domain. */
void lookups_add_domain(struct lookups *lookups, int survey, const char *name);
/* Looks up an exchange of somebody's MX records, of which something could not be learnt before. */
void lookups_add_exchange(struct lookups *lookups, int survey, const char *name);

/* Up to most new exchanges of one survey become EXCHANGE_ASKED; there must be a new one. Returns the survey. */
int lookups_ask(struct lookups *lookups, size_t most);
/* The database knows an exchange that was asked for: it is as good as written. */
void lookups_known(struct lookups *lookups, int survey, const char *name, enum exchange_status status);
/* All those asked for and not known are looked up; with answered false they are new again. */
void lookups_answered(struct lookups *lookups, bool answered);

/* Written: the first so many ready domains and settled exchanges of the survey. */
void lookups_written(struct lookups *lookups, int survey, size_t domains, size_t exchanges);

#endif
