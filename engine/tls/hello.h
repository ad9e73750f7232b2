/* hello.h - builds ClientHellos by hand: SSL 2.0, SSL 3.0, TLS 1.0 to 1.3 (RFC 2246, 4346, 5246, 6101, 8446).
 *
 * Pure functions over byte buffers. The size rules of docs/probe-plan.md hold for every result:
 *
 *   at most HELLO_SUITES_MAX suites (wolfSSL breaks off above 150), and the SCSV 00FF behind them (SSL 2.0 has none);
 * no GREASE, no FALLBACK_SCSV; from TLS 1.0 up what current clients send: extended_master_secret (RFC 7627),
 * encrypt_then_mac (RFC 7366) and session_ticket (RFC 5077), because there are servers that refuse a hello without;
 *   never a record payload of 256 to 511 octets, nor one whose length mod 256 is 10 or 14 (extension 21 pads);
 *   never an empty extension at the end.
 */
#ifndef MXG_HELLO_H
#define MXG_HELLO_H

#include "tls/tls_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HELLO_SUITES_MAX = 149,
    HELLO_GROUPS_MAX = 64,
    HELLO_MAX_OCTETS = 1024,
    HELLO_RANDOM_OCTETS = 64,
    HELLO_SHORT_MAX = 255 /* octets of a short hello's record, its header left out */
};

struct hello_spec {
    enum tls_version max;   /* the highest version offered; VERSION_TLS1_3 offers 1.3 alone (supported_versions) */
    const uint16_t *suites; /* in this order; ignored for SSLv2, which offers all its seven kinds */
    size_t suite_count;
    const uint16_t *groups; /* supported_groups in this order; ignored for SSLv2 and SSLv3 */
    size_t group_count;
    const char *server_name; /* SNI; NULL or "" = none; never sent for SSLv2 and SSLv3 */
    bool plain;              /* no extensions, for servers that choke on them; not for TLS 1.3 */
    bool small;              /* for servers that swallow long hellos: few signature schemes, no ticket */
};

/* Writes the whole record to out and returns its length; 0 if spec breaks a bound. random: 32 octets for the random, 32
 * for the session id. TLS 1.3 hellos carry an empty key_share: the answer is a HelloRetryRequest that names the group,
 * and no key need be made. */
size_t hello_build(uint8_t out[static HELLO_MAX_OCTETS], const struct hello_spec *spec,
                   const uint8_t random[static HELLO_RANDOM_OCTETS]);

#endif
