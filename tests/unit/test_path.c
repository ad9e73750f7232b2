// link: mxg_cert
/* test_path.c - which path to a root is found among twins, cross-signed certificates and roots that have ended,
 * whatever the order they were sent in. The oracle is X509_verify_cert() with dates checked, as who sends mail calls
 * it.
 */
#include "cert/chain_parse.h"
#include "cert/strength.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "issue.h"

enum {
    NOW = 1800000000, /* 2027 */
    CAS = 3,
    TIMES = 3,
    POOL = CAS * CAS * TIMES,
    SENT_MOST = 4,
    ROUNDS = 200,
};

static const struct {
    const char *from, *until;
} VALIDITY[TIMES] = {{PAST, "20250101000000Z"}, {PAST, FUTURE}, {"20300101000000Z", FUTURE}};
enum { ENDED, CURRENT, COMING };

static EVP_PKEY *ca_key[CAS];
static struct identity pool[CAS][CAS][TIMES]; /* subject, issuer, dates */
static struct identity leaf;                  /* issued by the first */
static size_t judged, in_date_count;

/* ---- the oracle ---- */

struct verdict {
    bool good, weak_key, sha1;
    int64_t from, until; /* where good: what all of the path have in common */
};

static int64_t seconds(const ASN1_TIME *time) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, rest;
    assert_int_equal(ASN1_TIME_diff(&days, &rest, epoch, time), 1);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + rest;
}

static void describe(struct verdict *verdict, STACK_OF(X509) * path) {
    *verdict = (struct verdict){.good = true, .from = INT64_MIN, .until = INT64_MAX};
    for (int i = 0; i < sk_X509_num(path); i++) {
        X509 *certificate = sk_X509_value(path, i);
        int64_t from = seconds(X509_get0_notBefore(certificate)), until = seconds(X509_get0_notAfter(certificate));
        verdict->from = from > verdict->from ? from : verdict->from;
        verdict->until = until < verdict->until ? until : verdict->until;
        verdict->weak_key = verdict->weak_key || strength_of_key(certificate).weak;
        verdict->sha1 =
            verdict->sha1 || (i + 1 < sk_X509_num(path) && X509_get_signature_nid(certificate) == NID_ecdsa_with_SHA1);
    }
}

static struct verdict openssl_says(X509 *const *store, size_t store_count, X509 *const *sent, size_t sent_count,
                                   unsigned long flags) {
    struct verdict verdict = {.good = false};
    X509_STORE *roots = X509_STORE_new();
    STACK_OF(X509) *behind = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    for (size_t i = 0; i < store_count; i++)
        assert_int_equal(X509_STORE_add_cert(roots, store[i]), 1);
    for (size_t i = 1; i < sent_count; i++)
        assert_true(sk_X509_push(behind, sent[i]) > 0);
    assert_int_equal(X509_STORE_CTX_init(context, roots, sent[0], behind), 1);
    assert_int_equal(X509_STORE_CTX_set_default(context, "ssl_server"), 1);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), flags);
    if (flags == 0)
        X509_STORE_CTX_set_time(context, 0, NOW);
    if (X509_verify_cert(context) == 1)
        describe(&verdict, X509_STORE_CTX_get0_chain(context));
    X509_STORE_CTX_free(context);
    sk_X509_free(behind);
    X509_STORE_free(roots);
    return verdict;
}

/* ---- the property ---- */

struct set {
    X509 *store[POOL];
    size_t store_count;
    X509 *sent[1 + SENT_MOST]; /* the leaf first */
    size_t sent_count;
};

/* True if the chain is trusted and in date, which is what the oracle says; fails if it is not. */
static bool agree(const struct set *set, const struct trust *trust, X509 *const *sent) {
    size_t len;
    const char *error;
    struct verdict good = openssl_says(set->store, set->store_count, sent, set->sent_count, 0), found = good;
    if (!good.good)
        found = openssl_says(set->store, set->store_count, sent, set->sent_count, X509_V_FLAG_NO_CHECK_TIME);
    uint8_t *list = list_of(sent, set->sent_count, &len);
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    assert_non_null(chain);
    assert_int_equal(chain->trusted, found.good);
    bool in_date = chain->trusted && cert_chain_in_date(chain, NOW);
    assert_int_equal(in_date, good.good);
    if (found.good) {
        assert_int_equal(chain->valid_from, found.from);
        assert_int_equal(chain->valid_until, found.until);
        assert_int_equal(chain->weak_key, found.weak_key);
        assert_int_equal(chain->sha1_signature, found.sha1);
    }
    cert_chain_free(&chain);
    free(list);
    judged++;
    in_date_count += in_date;
    return in_date;
}

/* In every order of sent[at …]; how many of them are in date. */
static size_t permute(const struct set *set, const struct trust *trust, X509 **sent, size_t at, size_t *orders) {
    size_t good = 0;
    if (at == set->sent_count) {
        (*orders)++;
        return agree(set, trust, sent);
    }
    for (size_t i = at; i < set->sent_count; i++) {
        X509 *first = sent[i];
        sent[i] = sent[at];
        sent[at] = first;
        good += permute(set, trust, sent, at + 1, orders);
        sent[at] = sent[i];
        sent[i] = first;
    }
    return good;
}

static size_t in_every_order(const struct set *set, size_t *orders) {
    X509 *sent[1 + SENT_MOST];
    struct trust *trust = store_of(set->store, set->store_count);
    memcpy(sent, set->sent, sizeof sent);
    *orders = 0;
    size_t good = permute(set, trust, sent, 1, orders);
    trust_close(&trust);
    return good;
}

/* ---- named sets ---- */

enum wants { NEVER, ALWAYS, BY_ORDER };

static void check_set(const char *what, struct set set, enum wants wants) {
    size_t orders, good;
    while (set.store[set.store_count])
        set.store_count++;
    while (set.sent_count < 1 + SENT_MOST && set.sent[set.sent_count])
        set.sent_count++;
    good = in_every_order(&set, &orders);
    if (wants == NEVER ? good != 0 : wants == ALWAYS ? good != orders : good == 0 || good == orders)
        fail_msg("%s: in date in %zu of %zu orders", what, good, orders);
}

static X509 *ca(size_t subject, size_t issuer, size_t when) { return pool[subject][issuer][when].certificate; }

/* The leaf is by CA 0. */
static void known_constellations_are_judged_as_openssl_does(void **state) {
    (void)state;
    X509 *mx = leaf.certificate;
    check_set("an intermediate and its renewal",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, ENDED), ca(0, 1, CURRENT)}, 0}, ALWAYS);
    check_set("three of one name and key",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, ENDED), ca(0, 1, COMING), ca(0, 1, CURRENT)}, 0},
              ALWAYS);
    check_set("the old one alone", (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, ENDED)}, 0}, NEVER);
    check_set("two that are not in date",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, ENDED), ca(0, 1, COMING)}, 0}, NEVER);
    check_set("an ended cross-certificate beside the root in the store",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, CURRENT), ca(1, 2, ENDED), ca(2, 2, ENDED)}, 0},
              ALWAYS);
    check_set(
        "the same with the old root in the store too",
        (struct set){
            {ca(2, 2, ENDED), ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, CURRENT), ca(1, 2, ENDED), ca(2, 2, ENDED)}, 0},
        ALWAYS);
    check_set("the old root alone in the store",
              (struct set){{ca(2, 2, ENDED)}, 0, {mx, ca(0, 1, CURRENT), ca(1, 2, ENDED), ca(2, 2, ENDED)}, 0}, NEVER);
    check_set("a root that has ended", (struct set){{ca(0, 0, ENDED)}, 0, {mx}, 0}, NEVER);
    check_set("a root and its renewal in the store",
              (struct set){{ca(1, 1, ENDED), ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, CURRENT)}, 0}, ALWAYS);
    check_set("the renewed root is sent, the old one in the store",
              (struct set){{ca(0, 0, ENDED)}, 0, {mx, ca(0, 0, CURRENT)}, 0}, NEVER);
    check_set("cross-signed by two roots, both in the store",
              (struct set){{ca(1, 1, CURRENT), ca(2, 2, CURRENT)}, 0, {mx, ca(0, 1, CURRENT), ca(0, 2, CURRENT)}, 0},
              ALWAYS);
    check_set("cross-signed by two roots, one of them unknown: OpenSSL goes back to no other",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, CURRENT), ca(0, 2, CURRENT)}, 0}, BY_ORDER);
    check_set("the one by the unknown root has ended",
              (struct set){{ca(1, 1, CURRENT)}, 0, {mx, ca(0, 1, CURRENT), ca(0, 2, ENDED)}, 0}, ALWAYS);
}

/* An ended intermediate with a poor signature beside its renewal is on nobody's path. */
static void strength_is_judged_on_the_path_that_counts(void **state) {
    (void)state;
    struct wanted poor = {.cn = TEXT("CA 0"), .ca = true, .key = ca_key[0], .digest = EVP_sha1()};
    struct identity current = make(&poor, &pool[1][1][CURRENT]);
    poor.until = VALIDITY[ENDED].until;
    struct identity ended = make(&poor, &pool[1][1][CURRENT]);
    X509 *mx = leaf.certificate, *const roots[] = {ca(1, 1, CURRENT)};
    const struct {
        X509 *sent[3];
        bool sha1;
    } cases[] = {{{mx, ended.certificate, ca(0, 1, CURRENT)}, false},
                 {{mx, ca(0, 1, CURRENT), ended.certificate}, false},
                 {{mx, ca(0, 1, ENDED), current.certificate}, true}};
    struct trust *trust = store_of(roots, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len;
        const char *error;
        uint8_t *list = list_of(cases[i].sent, 3, &len);
        struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
        if (chain->sha1_signature != cases[i].sha1 || !chain->trusted || !cert_chain_in_date(chain, NOW))
            fail_msg("case %zu", i);
        cert_chain_free(&chain);
        free(list);
    }
    trust_close(&trust);
    X509_free(ended.certificate);
    X509_free(current.certificate);
}

/* ---- sets by chance ---- */

static uint32_t chance(uint32_t below) {
    static uint64_t state = 20260301;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* Certificates of three CAs, each by each of them, ended, current or to come: some in the store, some sent. */
static void any_set_in_any_order_is_judged_as_openssl_does(void **state) {
    (void)state;
    size_t orders, order_counts = 0;
    judged = in_date_count = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct set set = {.sent = {leaf.certificate}, .sent_count = 1};
        for (uint32_t count = 1 + chance(3); set.store_count < count;)
            set.store[set.store_count++] = ca(chance(CAS), chance(CAS), chance(TIMES));
        for (uint32_t count = 1 + chance(SENT_MOST); set.sent_count <= count;)
            set.sent[set.sent_count++] = ca(chance(CAS), chance(CAS), chance(TIMES));
        size_t good = in_every_order(&set, &orders);
        order_counts += good != 0 && good != orders;
    }
    printf("%d sets, %zu orders: %zu in date; in %zu sets the order decides, for OpenSSL too\n", ROUNDS, judged,
           in_date_count, order_counts);
    assert_true(in_date_count > judged / 20 && in_date_count < judged);
}

/* ---- set-up ---- */

static void make_pool(size_t subject, size_t issuer, const char *name, const struct identity *signer) {
    for (size_t when = 0; when < TIMES; when++)
        pool[subject][issuer][when] = make(&(struct wanted){.cn = {name, strlen(name)},
                                                            .ca = true,
                                                            .key = ca_key[subject],
                                                            .from = VALIDITY[when].from,
                                                            .until = VALIDITY[when].until},
                                           subject == issuer ? NULL : signer);
}

static int set_up(void **state) {
    (void)state;
    static const char *const names[CAS] = {"CA 0", "CA 1", "CA 2"};
    ec_key = EVP_EC_gen("P-256");
    for (size_t i = 0; i < CAS; i++)
        ca_key[i] = EVP_EC_gen("P-256");
    for (size_t i = 0; i < CAS; i++)
        make_pool(i, i, names[i], NULL);
    for (size_t subject = 0; subject < CAS; subject++)
        for (size_t issuer = 0; issuer < CAS; issuer++)
            if (subject != issuer)
                make_pool(subject, issuer, names[subject], &pool[issuer][issuer][CURRENT]);
    leaf = make(&(struct wanted){.cn = TEXT("mx")}, &pool[0][0][CURRENT]);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (size_t i = 0; i < POOL; i++)
        X509_free(pool[i / CAS / TIMES][i / TIMES % CAS][i % TIMES].certificate);
    for (size_t i = 0; i < CAS; i++)
        EVP_PKEY_free(ca_key[i]);
    X509_free(leaf.certificate);
    EVP_PKEY_free(ec_key);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_constellations_are_judged_as_openssl_does),
        cmocka_unit_test(strength_is_judged_on_the_path_that_counts),
        cmocka_unit_test(any_set_in_any_order_is_judged_as_openssl_does),
    };
    return cmocka_run_group_tests_name("path", tests, set_up, tear_down);
}
