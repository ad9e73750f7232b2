/* sts.h - MTA-STS (RFC 8461): the TXT record of a domain and its policy, read from bytes. Nothing here speaks to
 * anyone.
 */
#ifndef MXG_STS_H
#define MXG_STS_H

#include "published/txt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why there is no valid policy. Keys are on the wire and in the database.
 * X(enum suffix, key, an answer came (the policy is invalid; else unknown), worth asking again later, sentence) */
#define STS_WHYS(X)                                                                                                    \
    X(NONE, "", false, false, "")                                                                                      \
    X(SEVERAL_RECORDS, "several_records", true, false, "more than one TXT record begins with v=STSv1;")                \
    X(RECORD_SYNTAX, "record_syntax", true, false, "the TXT record is not a list of key=value separated by ;")         \
    X(NO_ID, "no_id", true, false, "the TXT record has no id")                                                         \
    X(BAD_ID, "bad_id", true, false, "the TXT record's id is not 1 to 32 letters and digits")                          \
    X(NO_HOST, "no_host", true, false, "there is a TXT record, but the policy host has no address")                    \
    X(DNS, "dns", false, true, "the TXT record or the policy host could not be resolved")                              \
    X(REFUSED_BY_POLICY, "refused_by_policy", false, false,                                                            \
      "the policy host's address is reserved or blocklisted and was not contacted")                                    \
    X(CONNECT_REFUSED, "connect_refused", true, true, "the policy host refused the TCP connection")                    \
    X(CONNECT_TIMEOUT, "connect_timeout", false, true, "no answer from the policy host to the TCP connection")         \
    X(NO_ROUTE, "no_route", false, true, "the worker has no route to the policy host")                                 \
    X(TIMEOUT, "timeout", false, true, "the policy host fell silent")                                                  \
    X(CLOSED, "closed", false, true, "the policy host closed or reset the connection before it answered")              \
    X(TOO_SLOW, "too_slow", true, true, "the policy host began its answer, but did not finish it in time")             \
    X(CUT_SHORT, "cut_short", true, true, "the policy host broke its answer off")                                      \
    X(TLS, "tls", true, false, "no TLS connection of at least version 1.2 with the policy host")                       \
    X(CERTIFICATE, "certificate", true, false, "the policy host's certificate is not trusted")                         \
    X(CERT_NAME, "cert_name", true, false, "the policy host's certificate does not name it as a SAN dNSName")          \
    X(CERT_DATE, "cert_date", true, false, "the policy host's certificate has expired or is not yet valid")            \
    X(NOT_HTTP, "not_http", true, false, "the answer is not HTTP")                                                     \
    X(HTTP_STATUS, "http_status", true, false, "the HTTP status is not 200")                                           \
    X(REDIRECT, "redirect", true, false, "the policy is a redirect, and redirects are not followed")                   \
    X(CONTENT_TYPE, "content_type", true, false, "the policy's media type is not text/plain")                          \
    X(TOO_LARGE, "too_large", true, false, "the answer is larger than a policy may be")                                \
    X(NOT_TEXT, "not_text", true, false, "the policy holds bytes that are no text")                                    \
    X(SYNTAX, "syntax", true, false, "a line of the policy is not key: value")                                         \
    X(NO_VERSION, "no_version", true, false, "the policy has no version")                                              \
    X(BAD_VERSION, "bad_version", true, false, "the policy's version is not STSv1")                                    \
    X(NO_MODE, "no_mode", true, false, "the policy has no mode")                                                       \
    X(BAD_MODE, "bad_mode", true, false, "the policy's mode is not enforce, testing or none")                          \
    X(NO_MAX_AGE, "no_max_age", true, false, "the policy has no max_age")                                              \
    X(BAD_MAX_AGE, "bad_max_age", true, false, "the policy's max_age is not a number of seconds up to 31557600")       \
    X(NO_MX, "no_mx", true, false, "the policy has no mx, and its mode is not none")                                   \
    X(BAD_MX, "bad_mx", true, false, "an mx of the policy is no host name; A-labels and a leading *. are allowed")     \
    X(LOCAL_RESOURCES, "local_resources", false, true, "the worker ran out of a local resource")

enum sts_why {
#define X(id, key, answered, retry, text) STS_WHY_##id,
    STS_WHYS(X)
#undef X
        STS_WHY_COUNT
};

/* Out-of-range values give "unknown" and false, never a crash (they come from the wire). */
const char *sts_why_key(enum sts_why why);
const char *sts_why_text(enum sts_why why);
bool sts_why_answered(enum sts_why why); /* the policy is invalid, not unknown */
bool sts_why_retry(enum sts_why why);
/* STS_WHY_COUNT if none has that key. */
enum sts_why sts_why_from_key(const char *key);

enum {
    STS_ID_MAX = 32,
    STS_POLICY_MAX_OCTETS = 64 * 1024,  /* RFC 8461 section 3.3 */
    STS_MAX_AGE_MAX_SECONDS = 31557600, /* a year */
    STS_MX_MAX = 1000,                  /* patterns in a policy; the RFC sets no limit, nobody comes near this one */
};

enum sts_status { STS_NONE, STS_VALID, STS_INVALID };

/* The TXT record: none, valid with an id, or invalid with a reason. */
struct sts_record {
    enum sts_status status;
    enum sts_why why;
    char id[STS_ID_MAX + 1];
};

/* records: all TXT records at _mta-sts.DOMAIN. Those that do not begin with "v=STSv1" and a semicolon do not count
 * (RFC 8461 section 3.1, whose grammar allows blanks before the semicolon; its text and erratum 6285 do not, but a
 * sender that follows the grammar honours the record, so a "none" would be wrong); unknown fields are ignored, and of
 * two ids the first counts. */
struct sts_record sts_record_parse(const struct txt *records, size_t count);

enum sts_mode { STS_MODE_UNSET, STS_MODE_ENFORCE, STS_MODE_TESTING, STS_MODE_NONE };
const char *sts_mode_name(enum sts_mode mode); /* "enforce" | "testing" | "none" | "" */

struct sts_policy {
    enum sts_mode mode;
    uint32_t max_age; /* seconds */
    char **mx;        /* patterns: lower-case A-labels, perhaps behind "*."; in the order of the policy */
    size_t mx_count;
    unsigned line; /* of what is wrong, from 1; 0 = of nothing in particular */
};

/* A policy as RFC 8461 section 3.2 has it: lines end in CRLF or LF, empty ones are let pass, unknown keys are ignored,
 * of a key that comes twice the first counts (but mx). A U-label is no host name here. STS_WHY_NONE: valid. Otherwise
 * only out->line means something. Free with sts_policy_free() in either case. */
__attribute__((warn_unused_result)) enum sts_why sts_policy_parse(struct sts_policy *out, const uint8_t *body,
                                                                  size_t len);
/* Zeroes it, too. */
void sts_policy_free(struct sts_policy *policy);

/* The host that a domain's policy is fetched from: mta-sts.DOMAIN. False if that is longer than a name may be. */
enum { STS_HOST_CAP = 254 };
__attribute__((warn_unused_result)) bool sts_host(char out[static STS_HOST_CAP], const char *domain);

/* Does the pattern cover the exchange? "*." stands for exactly one label (RFC 8461 section 4.1). Both lower-case
 * A-labels without trailing dot. */
bool sts_mx_matches(const char *pattern, const char *exchange);

#endif
