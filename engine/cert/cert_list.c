/* cert_list.c - see cert_list.h. */
#include "cert/cert_list.h"

#include "cert/cert.h"

#include <openssl/err.h>
#include <openssl/x509.h>

enum { LENGTH_OCTETS = 3 };

bool cert_list_open(struct bytes *list) {
    if (list->left < LENGTH_OCTETS)
        return false;
    list->at += LENGTH_OCTETS;
    list->left -= LENGTH_OCTETS;
    return true;
}

bool cert_list_next(struct bytes *list, struct bytes *der) {
    if (list->left < LENGTH_OCTETS)
        return false;
    size_t len = (size_t)list->at[0] << 16 | (size_t)list->at[1] << 8 | list->at[2];
    if (len == 0 || len > CERT_DER_MAX || len > list->left - LENGTH_OCTETS)
        return false;
    *der = (struct bytes){list->at + LENGTH_OCTETS, len};
    list->at += LENGTH_OCTETS + len;
    list->left -= LENGTH_OCTETS + len;
    return true;
}

X509 *cert_list_read(OSSL_LIB_CTX *library, struct bytes der) {
    const unsigned char *at = der.at;
    X509 *certificate = X509_new_ex(library, NULL);
    (void)d2i_X509(&certificate, &at, (long)der.left); /* NULL if it fails */
    if (certificate && at != der.at + der.left) {      /* trailing octets: not what was signed */
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

const char *cert_list_read_error(void) {
    const char *why = ERR_reason_error_string(ERR_peek_error());
    return why ? why : "stray octets behind it";
}
