/* cert.c - see cert.h. OpenSSL parses and verifies; what leaves this file is sanitised and bounded. Names are compared
 * on raw octets with their lengths, so that a NUL inside never ends a comparison early.
 */
#include "cert/cert.h"

#include "base/mem.h"
#include "base/text.h"
#include "cert/cert_list.h"
#include "tls/ossl_context.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    RSA_BITS_MIN = 2048,
    EC_BITS_MIN = 224,
    SERIAL_MAX = 80,
};
static const int64_t YEAR_1 = INT64_C(-62135596800), YEAR_9999_END = INT64_C(253402300799);

/* ---- trust store ---- */

struct trust {
    struct ossl_context openssl;
    X509_STORE *store;
};

struct trust *trust_open(const char *ca_file, char *error, size_t cap) {
    static const char debian[] = "/etc/ssl/certs/ca-certificates.crt";
    bool given = ca_file && *ca_file;
    struct trust *trust = mem_alloc(sizeof *trust);
    trust->openssl = ossl_context_open();
    trust->store = X509_STORE_new();
    OSSL_LIB_CTX *context = trust->openssl.library;
    bool good = trust->store && X509_STORE_load_file_ex(trust->store, given ? ca_file : debian, context, NULL) == 1;
    if (!good && !given && trust->store)
        good = X509_STORE_set_default_paths_ex(trust->store, context, NULL) == 1;
    ERR_clear_error();
    if (good)
        return trust;
    snprintf(error, cap,
             "cannot read trusted roots from '%s'; give --trust-store a PEM file, or: apt install ca-certificates",
             given ? ca_file : debian);
    trust_close(&trust);
    return NULL;
}

void trust_close(struct trust **trust) {
    if (*trust == NULL)
        return;
    X509_STORE_free((*trust)->store);
    ossl_context_close(&(*trust)->openssl);
    free(*trust);
    *trust = NULL;
}

/* ---- fields ---- */

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_from_civil(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Unix seconds, clamped to the years 1 to 9999; broken if it is no time at all. */
static int64_t unix_time(const ASN1_TIME *time, int64_t broken) {
    struct tm tm;
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return broken;
    int64_t seconds = days_from_civil((int64_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
                      tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    return seconds < YEAR_1 ? YEAR_1 : seconds > YEAR_9999_END ? YEAR_9999_END : seconds;
}

static char *name_text(const X509_NAME *name) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    if (bio)
        X509_NAME_print_ex(bio, name, 0, flags);
    long len = bio ? BIO_get_mem_data(bio, &data) : 0;
    char *text = text_sanitise_dup(len > 0 ? data : "", len > 0 ? (size_t)len : 0, CERT_TEXT_MAX);
    BIO_free(bio);
    return text;
}

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

static char *serial_text(const X509 *leaf) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    char *text = text_sanitise_dup(hex ? hex : "", hex ? strlen(hex) : 0, SERIAL_MAX);
    for (char *at = text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

/* A name that a host could have, in lower case; anything else never matches and is only shown. */
static bool is_host_name(const unsigned char *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!isalnum(data[i]) && data[i] != '-' && data[i] != '_' && data[i] != '.' && data[i] != '*')
            return false;
    return len > 0 && len <= NAME_MAX_OCTETS;
}

static char *keep_name(const unsigned char *data, size_t len) {
    char *text = text_sanitise_dup(data, len, CERT_TEXT_MAX);
    for (char *at = text; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return text;
}

static void take_names(struct cert_chain *chain, X509 *leaf) {
    enum { ABSENT = -1 };
    int critical = ABSENT;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    chain->san_broken = names == NULL && critical != ABSENT;
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    chain->san = mem_calloc((size_t)(count < CERT_SAN_MAX ? count : CERT_SAN_MAX), sizeof *chain->san);
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        if (chain->san_count < CERT_SAN_MAX)
            chain->san[chain->san_count++] =
                keep_name(ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
        chain->san_total++;
    }
    GENERAL_NAMES_free(names);
    int len = 0;
    unsigned char *cn = common_name(leaf, &len);
    chain->subject_cn = cn ? keep_name(cn, (size_t)len) : mem_strdup("");
    chain->cn_usable = cn && is_host_name(cn, (size_t)len);
    OPENSSL_free(cn);
}

static void take_key(struct cert_chain *chain, X509 *leaf) {
    static const struct {
        int id;
        const char *name;
        unsigned least; /* bits */
    } kinds[] = {{EVP_PKEY_RSA, "RSA", RSA_BITS_MIN}, {EVP_PKEY_RSA_PSS, "RSA-PSS", RSA_BITS_MIN},
                 {EVP_PKEY_DSA, "DSA", RSA_BITS_MIN}, {EVP_PKEY_EC, "EC", EC_BITS_MIN},
                 {EVP_PKEY_ED25519, "Ed25519", 0},    {EVP_PKEY_ED448, "Ed448", 0}};
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    chain->key_type = "unknown";
    chain->key_bits = bits > 0 ? (unsigned)bits : 0;
    for (size_t i = 0; key && i < sizeof kinds / sizeof *kinds; i++)
        if (EVP_PKEY_get_base_id(key) == kinds[i].id) {
            chain->key_type = kinds[i].name;
            chain->weak_key = chain->key_bits < kinds[i].least;
        }
}

static void take_signature(struct cert_chain *chain, X509 *leaf) {
    int id = X509_get_signature_nid(leaf), digest = NID_undef;
    const char *name = OBJ_nid2ln(id);
    chain->signature = id != NID_undef && name ? name : "unknown";
    /* RSA-PSS names its digest in the parameters, not in the identifier; the result only says whether it is strong. */
    (void)X509_get_signature_info(leaf, &digest, NULL, NULL, NULL);
    chain->sha1_signature = digest == NID_sha1 || digest == NID_md5;
}

static void digest_key(struct cert_chain *chain, X509 *leaf) {
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
    if (len > 0)
        EVP_Digest(der, (size_t)len, chain->spki_sha256, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
}

/* The next element of DER; false at the end, or if it is none or of indefinite length. whole: with its header. */
static bool next_element(struct bytes *rest, int *tag, struct bytes *content, struct bytes *whole) {
    enum { BAD = 0x80, INDEFINITE = 1 };
    const unsigned char *at = rest->at;
    long len = 0;
    int class = 0;
    if (rest->left == 0 || (ASN1_get_object(&at, &len, tag, &class, (long)rest->left) & (BAD | INDEFINITE)))
        return false;
    *content = (struct bytes){at, (size_t)len};
    *whole = (struct bytes){rest->at, (size_t)(at - rest->at) + (size_t)len};
    rest->at += whole->left;
    rest->left -= whole->left;
    *tag = class == V_ASN1_UNIVERSAL ? *tag : -1;
    return true;
}

/* What was signed: the first element within the certificate. */
static bool signed_part(struct bytes der, struct bytes *content, struct bytes *whole) {
    struct bytes certificate, ignored;
    int tag;
    return next_element(&der, &tag, &certificate, &ignored) && next_element(&certificate, &tag, content, whole);
}

/* der: the leaf as it came. X509_verify() would look at a leaf that was mended (see mend_names()). */
static bool is_self_signed(X509 *leaf, struct bytes der) {
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;
    struct bytes content, whole;
    int digest = NID_undef;
    if (key == NULL || X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) != 0)
        return false;
    if (X509_verify(leaf, key) == 1)
        return true;
    X509_get0_signature(&signature, &algorithm, leaf);
    if (!signed_part(der, &content, &whole) || !OBJ_find_sigid_algs(X509_get_signature_nid(leaf), &digest, NULL))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool verified = EVP_DigestVerifyInit(context, NULL, EVP_get_digestbynid(digest), NULL, key) == 1 &&
                    EVP_DigestVerify(context, ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature),
                                     whole.at, whole.left) == 1;
    EVP_MD_CTX_free(context);
    return verified;
}

static void take_leaf(struct cert_chain *chain, X509 *leaf) {
    chain->subject = name_text(X509_get_subject_name(leaf));
    chain->issuer = name_text(X509_get_issuer_name(leaf));
    chain->serial = serial_text(leaf);
    chain->not_before = unix_time(X509_get0_notBefore(leaf), YEAR_9999_END);
    chain->not_after = unix_time(X509_get0_notAfter(leaf), YEAR_1);
    chain->valid_from = chain->not_before;
    chain->valid_until = chain->not_after;
    take_names(chain, leaf);
    take_key(chain, leaf);
    take_signature(chain, leaf);
    digest_key(chain, leaf);
    chain->self_signed = is_self_signed(leaf, (struct bytes){chain->der, chain->der_len});
}

/* Nothing is known but that it cannot be read. */
static void take_unreadable(struct cert_chain *chain, const char *why) {
    char **const texts[] = {&chain->subject_cn, &chain->subject, &chain->issuer, &chain->serial};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = mem_strdup("");
    chain->parse_error = why;
    chain->key_type = chain->signature = "unknown";
    chain->valid_from = YEAR_9999_END;
    chain->valid_until = YEAR_1;
    chain->trust_error = mem_printf("the certificate cannot be read: %s", why);
}

/* ---- trust ---- */

/* The validity of what lies between leaf and root. The root itself is trusted because it is in the store, not for what
 * it says of itself (RFC 5280 section 6.1.1 d takes name and key of an anchor, no dates). */
static void narrow_validity(struct cert_chain *chain, STACK_OF(X509) * used) {
    for (int i = 1; i + 1 < sk_X509_num(used); i++) {
        const X509 *certificate = sk_X509_value(used, i);
        int64_t from = unix_time(X509_get0_notBefore(certificate), YEAR_9999_END);
        int64_t until = unix_time(X509_get0_notAfter(certificate), YEAR_1);
        chain->valid_from = from > chain->valid_from ? from : chain->valid_from;
        chain->valid_until = until < chain->valid_until ? until : chain->valid_until;
    }
}

/* Builds and verifies a path in a fresh context; purpose NULL: for whatever. */
static bool find_path(X509_STORE_CTX *context, const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent,
                      const char *purpose) {
    if (X509_STORE_CTX_init(context, trust->store, leaf, sent) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    if (purpose)
        X509_STORE_CTX_set_default(context, purpose);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_auth_level(param, 0); /* key size and digest are findings of their own */
    return X509_verify_cert(context) == 1;
}

/* The server sent it, or another one for the same name and key, which serves as well. */
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

/* No path. If it ends at the leaf already, its issuer was neither sent nor is it in the store. If it ends further up,
 * that is likely a private root, which a server rightly does not send. */
static bool ends_at_leaf(const struct cert_chain *chain, X509_STORE_CTX *context) {
    int error = X509_STORE_CTX_get_error(context);
    bool no_issuer = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                     error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
                     error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
    return no_issuer && !chain->self_signed && sk_X509_num(X509_STORE_CTX_get0_chain(context)) == 1;
}

static void verify(struct cert_chain *chain, const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent) {
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(trust->openssl.library, NULL);
    if (context == NULL)
        abort(); /* as mem.h */
    chain->trusted = find_path(context, trust, leaf, sent, "ssl_server");
    int error = X509_STORE_CTX_get_error(context);
    if (error == X509_V_ERR_INVALID_PURPOSE) {
        X509_STORE_CTX_cleanup(context);
        chain->wrong_purpose = find_path(context, trust, leaf, sent, NULL);
    }
    if (chain->trusted || chain->wrong_purpose) {
        narrow_validity(chain, X509_STORE_CTX_get0_chain(context));
        note_completion(chain, X509_STORE_CTX_get0_chain(context), sent);
    } else {
        chain->missing_intermediate = ends_at_leaf(chain, context);
    }
    const char *why = X509_verify_cert_error_string(error);
    chain->trust_error = chain->trusted ? mem_strdup("") : text_sanitise_dup(why, strlen(why), CERT_TEXT_MAX);
    X509_STORE_CTX_free(context);
}

/* ---- the chain ---- */

static void take_sent(struct cert_chain *chain, const struct trust *trust, struct bytes list, STACK_OF(X509) * sent) {
    chain->chain_sha256 = mem_calloc(CERT_CHAIN_MAX, sizeof *chain->chain_sha256);
    for (struct bytes der; chain->chain_count < CERT_CHAIN_MAX && cert_list_next(&list, &der);) {
        X509 *certificate = cert_list_read(trust->openssl.library, der);
        EVP_Digest(der.at, der.left, chain->chain_sha256[chain->chain_count++], NULL, EVP_sha256(), NULL);
        if (certificate && sk_X509_push(sent, certificate) == 0)
            X509_free(certificate);
    }
}

/* Text in a name that OpenSSL would not take, by its tag. */
static bool is_invalid_text(int tag, struct bytes text) {
    bool checked = tag == V_ASN1_UTF8STRING || tag == V_ASN1_BMPSTRING || tag == V_ASN1_UNIVERSALSTRING;
    ASN1_STRING *string = checked ? ASN1_STRING_type_new(tag) : NULL;
    unsigned char *utf8 = NULL;
    bool invalid =
        string && ASN1_STRING_set(string, text.at, (int)text.left) == 1 && ASN1_STRING_to_UTF8(&utf8, string) < 0;
    OPENSSL_free(utf8);
    ASN1_STRING_free(string);
    return invalid;
}

/* One attribute of a name: object identifier, then value. */
static bool mend_attribute(struct bytes attribute, uint8_t *der, const uint8_t *origin) {
    struct bytes content, whole;
    int tag;
    if (!next_element(&attribute, &tag, &content, &whole) || tag != V_ASN1_OBJECT)
        return false;
    if (!next_element(&attribute, &tag, &content, &whole) || !is_invalid_text(tag, content))
        return false;
    der[whole.at - origin] = V_ASN1_T61STRING; /* for OpenSSL that is Latin-1, where every octet is valid */
    return true;
}

static bool mend_name(struct bytes name, uint8_t *der, const uint8_t *origin) {
    struct bytes set, attribute, whole;
    bool mended = false;
    int tag;
    while (next_element(&name, &tag, &set, &whole) && tag == V_ASN1_SET)
        while (next_element(&set, &tag, &attribute, &whole))
            mended = mend_attribute(attribute, der, origin) || mended;
    return mended;
}

/* d2i_X509() refuses a whole certificate for a subject or issuer that is not valid in its own encoding (Latin-1 in a
 * UTF8String, as appliances write it). In a copy such text is declared Latin-1, which changes nothing but a tag. Names
 * are the sequences of sets right within what is signed. NULL if nothing was to be mended; the caller frees. */
static uint8_t *mend_names(struct bytes der) {
    struct bytes part, element, whole;
    uint8_t *copy = mem_alloc(der.left);
    bool mended = false;
    int tag;
    memcpy(copy, der.at, der.left);
    if (signed_part(der, &part, &whole))
        while (next_element(&part, &tag, &element, &whole))
            if (tag == V_ASN1_SEQUENCE)
                mended = mend_name(element, copy, der.at) || mended;
    if (mended)
        return copy;
    free(copy);
    return NULL;
}

/* The leaf, or NULL; *error says in both cases what is wrong with it, NULL if nothing is. */
static X509 *parse_leaf(const struct trust *trust, struct bytes der, const char **error) {
    ERR_clear_error();
    *error = NULL;
    X509 *leaf = cert_list_read(trust->openssl.library, der);
    if (leaf)
        return leaf;
    *error = cert_list_read_error();
    uint8_t *mended = mend_names(der);
    if (mended)
        leaf = cert_list_read(trust->openssl.library, (struct bytes){mended, der.left});
    free(mended);
    return leaf;
}

static size_t octets_of(const struct cert_chain *chain) {
    const char *const texts[] = {chain->subject_cn, chain->subject, chain->issuer, chain->serial, chain->trust_error};
    size_t octets = sizeof *chain + chain->der_len + CERT_CHAIN_MAX * sizeof *chain->chain_sha256;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        octets += strlen(texts[i]);
    for (size_t i = 0; i < chain->san_count; i++)
        octets += sizeof *chain->san + strlen(chain->san[i]);
    return octets;
}

/* What the certificates say, into a chain that has the DER. */
static void read_chain(struct cert_chain *chain, const struct trust *trust, struct bytes behind) {
    STACK_OF(X509) *sent = sk_X509_new_null();
    const char *error;
    X509 *leaf = parse_leaf(trust, (struct bytes){chain->der, chain->der_len}, &error);
    take_sent(chain, trust, behind, sent);
    if (leaf)
        take_leaf(chain, leaf);
    else
        take_unreadable(chain, error);
    if (leaf && error) /* mended: its signature is over other octets, and clients refuse it as it is */
        chain->trust_error = mem_printf("a name in the certificate is invalid: %s", error);
    else if (leaf)
        verify(chain, trust, leaf, sent);
    sk_X509_pop_free(sent, X509_free);
    X509_free(leaf);
    ERR_clear_error();
}

struct cert_chain *cert_chain_parse(const struct trust *trust, const uint8_t *list, size_t len, const char **error) {
    struct bytes rest = {list, len}, der;
    *error = "an empty certificate list";
    if (!cert_list_open(&rest) || !cert_list_next(&rest, &der))
        return NULL;
    struct cert_chain *chain = mem_alloc(sizeof *chain);
    chain->references = 1;
    chain->der = mem_alloc(der.left);
    chain->der_len = der.left;
    memcpy(chain->der, der.at, der.left);
    EVP_Digest(der.at, der.left, chain->leaf_sha256, NULL, EVP_sha256(), NULL);
    read_chain(chain, trust, rest);
    chain->octets = octets_of(chain);
    *error = NULL;
    return chain;
}

/* The object is not const, only its users' view of it. */
static struct cert_chain *owned(const struct cert_chain *chain) { return (struct cert_chain *)(uintptr_t)chain; }

const struct cert_chain *cert_chain_hold(const struct cert_chain *chain) {
    owned(chain)->references++;
    return chain;
}

void cert_chain_release(const struct cert_chain **chain) {
    struct cert_chain *self = owned(*chain);
    *chain = NULL;
    cert_chain_free(&self);
}

void cert_chain_free(struct cert_chain **chain) {
    struct cert_chain *self = *chain;
    *chain = NULL;
    if (self == NULL || --self->references > 0)
        return;
    for (size_t i = 0; i < self->san_count; i++)
        free(self->san[i]);
    char *texts[] = {self->subject_cn, self->subject, self->issuer, self->serial, self->trust_error};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(self->san);
    free(self->chain_sha256);
    free(self->der);
    free(self);
}

unsigned cert_chain_flags(const struct cert_chain *chain) {
    return (chain->missing_intermediate ? CERT_MISSING_INTERMEDIATE : 0u) |
           (chain->completed_by_store ? CERT_COMPLETED_BY_STORE : 0u) |
           (chain->wrong_purpose ? CERT_WRONG_PURPOSE : 0u) | (chain->self_signed ? CERT_SELF_SIGNED : 0u) |
           (chain->weak_key ? CERT_WEAK_KEY : 0u) | (chain->sha1_signature ? CERT_SHA1_SIGNATURE : 0u) |
           (chain->parse_error ? CERT_UNREADABLE : 0u);
}

const char *cert_chain_flag_name(unsigned bit_index) {
    static const char *const names[CERT_FLAG_COUNT] = {"missing_intermediate", "completed_by_store", "wrong_purpose",
                                                       "self_signed",          "weak_key",           "sha1_signature",
                                                       "ocsp_stapled",         "unreadable"};
    return bit_index < CERT_FLAG_COUNT ? names[bit_index] : "";
}

bool cert_chain_in_date(const struct cert_chain *chain, int64_t now) {
    return now >= chain->valid_from && now <= chain->valid_until;
}

/* ---- names (RFC 6125 section 6.4) ---- */

/* pattern: lower case. A star stands only as the whole left-most label, for exactly one label, with two or more labels
 * behind it. */
static bool matches(const char *pattern, const char *name) {
    if (strncmp(pattern, "*.", 2) != 0)
        return strchr(pattern, '*') == NULL && strcmp(pattern, name) == 0;
    const char *rest = pattern + 1, *dot = strchr(name, '.');
    return dot && dot > name && strchr(rest + 1, '.') && strchr(rest, '*') == NULL && strcmp(rest, dot) == 0;
}

struct cert_match cert_chain_match(const struct cert_chain *chain, const char *name) {
    struct cert_match match = {.matched = false};
    if (*name == '\0')
        return match;
    /* A SAN with a NUL or another octet that no host name has was escaped with a backslash: it cannot equal a name. */
    for (size_t i = 0; i < chain->san_count && !match.san_match; i++)
        if (strlen(chain->san[i]) <= NAME_MAX_OCTETS && matches(chain->san[i], name)) {
            match.san_match = true;
            snprintf(match.identity, sizeof match.identity, "%.*s", NAME_MAX_OCTETS, chain->san[i]);
        }
    match.cn_match = chain->cn_usable && matches(chain->subject_cn, name);
    match.by_cn = match.cn_match && chain->san_total == 0 && !chain->san_broken;
    match.matched = match.san_match || match.by_cn;
    if (match.by_cn)
        snprintf(match.identity, sizeof match.identity, "%.*s", NAME_MAX_OCTETS, chain->subject_cn);
    return match;
}
