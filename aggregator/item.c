/* item.c - see item.h. Only what leaves nothing to hold on to is a flaw: a hash, an address, a domain, a job, a survey.
 * What else is odd about a message, column.h puts right. */
#include "item.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

enum {
    SHA256_OCTETS = 32,
    DER_OCTETS_MAX = 256 << 10, /* beyond any certificate that verifies anywhere */
    DOMAIN_OCTETS_MAX = 253,
};

/* A certificate is stored once for all surveys: one under a hash of another would stand in for it for ever. */
static bool is_hash_of(const ProtobufCBinaryData *hash, const ProtobufCBinaryData *octets) {
    uint8_t sha256[SHA256_OCTETS];
    return EVP_Digest(octets->data, octets->len, sha256, NULL, EVP_sha256(), NULL) == 1 &&
           memcmp(sha256, hash->data, sizeof sha256) == 0;
}

static const char *certificate_flaw(const Mxgrade__Certificate *certificate) {
    if (certificate->sha256.len != SHA256_OCTETS)
        return "the certificate's hash is not a SHA-256";
    if (certificate->der.len == 0 || certificate->der.len > DER_OCTETS_MAX)
        return "the certificate is empty or larger than 256 KiB";
    if (!is_hash_of(&certificate->sha256, &certificate->der))
        return "the certificate's hash is not that of its octets";
    return NULL;
}

/* canonical: gets the address in its one spelling. */
static const char *address_flaw(char canonical[static INET6_ADDRSTRLEN], const char *address) {
    uint8_t binary[sizeof(struct in6_addr)];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, address, binary) != 1)
        return "the address is no IP address";
    inet_ntop(family, binary, canonical, INET6_ADDRSTRLEN);
    return NULL;
}

static const char *job_flaw(uint64_t job, uint32_t survey) {
    if (job == 0 || job > INT64_MAX)
        return "the job number is out of range";
    if (survey == 0 || survey > INT32_MAX)
        return "the survey number is out of range";
    return NULL;
}

/* A domain is the key of its row: taken as it is or not at all. */
static bool is_domain(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len <= DOMAIN_OCTETS_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_mode(const char *text) {
    return strcmp(text, "enforce") == 0 || strcmp(text, "testing") == 0 || strcmp(text, "none") == 0;
}

static const char *policy_flaw(char canonical[static INET6_ADDRSTRLEN], const Mxgrade__PolicyResult *policy) {
    if (!is_domain(policy->domain))
        return "the domain is no domain name";
    if (policy->status == MXGRADE__POLICY_STATUS__POLICY_VALID && !is_mode(policy->mode))
        return "the policy is valid, but its mode is none of MTA-STS";
    const char *flaw = job_flaw(policy->job, policy->survey);
    if (flaw || *policy->address == '\0') /* nothing was contacted */
        return flaw;
    return address_flaw(canonical, policy->address);
}

static const char *result_flaw(char canonical[static INET6_ADDRSTRLEN], const Mxgrade__EndpointResult *result) {
    const char *flaw = address_flaw(canonical, result->address);
    return flaw ? flaw : job_flaw(result->job, result->survey);
}

const char *item_flaw(struct item *item) {
    switch (item->kind) {
    case ITEM_CERTIFICATE:
        return certificate_flaw(item->certificate);
    case ITEM_RESULT:
        return result_flaw(item->address, item->result);
    case ITEM_POLICY:
        return policy_flaw(item->address, item->policy);
    }
    return "nothing to store";
}

struct item_key item_key(const struct item *item) {
    if (item->kind == ITEM_RESULT)
        return (struct item_key){item->result->job, item->result->survey, item->result->address};
    if (item->kind == ITEM_POLICY)
        return (struct item_key){item->policy->job, item->policy->survey, item->policy->domain};
    return (struct item_key){.place = ""};
}

const ProtobufCMessage *item_message(const struct item *item) {
    return item->kind == ITEM_RESULT   ? &item->result->base
           : item->kind == ITEM_POLICY ? &item->policy->base
                                       : &item->certificate->base;
}
