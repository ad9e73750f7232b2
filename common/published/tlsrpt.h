/* tlsrpt.h - TLS reporting (RFC 8460 section 3): the TXT record that says where reports about failed TLS go.
 */
#ifndef MXG_TLSRPT_H
#define MXG_TLSRPT_H

#include "published/txt.h"

/* Why the record is of no use. X(enum suffix, key, sentence for people); keys are stored. */
#define TLSRPT_WHYS(X)                                                                                                 \
    X(NONE, "", "")                                                                                                    \
    X(SEVERAL_RECORDS, "several_records", "more than one TXT record begins with v=TLSRPTv1;")                          \
    X(RECORD_SYNTAX, "record_syntax", "the TXT record is not a list of key=value separated by ;")                      \
    X(NO_RUA, "no_rua", "the TXT record has no rua, so nobody gets a report")                                          \
    X(BAD_URI, "bad_uri", "a rua is no URI; , ; and ! in it have to be written %2C %3B %21")                           \
    X(BAD_SCHEME, "bad_scheme", "a rua is neither mailto: nor https:")                                                 \
    X(BAD_MAILTO, "bad_mailto", "a mailto: rua does not name a mailbox at a domain")                                   \
    X(BAD_HTTPS, "bad_https", "an https: rua does not name a host")                                                    \
    X(DNS, "dns", "the TXT record could not be resolved")

enum tlsrpt_why {
#define X(id, key, text) TLSRPT_WHY_##id,
    TLSRPT_WHYS(X)
#undef X
        TLSRPT_WHY_COUNT
};

/* Out-of-range values give "unknown". */
const char *tlsrpt_why_key(enum tlsrpt_why why);
const char *tlsrpt_why_text(enum tlsrpt_why why);
/* TLSRPT_WHY_COUNT if none has that key. */
enum tlsrpt_why tlsrpt_why_from_key(const char *key);

enum {
    TLSRPT_RUA_MAX = 8,           /* kept; more are only counted */
    TLSRPT_RUA_MAX_OCTETS = 1024, /* of one; longer ones are cut */
};

enum tlsrpt_status { TLSRPT_NONE, TLSRPT_VALID, TLSRPT_INVALID };

struct tlsrpt_record {
    enum tlsrpt_status status;
    enum tlsrpt_why why;
    char *rua[TLSRPT_RUA_MAX]; /* sanitised, as written; owned; only when valid */
    size_t rua_count;          /* of rua[] */
    size_t rua_total;
};

/* records: all TXT records at _smtp._tls.DOMAIN. Those that do not begin with "v=TLSRPTv1" and a semicolon do not
 * count; unknown fields are ignored. The grammar lets rua come several times: all of them count. Free with
 * tlsrpt_record_free(). */
struct tlsrpt_record tlsrpt_record_parse(const struct txt *records, size_t count);
/* Zeroes it, too. */
void tlsrpt_record_free(struct tlsrpt_record *record);

#endif
