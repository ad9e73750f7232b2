/* der.c - see der.h. */
#include "cert/der.h"

#include <openssl/asn1.h>

bool der_next(struct reader *der, struct der_element *element) {
    enum { BAD = 0x80, INDEFINITE = 1 }; /* of what ASN1_get_object() returns */
    const unsigned char *at = der->at;
    long len = 0;
    int class = 0;
    if (der->left == 0 || (ASN1_get_object(&at, &len, &element->tag, &class, (long)der->left) & (BAD | INDEFINITE)))
        return false;
    size_t header = (size_t)(at - der->at);
    element->tag = class == V_ASN1_UNIVERSAL ? element->tag : DER_NOT_UNIVERSAL;
    element->content = reader_of(at, (size_t)len);
    element->whole = reader_of(reader_take(der, header + (size_t)len), header + (size_t)len);
    return true;
}

bool der_signed_part(struct reader certificate, struct der_element *part) {
    struct der_element outer;
    return der_next(&certificate, &outer) && der_next(&outer.content, part);
}
