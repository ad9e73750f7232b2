/* cert_list.c - see cert_list.h. */
#include "cert/cert_list.h"

#include <openssl/err.h>

enum { LENGTH_OCTETS = 3 };

bool cert_list_open(struct reader *list) {
    reader_take(list, LENGTH_OCTETS);
    return !list->bad;
}

bool cert_list_next(struct reader *list, struct reader *der) {
    *der = reader_vector(list, LENGTH_OCTETS);
    list->bad = list->bad || der->left == 0 || der->left > CERT_DER_MAX;
    return !list->bad;
}

X509 *cert_list_read(OSSL_LIB_CTX *library, struct reader der) {
    const unsigned char *at = der.at;
    X509 *certificate = X509_new_ex(library, NULL);
    (void)d2i_X509(&certificate, &at, (long)der.left); /* sets certificate to NULL if it fails */
    if (certificate && at != der.at + der.left) {      /* stray octets: not what was signed */
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

const char *cert_list_read_error(void) {
    const char *why = ERR_reason_error_string(ERR_peek_error());
    return why ? why : "stray octets behind it";
}

STACK_OF(X509) * cert_list_read_all(OSSL_LIB_CTX *library, struct reader list) {
    STACK_OF(X509) *certificates = sk_X509_new_null();
    struct reader der;
    while (cert_list_next(&list, &der)) {
        X509 *certificate = cert_list_read(library, der);
        if (certificate && sk_X509_push(certificates, certificate) == 0)
            X509_free(certificate);
    }
    return certificates;
}
