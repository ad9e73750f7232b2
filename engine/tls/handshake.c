/* handshake.c - see handshake.h. OpenSSL between two memory BIOs; a message callback notes alerts. What the server
 * selected is read from OpenSSL's pending cipher, which is set only once a ServerHello's version and suite were found
 * to be among those offered: an SSLv3 server's answer is no selection of TLS 1.2.
 */
#include "tls/handshake.h"

#include "base/mem.h"
#include "base/text.h"
#include "model/suites.h"
#include "tls/hybrid_offer.h"
#include "tls/server_flight.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT_MAX = 512 * 1024, /* octets that a server may send until its handshake is done */
    ERROR_MAX = 160,
    CIPHERS_MAX = 4096,
    GROUP_MAX = 32,
    GROUPS_MAX = 640,
    DH_BITS_MAX = 4096,
    DH_BITS_KNOWN_MAX = 8192,
    ALERT_OCTETS = 2,
    LENGTH_OCTETS = 3,
};

struct handshake_contexts {
    struct hybrid_offer hybrids;
    SSL_CTX *by_offer[HANDSHAKE_OFFER_COUNT];
};

struct handshake {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    enum handshake_state state;
    size_t received;
    bool alert_received; /* one that ends the connection; alert says which */
    bool unsupported;    /* HANDSHAKE_FAILED: this and the next, see struct handshake_info */
    bool unreadable;
    bool certificate_requested;
    uint8_t alert;
    char group[GROUP_MAX];
    char error[ERROR_MAX];
};

/* ---- contexts ---- */

/* OpenSSL's names, joined by colons; it leaves out those that it does not know. */
static void cipher_list(char out[static CIPHERS_MAX], const struct handshake_terms *terms) {
    uint16_t suites[HELLO_SUITES_MAX];
    struct offer_scope scope = {.max = terms->max, .small = terms->small};
    size_t count = offer_suites(terms->suites, scope, suites), used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct suite *suite = suite_find(suites[i]);
        if (suite && !(suite->flags & SUITE_TLS13) && *suite->openssl_name)
            used += (size_t)snprintf(out + used, CIPHERS_MAX - used, "%s%s", used ? ":" : "", suite->openssl_name);
    }
}

static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg) {
    struct handshake *handshake = SSL_get_app_data(ssl);
    const uint8_t *octets = data;
    (void)arg;
    if (sent || handshake == NULL || len == 0)
        return;
    if (type == SSL3_RT_HANDSHAKE && octets[0] == SSL3_MT_CERTIFICATE_REQUEST)
        handshake->certificate_requested = true;
    if (type != SSL3_RT_ALERT || len != ALERT_OCTETS)
        return;
    /* TLS 1.3 ignores the level (RFC 8446 section 6); before a selection its number is only our offer. */
    bool tls13 = version == TLS1_3_VERSION && SSL_get_pending_cipher(ssl) != NULL;
    bool ends = octets[0] == SSL3_AL_FATAL || octets[1] == SSL3_AD_CLOSE_NOTIFY ||
                (tls13 && octets[1] != SSL_AD_USER_CANCELLED);
    if (ends) {
        handshake->alert_received = true;
        handshake->alert = octets[1];
    }
}

/* Is it one of the known groups (RFC 7919, RFC 3526)? Their private keys are short, whatever the group's size: 8,192
 * bits take 7 ms. */
static bool is_known_group(const EVP_PKEY *key) {
    char name[GROUP_MAX];
    size_t len;
    return EVP_PKEY_get_group_name(key, name, sizeof name, &len) == 1;
}

/* A security callback: whether OpenSSL may go on. All is allowed but a finite-field group of the server's own that is
 * so large that its arithmetic holds up every other probe of the loop: 10,000 bits take a second. */
static int allow_but_huge_dh(const SSL *ssl, const SSL_CTX *context, int operation, int bits, int nid, void *other,
                             void *data) {
    (void)ssl;
    (void)context;
    (void)bits;
    (void)nid;
    (void)data;
    return operation != SSL_SECOP_TMP_DH || other == NULL || EVP_PKEY_get_bits(other) <= DH_BITS_MAX ||
           (EVP_PKEY_get_bits(other) <= DH_BITS_KNOWN_MAX && is_known_group(other));
}

/* Everything that is the same for all offers. */
static void set_manners(SSL_CTX *context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_security_callback(context, allow_but_huge_dh);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | SSL_OP_TLSEXT_PADDING |
                                     SSL_OP_NO_RENEGOTIATION); /* one handshake, one set of facts */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context,
                              FLIGHT_MAX_OCTETS); /* as much as comes in clear; OpenSSL's own bound is 100 KB */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_msg_callback(context, on_message);
}

/* Everything that could be a server's only signature algorithm, SHA-1 too; and the commonest. */
static const char SIGNATURES[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                                 "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
                                 "RSA+SHA256:RSA+SHA384:RSA+SHA512:ed25519:ed448:DSA+SHA256:ECDSA+SHA224:RSA+SHA224:"
                                 "ECDSA+SHA1:RSA+SHA1:DSA+SHA1";
static const char SIGNATURES_SMALL[] = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA+SHA384:RSA+SHA1";

/* As offer_groups() has them, as far as OpenSSL does. */
static const char GROUPS[] =
    "X25519:P-256:P-384:P-521:X448:ffdhe2048:ffdhe3072:ffdhe4096:brainpoolP256r1:secp256k1:ffdhe6144:ffdhe8192:"
    "brainpoolP384r1:brainpoolP512r1:P-224:sect163k1:sect163r1:sect163r2:sect193r1:sect193r2:sect233k1:sect233r1:"
    "sect239k1:sect283k1:sect283r1:sect409k1:sect409r1:sect571k1:sect571r1:secp160k1:secp160r1:secp160r2:secp192k1:"
    "P-192:secp224k1";
static const char GROUPS_OF_SMALL[] = "X25519:P-256:P-384:P-521:X448:ffdhe2048:ffdhe3072:ffdhe4096";

/* All five of TLS 1.3, CCM too. */
static const char TLS13_CIPHERS[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
                                    "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

/* Those of the list, names joined by colons, that this OpenSSL knows. */
static void known_groups(SSL_CTX *context, const char *list, char out[static GROUPS_MAX], size_t used) {
    char name[GROUP_MAX];
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ":");
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        if (SSL_CTX_set1_groups_list(context, name) == 1)
            used += (size_t)snprintf(out + used, GROUPS_MAX - used, "%s%s", used ? ":" : "", name);
        at += len + (at[len] == ':');
    }
    ERR_clear_error();
}

/* What is offered, outright, so that neither the library's default nor the host's openssl.cnf decides. */
static bool set_offer(SSL_CTX *context, const struct handshake_terms *terms) {
    char ciphers[CIPHERS_MAX], groups[GROUPS_MAX] = "";
    size_t used = terms->hybrids ? (size_t)snprintf(groups, sizeof groups, "%s", HYBRID_OFFER_GROUPS) : 0;
    cipher_list(ciphers, terms);
    known_groups(context, terms->small ? GROUPS_OF_SMALL : GROUPS, groups, used);
    if (terms->staple)
        SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
    if (terms->small)
        SSL_CTX_clear_options(context, SSL_OP_TLSEXT_PADDING);
    return SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, terms->max) == 1 && SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
           SSL_CTX_set_ciphersuites(context, TLS13_CIPHERS) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, terms->small ? SIGNATURES_SMALL : SIGNATURES) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1;
}

static SSL_CTX *context_for(enum handshake_offer offer, OSSL_LIB_CTX *library) {
    SSL_CTX *context = SSL_CTX_new_ex(library, NULL, TLS_client_method());
    if (context)
        set_manners(context);
    if (context == NULL || !set_offer(context, handshake_terms(offer))) {
        fputs("mxgrade: OpenSSL cannot be set up; version 3.0 or newer is needed\n", stderr);
        abort();
    }
    return context;
}

struct handshake_contexts *handshake_contexts_new(void) {
    struct handshake_contexts *contexts = mem_alloc(sizeof *contexts);
    /* The host's openssl.cnf must not narrow what is offered. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    contexts->hybrids = hybrid_offer_open();
    for (unsigned i = 0; i < HANDSHAKE_OFFER_COUNT; i++)
        contexts->by_offer[i] = context_for((enum handshake_offer)i, contexts->hybrids.openssl.library);
    return contexts;
}

void handshake_contexts_free(struct handshake_contexts **contexts) {
    if (*contexts == NULL)
        return;
    for (size_t i = 0; i < HANDSHAKE_OFFER_COUNT; i++)
        SSL_CTX_free((*contexts)->by_offer[i]);
    hybrid_offer_close(&(*contexts)->hybrids);
    free(*contexts);
    *contexts = NULL;
}

/* ---- one handshake ---- */

struct handshake *handshake_new(const struct handshake_contexts *contexts, enum handshake_offer offer,
                                const char *server_name) {
    struct handshake *handshake = mem_alloc(sizeof *handshake);
    handshake->ssl = SSL_new(contexts->by_offer[offer]);
    handshake->in = BIO_new(BIO_s_mem());
    handshake->out = BIO_new(BIO_s_mem());
    if (!handshake->ssl || !handshake->in || !handshake->out)
        abort(); /* out of memory, see mem.h */
    SSL_set_bio(handshake->ssl, handshake->in, handshake->out);
    SSL_set_app_data(handshake->ssl, handshake);
    SSL_set_connect_state(handshake->ssl);
    if (*server_name)
        SSL_set_tlsext_host_name(handshake->ssl, server_name);
    return handshake;
}

void handshake_free(struct handshake **handshake) {
    if (*handshake == NULL)
        return;
    SSL_free((*handshake)->ssl);
    free(*handshake);
    *handshake = NULL;
    ERR_clear_error();
}

/* Errors that say what this OpenSSL no longer does, where another client might go on. */
static bool is_unsupported(unsigned long code) {
    static const int reasons[] = {SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_DH_KEY_TOO_SMALL, SSL_R_UNSUPPORTED_ELLIPTIC_CURVE,
                                  SSL_R_WRONG_CURVE, SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED};
    for (size_t i = 0; ERR_GET_LIB(code) == ERR_LIB_SSL && i < sizeof reasons / sizeof *reasons; i++)
        if (ERR_GET_REASON(code) == reasons[i])
            return true;
    return false;
}

/* Another client may read it, or nobody. */
static bool is_unreadable_certificate(unsigned long code) {
    int library = ERR_GET_LIB(code), reason = ERR_GET_REASON(code);
    bool of_key = reason == SSL_R_UNKNOWN_CERTIFICATE_TYPE || reason == SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS;
    return library == ERR_LIB_ASN1 || library == ERR_LIB_X509 || (library == ERR_LIB_SSL && of_key);
}

static enum handshake_state handshake_fail(struct handshake *handshake, const char *fallback) {
    unsigned long code = ERR_peek_error();
    handshake->unsupported = !handshake->alert_received && is_unsupported(code);
    handshake->unreadable = !handshake->alert_received && is_unreadable_certificate(code);
    const char *why = code ? ERR_reason_error_string(code) : NULL;
    why = why ? why : fallback;
    text_sanitise(handshake->error, sizeof handshake->error, why, strlen(why));
    return handshake->state = HANDSHAKE_FAILED;
}

/* The group's name, or "dhe-2048" where a server brought a finite-field group of its own; stays empty without (EC)DHE.
 */
static void note_group(struct handshake *handshake) {
    EVP_PKEY *key = NULL;
    int id = (int)SSL_get_negotiated_group(handshake->ssl);
    const char *name = id == NID_undef ? NULL : SSL_group_to_name(handshake->ssl, id);
    if (name)
        snprintf(handshake->group, sizeof handshake->group, "%s", name);
    else if (SSL_get_peer_tmp_key(handshake->ssl, &key) == 1 && EVP_PKEY_get_base_id(key) == EVP_PKEY_DH)
        snprintf(handshake->group, sizeof handshake->group, "dhe-%d", EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
}

enum handshake_state handshake_feed(struct handshake *handshake, const uint8_t *data, size_t len) {
    if (handshake->state == HANDSHAKE_FAILED)
        return handshake->state;
    bool done = handshake->state == HANDSHAKE_DONE;
    if (!done && len > INPUT_MAX - handshake->received)
        return handshake_fail(handshake, "too many octets before the handshake was done");
    if (len > 0 && BIO_write(handshake->in, data, (int)len) != (int)len)
        return handshake_fail(handshake, "out of memory");
    if (done)
        return handshake->state;
    handshake->received += len;
    ERR_clear_error();
    int result = SSL_do_handshake(handshake->ssl);
    int error = SSL_get_error(handshake->ssl, result);
    if (result == 1) {
        handshake->state = HANDSHAKE_DONE;
        note_group(handshake);
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        handshake_fail(handshake, "the handshake failed");
    }
    ERR_clear_error();
    return handshake->state;
}

uint8_t *handshake_output(struct handshake *handshake, size_t *len) {
    char *data;
    long pending = BIO_get_mem_data(handshake->out, &data);
    *len = pending > 0 ? (size_t)pending : 0;
    if (*len == 0)
        return NULL;
    uint8_t *copy = mem_alloc(*len);
    memcpy(copy, data, *len);
    (void)BIO_reset(handshake->out);
    return copy;
}

size_t handshake_read(struct handshake *handshake, uint8_t *out, size_t cap, bool *closed) {
    ERR_clear_error();
    int got = SSL_read(handshake->ssl, out, (int)cap);
    if (got <= 0 && SSL_get_error(handshake->ssl, got) != SSL_ERROR_WANT_READ)
        *closed = true;
    ERR_clear_error();
    return got > 0 ? (size_t)got : 0;
}

void handshake_write(struct handshake *handshake, const void *data, size_t len) {
    ERR_clear_error();
    (void)SSL_write(handshake->ssl, data, (int)len); /* a memory BIO takes all; a broken stream shows on read */
    ERR_clear_error();
}

void handshake_close(struct handshake *handshake) {
    if (handshake->state == HANDSHAKE_DONE)
        (void)SSL_shutdown(handshake->ssl);
    ERR_clear_error();
}

/* ---- what it brought ---- */

/* Such as "rsa_pss_sha256": TLS's word for what key type and digest make; "" for a pair that has none. */
static const char *signature_of(SSL *ssl) {
    static const struct {
        int key, digest;
        const char *name;
    } table[] = {{EVP_PKEY_RSA, NID_sha256, "rsa_pkcs1_sha256"},   {EVP_PKEY_RSA, NID_sha384, "rsa_pkcs1_sha384"},
                 {EVP_PKEY_RSA, NID_sha512, "rsa_pkcs1_sha512"},   {EVP_PKEY_RSA, NID_sha1, "rsa_pkcs1_sha1"},
                 {EVP_PKEY_RSA, NID_md5_sha1, "rsa_md5_sha1"},     {EVP_PKEY_RSA_PSS, NID_sha256, "rsa_pss_sha256"},
                 {EVP_PKEY_RSA_PSS, NID_sha384, "rsa_pss_sha384"}, {EVP_PKEY_RSA_PSS, NID_sha512, "rsa_pss_sha512"},
                 {EVP_PKEY_EC, NID_sha256, "ecdsa_sha256"},        {EVP_PKEY_EC, NID_sha384, "ecdsa_sha384"},
                 {EVP_PKEY_EC, NID_sha512, "ecdsa_sha512"},        {EVP_PKEY_EC, NID_sha1, "ecdsa_sha1"},
                 {EVP_PKEY_RSA, NID_sha224, "rsa_pkcs1_sha224"},   {EVP_PKEY_EC, NID_sha224, "ecdsa_sha224"},
                 {EVP_PKEY_DSA, NID_sha256, "dsa_sha256"},         {EVP_PKEY_DSA, NID_sha1, "dsa_sha1"},
                 {EVP_PKEY_ED25519, NID_undef, "ed25519"},         {EVP_PKEY_ED448, NID_undef, "ed448"}};
    int key = NID_undef, digest = NID_undef;
    (void)SSL_get_peer_signature_nid(ssl, &digest);
    if (SSL_get_peer_signature_type_nid(ssl, &key) != 1)
        return "";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].key == key && (table[i].digest == digest || table[i].digest == NID_undef))
            return table[i].name;
    return "";
}

/* Of the server's certificate, as suites name it: EdDSA goes with those of ECDSA (RFC 8422 section 5.1.1). */
static unsigned key_of(const SSL *ssl) {
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    const EVP_PKEY *key = leaf ? X509_get0_pubkey(leaf) : NULL;
    switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return SUITE_BY_RSA;
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return SUITE_BY_ECDSA;
    default:
        return 0;
    }
}

struct handshake_info handshake_info(const struct handshake *handshake) {
    SSL *ssl = handshake->ssl;
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    bool done = handshake->state == HANDSHAKE_DONE;
    struct handshake_info info = {
        .version = cipher ? (uint16_t)SSL_version(ssl) : 0,
        .suite = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0,
        .group = handshake->group,
        .signature = done ? signature_of(ssl) : "",
        .alert_received = handshake->alert_received,
        .alert = handshake->alert,
        .error = handshake->error,
        .server_selected = cipher != NULL,
        .unsupported = handshake->unsupported,
        .unreadable = handshake->unreadable,
        .certificate_requested = handshake->certificate_requested,
        .key = done ? key_of(ssl) : 0,
    };
    ERR_clear_error();
    return info;
}

bool handshake_stapled(const struct handshake *handshake) {
    const unsigned char *response;
    return SSL_get_tlsext_status_ocsp_resp(handshake->ssl, &response) > 0;
}

static void write_length(uint8_t *out, size_t len) {
    out[0] = (uint8_t)(len >> 16);
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
}

uint8_t *handshake_certificates(const struct handshake *handshake, size_t *len) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(handshake->ssl);
    uint8_t *list = NULL;
    size_t used = LENGTH_OCTETS;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        unsigned char *der = NULL;
        int der_len = i2d_X509(sk_X509_value(chain, i), &der);
        if (der_len > 0) {
            list = mem_realloc(list, used + LENGTH_OCTETS + (size_t)der_len);
            write_length(list + used, (size_t)der_len);
            memcpy(list + used + LENGTH_OCTETS, der, (size_t)der_len);
            used += LENGTH_OCTETS + (size_t)der_len;
        }
        OPENSSL_free(der);
    }
    if (list)
        write_length(list, used - LENGTH_OCTETS);
    *len = list ? used : 0;
    return list;
}
