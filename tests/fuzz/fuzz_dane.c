// link: mxg_cert
/* fuzz_dane.c - the input is a time, TLSA records, either as octets or made of a certificate, and the body of a TLS
 * Certificate message. Every record that is taken keeps its text; the verdict is one, for a reason in clean text;
 * usages 0 and 1 never change it; the leaf's own hash matches where the leaf can be used at all, and another hash
 * never.
 */
#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/dane.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

enum { RECORDS_MOST = 6, OCTETS_MOST = 400, SHA256_OCTETS = 32 };

static struct dane *dane;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    dane = dane_open();
    return 0;
}

/* ---- records out of the input ---- */

struct record {
    uint8_t rdata[TLSA_RDATA_MAX];
    size_t len;
    unsigned source; /* 0: the octets are the input's; else those of the source-th certificate */
};

static struct record take_record(struct supply *supply) {
    struct record record = {.len = TLSA_FIXED_OCTETS};
    record.rdata[0] = (uint8_t)supply_number(supply, TLSA_DANE_EE + 1);
    record.rdata[1] = (uint8_t)supply_number(supply, TLSA_PUBLIC_KEY + 1);
    record.rdata[2] = (uint8_t)supply_number(supply, TLSA_SHA512 + 1);
    record.source = supply_number(supply, CERT_CHAIN_MAX + 1);
    if (record.source > 0)
        return record;
    size_t len = supply_number(supply, OCTETS_MOST);
    const uint8_t *octets = supply_octets(supply, &len);
    memcpy(record.rdata + TLSA_FIXED_OCTETS, octets, len);
    record.len += len;
    return record;
}

/* Nothing, if there is no such certificate or it takes too much room. */
static void derive(struct record *record, struct reader list) {
    struct reader der = reader_of(NULL, 0);
    bool there = cert_list_open(&list);
    for (unsigned i = 0; there && i < record->source; i++)
        there = cert_list_next(&list, &der);
    X509 *certificate = there ? cert_list_read(NULL, der) : NULL;
    unsigned char *key = NULL;
    int key_len = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : 0;
    if (key_len > 0 && record->rdata[1] == TLSA_PUBLIC_KEY)
        der = reader_of(key, (size_t)key_len);
    const EVP_MD *digest = record->rdata[2] == TLSA_SHA512 ? EVP_sha512() : EVP_sha256();
    unsigned digest_len = 0;
    if (there && record->rdata[2] != TLSA_WHOLE) {
        CHECK(EVP_Digest(der.at, der.left, record->rdata + record->len, &digest_len, digest, NULL) == 1);
    } else if (there && der.left <= sizeof record->rdata - record->len) {
        memcpy(record->rdata + record->len, der.at, der.left);
        digest_len = (unsigned)der.left;
    }
    record->len += digest_len;
    OPENSSL_free(key);
    X509_free(certificate);
}

/* ---- properties ---- */

static bool check_text(const struct record *record) {
    char text[TLSA_TEXT_CAP];
    uint8_t back[TLSA_RDATA_MAX];
    struct tlsa tlsa;
    size_t len = 0;
    CHECK(tlsa_parse(&tlsa, record->rdata, record->len));
    tlsa_text(text, &tlsa);
    CHECK(tlsa_from_text(back, &len, text));
    CHECK(len == record->len && memcmp(back, record->rdata, len) == 0);
    return tlsa_unusable(&tlsa) == NULL;
}

static struct dane_result judge(const struct dane_set *set, struct reader list, int64_t now) {
    struct dane_result result = dane_judge(dane, set, list.at, list.left, now);
    struct dane_result again = dane_judge(dane, set, list.at, list.left, now);
    struct reader rest = list, der;
    bool any = cert_list_open(&rest) && cert_list_next(&rest, &der);
    CHECK((unsigned)result.verdict < TLSA_VERDICT_COUNT);
    CHECK((result.verdict == TLSA_NOT_ASKED) == !any);
    CHECK(text_is_clean(result.why, strlen(result.why)));
    CHECK((*result.why == '\0') == (set->count == 0 || !any));
    CHECK(result.verdict == again.verdict && strcmp(result.why, again.why) == 0);
    return result;
}

/* Records that are not for SMTP stand beside the others without a say. */
static void check_foreign_usages(struct dane_set *set, struct reader list, int64_t now, enum tlsa_verdict verdict) {
    static const uint8_t foreign[][TLSA_FIXED_OCTETS + 1] = {
        {TLSA_PKIX_TA, 0, 0, 1}, {TLSA_PKIX_EE, 1, 0, 1}, {9, 9, 9, 9}};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        CHECK(dane_set_add(set, foreign[i], sizeof foreign[i]));
    CHECK(judge(set, list, now).verdict == verdict);
}

static void check_own_hash(const char *base, struct reader list, int64_t now) {
    struct reader rest = list, der;
    uint8_t rdata[TLSA_FIXED_OCTETS + SHA256_OCTETS] = {TLSA_DANE_EE, TLSA_CERTIFICATE, TLSA_SHA256};
    if (!cert_list_open(&rest) || !cert_list_next(&rest, &der))
        return;
    CHECK(EVP_Digest(der.at, der.left, rdata + TLSA_FIXED_OCTETS, NULL, EVP_sha256(), NULL) == 1);
    for (unsigned wrong = 0; wrong <= 1; wrong++) {
        struct dane_set *set = dane_set_new(base);
        rdata[TLSA_FIXED_OCTETS] ^= (uint8_t)wrong;
        CHECK(set && dane_set_add(set, rdata, sizeof rdata));
        struct dane_result result = judge(set, list, now);
        CHECK(result.verdict == TLSA_MISMATCH || (result.verdict == TLSA_MATCH && !wrong));
        CHECK((result.verdict == TLSA_MATCH) == (strcmp(result.why, "3 0 1") == 0));
        dane_set_free(&set);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char base[] = "ngx-modern.mx.test";
    struct supply supply = {data, size};
    int64_t now = supply_number(&supply, UINT32_MAX);
    struct record record[RECORDS_MOST];
    size_t count = supply_number(&supply, RECORDS_MOST);
    struct dane_set *set = dane_set_new(base);
    bool usable = false;
    for (size_t i = 0; i < count; i++)
        record[i] = take_record(&supply);
    struct reader list = reader_of(supply.at, supply.left);
    for (size_t i = 0; i < count; i++) {
        if (record[i].source > 0)
            derive(&record[i], list);
        usable = check_text(&record[i]) || usable;
        CHECK(dane_set_add(set, record[i].rdata, record[i].len));
    }
    enum tlsa_verdict verdict = judge(set, list, now).verdict;
    CHECK(usable || verdict == TLSA_UNUSABLE || verdict == TLSA_NOT_ASKED);
    check_foreign_usages(set, list, now, verdict);
    check_own_hash(base, list, now);
    dane_set_free(&set);
    return 0;
}
