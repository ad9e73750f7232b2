/* dane.h - do the TLSA records of an exchange and the chain that it shows agree (RFC 7671, RFC 7672 section 3)?
 *
 * OpenSSL judges, as it does for the senders that do DANE with it, Postfix among them: usages, selectors, matching
 * types and digest agility are its own. As those senders do, certificates are held to its security level 1 (80 bits: no
 * SHA-1 signature on the path, no RSA key below 1,024 bits), usages 0 and 1 count for nothing, and
 *
 *   usage 3 looks at the leaf alone: name, dates and issuer do not count (RFC 7672 section 3.1.1);
 *   usage 2 needs its anchor in the chain as sent or whole in the record, valid signatures and dates on the path to it,
 *   and a leaf that names the base domain: by a SAN dNSName, by the CN where there is none (section 3.2.3). The trust
 *   store of the host plays no part.
 *
 * A leaf that OpenSSL cannot read is a mismatch, even where its hash would stand in the record: with such a certificate
 * no handshake of those senders completes. Unreadable certificates behind the leaf are left out, as by chain_parse.h.
 */
#ifndef MXG_DANE_H
#define MXG_DANE_H

#include "names/name.h"
#include "published/tlsa.h"

enum {
    DANE_OCTETS_MAX = 65535, /* of all records of a name: as much as fits into a DNS message */
    DANE_WHY_MAX = 128,
};

/* The TLSA records of one exchange. */
struct dane_set {
    char base[NAME_CAP]; /* TLSA base domain, an A-label (RFC 7672 section 2.2.3) */
    size_t count;        /* of records: at most TLSA_RECORDS_MAX */
    size_t octets;       /* of all RDATA: at most DANE_OCTETS_MAX */
    struct dane_record {
        uint8_t *rdata;
        size_t len;
    } * record;
};

/* An empty set; NULL if the base domain is no host name in lower case without a trailing dot. */
__attribute__((warn_unused_result)) struct dane_set *dane_set_new(const char *base);
/* Copies the RDATA. False, and nothing is added, if tlsa_parse() refuses it or a limit is reached. */
__attribute__((warn_unused_result)) bool dane_set_add(struct dane_set *set, const uint8_t *rdata, size_t len);
struct dane_set *dane_set_copy(const struct dane_set *set);
void dane_set_free(struct dane_set **set);

/* What OpenSSL needs to judge: made once a process. For one thread. Aborts if OpenSSL is too old. */
struct dane;
struct dane *dane_open(void);
void dane_close(struct dane **dane);

struct dane_result {
    enum tlsa_verdict verdict;
    /* For people: the kind of record that matched, or what stands against a match; clean text. */
    char why[DANE_WHY_MAX];
};

/* list: as cert_list.h says; TLSA_NOT_ASKED if there is no certificate in it. now: Unix seconds. */
struct dane_result dane_judge(const struct dane *dane, const struct dane_set *set, const uint8_t *list, size_t len,
                              int64_t now);

#endif
