/* match.c - see match.h. Names are compared as they were sanitised: a NUL in a name stands there as an escape, so that
 * no comparison ends early, and such a name equals no host name.
 */
#include "cert/match.h"

#include <stdio.h>
#include <string.h>

/* pattern: lower case. A star stands only as the whole left-most label, for exactly one label, with two or more labels
 * behind it. */
static bool pattern_matches(const char *pattern, const char *name) {
    if (strncmp(pattern, "*.", 2) != 0)
        return strchr(pattern, '*') == NULL && strcmp(pattern, name) == 0;
    const char *rest = pattern + 1, *dot = strchr(name, '.');
    return dot && dot > name && strchr(rest + 1, '.') && strchr(rest, '*') == NULL && strcmp(rest, dot) == 0;
}

/* The first SAN that matches; NULL if none does. */
static const char *matching_san(const struct cert_chain *chain, const char *name) {
    for (size_t i = 0; i < chain->san_count; i++)
        if (strlen(chain->san[i]) <= NAME_MAX_OCTETS && pattern_matches(chain->san[i], name))
            return chain->san[i];
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
