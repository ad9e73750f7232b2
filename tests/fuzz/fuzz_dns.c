// link: mxg_mx mxg_published
/* fuzz_dns.c - the input is a DNS message, read as the answer to each type that is asked. Lists are bounded, names are
 * plain ASCII in presentation form, the status says what was found, and the order of MX records makes no other MX set.
 */
#include "base/text.h"
#include "dns/dns_answer.h"
#include "fuzz.h"
#include "mx_set.h"
#include "published/caa.h"

#include <stdbool.h>
#include <string.h>

enum { RCODE = 3 };

static void check_exchange(const char *exchange) {
    char name[NAME_CAP];
    size_t len = strlen(exchange);
    CHECK(len > 0 && len < DNS_NAME_CAP);
    CHECK(strspn(exchange, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.\\") == len);
    CHECK(strcmp(exchange, ".") == 0 || (exchange[0] != '.' && strstr(exchange, "..") == NULL));
    enum name_error error = name_from_dns(name, exchange);
    CHECK(error == NAME_OK || error != NAME_EMPTY_LABEL || strcmp(exchange, ".") == 0);
}

static void check_set(const struct mx_set *set) {
    CHECK(set->count <= MX_SET_MAX && (set->null_mx || strlen(set->key) == MX_SET_KEY_CAP - 1));
    CHECK(!set->null_mx || set->count == 0);
    for (size_t i = 0; i < set->count; i++) {
        const struct mx_member *member = &set->member[i];
        size_t len = strlen(member->exchange);
        char name[NAME_CAP];
        CHECK(len > 0 && text_is_clean(member->exchange, len));
        CHECK(member->invalid || name_from_dns(name, member->exchange) == NAME_OK);
    }
}

static void check_sets(struct dns_mx *mx, size_t count) {
    struct mx_set set, reversed;
    struct dns_mx *backwards = malloc((count + 1) * sizeof *backwards);
    for (size_t i = 0; i < count; i++)
        backwards[i] = mx[count - 1 - i];
    mx_set_from_records(&set, mx, count);
    mx_set_from_records(&reversed, backwards, count);
    free(backwards);
    check_set(&set);
    CHECK(strcmp(set.key, reversed.key) == 0 && set.flags == reversed.flags && set.count == reversed.count);
}

static bool has_blobs(unsigned type) {
    return type == DNS_TYPE_TXT || type == DNS_TYPE_TLSA || type == DNS_TYPE_CAA || type == DNS_TYPE_PTR;
}

/* A record of a type that names something, or says who may issue certificates. */
static void check_blob(unsigned type, const struct dns_blob *blob, size_t size) {
    struct caa caa;
    CHECK(blob->len == 0 || blob->data != NULL);
    if (type == DNS_TYPE_PTR)
        check_exchange((const char *)blob->data);
    else
        CHECK(blob->len <= size);
    if (type == DNS_TYPE_CAA && caa_parse(&caa, blob->data, blob->len)) {
        char text[CAA_TEXT_CAP], issuer[CAA_ISSUER_CAP];
        caa_text(text, &caa);
        CHECK(text_is_clean(text, strlen(text)));
        if (caa_issuer(issuer, &caa))
            CHECK(strspn(issuer, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(issuer));
    }
}

static void check_kinds(unsigned type, const struct dns_answer *answer) {
    bool address = type == DNS_TYPE_A || type == DNS_TYPE_AAAA, blob = has_blobs(type);
    CHECK(answer->mx_count <= DNS_MX_MAX && answer->address_count <= DNS_ADDRESS_MAX);
    CHECK(answer->blob_count <= DNS_BLOB_MAX);
    CHECK(type == DNS_TYPE_MX || answer->mx_count == 0);
    CHECK(address || answer->address_count == 0);
    CHECK(blob || answer->blob_count == 0);
}

static void check_answer(unsigned type, const uint8_t *data, size_t size) {
    struct dns_answer answer;
    dns_answer_parse(&answer, type, data, size);
    size_t found = answer.mx_count + answer.address_count + answer.blob_count;
    check_kinds(type, &answer);
    CHECK(answer.status == DNS_OK ? found > 0 || type == DNS_TYPE_CNAME || type == DNS_TYPE_SOA : found == 0);
    CHECK((answer.status != DNS_OK && answer.status != DNS_NODATA) || (data[RCODE] & 15) == 0);
    CHECK(answer.status != DNS_NXDOMAIN || (data[RCODE] & 15) == 3);
    CHECK(*dns_status_name(answer.status) && answer.status != DNS_TIMEOUT);
    CHECK(!answer.authentic || (!dns_failed(answer.status) && (data[RCODE] & 0x20)));
    CHECK(answer.cname == (*answer.target != '\0'));
    if (answer.cname)
        check_exchange(answer.target);
    for (size_t i = 0; i < answer.mx_count; i++)
        check_exchange(answer.mx[i].exchange);
    if (answer.status == DNS_OK && type == DNS_TYPE_MX)
        check_sets(answer.mx, answer.mx_count);
    for (size_t i = 0; i < answer.address_count; i++)
        CHECK(answer.address[i].ss_family == (type == DNS_TYPE_A ? AF_INET : AF_INET6));
    for (size_t i = 0; i < answer.blob_count; i++)
        check_blob(type, &answer.blob[i], size);
    dns_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const unsigned types[] = {DNS_TYPE_MX,    DNS_TYPE_A,   DNS_TYPE_AAAA, DNS_TYPE_TXT, DNS_TYPE_TLSA,
                                     DNS_TYPE_CNAME, DNS_TYPE_SOA, DNS_TYPE_PTR,  DNS_TYPE_CAA};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_answer(types[i], data, size);
    return 0;
}
