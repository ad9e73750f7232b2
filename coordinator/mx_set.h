/* mx_set.h - from MX records to the canonical set of (preference, exchange) that domains share. Pure. */
#ifndef MXG_MX_SET_H
#define MXG_MX_SET_H

#include "dns/dns_answer.h"
#include "names/name.h"

enum {
    MX_SET_MAX = 20,     /* exchanges kept of one domain */
    MX_SET_KEY_CAP = 37, /* UUID text and NUL */
};

struct mx_member {
    uint16_t preference;
    bool invalid;            /* an IP literal, a single label or no host name: recorded, never looked up */
    char exchange[NAME_CAP]; /* A-label form, or for invalid ones sanitised text */
};

enum mx_set_flag {
    MX_FLAG_NULL_WITH_OTHERS = 1 << 0, /* "." beside other records: ignored (RFC 7505 section 3) */
    MX_FLAG_CAPPED = 1 << 1,
    MX_FLAG_DUPLICATE = 1 << 2, /* an exchange listed twice: its lowest preference counts */
    MX_FLAG_CNAME = 1 << 3,     /* the domain is an alias */
};

struct mx_set {
    struct mx_member member[MX_SET_MAX];
    size_t count;
    bool null_mx;             /* nothing but "." (RFC 7505), of whatever preference */
    unsigned flags;           /* MX_FLAG_… */
    char key[MX_SET_KEY_CAP]; /* first 128 bits of the SHA-256 over the sorted members, as a UUID */
};

/* Reorders mx[]. */
void mx_set_from_records(struct mx_set *set, struct dns_mx *mx, size_t count);
/* The set of a domain without MX that has an address (RFC 5321 section 5.1). */
void mx_set_implicit(struct mx_set *set, const char *domain);

#endif
