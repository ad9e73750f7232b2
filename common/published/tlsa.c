/* tlsa.c - see tlsa.h. */
#include "published/tlsa.h"

#include "base/ascii.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool tlsa_parse(struct tlsa *out, const uint8_t *rdata, size_t len) {
    if (len < TLSA_FIXED_OCTETS || len > TLSA_RDATA_MAX)
        return false;
    *out = (struct tlsa){.usage = rdata[0],
                         .selector = rdata[1],
                         .matching = rdata[2],
                         .data = rdata + TLSA_FIXED_OCTETS,
                         .len = len - TLSA_FIXED_OCTETS};
    return true;
}

const char *tlsa_unusable(const struct tlsa *tlsa) {
    static const char *const usages[] = {[TLSA_PKIX_TA] = "usage 0 (PKIX-TA) does not apply to SMTP",
                                         [TLSA_PKIX_EE] = "usage 1 (PKIX-EE) does not apply to SMTP",
                                         [TLSA_DANE_TA] = NULL,
                                         [TLSA_DANE_EE] = NULL};
    static const struct {
        size_t octets; /* 0: any number but none */
        const char *why;
    } matchings[] = {[TLSA_WHOLE] = {0, NULL},
                     [TLSA_SHA256] = {32, "matching type 1 (SHA-256) needs 32 octets"},
                     [TLSA_SHA512] = {64, "matching type 2 (SHA-512) needs 64 octets"}};
    if (tlsa->usage >= sizeof usages / sizeof *usages)
        return "unknown usage";
    if (usages[tlsa->usage])
        return usages[tlsa->usage];
    if (tlsa->selector > TLSA_PUBLIC_KEY)
        return "unknown selector";
    if (tlsa->matching >= sizeof matchings / sizeof *matchings)
        return "unknown matching type";
    if (tlsa->len == 0)
        return "no association data";
    size_t octets = matchings[tlsa->matching].octets;
    return octets > 0 && tlsa->len != octets ? matchings[tlsa->matching].why : NULL;
}

void tlsa_text(char out[static TLSA_TEXT_CAP], const struct tlsa *tlsa) {
    size_t most = TLSA_RDATA_MAX - TLSA_FIXED_OCTETS;
    int used = snprintf(out, TLSA_TEXT_CAP, "%u %u %u%s", tlsa->usage, tlsa->selector, tlsa->matching,
                        tlsa->len > 0 ? " " : "");
    text_hex(out + used, tlsa->data, tlsa->len < most ? tlsa->len : most);
}

static const char *skip_blanks(const char *text) {
    while (ascii_is_blank(*text))
        text++;
    return text;
}

/* One number of an octet and what ends it; NULL if there is none. */
static const char *take_octet(const char *text, uint8_t *out) {
    unsigned value = 0;
    const char *at = skip_blanks(text), *from = at;
    for (; isdigit((unsigned char)*at) && value <= UINT8_MAX; at++)
        value = value * 10 + (unsigned)(*at - '0');
    *out = (uint8_t)value;
    return at > from && value <= UINT8_MAX && (*at == '\0' || ascii_is_blank(*at)) ? at : NULL;
}

static unsigned hex_value(char digit) {
    return isdigit((unsigned char)digit) ? (unsigned)(digit - '0')
                                         : (unsigned)(tolower((unsigned char)digit) - 'a' + 10);
}

bool tlsa_from_text(uint8_t out[static TLSA_RDATA_MAX], size_t *len, const char *text) {
    size_t digits = 0;
    for (unsigned i = 0; i < TLSA_FIXED_OCTETS; i++)
        if ((text = take_octet(text, &out[i])) == NULL)
            return false;
    for (text = skip_blanks(text); *text; text = skip_blanks(text + 1), digits++) {
        size_t at = TLSA_FIXED_OCTETS + digits / 2;
        if (!isxdigit((unsigned char)*text) || at >= TLSA_RDATA_MAX)
            return false;
        out[at] = (uint8_t)((digits % 2 ? (unsigned)out[at] << 4 : 0u) | hex_value(*text));
    }
    *len = TLSA_FIXED_OCTETS + digits / 2;
    return digits % 2 == 0;
}

const char *tlsa_verdict_key(enum tlsa_verdict verdict) {
    static const char *const keys[] = {
#define X(id, key, text) key,
        TLSA_VERDICTS(X)
#undef X
    };
    return (unsigned)verdict < TLSA_VERDICT_COUNT ? keys[verdict] : "";
}

const char *tlsa_verdict_text(enum tlsa_verdict verdict) {
    static const char *const texts[] = {
#define X(id, key, text) text,
        TLSA_VERDICTS(X)
#undef X
    };
    return (unsigned)verdict < TLSA_VERDICT_COUNT ? texts[verdict] : "";
}
