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
#include <stdlib.h>
#include <string.h>

/* The leaf, or NULL; *error says in both cases what is wrong with it, NULL if nothing is. */
static X509 *parse_leaf(const struct trust *trust, struct reader der, const char **error) {
    ERR_clear_error();
    *error = NULL;
    X509 *leaf = cert_list_read(trust_library(trust), der);
    if (leaf)
        return leaf;
    *error = cert_list_read_error();
    uint8_t *mended = mend_names(der);
    if (mended)
        leaf = cert_list_read(trust_library(trust), reader_of(mended, der.left));
    free(mended);
    return leaf;
}

static void digest_sent(struct cert_chain *chain, struct reader behind) {
    struct reader der;
    chain->chain_sha256 = mem_calloc(CERT_CHAIN_MAX, sizeof *chain->chain_sha256);
    while (chain->chain_count < CERT_CHAIN_MAX && cert_list_next(&behind, &der))
        EVP_Digest(der.at, der.left, chain->chain_sha256[chain->chain_count++], NULL, EVP_sha256(), NULL);
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
    X509 *leaf = parse_leaf(trust, reader_of(chain->der, chain->der_len), &error);
    digest_sent(chain, behind);
    if (leaf == NULL) {
        leaf_unreadable(chain, error);
        chain->trust_error = mem_printf("the certificate cannot be read: %s", error);
    } else {
        leaf_read(chain, leaf);
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
    size_t octets =
        sizeof *chain + (chain->further ? 2 : 1) * chain->der_len + CERT_CHAIN_MAX * sizeof *chain->chain_sha256;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        octets += strlen(texts[i]);
    for (size_t i = 0; i < chain->san_count; i++)
        octets += sizeof *chain->san + strlen(chain->san[i]);
    return octets;
}

struct cert_chain *cert_chain_parse(const struct trust *trust, const uint8_t *list, size_t len, int64_t now,
                                    const char **error) {
    struct reader rest = reader_of(list, len), der;
    *error = "an empty certificate list";
    if (!cert_list_open(&rest) || !cert_list_next(&rest, &der))
        return NULL;
    struct cert_chain *chain = mem_alloc(sizeof *chain);
    chain->references = 1;
    chain->der = mem_alloc(der.left);
    chain->der_len = der.left;
    memcpy(chain->der, der.at, der.left);
    EVP_Digest(der.at, der.left, chain->leaf_sha256, NULL, EVP_sha256(), NULL);
    read_chain(chain, trust, rest, now);
    chain->octets = memory_of(chain);
    *error = NULL;
    return chain;
}
