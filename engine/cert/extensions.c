/* extensions.c - see extensions.h. OpenSSL parses; an extension that is there twice, or that it cannot read, is unread.
 */
#include "cert/extensions.h"

#include "base/mem.h"
#include "base/text.h"

#include <openssl/ct.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* The parsed extension; NULL if there is none, or if it is unread. */
static void *read_one(struct cert_extensions *to, const X509 *certificate, int nid, enum cert_extension which) {
    enum { ABSENT = -1 };
    int critical = ABSENT;
    void *value = X509_get_ext_d2i(certificate, nid, &critical, NULL);
    if (value == NULL && critical != ABSENT)
        to->unread |= which;
    return value;
}

static void add_text(struct cert_texts *texts, size_t most, const void *data, int len) {
    if (texts->count >= most || len <= 0)
        return;
    if (texts->text == NULL)
        texts->text = mem_calloc(most, sizeof *texts->text);
    texts->text[texts->count++] = text_sanitise_dup(data, (size_t)len, CERT_URL_OCTETS_MAX);
}

static void add_url(struct cert_texts *texts, const GENERAL_NAME *name) {
    if (name->type == GEN_URI)
        add_text(texts, CERT_URLS_MAX, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
                 ASN1_STRING_length(name->d.uniformResourceIdentifier));
}

static void read_scts(struct cert_extensions *to, const X509 *certificate) {
    STACK_OF(SCT) *scts = read_one(to, certificate, NID_ct_precert_scts, CERT_EXTENSION_SCTS);
    to->sct_count = scts ? (unsigned)sk_SCT_num(scts) : 0;
    SCT_LIST_free(scts);
}

static void read_features(struct cert_extensions *to, const X509 *certificate) {
    enum { STATUS_REQUEST = 5 };
    TLS_FEATURE *features = read_one(to, certificate, NID_tlsfeature, CERT_EXTENSION_FEATURES);
    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features); i++)
        to->must_staple = to->must_staple || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
}

static void read_ocsp(struct cert_extensions *to, const X509 *certificate) {
    AUTHORITY_INFO_ACCESS *access = read_one(to, certificate, NID_info_access, CERT_EXTENSION_OCSP);
    for (int i = 0; access && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
        if (OBJ_obj2nid(one->method) == NID_ad_OCSP)
            add_url(&to->ocsp, one->location);
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

static void read_crl(struct cert_extensions *to, const X509 *certificate) {
    enum { FULL_NAME = 0 };
    CRL_DIST_POINTS *points = read_one(to, certificate, NID_crl_distribution_points, CERT_EXTENSION_CRL);
    for (int i = 0; points && i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;
        for (int n = 0; name && name->type == FULL_NAME && n < sk_GENERAL_NAME_num(name->name.fullname); n++)
            add_url(&to->crl, sk_GENERAL_NAME_value(name->name.fullname, n));
    }
    CRL_DIST_POINTS_free(points);
}

static void read_policies(struct cert_extensions *to, const X509 *certificate) {
    enum { DOTTED_MAX = 128 };
    CERTIFICATEPOLICIES *policies = read_one(to, certificate, NID_certificate_policies, CERT_EXTENSION_POLICIES);
    for (int i = 0; policies && i < sk_POLICYINFO_num(policies); i++) {
        char dotted[DOTTED_MAX] = "";
        OBJ_obj2txt(dotted, sizeof dotted, sk_POLICYINFO_value(policies, i)->policyid, 1);
        add_text(&to->policies, CERT_POLICIES_MAX, dotted, (int)strlen(dotted));
    }
    CERTIFICATEPOLICIES_free(policies);
}

static void read_basic(struct cert_extensions *to, const X509 *certificate) {
    BASIC_CONSTRAINTS *basic = read_one(to, certificate, NID_basic_constraints, CERT_EXTENSION_BASIC);
    to->is_ca = basic && basic->ca;
    BASIC_CONSTRAINTS_free(basic);
}

struct cert_extensions extensions_read(const X509 *certificate) {
    struct cert_extensions extensions = {.unread = 0};
    read_scts(&extensions, certificate);
    read_features(&extensions, certificate);
    read_ocsp(&extensions, certificate);
    read_crl(&extensions, certificate);
    read_policies(&extensions, certificate);
    read_basic(&extensions, certificate);
    return extensions;
}

static void clear_texts(struct cert_texts *texts) {
    for (size_t i = 0; i < texts->count; i++)
        free(texts->text[i]);
    free(texts->text);
    *texts = (struct cert_texts){NULL, 0};
}

void extensions_clear(struct cert_extensions *extensions) {
    clear_texts(&extensions->ocsp);
    clear_texts(&extensions->crl);
    clear_texts(&extensions->policies);
}

static size_t texts_memory(const struct cert_texts *texts, size_t most) {
    if (texts->text == NULL)
        return 0;
    size_t octets = most * sizeof *texts->text;
    for (size_t i = 0; i < texts->count; i++)
        octets += strlen(texts->text[i]) + 1;
    return octets;
}

size_t extensions_memory(const struct cert_extensions *extensions) {
    return texts_memory(&extensions->ocsp, CERT_URLS_MAX) + texts_memory(&extensions->crl, CERT_URLS_MAX) +
           texts_memory(&extensions->policies, CERT_POLICIES_MAX);
}
