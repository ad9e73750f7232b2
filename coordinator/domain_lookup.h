/* domain_lookup.h - one domain on its way from a name to its MX records, MTA-STS and TLS-RPT records and the addresses
 * of its policy host. Its exchanges are looked up apart (exchange_lookup.h), because domains share them.
 */
#ifndef MXG_DOMAIN_LOOKUP_H
#define MXG_DOMAIN_LOOKUP_H

#include "exchange_lookup.h"
#include "mx_set.h"
#include "published/sts.h"
#include "published/tlsrpt.h"

enum { POLICY_ADDRESSES_MAX = 8 };

/* As in the type mxgrade.record_status. */
enum record_status { RECORD_PENDING, RECORD_NOT_ASKED, RECORD_NONE, RECORD_VALID, RECORD_INVALID, RECORD_UNKNOWN };
const char *record_status_name(enum record_status status);

struct domain_member {
    uint16_t preference;
    struct exchange *exchange;
};

struct domain {
    struct domain *prev, *next; /* under way, or to be written */
    int survey;
    char name[NAME_CAP];
    bool refused;           /* blocklisted: not looked up */
    enum dns_status status; /* of the MX lookup */
    enum dnssec dnssec;
    unsigned flags; /* MX_FLAG_… */
    bool null_mx;
    char *alias_of;               /* what its name is an alias of; NULL if it is none; owned */
    char set_key[MX_SET_KEY_CAP]; /* of struct mx_set; "" if there is no set */
    struct domain_member *member; /* what the resolver made of the set */
    size_t member_count;
    enum record_status sts, tlsrpt;
    enum sts_why sts_why;
    char sts_id[STS_ID_MAX + 1];
    struct tlsrpt_record tlsrpt_record;
    enum dns_status host_ipv4, host_ipv6; /* of the policy host */
    struct sockaddr_storage *host;        /* its addresses that may be contacted; owned */
    size_t host_count;
    bool host_refused; /* it has an address that may not be */
    uint64_t ready_ms; /* when all of it was known */
    /* of the lookups */
    struct dns *dns;
    const struct forbidden *forbidden;
    unsigned outstanding; /* queries, and exchanges that are waited for */
    const struct domain_events {
        /* The MX answer is there: makes exchanges of the set (and adds to outstanding what is waited for). */
        void (*on_set)(struct domain *domain, const struct mx_set *set, void *context);
        void (*on_done)(struct domain *domain, void *context); /* nothing is outstanding any more */
    } * events;
    void *context;
};

/* A forbidden domain is done at once. */
void domain_look_up(struct domain *domain, struct dns *dns, const struct forbidden *forbidden,
                    const struct domain_events *events, void *context);

/* Something that was outstanding has come. */
void domain_came(struct domain *domain);

/* What its MX lookup means, as in the type mxgrade.mx_status; its exchanges must be settled. Static. */
const char *domain_mx_status(const struct domain *domain);

/* There is a policy to fetch, or to say of why it cannot be. */
bool domain_has_policy(const struct domain *domain);
/* Why the policy host cannot be asked; STS_WHY_NONE if it can. */
enum sts_why domain_policy_why(const struct domain *domain);

/* Something could not be learnt: worth another lookup later. */
bool domain_retry(const struct domain *domain);

void domain_free(struct domain *domain);

#endif
