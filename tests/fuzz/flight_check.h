/* flight_check.h - the properties of tls/server_flight.h, for the two targets that differ in what was offered. */
#ifndef MXG_FLIGHT_CHECK_H
#define MXG_FLIGHT_CHECK_H

#include "fuzz.h"
#include "tls/server_flight.h"
#include "tls/tls_names.h"

#include <string.h>

static inline struct flight flight_of(const uint8_t *data, size_t size, enum tls_version offered, size_t piece) {
    struct flight flight;
    flight_init(&flight, offered);
    for (size_t at = 0; at < size || at == 0; at += piece)
        flight_feed(&flight, data + at, size - at < piece ? size - at : piece);
    return flight;
}

static inline void check_same_flight(const struct flight *a, const struct flight *b) {
    const uint8_t *list_a, *list_b;
    size_t len_a = 0, len_b = 0;
    bool has_a = flight_certificates(a, &list_a, &len_a), has_b = flight_certificates(b, &list_b, &len_b);
    CHECK(a->state == b->state);
    CHECK(a->selected == b->selected && a->retry_request == b->retry_request);
    CHECK(a->version == b->version && a->suite == b->suite && a->group == b->group && a->signature == b->signature);
    CHECK(memcmp(a->random_tail, b->random_tail, sizeof a->random_tail) == 0);
    CHECK(a->alert == b->alert && a->warned == b->warned && a->v2_kinds == b->v2_kinds);
    CHECK(strcmp(a->error ? a->error : "", b->error ? b->error : "") == 0);
    CHECK(has_a == has_b && len_a == len_b);
    CHECK(!has_a || memcmp(list_a, list_b, len_a) == 0); /* reads all of it: the sanitizer watches */
}

static inline size_t number24(const uint8_t *at) { return (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2]; }

static inline void check_flight_state(const struct flight *flight, enum tls_version offered) {
    CHECK((flight->state == FLIGHT_MALFORMED) == (flight->error != NULL));
    CHECK(flight->state != FLIGHT_ALERT || !flight->selected);
    CHECK(flight->selected || (flight->state != FLIGHT_HELLO && flight->state != FLIGHT_WHOLE));
    CHECK(flight->selected || flight->state != FLIGHT_CUT);
    CHECK(flight->v2_kinds == 0 || flight->version == VERSION_SSLV2);
    CHECK(tls_alert_name(flight->alert) && tls_group_name(flight->group) && tls_signature_name(flight->signature));
    if (flight->state == FLIGHT_HELLO && offered != VERSION_SSLV2)
        CHECK(flight->retry_request || flight->version == VERSION_TLS1_3);

    const uint16_t other = (uint16_t)(flight->suite + 1);
    const struct hello_spec same = {.max = offered, .suites = &flight->suite, .suite_count = 1};
    const struct hello_spec another = {.max = offered, .suites = &other, .suite_count = 1};
    CHECK(!flight_offered(flight, &same, false) || flight->version <= offered);
    CHECK(offered == VERSION_SSLV2 || !flight_offered(flight, &another, false));
}

/* The same bytes with every handshake record cut into records of one octet; from the first that is no whole TLS record
 * on as they are. */
static inline uint8_t *fragmented(const uint8_t *data, size_t size, size_t *len) {
    enum { HEADER = 5, HANDSHAKE = 22 };
    uint8_t *out = malloc((HEADER + 1) * size + 1);
    size_t at = 0;
    *len = 0;
    while (size - at >= HEADER && data[at] >= 20 && data[at] <= 24 && data[at + 1] == 3) {
        size_t body = (size_t)data[at + 3] << 8 | data[at + 4], next = at + HEADER + body;
        if (next > size || body > (1 << 14) + 2048)
            break;
        for (size_t i = at + HEADER; data[at] == HANDSHAKE && i < next; i++) {
            const uint8_t record[] = {HANDSHAKE, 3, data[at + 2], 0, 1, data[i]};
            memcpy(out + *len, record, sizeof record);
            *len += sizeof record;
        }
        if (data[at] != HANDSHAKE) {
            memcpy(out + *len, data + at, next - at);
            *len += next - at;
        }
        at = next;
    }
    if (size > at)
        memcpy(out + *len, data + at, size - at);
    *len += size - at;
    return out;
}

/* Fed in one go, octet by octet, in pieces, and in records of one octet: the same answer; and nothing that follows a
 * final state changes it. */
static inline void check_flight(const uint8_t *data, size_t size, enum tls_version offered) {
    struct flight whole = flight_of(data, size, offered, size + 1), single = flight_of(data, size, offered, 1),
                  pieces = flight_of(data, size, offered, 2 + (size ? data[size - 1] : 0));
    check_same_flight(&whole, &single);
    check_same_flight(&whole, &pieces);
    check_flight_state(&whole, offered);
    size_t len;
    uint8_t *records = fragmented(data, size, &len);
    struct flight fragments = flight_of(records, len, offered, len + 1);
    check_same_flight(&whole, &fragments);
    if (whole.state != FLIGHT_MORE)
        flight_feed(&whole, data, size);
    check_same_flight(&whole, &single);
    free(records);
    flight_free(&fragments);
    flight_free(&whole);
    flight_free(&single);
    flight_free(&pieces);
}

#endif
