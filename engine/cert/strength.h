/* strength.h - can a key or a signature of a certificate be forged with what is for hire today? */
#ifndef MXG_STRENGTH_H
#define MXG_STRENGTH_H

#include <openssl/types.h>
#include <stdbool.h>

struct key_strength {
    const char *type; /* static: "RSA", "EC", "Ed25519", "DSA", …; "unknown" */
    unsigned bits;    /* 0: the key cannot be read */
    bool weak;        /* RSA or DSA below 2,048 bits, EC below 224 */
};

struct key_strength strength_of_key(X509 *certificate);

/* OpenSSL's long name of the algorithm that a certificate is signed with; "unknown". Static. */
const char *strength_signature(const X509 *certificate);

/* Signed with SHA-1 or MD5. */
bool strength_is_weakly_signed(X509 *certificate);

#endif
