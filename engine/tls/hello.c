/* hello.c - see hello.h. A bounded writer with back-patched lengths; padding is computed last, when the size is known.
 */
#include "tls/hello.h"

#include <stdbool.h>
#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    RANDOM_OCTETS = 32,
    SCSV = 0x00FF, /* TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 */
    PADDED_TO = 512,
    PADDING_HEADER = 4,
    NAME_OCTETS_MAX = 253,
};

enum extension {
    EXT_SERVER_NAME = 0,
    EXT_SUPPORTED_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_PADDING = 21,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_PSK_MODES = 45,
    EXT_KEY_SHARE = 51,
};

/* signature_algorithms: every scheme that could be a server's only one, the usual ones first. EdDSA, RSA-PSS and ML-DSA
 * keys have no other, and without SHA-1 old servers look dead. */
static const uint16_t SIGNATURES[] = {
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0203, 0x0201, /* those of a small hello */
    0x0603, 0x0806, 0x0601, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B, 0x0202, 0x0402,
    0x0301, 0x0303, 0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906, 0x0708, /* brainpool in TLS 1.3, ML-DSA, SM2 */
};
enum { SIGNATURES_COUNT = sizeof SIGNATURES / sizeof *SIGNATURES, SIGNATURES_SMALL = 8 };

struct writer {
    uint8_t *out;
    size_t len;
    bool full;
};

static void put_octets(struct writer *w, const void *data, size_t len) {
    if (w->full || len > HELLO_MAX_OCTETS - w->len) {
        w->full = true;
        return;
    }
    if (len > 0)
        memcpy(w->out + w->len, data, len);
    w->len += len;
}
static void put_u8(struct writer *w, unsigned value) { put_octets(w, &(uint8_t){(uint8_t)value}, 1); }
static void put_u16(struct writer *w, unsigned value) {
    put_octets(w, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

/* A vector whose length, of width octets, is not yet known: begin, write, end. */
static size_t begin_vector(struct writer *w, size_t width) {
    put_octets(w, (const uint8_t[]){0, 0, 0}, width);
    return w->len;
}
static void end_vector(struct writer *w, size_t start, size_t width) {
    size_t len = w->len - start;
    for (size_t i = 0; !w->full && i < width; i++)
        w->out[start - 1 - i] = (uint8_t)(len >> 8 * i);
}

static void put_list(struct writer *w, const uint16_t *values, size_t count) {
    size_t list = begin_vector(w, 2);
    for (size_t i = 0; i < count; i++)
        put_u16(w, values[i]);
    end_vector(w, list, 2);
}

/* ---- extensions ---- */

static size_t begin_extension(struct writer *w, enum extension type) {
    put_u16(w, type);
    return begin_vector(w, 2);
}

static void put_server_name(struct writer *w, const char *name) {
    size_t len = name ? strlen(name) : 0;
    if (len == 0)
        return;
    size_t extension = begin_extension(w, EXT_SERVER_NAME), list = begin_vector(w, 2);
    put_u8(w, 0); /* host_name */
    size_t host = begin_vector(w, 2);
    put_octets(w, name, len);
    end_vector(w, host, 2);
    end_vector(w, list, 2);
    end_vector(w, extension, 2);
}

static void put_list_extension(struct writer *w, enum extension type, const uint16_t *values, size_t count) {
    size_t extension = begin_extension(w, type);
    put_list(w, values, count);
    end_vector(w, extension, 2);
}

static void put_octets_extension(struct writer *w, enum extension type, const uint8_t *octets, size_t len) {
    size_t extension = begin_extension(w, type);
    put_octets(w, octets, len);
    end_vector(w, extension, 2);
}

static void put_extensions(struct writer *w, const struct hello_spec *spec) {
    put_server_name(w, spec->server_name);
    put_octets_extension(w, EXT_EXTENDED_MASTER_SECRET, NULL, 0);
    if (!spec->small) {
        put_octets_extension(w, EXT_SESSION_TICKET, NULL, 0);
        put_octets_extension(w, EXT_ENCRYPT_THEN_MAC, NULL, 0);
    }
    if (spec->max == VERSION_TLS1_3) {
        put_octets_extension(w, EXT_SUPPORTED_VERSIONS, (const uint8_t[]){2, 3, 4}, 3);
        put_octets_extension(w, EXT_PSK_MODES, (const uint8_t[]){1, 1}, 2);
        put_octets_extension(w, EXT_KEY_SHARE, (const uint8_t[]){0, 0}, 2);
    }
    if (spec->max >= VERSION_TLS1_2)
        put_list_extension(w, EXT_SIGNATURE_ALGORITHMS, SIGNATURES, spec->small ? SIGNATURES_SMALL : SIGNATURES_COUNT);
    if (spec->group_count > 0) /* RFC 8422 section 5.1.1 knows no empty list */
        put_list_extension(w, EXT_SUPPORTED_GROUPS, spec->groups, spec->group_count);
    put_octets_extension(w, EXT_POINT_FORMATS, (const uint8_t[]){1, 0}, 2);
}

/* ---- size rules ---- */

static bool size_is_fine(size_t payload) {
    bool misread = payload > HELLO_SHORT_MAX && payload < PADDED_TO;
    return !misread && payload % 256 != 10 && payload % 256 != 14;
}

/* Octets that the padding extension must bring, header included; 0 = none. */
static size_t padding_for(size_t payload) {
    if (size_is_fine(payload))
        return 0;
    size_t padding = payload > HELLO_SHORT_MAX && payload < PADDED_TO ? PADDED_TO - payload : 0;
    if (padding < PADDING_HEADER + 1)
        padding = PADDING_HEADER + 1;
    while (!size_is_fine(payload + padding))
        padding++;
    return padding;
}

static void put_padding(struct writer *w) {
    static const uint8_t zeros[PADDED_TO];
    size_t padding = padding_for(w->len - RECORD_HEADER);
    if (padding)
        put_octets_extension(w, EXT_PADDING, zeros, padding - PADDING_HEADER);
}

/* ---- hellos ---- */

/* RFC 6101 appendix E: version 0002, all seven kinds, a challenge of 16 octets. */
static size_t build_sslv2(struct writer *w, const uint8_t *random) {
    static const uint8_t kinds[] = {0x07, 0x00, 0xC0, 0x05, 0x00, 0x80, 0x03, 0x00, 0x80, 0x01, 0x00,
                                    0x80, 0x06, 0x00, 0x40, 0x04, 0x00, 0x80, 0x02, 0x00, 0x80};
    enum { CHALLENGE = 16 };
    size_t hello = begin_vector(w, 2);
    put_u8(w, CLIENT_HELLO);
    put_u16(w, VERSION_SSLV2);
    put_u16(w, sizeof kinds);
    put_u16(w, 0); /* session id */
    put_u16(w, CHALLENGE);
    put_octets(w, kinds, sizeof kinds);
    put_octets(w, random, CHALLENGE);
    end_vector(w, hello, 2);
    w->out[0] |= 0x80; /* two-octet header */
    return w->len;
}

static void put_suites(struct writer *w, const struct hello_spec *spec) {
    size_t list = begin_vector(w, 2);
    for (size_t i = 0; i < spec->suite_count; i++)
        put_u16(w, spec->suites[i]);
    put_u16(w, SCSV);
    end_vector(w, list, 2);
}

static bool in_bounds(const struct hello_spec *spec) {
    return spec->suite_count > 0 && spec->suite_count <= HELLO_SUITES_MAX && spec->group_count <= HELLO_GROUPS_MAX &&
           spec->max >= VERSION_SSLV3 && spec->max <= VERSION_TLS1_3 &&
           (spec->server_name == NULL || strlen(spec->server_name) <= NAME_OCTETS_MAX);
}

size_t hello_build(uint8_t out[static HELLO_MAX_OCTETS], const struct hello_spec *spec,
                   const uint8_t random[static HELLO_RANDOM_OCTETS]) {
    struct writer w = {.out = out};
    if (spec->max == VERSION_SSLV2)
        return build_sslv2(&w, random);
    if (!in_bounds(spec))
        return 0;
    bool tls13 = spec->max == VERSION_TLS1_3;
    put_u8(&w, RECORD_HANDSHAKE);
    put_u16(&w, spec->max == VERSION_SSLV3 ? VERSION_SSLV3 : VERSION_TLS1_0);
    size_t record = begin_vector(&w, 2);
    put_u8(&w, CLIENT_HELLO);
    size_t hello = begin_vector(&w, 3);
    put_u16(&w, tls13 ? VERSION_TLS1_2 : spec->max); /* RFC 8446 section 4.1.2: legacy_version */
    put_octets(&w, random, RANDOM_OCTETS);
    size_t session = begin_vector(&w, 1);
    if (tls13)
        put_octets(&w, random + RANDOM_OCTETS, RANDOM_OCTETS); /* middlebox compatibility */
    end_vector(&w, session, 1);
    put_suites(&w, spec);
    put_octets(&w, (const uint8_t[]){1, 0}, 2); /* no compression */
    if (spec->max != VERSION_SSLV3 && !(spec->plain && !tls13)) {
        size_t extensions = begin_vector(&w, 2);
        put_extensions(&w, spec);
        put_padding(&w);
        end_vector(&w, extensions, 2);
    }
    end_vector(&w, hello, 3);
    end_vector(&w, record, 2);
    return w.full ? 0 : w.len;
}
