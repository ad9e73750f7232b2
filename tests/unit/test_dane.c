// link: mxg_cert
/* test_dane.c - TLSA records against chains made here: RFC 7671, RFC 7672, and what a hostile zone or server could
 * bring. Each case is judged twice: by dane_judge(), and by a TLS handshake with a client set up as senders do.
 */
#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/dane.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "issue.h"

#define BASE "mx.example.org"
enum { NOW = 1800000000, CHAIN_MOST = 4, RECORDS_MOST = 4, LONG_CHAIN = 24 }; /* NOW: 2027 */

/* A record, made of a certificate. */
struct spec {
    uint8_t usage, selector, matching;
    X509 *of;
    bool wrong; /* one bit of the association data is */
};

struct test_case {
    const char *what;
    struct spec record[RECORDS_MOST]; /* until of is NULL */
    X509 *sent[CHAIN_MOST];           /* until NULL */
    enum tlsa_verdict verdict;
    const char *why; /* part of it; NULL: whatever */
};

static struct dane *dane;
static const struct octets base_name = TEXT(BASE), other_name = TEXT("other.example.org");
static EVP_PKEY *keys[4];
static struct identity root, middle, leaf, stranger;

/* ---- records ---- */

/* The association data of a certificate; the caller frees. */
static uint8_t *association(const struct spec *spec, size_t *len) {
    unsigned char *der = NULL, *data = calloc(1, EVP_MAX_MD_SIZE);
    int octets = spec->selector == TLSA_PUBLIC_KEY ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(spec->of), &der)
                                                   : i2d_X509(spec->of, &der);
    assert_true(octets > 0);
    *len = (size_t)octets;
    if (spec->matching == TLSA_WHOLE) {
        free(data);
        data = malloc(*len);
        memcpy(data, der, *len);
    } else {
        unsigned digest_len;
        const EVP_MD *digest = spec->matching == TLSA_SHA512 ? EVP_sha512() : EVP_sha256();
        assert_int_equal(EVP_Digest(der, *len, data, &digest_len, digest, NULL), 1);
        *len = digest_len;
    }
    data[*len - 1] ^= spec->wrong; /* of a signature or key: still well formed */
    OPENSSL_free(der);
    return data;
}

static void add(struct dane_set *set, const struct spec *spec) {
    size_t len;
    uint8_t rdata[TLSA_RDATA_MAX] = {spec->usage, spec->selector, spec->matching}, *data = association(spec, &len);
    memcpy(rdata + TLSA_FIXED_OCTETS, data, len);
    assert_true(dane_set_add(set, rdata, TLSA_FIXED_OCTETS + len));
    free(data);
}

static struct dane_set *set_of(const struct spec *record) {
    struct dane_set *set = dane_set_new(BASE);
    assert_non_null(set);
    for (size_t i = 0; i < RECORDS_MOST && record[i].of; i++)
        add(set, &record[i]);
    return set;
}

/* A set of one record in zone file form. */
static struct dane_set *set_from_text(const char *text) {
    uint8_t rdata[TLSA_RDATA_MAX];
    size_t len;
    struct dane_set *set = dane_set_new(BASE);
    assert_true(tlsa_from_text(rdata, &len, text));
    assert_true(dane_set_add(set, rdata, len));
    return set;
}

/* ---- the two judges ---- */

static struct dane_result judge_by(const struct dane_set *set, X509 *const *sent, size_t count) {
    size_t len;
    uint8_t *list = list_of(sent, count, &len);
    struct dane_result result = dane_judge(dane, set, list, len, NOW);
    free(list);
    assert_true(text_is_clean(result.why, strlen(result.why)));
    return result;
}

static SSL *server_of(SSL_CTX *context, X509 *const *sent, size_t count, EVP_PKEY *key) {
    SSL_CTX_set_security_level(context, 0);
    assert_int_equal(SSL_CTX_use_certificate(context, sent[0]), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    for (size_t i = 1; i < count; i++)
        assert_int_equal(SSL_CTX_add1_chain_cert(context, sent[i]), 1);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL *ssl = SSL_new(context);
    SSL_set_accept_state(ssl);
    return ssl;
}

/* How Postfix sets a connection up; usable: whether OpenSSL took a record. */
static SSL *client_of(SSL_CTX *context, const struct dane_set *set, bool *usable) {
    assert_int_equal(SSL_CTX_dane_enable(context), 1);
    SSL *ssl = SSL_new(context);
    SSL_set_security_level(ssl, 1);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    assert_int_equal(SSL_dane_enable(ssl, set->base), 1);
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; i < set->count; i++) {
        const uint8_t *rdata = set->record[i].rdata;
        bool smtp = rdata[0] == TLSA_DANE_TA || rdata[0] == TLSA_DANE_EE;
        if (smtp && SSL_dane_tlsa_add(ssl, rdata[0], rdata[1], rdata[2], rdata + 3, set->record[i].len - 3) > 0)
            *usable = true;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

/* What a sender finds in a handshake: X509_V_OK if the server is authenticated. */
static long handshake_of(const struct dane_set *set, X509 *const *sent, size_t count, EVP_PKEY *key, bool *usable) {
    SSL_CTX *contexts[] = {SSL_CTX_new(TLS_server_method()), SSL_CTX_new(TLS_client_method())};
    SSL *server = server_of(contexts[0], sent, count, key), *client = client_of(contexts[1], set, usable);
    BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());
    BIO_up_ref(to_server);
    BIO_up_ref(to_client);
    SSL_set_bio(server, to_server, to_client);
    SSL_set_bio(client, to_client, to_server);
    for (int turn = 0; turn < 4; turn++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    long result = SSL_is_init_finished(client) ? SSL_get_verify_result(client) : X509_V_ERR_UNSPECIFIED;
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
    ERR_clear_error();
    return result;
}

static EVP_PKEY *key_of(X509 *certificate) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (EVP_PKEY_eq(X509_get0_pubkey(certificate), keys[i]) == 1)
            return keys[i];
    return ec_key;
}

/* The handshake knows no verdict but yes and no; dates are judged as of today, which is no other than NOW for the
 * test's certificates. */
static void compare_with_handshake(const struct test_case *c, const struct dane_set *set, size_t count) {
    bool usable = false;
    long result = handshake_of(set, c->sent, count, key_of(c->sent[0]), &usable);
    bool agrees = usable ? (c->verdict == TLSA_MATCH) == (result == X509_V_OK) : c->verdict == TLSA_UNUSABLE;
    if (c->verdict == TLSA_OTHER_NAME)
        agrees = result == X509_V_ERR_HOSTNAME_MISMATCH;
    if (!agrees)
        fail_msg("%s: expected %s, the handshake says '%s'%s", c->what, tlsa_verdict_key(c->verdict),
                 X509_verify_cert_error_string(result), usable ? "" : ", nothing usable");
}

static void check(const struct test_case *cases, size_t case_count) {
    for (size_t i = 0; i < case_count; i++) {
        const struct test_case *c = &cases[i];
        size_t count = 0;
        while (count < CHAIN_MOST && c->sent[count])
            count++;
        struct dane_set *set = set_of(c->record);
        struct dane_result result = judge_by(set, c->sent, count);
        if (result.verdict != c->verdict || (c->why && strstr(result.why, c->why) == NULL))
            fail_msg("%s: %s '%s', expected %s '%s'", c->what, tlsa_verdict_key(result.verdict), result.why,
                     tlsa_verdict_key(c->verdict), c->why ? c->why : "");
        compare_with_handshake(c, set, count);
        dane_set_free(&set);
        assert_null(set);
    }
}
#define CHECK_ALL(cases) check(cases, sizeof(cases) / sizeof *(cases))

static struct identity leaf_of(struct wanted wanted, const struct identity *issuer) {
    wanted.key = keys[2];
    if (wanted.cn.at == NULL)
        wanted.cn = (struct octets)TEXT("leaf");
    return make(&wanted, issuer);
}

/* A leaf for the base domain. */
static struct identity named_leaf(struct wanted wanted, const struct identity *issuer) {
    wanted.san = &base_name;
    wanted.san_count = 1;
    return leaf_of(wanted, issuer);
}

/* ---- every kind of record ---- */

static void every_usable_kind_matches_what_it_was_made_of_and_nothing_else(void **state) {
    (void)state;
    for (uint8_t usage = 2; usage <= 3; usage++)
        for (uint8_t selector = 0; selector <= 1; selector++)
            for (uint8_t matching = 0; matching <= 2; matching++) {
                char kind[16], what[64];
                snprintf(kind, sizeof kind, "%u %u %u", usage, selector, matching);
                snprintf(what, sizeof what, "every kind: %s", kind);
                X509 *of = usage == 3 ? leaf.certificate : root.certificate;
                X509 *other = usage == 3 ? middle.certificate : stranger.certificate;
                const struct test_case cases[] = {
                    {what,
                     {{usage, selector, matching, of, false}},
                     {leaf.certificate, middle.certificate, root.certificate},
                     TLSA_MATCH,
                     kind},
                    {what,
                     {{usage, selector, matching, other, false}},
                     {leaf.certificate, middle.certificate, root.certificate},
                     TLSA_MISMATCH,
                     NULL},
                };
                CHECK_ALL(cases);
            }
}

static void one_wrong_bit_is_a_mismatch(void **state) {
    (void)state;
    for (uint8_t usage = 2; usage <= 3; usage++)
        for (uint8_t selector = 0; selector <= 1; selector++)
            for (uint8_t matching = 1; matching <= 2; matching++) {
                const struct test_case cases[] = {
                    {"one wrong bit",
                     {{usage, selector, matching, usage == 3 ? leaf.certificate : middle.certificate, true}},
                     {leaf.certificate, middle.certificate, root.certificate},
                     TLSA_MISMATCH,
                     "none of the records matches"},
                };
                CHECK_ALL(cases);
            }
}

static void usages_0_and_1_are_unusable_and_never_a_mismatch(void **state) {
    (void)state;
    const struct test_case cases[] = {
        {"0 that would match",
         {{0, 1, 1, root.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_UNUSABLE,
         "0 1 1: usage 0 (PKIX-TA) does not apply to SMTP"},
        {"1 that would match",
         {{1, 1, 1, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_UNUSABLE,
         "1 1 1: usage 1"},
        {"0 and 1 that would not",
         {{0, 0, 1, stranger.certificate, false}, {1, 0, 1, stranger.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_UNUSABLE,
         NULL},
        {"1 beside a 3 that matches",
         {{1, 1, 1, stranger.certificate, false}, {3, 1, 1, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 1"},
        {"1 does not stand in for a 3",
         {{1, 1, 1, leaf.certificate, false}, {3, 1, 1, stranger.certificate, false}},
         {leaf.certificate},
         TLSA_MISMATCH,
         NULL},
        {"0 does not stand in for a 2",
         {{0, 1, 1, root.certificate, false}, {2, 1, 1, stranger.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MISMATCH,
         NULL},
        {"no record", {{0}}, {leaf.certificate}, TLSA_UNUSABLE, NULL},
    };
    CHECK_ALL(cases);
}

static void records_that_cannot_be_used_say_why(void **state) {
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"3 1 1", "3 1 1: no association data"},
        {"3 1 1 abcd", "3 1 1: matching type 1 (SHA-256) needs 32 octets"},
        {"2 0 2 abcd", "2 0 2: matching type 2 (SHA-512) needs 64 octets"},
        {"3 1 3 abcd", "3 1 3: unknown matching type"},
        {"3 1 255 abcd", "3 1 255: unknown matching type"},
        {"3 2 0 abcd", "3 2 0: unknown selector"},
        {"255 0 0 abcd", "255 0 0: unknown usage"},
        {"4 0 0 abcd", "4 0 0: unknown usage"},
        {"3 0 0 abcd", "3 0 0: "}, /* no certificate */
        {"2 0 0 3000", "2 0 0: "},
        {"3 1 0 3000", "3 1 0: "}, /* no key */
        {"2 1 0 abcd", "2 1 0: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dane_set *set = set_from_text(rows[i].text);
        struct dane_result result = judge_by(set, &leaf.certificate, 1);
        if (result.verdict != TLSA_UNUSABLE || strncmp(result.why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("%s: %s '%s'", rows[i].text, tlsa_verdict_key(result.verdict), result.why);
        assert_true(strlen(result.why) > strlen("3 1 1: "));
        add(set, &(struct spec){3, 1, 1, leaf.certificate, false}); /* it does not hurt either */
        assert_int_equal(judge_by(set, &leaf.certificate, 1).verdict, TLSA_MATCH);
        dane_set_free(&set);
    }
}

/* ---- usage 3: the leaf alone (RFC 7671 section 5.1, RFC 7672 section 3.1.1) ---- */

static void usage_3_ignores_name_dates_issuer_and_purpose(void **state) {
    (void)state;
    struct identity made[] = {
        leaf_of((struct wanted){.san = &other_name, .san_count = 1}, &middle),
        named_leaf((struct wanted){.until = "20210101000000Z"}, &middle),
        named_leaf((struct wanted){.from = "20980101000000Z"}, &middle),
        leaf_of((struct wanted){.cn = TEXT("self")}, NULL),
        named_leaf((struct wanted){.usage = "clientAuth"}, &middle),
        leaf_of((struct wanted){.cn = TEXT("ca"), .ca = true, .digest = EVP_sha1()}, NULL),
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        const struct test_case cases[] = {
            {"usage 3, sent alone",
             {{3, 1, 1, made[i].certificate, false}},
             {made[i].certificate},
             TLSA_MATCH,
             "3 1 1"},
            {"usage 3, sent with others",
             {{3, 0, 1, made[i].certificate, false}},
             {made[i].certificate, stranger.certificate},
             TLSA_MATCH,
             "3 0 1"},
        };
        CHECK_ALL(cases);
    }
    const struct test_case another_key_or_certificate[] = {
        {"the key is the same", {{3, 1, 1, leaf.certificate, false}}, {made[0].certificate}, TLSA_MATCH, "3 1 1"},
        {"the certificate is not", {{3, 0, 1, leaf.certificate, false}}, {made[0].certificate}, TLSA_MISMATCH, NULL},
        {"not the leaf",
         {{3, 1, 1, middle.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
    };
    CHECK_ALL(another_key_or_certificate);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i].certificate);
}

/* ---- usage 2: anchor, dates and name (RFC 7671 section 5.2, RFC 7672 section 3.1.2) ---- */

static void any_issuer_on_the_path_can_be_the_anchor(void **state) {
    (void)state;
    const struct test_case cases[] = {
        {"the root",
         {{2, 0, 1, root.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MATCH,
         "2 0 1"},
        {"the intermediate, the root sent",
         {{2, 1, 1, middle.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MATCH,
         "2 1 1"},
        {"the intermediate, the root not sent",
         {{2, 0, 2, middle.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MATCH,
         "2 0 2"},
        {"out of order",
         {{2, 0, 1, root.certificate, false}},
         {leaf.certificate, root.certificate, stranger.certificate, middle.certificate},
         TLSA_MATCH,
         NULL},
        {"sent, but not on the path",
         {{2, 0, 1, stranger.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate, stranger.certificate},
         TLSA_MISMATCH,
         "none of the records matches"},
        {"the leaf is no anchor of its own",
         {{2, 0, 1, leaf.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MISMATCH,
         NULL},
    };
    CHECK_ALL(cases);
}

static void an_anchor_that_is_not_sent_must_be_whole_in_the_record(void **state) {
    (void)state;
    const struct test_case cases[] = {
        {"digest of the root",
         {{2, 0, 1, root.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
        {"digest of its key",
         {{2, 1, 2, root.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
        {"the root itself",
         {{2, 0, 0, root.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MATCH,
         "2 0 0"},
        {"its key", {{2, 1, 0, root.certificate, false}}, {leaf.certificate, middle.certificate}, TLSA_MATCH, "2 1 0"},
        {"the intermediate itself", {{2, 0, 0, middle.certificate, false}}, {leaf.certificate}, TLSA_MATCH, "2 0 0"},
        {"its key, all else left out", {{2, 1, 0, middle.certificate, false}}, {leaf.certificate}, TLSA_MATCH, "2 1 0"},
        {"the intermediate is missing", {{2, 0, 0, root.certificate, false}}, {leaf.certificate}, TLSA_MISMATCH, NULL},
        {"a stranger's key",
         {{2, 1, 0, stranger.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
    };
    CHECK_ALL(cases);
}

static void usage_2_needs_dates_signatures_and_purpose(void **state) {
    (void)state;
    struct identity impostor = {middle.certificate, keys[3]}; /* the intermediate's name, another key */
    struct identity old_middle =
        make(&(struct wanted){.cn = TEXT("middle"), .ca = true, .key = keys[1], .until = "20210101000000Z"}, &root);
    struct identity no_ca = make(&(struct wanted){.cn = TEXT("middle"), .key = keys[1]}, &root);
    struct identity expired = named_leaf((struct wanted){.until = "20210101000000Z"}, &middle);
    struct identity early = named_leaf((struct wanted){.from = "20980101000000Z"}, &middle);
    struct identity client = named_leaf((struct wanted){.usage = "clientAuth"}, &middle);
    struct identity forged = named_leaf((struct wanted){.cn = TEXT("leaf")}, &impostor);
    struct identity weak = named_leaf((struct wanted){.digest = EVP_sha1()}, &middle);
    const struct test_case cases[] = {
        {"expired",
         {{2, 1, 1, middle.certificate, false}},
         {expired.certificate, middle.certificate},
         TLSA_MISMATCH,
         "certificate has expired"},
        {"expired, with the key in the record",
         {{2, 1, 0, middle.certificate, false}},
         {expired.certificate},
         TLSA_MISMATCH,
         "certificate has expired"},
        {"not yet valid",
         {{2, 0, 1, middle.certificate, false}},
         {early.certificate, middle.certificate},
         TLSA_MISMATCH,
         "certificate is not yet valid"},
        {"not for servers",
         {{2, 0, 1, middle.certificate, false}},
         {client.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
        {"forged",
         {{2, 0, 1, middle.certificate, false}},
         {forged.certificate, middle.certificate},
         TLSA_MISMATCH,
         "signature"},
        {"forged, with the key in the record",
         {{2, 1, 0, middle.certificate, false}},
         {forged.certificate},
         TLSA_MISMATCH,
         NULL},
        {"SHA-1 on the path",
         {{2, 0, 1, middle.certificate, false}},
         {weak.certificate, middle.certificate},
         TLSA_MISMATCH,
         "too weak"},
        {"an expired intermediate",
         {{2, 0, 1, root.certificate, false}},
         {leaf.certificate, old_middle.certificate, root.certificate},
         TLSA_MISMATCH,
         "certificate has expired (the issuer at depth 1)"},
        {"an issuer that is no CA",
         {{2, 0, 1, root.certificate, false}},
         {leaf.certificate, no_ca.certificate, root.certificate},
         TLSA_MISMATCH,
         NULL},
        {"expired, yet usage 3 beside",
         {{2, 0, 1, middle.certificate, false}, {3, 1, 1, expired.certificate, false}},
         {expired.certificate, middle.certificate},
         TLSA_MATCH,
         "3 1 1"},
    };
    CHECK_ALL(cases);
    struct identity made[] = {old_middle, no_ca, expired, early, client, forged, weak};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i].certificate);
}

static void dates_are_those_of_the_time_given(void **state) {
    (void)state;
    static const struct {
        int64_t now;
        enum tlsa_verdict verdict;
    } rows[] = {{INT64_C(1577836799), TLSA_MISMATCH}, /* a second before PAST */
                {INT64_C(1577836800), TLSA_MATCH},
                {INT64_C(4070908799), TLSA_MATCH}, /* a second before FUTURE */
                {INT64_C(4070908801), TLSA_MISMATCH}};
    const struct spec records[RECORDS_MOST] = {{2, 1, 1, middle.certificate, false}};
    struct dane_set *set = set_of(records);
    size_t len;
    uint8_t *list = list_of((X509 *[]){leaf.certificate, middle.certificate}, 2, &len);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(dane_judge(dane, set, list, len, rows[i].now).verdict, rows[i].verdict);
    free(list);
    dane_set_free(&set);
}

static void usage_2_needs_the_name_of_the_base_domain(void **state) {
    (void)state;
    static const struct {
        struct octets cn, san;
        enum tlsa_verdict verdict;
    } rows[] = {
        {TEXT("leaf"), TEXT(BASE), TLSA_MATCH},
        {TEXT("leaf"), TEXT("MX.Example.ORG"), TLSA_MATCH},
        {TEXT("leaf"), TEXT("*.example.org"), TLSA_MATCH},
        {TEXT(BASE), {NULL, 0}, TLSA_MATCH}, /* the CN where there is no SAN dNSName */
        {TEXT("*.example.org"), {NULL, 0}, TLSA_MATCH},
        {TEXT(BASE), TEXT("other.example.org"), TLSA_OTHER_NAME},
        {TEXT("leaf"), TEXT("other.example.org"), TLSA_OTHER_NAME},
        {TEXT("leaf"), TEXT("example.org"), TLSA_OTHER_NAME}, /* the next-hop domain perhaps: not known here */
        {TEXT("leaf"), TEXT("*.org"), TLSA_OTHER_NAME},
        {TEXT("leaf"), TEXT("m*.example.org"), TLSA_OTHER_NAME},
        {TEXT("leaf"), TEXT("a.mx.example.org"), TLSA_OTHER_NAME},
        {TEXT("leaf"), TEXT(BASE "\0.evil.test"), TLSA_OTHER_NAME},
        {TEXT("leaf"), {NULL, 0}, TLSA_OTHER_NAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct identity made = leaf_of((struct wanted){.cn = rows[i].cn,
                                                       .san = rows[i].san.at ? &rows[i].san : NULL,
                                                       .san_count = rows[i].san.at ? 1 : 0},
                                       &middle);
        const char *why = rows[i].verdict == TLSA_MATCH ? "2 1 1" : "2 1 1, but the certificate is not named for " BASE;
        const struct test_case cases[] = {
            {rows[i].san.at ? rows[i].san.at : rows[i].cn.at,
             {{2, 1, 1, middle.certificate, false}},
             {made.certificate, middle.certificate},
             rows[i].verdict,
             why},
        };
        CHECK_ALL(cases);
        X509_free(made.certificate);
    }
}

static void another_name_is_told_only_if_all_else_holds(void **state) {
    (void)state;
    struct identity expired =
        leaf_of((struct wanted){.san = &other_name, .san_count = 1, .until = "20210101000000Z"}, &middle);
    struct identity foreign = leaf_of((struct wanted){.san = &other_name, .san_count = 1}, &stranger);
    size_t len;
    const struct {
        X509 *sent[2];
    } rows[] = {{{expired.certificate, middle.certificate}}, {{foreign.certificate, middle.certificate}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct spec records[RECORDS_MOST] = {{2, 1, 1, middle.certificate, false}};
        struct dane_set *set = set_of(records);
        uint8_t *list = list_of(rows[i].sent, 2, &len);
        assert_int_equal(dane_judge(dane, set, list, len, NOW).verdict, TLSA_MISMATCH);
        free(list);
        dane_set_free(&set);
    }
    X509_free(expired.certificate);
    X509_free(foreign.certificate);
}

/* ---- several records ---- */

static void two_records_are_a_rollover_and_one_is_enough(void **state) {
    (void)state;
    const struct test_case cases[] = {
        {"the new one first",
         {{3, 1, 1, stranger.certificate, false}, {3, 1, 1, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 1"},
        {"the new one last",
         {{3, 1, 1, leaf.certificate, false}, {3, 1, 1, stranger.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 1"},
        {"neither",
         {{3, 1, 1, middle.certificate, false}, {3, 1, 1, stranger.certificate, false}},
         {leaf.certificate},
         TLSA_MISMATCH,
         "none of the records matches"},
        {"key and issuer: the issuer holds",
         {{3, 1, 1, stranger.certificate, false}, {2, 1, 1, root.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MATCH,
         "2 1 1"},
        {"key and issuer: the key holds",
         {{3, 1, 1, leaf.certificate, false}, {2, 1, 1, stranger.certificate, false}},
         {leaf.certificate, middle.certificate, root.certificate},
         TLSA_MATCH,
         "3 1 1"},
        {"two issuers",
         {{2, 0, 1, stranger.certificate, false}, {2, 0, 1, middle.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MATCH,
         "2 0 1"},
    };
    CHECK_ALL(cases);
}

/* RFC 7671 section 9: of each usage and selector only the strongest digest counts, and whole data always. */
static void the_strongest_digest_decides(void **state) {
    (void)state;
    const struct test_case cases[] = {
        {"SHA-512 wrong, SHA-256 right",
         {{3, 1, 1, leaf.certificate, false}, {3, 1, 2, leaf.certificate, true}},
         {leaf.certificate},
         TLSA_MISMATCH,
         NULL},
        {"SHA-512 right, SHA-256 wrong",
         {{3, 1, 1, leaf.certificate, true}, {3, 1, 2, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 2"},
        {"SHA-512 wrong, whole right",
         {{3, 1, 2, leaf.certificate, true}, {3, 1, 0, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 0"},
        {"another selector",
         {{3, 0, 2, leaf.certificate, true}, {3, 1, 1, leaf.certificate, false}},
         {leaf.certificate},
         TLSA_MATCH,
         "3 1 1"},
        {"another usage",
         {{3, 1, 2, leaf.certificate, true}, {2, 1, 1, middle.certificate, false}},
         {leaf.certificate, middle.certificate},
         TLSA_MATCH,
         "2 1 1"},
        {"issuers: SHA-512 wrong, SHA-256 right",
         {{2, 0, 1, middle.certificate, false}, {2, 0, 2, middle.certificate, true}},
         {leaf.certificate, middle.certificate},
         TLSA_MISMATCH,
         NULL},
    };
    CHECK_ALL(cases);
    struct dane_set *set = set_from_text("3 1 2 abcd"); /* unusable: it does not outweigh SHA-256 */
    add(set, &(struct spec){3, 1, 1, leaf.certificate, false});
    assert_int_equal(judge_by(set, &leaf.certificate, 1).verdict, TLSA_MATCH);
    dane_set_free(&set);
}

/* ---- weak and broken certificates ---- */

static void a_key_that_senders_refuse_is_a_mismatch(void **state) {
    (void)state;
    EVP_PKEY *weak = rsa_key(768), *fair = rsa_key(1024);
    struct identity made[] = {make(&(struct wanted){.cn = TEXT(BASE), .key = weak}, NULL),
                              make(&(struct wanted){.cn = TEXT(BASE), .key = fair}, NULL)};
    for (size_t i = 0; i < 2; i++) {
        const struct spec records[RECORDS_MOST] = {{3, 1, 1, made[i].certificate, false}};
        struct dane_set *set = set_of(records);
        struct dane_result result = judge_by(set, &made[i].certificate, 1);
        assert_int_equal(result.verdict, i == 0 ? TLSA_MISMATCH : TLSA_MATCH);
        assert_non_null(strstr(result.why, i == 0 ? "too weak" : "3 1 1"));
        bool usable = false;
        assert_int_equal(handshake_of(set, &made[i].certificate, 1, made[i].key, &usable) == X509_V_OK, i == 1);
        dane_set_free(&set);
        X509_free(made[i].certificate);
    }
    EVP_PKEY_free(weak);
    EVP_PKEY_free(fair);
}

static void an_unreadable_leaf_is_a_mismatch_even_under_its_own_hash(void **state) {
    (void)state;
    size_t len;
    uint8_t rdata[TLSA_FIXED_OCTETS + 32] = {3, 0, 1};
    uint8_t *list = list_of((X509 *[]){leaf.certificate, middle.certificate}, 2, &len);
    uint8_t *date = memmem(list, len, "\x18\x0f", 2);
    assert_non_null(date);
    *date = V_ASN1_UTF8STRING; /* a time that is none */
    EVP_Digest(list + 6, (size_t)i2d_X509(leaf.certificate, NULL), rdata + TLSA_FIXED_OCTETS, NULL, EVP_sha256(), NULL);
    struct dane_set *set = dane_set_new(BASE);
    assert_true(dane_set_add(set, rdata, sizeof rdata));
    struct dane_result result = dane_judge(dane, set, list, len, NOW);
    assert_int_equal(result.verdict, TLSA_MISMATCH);
    assert_string_equal(result.why, "the certificate cannot be read: mstring wrong tag");
    dane_set_free(&set);
    set = set_from_text("1 0 1 abcd");
    assert_int_equal(dane_judge(dane, set, list, len, NOW).verdict, TLSA_UNUSABLE);
    dane_set_free(&set);
    free(list);
}

static void an_unreadable_certificate_behind_the_leaf_is_left_out(void **state) {
    (void)state;
    size_t len;
    uint8_t *list = list_of((X509 *[]){leaf.certificate, stranger.certificate, middle.certificate}, 3, &len);
    size_t skip = 6 + (size_t)i2d_X509(leaf.certificate, NULL);
    memset(list + skip + 3, 0xFF, 8);
    const struct spec records[RECORDS_MOST] = {{2, 0, 1, middle.certificate, false}};
    struct dane_set *set = set_of(records);
    assert_int_equal(dane_judge(dane, set, list, len, NOW).verdict, TLSA_MATCH);
    dane_set_free(&set);
    free(list);
}

static void without_a_certificate_nothing_is_judged(void **state) {
    (void)state;
    const struct spec records[RECORDS_MOST] = {{3, 1, 1, leaf.certificate, false}};
    struct dane_set *set = set_of(records);
    static const uint8_t empty[] = {0, 0, 0}, no_leaf[] = {0, 0, 3, 0, 0, 0}, cut[] = {0, 0, 4, 0, 0, 9, 1};
    assert_int_equal(dane_judge(dane, set, NULL, 0, NOW).verdict, TLSA_NOT_ASKED);
    assert_int_equal(dane_judge(dane, set, empty, sizeof empty, NOW).verdict, TLSA_NOT_ASKED);
    assert_int_equal(dane_judge(dane, set, no_leaf, sizeof no_leaf, NOW).verdict, TLSA_NOT_ASKED);
    assert_int_equal(dane_judge(dane, set, cut, sizeof cut, NOW).verdict, TLSA_NOT_ASKED);
    dane_set_free(&set);
}

static void a_list_cut_anywhere_matches_by_its_leaf_or_not_at_all(void **state) {
    (void)state;
    const struct spec records[RECORDS_MOST] = {{3, 1, 1, leaf.certificate, false}};
    struct dane_set *set = set_of(records);
    size_t whole, leaf_end = 6 + (size_t)i2d_X509(leaf.certificate, NULL);
    uint8_t *list = list_of((X509 *[]){leaf.certificate, middle.certificate}, 2, &whole);
    for (size_t len = 0; len <= whole; len++) {
        uint8_t *cut = malloc(len ? len : 1); /* so that ASan sees a step too far */
        memcpy(cut, list, len);
        assert_int_equal(dane_judge(dane, set, cut, len, NOW).verdict, len < leaf_end ? TLSA_NOT_ASKED : TLSA_MATCH);
        free(cut);
    }
    free(list);
    dane_set_free(&set);
}

/* ---- limits ---- */

static void an_anchor_counts_wherever_it_stands_behind_the_leaf(void **state) {
    (void)state;
    X509 *sent[LONG_CHAIN] = {leaf.certificate};
    const struct spec records[RECORDS_MOST] = {{2, 0, 1, middle.certificate, false}};
    struct dane_set *set = set_of(records);
    for (size_t at = 1; at < LONG_CHAIN; at++) {
        for (size_t i = 1; i < LONG_CHAIN; i++)
            sent[i] = i == at ? middle.certificate : stranger.certificate;
        assert_int_equal(judge_by(set, sent, LONG_CHAIN).verdict, TLSA_MATCH);
    }
    dane_set_free(&set);
}

static void of_whole_keys_the_first_four_count(void **state) {
    (void)state;
    for (size_t before = 0; before < RECORDS_MOST + 2; before++) {
        struct dane_set *set = dane_set_new(BASE);
        for (size_t i = 0; i < before; i++)
            add(set, &(struct spec){2, 1, 0, stranger.certificate, false});
        add(set, &(struct spec){2, 1, 0, middle.certificate, false});
        assert_int_equal(judge_by(set, &leaf.certificate, 1).verdict, before < 4 ? TLSA_MATCH : TLSA_MISMATCH);
        add(set, &(struct spec){3, 1, 1, leaf.certificate, false}); /* other kinds count on */
        assert_int_equal(judge_by(set, &leaf.certificate, 1).verdict, TLSA_MATCH);
        dane_set_free(&set);
    }
}

static void a_set_takes_a_hundred_records_of_a_bounded_size(void **state) {
    (void)state;
    static const uint8_t rdata[TLSA_RDATA_MAX + 1] = {3, 1, 1};
    struct dane_set *set = dane_set_new(BASE);
    assert_false(dane_set_add(set, rdata, 2));
    assert_false(dane_set_add(set, rdata, TLSA_RDATA_MAX + 1));
    for (size_t i = 0; i < TLSA_RECORDS_MAX; i++)
        assert_true(dane_set_add(set, rdata, 35));
    assert_false(dane_set_add(set, rdata, 35));
    struct dane_set *copy = dane_set_copy(set);
    dane_set_free(&set);
    assert_int_equal(copy->count, TLSA_RECORDS_MAX);
    assert_string_equal(copy->base, BASE);
    assert_int_equal(judge_by(copy, &leaf.certificate, 1).verdict, TLSA_MISMATCH);
    dane_set_free(&copy);
    set = dane_set_new(BASE);
    for (size_t i = 0; i < DANE_OCTETS_MAX / TLSA_RDATA_MAX; i++)
        assert_true(dane_set_add(set, rdata, TLSA_RDATA_MAX));
    assert_false(dane_set_add(set, rdata, TLSA_RDATA_MAX));
    dane_set_free(&set);
    dane_set_free(&set);
}

static void a_base_domain_is_a_host_name(void **state) {
    (void)state;
    static const char *const bad[] = {"", ".", "mx.example.org.", "MX.example.org", "mx..org", "192.0.2.1", "mx\n.org"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(dane_set_new(bad[i]));
}

/* ---- set up ---- */

static int set_up(void **state) {
    (void)state;
    dane = dane_open();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        keys[i] = EVP_EC_gen("P-256");
    ec_key = keys[3];
    root = make(&(struct wanted){.cn = TEXT("root"), .ca = true, .key = keys[0]}, NULL);
    middle = make(&(struct wanted){.cn = TEXT("middle"), .ca = true, .key = keys[1]}, &root);
    stranger = make(&(struct wanted){.cn = TEXT("stranger"), .ca = true, .key = keys[3]}, NULL);
    leaf = named_leaf((struct wanted){.cn = TEXT("leaf")}, &middle);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    struct identity made[] = {root, middle, leaf, stranger};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i].certificate);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EVP_PKEY_free(keys[i]);
    dane_close(&dane);
    dane_close(&dane);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_usable_kind_matches_what_it_was_made_of_and_nothing_else),
        cmocka_unit_test(one_wrong_bit_is_a_mismatch),
        cmocka_unit_test(usages_0_and_1_are_unusable_and_never_a_mismatch),
        cmocka_unit_test(records_that_cannot_be_used_say_why),
        cmocka_unit_test(usage_3_ignores_name_dates_issuer_and_purpose),
        cmocka_unit_test(any_issuer_on_the_path_can_be_the_anchor),
        cmocka_unit_test(an_anchor_that_is_not_sent_must_be_whole_in_the_record),
        cmocka_unit_test(usage_2_needs_dates_signatures_and_purpose),
        cmocka_unit_test(dates_are_those_of_the_time_given),
        cmocka_unit_test(usage_2_needs_the_name_of_the_base_domain),
        cmocka_unit_test(another_name_is_told_only_if_all_else_holds),
        cmocka_unit_test(two_records_are_a_rollover_and_one_is_enough),
        cmocka_unit_test(the_strongest_digest_decides),
        cmocka_unit_test(a_key_that_senders_refuse_is_a_mismatch),
        cmocka_unit_test(an_unreadable_leaf_is_a_mismatch_even_under_its_own_hash),
        cmocka_unit_test(an_unreadable_certificate_behind_the_leaf_is_left_out),
        cmocka_unit_test(without_a_certificate_nothing_is_judged),
        cmocka_unit_test(a_list_cut_anywhere_matches_by_its_leaf_or_not_at_all),
        cmocka_unit_test(an_anchor_counts_wherever_it_stands_behind_the_leaf),
        cmocka_unit_test(of_whole_keys_the_first_four_count),
        cmocka_unit_test(a_set_takes_a_hundred_records_of_a_bounded_size),
        cmocka_unit_test(a_base_domain_is_a_host_name),
    };
    return cmocka_run_group_tests_name("dane", tests, set_up, tear_down);
}
