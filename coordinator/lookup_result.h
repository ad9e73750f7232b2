/* lookup_result.h - what lookups found of a domain and of an exchange, as plain values, and what it means. Pure.
 *
 * domain_lookup.h and exchange_lookup.h fill them in, resolve_rows.h makes rows of them.
 */
#ifndef MXG_LOOKUP_RESULT_H
#define MXG_LOOKUP_RESULT_H

#include "mx_set.h"
#include "status.h"

#include "dns/dns_answer.h"
#include "names/name.h"
#include "published/sts.h"
#include "published/tlsrpt.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    EXCHANGE_ADDRESSES_MAX = 8, /* kept of one exchange, see address_sample.h */
    POLICY_ADDRESSES_MAX = 8,   /* kept of one policy host */
};

/* ---- an exchange ---- */

enum exchange_flag {
    EXCHANGE_FLAG_CNAME = 1 << 0,
    EXCHANGE_FLAG_ADDRESS_CAPPED = 1 << 1,
    EXCHANGE_FLAG_A_FAILED = 1 << 2,
    EXCHANGE_FLAG_AAAA_FAILED = 1 << 3,
    EXCHANGE_FLAG_TLSA_CAPPED = 1 << 4,   /* a record is left out: it may be the one that matches */
    EXCHANGE_FLAG_ADDRESS_BOGUS = 1 << 5, /* an address look-up failed because validation did */
};

struct exchange_result {
    const char *name;            /* borrowed */
    enum exchange_status status; /* EXCHANGE_STATUS_PENDING until it is settled */
    unsigned flags;              /* EXCHANGE_FLAG_… */
    enum dnssec dnssec;
    struct sockaddr_storage address[EXCHANGE_ADDRESSES_MAX];
    size_t address_count;
    enum tlsa_status tlsa_status;
    char *tlsa_base; /* where the TLSA records stand; NULL if none are; owned */
    char **tlsa;     /* "3 1 1 …"; owned */
    size_t tlsa_count;
};

/* Something could not be learnt: worth another lookup later. */
bool exchange_retry(const struct exchange_result *exchange);

/* Frees what it owns. */
void exchange_result_free(struct exchange_result *exchange);

/* ---- a domain ---- */

struct domain_member {
    uint16_t preference;
    const struct exchange_result *exchange; /* borrowed; settled before the domain's result is read */
};

/* The host that an MTA-STS policy is fetched from. */
struct policy_host {
    enum dns_status ipv4, ipv6;
    struct sockaddr_storage *address; /* those that may be contacted; owned */
    size_t address_count;
    bool refused; /* its name is blocklisted, or an address of it may not be contacted */
};

struct domain_result {
    char name[NAME_CAP];
    bool refused;                 /* blocklisted: not looked up */
    enum dns_status mx_answer;    /* how the MX lookup ended */
    enum dnssec dnssec;           /* of the MX lookup */
    unsigned flags;               /* MX_FLAG_… */
    bool null_mx;                 /* RFC 7505 */
    char *alias_of;               /* what its name is an alias of; NULL if it is none; owned */
    char set_key[MX_SET_KEY_CAP]; /* of struct mx_set; "" if there is no set */
    struct domain_member *member; /* of the set; owned */
    size_t member_count;
    enum record_status sts;
    enum sts_why sts_why;
    char sts_id[STS_ID_MAX + 1];
    struct policy_host host; /* asked for if sts is RECORD_VALID */
    enum record_status tlsrpt;
    struct tlsrpt_record tlsrpt_record;
};

enum mx_status domain_mx_status(const struct domain_result *domain);
/* It has mail servers: the set is of interest. */
bool domain_has_set(const struct domain_result *domain);

/* What to show of a record that was found so: of a domain without mail servers nothing else is of interest, and of one
 * that may have some it is not known. */
enum record_status domain_record_status(const struct domain_result *domain, enum record_status found);

/* There is a policy to fetch, or to say of why it cannot be. */
bool domain_has_policy(const struct domain_result *domain);
/* Why the policy host cannot be asked; STS_WHY_NONE if it can. */
enum sts_why domain_policy_why(const struct domain_result *domain);

/* Something could not be learnt: worth another lookup later. */
bool domain_retry(const struct domain_result *domain);

/* Frees what it owns. */
void domain_result_free(struct domain_result *domain);

#endif
