// link: mxg_cert
/* test_handshake.c - full handshakes with an OpenSSL server in this process, over memory; and servers made of bytes.
 * The host's openssl.cnf is one that narrows everything (see main()): it must not matter.
 */
#include "tls/handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS_MAX = 20, ALERT_HANDSHAKE_FAILURE = 40, ALERT_PROTOCOL_VERSION = 70, TOO_MUCH = 512 * 1024 + 1 };
#define ALL "ALL:COMPLEMENTOFALL:!aNULL:!eNULL"

/* A server and us. */
struct pair {
    SSL_CTX *context;
    SSL *server;
    BIO *in, *out; /* owned by server */
    struct handshake *handshake;
    enum handshake_state state;
    char server_name[64];
};

static struct handshake_contexts *contexts;
static EVP_PKEY *ec_key, *rsa_key;
static X509 *ec_certificate, *rsa_certificate;

/* ---- the server ---- */

static X509 *self_signed(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"mx.example.org", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

static int note_server_name(SSL *server, int *alert, void *arg) {
    struct pair *pair = arg;
    const char *name = SSL_get_servername(server, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    snprintf(pair->server_name, sizeof pair->server_name, "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

struct server {
    int least, most;
    const char *ciphers;
    bool rsa;
    const char *groups; /* NULL: OpenSSL's */
};

static struct pair *open_pair(const struct server *wanted, enum handshake_offer offer, const char *server_name) {
    struct pair *pair = calloc(1, sizeof *pair);
    pair->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(pair->context, 0);
    SSL_CTX_set_dh_auto(pair->context, 1);
    SSL_CTX_set_tlsext_servername_callback(pair->context, note_server_name);
    SSL_CTX_set_tlsext_servername_arg(pair->context, pair);
    assert_int_equal(SSL_CTX_set_min_proto_version(pair->context, wanted->least), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(pair->context, wanted->most), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(pair->context, wanted->ciphers), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(pair->context, "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_8_SHA256"), 1);
    assert_int_equal(SSL_CTX_set1_groups_list(pair->context, wanted->groups ? wanted->groups : "X25519:P-256"), 1);
    assert_int_equal(SSL_CTX_use_certificate(pair->context, wanted->rsa ? rsa_certificate : ec_certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(pair->context, wanted->rsa ? rsa_key : ec_key), 1);
    pair->server = SSL_new(pair->context);
    pair->in = BIO_new(BIO_s_mem());
    pair->out = BIO_new(BIO_s_mem());
    SSL_set_bio(pair->server, pair->in, pair->out);
    SSL_set_accept_state(pair->server);
    pair->handshake = handshake_new(contexts, offer, server_name);
    return pair;
}

static void close_pair(struct pair **pair) {
    handshake_free(&(*pair)->handshake);
    SSL_free((*pair)->server);
    SSL_CTX_free((*pair)->context);
    free(*pair);
    *pair = NULL;
    ERR_clear_error();
}

/* What we have to send goes to the server. */
static bool to_server(struct pair *pair) {
    size_t len;
    uint8_t *data = handshake_output(pair->handshake, &len);
    if (data)
        assert_int_equal(BIO_write(pair->in, data, (int)len), (int)len);
    free(data);
    return data != NULL;
}

/* What the server has to send comes to us, piece octets at a time. */
static bool to_client(struct pair *pair, size_t piece) {
    uint8_t data[16384];
    bool any = false;
    for (int got; (got = BIO_read(pair->out, data, (int)(piece < sizeof data ? piece : sizeof data))) > 0; any = true)
        pair->state = handshake_feed(pair->handshake, data, (size_t)got);
    return any;
}

static void run_in_pieces(struct pair *pair, size_t piece) {
    pair->state = handshake_feed(pair->handshake, NULL, 0);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool moved = to_server(pair);
        if (!SSL_is_init_finished(pair->server))
            (void)SSL_do_handshake(pair->server);
        if (!to_client(pair, piece) && !moved)
            break;
    }
    ERR_clear_error();
}

static struct pair *meet(const struct server *wanted, enum handshake_offer offer) {
    struct pair *pair = open_pair(wanted, offer, "mx.example.org");
    run_in_pieces(pair, SIZE_MAX);
    return pair;
}

/* ---- handshakes that complete ---- */

static const struct {
    struct server server;
    enum handshake_offer offer;
    uint16_t version, suite;
    const char *group, *signature;
} COMPLETE[] = {
    {{TLS1_VERSION, TLS1_VERSION, "ECDHE-RSA-AES128-SHA", true, NULL},
     HANDSHAKE_LEGACY,
     TLS1_VERSION,
     0xC013,
     "x25519",
     "rsa_md5_sha1"},
    {{TLS1_1_VERSION, TLS1_1_VERSION, "AES128-SHA", true, NULL}, HANDSHAKE_ANY, TLS1_1_VERSION, 0x002F, "", ""},
    {{TLS1_2_VERSION, TLS1_2_VERSION, ALL, false, NULL},
     HANDSHAKE_LEGACY,
     TLS1_2_VERSION,
     0xC02B,
     "x25519",
     "ecdsa_sha256"},
    {{TLS1_2_VERSION, TLS1_3_VERSION, ALL, true, NULL},
     HANDSHAKE_LEGACY,
     TLS1_2_VERSION,
     0xC02F,
     "x25519",
     "rsa_pss_sha256"},
    {{TLS1_2_VERSION, TLS1_2_VERSION, ALL, true, "P-384"},
     HANDSHAKE_LEGACY,
     TLS1_2_VERSION,
     0xC02F,
     "secp384r1",
     "rsa_pss_sha256"},
    {{TLS1_2_VERSION, TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", true, NULL},
     HANDSHAKE_ANY,
     TLS1_2_VERSION,
     0x009E,
     "dhe-2048",
     "rsa_pss_sha256"},
    {{TLS1_3_VERSION, TLS1_3_VERSION, ALL, true, NULL},
     HANDSHAKE_ANY,
     TLS1_3_VERSION,
     0x1301,
     "x25519",
     "rsa_pss_sha256"},
    {{TLS1_3_VERSION, TLS1_3_VERSION, ALL, false, "P-521"}, /* by way of a HelloRetryRequest */
     HANDSHAKE_ANY,
     TLS1_3_VERSION,
     0x1301,
     "secp521r1",
     "ecdsa_sha256"},
    {{TLS1_3_VERSION, TLS1_3_VERSION, ALL, true, NULL}, /* hybrids offered, none there: a HelloRetryRequest again */
     HANDSHAKE_FIRST,
     TLS1_3_VERSION,
     0x1301,
     "x25519",
     "rsa_pss_sha256"},
    {{TLS1_2_VERSION, TLS1_2_VERSION, ALL, true, NULL},
     HANDSHAKE_FIRST,
     TLS1_2_VERSION,
     0xC02F,
     "x25519",
     "rsa_pss_sha256"},
    {{TLS1_3_VERSION, TLS1_3_VERSION, ALL, false, "ffdhe4096"},
     HANDSHAKE_ANY,
     TLS1_3_VERSION,
     0x1301,
     "ffdhe4096",
     "ecdsa_sha256"},
};

static void every_version_completes_and_tells_what_it_used(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof COMPLETE / sizeof *COMPLETE; i++) {
        struct pair *pair = meet(&COMPLETE[i].server, COMPLETE[i].offer);
        struct handshake_info info = handshake_info(pair->handshake);
        if (pair->state != HANDSHAKE_DONE)
            fail_msg("case %zu: %s", i, info.error);
        assert_true(info.server_selected);
        assert_false(info.alert_received);
        assert_int_equal(info.version, COMPLETE[i].version);
        assert_int_equal(info.suite, COMPLETE[i].suite);
        assert_string_equal(info.group, COMPLETE[i].group);
        assert_string_equal(info.signature, COMPLETE[i].signature);
        close_pair(&pair);
    }
}

static void octets_may_come_one_by_one(void **state) {
    (void)state;
    static const struct server both = {TLS1_2_VERSION, TLS1_3_VERSION, ALL, false, NULL};
    for (unsigned offer = 0; offer < HANDSHAKE_OFFER_COUNT; offer++) {
        struct pair *pair = open_pair(&both, (enum handshake_offer)offer, "mx.example.org");
        run_in_pieces(pair, 1);
        assert_int_equal(pair->state, HANDSHAKE_DONE);
        close_pair(&pair);
    }
}

static void the_certificates_are_the_servers(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_3_VERSION, ALL, false, NULL};
    struct pair *pair = meet(&server, HANDSHAKE_ANY);
    size_t len;
    unsigned char *der = NULL;
    uint8_t *list = handshake_certificates(pair->handshake, &len);
    int der_len = i2d_X509(ec_certificate, &der);
    assert_non_null(list);
    assert_int_equal(len, 6 + der_len);
    assert_int_equal(list[1] << 8 | list[2], 3 + der_len);
    assert_int_equal(list[4] << 8 | list[5], der_len);
    assert_memory_equal(list + 6, der, (size_t)der_len);
    OPENSSL_free(der);
    free(list);
    close_pair(&pair);
}

static void the_server_name_is_sent_unless_empty(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_3_VERSION, ALL, false, NULL};
    static const char *const names[] = {"mx.example.org", ""};
    for (size_t i = 0; i < 2; i++) {
        struct pair *pair = open_pair(&server, HANDSHAKE_ANY, names[i]);
        run_in_pieces(pair, SIZE_MAX);
        assert_int_equal(pair->state, HANDSHAKE_DONE);
        assert_string_equal(pair->server_name, names[i]);
        close_pair(&pair);
    }
}

/* ---- inside ---- */

static void lines_go_both_ways_and_both_may_close(void **state) {
    (void)state;
    static const int versions[] = {TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 3; i++) {
        struct server server = {versions[i], versions[i], ALL, false, NULL};
        struct pair *pair = meet(&server, HANDSHAKE_ANY);
        uint8_t line[64];
        bool closed = false;
        assert_int_equal(pair->state, HANDSHAKE_DONE);
        assert_int_equal(handshake_read(pair->handshake, line, sizeof line, &closed), 0);
        assert_false(closed);
        handshake_write(pair->handshake, "EHLO us\r\n", 9);
        to_server(pair);
        assert_int_equal(SSL_read(pair->server, line, sizeof line), 9);
        assert_memory_equal(line, "EHLO us\r\n", 9);
        assert_int_equal(SSL_write(pair->server, "250 hello\r\n", 11), 11);
        to_client(pair, 5);
        assert_int_equal(handshake_read(pair->handshake, line, 4, &closed), 4);
        assert_int_equal(handshake_read(pair->handshake, line + 4, sizeof line - 4, &closed), 7);
        assert_memory_equal(line, "250 hello\r\n", 11);
        assert_false(closed);
        handshake_close(pair->handshake);
        to_server(pair);
        assert_int_equal(SSL_read(pair->server, line, sizeof line), 0);
        assert_true(SSL_get_shutdown(pair->server) & SSL_RECEIVED_SHUTDOWN);
        SSL_shutdown(pair->server);
        to_client(pair, SIZE_MAX);
        assert_int_equal(handshake_read(pair->handshake, line, sizeof line, &closed), 0);
        assert_true(closed);
        close_pair(&pair);
    }
}

static void a_broken_stream_is_closed(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_2_VERSION, ALL, false, NULL};
    struct pair *pair = meet(&server, HANDSHAKE_ANY);
    uint8_t line[64];
    bool closed = false;
    assert_int_equal(handshake_feed(pair->handshake, (const uint8_t *)"\x17\x03\x03\x00\x04junk", 9), HANDSHAKE_DONE);
    assert_int_equal(handshake_read(pair->handshake, line, sizeof line, &closed), 0);
    assert_true(closed);
    handshake_write(pair->handshake, "EHLO us\r\n", 9);
    close_pair(&pair);
}

static void a_renegotiation_is_refused(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_2_VERSION, ALL, false, NULL};
    struct pair *pair = meet(&server, HANDSHAKE_ANY);
    uint8_t line[64];
    bool closed = false;
    assert_int_equal(SSL_renegotiate(pair->server), 1);
    (void)SSL_do_handshake(pair->server); /* HelloRequest */
    to_client(pair, SIZE_MAX);
    assert_int_equal(handshake_read(pair->handshake, line, sizeof line, &closed), 0);
    size_t len;
    uint8_t *answer = handshake_output(pair->handshake, &len);
    assert_non_null(answer);
    assert_int_equal(answer[0], SSL3_RT_ALERT);
    free(answer);
    close_pair(&pair);
}

/* ---- handshakes that fail ---- */

static void a_tls13_only_server_refuses_the_legacy_offer(void **state) {
    (void)state;
    static const struct server server = {TLS1_3_VERSION, TLS1_3_VERSION, ALL, false, NULL};
    struct pair *pair = meet(&server, HANDSHAKE_LEGACY);
    struct handshake_info info = handshake_info(pair->handshake);
    size_t len;
    assert_int_equal(pair->state, HANDSHAKE_FAILED);
    assert_true(info.alert_received);
    assert_int_equal(info.alert, ALERT_PROTOCOL_VERSION);
    assert_false(info.server_selected);
    assert_int_equal(info.version, 0);
    assert_true(*info.error != '\0');
    assert_null(handshake_certificates(pair->handshake, &len));
    assert_int_equal(len, 0);
    close_pair(&pair);
}

static int give_up(SSL *ssl, void *arg) {
    (void)ssl;
    (void)arg;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Gives the client a response. */
static int staple(SSL *ssl, void *arg) {
    static const unsigned char response[] = {0x30, 0x03, 0x0A, 0x01, 0x06};
    (void)arg;
    unsigned char *copy = OPENSSL_memdup(response, sizeof response);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, sizeof response);
    return SSL_TLSEXT_ERR_OK;
}

static void a_stapled_response_is_noticed(void **state) {
    (void)state;
    static const struct server servers[] = {{TLS1_2_VERSION, TLS1_2_VERSION, ALL, true, NULL},
                                            {TLS1_3_VERSION, TLS1_3_VERSION, ALL, true, NULL}};
    for (size_t i = 0; i < 2; i++) {
        struct pair *pair = open_pair(&servers[i], HANDSHAKE_STAPLE, "mx.example.org");
        SSL_CTX_set_tlsext_status_cb(pair->context, staple);
        run_in_pieces(pair, SIZE_MAX);
        assert_int_equal(pair->state, HANDSHAKE_DONE);
        assert_true(handshake_stapled(pair->handshake));
        close_pair(&pair);
    }
}

static void only_one_offer_asks_for_a_staple_because_some_servers_break_over_it(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_2_VERSION, ALL, false, NULL};
    for (unsigned offer = 0; offer < HANDSHAKE_OFFER_COUNT; offer++) {
        enum handshake_state expected = offer == HANDSHAKE_STAPLE ? HANDSHAKE_FAILED : HANDSHAKE_DONE;
        struct pair *pair = open_pair(&server, (enum handshake_offer)offer, "mx.example.org");
        SSL_CTX_set_tlsext_status_cb(pair->context, give_up); /* called if a response is asked for */
        run_in_pieces(pair, SIZE_MAX);
        assert_int_equal(pair->state, expected);
        close_pair(&pair);
    }
}

/* A ServerHello without extensions in one record, as old servers send it; out holds 47 octets. */
static size_t server_hello(uint8_t *out, uint8_t minor, uint16_t suite) {
    enum { HELLO_OCTETS = 47, SUITE_AT = 44 };
    static const uint8_t head[] = {SSL3_RT_HANDSHAKE, 3, 0, 0, 42, SSL3_MT_SERVER_HELLO, 0, 0, 38, 3, 0};
    memset(out, 0, HELLO_OCTETS);
    memcpy(out, head, sizeof head);
    out[2] = out[10] = minor;
    out[SUITE_AT] = (uint8_t)(suite >> 8);
    out[SUITE_AT + 1] = (uint8_t)suite;
    return HELLO_OCTETS;
}

/* SSLv3 is beyond OpenSSL: its answer must not pass for a TLS 1.2 that broke. */
static void what_was_not_offered_is_no_selection(void **state) {
    (void)state;
    static const struct {
        uint8_t minor;
        uint16_t suite;
        enum handshake_offer offer;
    } cases[] = {{0, 0x0035, HANDSHAKE_LEGACY}, {0, 0x0035, HANDSHAKE_ANY}, {3, 0x0005, HANDSHAKE_LEGACY},
                 {3, 0x0005, HANDSHAKE_ANY},    {3, 0xC018, HANDSHAKE_ANY}, {4, 0x1301, HANDSHAKE_LEGACY},
                 {9, 0xC02F, HANDSHAKE_ANY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t hello[64];
        size_t len, sent = server_hello(hello, cases[i].minor, cases[i].suite);
        struct handshake *handshake = handshake_new(contexts, cases[i].offer, "");
        assert_int_equal(handshake_feed(handshake, NULL, 0), HANDSHAKE_MORE);
        free(handshake_output(handshake, &len));
        assert_int_equal(handshake_feed(handshake, hello, sent), HANDSHAKE_FAILED);
        struct handshake_info info = handshake_info(handshake);
        if (info.server_selected || info.version || info.suite || info.alert_received)
            fail_msg("case %zu: version %x suite %x", i, info.version, info.suite);
        uint8_t *alert = handshake_output(handshake, &len);
        assert_non_null(alert);
        assert_int_equal(alert[0], SSL3_RT_ALERT);
        free(alert);
        handshake_free(&handshake);
    }
}

/* RFC 8446 section 4.1.4: the group that the server wants. It is one of those that we only offer. */
static void a_hybrid_group_ends_the_handshake_with_an_alert(void **state) {
    (void)state;
    static const uint8_t retry_random[] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                           0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                           0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};
    enum { RECORD = 5, HELLO_SESSION_AT = 43, SESSION = 32 };
    uint8_t message[128] = {SSL3_RT_HANDSHAKE, 3, 3, 0, 0, SSL3_MT_SERVER_HELLO, 0, 0, 0, 3, 3};
    static const uint8_t tail[] = {0x13, 0x01, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xEC};
    size_t hello_len, len;
    struct handshake *handshake = handshake_new(contexts, HANDSHAKE_FIRST, "mx.example.org");
    assert_int_equal(handshake_feed(handshake, NULL, 0), HANDSHAKE_MORE);
    uint8_t *hello = handshake_output(handshake, &hello_len);
    assert_int_equal(hello[HELLO_SESSION_AT], SESSION);
    memcpy(message + 11, retry_random, sizeof retry_random);
    memcpy(message + 43, hello + HELLO_SESSION_AT, 1 + SESSION); /* echoed */
    memcpy(message + 43 + 1 + SESSION, tail, sizeof tail);
    size_t sent = 43 + 1 + SESSION + sizeof tail;
    message[4] = (uint8_t)(sent - RECORD);
    message[8] = (uint8_t)(sent - RECORD - 4);
    assert_int_equal(handshake_feed(handshake, message, sent), HANDSHAKE_FAILED);
    assert_false(handshake_info(handshake).alert_received);
    uint8_t *alert = handshake_output(handshake, &len);
    assert_non_null(alert);
    assert_true(len >= 7); /* a change_cipher_spec may stand before it */
    assert_int_equal(alert[len - 7], SSL3_RT_ALERT);
    free(alert);
    free(hello);
    handshake_free(&handshake);
}

static void a_selection_that_breaks_is_told_with_version_and_suite(void **state) {
    (void)state;
    static const uint8_t alert[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, ALERT_HANDSHAKE_FAILURE};
    uint8_t hello[64];
    size_t len, sent = server_hello(hello, 3, 0xC02F);
    struct handshake *handshake = handshake_new(contexts, HANDSHAKE_LEGACY, "");
    (void)handshake_feed(handshake, NULL, 0);
    free(handshake_output(handshake, &len));
    assert_int_equal(handshake_feed(handshake, hello, sent), HANDSHAKE_MORE);
    assert_true(handshake_info(handshake).server_selected); /* known even if nothing more ever comes */
    assert_int_equal(handshake_feed(handshake, alert, sizeof alert), HANDSHAKE_FAILED);
    struct handshake_info info = handshake_info(handshake);
    assert_true(info.server_selected);
    assert_int_equal(info.version, TLS1_2_VERSION);
    assert_int_equal(info.suite, 0xC02F);
    assert_true(info.alert_received);
    assert_int_equal(info.alert, ALERT_HANDSHAKE_FAILURE);
    assert_int_equal(handshake_feed(handshake, hello, sent), HANDSHAKE_FAILED);
    handshake_free(&handshake);
}

static void warnings_are_no_alerts(void **state) {
    (void)state;
    static const uint8_t warning[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_WARNING, SSL_AD_UNRECOGNIZED_NAME};
    struct handshake *handshake = handshake_new(contexts, HANDSHAKE_ANY, "mx.example.org");
    (void)handshake_feed(handshake, NULL, 0);
    assert_int_equal(handshake_feed(handshake, warning, sizeof warning), HANDSHAKE_MORE);
    assert_int_equal(handshake_feed(handshake, (const uint8_t *)"250 what?\r\n", 11), HANDSHAKE_FAILED);
    assert_false(handshake_info(handshake).alert_received);
    handshake_free(&handshake);
}

static void input_is_bounded(void **state) {
    (void)state;
    uint8_t *much = calloc(1, TOO_MUCH);
    struct handshake *handshake = handshake_new(contexts, HANDSHAKE_ANY, "");
    (void)handshake_feed(handshake, NULL, 0);
    assert_int_equal(handshake_feed(handshake, much, TOO_MUCH), HANDSHAKE_FAILED);
    assert_non_null(strstr(handshake_info(handshake).error, "too many octets"));
    handshake_free(&handshake);
    free(much);
}

static bool in_record_header(const uint8_t *flight, size_t len, size_t at) {
    enum { HEADER = 5 };
    for (size_t record = 0; record + HEADER <= len;
         record += HEADER + (size_t)(flight[record + 3] << 8 | flight[record + 4]))
        if (at >= record && at < record + HEADER)
            return true;
    return false;
}

static void a_flight_altered_anywhere_never_completes(void **state) {
    (void)state;
    static const struct server server = {TLS1_2_VERSION, TLS1_2_VERSION, ALL, false, NULL};
    enum { FLIGHT_MAX = 4096, STEP = 3 };
    for (size_t at = 5, len = FLIGHT_MAX; at < len; at += STEP) {
        struct pair *pair = open_pair(&server, HANDSHAKE_LEGACY, "");
        uint8_t flight[FLIGHT_MAX];
        (void)handshake_feed(pair->handshake, NULL, 0);
        to_server(pair);
        (void)SSL_do_handshake(pair->server);
        int got = BIO_read(pair->out, flight, sizeof flight);
        assert_true(got > 0);
        len = (size_t)got;
        /* A record\'s version is no part of the transcript (RFC 5246 section 7.4.9); ECDSA signatures vary in length.
         */
        if (at >= len || in_record_header(flight, len, at)) {
            close_pair(&pair);
            continue;
        }
        flight[at] ^= 0x55;
        pair->state = handshake_feed(pair->handshake, flight, len);
        to_server(pair);
        (void)SSL_do_handshake(pair->server);
        to_client(pair, SIZE_MAX);
        (void)handshake_info(pair->handshake);
        free(handshake_certificates(pair->handshake, &(size_t){0}));
        assert_int_not_equal(pair->state, HANDSHAKE_DONE);
        close_pair(&pair);
    }
}

/* ---- set-up ---- */

static int set_up(void **state) {
    (void)state;
    ec_key = EVP_EC_gen("P-256");
    rsa_key = EVP_RSA_gen(2048);
    ec_certificate = self_signed(ec_key);
    rsa_certificate = self_signed(rsa_key);
    contexts = handshake_contexts_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    handshake_contexts_free(&contexts);
    X509_free(ec_certificate);
    X509_free(rsa_certificate);
    EVP_PKEY_free(ec_key);
    EVP_PKEY_free(rsa_key);
    return 0;
}

/* An openssl.cnf that allows next to nothing, loaded before anything of ours runs: other libraries in the worker may
 * have done that first. */
static bool load_hostile_configuration(void) {
    static const char text[] = "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = narrow\n[narrow]\n"
                               "MinProtocol = TLSv1.3\nCiphersuites = TLS_AES_256_GCM_SHA384\nGroups = P-384\n"
                               "CipherString = ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=3\n";
    char path[] = "/tmp/test_handshake.XXXXXX";
    int file = mkstemp(path);
    if (file < 0 || write(file, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || close(file) != 0)
        return false;
    bool loaded = setenv("OPENSSL_CONF", path, 1) == 0 && OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1;
    unlink(path);
    return loaded;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_completes_and_tells_what_it_used),
        cmocka_unit_test(octets_may_come_one_by_one),
        cmocka_unit_test(the_certificates_are_the_servers),
        cmocka_unit_test(the_server_name_is_sent_unless_empty),
        cmocka_unit_test(lines_go_both_ways_and_both_may_close),
        cmocka_unit_test(a_broken_stream_is_closed),
        cmocka_unit_test(a_renegotiation_is_refused),
        cmocka_unit_test(a_tls13_only_server_refuses_the_legacy_offer),
        cmocka_unit_test(a_stapled_response_is_noticed),
        cmocka_unit_test(only_one_offer_asks_for_a_staple_because_some_servers_break_over_it),
        cmocka_unit_test(what_was_not_offered_is_no_selection),
        cmocka_unit_test(a_hybrid_group_ends_the_handshake_with_an_alert),
        cmocka_unit_test(a_selection_that_breaks_is_told_with_version_and_suite),
        cmocka_unit_test(warnings_are_no_alerts),
        cmocka_unit_test(input_is_bounded),
        cmocka_unit_test(a_flight_altered_anywhere_never_completes),
    };
    if (!load_hostile_configuration())
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("handshake", tests, set_up, tear_down);
}
