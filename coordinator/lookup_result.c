/* lookup_result.c - see lookup_result.h. Answers only fill in; here is decided what they mean, once all are there. */
#include "lookup_result.h"

#include <stdlib.h>

/* ---- an exchange ---- */

bool exchange_retry(const struct exchange_result *exchange) {
    return (exchange->flags & (EXCHANGE_FLAG_A_FAILED | EXCHANGE_FLAG_AAAA_FAILED)) != 0 ||
           exchange->tlsa_status == TLSA_STATUS_UNKNOWN || exchange->tlsa_status == TLSA_STATUS_BOGUS;
}

void exchange_result_free(struct exchange_result *exchange) {
    for (size_t i = 0; i < exchange->tlsa_count; i++)
        free(exchange->tlsa[i]);
    free(exchange->tlsa);
    free(exchange->tlsa_base);
    exchange->tlsa = NULL;
    exchange->tlsa_base = NULL;
    exchange->tlsa_count = 0;
}

/* ---- a domain ---- */

/* Without MX records the domain's own name is its exchange, but only if it has an address (RFC 5321 section 5.1). */
static enum mx_status implicit_mx_status(enum exchange_status own_name) {
    static const enum mx_status statuses[EXCHANGE_STATUS_COUNT] = {
        [EXCHANGE_STATUS_PENDING] = MX_STATUS_NO_MAIL_HOST,
        [EXCHANGE_STATUS_OK] = MX_STATUS_IMPLICIT,
        [EXCHANGE_STATUS_NODATA] = MX_STATUS_NO_MAIL_HOST,
        [EXCHANGE_STATUS_NXDOMAIN] = MX_STATUS_NO_MAIL_HOST,
        [EXCHANGE_STATUS_SERVFAIL] = MX_STATUS_SERVFAIL,
        [EXCHANGE_STATUS_TIMEOUT] = MX_STATUS_TIMEOUT,
        [EXCHANGE_STATUS_INVALID] = MX_STATUS_NO_MAIL_HOST,
        [EXCHANGE_STATUS_REFUSED_BY_POLICY] = MX_STATUS_REFUSED_BY_POLICY,
    };
    return statuses[own_name];
}

enum mx_status domain_mx_status(const struct domain_result *domain) {
    if (domain->refused)
        return MX_STATUS_REFUSED_BY_POLICY;
    switch (domain->mx_answer) {
    case DNS_OK:
        return domain->null_mx ? MX_STATUS_NULL_MX : MX_STATUS_MX;
    case DNS_NODATA:
        return implicit_mx_status(domain->member_count > 0 ? domain->member[0].exchange->status
                                                           : EXCHANGE_STATUS_NODATA);
    case DNS_NXDOMAIN:
        return MX_STATUS_NXDOMAIN;
    case DNS_SERVFAIL:
        return MX_STATUS_SERVFAIL;
    case DNS_TIMEOUT:
        break;
    }
    return MX_STATUS_TIMEOUT;
}

/* No answer came: whether there is a mail host is not known. */
static bool mx_failed(enum mx_status status) { return status == MX_STATUS_SERVFAIL || status == MX_STATUS_TIMEOUT; }

bool domain_has_set(const struct domain_result *domain) {
    enum mx_status status = domain_mx_status(domain);
    return status == MX_STATUS_MX || status == MX_STATUS_IMPLICIT;
}

enum record_status domain_record_status(const struct domain_result *domain, enum record_status found) {
    if (mx_failed(domain_mx_status(domain)))
        return RECORD_UNKNOWN;
    return domain_has_set(domain) ? found : RECORD_NOT_ASKED;
}

bool domain_has_policy(const struct domain_result *domain) { return domain->sts == RECORD_VALID; }

enum sts_why domain_policy_why(const struct domain_result *domain) {
    const struct policy_host *host = &domain->host;
    if (host->address_count > 0)
        return STS_WHY_NONE;
    if (host->refused)
        return STS_WHY_REFUSED_BY_POLICY;
    return dns_failed(host->ipv4) || dns_failed(host->ipv6) ? STS_WHY_DNS : STS_WHY_NO_HOST;
}

bool domain_retry(const struct domain_result *domain) {
    return mx_failed(domain_mx_status(domain)) || domain->sts == RECORD_UNKNOWN || domain->tlsrpt == RECORD_UNKNOWN ||
           (domain_has_policy(domain) && domain_policy_why(domain) == STS_WHY_DNS);
}

void domain_result_free(struct domain_result *domain) {
    tlsrpt_record_free(&domain->tlsrpt_record);
    free(domain->alias_of);
    free(domain->host.address);
    free(domain->member);
    domain->alias_of = NULL;
    domain->host.address = NULL;
    domain->member = NULL;
    domain->host.address_count = domain->member_count = 0;
}
