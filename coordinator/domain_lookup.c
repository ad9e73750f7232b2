/* domain_lookup.c - see domain_lookup.h. A lookup lives from its first query to its last answer: MX, then the TXT
 * records side by side, then the policy host where there is a policy. */
#include "domain_lookup.h"

#include "address_sample.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct domain_lookup {
    struct domain_result *result;
    struct dns *dns;
    const struct forbidden *forbidden;
    unsigned outstanding; /* queries */
    const struct domain_events *events;
    void *context;
};

static void ask_domain(struct domain_lookup *lookup, const char *name, unsigned type, dns_cb *on_answer) {
    lookup->outstanding++;
    dns_query(lookup->dns, name, type, on_answer, lookup);
}

/* A query is over: its answer was kept, and what the answer leads to was asked. */
static void query_over(struct domain_lookup *lookup) {
    if (--lookup->outstanding > 0)
        return;
    const struct domain_events *events = lookup->events;
    void *context = lookup->context;
    free(lookup);
    events->on_done(context);
}

/* ---- the policy host ---- */

static void keep_host_addresses(struct domain_lookup *lookup, const struct dns_answer *answer) {
    struct policy_host *host = &lookup->result->host;
    size_t distinct, kept = host->address_count, count = kept;
    struct sockaddr_storage *all = mem_calloc(kept + answer->address_count, sizeof *all);
    for (size_t i = 0; i < kept; i++)
        all[i] = host->address[i];
    for (size_t i = 0; i < answer->address_count; i++) {
        if (forbidden_address(lookup->forbidden, (const struct sockaddr *)&answer->address[i]))
            host->refused = true;
        else
            all[count++] = answer->address[i];
    }
    host->address_count = address_sample(lookup->result->name, all, count, POLICY_ADDRESSES_MAX, &distinct);
    free(host->address);
    host->address = all;
}

static void on_host_ipv4(struct dns_answer *answer, void *context) {
    struct domain_lookup *lookup = context;
    lookup->result->host.ipv4 = answer->status;
    keep_host_addresses(lookup, answer);
    query_over(lookup);
}

static void on_host_ipv6(struct dns_answer *answer, void *context) {
    struct domain_lookup *lookup = context;
    lookup->result->host.ipv6 = answer->status;
    keep_host_addresses(lookup, answer);
    query_over(lookup);
}

static void ask_host(struct domain_lookup *lookup) {
    struct policy_host *host = &lookup->result->host;
    char name[STS_HOST_CAP];
    host->ipv4 = host->ipv6 = DNS_NXDOMAIN;
    if (!sts_host(name, lookup->result->name))
        return;
    host->refused = forbidden_name(lookup->forbidden, name) != NULL;
    if (host->refused)
        return;
    ask_domain(lookup, name, DNS_TYPE_A, on_host_ipv4);
    ask_domain(lookup, name, DNS_TYPE_AAAA, on_host_ipv6);
}

/* ---- TXT records ---- */

/* The answer's records as txt.h wants them; the caller frees. */
static struct txt *txt_records(const struct dns_answer *answer) {
    struct txt *records = mem_calloc(answer->blob_count, sizeof *records);
    for (size_t i = 0; i < answer->blob_count; i++)
        records[i] = (struct txt){answer->blob[i].data, answer->blob[i].len};
    return records;
}

static void on_sts(struct dns_answer *answer, void *context) {
    static const enum record_status statuses[] = {
        [STS_NONE] = RECORD_NONE, [STS_VALID] = RECORD_VALID, [STS_INVALID] = RECORD_INVALID};
    struct domain_lookup *lookup = context;
    struct domain_result *result = lookup->result;
    if (dns_failed(answer->status)) {
        result->sts = RECORD_UNKNOWN;
        result->sts_why = STS_WHY_DNS;
    } else {
        struct txt *records = txt_records(answer);
        struct sts_record record = sts_record_parse(records, answer->blob_count);
        free(records);
        result->sts = statuses[record.status];
        result->sts_why = record.why;
        memcpy(result->sts_id, record.id, sizeof record.id);
    }
    if (result->sts == RECORD_VALID)
        ask_host(lookup);
    query_over(lookup);
}

static void on_tlsrpt(struct dns_answer *answer, void *context) {
    static const enum record_status statuses[] = {
        [TLSRPT_NONE] = RECORD_NONE, [TLSRPT_VALID] = RECORD_VALID, [TLSRPT_INVALID] = RECORD_INVALID};
    struct domain_lookup *lookup = context;
    struct domain_result *result = lookup->result;
    result->tlsrpt = RECORD_UNKNOWN;
    if (!dns_failed(answer->status)) {
        struct txt *records = txt_records(answer);
        result->tlsrpt_record = tlsrpt_record_parse(records, answer->blob_count);
        free(records);
        result->tlsrpt = statuses[result->tlsrpt_record.status];
    }
    query_over(lookup);
}

/* Asks for the TXT records at PREFIX.DOMAIN; where DNS cannot carry that name there are none. */
static enum record_status ask_record(struct domain_lookup *lookup, const char *prefix, dns_cb *on_answer) {
    char name[NAME_CAP];
    if (snprintf(name, sizeof name, "%s.%s", prefix, lookup->result->name) > NAME_MAX_OCTETS)
        return RECORD_NONE;
    ask_domain(lookup, name, DNS_TYPE_TXT, on_answer);
    return RECORD_PENDING;
}

/* ---- MX ---- */

static struct mx_set answered_set(const struct domain_result *result, struct dns_answer *answer) {
    struct mx_set set = {.count = 0};
    if (answer->status == DNS_OK)
        mx_set_from_records(&set, answer->mx, answer->mx_count);
    else if (answer->status == DNS_NODATA)
        mx_set_implicit(&set, result->name);
    return set;
}

static void keep_mx(struct domain_result *result, const struct dns_answer *answer, const struct mx_set *set) {
    char alias[NAME_CAP];
    result->mx_answer = answer->status;
    result->dnssec = answer->dnssec;
    result->flags = set->flags | (answer->cname ? MX_FLAG_CNAME : 0u) | (answer->capped ? MX_FLAG_CAPPED : 0u);
    result->null_mx = set->null_mx;
    if (answer->cname && name_from_dns(alias, answer->target) == NAME_OK)
        result->alias_of = mem_strdup(alias);
    if (set->count > 0)
        memcpy(result->set_key, set->key, sizeof set->key);
}

static void want_members(struct domain_lookup *lookup, const struct mx_set *set, bool listed) {
    struct domain_result *result = lookup->result;
    result->member = mem_calloc(set->count, sizeof *result->member);
    result->member_count = set->count;
    for (size_t i = 0; i < set->count; i++)
        result->member[i] = (struct domain_member){set->member[i].preference,
                                                   lookup->events->on_member(&set->member[i], listed, lookup->context)};
}

static void on_mx(struct dns_answer *answer, void *context) {
    struct domain_lookup *lookup = context;
    struct domain_result *result = lookup->result;
    struct mx_set set = answered_set(result, answer);
    keep_mx(result, answer, &set);
    if (set.count > 0) {
        want_members(lookup, &set, answer->status == DNS_OK);
        result->sts = ask_record(lookup, "_mta-sts", on_sts);
        result->tlsrpt = ask_record(lookup, "_smtp._tls", on_tlsrpt);
    } else if (dns_failed(answer->status)) {
        result->sts = result->tlsrpt = RECORD_UNKNOWN;
        result->sts_why = STS_WHY_DNS;
    } else {
        result->sts = result->tlsrpt = RECORD_NOT_ASKED;
    }
    query_over(lookup);
}

void domain_look_up(struct domain_result *result, struct dns *dns, const struct forbidden *forbidden,
                    const struct domain_events *events, void *context) {
    result->dnssec = DNSSEC_UNKNOWN;
    result->refused = forbidden_name(forbidden, result->name) != NULL;
    if (result->refused) {
        result->sts = result->tlsrpt = RECORD_NOT_ASKED;
        events->on_done(context);
        return;
    }
    struct domain_lookup *lookup = mem_alloc(sizeof *lookup);
    *lookup = (struct domain_lookup){
        .result = result, .dns = dns, .forbidden = forbidden, .events = events, .context = context};
    ask_domain(lookup, result->name, DNS_TYPE_MX, on_mx);
}
