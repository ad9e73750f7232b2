/* server_flight.c - see server_flight.h.
 *
 * Two layers: take_record() peels whole records off raw[]; handshake records are appended to messages[], from which
 * take_message() reads whole handshake messages. Every read goes through struct reader, which cannot leave its bounds.
 */
#include "tls/server_flight.h"

#include "base/mem.h"
#include "model/suites.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = (1 << 14) + 2048,
    RECORD_CCS = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    MESSAGE_HEADER = 4,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    ALERT_WARNING = 1,
    ALERT_CLOSE_NOTIFY = 0,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_COOKIE = 44,
    EXT_KEY_SHARE = 51,
    NAMED_CURVE = 3,
    SESSION_ID_MAX = 32,
    TLS13_SUITES = 0x13, /* the first octet of all of them */
    WARNINGS_MAX = 8,    /* an endless stream of warnings is no answer */
    V2_SERVER_HELLO = 4,
    V2_ERROR = 0,
};

/* SHA-256("HelloRetryRequest"), RFC 8446 section 4.1.3 */
static const uint8_t RETRY_RANDOM[32] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                         0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                         0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

/* ---- names ---- */

struct code_name {
    uint16_t code;
    const char *name;
};

static const char *name_of(const struct code_name *table, size_t count, uint16_t code, const char *fallback) {
    for (size_t i = 0; i < count; i++)
        if (table[i].code == code)
            return table[i].name;
    return fallback;
}
#define NAME_OF(table, code, fallback) name_of(table, sizeof(table) / sizeof *(table), code, fallback)

const char *alert_name(uint8_t description) {
    static const struct code_name table[] = {{0, "close_notify"},
                                             {10, "unexpected_message"},
                                             {20, "bad_record_mac"},
                                             {21, "decryption_failed"},
                                             {22, "record_overflow"},
                                             {30, "decompression_failure"},
                                             {40, "handshake_failure"},
                                             {41, "no_certificate"},
                                             {42, "bad_certificate"},
                                             {43, "unsupported_certificate"},
                                             {44, "certificate_revoked"},
                                             {45, "certificate_expired"},
                                             {46, "certificate_unknown"},
                                             {47, "illegal_parameter"},
                                             {48, "unknown_ca"},
                                             {49, "access_denied"},
                                             {50, "decode_error"},
                                             {51, "decrypt_error"},
                                             {60, "export_restriction"},
                                             {70, "protocol_version"},
                                             {71, "insufficient_security"},
                                             {80, "internal_error"},
                                             {86, "inappropriate_fallback"},
                                             {90, "user_canceled"},
                                             {100, "no_renegotiation"},
                                             {109, "missing_extension"},
                                             {110, "unsupported_extension"},
                                             {112, "unrecognized_name"},
                                             {113, "bad_certificate_status_response"},
                                             {115, "unknown_psk_identity"},
                                             {116, "certificate_required"},
                                             {120, "no_application_protocol"}};
    return NAME_OF(table, description, "alert");
}

const char *group_name(uint16_t group) {
    static const struct code_name table[] = {{0x0015, "secp224r1"},
                                             {0x0016, "secp256k1"},
                                             {0x0017, "secp256r1"},
                                             {0x0018, "secp384r1"},
                                             {0x0019, "secp521r1"},
                                             {0x001A, "brainpoolP256r1"},
                                             {0x001B, "brainpoolP384r1"},
                                             {0x001C, "brainpoolP512r1"},
                                             {0x001D, "x25519"},
                                             {0x001E, "x448"},
                                             {0x001F, "brainpoolP256r1tls13"},
                                             {0x0020, "brainpoolP384r1tls13"},
                                             {0x0021, "brainpoolP512r1tls13"},
                                             {0x0100, "ffdhe2048"},
                                             {0x0101, "ffdhe3072"},
                                             {0x0102, "ffdhe4096"},
                                             {0x0103, "ffdhe6144"},
                                             {0x0104, "ffdhe8192"},
                                             {0x0200, "MLKEM512"},
                                             {0x0201, "MLKEM768"},
                                             {0x0202, "MLKEM1024"},
                                             {0x11EB, "SecP256r1MLKEM768"},
                                             {0x11EC, "X25519MLKEM768"},
                                             {0x11ED, "SecP384r1MLKEM1024"},
                                             {0x11EE, "curveSM2MLKEM768"},
                                             {0x6399, "X25519Kyber768Draft00"}};
    return NAME_OF(table, group, "");
}

bool group_is_pq_hybrid(uint16_t group) { return (group >= 0x11EB && group <= 0x11EE) || group == 0x6399; }

const char *signature_name(uint16_t scheme) {
    static const struct code_name table[] = {{0x0101, "rsa_pkcs1_md5"},
                                             {0x0201, "rsa_pkcs1_sha1"},
                                             {0x0202, "dsa_sha1"},
                                             {0x0203, "ecdsa_sha1"},
                                             {0x0401, "rsa_pkcs1_sha256"},
                                             {0x0403, "ecdsa_secp256r1_sha256"},
                                             {0x0501, "rsa_pkcs1_sha384"},
                                             {0x0503, "ecdsa_secp384r1_sha384"},
                                             {0x0601, "rsa_pkcs1_sha512"},
                                             {0x0603, "ecdsa_secp521r1_sha512"},
                                             {0x0804, "rsa_pss_rsae_sha256"},
                                             {0x0805, "rsa_pss_rsae_sha384"},
                                             {0x0806, "rsa_pss_rsae_sha512"},
                                             {0x0807, "ed25519"},
                                             {0x0808, "ed448"},
                                             {0x0809, "rsa_pss_pss_sha256"},
                                             {0x080A, "rsa_pss_pss_sha384"},
                                             {0x080B, "rsa_pss_pss_sha512"}};
    return NAME_OF(table, scheme, "");
}

/* ---- bounded reading ---- */

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct reader *r, size_t len) {
    static const uint8_t nothing[1];
    if (r->bad || len > r->left) {
        r->bad = true;
        return nothing;
    }
    const uint8_t *at = r->at;
    r->at += len;
    r->left -= len;
    return at;
}

static unsigned take_number(struct reader *r, size_t width) {
    unsigned value = 0;
    const uint8_t *at = take(r, width);
    for (size_t i = 0; i < width && !r->bad; i++)
        value = value << 8 | at[i];
    return value;
}

/* A vector with a length of width octets. */
static struct reader take_vector(struct reader *r, size_t width) {
    size_t len = take_number(r, width);
    const uint8_t *at = take(r, len);
    return (struct reader){.at = at, .left = r->bad ? 0 : len, .bad = r->bad};
}

/* ---- state ---- */

void flight_init(struct flight *flight, enum tls_version offered_max) {
    memset(flight, 0, sizeof *flight);
    flight->v2_offered = offered_max == VERSION_SSLV2;
}

void flight_free(struct flight *flight) {
    free(flight->raw);
    free(flight->messages);
    flight->raw = flight->messages = NULL;
}

static enum flight_state malformed(struct flight *flight, const char *error) {
    flight->error = error;
    return flight->state = FLIGHT_MALFORMED;
}

static bool append(uint8_t **buffer, size_t *len, size_t *cap, const uint8_t *data, size_t add) {
    if (add > FLIGHT_MAX_OCTETS - *len)
        return false;
    if (*len + add > *cap) {
        *cap = 2 * (*len + add);
        *buffer = mem_realloc(*buffer, *cap);
    }
    if (add > 0)
        memcpy(*buffer + *len, data, add);
    *len += add;
    return true;
}

/* ---- handshake messages ---- */

static void take_extension(struct flight *flight, unsigned type, struct reader body) {
    if (type == EXT_SUPPORTED_VERSIONS && body.left == 2)
        flight->version = (uint16_t)take_number(&body, 2);
    else if (type == EXT_KEY_SHARE && body.left >= 2)
        flight->group = (uint16_t)take_number(&body, 2);
    else if (type == EXT_COOKIE)
        flight->cookie = true;
}

/* server_version stops at TLS 1.2: 1.3 is named by supported_versions alone (RFC 8446 section 4.1.3). A retry has to
 * ask for a change (section 4.1.4). */
static const char *server_hello_defect(const struct flight *flight, unsigned legacy_version) {
    if (legacy_version < VERSION_SSLV3 || legacy_version > VERSION_TLS1_2)
        return "a ServerHello of a version that does not exist";
    if (flight->retry_request && flight->version != VERSION_TLS1_3)
        return "a HelloRetryRequest without TLS 1.3";
    if (flight->retry_request && flight->group == 0 && !flight->cookie)
        return "a HelloRetryRequest that asks for nothing";
    return NULL;
}

static enum flight_state take_server_hello(struct flight *flight, struct reader body) {
    if (flight->selected)
        return malformed(flight, "a second ServerHello");
    unsigned legacy_version = take_number(&body, 2);
    flight->version = (uint16_t)legacy_version;
    const uint8_t *random = take(&body, sizeof RETRY_RANDOM);
    if (body.bad)
        return malformed(flight, "a truncated ServerHello");
    flight->retry_request = memcmp(random, RETRY_RANDOM, sizeof RETRY_RANDOM) == 0;
    memcpy(flight->random_tail, random + sizeof RETRY_RANDOM - sizeof flight->random_tail, sizeof flight->random_tail);
    if (take_vector(&body, 1).left > SESSION_ID_MAX)
        return malformed(flight, "a session id that is too long");
    flight->suite = (uint16_t)take_number(&body, 2);
    unsigned compression = take_number(&body, 1);
    if (!body.bad && body.left > 0) {
        struct reader extensions = take_vector(&body, 2);
        while (!extensions.bad && extensions.left > 0) {
            unsigned type = take_number(&extensions, 2);
            struct reader extension = take_vector(&extensions, 2);
            if (!extensions.bad)
                take_extension(flight, type, extension);
        }
        body.bad = body.bad || extensions.bad;
    }
    if (body.bad || body.left > 0)
        return malformed(flight, "a ServerHello whose lengths do not fit");
    if (compression != 0)
        return malformed(flight, "a ServerHello with a compression that was not offered");
    const char *defect = server_hello_defect(flight, legacy_version);
    if (defect)
        return malformed(flight, defect);
    flight->selected = true;
    bool ends_here = flight->version == VERSION_TLS1_3 || flight->retry_request;
    return flight->state = ends_here ? FLIGHT_HELLO : FLIGHT_MORE;
}

/* RFC 8422 section 5.4: named curve, point, signature. DHE parameters begin otherwise and are left alone. */
static void take_key_exchange(struct flight *flight, struct reader body) {
    if (take_number(&body, 1) != NAMED_CURVE)
        return;
    unsigned group = take_number(&body, 2);
    take_vector(&body, 1);
    if (body.bad)
        return;
    flight->group = (uint16_t)group;
    unsigned scheme = take_number(&body, 2);
    if (!body.bad && flight->version == VERSION_TLS1_2)
        flight->signature = (uint16_t)scheme;
}

static enum flight_state take_message(struct flight *flight, unsigned type, const uint8_t *body, size_t len) {
    struct reader reader = {.at = body, .left = len};
    if (type == SERVER_HELLO)
        return take_server_hello(flight, reader);
    if (!flight->selected)
        return malformed(flight, "a handshake message before ServerHello");
    if (type == CERTIFICATE && flight->certificate_len == 0) {
        flight->certificate_at = (size_t)(body - flight->messages);
        flight->certificate_len = len;
    } else if (type == SERVER_KEY_EXCHANGE) {
        take_key_exchange(flight, reader);
    } else if (type == SERVER_HELLO_DONE) {
        flight->state = FLIGHT_WHOLE;
    }
    return flight->state;
}

static enum flight_state take_messages(struct flight *flight) {
    while (flight->state == FLIGHT_MORE && flight->messages_len - flight->parsed >= MESSAGE_HEADER) {
        const uint8_t *message = flight->messages + flight->parsed;
        size_t len = (size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3];
        if (len > FLIGHT_MAX_OCTETS)
            return malformed(flight, "a handshake message that is too long");
        if (flight->messages_len - flight->parsed < MESSAGE_HEADER + len)
            break;
        flight->parsed += MESSAGE_HEADER + len;
        take_message(flight, message[0], message + MESSAGE_HEADER, len);
    }
    return flight->state;
}

/* ---- records ---- */

static enum flight_state take_alert(struct flight *flight, const uint8_t *body, size_t len) {
    if (len < 2)
        return malformed(flight, "a truncated alert");
    bool warning = body[0] == ALERT_WARNING && body[1] != ALERT_CLOSE_NOTIFY;
    if (warning) { /* such as 112 unrecognized_name */
        flight->warned = true;
        if (++flight->warnings > WARNINGS_MAX)
            return malformed(flight, "too many warning alerts");
        return flight->state;
    }
    flight->alert = body[1];
    return flight->state = flight->selected ? FLIGHT_CUT : FLIGHT_ALERT;
}

static enum flight_state take_record(struct flight *flight, unsigned type, const uint8_t *body, size_t len) {
    if (type == RECORD_ALERT)
        return take_alert(flight, body, len);
    if (type == RECORD_CCS && flight->selected)
        return flight->state; /* middlebox compatibility */
    if (type != RECORD_HANDSHAKE)
        return malformed(flight, "an unexpected record type");
    if (!append(&flight->messages, &flight->messages_len, &flight->messages_cap, body, len))
        return malformed(flight, "a flight that is too long");
    return take_messages(flight);
}

/* SSL 2.0 SERVER-HELLO or error, whole in raw[] behind its two-octet header. */
static enum flight_state take_v2(struct flight *flight, const uint8_t *body, size_t len) {
    struct reader reader = {.at = body, .left = len};
    if (flight->messages_len > 0) /* messages[] is free for the certificate, which then fits */
        return malformed(flight, "an SSLv2 answer behind a TLS one");
    unsigned type = take_number(&reader, 1);
    if (type == V2_ERROR && !reader.bad)
        return flight->state = FLIGHT_ALERT;
    take_number(&reader, 2); /* session id hit, certificate type */
    unsigned version = take_number(&reader, 2);
    size_t certificate_len = take_number(&reader, 2), specs_len = take_number(&reader, 2);
    take_number(&reader, 2); /* connection id */
    const uint8_t *certificate = take(&reader, certificate_len);
    take(&reader, specs_len);
    if (reader.bad || type != V2_SERVER_HELLO || version != VERSION_SSLV2)
        return malformed(flight, "an SSLv2 answer whose lengths do not fit");
    flight->selected = true;
    flight->version = VERSION_SSLV2;
    flight->v2_kinds = (unsigned)(specs_len / 3);
    /* wrapped as TLS would */
    uint8_t head[6] = {(uint8_t)((certificate_len + 3) >> 16), (uint8_t)((certificate_len + 3) >> 8),
                       (uint8_t)(certificate_len + 3),         (uint8_t)(certificate_len >> 16),
                       (uint8_t)(certificate_len >> 8),        (uint8_t)certificate_len};
    if (certificate_len > 0) {
        append(&flight->messages, &flight->messages_len, &flight->messages_cap, head, sizeof head);
        append(&flight->messages, &flight->messages_len, &flight->messages_cap, certificate, certificate_len);
        flight->certificate_len = sizeof head + certificate_len;
    }
    return flight->state = FLIGHT_HELLO;
}

/* One unit off raw[at..): octets used, 0 if more are needed. */
static size_t take_unit(struct flight *flight, const uint8_t *raw, size_t len) {
    if (flight->v2_offered && (raw[0] & 0x80)) {
        size_t body = (size_t)(raw[0] & 0x7f) << 8 | raw[1];
        if (len < 2 + body)
            return 0;
        take_v2(flight, raw + 2, body);
        return 2 + body;
    }
    if (raw[0] < RECORD_CCS || raw[0] > 24 || raw[1] != 3) {
        malformed(flight, "not a TLS record");
        return len;
    }
    if (len < RECORD_HEADER)
        return 0;
    size_t body = (size_t)raw[3] << 8 | raw[4];
    if (body > RECORD_MAX) {
        malformed(flight, "an oversized record");
        return len;
    }
    if (len < RECORD_HEADER + body)
        return 0;
    take_record(flight, raw[0], raw + RECORD_HEADER, body);
    return RECORD_HEADER + body;
}

/* As many whole units as there are; octets used. */
static size_t take_units(struct flight *flight, const uint8_t *raw, size_t len) {
    size_t at = 0;
    while (flight->state == FLIGHT_MORE && len - at >= 2) {
        size_t used = take_unit(flight, raw + at, len - at);
        if (used == 0)
            break;
        at += used;
    }
    return at;
}

enum flight_state flight_feed(struct flight *flight, const uint8_t *data, size_t len) {
    if (flight->state != FLIGHT_MORE)
        return flight->state;
    /* All that arrives counts, empty records too: an endless stream of nothing is no answer either. */
    if (len > FLIGHT_MAX_OCTETS - flight->received)
        return malformed(flight, "a flight that is too long");
    flight->received += len;
    if (flight->raw_len == 0) { /* mostly: whole records, read where they lie */
        size_t used = take_units(flight, data, len);
        append(&flight->raw, &flight->raw_len, &flight->raw_cap, data + used, len - used);
        return flight->state;
    }
    append(&flight->raw, &flight->raw_len, &flight->raw_cap, data, len);
    size_t used = take_units(flight, flight->raw, flight->raw_len);
    if (used > 0)
        memmove(flight->raw, flight->raw + used, flight->raw_len - used);
    flight->raw_len -= used;
    return flight->state;
}

bool flight_certificates(const struct flight *flight, const uint8_t **data, size_t *len) {
    if (flight->certificate_len == 0)
        return false;
    *data = flight->messages + flight->certificate_at;
    *len = flight->certificate_len;
    return true;
}

bool flight_offered(const struct flight *flight, const struct hello_spec *spec, bool lower_too) {
    if (spec->max == VERSION_SSLV2)
        return flight->version == VERSION_SSLV2;
    bool only_13 = spec->max == VERSION_TLS1_3 && !lower_too, is_13 = flight->version == VERSION_TLS1_3;
    if (flight->version > spec->max || flight->version < VERSION_SSLV3 || (only_13 && !is_13))
        return false;
    if (is_13 && flight->group && !suite_is_listed(spec->groups, spec->group_count, flight->group))
        return false;
    /* TLS 1.3 has suites of its own, and no other version has them (RFC 8446 appendix B.4). */
    bool suite_13 = flight->suite >> 8 == TLS13_SUITES;
    return suite_13 == is_13 && suite_is_listed(spec->suites, spec->suite_count, flight->suite);
}

bool flight_has_sentinel(const struct flight *flight) {
    static const uint8_t sentinel[] = {'D', 'O', 'W', 'N',
                                       'G', 'R', 'D'}; /* the octet behind it: picked 1.2, or less */
    return flight->selected && flight->version >= VERSION_TLS1_0 && flight->version < VERSION_TLS1_3 &&
           memcmp(flight->random_tail, sentinel, sizeof sentinel) == 0 && flight->random_tail[7] == 1;
}
