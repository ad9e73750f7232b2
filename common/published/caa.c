/* caa.c - see caa.h. */
#include "published/caa.h"

#include "base/ascii.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FIXED_OCTETS = 2 }; /* flags, length of the tag */

bool caa_parse(struct caa *out, const uint8_t *rdata, size_t len) {
    size_t tag_len = len >= FIXED_OCTETS ? rdata[1] : 0;
    if (tag_len == 0 || len - FIXED_OCTETS < tag_len)
        return false;
    for (size_t i = 0; i < tag_len; i++)
        if (!ascii_is_alphanumeric(rdata[FIXED_OCTETS + i]))
            return false;
    *out = (struct caa){.flags = rdata[0],
                        .tag = (const char *)rdata + FIXED_OCTETS,
                        .tag_len = tag_len,
                        .value = rdata + FIXED_OCTETS + tag_len,
                        .value_len = len - FIXED_OCTETS - tag_len};
    return true;
}

void caa_text(char out[static CAA_TEXT_CAP], const struct caa *caa) {
    char value[CAA_VALUE_MAX + 1];
    text_sanitise(value, sizeof value, caa->value, caa->value_len);
    snprintf(out, CAA_TEXT_CAP, "%u %.*s \"%s\"", caa->flags, (int)caa->tag_len, caa->tag, value);
}

bool caa_issuer(char out[static CAA_ISSUER_CAP], const struct caa *caa) {
    static const char tag[] = "issue";
    size_t used = 0, at = 0;
    *out = '\0';
    if (caa->tag_len != sizeof tag - 1 || strncasecmp(caa->tag, tag, caa->tag_len) != 0)
        return false;
    while (at < caa->value_len && ascii_is_blank((char)caa->value[at]))
        at++;
    for (; at < caa->value_len && used < CAA_ISSUER_CAP - 1; at++) {
        uint8_t octet = caa->value[at];
        if (!ascii_is_alphanumeric(octet) && octet != '-' && octet != '.')
            break;
        out[used++] = (char)tolower(octet);
    }
    out[used] = '\0';
    while (at < caa->value_len && ascii_is_blank((char)caa->value[at]))
        at++;
    if (at < caa->value_len && caa->value[at] != ';') /* no name: as good as an empty one (section 4.2) */
        *out = '\0';
    return true;
}
