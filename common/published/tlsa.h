/* tlsa.h - one TLSA record: its RDATA (RFC 6698 section 2.1), its text (section 2.2), and whether SMTP has a use for it
 * (RFC 7672 section 3.1). Pure: no allocation, no network.
 */
#ifndef MXG_TLSA_H
#define MXG_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TLSA_RECORDS_MAX = 100, /* of one exchange; a job carries as many, a worker reads as many */
    TLSA_FIXED_OCTETS = 3,  /* usage, selector, matching type */
    TLSA_RDATA_MAX = 4096,  /* octets of a record; a whole certificate takes about 1,500 */
    TLSA_TEXT_CAP = sizeof "255 255 255 " + 2 * (TLSA_RDATA_MAX - TLSA_FIXED_OCTETS),
};

enum tlsa_usage { TLSA_PKIX_TA, TLSA_PKIX_EE, TLSA_DANE_TA, TLSA_DANE_EE };
enum tlsa_selector { TLSA_CERTIFICATE, TLSA_PUBLIC_KEY };
enum tlsa_matching { TLSA_WHOLE, TLSA_SHA256, TLSA_SHA512 };

/* A view: data points into what was parsed. */
struct tlsa {
    uint8_t usage, selector, matching; /* any value: see tlsa_unusable() */
    const uint8_t *data;               /* certificate association data */
    size_t len;
};

/* False if the RDATA is shorter than the three fixed octets, or longer than TLSA_RDATA_MAX. Association data may be
 * empty: such a record is there, but of no use. */
__attribute__((warn_unused_result)) bool tlsa_parse(struct tlsa *out, const uint8_t *rdata, size_t len);

/* NULL if a sender can use the record in SMTP; else why not (static). Association data of matching type 0 is not looked
 * into: dane.h does. */
const char *tlsa_unusable(const struct tlsa *tlsa);

/* "3 1 1 1f2e…"; without the last blank if there is no association data. */
void tlsa_text(char out[static TLSA_TEXT_CAP], const struct tlsa *tlsa);

/* The reverse, to RDATA: three numbers, then hexadecimal digits of either case, with blanks among them as zone files
 * have. False if it is something else, or too long. */
__attribute__((warn_unused_result)) bool tlsa_from_text(uint8_t out[static TLSA_RDATA_MAX], size_t *len,
                                                        const char *text);

/* How the TLSA records of an exchange and the chain that it showed agree; in the order of DaneMatch in mxgrade.proto.
 * X(enum suffix, key, sentence for people) */
#define TLSA_VERDICTS(X)                                                                                               \
    X(NOT_ASKED, "not_asked", "no certificate was compared with the TLSA records")                                     \
    X(MATCH, "match", "the certificate matches a TLSA record")                                                         \
    X(MISMATCH, "mismatch", "no TLSA record matches: senders that do DANE deliver nothing")                            \
    X(UNUSABLE, "unusable", "no TLSA record is usable: TLS is required, but nobody is authenticated")                  \
    X(OTHER_NAME, "other_name", "a TLSA record matches, but the certificate has another name")

enum tlsa_verdict {
#define X(id, key, text) TLSA_##id,
    TLSA_VERDICTS(X)
#undef X
        TLSA_VERDICT_COUNT
};

/* Out-of-range values give "" (they come from the wire). */
const char *tlsa_verdict_key(enum tlsa_verdict verdict);
const char *tlsa_verdict_text(enum tlsa_verdict verdict);

#endif
