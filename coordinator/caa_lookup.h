/* caa_lookup.h - who may issue certificates for an exchange: the CAA records of its name, or of the nearest name above
 * it that has some (RFC 8659 section 3). The exchange's name is the one that the certificate is for.
 */
#ifndef MXG_CAA_LOOKUP_H
#define MXG_CAA_LOOKUP_H

#include "status.h"

#include "dns/dns.h"
#include "names/name.h"

struct caa_result {
    enum lookup_status status;
    char domain[NAME_CAP]; /* where the records stand */
    char **record;         /* "0 issue \"ca.example\"", clean, at most DNS_BLOB_MAX; owned */
    size_t record_count;
    char **issuer; /* of the properties "issue"; owned */
    size_t issuer_count;
    bool restricts; /* there is such a property: nobody but the issuers may */
};

typedef void caa_cb(void *context);

/* Fills in result, all zero before, which stays where it is until on_done. */
void caa_look_up(struct caa_result *result, struct dns *dns, const char *exchange, caa_cb *on_done, void *context);

/* Frees what it owns. */
void caa_result_free(struct caa_result *result);

#endif
