/* exchange_lookup.h - one exchange on its way from a name to addresses, DNSSEC and TLSA records.
 *
 * A and AAAA are asked at once; where both are secure, TLSA at the base domain (RFC 7672 section 2.2.3): what the alias
 * leads to, or else the exchange itself. Where an alias leads out of what is signed, the alias alone may still be
 * secure.
 */
#ifndef MXG_EXCHANGE_LOOKUP_H
#define MXG_EXCHANGE_LOOKUP_H

#include "dns/dns.h"
#include "forbidden/forbidden.h"
#include "names/name.h"

#include <uthash.h>

enum {
    EXCHANGE_ADDRESSES_MAX = 8,   /* kept of one exchange, see address_sample.h */
    EXCHANGE_TLSA_OCTETS = 16384, /* of all its TLSA records: they travel with each job */
};

/* As in the type mxgrade.tlsa_status. */
enum tlsa_status {
    TLSA_STATUS_PENDING,
    TLSA_STATUS_NOT_ASKED,
    TLSA_STATUS_NONE,
    TLSA_STATUS_INSECURE,
    TLSA_STATUS_SECURE,
    TLSA_STATUS_BOGUS,
    TLSA_STATUS_UNKNOWN
};
const char *tlsa_status_name(enum tlsa_status status);

enum exchange_state {
    EXCHANGE_NEW,       /* whether the database knows it is to be asked */
    EXCHANGE_LOOKED_UP, /* queries are under way */
    EXCHANGE_SETTLED,   /* to be written */
    EXCHANGE_WRITTEN,   /* by this transaction or an earlier one */
    EXCHANGE_UNLISTED,  /* only a domain's own name, without an address: nothing to write, unless somebody lists it */
};

struct exchange {
    UT_hash_handle hh;            /* by key */
    struct exchange *prev, *next; /* on the list that its state names */
    enum exchange_state state;
    bool invalid; /* an IP literal, a single label or no host name: never looked up */
    bool listed;  /* in somebody's MX records; else a domain's own name, a candidate for an implicit MX */
    bool cname, address_capped, tlsa_capped;
    bool alias_alone; /* the alias is secure, what it leads to is not */
    enum dns_status ipv4, ipv6;
    enum dnssec dnssec;
    const char *dns_status; /* static: as in the type mxgrade.dns_status; set when it is settled */
    struct sockaddr_storage address[EXCHANGE_ADDRESSES_MAX];
    size_t address_count;
    enum tlsa_status tlsa_status;
    char *base;  /* where the TLSA records stand; NULL if none are */
    char **tlsa; /* "3 1 1 …" */
    size_t tlsa_count;
    /* of the lookups */
    struct dns *dns;
    const struct forbidden *forbidden;
    unsigned outstanding;
    char *target; /* what the alias leads to; NULL if it is none */
    void (*on_settled)(struct exchange *exchange, void *context);
    void *context;
    /* the resolver's: who waits for it, how many domains refer to it, since when it is settled */
    struct waiter *waiters;
    size_t users;
    uint64_t ready_ms;
    struct exchange_key {
        int survey;
        char name[NAME_CAP];
    } key; /* zeroed behind the name */
};

/* Looks it up; on_settled comes at once where there is nothing to ask (invalid or forbidden), and is the last that is
 * done with it. */
void exchange_look_up(struct exchange *exchange, struct dns *dns, const struct forbidden *forbidden,
                      void (*on_settled)(struct exchange *exchange, void *context), void *context);

/* Something could not be learnt: worth another lookup later. */
bool exchange_retry(const struct exchange *exchange);

/* Frees what the lookups found, not the struct. */
void exchange_clear(struct exchange *exchange);

#endif
