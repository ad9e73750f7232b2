/* server_flight.h - incremental parser of what a server sends after a hand-made ClientHello.
 *
 * Fed with octets as they come, in any segmentation; reassembles handshake messages across records. Nothing is taken
 * on trust: lengths are checked, memory is bounded by FLIGHT_MAX_OCTETS, and the version and suite that came back are
 * reported as they are. flight_offered() compares them with the offer.
 */
#ifndef MXG_SERVER_FLIGHT_H
#define MXG_SERVER_FLIGHT_H

#include "tls/hello.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLIGHT_MAX_OCTETS = 256 * 1024 };

enum flight_state {
    FLIGHT_MORE,      /* feed more bytes */
    FLIGHT_HELLO,     /* an answer that ends here: HelloRetryRequest, TLS 1.3 ServerHello, or SSLv2 SERVER-HELLO */
    FLIGHT_WHOLE,     /* SSL 3.0 to TLS 1.2: everything up to ServerHelloDone arrived */
    FLIGHT_ALERT,     /* a fatal alert, or close_notify, before ServerHello: a refusal */
    FLIGHT_CUT,       /* a fatal alert after ServerHello: it selected, then broke off */
    FLIGHT_MALFORMED, /* no TLS, or TLS that breaks its own rules, or past the bound */
};

struct flight {
    enum flight_state state;
    bool selected;          /* version and suite are set */
    bool retry_request;     /* it was a HelloRetryRequest */
    uint16_t version;       /* selected: from supported_versions if there, else server_version; VERSION_SSLV2 for v2 */
    uint16_t suite;         /* 0 for SSLv2 */
    uint16_t group;         /* key_share (HRR or ServerHello), or the curve of an ECDHE ServerKeyExchange; 0 = none */
    uint16_t signature;     /* SignatureScheme of a TLS 1.2 ServerKeyExchange; 0 = none */
    uint8_t random_tail[8]; /* last octets of the server random: the downgrade sentinel (RFC 8446 section 4.1.3) */
    uint8_t alert;          /* description, in FLIGHT_ALERT and FLIGHT_CUT */
    bool warned;            /* a warning alert came and was skipped */
    unsigned v2_kinds;      /* SSLv2: number of cipher kinds in common; 0 = not usable */
    const char *error;      /* FLIGHT_MALFORMED: what is wrong; static */

    /* Private: reassembly. */
    struct flight_buffer {
        uint8_t *octets;
        size_t len, cap;
    } raw, messages;        /* of raw: what is no whole record yet; messages: the handshake stream, without records */
    size_t parsed;          /* octets of messages that were read */
    size_t certificate_at;  /* the body of the Certificate message, within messages */
    size_t certificate_len; /* 0: none arrived */
    size_t received;        /* octets fed, whatever was in them */
    unsigned warnings;
    bool v2_offered, cookie;
};

void flight_init(struct flight *flight, enum tls_version offered_max);
void flight_free(struct flight *flight);

/* Takes bytes; returns the state, which is also in flight->state. Bytes past a final state are ignored. */
enum flight_state flight_feed(struct flight *flight, const uint8_t *data, size_t len);

/* The bytes of the certificate list (SSL 3.0 to TLS 1.2: 3-byte length, then 3-byte length + DER each; SSLv2: one
 * DER wrapped the same way). Borrowed from the flight; false if none arrived. */
bool flight_certificates(const struct flight *flight, const uint8_t **data, size_t *len);

/* True if what was selected had been offered: version not above the maximum, suite and, in TLS 1.3, group in the lists.
 * lower_too: the hello offered lower versions beside TLS 1.3, as OpenSSL's do and hello_build()'s do not. */
bool flight_offered(const struct flight *flight, const struct hello_spec *spec, bool lower_too);

/* The server random ends in the sentinel of a server that has TLS 1.3 and was asked for less. */
bool flight_has_sentinel(const struct flight *flight);

#endif
