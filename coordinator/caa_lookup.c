/* caa_lookup.c - see caa_lookup.h. Name by name upwards; a name that is not answered for ends it, because its records
 * would be the ones that count. */
#include "caa_lookup.h"

#include "base/mem.h"
#include "published/caa.h"

#include <stdlib.h>
#include <string.h>

struct caa_lookup {
    struct caa_result *result;
    struct dns *dns;
    caa_cb *on_done;
    void *context;
};

static void settle(struct caa_lookup *lookup, enum lookup_status status) {
    caa_cb *on_done = lookup->on_done;
    void *context = lookup->context;
    lookup->result->status = status;
    if (status != LOOKUP_FOUND)
        lookup->result->domain[0] = '\0';
    free(lookup);
    on_done(context);
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void keep_record(struct caa_result *result, const struct dns_blob *blob) {
    char text[CAA_TEXT_CAP] = "malformed", issuer[CAA_ISSUER_CAP] = "";
    struct caa caa;
    if (caa_parse(&caa, blob->data, blob->len)) {
        caa_text(text, &caa);
        result->restricts = caa_issuer(issuer, &caa) || result->restricts;
    }
    result->record[result->record_count++] = mem_strdup(text);
    if (*issuer)
        result->issuer[result->issuer_count++] = mem_strdup(issuer);
}

static void keep_records(struct caa_result *result, const struct dns_answer *answer) {
    result->record = mem_calloc(answer->blob_count, sizeof *result->record);
    result->issuer = mem_calloc(answer->blob_count, sizeof *result->issuer);
    for (size_t i = 0; i < answer->blob_count; i++)
        keep_record(result, &answer->blob[i]);
    qsort(result->record, result->record_count, sizeof *result->record, by_text);
    qsort(result->issuer, result->issuer_count, sizeof *result->issuer, by_text);
}

static void on_caa(struct dns_answer *answer, void *context) {
    struct caa_lookup *lookup = context;
    struct caa_result *result = lookup->result;
    const char *dot = strchr(result->domain, '.');
    if (dns_failed(answer->status)) {
        settle(lookup, LOOKUP_UNKNOWN);
    } else if (answer->status == DNS_OK) {
        keep_records(result, answer);
        settle(lookup, LOOKUP_FOUND);
    } else if (dot == NULL) {
        settle(lookup, LOOKUP_NONE);
    } else {
        memmove(result->domain, dot + 1, strlen(dot + 1) + 1);
        dns_query(lookup->dns, result->domain, DNS_TYPE_CAA, on_caa, lookup);
    }
}

void caa_look_up(struct caa_result *result, struct dns *dns, const char *exchange, caa_cb *on_done, void *context) {
    struct caa_lookup *lookup = mem_alloc(sizeof *lookup);
    *lookup = (struct caa_lookup){.result = result, .dns = dns, .on_done = on_done, .context = context};
    strncat(result->domain, exchange, NAME_MAX_OCTETS);
    dns_query(dns, result->domain, DNS_TYPE_CAA, on_caa, lookup);
}

void caa_result_free(struct caa_result *result) {
    for (size_t i = 0; i < result->record_count; i++)
        free(result->record[i]);
    for (size_t i = 0; i < result->issuer_count; i++)
        free(result->issuer[i]);
    free(result->record);
    free(result->issuer);
    result->record = result->issuer = NULL;
    result->record_count = result->issuer_count = 0;
}
