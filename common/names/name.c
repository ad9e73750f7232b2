/* name.c - see name.h. An ASCII name is only checked, byte by byte; libidn2 is asked for names with
 * other bytes alone, and what it answers goes through the same check. A-labels are taken as they are:
 * registries sold names that IDNA2008 would not make today, and DNS has them. */
#include "names/name.h"

#include "base/ascii.h"
#include "base/text.h"
#include "base/utf8.h"
#include "names/script.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>

enum {
    LABEL_MAX_OCTETS = 63,  /* RFC 1035 section 2.3.4 */
    INPUT_MAX_OCTETS = 1024 /* Unicode input: four octets of UTF-8 for each of the name's own */
};

static const char *const TEXTS[NAME_ERROR_COUNT] = {
#define X(id, text) [NAME_##id] = (text),
    NAME_ERRORS(X)
#undef X
};

const char *name_error_text(enum name_error error) {
    return (unsigned)error < NAME_ERROR_COUNT ? TEXTS[error] : "no valid domain name";
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static enum name_error check_label(const char *label, size_t len) {
    if (len == 0)
        return NAME_EMPTY_LABEL;
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alphanumeric(label[i]) && label[i] != '-' && label[i] != '_')
            return NAME_CHARACTER;
    if (len > LABEL_MAX_OCTETS)
        return NAME_LABEL_TOO_LONG;
    return label[0] == '-' || label[len - 1] == '-' ? NAME_HYPHEN : NAME_OK;
}

/* Copies the ASCII name to out, lower case and without its trailing dot, and checks every label. out is
 * filled whatever is wrong, unless the name is too long. */
static enum name_error check_ascii(char *out, const char *name, size_t len) {
    out[0] = '\0';
    if (len > 1 && name[len - 1] == '.')
        len--;
    if (len > NAME_MAX_OCTETS)
        return NAME_TOO_LONG;
    for (size_t i = 0; i < len; i++)
        out[i] = lower(name[i]);
    out[len] = '\0';
    if (strlen(out) != len)
        return NAME_CHARACTER;

    size_t labels = 0, last = 0;
    for (size_t at = 0, next = 0; at <= len; at++) {
        if (at < len && out[at] != '.')
            continue;
        enum name_error error = check_label(out + next, at - next);
        if (error != NAME_OK)
            return error;
        labels++;
        last = next;
        next = at + 1;
    }
    if (labels < 2)
        return NAME_SINGLE_LABEL;
    /* No top-level domain is a number, so this was meant as an address (RFC 3696 section 2). */
    return last + strspn(out + last, "0123456789") == len ? NAME_ADDRESS : NAME_OK;
}

/* The mistakes people make, named before a single character of them is. */
static enum name_error check_kind(const char *text) {
    const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
    if (strstr(text, "://"))
        return NAME_URL;
    if (strchr(text, '@'))
        return NAME_EMAIL;
    if (text[0] == '[' || (colon && strchr(colon + 1, ':')))
        return NAME_ADDRESS;
    if (slash)
        return strspn(text, "0123456789./") == strlen(text) ? NAME_ADDRESS : NAME_URL;
    return NAME_OK;
}

static enum name_error idna_error(int code) {
    switch (code) {
    case IDN2_OK:
        return NAME_OK;
    case IDN2_TOO_BIG_DOMAIN:
        return NAME_TOO_LONG;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return NAME_LABEL_TOO_LONG;
    case IDN2_ENCODING_ERROR:
        return NAME_NOT_UTF8;
    case IDN2_DISALLOWED:
    case IDN2_UNASSIGNED:
    case IDN2_DOT_IN_LABEL:
    case IDN2_INVALID_TRANSITIONAL:
    case IDN2_INVALID_NONTRANSITIONAL:
        return NAME_IDNA_CHARACTER;
    case IDN2_CONTEXTJ:
    case IDN2_CONTEXTJ_NO_RULE:
    case IDN2_CONTEXTO:
    case IDN2_CONTEXTO_NO_RULE:
        return NAME_IDNA_CONTEXT;
    case IDN2_LEADING_COMBINING:
        return NAME_IDNA_MARK;
    case IDN2_BIDI:
        return NAME_IDNA_DIRECTION;
    case IDN2_PUNYCODE_BAD_INPUT:
    case IDN2_PUNYCODE_OVERFLOW:
    case IDN2_INVALID_ALABEL:
    case IDN2_UALABEL_MISMATCH:
    case IDN2_ALABEL_ROUNDTRIP_FAILED:
        return NAME_IDNA_ALABEL;
    case IDN2_2HYPHEN:
        return NAME_IDNA_HYPHENS;
    case IDN2_HYPHEN_STARTEND:
        return NAME_HYPHEN;
    default:
        return NAME_IDNA;
    }
}

static enum name_error check_unicode(char *out, const char *text) {
    char *ascii = NULL;
    int code = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    enum name_error error = code == IDN2_OK ? check_ascii(out, ascii, strlen(ascii)) : idna_error(code);
    idn2_free(ascii);
    return error;
}

static enum name_error check_text(char *out, const char *text, size_t len) {
    bool ascii = true;
    if (text[0] == '#')
        return NAME_COMMENT;
    enum name_error error = check_kind(text);
    if (error != NAME_OK)
        return error;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == '\x7f')
            return NAME_CHARACTER;
        ascii = ascii && (unsigned char)text[i] < 0x80;
    }
    return ascii ? check_ascii(out, text, len) : check_unicode(out, text);
}

enum name_error name_from_line(char out[static NAME_CAP], const char *line, size_t len) {
    char text[INPUT_MAX_OCTETS + 1];
    out[0] = '\0';
    utf8_trim(&line, &len);
    if (len == 0)
        return NAME_EMPTY;
    if (len > INPUT_MAX_OCTETS)
        return line[0] == '#' ? NAME_COMMENT : NAME_TOO_LONG;
    memcpy(text, line, len);
    text[len] = '\0';
    enum name_error error = check_text(out, text, len);
    if (error != NAME_OK)
        out[0] = '\0';
    return error;
}

enum name_error name_from_dns(char out[static NAME_CAP], const char *name) {
    enum name_error error = check_ascii(out, name, strlen(name));
    const char *colon = strchr(out, ':');
    if (error == NAME_CHARACTER && colon && strchr(colon + 1, ':') && out[strspn(out, "0123456789abcdef:.")] == '\0')
        error = NAME_ADDRESS;
    if (error != NAME_OK && error != NAME_SINGLE_LABEL && error != NAME_ADDRESS)
        out[0] = '\0';
    return error;
}

void name_to_unicode(char *out, size_t cap, const char *alabel) {
    /* An A-label is a stranger's bytes: only what encodes back to the same name is shown decoded. */
    char *unicode = NULL, back[NAME_CAP];
    bool good = strstr(alabel, "xn--") && idn2_to_unicode_8z8z(alabel, &unicode, IDN2_NONTRANSITIONAL) == IDN2_OK &&
                strlen(unicode) < cap && text_is_clean(unicode, strlen(unicode)) && script_is_plain(unicode) &&
                name_from_line(back, unicode, strlen(unicode)) == NAME_OK && strcmp(back, alabel) == 0;
    snprintf(out, cap, "%s", good ? unicode : alabel);
    idn2_free(unicode);
}
