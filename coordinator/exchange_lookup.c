/* exchange_lookup.c - see exchange_lookup.h. A lookup lives from its first query to its last answer. Its steps:
 * addresses, then perhaps the alias by itself, then TLSA at the base domain, then at the exchange's own name.
 */
#include "exchange_lookup.h"

#include "address_sample.h"
#include "base/mem.h"
#include "published/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange_lookup {
    struct exchange_result *result;
    struct dns *dns;
    struct half {
        enum dns_status status;
        enum dnssec dnssec;
    } ipv4, ipv6;
    unsigned addresses_outstanding; /* queries for addresses: A, AAAA */
    char *target;                   /* what the alias leads to; NULL if it is none */
    bool alias_alone;               /* the alias is secure, what it leads to is not */
    exchange_settled_cb *on_settled;
    void *context;
};

static void settle_exchange(struct exchange_lookup *lookup) {
    exchange_settled_cb *on_settled = lookup->on_settled;
    void *context = lookup->context;
    free(lookup->target);
    free(lookup);
    on_settled(context);
}

/* The base domain is told where there are records, or may be. Without them a secure alias is of no use. */
static void settle_tlsa(struct exchange_lookup *lookup, enum tlsa_status status) {
    struct exchange_result *result = lookup->result;
    bool maybe = status == TLSA_STATUS_SECURE || status == TLSA_STATUS_BOGUS || status == TLSA_STATUS_UNKNOWN;
    result->tlsa_status = status;
    if (lookup->alias_alone)
        result->dnssec = maybe ? DNSSEC_SECURE : DNSSEC_INSECURE;
    if (!maybe) {
        free(result->tlsa_base);
        result->tlsa_base = NULL;
    }
    settle_exchange(lookup);
}

/* ---- TLSA ---- */

static void keep_tlsa(struct exchange_result *result, const struct dns_answer *answer) {
    static char text[TLSA_TEXT_CAP];
    size_t octets = 0, count = answer->blob_count < TLSA_RECORDS_MAX ? answer->blob_count : TLSA_RECORDS_MAX;
    bool capped = answer->capped || count < answer->blob_count;
    result->tlsa = mem_calloc(count, sizeof *result->tlsa);
    for (size_t i = 0; i < count; i++) {
        struct tlsa tlsa;
        octets += answer->blob[i].len;
        if (octets > EXCHANGE_TLSA_OCTETS || !tlsa_parse(&tlsa, answer->blob[i].data, answer->blob[i].len)) {
            capped = true;
            continue;
        }
        tlsa_text(text, &tlsa);
        result->tlsa[result->tlsa_count++] = mem_strdup(text);
    }
    if (capped)
        result->flags |= EXCHANGE_FLAG_TLSA_CAPPED;
}

static void ask_tlsa(struct exchange_lookup *lookup, const char *base);

static void on_tlsa(struct dns_answer *answer, void *context) {
    struct exchange_lookup *lookup = context;
    struct exchange_result *result = lookup->result;
    bool denied = answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
    bool useless = denied || answer->dnssec != DNSSEC_SECURE;
    if (answer->dnssec == DNSSEC_BOGUS) {
        settle_tlsa(lookup, TLSA_STATUS_BOGUS);
    } else if (dns_failed(answer->status) || answer->dnssec == DNSSEC_UNCHECKED) {
        settle_tlsa(lookup, TLSA_STATUS_UNKNOWN);
    } else if (useless && strcmp(result->tlsa_base, result->name) != 0) {
        ask_tlsa(lookup, result->name);
    } else if (denied) {
        settle_tlsa(lookup, TLSA_STATUS_NONE);
    } else if (useless) {
        settle_tlsa(lookup, TLSA_STATUS_INSECURE);
    } else {
        keep_tlsa(result, answer);
        settle_tlsa(lookup, TLSA_STATUS_SECURE);
    }
}

static void ask_tlsa(struct exchange_lookup *lookup, const char *base) {
    static const char PREFIX[] = "_25._tcp.";
    char owner[sizeof PREFIX + NAME_CAP];
    free(lookup->result->tlsa_base);
    lookup->result->tlsa_base = mem_strdup(base);
    snprintf(owner, sizeof owner, "%s%s", PREFIX, base);
    dns_query(lookup->dns, owner, DNS_TYPE_TLSA, on_tlsa, lookup);
}

/* RFC 7672 section 2.2.3: an alias that is itself secure, though what it leads to is not, may have TLSA records. */
static void on_alias(struct dns_answer *answer, void *context) {
    struct exchange_lookup *lookup = context;
    if (answer->status == DNS_OK && answer->dnssec == DNSSEC_SECURE) {
        lookup->alias_alone = true;
        ask_tlsa(lookup, lookup->result->name);
    } else if (dns_failed(answer->status)) {
        settle_tlsa(lookup, TLSA_STATUS_UNKNOWN);
    } else {
        settle_tlsa(lookup, TLSA_STATUS_NOT_ASKED);
    }
}

/* ---- addresses ---- */

/* What a domain name of DNS is as a host name; NULL if it is none. */
static char *host_name(const char *dns_name) {
    char name[NAME_CAP];
    return name_from_dns(name, dns_name) == NAME_OK ? mem_strdup(name) : NULL;
}

/* Of the two lookups of an exchange: an unanswered half makes the whole unknown where the other half has nothing. */
static enum exchange_status address_status(const struct exchange_lookup *lookup) {
    static const enum exchange_status statuses[] = {
        [DNS_OK] = EXCHANGE_STATUS_OK,
        [DNS_NODATA] = EXCHANGE_STATUS_NODATA,
        [DNS_NXDOMAIN] = EXCHANGE_STATUS_NXDOMAIN,
        [DNS_SERVFAIL] = EXCHANGE_STATUS_SERVFAIL,
        [DNS_TIMEOUT] = EXCHANGE_STATUS_TIMEOUT,
    };
    if (lookup->result->address_count > 0)
        return EXCHANGE_STATUS_OK;
    return statuses[lookup->ipv4.status > lookup->ipv6.status ? lookup->ipv4.status : lookup->ipv6.status];
}

/* The less secure of the two. A half that failed beside addresses gave none: it says that one may be missing, and
 * nothing against those that came (RFC 7672 section 2.2.2 is about the addresses that are used). */
static enum dnssec address_dnssec(const struct exchange_lookup *lookup) {
    const struct half *ipv4 = &lookup->ipv4, *ipv6 = &lookup->ipv6;
    if (lookup->result->address_count > 0 && dns_failed(ipv4->status))
        return ipv6->dnssec;
    if (lookup->result->address_count > 0 && dns_failed(ipv6->status))
        return ipv4->dnssec;
    return ipv4->dnssec > ipv6->dnssec ? ipv4->dnssec : ipv6->dnssec;
}

static unsigned failure_flags(const struct exchange_lookup *lookup) {
    unsigned flags = 0;
    if (dns_failed(lookup->ipv4.status))
        flags |= EXCHANGE_FLAG_A_FAILED;
    if (dns_failed(lookup->ipv6.status))
        flags |= EXCHANGE_FLAG_AAAA_FAILED;
    if (lookup->ipv4.dnssec == DNSSEC_BOGUS || lookup->ipv6.dnssec == DNSSEC_BOGUS)
        flags |= EXCHANGE_FLAG_ADDRESS_BOGUS;
    return flags;
}

static void after_addresses(struct exchange_lookup *lookup) {
    struct exchange_result *result = lookup->result;
    bool any = result->address_count > 0;
    result->status = address_status(lookup);
    result->dnssec = address_dnssec(lookup);
    result->flags |= failure_flags(lookup);
    if (any && result->dnssec == DNSSEC_SECURE)
        ask_tlsa(lookup, lookup->target ? lookup->target : result->name);
    else if (any && result->dnssec == DNSSEC_INSECURE && result->flags & EXCHANGE_FLAG_CNAME)
        dns_query(lookup->dns, result->name, DNS_TYPE_CNAME, on_alias, lookup);
    else
        settle_tlsa(lookup, TLSA_STATUS_NOT_ASKED);
}

static void keep_addresses(struct exchange_result *result, const struct dns_answer *answer) {
    size_t kept = result->address_count, count = kept + answer->address_count, distinct;
    struct sockaddr_storage *all = mem_calloc(count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = i < kept ? result->address[i] : answer->address[i - kept];
    result->address_count = address_sample(result->name, all, count, EXCHANGE_ADDRESSES_MAX, &distinct);
    if (answer->capped || distinct > EXCHANGE_ADDRESSES_MAX)
        result->flags |= EXCHANGE_FLAG_ADDRESS_CAPPED;
    for (size_t i = 0; i < result->address_count; i++)
        result->address[i] = all[i];
    free(all);
}

static void on_addresses(struct exchange_lookup *lookup, struct half *half, const struct dns_answer *answer) {
    struct exchange_result *result = lookup->result;
    *half = (struct half){answer->status, answer->dnssec};
    keep_addresses(result, answer);
    if (answer->cname)
        result->flags |= EXCHANGE_FLAG_CNAME;
    if (answer->cname && lookup->target == NULL)
        lookup->target = host_name(answer->target);
    if (--lookup->addresses_outstanding == 0)
        after_addresses(lookup);
}

static void on_ipv4(struct dns_answer *answer, void *context) {
    struct exchange_lookup *lookup = context;
    on_addresses(lookup, &lookup->ipv4, answer);
}

static void on_ipv6(struct dns_answer *answer, void *context) {
    struct exchange_lookup *lookup = context;
    on_addresses(lookup, &lookup->ipv6, answer);
}

void exchange_look_up(struct exchange_result *result, struct dns *dns, const struct forbidden *forbidden,
                      exchange_settled_cb *on_settled, void *context) {
    if (result->status != EXCHANGE_STATUS_INVALID && forbidden_name(forbidden, result->name))
        result->status = EXCHANGE_STATUS_REFUSED_BY_POLICY;
    if (result->status != EXCHANGE_STATUS_PENDING) {
        result->dnssec = DNSSEC_UNKNOWN;
        result->tlsa_status = TLSA_STATUS_NOT_ASKED;
        on_settled(context);
        return;
    }
    struct exchange_lookup *lookup = mem_alloc(sizeof *lookup);
    *lookup = (struct exchange_lookup){
        .result = result, .dns = dns, .addresses_outstanding = 2, .on_settled = on_settled, .context = context};
    dns_query(dns, result->name, DNS_TYPE_A, on_ipv4, lookup);
    dns_query(dns, result->name, DNS_TYPE_AAAA, on_ipv6, lookup);
}
