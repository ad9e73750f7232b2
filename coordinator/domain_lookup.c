/* domain_lookup.c - see domain_lookup.h. `outstanding` counts the queries under way and, for the resolver, the
 * exchanges waited for; each answer only fills in, and what it means is decided once all are there. */
#include "domain_lookup.h"

#include "address_sample.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *record_status_name(enum record_status status) {
    static const char *const names[] = {"pending", "not_asked", "none", "valid", "invalid", "unknown"};
    return names[status];
}

void domain_came(struct domain *domain) {
    if (--domain->outstanding == 0)
        domain->events->on_done(domain, domain->context);
}

static void ask(struct domain *domain, const char *name, unsigned type, dns_cb *on_answer) {
    domain->outstanding++;
    dns_query(domain->dns, name, type, on_answer, domain);
}

/* PREFIX.DOMAIN; false if that is no name any more. */
static bool below(char out[static NAME_CAP], const char *prefix, const struct domain *domain) {
    return snprintf(out, NAME_CAP, "%s.%s", prefix, domain->name) <= NAME_MAX_OCTETS;
}

/* ---- the policy host ---- */

static void take_host(struct domain *domain, const struct dns_answer *answer) {
    size_t distinct, kept = domain->host_count, count = kept;
    struct sockaddr_storage *all = mem_calloc(kept + answer->address_count, sizeof *all);
    for (size_t i = 0; i < kept; i++)
        all[i] = domain->host[i];
    for (size_t i = 0; i < answer->address_count; i++) {
        bool refused = forbidden_address(domain->forbidden, (const struct sockaddr *)&answer->address[i]) != NULL;
        domain->host_refused = domain->host_refused || refused;
        if (!refused)
            all[count++] = answer->address[i];
    }
    domain->host_count = address_sample(domain->name, all, count, POLICY_ADDRESSES_MAX, &distinct);
    free(domain->host);
    domain->host = all;
}

static void on_host_ipv4(struct dns_answer *answer, void *context) {
    struct domain *domain = context;
    domain->host_ipv4 = answer->status;
    take_host(domain, answer);
    domain_came(domain);
}

static void on_host_ipv6(struct dns_answer *answer, void *context) {
    struct domain *domain = context;
    domain->host_ipv6 = answer->status;
    take_host(domain, answer);
    domain_came(domain);
}

static void ask_host(struct domain *domain) {
    char host[STS_HOST_CAP];
    domain->host_ipv4 = domain->host_ipv6 = DNS_NXDOMAIN;
    if (!sts_host(host, domain->name))
        return;
    domain->host_refused = forbidden_name(domain->forbidden, host) != NULL;
    if (domain->host_refused)
        return;
    ask(domain, host, DNS_TYPE_A, on_host_ipv4);
    ask(domain, host, DNS_TYPE_AAAA, on_host_ipv6);
}

/* ---- TXT records ---- */

/* The answer's records as txt.h wants them; the caller frees. */
static struct txt *texts(const struct dns_answer *answer) {
    struct txt *records = mem_calloc(answer->blob_count, sizeof *records);
    for (size_t i = 0; i < answer->blob_count; i++)
        records[i] = (struct txt){answer->blob[i].data, answer->blob[i].len};
    return records;
}

static void on_sts(struct dns_answer *answer, void *context) {
    static const enum record_status statuses[] = {
        [STS_NONE] = RECORD_NONE, [STS_VALID] = RECORD_VALID, [STS_INVALID] = RECORD_INVALID};
    struct domain *domain = context;
    if (dns_failed(answer->status)) {
        domain->sts = RECORD_UNKNOWN;
        domain->sts_why = STS_WHY_DNS;
    } else {
        struct txt *records = texts(answer);
        struct sts_record record = sts_record_parse(records, answer->blob_count);
        free(records);
        domain->sts = statuses[record.status];
        domain->sts_why = record.why;
        memcpy(domain->sts_id, record.id, sizeof record.id);
    }
    if (domain->sts == RECORD_VALID)
        ask_host(domain);
    domain_came(domain);
}

static void on_tlsrpt(struct dns_answer *answer, void *context) {
    static const enum record_status statuses[] = {
        [TLSRPT_NONE] = RECORD_NONE, [TLSRPT_VALID] = RECORD_VALID, [TLSRPT_INVALID] = RECORD_INVALID};
    struct domain *domain = context;
    domain->tlsrpt = RECORD_UNKNOWN;
    if (!dns_failed(answer->status)) {
        struct txt *records = texts(answer);
        domain->tlsrpt_record = tlsrpt_record_parse(records, answer->blob_count);
        free(records);
        domain->tlsrpt = statuses[domain->tlsrpt_record.status];
    }
    domain_came(domain);
}

static void ask_records(struct domain *domain) {
    char name[NAME_CAP];
    domain->sts = domain->tlsrpt = RECORD_NONE; /* where DNS cannot carry the name */
    if (below(name, "_mta-sts", domain))
        ask(domain, name, DNS_TYPE_TXT, on_sts);
    if (below(name, "_smtp._tls", domain))
        ask(domain, name, DNS_TYPE_TXT, on_tlsrpt);
}

/* ---- MX ---- */

static void on_mx(struct dns_answer *answer, void *context) {
    struct domain *domain = context;
    struct mx_set set = {.count = 0};
    char alias[NAME_CAP];
    domain->status = answer->status;
    domain->dnssec = answer->dnssec;
    if (answer->status == DNS_OK)
        mx_set_from_records(&set, answer->mx, answer->mx_count);
    else if (answer->status == DNS_NODATA)
        mx_set_implicit(&set, domain->name);
    domain->flags = set.flags | (answer->cname ? MX_FLAG_CNAME : 0u) | (answer->capped ? MX_FLAG_CAPPED : 0u);
    domain->null_mx = set.null_mx;
    if (answer->cname && name_from_dns(alias, answer->target) == NAME_OK)
        domain->alias_of = mem_strdup(alias);
    if (set.count > 0) {
        memcpy(domain->set_key, set.key, sizeof set.key);
        domain->events->on_set(domain, &set, domain->context);
        ask_records(domain);
    } else if (dns_failed(answer->status)) {
        domain->sts = domain->tlsrpt = RECORD_UNKNOWN;
        domain->sts_why = STS_WHY_DNS;
    } else {
        domain->sts = domain->tlsrpt = RECORD_NOT_ASKED;
    }
    domain_came(domain);
}

void domain_look_up(struct domain *domain, struct dns *dns, const struct forbidden *forbidden,
                    const struct domain_events *events, void *context) {
    domain->dns = dns;
    domain->forbidden = forbidden;
    domain->events = events;
    domain->context = context;
    domain->dnssec = DNSSEC_UNKNOWN;
    domain->refused = forbidden_name(forbidden, domain->name) != NULL;
    if (!domain->refused) {
        ask(domain, domain->name, DNS_TYPE_MX, on_mx);
        return;
    }
    domain->sts = domain->tlsrpt = RECORD_NOT_ASKED;
    events->on_done(domain, context);
}

/* ---- what it means ---- */

/* An implicit MX exists only if its address does (RFC 5321 section 5.1). */
static const char *implicit_status(const struct domain *domain) {
    const char *status = domain->member_count > 0 ? domain->member[0].exchange->dns_status : "nodata";
    if (strcmp(status, "ok") == 0)
        return "implicit";
    return strcmp(status, "nodata") == 0 || strcmp(status, "nxdomain") == 0 ? "no_mail_host" : status;
}

const char *domain_mx_status(const struct domain *domain) {
    if (domain->refused)
        return "refused_by_policy";
    if (domain->status == DNS_OK)
        return domain->null_mx ? "null_mx" : "mx";
    return domain->status == DNS_NODATA ? implicit_status(domain) : dns_status_name(domain->status);
}

bool domain_has_policy(const struct domain *domain) { return domain->sts == RECORD_VALID; }

enum sts_why domain_policy_why(const struct domain *domain) {
    if (domain->host_count > 0)
        return STS_WHY_NONE;
    if (domain->host_refused)
        return STS_WHY_REFUSED_BY_POLICY;
    return dns_failed(domain->host_ipv4) || dns_failed(domain->host_ipv6) ? STS_WHY_DNS : STS_WHY_NO_HOST;
}

bool domain_retry(const struct domain *domain) {
    const char *status = domain_mx_status(domain);
    return strcmp(status, "servfail") == 0 || strcmp(status, "timeout") == 0 || domain->sts == RECORD_UNKNOWN ||
           domain->tlsrpt == RECORD_UNKNOWN || (domain_has_policy(domain) && domain_policy_why(domain) == STS_WHY_DNS);
}

void domain_free(struct domain *domain) {
    tlsrpt_record_free(&domain->tlsrpt_record);
    free(domain->alias_of);
    free(domain->host);
    free(domain->member);
    free(domain);
}
