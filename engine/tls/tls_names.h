/* tls_names.h - numbers of TLS's registries and the names that people know them by (IANA's "TLS Parameters"; suites are
 * in suites.h). Names are static.
 */
#ifndef MXG_TLS_NAMES_H
#define MXG_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

enum tls_version {
    VERSION_NONE = 0,
    VERSION_SSLV2 = 0x0002,
    VERSION_SSLV3 = 0x0300,
    VERSION_TLS1_0 = 0x0301,
    VERSION_TLS1_1 = 0x0302,
    VERSION_TLS1_2 = 0x0303,
    VERSION_TLS1_3 = 0x0304,
};

const char *tls_version_name(unsigned version);  /* "TLS 1.2"; "none" for anything unknown */
const char *tls_alert_name(uint8_t description); /* "handshake_failure"; "alert" for unknown ones */
const char *tls_group_name(uint16_t group);      /* "X25519MLKEM768"; "" for unknown ones */
const char *tls_signature_name(uint16_t scheme); /* "rsa_pss_rsae_sha256"; "" for unknown ones */

/* A group of ML-KEM (or of Kyber, its draft) and a classical one together. */
bool tls_group_is_hybrid(uint16_t group);

#endif
