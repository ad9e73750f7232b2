/* cert_list.h - a TLS Certificate body taken apart, and its certificates given to OpenSSL.
 *
 * A list is what flight_certificates() and handshake_certificates() give: a length of three octets, then for each
 * certificate a length of three octets and its DER (RFC 5246 section 7.4.2).
 */
#ifndef MXG_CERT_LIST_H
#define MXG_CERT_LIST_H

#include "base/reader.h"

#include <openssl/x509.h>
#include <stdbool.h>

enum {
    CERT_CHAIN_MAX = 20,  /* certificates on a path, and of those sent the ones stored, the leaf aside */
    CERT_DER_MAX = 65536, /* octets of one certificate */
};

/* Steps over the length of the whole list; what counts is what is there. False if not even the length is there. */
__attribute__((warn_unused_result)) bool cert_list_open(struct reader *list);

/* The DER of the next certificate. False, and from then on, at the end, or where a length is 0, past CERT_DER_MAX or
 * past what is left. */
__attribute__((warn_unused_result)) bool cert_list_next(struct reader *list, struct reader *der);

/* One certificate, all of der; the caller frees. NULL if OpenSSL cannot read it: then OpenSSL's error queue says why,
 * unless there are only stray octets behind the certificate. */
__attribute__((warn_unused_result)) X509 *cert_list_read(OSSL_LIB_CTX *library, struct reader der);

/* The reason for which cert_list_read() failed, static; the error queue has to be empty before. */
const char *cert_list_read_error(void);

/* All certificates in the list that OpenSSL can read; the caller frees. What bounds them is the list's own octets. */
__attribute__((warn_unused_result)) STACK_OF(X509) * cert_list_read_all(OSSL_LIB_CTX *library, struct reader list);

#endif
