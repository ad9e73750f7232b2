/* status.h - what lookups ended with: the enums of the schema, and their words there. Pure. */
#ifndef MXG_STATUS_H
#define MXG_STATUS_H

/* As in the type mxgrade.mx_status: the mail hosts of a domain. */
enum mx_status {
    MX_STATUS_PENDING,
    MX_STATUS_MX,
    MX_STATUS_IMPLICIT, /* no MX records, but an address (RFC 5321 section 5.1) */
    MX_STATUS_NULL_MX,  /* RFC 7505 */
    MX_STATUS_NO_MAIL_HOST,
    MX_STATUS_NXDOMAIN,
    MX_STATUS_SERVFAIL,
    MX_STATUS_TIMEOUT,
    MX_STATUS_REFUSED_BY_POLICY,
    MX_STATUS_COUNT
};
const char *mx_status_name(enum mx_status status);

/* As in the type mxgrade.dns_status: the addresses of an exchange. */
enum exchange_status {
    EXCHANGE_STATUS_PENDING,
    EXCHANGE_STATUS_OK,
    EXCHANGE_STATUS_NODATA,
    EXCHANGE_STATUS_NXDOMAIN,
    EXCHANGE_STATUS_SERVFAIL,
    EXCHANGE_STATUS_TIMEOUT,
    EXCHANGE_STATUS_INVALID, /* an IP literal, a single label or no host name: never looked up */
    EXCHANGE_STATUS_REFUSED_BY_POLICY,
    EXCHANGE_STATUS_COUNT
};
const char *exchange_status_name(enum exchange_status status);
/* EXCHANGE_STATUS_COUNT if none has that name. */
enum exchange_status exchange_status_from_name(const char *name);

/* As in the type mxgrade.tlsa_status: the TLSA records of an exchange. */
enum tlsa_status {
    TLSA_STATUS_PENDING,
    TLSA_STATUS_NOT_ASKED,
    TLSA_STATUS_NONE,
    TLSA_STATUS_INSECURE,
    TLSA_STATUS_SECURE,
    TLSA_STATUS_BOGUS,
    TLSA_STATUS_UNKNOWN,
    TLSA_STATUS_COUNT
};
const char *tlsa_status_name(enum tlsa_status status);

/* As in the type mxgrade.record_status: a TXT record of a domain. */
enum record_status {
    RECORD_PENDING,
    RECORD_NOT_ASKED,
    RECORD_NONE,
    RECORD_VALID,
    RECORD_INVALID,
    RECORD_UNKNOWN,
    RECORD_STATUS_COUNT
};
const char *record_status_name(enum record_status status);

/* As in the type mxgrade.policy_status: a fetched MTA-STS policy. */
enum policy_status { POLICY_PENDING, POLICY_VALID, POLICY_INVALID, POLICY_UNKNOWN, POLICY_STATUS_COUNT };
const char *policy_status_name(enum policy_status status);

/* As in the type mxgrade.lookup_status: a look-up beside the survey. */
enum lookup_status { LOOKUP_UNKNOWN, LOOKUP_NONE, LOOKUP_FOUND, LOOKUP_STATUS_COUNT };
const char *lookup_status_name(enum lookup_status status);

#endif
