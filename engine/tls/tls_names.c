/* tls_names.c - see tls_names.h. */
#include "tls/tls_names.h"

#include <stddef.h>

struct code_name {
    uint16_t code;
    const char *name;
};

static const char *name_of(const struct code_name *table, size_t count, unsigned code, const char *fallback) {
    for (size_t i = 0; i < count; i++)
        if (table[i].code == code)
            return table[i].name;
    return fallback;
}
#define NAME_OF(table, code, fallback) name_of(table, sizeof(table) / sizeof *(table), code, fallback)

const char *tls_version_name(unsigned version) {
    static const struct code_name table[] = {{VERSION_SSLV2, "SSL 2.0"},  {VERSION_SSLV3, "SSL 3.0"},
                                             {VERSION_TLS1_0, "TLS 1.0"}, {VERSION_TLS1_1, "TLS 1.1"},
                                             {VERSION_TLS1_2, "TLS 1.2"}, {VERSION_TLS1_3, "TLS 1.3"}};
    return NAME_OF(table, version, "none");
}

const char *tls_alert_name(uint8_t description) {
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

const char *tls_group_name(uint16_t group) {
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

bool tls_group_is_hybrid(uint16_t group) { return (group >= 0x11EB && group <= 0x11EE) || group == 0x6399; }

const char *tls_signature_name(uint16_t scheme) {
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
