/* tlsrpt.c - see tlsrpt.h. A URI is checked as far as a report could go astray: its characters (RFC 3986 section 2),
 * its scheme, and the domain or host that the report would be sent to. */
#include "published/tlsrpt.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "names/name.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *key, *text;
} WHYS[TLSRPT_WHY_COUNT] = {
#define X(id, key, text) [TLSRPT_WHY_##id] = {key, text},
    TLSRPT_WHYS(X)
#undef X
};

const char *tlsrpt_why_key(enum tlsrpt_why why) { return (unsigned)why < TLSRPT_WHY_COUNT ? WHYS[why].key : "unknown"; }
const char *tlsrpt_why_text(enum tlsrpt_why why) {
    return (unsigned)why < TLSRPT_WHY_COUNT ? WHYS[why].text : "unknown";
}

enum tlsrpt_why tlsrpt_why_from_key(const char *key) {
    for (unsigned i = 0; i < TLSRPT_WHY_COUNT; i++)
        if (strcmp(WHYS[i].key, key) == 0)
            return (enum tlsrpt_why)i;
    return TLSRPT_WHY_COUNT;
}

/* ---- a URI ---- */

static bool is_hex(uint8_t octet) {
    return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'F') || (octet >= 'a' && octet <= 'f');
}

/* RFC 3986 section 2 without "," ";" and "!", which RFC 8460 wants encoded. */
static bool has_uri_characters(struct txt uri) {
    for (size_t i = 0; i < uri.len; i++) {
        uint8_t octet = uri.data[i];
        if (octet == '\0' || (!ascii_is_alphanumeric(octet) && strchr("-._~:/?#[]@$&'()*+=%", octet) == NULL))
            return false;
        if (octet == '%' && (uri.len - i < 3 || !is_hex(uri.data[i + 1]) || !is_hex(uri.data[i + 2])))
            return false;
    }
    return uri.len > 0;
}

static bool to_text(char out[static NAME_CAP], struct txt txt) {
    if (txt.len == 0 || txt.len > NAME_MAX_OCTETS)
        return false;
    memcpy(out, txt.data, txt.len);
    out[txt.len] = '\0';
    return true;
}

static bool is_domain(struct txt txt) {
    char text[NAME_CAP], name[NAME_CAP];
    return to_text(text, txt) && name_from_dns(name, text) == NAME_OK;
}

static bool is_address(struct txt txt) {
    char text[NAME_CAP];
    struct in6_addr v6;
    struct in_addr v4;
    if (txt.len > 2 && txt.data[0] == '[' && txt.data[txt.len - 1] == ']')
        return to_text(text, (struct txt){txt.data + 1, txt.len - 2}) && inet_pton(AF_INET6, text, &v6) == 1;
    return to_text(text, txt) && inet_pton(AF_INET, text, &v4) == 1;
}

/* local@domain[?fields]; RFC 6068 */
static enum tlsrpt_why check_mailto(struct txt rest) {
    struct txt domain = txt_cut(&rest, '?');
    struct txt local = txt_cut(&domain, '@');
    return local.len && is_domain(domain) ? TLSRPT_WHY_NONE : TLSRPT_WHY_BAD_MAILTO;
}

static bool is_port(struct txt txt) {
    for (size_t i = 0; i < txt.len; i++)
        if (txt.data[i] < '0' || txt.data[i] > '9')
            return false;
    return txt.len <= 5;
}

/* //host[:port][/path][?query]; RFC 3986 section 3.2 */
static enum tlsrpt_why check_https(struct txt rest) {
    size_t len = 2;
    if (rest.len < 2 || memcmp(rest.data, "//", 2) != 0)
        return TLSRPT_WHY_BAD_HTTPS;
    while (len < rest.len && rest.data[len] != '/' && rest.data[len] != '?' && rest.data[len] != '#')
        len++;
    struct txt host = {rest.data + 2, len - 2}, port = {0};
    const uint8_t *colon = host.len ? memrchr(host.data, ':', host.len) : NULL;
    if (colon && host.data[host.len - 1] != ']') {
        port = (struct txt){colon + 1, (size_t)(host.data + host.len - colon) - 1};
        host.len = (size_t)(colon - host.data);
    }
    return is_port(port) && (is_domain(host) || is_address(host)) ? TLSRPT_WHY_NONE : TLSRPT_WHY_BAD_HTTPS;
}

static const struct {
    const char *name;
    enum tlsrpt_why (*check)(struct txt rest);
} SCHEMES[] = {{"mailto", check_mailto}, {"https", check_https}};

static enum tlsrpt_why check_uri(struct txt uri) {
    if (!has_uri_characters(uri))
        return TLSRPT_WHY_BAD_URI;
    struct txt scheme = txt_cut(&uri, ':');
    for (size_t i = 0; i < sizeof SCHEMES / sizeof *SCHEMES; i++)
        if (scheme.len == strlen(SCHEMES[i].name) &&
            strncasecmp((const char *)scheme.data, SCHEMES[i].name, scheme.len) == 0)
            return SCHEMES[i].check(uri);
    return TLSRPT_WHY_BAD_SCHEME;
}

/* ---- the record ---- */

static enum tlsrpt_why take_rua(struct tlsrpt_record *record, struct txt value) {
    bool more;
    do {
        more = value.len && memchr(value.data, ',', value.len);
        struct txt uri = txt_trim(txt_cut(&value, ','));
        enum tlsrpt_why why = check_uri(uri);
        if (why != TLSRPT_WHY_NONE)
            return why;
        record->rua_total++;
        if (record->rua_count < TLSRPT_RUA_MAX)
            record->rua[record->rua_count++] = text_sanitise_dup(uri.data, uri.len, TLSRPT_RUA_MAX_OCTETS);
    } while (more);
    return TLSRPT_WHY_NONE;
}

static enum tlsrpt_why take_fields(struct tlsrpt_record *record, struct txt rest) {
    struct txt_field field;
    enum txt_step step;
    while ((step = txt_next(&rest, &field)) == TXT_FIELD) {
        enum tlsrpt_why why = TLSRPT_WHY_NONE;
        if (!txt_is(field.name, "rua"))
            why = field.plain ? TLSRPT_WHY_NONE : TLSRPT_WHY_RECORD_SYNTAX;
        else
            why = take_rua(record, field.value);
        if (why != TLSRPT_WHY_NONE)
            return why;
    }
    if (step == TXT_BROKEN)
        return TLSRPT_WHY_RECORD_SYNTAX;
    return record->rua_total ? TLSRPT_WHY_NONE : TLSRPT_WHY_NO_RUA;
}

struct tlsrpt_record tlsrpt_record_parse(const struct txt *records, size_t count) {
    struct tlsrpt_record record = {0};
    struct txt rest = {0};
    size_t found = txt_select(&rest, records, count, "v=TLSRPTv1");
    if (found == 0)
        return record;
    enum tlsrpt_why why = found > 1 ? TLSRPT_WHY_SEVERAL_RECORDS : take_fields(&record, rest);
    if (why != TLSRPT_WHY_NONE)
        tlsrpt_record_free(&record);
    record.status = why == TLSRPT_WHY_NONE ? TLSRPT_VALID : TLSRPT_INVALID;
    record.why = why;
    return record;
}

void tlsrpt_record_free(struct tlsrpt_record *record) {
    for (size_t i = 0; i < record->rua_count; i++)
        free(record->rua[i]);
    *record = (struct tlsrpt_record){0};
}
