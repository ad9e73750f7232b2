/* server_flight.c - see server_flight.h.
 *
 * Two layers: take_record() peels whole records off raw; handshake records are appended to messages, from which
 * take_message() reads whole handshake messages. What a record or message holds is read with reader.h, which cannot
 * leave its bounds.
 */
#include "tls/server_flight.h"

#include "base/mem.h"
#include "base/reader.h"
#include "model/suites.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = (1 << 14) + 2048,
    RECORD_CCS = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_LAST = 24, /* heartbeat, RFC 6520 */
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    ALERT_WARNING = 1,
    ALERT_FATAL = 2,
    ALERT_OCTETS = 2,
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
    V2_KIND_OCTETS = 3,
};

/* SHA-256("HelloRetryRequest"), RFC 8446 section 4.1.3 */
static const uint8_t RETRY_RANDOM[32] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                         0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                         0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

/* ---- state ---- */

void flight_init(struct flight *flight, enum tls_version offered_max) {
    memset(flight, 0, sizeof *flight);
    flight->v2_offered = offered_max == VERSION_SSLV2;
}

void flight_free(struct flight *flight) {
    free(flight->raw.octets);
    free(flight->messages.octets);
    flight->raw.octets = flight->messages.octets = NULL;
}

static enum flight_state malformed(struct flight *flight, const char *error) {
    flight->error = error;
    return flight->state = FLIGHT_MALFORMED;
}

static bool buffer_append(struct flight_buffer *buffer, const uint8_t *data, size_t len) {
    if (len > FLIGHT_MAX_OCTETS - buffer->len)
        return false;
    if (buffer->len + len > buffer->cap) {
        buffer->cap = 2 * (buffer->len + len);
        buffer->octets = mem_realloc(buffer->octets, buffer->cap);
    }
    if (len > 0)
        memcpy(buffer->octets + buffer->len, data, len);
    buffer->len += len;
    return true;
}

/* ---- handshake messages ---- */

static void take_extension(struct flight *flight, unsigned type, struct reader body) {
    if (type == EXT_SUPPORTED_VERSIONS && body.left == 2)
        flight->version = (uint16_t)reader_number(&body, 2);
    else if (type == EXT_KEY_SHARE && body.left >= 2)
        flight->group = (uint16_t)reader_number(&body, 2);
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

/* All extensions of a ServerHello; body is bad if their lengths do not fit. */
static void take_extensions(struct flight *flight, struct reader *body) {
    struct reader extensions = reader_vector(body, 2);
    while (!extensions.bad && extensions.left > 0) {
        unsigned type = reader_number(&extensions, 2);
        struct reader extension = reader_vector(&extensions, 2);
        if (!extensions.bad)
            take_extension(flight, type, extension);
    }
    body->bad = extensions.bad;
}

static enum flight_state take_server_hello(struct flight *flight, struct reader body) {
    if (flight->selected)
        return malformed(flight, "a second ServerHello");
    unsigned legacy_version = reader_number(&body, 2);
    flight->version = (uint16_t)legacy_version;
    const uint8_t *random = reader_take(&body, sizeof RETRY_RANDOM);
    if (body.bad)
        return malformed(flight, "a truncated ServerHello");
    flight->retry_request = memcmp(random, RETRY_RANDOM, sizeof RETRY_RANDOM) == 0;
    memcpy(flight->random_tail, random + sizeof RETRY_RANDOM - sizeof flight->random_tail, sizeof flight->random_tail);
    if (reader_vector(&body, 1).left > SESSION_ID_MAX)
        return malformed(flight, "a session id that is too long");
    flight->suite = (uint16_t)reader_number(&body, 2);
    unsigned compression = reader_number(&body, 1);
    if (!body.bad && body.left > 0)
        take_extensions(flight, &body);
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

static bool has_curve(uint16_t id) {
    const struct suite *suite = suite_find(id);
    return suite && (strcmp(suite->kx, "ECDHE") == 0 || strcmp(suite->kx, "ECDH_anon") == 0);
}

/* RFC 8422 section 5.4: named curve, point, signature. Other parameters may begin with the same octet (a DHE prime of
 * 6,144 to 8,184 bits, whose length it is) and are left alone: the suite tells. */
static void take_key_exchange(struct flight *flight, struct reader body) {
    if (!has_curve(flight->suite) || reader_number(&body, 1) != NAMED_CURVE)
        return;
    unsigned group = reader_number(&body, 2);
    reader_vector(&body, 1);
    if (body.bad)
        return;
    flight->group = (uint16_t)group;
    unsigned scheme = reader_number(&body, 2);
    if (!body.bad && flight->version == VERSION_TLS1_2)
        flight->signature = (uint16_t)scheme;
}

static enum flight_state take_message(struct flight *flight, unsigned type, struct reader body) {
    if (type == SERVER_HELLO)
        return take_server_hello(flight, body);
    if (!flight->selected)
        return malformed(flight, "a handshake message before ServerHello");
    if (type == CERTIFICATE && flight->certificate_len == 0) {
        flight->certificate_at = (size_t)(body.at - flight->messages.octets);
        flight->certificate_len = body.left;
    } else if (type == SERVER_KEY_EXCHANGE) {
        take_key_exchange(flight, body);
    } else if (type == SERVER_HELLO_DONE) {
        flight->state = FLIGHT_WHOLE;
    }
    return flight->state;
}

static enum flight_state take_messages(struct flight *flight) {
    const struct flight_buffer *messages = &flight->messages;
    while (flight->state == FLIGHT_MORE && flight->parsed < messages->len) {
        struct reader rest = reader_of(messages->octets + flight->parsed, messages->len - flight->parsed);
        unsigned type = reader_number(&rest, 1);
        size_t len = reader_number(&rest, 3);
        if (len > FLIGHT_MAX_OCTETS)
            return malformed(flight, "a handshake message that is too long");
        struct reader body = reader_of(reader_take(&rest, len), len);
        if (rest.bad) /* the rest of the message is still to come */
            break;
        flight->parsed = messages->len - rest.left;
        take_message(flight, type, body);
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
    if (!buffer_append(&flight->messages, body, len))
        return malformed(flight, "a flight that is too long");
    return take_messages(flight);
}

/* The certificate of an SSL 2.0 answer, wrapped as a Certificate message of TLS wraps a list of one. */
static void keep_v2_certificate(struct flight *flight, const uint8_t *certificate, size_t len) {
    size_t list_len = len + 3;
    const uint8_t head[] = {(uint8_t)(list_len >> 16), (uint8_t)(list_len >> 8), (uint8_t)list_len,
                            (uint8_t)(len >> 16),      (uint8_t)(len >> 8),      (uint8_t)len};
    if (len == 0)
        return;
    /* take_v2() found messages empty, so that both fit. */
    (void)buffer_append(&flight->messages, head, sizeof head);
    (void)buffer_append(&flight->messages, certificate, len);
    flight->certificate_len = sizeof head + len;
}

/* An SSL 2.0 SERVER-HELLO or ERROR, whole, behind its two-octet header. */
static enum flight_state take_v2(struct flight *flight, struct reader body) {
    if (flight->messages.len > 0)
        return malformed(flight, "an SSLv2 answer behind a TLS one");
    unsigned type = reader_number(&body, 1);
    if (type == V2_ERROR && !body.bad)
        return flight->state = FLIGHT_ALERT;
    reader_number(&body, 2); /* session id hit, certificate type */
    unsigned version = reader_number(&body, 2);
    size_t certificate_len = reader_number(&body, 2), specs_len = reader_number(&body, 2);
    reader_number(&body, 2); /* length of the connection id */
    const uint8_t *certificate = reader_take(&body, certificate_len);
    reader_take(&body, specs_len);
    if (body.bad || type != V2_SERVER_HELLO || version != VERSION_SSLV2)
        return malformed(flight, "an SSLv2 answer whose lengths do not fit");
    flight->selected = true;
    flight->version = VERSION_SSLV2;
    flight->v2_kinds = (unsigned)(specs_len / V2_KIND_OCTETS);
    keep_v2_certificate(flight, certificate, certificate_len);
    return flight->state = FLIGHT_HELLO;
}

/* Could it be an alert, whatever version its record has? BearSSL says that a hello is too old in a record of version
 * 0.0. Two octets, of a level that exists: no other record is believed without the version. */
static bool may_be_alert(const uint8_t *raw, size_t len) {
    enum { HIGH = 3, LOW = 4, LEVEL = 5 };
    return raw[0] == RECORD_ALERT && (len <= HIGH || raw[HIGH] == 0) && (len <= LOW || raw[LOW] == ALERT_OCTETS) &&
           (len <= LEVEL || raw[LEVEL] == ALERT_WARNING || raw[LEVEL] == ALERT_FATAL);
}

/* One TLS record or SSL 2.0 answer off raw, which holds two octets or more. Returns the octets used, 0 if it is not
 * whole. */
static size_t take_unit(struct flight *flight, const uint8_t *raw, size_t len) {
    if (flight->v2_offered && (raw[0] & 0x80)) {
        size_t body = (size_t)(raw[0] & 0x7f) << 8 | raw[1];
        if (len < 2 + body)
            return 0;
        take_v2(flight, reader_of(raw + 2, body));
        return 2 + body;
    }
    if (raw[0] < RECORD_CCS || raw[0] > RECORD_LAST || (raw[1] != 3 && !may_be_alert(raw, len))) {
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

/* As many whole units as there are. Returns the octets used. */
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
    struct flight_buffer *raw = &flight->raw;
    if (raw->len == 0) { /* mostly: whole records, read where they lie */
        size_t used = take_units(flight, data, len);
        (void)buffer_append(raw, data + used, len - used);
        return flight->state;
    }
    (void)buffer_append(raw, data, len); /* fits: no more than all that was received */
    size_t used = take_units(flight, raw->octets, raw->len);
    if (used > 0)
        memmove(raw->octets, raw->octets + used, raw->len - used);
    raw->len -= used;
    return flight->state;
}

bool flight_certificates(const struct flight *flight, const uint8_t **data, size_t *len) {
    if (flight->certificate_len == 0)
        return false;
    *data = flight->messages.octets + flight->certificate_at;
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
    /* RFC 8446 section 4.1.3. An octet of 0 at the end would say less: servers of TLS 1.2 end in it, too. */
    static const uint8_t sentinel[sizeof flight->random_tail] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
    return flight->selected && flight->version >= VERSION_TLS1_0 && flight->version < VERSION_TLS1_3 &&
           memcmp(flight->random_tail, sentinel, sizeof sentinel) == 0;
}
