/* der.h - DER one element at a time (X.690 section 8.1), for what OpenSSL does not show of a certificate. Pure. */
#ifndef MXG_DER_H
#define MXG_DER_H

#include "base/reader.h"

enum { DER_NOT_UNIVERSAL = -1 };

struct der_element {
    int tag;               /* V_ASN1_… for a universal one, else DER_NOT_UNIVERSAL */
    struct reader content; /* without header */
    struct reader whole;   /* with header */
};

/* Takes the next element. False at the end, or if what is next is no element or of indefinite length. */
__attribute__((warn_unused_result)) bool der_next(struct reader *der, struct der_element *element);

/* The signed part of a certificate, its first element (RFC 5280 section 4.1, tbsCertificate). */
__attribute__((warn_unused_result)) bool der_signed_part(struct reader certificate, struct der_element *part);

#endif
