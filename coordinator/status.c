/* status.c - see status.h. One name table an enum. */
#include "status.h"

#include <string.h>

static const char *const MX_STATUS_NAMES[MX_STATUS_COUNT] = {
    [MX_STATUS_PENDING] = "pending",
    [MX_STATUS_MX] = "mx",
    [MX_STATUS_IMPLICIT] = "implicit",
    [MX_STATUS_NULL_MX] = "null_mx",
    [MX_STATUS_NO_MAIL_HOST] = "no_mail_host",
    [MX_STATUS_NXDOMAIN] = "nxdomain",
    [MX_STATUS_SERVFAIL] = "servfail",
    [MX_STATUS_TIMEOUT] = "timeout",
    [MX_STATUS_REFUSED_BY_POLICY] = "refused_by_policy",
};

static const char *const EXCHANGE_STATUS_NAMES[EXCHANGE_STATUS_COUNT] = {
    [EXCHANGE_STATUS_PENDING] = "pending",   [EXCHANGE_STATUS_OK] = "ok",
    [EXCHANGE_STATUS_NODATA] = "nodata",     [EXCHANGE_STATUS_NXDOMAIN] = "nxdomain",
    [EXCHANGE_STATUS_SERVFAIL] = "servfail", [EXCHANGE_STATUS_TIMEOUT] = "timeout",
    [EXCHANGE_STATUS_INVALID] = "invalid",   [EXCHANGE_STATUS_REFUSED_BY_POLICY] = "refused_by_policy",
};

static const char *const TLSA_STATUS_NAMES[TLSA_STATUS_COUNT] = {
    [TLSA_STATUS_PENDING] = "pending",   [TLSA_STATUS_NOT_ASKED] = "not_asked", [TLSA_STATUS_NONE] = "none",
    [TLSA_STATUS_INSECURE] = "insecure", [TLSA_STATUS_SECURE] = "secure",       [TLSA_STATUS_BOGUS] = "bogus",
    [TLSA_STATUS_UNKNOWN] = "unknown",
};

static const char *const RECORD_STATUS_NAMES[RECORD_STATUS_COUNT] = {
    [RECORD_PENDING] = "pending", [RECORD_NOT_ASKED] = "not_asked", [RECORD_NONE] = "none",
    [RECORD_VALID] = "valid",     [RECORD_INVALID] = "invalid",     [RECORD_UNKNOWN] = "unknown",
};

static const char *const POLICY_STATUS_NAMES[POLICY_STATUS_COUNT] = {
    [POLICY_PENDING] = "pending",
    [POLICY_VALID] = "valid",
    [POLICY_INVALID] = "invalid",
    [POLICY_UNKNOWN] = "unknown",
};

static const char *const LOOKUP_STATUS_NAMES[LOOKUP_STATUS_COUNT] = {
    [LOOKUP_UNKNOWN] = "unknown",
    [LOOKUP_NONE] = "none",
    [LOOKUP_FOUND] = "found",
};

const char *mx_status_name(enum mx_status status) { return MX_STATUS_NAMES[status]; }
const char *exchange_status_name(enum exchange_status status) { return EXCHANGE_STATUS_NAMES[status]; }
const char *tlsa_status_name(enum tlsa_status status) { return TLSA_STATUS_NAMES[status]; }
const char *record_status_name(enum record_status status) { return RECORD_STATUS_NAMES[status]; }
const char *lookup_status_name(enum lookup_status status) { return LOOKUP_STATUS_NAMES[status]; }
const char *policy_status_name(enum policy_status status) { return POLICY_STATUS_NAMES[status]; }

enum exchange_status exchange_status_from_name(const char *name) {
    enum exchange_status status = 0;
    while (status < EXCHANGE_STATUS_COUNT && strcmp(name, EXCHANGE_STATUS_NAMES[status]) != 0)
        status++;
    return status;
}
