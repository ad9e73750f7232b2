/* mend.h - certificates whose subject or issuer is not valid text in its own encoding (Latin-1 in a UTF8String, as
 * appliances write it). OpenSSL refuses such a certificate as a whole.
 */
#ifndef MXG_MEND_H
#define MXG_MEND_H

#include "base/reader.h"

/* A copy of the DER, of the same length, in which invalid text is declared a T61String: for OpenSSL that is Latin-1,
 * where every octet is valid. Nothing but tags changes; the signature no longer holds. NULL if there is nothing to
 * mend; the caller frees. */
__attribute__((warn_unused_result)) uint8_t *mend_names(struct reader der);

#endif
