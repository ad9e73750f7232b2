/* offers.c - see offers.h. Every offer of suites is filtered from four hand-written lists: STRONG, WEAK, ANON and
 * TLS13. OFFER_CLASSES goes on with the registry (suites.h). Where the order counts, suites are sorted by what they
 * settle.
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

/* How many of WEAK and ANON, counted from the first, an offer takes. */
enum {
    /* OFFER_ALL: all that a server could have as its only suites. */
    WEAK_IN_ALL = 23,
    ANON_IN_ALL = 4,
    /* Those that servers deploy. */
    WEAK_DEPLOYED = 29,
    ANON_DEPLOYED = 4,
};

static const uint16_t TLS13[] = {0x1301, 0x1302, 0x1303, 0x1304, 0x1305};

/* The hybrids, then the classical ones. */
static const uint16_t GROUPS[] = {0x11EC, 0x11EB, 0x11ED, 0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100};
enum { GROUPS_HYBRIDS = 3 };

#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct suite_list {
    uint16_t suite[HELLO_SUITES_MAX];
    size_t count;
};

static unsigned flags_of(uint16_t id) {
    const struct suite *suite = suite_find(id);
    return suite ? suite->flags : 0;
}

/* Those of suites[] that have every flag of with, as long as there is room. */
static void list_add(struct suite_list *list, const uint16_t *suites, size_t count, unsigned with) {
    for (size_t i = 0; i < count && list->count < HELLO_SUITES_MAX; i++)
        if ((flags_of(suites[i]) & with) == with && !suite_is_listed(list->suite, list->count, suites[i]))
            list->suite[list->count++] = suites[i];
}

/* Those of suites[] that have some flag of classes, as long as there is room. */
static void list_add_any(struct suite_list *list, const uint16_t *suites, size_t count, unsigned classes) {
    for (size_t i = 0; i < count; i++)
        if (flags_of(suites[i]) & classes)
            list_add(list, &suites[i], 1, 0);
}

/* How much a suite would settle; weak before strong where it is equal, because strong ones show themselves anyway. */
static unsigned worth(uint16_t suite, unsigned open) {
    unsigned settles = flags_of(suite) & open;
    return 2 * (unsigned)__builtin_popcount(settles) + (settles & SUITE_WEAK ? 1 : 0);
}

/* Stable, the worthiest first. */
static void sort_by_worth(struct suite_list *list, unsigned open) {
    for (size_t i = 1; i < list->count; i++) {
        uint16_t suite = list->suite[i];
        size_t at = i;
        for (; at > 0 && worth(list->suite[at - 1], open) < worth(suite, open); at--)
            list->suite[at] = list->suite[at - 1];
        list->suite[at] = suite;
    }
}

static void fill_all(struct suite_list *list) {
    list_add(list, STRONG, LENGTH(STRONG), 0);
    list_add(list, WEAK, WEAK_IN_ALL, 0);
    list_add(list, ANON, ANON_IN_ALL, 0);
}

/* Fixed (EC)DH wants a certificate whose key is made for it; no server has it without having (EC)DHE too. */
static bool is_fixed_dh(const struct suite *suite) {
    return strcmp(suite->kx, "DH") == 0 || strcmp(suite->kx, "ECDH") == 0;
}

static void fill_deployed(struct suite_list *list, unsigned classes) {
    list_add_any(list, WEAK, WEAK_DEPLOYED, classes);
    list_add_any(list, ANON, ANON_DEPLOYED, classes);
    list_add_any(list, STRONG, LENGTH(STRONG), classes);
}

/* The registry's whole NIST lists, as far as their classes are asked for. */
static void fill_nist(struct suite_list *list, unsigned classes, bool fixed_dh) {
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        const struct suite *suite = &SUITES[i];
        if (!(suite->flags & SUITE_TLS13) && is_fixed_dh(suite) == fixed_dh)
            list_add_any(list, &suite->id, 1, classes & (SUITE_R1 | SUITE_R2));
    }
}

/* A refusal should mean "none of that class", so the registry's NIST lists are offered if there is room. Fixed (EC)DH
 * comes last and may fall off; false if more fell off. */
static bool fill_registry(struct suite_list *list, unsigned classes) {
    list_add_any(list, WEAK, LENGTH(WEAK), classes);
    list_add_any(list, ANON, LENGTH(ANON), classes);
    list_add_any(list, STRONG, LENGTH(STRONG), classes);
    fill_nist(list, classes, false);
    bool whole = list->count < HELLO_SUITES_MAX;
    if (whole)
        fill_nist(list, classes, true);
    return whole;
}

size_t offer_suites(enum offer offer, unsigned open, uint16_t out[static HELLO_SUITES_MAX]) {
    struct suite_list list = {.count = 0};
    switch (offer) {
    case OFFER_ALL:
        fill_all(&list);
        sort_by_worth(&list, open);
        break;
    case OFFER_OPEN:
        fill_deployed(&list, open);
        sort_by_worth(&list, open);
        break;
    case OFFER_CLASSES:
        if (!fill_registry(&list, open)) {
            list.count = 0;
            fill_deployed(&list, open);
        }
        sort_by_worth(&list, open);
        break;
    case OFFER_BOTH_NIST:
        list_add_any(&list, WEAK, LENGTH(WEAK), open & (SUITE_WEAK | SUITE_ANON));
        list_add_any(&list, ANON, LENGTH(ANON), open & SUITE_ANON);
        list_add(&list, STRONG, LENGTH(STRONG), SUITE_R1 | SUITE_R2);
        break;
    case OFFER_WEAK:
        list_add(&list, WEAK, LENGTH(WEAK), 0);
        sort_by_worth(&list, open);
        break;
    case OFFER_COMPLETABLE:
        list_add(&list, STRONG, LENGTH(STRONG), SUITE_R1 | SUITE_R2);
        list_add(&list, STRONG, LENGTH(STRONG), 0);
        list_add(&list, TLS13, LENGTH(TLS13), 0);
        break;
    case OFFER_TLS13:
        list_add(&list, TLS13, LENGTH(TLS13), 0);
        break;
    case OFFER_COUNT:
        break;
    }
    memcpy(out, list.suite, list.count * sizeof *out);
    return list.count;
}

bool offer_is_completable(uint16_t suite) {
    return suite_is_listed(STRONG, LENGTH(STRONG), suite) || suite_is_listed(TLS13, LENGTH(TLS13), suite);
}

const char *offer_name(enum offer offer) {
    static const char *const names[OFFER_COUNT] = {
        [OFFER_ALL] = "every suite",
        [OFFER_OPEN] = "suites that settle something",
        [OFFER_CLASSES] = "suites of what is still open",
        [OFFER_BOTH_NIST] = "suites of NIST r1 and r2 both, and weak ones",
        [OFFER_WEAK] = "weak suites",
        [OFFER_TLS13] = "TLS 1.3 suites",
        [OFFER_COMPLETABLE] = "every suite OpenSSL has",
    };
    return names[offer];
}

const struct handshake_terms *handshake_terms(enum handshake_offer offer) {
    static const struct handshake_terms table[HANDSHAKE_OFFER_COUNT] = {
        [HANDSHAKE_FIRST] = {"every suite of OpenSSL, hybrid groups first", OFFER_COMPLETABLE, VERSION_TLS1_3, true,
                             false},
        [HANDSHAKE_LEGACY] = {"every suite of OpenSSL", OFFER_COMPLETABLE, VERSION_TLS1_2, false, false},
        [HANDSHAKE_ANY] = {"every suite of OpenSSL", OFFER_COMPLETABLE, VERSION_TLS1_3, false, false},
        [HANDSHAKE_STAPLE] = {"every suite of OpenSSL, and a stapled OCSP response", OFFER_COMPLETABLE, VERSION_TLS1_3,
                              false, true},
    };
    return &table[offer];
}

const uint16_t *offer_groups(enum offer_group which, size_t *count) {
    size_t skip = which == GROUPS_CLASSICAL ? GROUPS_HYBRIDS : 0;
    *count = which == GROUPS_HYBRID ? GROUPS_HYBRIDS : LENGTH(GROUPS) - skip;
    return GROUPS + skip;
}
