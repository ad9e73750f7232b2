/* name_text.c - see name_text.h. */
#include "cert/name_text.h"

#include "base/text.h"
#include "cert/cert_chain.h"

#include <openssl/x509.h>

char *name_text(const X509_NAME *name) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    if (bio)
        X509_NAME_print_ex(bio, name, 0, flags);
    long len = bio ? BIO_get_mem_data(bio, &data) : 0;
    char *text = text_sanitise_dup(len > 0 ? data : "", len > 0 ? (size_t)len : 0, CERT_TEXT_MAX);
    BIO_free(bio);
    return text;
}
