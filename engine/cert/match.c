/* match.c - see match.h. Names are compared as they were sanitised: a NUL in a name stands there as an escape, so that
 * no comparison ends early, and such a name equals no host name.
 */
#include "cert/match.h"

#include "base/ascii.h"

#include <stdio.h>
#include <string.h>

/* Letters, digits and hyphens, the hyphen neither first nor last. An underscore is none of them: senders that verify
 * with OpenSSL take it where a name is spelt out, not beside a star. */
static bool is_label(const char *label, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alphanumeric((unsigned char)label[i]) && (label[i] != '-' || i == 0 || i + 1 == len))
            return false;
    return len > 0;
}

/* rest: what follows the star's dot. Two labels or more. */
static bool may_follow_star(const char *rest) {
    unsigned labels = 1;
    for (const char *dot; (dot = strchr(rest, '.')) != NULL; rest = dot + 1, labels++)
        if (!is_label(rest, (size_t)(dot - rest)))
            return false;
    return labels >= 2 && is_label(rest, strlen(rest));
}

/* What a star stands for may end in a hyphen. */
static bool is_under_star(const char *label, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alphanumeric((unsigned char)label[i]) && label[i] != '-')
            return false;
    return len > 0;
}

/* pattern: lower case. A star stands only as the whole left-most label, for exactly one label, with two or more labels
 * behind it. */
static bool pattern_matches(const char *pattern, const char *name) {
    if (strncmp(pattern, "*.", 2) != 0)
        return strchr(pattern, '*') == NULL && strcmp(pattern, name) == 0;
    const char *dot = strchr(name, '.');
    return dot && strcmp(pattern + 1, dot) == 0 && may_follow_star(pattern + 2) &&
           is_under_star(name, (size_t)(dot - name));
}

/* The first SAN that matches, of those stored and those that are not; NULL if none does. */
static const char *matching_san(const struct cert_chain *chain, const char *name) {
    for (size_t i = 0; i < chain->san_count; i++)
        if (strlen(chain->san[i]) <= NAME_MAX_OCTETS && pattern_matches(chain->san[i], name))
            return chain->san[i];
    for (size_t at = 0; at < chain->further_len; at += strlen(chain->further + at) + 1)
        if (pattern_matches(chain->further + at, name))
            return chain->further + at;
    return NULL;
}

struct cert_match cert_chain_match(const struct cert_chain *chain, const char *name) {
    struct cert_match match = {.matched = false};
    if (*name == '\0')
        return match;
    const char *san = matching_san(chain, name);
    match.san_match = san != NULL;
    match.cn_match = chain->cn_usable && pattern_matches(chain->subject_cn, name);
    match.by_cn = match.cn_match && chain->san_total == 0 && !chain->san_broken;
    match.matched = match.san_match || match.by_cn;
    if (match.matched)
        snprintf(match.identity, sizeof match.identity, "%.*s", NAME_MAX_OCTETS, san ? san : chain->subject_cn);
    return match;
}
