/* path.c - see path.h. OpenSSL builds and verifies the path. It takes the first issuer that is in date, or the first of
 * all where dates are left aside; so it is asked with dates first, lest an expired certificate hide its renewal. Where
 * only the purpose stands against the path, it is asked for any purpose, to tell a wrong purpose from an untrusted
 * chain.
 */
#include "cert/path.h"

#include "base/mem.h"
#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/dates.h"
#include "cert/standing.h"
#include "cert/weakness.h"

#include <stdlib.h>
#include <string.h>

/* What a path is to be made of. */
struct material {
    const struct trust *trust;
    X509 *leaf;
    STACK_OF(X509) * sent;
    int64_t now;
};

/* Builds and verifies a path; purpose NULL: for whatever. */
static bool find_path_as(X509_STORE_CTX *context, const struct material *of, const char *purpose, bool in_date) {
    X509_STORE_CTX_cleanup(context); /* of the attempt before */
    if (X509_STORE_CTX_init(context, trust_store(of->trust), of->leaf, of->sent) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    if (purpose)
        X509_STORE_CTX_set_default(context, purpose);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST | (in_date ? 0 : X509_V_FLAG_NO_CHECK_TIME));
    if (in_date)
        X509_VERIFY_PARAM_set_time(param, (time_t)of->now);
    X509_VERIFY_PARAM_set_auth_level(param, 0); /* key size and digest are findings of their own */
    /* However many were sent: each signature on a path is verified, and one can be made to take milliseconds. */
    X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN_MAX);
    return X509_verify_cert(context) == 1;
}

static bool find_path(X509_STORE_CTX *context, const struct material *of, const char *purpose) {
    return find_path_as(context, of, purpose, true) || find_path_as(context, of, purpose, false);
}

/* The validity of all that is used. RFC 5280 section 6.1.1 d takes name and key of an anchor and no dates, but OpenSSL,
 * and with it who sends mail, refuses a root that is not in date. */
static void narrow_validity(struct cert_chain *chain, STACK_OF(X509) * path) {
    for (int i = 1; i < sk_X509_num(path); i++) {
        const X509 *certificate = sk_X509_value(path, i);
        int64_t from = dates_not_before(certificate), until = dates_not_after(certificate);
        chain->valid_from = from > chain->valid_from ? from : chain->valid_from;
        chain->valid_until = until < chain->valid_until ? until : chain->valid_until;
    }
}

/* The server sent the certificate, or another one for the same name and key, which serves as well. */
static bool was_sent(const X509 *used, STACK_OF(X509) * sent) {
    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *other = sk_X509_value(sent, i);
        EVP_PKEY *key = X509_get0_pubkey(used), *other_key = X509_get0_pubkey(other);
        if (X509_NAME_cmp(X509_get_subject_name(used), X509_get_subject_name(other)) == 0 && key && other_key &&
            EVP_PKEY_eq(key, other_key) == 1)
            return true;
    }
    return false;
}

/* A good path: what of it came from the store alone, the root aside? */
static void note_completion(struct cert_chain *chain, STACK_OF(X509) * path, STACK_OF(X509) * sent) {
    for (int i = 1; i + 1 < sk_X509_num(path); i++)
        if (!was_sent(sk_X509_value(path, i), sent))
            chain->missing_intermediate = chain->completed_by_store = true;
}

/* No path. If it ends at the leaf already, the leaf's issuer was neither sent nor is it in the store. If it ends
 * further up, what is missing is likely a private root, which a server rightly does not send. */
static bool ends_at_leaf(const struct cert_chain *chain, X509_STORE_CTX *context) {
    int error = X509_STORE_CTX_get_error(context);
    bool no_issuer = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                     error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
                     error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
    return no_issuer && !chain->self_signed && sk_X509_num(X509_STORE_CTX_get0_chain(context)) == 1;
}

static void note_path(struct cert_chain *chain, STACK_OF(X509) * path, const struct material *of) {
    narrow_validity(chain, path);
    standing_narrow_all(chain, of->now, path);
    weakness_note_issuers(chain, path);
    note_completion(chain, path, of->sent);
}

void path_judge(struct cert_chain *chain, const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent, int64_t now) {
    const struct material of = {trust, leaf, sent, now};
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(trust_library(trust), NULL);
    if (context == NULL)
        abort(); /* as mem.h */
    chain->trusted = find_path(context, &of, "ssl_server");
    int error = X509_STORE_CTX_get_error(context);
    if (error == X509_V_ERR_INVALID_PURPOSE)
        chain->wrong_purpose = find_path(context, &of, NULL);
    standing_narrow(chain, now, leaf);
    standing_narrow_all(chain, now, sent);
    if (chain->trusted || chain->wrong_purpose)
        note_path(chain, X509_STORE_CTX_get0_chain(context), &of);
    else
        chain->missing_intermediate = ends_at_leaf(chain, context);
    const char *why = X509_verify_cert_error_string(error);
    chain->trust_error = chain->trusted ? mem_strdup("") : text_sanitise_dup(why, strlen(why), CERT_TEXT_MAX);
    X509_STORE_CTX_free(context);
}
