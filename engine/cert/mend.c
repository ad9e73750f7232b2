/* mend.c - see mend.h. Names are the sequences of sets right within what is signed (RFC 5280 section 4.1.2.4); each set
 * holds attributes, and an attribute an object identifier and a value.
 */
#include "cert/mend.h"

#include "base/mem.h"
#include "cert/der.h"

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct mend {
    const uint8_t *original;
    uint8_t *copy;
    bool mended; /* something in the copy differs */
};

/* Text of a kind that OpenSSL checks, and does not take. */
static bool is_invalid_text(const struct der_element *value) {
    bool checked =
        value->tag == V_ASN1_UTF8STRING || value->tag == V_ASN1_BMPSTRING || value->tag == V_ASN1_UNIVERSALSTRING;
    ASN1_STRING *string = checked ? ASN1_STRING_type_new(value->tag) : NULL;
    unsigned char *utf8 = NULL;
    bool invalid = string && ASN1_STRING_set(string, value->content.at, (int)value->content.left) == 1 &&
                   ASN1_STRING_to_UTF8(&utf8, string) < 0;
    OPENSSL_free(utf8);
    ASN1_STRING_free(string);
    return invalid;
}

static void mend_attribute(struct mend *mend, struct reader attribute) {
    struct der_element identifier, value;
    if (!der_next(&attribute, &identifier) || identifier.tag != V_ASN1_OBJECT)
        return;
    if (!der_next(&attribute, &value) || !is_invalid_text(&value))
        return;
    mend->copy[value.whole.at - mend->original] = V_ASN1_T61STRING;
    mend->mended = true;
}

static void mend_name(struct mend *mend, struct reader name) {
    struct der_element set, attribute;
    while (der_next(&name, &set) && set.tag == V_ASN1_SET)
        while (der_next(&set.content, &attribute))
            mend_attribute(mend, attribute.content);
}

uint8_t *mend_names(struct reader der) {
    struct mend mend = {.original = der.at, .copy = mem_alloc(der.left)};
    struct der_element part, element;
    memcpy(mend.copy, der.at, der.left);
    if (der_signed_part(der, &part))
        while (der_next(&part.content, &element))
            if (element.tag == V_ASN1_SEQUENCE)
                mend_name(&mend, element.content);
    if (mend.mended)
        return mend.copy;
    free(mend.copy);
    return NULL;
}
