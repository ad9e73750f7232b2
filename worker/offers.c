/* offers.c - see offers.h. Three hand-written lists are the words of this file; the others are joined from them or
 * filtered from the registry on first use. */
#include "offers.h"

#include "hello.h"
#include "suites.h"

#include <stdbool.h>

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

/* How many of WEAK ride along in OFFER_ALL: all that a server could have as its only suites. */
enum { WEAK_IN_ALL = 23 };

static const uint16_t ANON[] = {0xC018, 0xC019, 0x0034, 0x003A, 0x006C, 0x006D, 0x00A6, 0x00A7, 0x0046, 0x0089};
enum { ANON_IN_ALL = 4 };

static const uint16_t GROUPS_13[] = {0x11EC, 0x11EB, 0x11ED, 0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100};
enum { GROUPS_13_HYBRIDS = 3 };

#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct list {
    uint16_t suites[HELLO_SUITES_MAX];
    size_t count;
};

static void add(struct list *list, const uint16_t *suites, size_t count) {
    for (size_t i = 0; i < count && list->count < HELLO_SUITES_MAX; i++)
        list->suites[list->count++] = suites[i];
}

static void add_registry(struct list *list, unsigned with, unsigned without) {
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if ((SUITES[i].flags & with) == with && (SUITES[i].flags & without) == 0)
            add(list, &SUITES[i].id, 1);
}

static void add_forward_secret(struct list *list) {
    for (size_t i = 0; i < LENGTH(STRONG); i++) {
        const struct suite *suite = suite_find(STRONG[i]);
        if (suite && (suite->flags & SUITE_FS))
            add(list, &STRONG[i], 1);
    }
}

static struct list LISTS[OFFER_COUNT];

static void build(void) {
    add(&LISTS[OFFER_ALL], STRONG, LENGTH(STRONG));
    add(&LISTS[OFFER_ALL], WEAK, WEAK_IN_ALL);
    add(&LISTS[OFFER_ALL], ANON, ANON_IN_ALL);
    add(&LISTS[OFFER_WEAK_ANON], WEAK, LENGTH(WEAK));
    add(&LISTS[OFFER_WEAK_ANON], ANON, LENGTH(ANON));
    add(&LISTS[OFFER_WEAK], WEAK, LENGTH(WEAK));
    add(&LISTS[OFFER_ANON], ANON, LENGTH(ANON));
    add_registry(&LISTS[OFFER_R1], SUITE_R1, SUITE_TLS13);
    add_registry(&LISTS[OFFER_R2], SUITE_R2, SUITE_TLS13);
    add_forward_secret(&LISTS[OFFER_FS]);
    add(&LISTS[OFFER_TLS13], (const uint16_t[]){0x1301, 0x1302, 0x1303, 0x1304, 0x1305}, 5);
}

const uint16_t *offer_suites(enum offer offer, size_t *count) {
    if (LISTS[OFFER_ALL].count == 0)
        build();
    *count = LISTS[offer].count;
    return LISTS[offer].suites;
}

const char *offer_name(enum offer offer) {
    static const char *const names[OFFER_COUNT] = {
        [OFFER_ALL] = "all suites",           [OFFER_WEAK_ANON] = "weak and anonymous suites",
        [OFFER_WEAK] = "weak suites",         [OFFER_ANON] = "anonymous suites",
        [OFFER_R1] = "NIST r1 suites",        [OFFER_R2] = "NIST r2 suites",
        [OFFER_FS] = "forward-secret suites", [OFFER_TLS13] = "TLS 1.3 suites",
    };
    return names[offer];
}

const uint16_t *offer_groups(unsigned max_version, size_t *count) {
    size_t skip = max_version >= VERSION_TLS1_3 ? 0 : GROUPS_13_HYBRIDS;
    *count = LENGTH(GROUPS_13) - skip;
    return GROUPS_13 + skip;
}
