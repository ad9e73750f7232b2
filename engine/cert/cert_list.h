/* cert_list.h - a TLS Certificate body taken apart, for those who hand its certificates to OpenSSL (cert.c, dane.c). */
#ifndef MXG_CERT_LIST_H
#define MXG_CERT_LIST_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed octets that are still to be read. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

/* Steps over the total length (what counts is what is there). False if not even that is there. */
__attribute__((warn_unused_result)) bool cert_list_open(struct bytes *list);
/* The next certificate's DER, at most CERT_DER_MAX octets; false at the end or where lengths do not fit. */
__attribute__((warn_unused_result)) bool cert_list_next(struct bytes *list, struct bytes *der);

/* One certificate, all of der; the caller frees it. NULL if OpenSSL cannot read it: then its error queue says why,
 * unless there are only stray octets behind it. */
__attribute__((warn_unused_result)) X509 *cert_list_read(OSSL_LIB_CTX *library, struct bytes der);
/* The reason for which cert_list_read() failed, static; the error queue was empty before. */
const char *cert_list_read_error(void);

#endif
