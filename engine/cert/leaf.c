/* leaf.c - see leaf.h. OpenSSL's accessors; each text is sanitised, each list bounded. */
#include "cert/leaf.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "cert/dates.h"
#include "cert/der.h"
#include "cert/name_text.h"
#include "cert/strength.h"
#include "cert/weakness.h"
#include "names/name.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
    SERIAL_MAX = 80,
};

static void to_lower(char *text) {
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* ---- names ---- */

/* The most specific commonName, as UTF-8; NULL if none. */
static unsigned char *common_name(X509 *leaf, int *len) {
    const X509_NAME *name = X509_get_subject_name(leaf);
    unsigned char *utf8 = NULL;
    int last = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;)
        last = at;
    if (last < 0)
        return NULL;
    *len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    return *len < 0 ? NULL : utf8;
}

/* A name that a host could have; anything else never matches and is only shown. */
static bool is_host_name(const unsigned char *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_alphanumeric(data[i]) && data[i] != '-' && data[i] != '_' && data[i] != '.' && data[i] != '*')
            return false;
    return len > 0 && len <= NAME_MAX_OCTETS;
}

static char *host_text(const unsigned char *data, size_t len) {
    char *text = text_sanitise_dup(data, len, CERT_TEXT_MAX);
    to_lower(text);
    return text;
}

/* A name past CERT_SAN_MAX: only what could match is of use. Sized by the certificate, which has two octets or more
 * beside each name. */
static void add_further(struct cert_chain *chain, const unsigned char *data, size_t len) {
    if (!is_host_name(data, len))
        return;
    if (chain->further == NULL)
        chain->further = mem_alloc(chain->der_len);
    char *name = chain->further + chain->further_len;
    memcpy(name, data, len);
    name[len] = '\0';
    to_lower(name);
    chain->further_len += len + 1;
}

static void add_san(struct cert_chain *chain, const unsigned char *data, size_t len) {
    if (chain->san_count < CERT_SAN_MAX)
        chain->san[chain->san_count++] = host_text(data, len);
    else
        add_further(chain, data, len);
    chain->san_total++;
}

static void read_san(struct cert_chain *chain, X509 *leaf) {
    enum { ABSENT = -1 };
    int critical = ABSENT;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    chain->san_broken = names == NULL && critical != ABSENT;
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    chain->san = mem_calloc((size_t)(count < CERT_SAN_MAX ? count : CERT_SAN_MAX), sizeof *chain->san);
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            add_san(chain, ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
    }
    GENERAL_NAMES_free(names);
}

static void read_cn(struct cert_chain *chain, X509 *leaf) {
    int len = 0;
    unsigned char *cn = common_name(leaf, &len);
    chain->subject_cn = cn ? host_text(cn, (size_t)len) : mem_strdup("");
    chain->cn_usable = cn && is_host_name(cn, (size_t)len);
    OPENSSL_free(cn);
}

/* ---- number, key, signature ---- */

static char *serial_text(const X509 *leaf) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    char *text = text_sanitise_dup(hex ? hex : "", hex ? strlen(hex) : 0, SERIAL_MAX);
    to_lower(text);
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

static void read_key(struct cert_chain *chain, X509 *leaf) {
    struct key_strength strength = strength_of_key(leaf);
    chain->key_type = strength.type;
    chain->key_bits = strength.bits;
}

static void digest_key(struct cert_chain *chain, X509 *leaf) {
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
    if (len > 0)
        EVP_Digest(der, (size_t)len, chain->spki_sha256, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
}

/* Is the leaf's signature over what came, by that key? X509_verify() looks at the leaf that OpenSSL has, which may have
 * been mended (mend.h). */
static bool verifies_as_sent(X509 *leaf, EVP_PKEY *key, struct reader der) {
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;
    struct der_element part;
    int digest = NID_undef;
    X509_get0_signature(&signature, &algorithm, leaf);
    if (!der_signed_part(der, &part) || !OBJ_find_sigid_algs(X509_get_signature_nid(leaf), &digest, NULL))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool verified = EVP_DigestVerifyInit(context, NULL, EVP_get_digestbynid(digest), NULL, key) == 1 &&
                    EVP_DigestVerify(context, ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature),
                                     part.whole.at, part.whole.left) == 1;
    EVP_MD_CTX_free(context);
    return verified;
}

bool leaf_is_self_signed(const struct cert_chain *chain, X509 *leaf) {
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    if (key == NULL || X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) != 0)
        return false;
    return X509_verify(leaf, key) == 1 || verifies_as_sent(leaf, key, reader_of(chain->der, chain->der_len));
}

/* ---- all of it ---- */

void leaf_read(struct cert_chain *chain, X509 *leaf) {
    chain->subject = name_text(X509_get_subject_name(leaf));
    chain->issuer = name_text(X509_get_issuer_name(leaf));
    chain->serial = serial_text(leaf);
    chain->not_before = dates_not_before(leaf);
    chain->not_after = dates_not_after(leaf);
    chain->valid_from = chain->not_before;
    chain->valid_until = chain->not_after;
    read_san(chain, leaf);
    read_cn(chain, leaf);
    read_key(chain, leaf);
    weakness_open(chain);
    weakness_note_leaf(chain, leaf);
    chain->signature = strength_signature(leaf);
    digest_key(chain, leaf);
    chain->extensions = extensions_read(leaf);
}

void leaf_unreadable(struct cert_chain *chain, const char *why) {
    char **const texts[] = {&chain->subject_cn, &chain->subject, &chain->issuer, &chain->serial};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = mem_strdup("");
    weakness_open(chain);
    chain->parse_error = why;
    chain->extensions.unread = CERT_EXTENSION_ALL;
    chain->key_type = chain->signature = "unknown";
    chain->valid_from = DATES_MAX;
    chain->valid_until = DATES_MIN;
}
