/* caa.h - one CAA record (RFC 8659): which certification authorities may issue for a name. Pure: no allocation, no
 * network.
 */
#ifndef MXG_CAA_H
#define MXG_CAA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CAA_VALUE_MAX = 400, /* octets of a value that are shown */
    CAA_TEXT_CAP = sizeof "255  \"\"" + 255 + CAA_VALUE_MAX,
    CAA_ISSUER_CAP = 254,
};

/* A view: tag and value point into what was parsed. */
struct caa {
    uint8_t flags;
    const char *tag; /* letters and digits */
    size_t tag_len;
    const uint8_t *value; /* any octets */
    size_t value_len;
};

/* False if the RDATA is no flags, tag and value (section 4.1). */
__attribute__((warn_unused_result)) bool caa_parse(struct caa *out, const uint8_t *rdata, size_t len);

/* "0 issue \"ca.example\"", clean (text.h). */
void caa_text(char out[static CAA_TEXT_CAP], const struct caa *caa);

/* Is it a property "issue"? Then out is the authority's domain in lower case; "" if it is none: the record allows
 * nobody (section 4.2). */
bool caa_issuer(char out[static CAA_ISSUER_CAP], const struct caa *caa);

#endif
