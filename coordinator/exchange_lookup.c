/* exchange_lookup.c - see exchange_lookup.h. `outstanding` counts the queries of the present step; at zero the next one
 * begins: addresses, then perhaps the alias by itself, then TLSA at the base domain, then at the exchange's own name.
 */
#include "exchange_lookup.h"

#include "address_sample.h"
#include "base/mem.h"
#include "published/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tlsa_status_name(enum tlsa_status status) {
    static const char *const names[] = {"pending", "not_asked", "none", "insecure", "secure", "bogus", "unknown"};
    return names[status];
}

static const char *name_of(const struct exchange *exchange) { return exchange->key.name; }

static void settle(struct exchange *exchange) {
    free(exchange->target);
    exchange->target = NULL;
    exchange->on_settled(exchange, exchange->context);
}

/* The base domain is told where there are records, or may be. Without them a secure alias is of no use. */
static void settle_tlsa(struct exchange *exchange, enum tlsa_status status) {
    bool maybe = status == TLSA_STATUS_SECURE || status == TLSA_STATUS_BOGUS || status == TLSA_STATUS_UNKNOWN;
    exchange->tlsa_status = status;
    if (exchange->alias_alone)
        exchange->dnssec = maybe ? DNSSEC_SECURE : DNSSEC_INSECURE;
    if (!maybe) {
        free(exchange->base);
        exchange->base = NULL;
    }
    settle(exchange);
}

/* ---- TLSA ---- */

static void keep_tlsa(struct exchange *exchange, const struct dns_answer *answer) {
    static char text[TLSA_TEXT_CAP];
    exchange->tlsa = mem_calloc(answer->blob_count, sizeof *exchange->tlsa);
    exchange->tlsa_capped = answer->capped;
    size_t octets = 0;
    for (size_t i = 0; i < answer->blob_count; i++) {
        struct tlsa tlsa;
        octets += answer->blob[i].len;
        if (octets > EXCHANGE_TLSA_OCTETS || !tlsa_parse(&tlsa, answer->blob[i].data, answer->blob[i].len)) {
            exchange->tlsa_capped = true; /* one that is left out may be the one that matches */
            continue;
        }
        tlsa_text(text, &tlsa);
        exchange->tlsa[exchange->tlsa_count++] = mem_strdup(text);
    }
}

static void ask_tlsa(struct exchange *exchange, const char *base);

static void on_tlsa(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    bool denied = answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
    bool useless = denied || answer->dnssec != DNSSEC_SECURE;
    if (answer->dnssec == DNSSEC_BOGUS) {
        settle_tlsa(exchange, TLSA_STATUS_BOGUS);
    } else if (dns_failed(answer->status) || answer->dnssec == DNSSEC_UNCHECKED) {
        settle_tlsa(exchange, TLSA_STATUS_UNKNOWN);
    } else if (useless && strcmp(exchange->base, name_of(exchange)) != 0) {
        ask_tlsa(exchange, name_of(exchange));
    } else if (denied) {
        settle_tlsa(exchange, TLSA_STATUS_NONE);
    } else if (useless) {
        settle_tlsa(exchange, TLSA_STATUS_INSECURE);
    } else {
        keep_tlsa(exchange, answer);
        settle_tlsa(exchange, TLSA_STATUS_SECURE);
    }
}

static void ask_tlsa(struct exchange *exchange, const char *base) {
    static const char PREFIX[] = "_25._tcp.";
    char owner[sizeof PREFIX + NAME_CAP];
    char *copy = mem_strdup(base);
    free(exchange->base);
    exchange->base = copy;
    snprintf(owner, sizeof owner, "%s%s", PREFIX, base);
    dns_query(exchange->dns, owner, DNS_TYPE_TLSA, on_tlsa, exchange);
}

/* RFC 7672 section 2.2.3: an alias that is itself secure, though what it leads to is not, may have TLSA records. */
static void on_alias(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    if (answer->status == DNS_OK && answer->dnssec == DNSSEC_SECURE) {
        exchange->alias_alone = true;
        ask_tlsa(exchange, name_of(exchange));
    } else if (dns_failed(answer->status)) {
        settle_tlsa(exchange, TLSA_STATUS_UNKNOWN);
    } else {
        settle_tlsa(exchange, TLSA_STATUS_NOT_ASKED);
    }
}

/* ---- addresses ---- */

/* What a domain name of DNS is as a host name; NULL if it is none. */
static char *host_name(const char *dns_name) {
    char name[NAME_CAP];
    return name_from_dns(name, dns_name) == NAME_OK ? mem_strdup(name) : NULL;
}

static void after_addresses(struct exchange *exchange) {
    enum dns_status worse = exchange->ipv4 > exchange->ipv6 ? exchange->ipv4 : exchange->ipv6;
    /* an unanswered half makes the whole unknown where the other half has nothing */
    exchange->dns_status = dns_status_name(exchange->address_count > 0 ? DNS_OK : worse);
    bool any = exchange->address_count > 0;
    if (any && exchange->dnssec == DNSSEC_SECURE)
        ask_tlsa(exchange, exchange->target ? exchange->target : name_of(exchange));
    else if (any && exchange->dnssec == DNSSEC_INSECURE && exchange->cname)
        dns_query(exchange->dns, name_of(exchange), DNS_TYPE_CNAME, on_alias, exchange);
    else
        settle_tlsa(exchange, TLSA_STATUS_NOT_ASKED);
}

static void take_addresses(struct exchange *exchange, const struct dns_answer *answer) {
    size_t kept = exchange->address_count, count = kept + answer->address_count, distinct;
    struct sockaddr_storage *all = mem_calloc(count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = i < kept ? exchange->address[i] : answer->address[i - kept];
    exchange->address_count = address_sample(name_of(exchange), all, count, EXCHANGE_ADDRESSES_MAX, &distinct);
    exchange->address_capped = exchange->address_capped || answer->capped || distinct > EXCHANGE_ADDRESSES_MAX;
    for (size_t i = 0; i < exchange->address_count; i++)
        exchange->address[i] = all[i];
    free(all);
}

static void on_addresses(struct exchange *exchange, const struct dns_answer *answer) {
    take_addresses(exchange, answer);
    if (answer->dnssec > exchange->dnssec)
        exchange->dnssec = answer->dnssec;
    exchange->cname = exchange->cname || answer->cname;
    if (answer->cname && exchange->target == NULL)
        exchange->target = host_name(answer->target);
    if (--exchange->outstanding == 0)
        after_addresses(exchange);
}

static void on_ipv4(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    exchange->ipv4 = answer->status;
    on_addresses(exchange, answer);
}

static void on_ipv6(struct dns_answer *answer, void *context) {
    struct exchange *exchange = context;
    exchange->ipv6 = answer->status;
    on_addresses(exchange, answer);
}

void exchange_look_up(struct exchange *exchange, struct dns *dns, const struct forbidden *forbidden,
                      void (*on_settled)(struct exchange *exchange, void *context), void *context) {
    exchange->dns = dns;
    exchange->forbidden = forbidden;
    exchange->on_settled = on_settled;
    exchange->context = context;
    exchange->dnssec = DNSSEC_SECURE; /* until an answer says less */
    bool refused = !exchange->invalid && forbidden_name(forbidden, name_of(exchange));
    if (exchange->invalid || refused) {
        exchange->dnssec = DNSSEC_UNKNOWN;
        exchange->dns_status = refused ? "refused_by_policy" : "invalid";
        settle_tlsa(exchange, TLSA_STATUS_NOT_ASKED);
        return;
    }
    exchange->outstanding = 2;
    dns_query(dns, name_of(exchange), DNS_TYPE_A, on_ipv4, exchange);
    dns_query(dns, name_of(exchange), DNS_TYPE_AAAA, on_ipv6, exchange);
}

bool exchange_retry(const struct exchange *exchange) {
    return dns_failed(exchange->ipv4) || dns_failed(exchange->ipv6) || exchange->tlsa_status == TLSA_STATUS_UNKNOWN ||
           exchange->tlsa_status == TLSA_STATUS_BOGUS;
}

void exchange_clear(struct exchange *exchange) {
    for (size_t i = 0; i < exchange->tlsa_count; i++)
        free(exchange->tlsa[i]);
    free(exchange->tlsa);
    free(exchange->base);
    free(exchange->target);
    exchange->tlsa = NULL;
    exchange->base = exchange->target = NULL;
    exchange->tlsa_count = 0;
}
