/* mx_set.c - see mx_set.h. Records are sorted first, so that equal sets give equal keys whatever the answer's order
 * was. */
#include "mx_set.h"

#include "base/text.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_preference(const void *a, const void *b) {
    const struct dns_mx *x = a, *y = b;
    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return strcasecmp(x->exchange, y->exchange);
}

static bool has_member(const struct mx_set *set, const char *exchange) {
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->member[i].exchange, exchange) == 0)
            return true;
    return false;
}

static void add_member(struct mx_set *set, const struct dns_mx *mx) {
    struct mx_member member = {.preference = mx->preference};
    member.invalid = name_from_dns(member.exchange, mx->exchange) != NAME_OK;
    if (member.invalid) { /* shown as it stands there, in lower case as any name */
        text_sanitise(member.exchange, sizeof member.exchange, mx->exchange, strlen(mx->exchange));
        for (char *at = member.exchange; *at; at++)
            *at = (char)tolower((unsigned char)*at);
    }
    if (has_member(set, member.exchange))
        set->flags |= MX_FLAG_DUPLICATE;
    else if (set->count == MX_SET_MAX)
        set->flags |= MX_FLAG_CAPPED;
    else
        set->member[set->count++] = member;
}

static void make_key(struct mx_set *set) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    char line[NAME_CAP + 8], hex[33];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; i < set->count; i++) {
        int len = snprintf(line, sizeof line, "%u %s\n", set->member[i].preference, set->member[i].exchange);
        EVP_DigestUpdate(context, line, (size_t)len);
    }
    EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    text_hex(hex, digest, 16);
    snprintf(set->key, sizeof set->key, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void mx_set_from_records(struct mx_set *set, struct dns_mx *mx, size_t count) {
    memset(set, 0, sizeof *set);
    set->null_mx = count == 1 && strcmp(mx[0].exchange, ".") == 0;
    if (set->null_mx)
        return;
    qsort(mx, count, sizeof *mx, by_preference);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(mx[i].exchange, ".") == 0)
            set->flags |= MX_FLAG_NULL_WITH_OTHERS;
        else
            add_member(set, &mx[i]);
    }
    set->null_mx = set->count == 0; /* nothing but "." */
    make_key(set);
}

void mx_set_implicit(struct mx_set *set, const char *domain) {
    memset(set, 0, sizeof *set);
    set->count = 1;
    snprintf(set->member[0].exchange, sizeof set->member[0].exchange, "%s", domain);
    make_key(set);
}
