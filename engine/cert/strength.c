/* strength.c - see strength.h. */
#include "cert/strength.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

struct key_strength strength_of_key(X509 *certificate) {
    enum { RSA_BITS_MIN = 2048, EC_BITS_MIN = 224 };
    static const struct {
        int id;
        const char *name;
        unsigned least; /* bits */
    } kinds[] = {{EVP_PKEY_RSA, "RSA", RSA_BITS_MIN}, {EVP_PKEY_RSA_PSS, "RSA-PSS", RSA_BITS_MIN},
                 {EVP_PKEY_DSA, "DSA", RSA_BITS_MIN}, {EVP_PKEY_EC, "EC", EC_BITS_MIN},
                 {EVP_PKEY_ED25519, "Ed25519", 0},    {EVP_PKEY_ED448, "Ed448", 0}};
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    struct key_strength strength = {.type = "unknown", .bits = bits > 0 ? (unsigned)bits : 0};
    for (size_t i = 0; key && i < sizeof kinds / sizeof *kinds; i++)
        if (EVP_PKEY_get_base_id(key) == kinds[i].id) {
            strength.type = kinds[i].name;
            strength.weak = strength.bits < kinds[i].least;
        }
    return strength;
}

const char *strength_signature(const X509 *certificate) {
    int id = X509_get_signature_nid(certificate);
    const char *name = OBJ_nid2ln(id);
    return id != NID_undef && name ? name : "unknown";
}

bool strength_is_weakly_signed(X509 *certificate) {
    int digest = NID_undef;
    /* RSA-PSS names its digest in the parameters, not in the identifier; the result only says whether it is strong. */
    (void)X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
    return digest == NID_sha1 || digest == NID_md5;
}
