/* offers.c - see offers.h. Offers of suites are filtered from three hand-written lists of what is deployed (STRONG,
 * WEAK, ANON), and go on with the registry (suites.h). Where the order counts, suites are sorted by what they settle.
 */
#include "tls/offers.h"

#include "model/suites.h"

#include <stdbool.h>
#include <string.h>

/* Authenticated and not weak: AEAD, then CBC with forward secrecy, then RSA key transport. */
static const uint16_t STRONG[] = {
    0xC02F, 0xC030, 0xC02B, 0xC02C, 0xCCA8, 0xCCA9, 0xCCAA, 0x009E, 0x009F, /* (EC)DHE GCM, ChaCha20 */
    0xC027, 0xC028, 0xC023, 0xC024, 0xC013, 0xC014, 0xC009, 0xC00A,         /* ECDHE CBC */
    0x0067, 0x006B, 0x0033, 0x0039, 0x0032, 0x0038, 0x0045, 0x0088,         /* DHE CBC, DSS, Camellia */
    0x009C, 0x009D, 0x003C, 0x003D, 0x002F, 0x0035, 0x0041, 0x0084,         /* RSA key transport */
};

/* Weak, the commonest first; EXPORT, DES and RC4 go down to SSL 3.0 and stay in hellos for every version. */
static const uint16_t WEAK[] = {
    0x000A, 0xC012, 0xC008, 0x0016, 0x0013,                                 /* 3DES */
    0x0005, 0x0004, 0xC011, 0xC007,                                         /* RC4 */
    0x0009, 0x0015, 0x0012,                                                 /* DES */
    0x0003, 0x0006, 0x0008, 0x0014, 0x0011,                                 /* EXPORT40 */
    0x0062, 0x0064,                                                         /* EXPORT1024 */
    0x0007, 0x0096, 0x009A,                                                 /* IDEA, SEED */
    0x0002, 0x0001, 0x003B, 0xC010, 0xC006,                                 /* NULL */
    0x0018, 0x001B, 0x001A, 0x0017, 0x0019, 0xC016, 0xC017, 0xC015, 0x009B, /* weak and anonymous */
};

/* Anonymous, and weak for nothing else. */
static const uint16_t ANON[] = {0xC018, 0xC019, 0x0034, 0x003A, 0x006C, 0x006D, 0x00A6, 0x00A7, 0x0046, 0x0089};

/* How many, counted from the first, OFFER_ALL takes: all that a server could have as its only suites. Below TLS 1.2,
 * where half of STRONG falls away, there is room for all of WEAK. */
enum { WEAK_IN_ALL = 23, ANON_IN_ALL = 4, STRONG_IN_SMALL = 24, WEAK_IN_SMALL = 12 };

/* Below TLS 1.3: those in use, the commonest first, and every other curve that was ever registered, which old OpenSSL
 * clients list too. */
static const uint16_t GROUPS[] = {
    0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101, 0x0102, /* those of a small hello */
    0x001A, 0x0016, 0x0103, 0x0104, 0x001B, 0x001C, 0x0015, 0x0001, 0x0002, 0x0003,
    0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000A,                         /* sect… */
    0x000B, 0x000C, 0x000D, 0x000E, 0x000F, 0x0010, 0x0011, 0x0012, 0x0013, 0x0014, /* sect…, secp160…, secp192… */
};
/* In TLS 1.3: hybrids, what is in use beside them, and brainpool's, GOST's, SM2's, ML-KEM by itself, drafts of hybrids.
 */
static const uint16_t GROUPS13[] = {
    0x11EC, 0x11EB, 0x11ED, 0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101,
    0x0102, 0x0103, 0x0104, 0x001F, 0x0020, 0x0021, 0x0022, 0x0023, 0x0024, 0x0025,
    0x0026, 0x0027, 0x0028, 0x0029, 0x0200, 0x0201, 0x0202, 0x11EE, 0x6399, 0x639A,
};
enum { IN_SMALL = 8, IN_USE = 15, HYBRIDS = 3, CLASSICAL13 = 10 };

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define EVERY_CLASS (SUITE_WEAK | SUITE_ANON | SUITE_R1 | SUITE_R2 | SUITE_FS | SUITE_BY_RSA | SUITE_BY_ECDSA)

/* A list that is being put together. */
struct suite_list {
    uint16_t suite[HELLO_SUITES_MAX];
    uint8_t worth[HELLO_SUITES_MAX];      /* see worth() */
    uint8_t listed[(UINT16_MAX + 1) / 8]; /* by bit: which are in suite[] */
    size_t count;
    size_t most;          /* room for so many */
    enum tls_version max; /* for a hello of that version */
    unsigned open;        /* classes that are not yet settled */
};

/* How much a suite would settle; weak before strong where it is equal, because strong ones show themselves anyway. */
static uint8_t worth(unsigned flags, unsigned open) {
    unsigned settles = flags & open & EVERY_CLASS;
    return (uint8_t)(2 * __builtin_popcount(settles) + (settles & SUITE_WEAK ? 1 : 0));
}

/* Can the version have the suite? Old stacks ignore what the registry says of weak ones (EXPORT in TLS 1.2), not of
 * others. */
static bool fits(enum tls_version max, unsigned flags) {
    return max >= VERSION_TLS1_2 || !(flags & SUITE_TLS12) || (flags & SUITE_WEAK);
}

static bool is_in(const struct suite_list *list, uint16_t id) { return list->listed[id / 8] >> id % 8 & 1; }

static void list_add(struct suite_list *list, const struct suite *suite) {
    if (list->count == list->most || !fits(list->max, suite->flags) || is_in(list, suite->id))
        return;
    list->listed[suite->id / 8] |= (uint8_t)(1u << suite->id % 8);
    list->worth[list->count] = worth(suite->flags, list->open);
    list->suite[list->count++] = suite->id;
}

/* Does it have every flag of all and, unless some is 0, one of some? */
static bool is_of(const struct suite *suite, unsigned all, unsigned some) {
    return (suite->flags & all) == all && (some == 0 || (suite->flags & some));
}

/* Strong suites stand the other way round in every second version: who goes by the client's order then shows it. */
static bool is_turned(const struct suite_list *list) {
    return list->max == VERSION_TLS1_1 || list->max == VERSION_SSLV3;
}

static void list_add_those(struct suite_list *list, const uint16_t *suites, size_t count, unsigned all, unsigned some) {
    for (size_t i = 0; i < count; i++) {
        const struct suite *suite = suite_find(suites[i]);
        if (suite && is_of(suite, all, some))
            list_add(list, suite);
    }
}

/* Stable, the worthiest first. */
static void sort_by_worth(struct suite_list *list) {
    for (size_t i = 1; i < list->count; i++) {
        uint16_t suite = list->suite[i];
        uint8_t its_worth = list->worth[i];
        size_t at = i;
        for (; at > 0 && list->worth[at - 1] < its_worth; at--) {
            list->suite[at] = list->suite[at - 1];
            list->worth[at] = list->worth[at - 1];
        }
        list->suite[at] = suite;
        list->worth[at] = its_worth;
    }
}

/* ---- deployed ones ---- */

static void add_strong(struct suite_list *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        list_add_those(list, &STRONG[is_turned(list) ? count - 1 - i : i], 1, 0, 0);
}

static void add_all(struct suite_list *list) {
    bool old = list->max < VERSION_TLS1_2, small = list->most <= OFFER_SMALL_MAX;
    add_strong(list, small ? STRONG_IN_SMALL : LENGTH(STRONG));
    list_add_those(list, WEAK, small ? WEAK_IN_SMALL : old ? LENGTH(WEAK) : WEAK_IN_ALL, 0, 0);
    list_add_those(list, ANON, ANON_IN_ALL, 0, 0);
}

static void add_deployed(struct suite_list *list, unsigned classes) {
    list_add_those(list, WEAK, LENGTH(WEAK), 0, classes);
    list_add_those(list, ANON, LENGTH(ANON), 0, classes);
    list_add_those(list, STRONG, LENGTH(STRONG), 0, classes);
}

/* ---- the rest of the registry ---- */

/* Could a mail server's only suites be of that kind? */
static bool is_for_mail(const struct suite *suite) {
    static const char *const kx[] = {"RSA", "DHE", "ECDHE", "DH_anon", "ECDH_anon", "GOST"};
    for (size_t i = 0; i < LENGTH(kx); i++)
        if (strcmp(suite->kx, kx[i]) == 0)
            return !(suite->flags & SUITE_TLS13);
    return false;
}

/* Could OpenSSL complete it, with a certificate that a sender verifies? */
static bool is_completable(const struct suite *suite) {
    bool verifiable = !(suite->flags & (SUITE_WEAK | SUITE_ANON)) && (suite->flags & SUITE_OPENSSL);
    return verifiable && ((suite->flags & SUITE_TLS13) || is_for_mail(suite));
}

/* Those that have every flag of all and one of some; goes behind what is deployed. */
static void add_registry(struct suite_list *list, unsigned all, unsigned some) {
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if (is_of(&SUITES[i], all, some) && is_for_mail(&SUITES[i]))
            list_add(list, &SUITES[i]);
}

static void add_tls13(struct suite_list *list, unsigned all) {
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if (is_of(&SUITES[i], SUITE_TLS13 | all, 0))
            list_add(list, &SUITES[i]);
}

/* ---- offers ---- */

static void fill_all(struct suite_list *list) {
    add_all(list);
    sort_by_worth(list);
}

/* A refusal has to mean "none of that class". */
static void fill_classes(struct suite_list *list) {
    add_deployed(list, list->open & EVERY_CLASS);
    sort_by_worth(list);
    add_registry(list, 0, list->open & EVERY_CLASS);
}

static void fill_both_nist(struct suite_list *list) {
    unsigned weak = list->open & (SUITE_WEAK | SUITE_ANON);
    if (weak)
        add_deployed(list, weak);
    list_add_those(list, STRONG, LENGTH(STRONG), SUITE_R1 | SUITE_R2, 0);
    if (weak)
        add_registry(list, 0, weak);
}

static void fill_weak(struct suite_list *list) {
    list_add_those(list, WEAK, LENGTH(WEAK), 0, 0);
    sort_by_worth(list);
    add_registry(list, SUITE_WEAK, 0);
}

/* The deployed ones stand behind the others, since an accident may have met the hello that offered them. */
static void fill_registry(struct suite_list *list) {
    struct suite_list all = {.most = OFFER_USUAL_MAX, .max = list->max};
    add_all(&all);
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        bool strong = !(SUITES[i].flags & (SUITE_WEAK | SUITE_ANON));
        if (is_for_mail(&SUITES[i]) && strong && !is_in(&all, SUITES[i].id))
            list_add(list, &SUITES[i]);
    }
    list_add_those(list, all.suite, all.count, 0, 0);
    add_registry(list, 0, 0);
}

static void fill_tls13(struct suite_list *list) {
    add_tls13(list, SUITE_OPENSSL); /* the usual ones first */
    add_tls13(list, 0);
}

static void fill_tls13_all(struct suite_list *list) {
    fill_tls13(list);
    add_all(list);
}

static void fill_tls13_r2(struct suite_list *list) { add_tls13(list, SUITE_R2); }

static void fill_completable(struct suite_list *list) {
    list_add_those(list, STRONG, LENGTH(STRONG), SUITE_OPENSSL | SUITE_R1 | SUITE_R2, 0);
    list_add_those(list, STRONG, LENGTH(STRONG), SUITE_OPENSSL, 0);
    for (size_t i = 0; list->most > OFFER_SMALL_MAX && i < SUITE_COUNT; i++)
        if (is_completable(&SUITES[i]) && !(SUITES[i].flags & SUITE_TLS13))
            list_add(list, &SUITES[i]);
    add_tls13(list, SUITE_OPENSSL);
}

static const struct {
    const char *name;
    void (*fill)(struct suite_list *list);
    size_t most; /* suites below TLS 1.3 are as many as any server reads; where a refusal counts, as all others do */
} OFFERS[OFFER_COUNT] = {
    [OFFER_ALL] = {"every suite", fill_all, OFFER_USUAL_MAX},
    [OFFER_OPEN] = {"suites that settle something", fill_classes, HELLO_SUITES_MAX},
    [OFFER_CLASSES] = {"suites of what is still open", fill_classes, HELLO_SUITES_MAX},
    [OFFER_BOTH_NIST] = {"suites of NIST r1 and r2 both, and weak ones", fill_both_nist, HELLO_SUITES_MAX},
    [OFFER_WEAK] = {"weak suites", fill_weak, HELLO_SUITES_MAX},
    [OFFER_REGISTRY] = {"the rest of the registry", fill_registry, HELLO_SUITES_MAX},
    [OFFER_TLS13] = {"TLS 1.3 suites", fill_tls13, HELLO_SUITES_MAX},
    [OFFER_TLS13_ALL] = {"TLS 1.3 suites of every kind", fill_tls13_all, HELLO_SUITES_MAX},
    [OFFER_TLS13_R2] = {"TLS 1.3 suites of NIST r2", fill_tls13_r2, HELLO_SUITES_MAX},
    [OFFER_COMPLETABLE] = {"every suite OpenSSL has", fill_completable, HELLO_SUITES_MAX},
};

size_t offer_suites(enum offer offer, struct offer_scope scope, uint16_t out[static HELLO_SUITES_MAX]) {
    struct suite_list list = {.most = OFFERS[offer].most, .max = scope.max, .open = scope.open};
    if (scope.max < VERSION_TLS1_2)
        list.most = OFFER_USUAL_MAX;
    if (scope.small)
        list.most = OFFER_SMALL_MAX;
    OFFERS[offer].fill(&list);
    memcpy(out, list.suite, list.count * sizeof *out);
    return list.count;
}

bool offer_holds_weak(const uint16_t *suites, size_t count) {
    for (size_t i = 0; i < LENGTH(WEAK); i++)
        if (!suite_is_listed(suites, count, WEAK[i]))
            return false;
    return true;
}

bool offer_is_completable(uint16_t id) {
    const struct suite *suite = suite_find(id);
    return suite && is_completable(suite);
}

const char *offer_name(enum offer offer) { return OFFERS[offer].name; }

const struct handshake_terms *handshake_terms(enum handshake_offer offer) {
    static const struct handshake_terms table[HANDSHAKE_OFFER_COUNT] = {
        [HANDSHAKE_FIRST] = {"every suite of OpenSSL, hybrid groups first", OFFER_COMPLETABLE, VERSION_TLS1_3, true,
                             false, false},
        [HANDSHAKE_LEGACY] = {"every suite of OpenSSL", OFFER_COMPLETABLE, VERSION_TLS1_2, false, false, false},
        [HANDSHAKE_ANY] = {"every suite of OpenSSL", OFFER_COMPLETABLE, VERSION_TLS1_3, false, false, false},
        [HANDSHAKE_STAPLE] = {"every suite of OpenSSL, and a stapled OCSP response", OFFER_COMPLETABLE, VERSION_TLS1_3,
                              false, true, false},
        [HANDSHAKE_SMALL] = {"the commonest suites, in a short hello", OFFER_COMPLETABLE, VERSION_TLS1_2, false, false,
                             true},
    };
    return &table[offer];
}

const uint16_t *offer_groups(enum offer_group which, size_t *count) {
    static const struct {
        const uint16_t *from;
        size_t count;
    } lists[] = {
        [GROUPS_CLASSICAL] = {GROUPS, IN_USE},
        [GROUPS_SMALL] = {GROUPS, IN_SMALL},
        [GROUPS_EVERY] = {GROUPS, LENGTH(GROUPS)},
        [GROUPS_TLS13] = {GROUPS13, HYBRIDS + CLASSICAL13},
        [GROUPS_TLS13_CLASSICAL] = {GROUPS13 + HYBRIDS, CLASSICAL13},
        [GROUPS_TLS13_EVERY] = {GROUPS13, LENGTH(GROUPS13)},
        [GROUPS_HYBRID] = {GROUPS13, HYBRIDS},
    };
    *count = lists[which].count;
    return lists[which].from;
}
