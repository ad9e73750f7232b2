/* issue.h - certificates for tests, made with OpenSSL and put into the body of a TLS Certificate message. For inclusion
 * behind cmocka.h.
 */
#ifndef MXG_TEST_ISSUE_H
#define MXG_TEST_ISSUE_H

#include "cert/trust.h"

#include <openssl/conf.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAST "20200101000000Z"
#define FUTURE "20990101000000Z"
enum { LIST_MAX = 1 << 20 };

struct octets {
    const char *at;
    size_t len;
};
#define TEXT(s)                                                                                                        \
    { (s), sizeof(s) - 1 }

/* As a configuration of OpenSSL's writes it. */
struct extra {
    int nid;
    const char *value;
};

/* What a certificate is to say; zero stands for the usual. */
struct wanted {
    struct octets cn;
    int cn_type; /* V_ASN1_…; 0: UTF8String */
    const struct octets *san;
    size_t san_count, san_extensions; /* extensions: the same once more */
    const char *usage, *key_usage;    /* usage: extended key usage */
    bool ca, broken_san, address_san;
    const struct extra *extra; /* further extensions */
    size_t extra_count;
    const char *from, *until;
    EVP_PKEY *key;
    const EVP_MD *digest;
    bool pss; /* signed with RSA-PSS */
};

/* A certificate and the key that belongs to it. */
struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static EVP_PKEY *ec_key; /* of whoever has no other: the test makes and frees it */

/* ---- making certificates ---- */

static void extend(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    CONF *empty = NCONF_new(NULL); /* some kinds want one, if only to look nothing up in it */
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509V3_set_nconf(&context, empty);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(empty, &context, nid, value);
    NCONF_free(empty);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_names(X509 *certificate, const struct wanted *wanted) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; i < wanted->san_count; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        assert_int_equal(ASN1_STRING_set(text, wanted->san[i].at, (int)wanted->san[i].len), 1);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        assert_true(sk_GENERAL_NAME_push(names, name) > 0);
    }
    assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND), 1);
    GENERAL_NAMES_free(names);
}

static void add_broken_san(X509 *certificate) {
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x7f\x01", 3), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
}

static void set_dates(X509 *certificate, const struct wanted *wanted) {
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(certificate), wanted->from ? wanted->from : PAST), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(certificate), wanted->until ? wanted->until : FUTURE), 1);
}

static void sign(X509 *certificate, EVP_PKEY *key, const struct wanted *wanted) {
    const EVP_MD *digest = wanted->digest ? wanted->digest : EVP_sha256();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    assert_int_equal(EVP_DigestSignInit(context, &options, digest, NULL, key), 1);
    if (wanted->pss)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
    assert_true(X509_sign_ctx(certificate, context) > 0);
    EVP_MD_CTX_free(context);
}

/* issuer NULL: signed by itself. */
static inline struct identity make(const struct wanted *wanted, const struct identity *issuer) {
    static long serial = 1;
    struct identity made = {X509_new(), wanted->key ? wanted->key : ec_key};
    X509_NAME *name = X509_get_subject_name(made.certificate);
    int type = wanted->cn_type ? wanted->cn_type : V_ASN1_UTF8STRING;
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
    if (wanted->cn.at)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const unsigned char *)wanted->cn.at,
                                                    (int)wanted->cn.len, -1, 0),
                         1);
    X509_set_issuer_name(made.certificate, issuer ? X509_get_subject_name(issuer->certificate) : name);
    X509_set_pubkey(made.certificate, made.key);
    set_dates(made.certificate, wanted);
    if (wanted->ca)
        extend(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (wanted->usage)
        extend(made.certificate, NID_ext_key_usage, wanted->usage);
    if (wanted->key_usage)
        extend(made.certificate, NID_key_usage, wanted->key_usage);
    for (size_t i = 0; i < wanted->extra_count; i++)
        extend(made.certificate, wanted->extra[i].nid, wanted->extra[i].value);
    for (size_t i = 0; wanted->san && i <= wanted->san_extensions; i++)
        add_names(made.certificate, wanted);
    if (wanted->address_san)
        extend(made.certificate, NID_subject_alt_name, "IP:192.0.2.1");
    if (wanted->broken_san)
        add_broken_san(made.certificate);
    sign(made.certificate, issuer ? issuer->key : made.key, wanted);
    return made;
}

static inline EVP_PKEY *rsa_key(unsigned bits) {
    EVP_PKEY *key = EVP_RSA_gen(bits);
    assert_non_null(key);
    return key;
}

/* ---- sending them ---- */

static void put_length(uint8_t *out, size_t len) {
    out[0] = (uint8_t)(len >> 16);
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
}

static inline uint8_t *list_of(X509 *const *certificates, size_t count, size_t *len) {
    uint8_t *list = malloc(LIST_MAX);
    *len = 3;
    for (size_t i = 0; i < count; i++) {
        unsigned char *at = list + *len + 3;
        int der = i2d_X509(certificates[i], NULL);
        assert_true(der > 0 && *len + 3 + (size_t)der < LIST_MAX);
        i2d_X509(certificates[i], &at);
        put_length(list + *len, (size_t)der);
        *len += 3 + (size_t)der;
    }
    put_length(list, *len - 3);
    return list;
}

/* ---- trusting them ---- */

/* A trust store of these. */
static inline struct trust *store_of(X509 *const *certificates, size_t count) {
    char path[] = "/tmp/issue.XXXXXX", error[256];
    int file = mkstemp(path);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    assert_non_null(out);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(PEM_write_X509(out, certificates[i]), 1);
    assert_int_equal(fclose(out), 0);
    struct trust *store = trust_open(path, error, sizeof error);
    unlink(path);
    assert_non_null(store);
    return store;
}

#endif
