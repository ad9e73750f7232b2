/* tlsa_sets.c - see tlsa_sets.h. */
#include "tlsa_sets.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

/* A record that is none is left out, as senders leave it out. One that there is no room for could be the one that
 * matches: then there is no set. */
static struct dane_set *take_set(const Mxgrade__TlsaSet *message) {
    struct dane_set *set = dane_set_new(message->base_domain);
    for (size_t i = 0; set && i < message->n_record; i++) {
        const ProtobufCBinaryData *record = &message->record[i];
        struct tlsa tlsa;
        if (tlsa_parse(&tlsa, record->data, record->len) && !dane_set_add(set, record->data, record->len))
            dane_set_free(&set);
    }
    if (set && set->count == 0)
        dane_set_free(&set);
    return set;
}

struct dane_set **tlsa_sets_take(const Mxgrade__ProbeJob *job) {
    if (job->n_tlsa == 0)
        return NULL;
    struct dane_set **sets = mem_calloc(job->n_name, sizeof(struct dane_set *));
    for (size_t i = 0; i < job->n_tlsa; i++) {
        const Mxgrade__TlsaSet *message = job->tlsa[i];
        bool wanted = message->name < job->n_name && sets[message->name] == NULL;
        struct dane_set *set = wanted ? take_set(message) : NULL;
        if (set)
            sets[message->name] = set;
        else
            log_warn("unusable TLSA records ignored", LOG_INT("survey", job->survey), LOG_STR("endpoint", job->address),
                     LOG_STR("base", message->base_domain), LOG_INT("records", message->n_record));
    }
    return sets;
}

void tlsa_sets_free(struct dane_set ***sets, size_t count) {
    struct dane_set **self = *sets;
    if (self == NULL)
        return;
    *sets = NULL;
    for (size_t i = 0; i < count; i++)
        dane_set_free(&self[i]);
    free(self);
}
