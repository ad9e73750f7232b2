/* chain_parse.c - see chain_parse.h. OpenSSL parses; what leaves the room is sanitised and bounded. */
#include "cert/chain_parse.h"

#include "base/mem.h"
#include "cert/cert_list.h"
#include "cert/leaf.h"
#include "cert/mend.h"
#include "cert/path.h"
#include "cert/standing.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* The leaf, or NULL; *error says in both cases what is wrong with it, NULL if nothing is. */
static X509 *parse_leaf(OSSL_LIB_CTX *library, struct reader der, const char **error) {
    ERR_clear_error();
    *error = NULL;
    X509 *leaf = cert_list_read(library, der);
    if (leaf)
        return leaf;
    *error = cert_list_read_error();
    uint8_t *mended = mend_names(der);
    if (mended)
        leaf = cert_list_read(library, reader_of(mended, der.left));
    free(mended);
    return leaf;
}

static void digest_sent(struct cert_chain *chain, struct reader behind) {
    struct reader der;
    chain->chain_sha256 = mem_calloc(CERT_CHAIN_MAX, sizeof *chain->chain_sha256);
    while (chain->chain_count < CERT_CHAIN_MAX && cert_list_next(&behind, &der))
        EVP_Digest(der.at, der.left, chain->chain_sha256[chain->chain_count++], NULL, EVP_sha256(), NULL);
}

static void keep_sent(struct cert_chain *chain, struct reader behind) {
    const uint8_t *from = behind.at;
    struct reader der;
    for (size_t i = 0; i < chain->chain_count && cert_list_next(&behind, &der); i++)
        if ((size_t)(behind.at - from) <= CERT_SENT_OCTETS_MAX)
            chain->sent_len = (size_t)(behind.at - from);
    if (chain->sent_len == 0)
        return;
    chain->sent = mem_alloc(chain->sent_len);
    memcpy(chain->sent, from, chain->sent_len);
}

static void judge_trust(struct cert_chain *chain, const struct trust *trust, X509 *leaf, struct reader behind,
                        int64_t now) {
    STACK_OF(X509) *sent = cert_list_read_all(trust_library(trust), behind);
    path_judge(chain, trust, leaf, sent, now);
    sk_X509_pop_free(sent, X509_free);
}

/* What the certificates say, into a chain that has the leaf's DER. */
static void read_chain(struct cert_chain *chain, const struct trust *trust, struct reader behind, int64_t now) {
    const char *error;
    standing_open(chain);
    X509 *leaf = parse_leaf(trust_library(trust), reader_of(chain->der, chain->der_len), &error);
    digest_sent(chain, behind);
    keep_sent(chain, behind);
    if (leaf == NULL) {
        leaf_unreadable(chain, error);
        chain->trust_error = mem_printf("the certificate cannot be read: %s", error);
    } else {
        leaf_read(chain, leaf);
        chain->self_signed = leaf_is_self_signed(chain, leaf);
        if (error) /* mended: the leaf's signature is over other octets, and clients refuse it as it is */
            chain->trust_error = mem_printf("a name in the certificate is invalid: %s", error);
        else
            judge_trust(chain, trust, leaf, behind, now);
    }
    X509_free(leaf);
    ERR_clear_error();
}

static size_t memory_of(const struct cert_chain *chain) {
    const char *const texts[] = {chain->subject_cn,  chain->subject,   chain->issuer,         chain->serial,
                                 chain->trust_error, chain->weak_keys, chain->weak_signatures};
    size_t octets = sizeof *chain + (chain->further ? 2 : 1) * chain->der_len +
                    CERT_CHAIN_MAX * sizeof *chain->chain_sha256 + chain->sent_len +
                    extensions_memory(&chain->extensions);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        octets += strlen(texts[i]);
    for (size_t i = 0; i < chain->san_count; i++)
        octets += sizeof *chain->san + strlen(chain->san[i]);
    return octets;
}

static struct cert_chain *chain_of(struct reader der) {
    struct cert_chain *chain = mem_alloc(sizeof *chain);
    chain->references = 1;
    chain->der = mem_alloc(der.left);
    chain->der_len = der.left;
    memcpy(chain->der, der.at, der.left);
    EVP_Digest(der.at, der.left, chain->leaf_sha256, NULL, EVP_sha256(), NULL);
    return chain;
}

struct cert_chain *cert_chain_read_behind(struct reader der) {
    const char *error;
    struct cert_chain *chain = chain_of(der);
    X509 *certificate = parse_leaf(NULL, der, &error);
    chain->trust_error = mem_strdup("not judged");
    if (certificate)
        leaf_read(chain, certificate);
    else
        leaf_unreadable(chain, error);
    chain->self_signed = certificate && (X509_get_extension_flags(certificate) & EXFLAG_SI);
    X509_free(certificate);
    ERR_clear_error();
    return chain;
}

struct cert_chain *cert_chain_parse(const struct trust *trust, const uint8_t *list, size_t len, int64_t now,
                                    const char **error) {
    struct reader rest = reader_of(list, len), der;
    *error = "an empty certificate list";
    if (!cert_list_open(&rest) || !cert_list_next(&rest, &der))
        return NULL;
    struct cert_chain *chain = chain_of(der);
    read_chain(chain, trust, rest, now);
    chain->octets = memory_of(chain);
    *error = NULL;
    return chain;
}
