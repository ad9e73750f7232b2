// link: mxg_cert
/* fuzz_issued.c - the input says what stands in a certificate that is then issued: names of any bytes and string type,
 * dates, serial. Nothing a CA can put there breaks the properties of cert_check.h, and a SAN matches only as the very
 * octets that were signed.
 */
#include "cert_check.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <strings.h>

enum { NAMES_MOST = 6, OCTETS_MOST = 300, DATE_MOST = 20, SERIAL_MOST = 40, HEADER = 6 };

static struct trust *trust;
static EVP_PKEY *key;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    trust = lab_trust();
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    CHECK(key != NULL);
    return 0;
}

struct octets {
    const uint8_t *at;
    size_t len;
};

struct ask {
    struct octets san[NAMES_MOST];
    size_t san_count;
};

static struct octets take(struct supply *supply, unsigned most) {
    struct octets octets = {.len = supply_number(supply, most)};
    octets.at = supply_octets(supply, &octets.len);
    return octets;
}

static ASN1_STRING *string_of(int type, struct octets octets) {
    ASN1_STRING *string = ASN1_STRING_type_new(type);
    CHECK(string && ASN1_STRING_set(string, octets.len ? octets.at : (const uint8_t *)"", (int)octets.len) == 1);
    return string;
}

static void set_subject(X509 *certificate, struct supply *supply) {
    static const int types[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,  V_ASN1_IA5STRING,
                                V_ASN1_BMPSTRING,  V_ASN1_UNIVERSALSTRING, V_ASN1_UTF8STRING, V_ASN1_OCTET_STRING};
    static const int fields[] = {NID_commonName, NID_commonName, NID_organizationName, NID_pkcs9_emailAddress};
    X509_NAME *name = X509_NAME_new();
    for (unsigned count = supply_number(supply, 3); count > 0; count--) {
        int type = types[supply_number(supply, 7)], field = fields[supply_number(supply, 3)];
        struct octets text = take(supply, OCTETS_MOST);
        X509_NAME_add_entry_by_NID(name, field, type, text.len ? text.at : (const uint8_t *)"", (int)text.len, -1, 0);
    }
    X509_set_subject_name(certificate, name);
    X509_set_issuer_name(certificate, name);
    X509_NAME_free(name);
}

static void set_dates_and_serial(X509 *certificate, struct supply *supply) {
    for (int end = 0; end < 2; end++) {
        int type = supply_number(supply, 1) ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME;
        ASN1_TIME *time = string_of(type, take(supply, DATE_MOST));
        if (end == 0)
            X509_set1_notBefore(certificate, time);
        else
            X509_set1_notAfter(certificate, time);
        ASN1_STRING_free(time);
    }
    ASN1_INTEGER *serial = string_of(V_ASN1_INTEGER, take(supply, SERIAL_MOST));
    X509_set_serialNumber(certificate, serial);
    ASN1_INTEGER_free(serial);
}

static void set_names(X509 *certificate, struct supply *supply, struct ask *ask) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    ask->san_count = supply_number(supply, NAMES_MOST);
    for (size_t i = 0; i < ask->san_count; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ask->san[i] = take(supply, OCTETS_MOST);
        GENERAL_NAME_set0_value(name, GEN_DNS, string_of(V_ASN1_IA5STRING, ask->san[i]));
        sk_GENERAL_NAME_push(names, name);
    }
    if (ask->san_count > 0)
        X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    GENERAL_NAMES_free(names);
}

/* The body of a Certificate message with one certificate; NULL if the input asks for what cannot be encoded. */
static uint8_t *issue(struct supply *supply, struct ask *ask, size_t *len) {
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    X509_set_pubkey(certificate, key);
    set_names(certificate, supply, ask);
    set_dates_and_serial(certificate, supply);
    set_subject(certificate, supply);
    int der_len = X509_sign(certificate, key, NULL) > 0 ? i2d_X509(certificate, NULL) : -1;
    uint8_t *message = NULL;
    if (der_len > 0) {
        *len = HEADER + (size_t)der_len;
        message = calloc(1, *len);
        message[3] = (uint8_t)(der_len >> 16);
        message[4] = (uint8_t)(der_len >> 8);
        message[5] = (uint8_t)der_len;
        uint8_t *at = message + HEADER;
        i2d_X509(certificate, &at);
    }
    X509_free(certificate);
    return message;
}

/* The identity that a name matched was signed, octet by octet. */
static void check_signed(const struct cert_chain *chain, const struct ask *ask, const char *name) {
    struct cert_match found = cert_chain_match(chain, name);
    bool is_signed = false;
    for (size_t i = 0; i < ask->san_count; i++)
        is_signed = is_signed || (ask->san[i].len == strlen(found.identity) &&
                                  strncasecmp((const char *)ask->san[i].at, found.identity, ask->san[i].len) == 0);
    CHECK(!found.matched || found.by_cn || is_signed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct supply supply = {data, size};
    struct ask ask;
    const char *error = NULL;
    size_t len = 0;
    uint8_t *message = issue(&supply, &ask, &len);
    struct cert_chain *chain = message ? cert_chain_parse(trust, message, len, NOW, &error) : NULL;
    if (chain) {
        check_chain(chain, len);
        CHECK(!chain->trusted && chain->san_total == (chain->parse_error ? 0 : ask.san_count));
        for (size_t i = 0; i < ask.san_count; i++) {
            char text[OCTETS_MOST + 1] = "", name[NAME_CAP];
            if (ask.san[i].len > 0)
                memcpy(text, ask.san[i].at, ask.san[i].len); /* up to a NUL in it, if there is one */
            if (name_from_dns(name, text) == NAME_OK)
                check_signed(chain, &ask, name);
        }
    }
    cert_chain_free(&chain);
    free(message);
    return 0;
}
