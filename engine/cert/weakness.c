/* weakness.c - see weakness.h. Who forges an issuer forges the leaf: all of a path are looked at. */
#include "cert/weakness.h"

#include "base/mem.h"
#include "base/text.h"
#include "cert/name_text.h"
#include "cert/strength.h"

#include <stdlib.h>
#include <string.h>

void weakness_open(struct cert_chain *chain) {
    chain->weak_keys = mem_strdup("");
    chain->weak_signatures = mem_strdup("");
}

/* Adds "WHO: WHAT" to *list. */
static void add(char **list, const char *who, const char *what) {
    char *longer = mem_printf("%s%s%s: %s", *list, **list ? "; " : "", who, what);
    free(*list);
    *list = text_sanitise_dup(longer, strlen(longer), CERT_TEXT_MAX);
    free(longer);
}

static void note_key(struct cert_chain *chain, X509 *certificate, const char *who) {
    struct key_strength strength = strength_of_key(certificate);
    if (!strength.weak)
        return;
    char *what = mem_printf("%s, %u bits", strength.type, strength.bits);
    chain->weak_key = true;
    add(&chain->weak_keys, who, what);
    free(what);
}

static void note_signature(struct cert_chain *chain, X509 *certificate, const char *who) {
    if (!strength_is_weakly_signed(certificate))
        return;
    chain->sha1_signature = true;
    add(&chain->weak_signatures, who, strength_signature(certificate));
}

void weakness_note_leaf(struct cert_chain *chain, X509 *leaf) {
    note_key(chain, leaf, "the certificate itself");
    note_signature(chain, leaf, "the certificate itself");
}

void weakness_note_issuers(struct cert_chain *chain, STACK_OF(X509) * path) {
    for (int i = 1; i < sk_X509_num(path); i++) {
        X509 *certificate = sk_X509_value(path, i);
        bool is_root = i + 1 == sk_X509_num(path);
        char *name = name_text(X509_get_subject_name(certificate));
        char *who = mem_printf("%s %s", is_root ? "root" : "intermediate", name);
        note_key(chain, certificate, who);
        if (!is_root)
            note_signature(chain, certificate, who);
        free(who);
        free(name);
    }
}
