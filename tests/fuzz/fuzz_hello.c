// link: mxg_tls
/* fuzz_hello.c - the input becomes a hello_spec. Whatever it asks, the hello obeys the size rules of
 * engine/tls/hello.h, every length in it fits, and it says what was asked, no more; a spec out of bounds gives none.
 */
#include "fuzz.h"
#include "tls/hello.h"

#include <stdbool.h>
#include <string.h>

enum {
    SUITES_TRIED = HELLO_SUITES_MAX + 4,
    GROUPS_TRIED = 36,
    NAME_TRIED = 260,
    NAME_ALLOWED = 253,
    SCSV = 0x00FF,
};

struct ask {
    struct hello_spec spec;
    uint16_t suites[SUITES_TRIED], groups[GROUPS_TRIED];
    char name[NAME_TRIED + 1];
    uint8_t random[HELLO_RANDOM_OCTETS];
};

static void fill(struct supply *supply, uint16_t *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = (uint16_t)supply_number(supply, UINT16_MAX);
}

static void take_ask(struct ask *ask, struct supply *supply) {
    static const enum tls_version versions[] = {VERSION_SSLV2,  VERSION_SSLV3,  VERSION_TLS1_0, VERSION_TLS1_1,
                                                VERSION_TLS1_2, VERSION_TLS1_3, VERSION_NONE,   0x0305};
    memset(ask, 0, sizeof *ask);
    ask->spec = (struct hello_spec){.max = versions[supply_number(supply, 7)],
                                    .suites = ask->suites,
                                    .suite_count = supply_number(supply, SUITES_TRIED),
                                    .groups = ask->groups,
                                    .group_count = supply_number(supply, GROUPS_TRIED),
                                    .server_name = supply_number(supply, 7) ? ask->name : NULL};
    memset(ask->name, 'm', supply_number(supply, NAME_TRIED));
    fill(supply, ask->suites, ask->spec.suite_count);
    fill(supply, ask->groups, ask->spec.group_count);
    for (size_t i = 0; i < sizeof ask->random; i++)
        ask->random[i] = (uint8_t)(0xA0 + i);
    ask->spec.plain = supply_number(supply, 1);
}

static bool in_bounds(const struct ask *ask) {
    const struct hello_spec *spec = &ask->spec;
    return spec->max == VERSION_SSLV2 ||
           (spec->max >= VERSION_SSLV3 && spec->max <= VERSION_TLS1_3 && spec->suite_count >= 1 &&
            spec->suite_count <= HELLO_SUITES_MAX && spec->group_count <= HELLO_GROUPS_MAX &&
            (spec->server_name == NULL || strlen(ask->name) <= NAME_ALLOWED));
}

/* ---- reading it back ---- */

static struct supply octets(struct supply *from, size_t len) {
    CHECK(from->left >= len);
    struct supply part = {from->at, len};
    from->at += len;
    from->left -= len;
    return part;
}
static unsigned number(struct supply *from, size_t width) {
    struct supply part = octets(from, width);
    unsigned value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | part.at[i];
    return value;
}
static struct supply vector(struct supply *from, size_t width) { return octets(from, number(from, width)); }

static void check_list(struct supply list, const uint16_t *values, size_t count) {
    CHECK(list.left == 2 * count);
    for (size_t i = 0; i < count; i++)
        CHECK(number(&list, 2) == values[i]);
}

static void check_extension(unsigned type, struct supply body, const struct ask *ask) {
    struct supply inner;
    switch (type) {
    case 0: /* server_name: one host_name */
        inner = vector(&body, 2);
        CHECK(body.left == 0 && number(&inner, 1) == 0 && inner.left > 2);
        body = vector(&inner, 2);
        CHECK(inner.left == 0 && ask->spec.server_name && body.left == strlen(ask->name));
        CHECK(memcmp(body.at, ask->name, body.left) == 0);
        break;
    case 10: /* supported_groups: never an empty list (RFC 8422 section 5.1.1) */
        inner = vector(&body, 2);
        CHECK(body.left == 0 && inner.left > 0);
        check_list(inner, ask->spec.groups, ask->spec.group_count);
        break;
    case 13: /* signature_algorithms */
        inner = vector(&body, 2);
        CHECK(body.left == 0 && inner.left > 0 && ask->spec.max >= VERSION_TLS1_2);
        break;
    case 43: /* supported_versions: 1.3 alone */
        CHECK(ask->spec.max == VERSION_TLS1_3 && body.left == 3 && memcmp(body.at, "\2\3\4", 3) == 0);
        break;
    case 51: /* key_share: empty */
        CHECK(ask->spec.max == VERSION_TLS1_3 && body.left == 2 && memcmp(body.at, "\0", 2) == 0);
        break;
    case 11: /* ec_point_formats: uncompressed */
        CHECK(body.left == 2 && memcmp(body.at, "\1", 2) == 0);
        break;
    case 22: /* encrypt_then_mac, extended_master_secret, session_ticket: empty */
    case 23:
    case 35:
        CHECK(body.left == 0);
        break;
    case 45: /* psk_key_exchange_modes */
        CHECK(ask->spec.max == VERSION_TLS1_3);
        break;
    default:
        CHECK(type == 21);
    }
}

static void check_extensions(struct supply list, const struct ask *ask) {
    bool seen[64] = {false};
    size_t last = 0;
    while (list.left > 0) {
        unsigned type = number(&list, 2);
        struct supply body = vector(&list, 2);
        CHECK(type < 64 && !seen[type]);
        seen[type] = true;
        last = body.left;
        check_extension(type, body, ask);
    }
    CHECK(last > 0);
    CHECK(seen[0] == (ask->spec.server_name && *ask->name) && seen[10] == (ask->spec.group_count > 0));
    CHECK(seen[43] == (ask->spec.max == VERSION_TLS1_3) && seen[51] == seen[43] && seen[45] == seen[43]);
    CHECK(seen[13] == (ask->spec.max >= VERSION_TLS1_2));
}

static void check_hello(struct supply message, const struct ask *ask) {
    bool tls13 = ask->spec.max == VERSION_TLS1_3;
    CHECK(number(&message, 1) == 1);
    struct supply hello = vector(&message, 3);
    CHECK(message.left == 0);
    CHECK(number(&hello, 2) == (tls13 ? VERSION_TLS1_2 : ask->spec.max));
    CHECK(memcmp(octets(&hello, 32).at, ask->random, 32) == 0);
    CHECK(vector(&hello, 1).left == (tls13 ? 32 : 0));
    struct supply suites = vector(&hello, 2);
    check_list(octets(&suites, suites.left - 2), ask->suites, ask->spec.suite_count);
    CHECK(number(&suites, 2) == SCSV);
    CHECK(number(&hello, 2) == 0x0100);
    if (ask->spec.max == VERSION_SSLV3 || (ask->spec.plain && !tls13)) {
        CHECK(hello.left == 0);
        return;
    }
    check_extensions(vector(&hello, 2), ask);
    CHECK(hello.left == 0);
}

static void check_record(struct supply record, const struct ask *ask) {
    CHECK(number(&record, 1) == 22);
    CHECK(number(&record, 2) == (ask->spec.max == VERSION_SSLV3 ? VERSION_SSLV3 : VERSION_TLS1_0));
    struct supply payload = vector(&record, 2);
    CHECK(record.left == 0);
    bool plain = ask->spec.max == VERSION_SSLV3 || (ask->spec.plain && ask->spec.max != VERSION_TLS1_3);
    CHECK(plain || payload.left <= 255 || payload.left >= 512); /* who has no extensions cannot be padded */
    CHECK(plain || (payload.left % 256 != 10 && payload.left % 256 != 14));
    check_hello(payload, ask);
}

static void check_sslv2(struct supply record) {
    CHECK(number(&record, 2) == (0x8000u | record.left));
    CHECK(number(&record, 1) == 1 && number(&record, 2) == VERSION_SSLV2);
    unsigned kinds = number(&record, 2), session = number(&record, 2), challenge = number(&record, 2);
    CHECK(kinds == 7 * 3 && session == 0 && challenge == 16 && record.left == kinds + challenge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct supply supply = {data, size};
    struct ask ask;
    take_ask(&ask, &supply);
    uint8_t *out = malloc(HELLO_MAX_OCTETS); /* of exactly that size, for the sanitizer to watch */
    size_t len = hello_build(out, &ask.spec, ask.random);
    CHECK(len <= HELLO_MAX_OCTETS && (len > 0) == in_bounds(&ask));
    struct supply built = {out, len};
    if (ask.spec.max == VERSION_SSLV2)
        check_sslv2(built);
    else if (len > 0)
        check_record(built, &ask);
    free(out);
    return 0;
}
