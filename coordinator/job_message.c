/* job_message.c - see job_message.h. The texts of a payload are split in place, and the jobs point to the pieces. */
#include "job_message.h"

#include "base/mem.h"
#include "published/tlsa.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_OCTETS = 1 << 20 }; /* then a message is closed: it may grow by one job of half of that */

/* ---- texts of the database, in place ---- */

/* Splits names at '\n'; returns how many. The list is malloc'ed. */
static size_t split_names(char *names, char ***out) {
    size_t count = *names != '\0';
    for (const char *at = names; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    *out = mem_calloc(count, sizeof **out);
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = names;
        names += strcspn(names, "\n");
        if (*names)
            *names++ = '\0';
    }
    return count;
}

/* Takes what stands before the separator off *rest. */
static char *cut_field(char **rest, char separator) {
    char *start = *rest, *end = strchr(start, separator);
    *rest = end ? end + 1 : start + strlen(start);
    if (end)
        *end = '\0';
    return start;
}

/* RDATA of the records in text; what is none is left out. */
static void fill_records(Mxgrade__TlsaSet *set, char *text) {
    set->record = mem_calloc(TLSA_RECORDS_MAX, sizeof *set->record);
    while (*text && set->n_record < TLSA_RECORDS_MAX) {
        uint8_t rdata[TLSA_RDATA_MAX];
        size_t len;
        if (!tlsa_from_text(rdata, &len, cut_field(&text, '\t')))
            continue;
        ProtobufCBinaryData *record = &set->record[set->n_record++];
        record->len = len;
        record->data = mem_alloc(len);
        memcpy(record->data, rdata, len);
    }
}

/* A line is "place in names, base domain, records", see struct fleet_job. */
static void fill_tlsa(Mxgrade__ProbeJob *job, char *lines) {
    if (*lines == '\0')
        return;
    job->tlsa = mem_calloc(job->n_name, sizeof *job->tlsa);
    while (*lines && job->n_tlsa < job->n_name) {
        char *line = cut_field(&lines, '\n');
        Mxgrade__TlsaSet *set = job->tlsa[job->n_tlsa++] = mem_alloc(sizeof *set);
        mxgrade__tlsa_set__init(set);
        set->name = (uint32_t)strtoul(cut_field(&line, '\t'), NULL, 10);
        set->base_domain = cut_field(&line, '\t');
        fill_records(set, line);
    }
}

static void free_tlsa(Mxgrade__ProbeJob *job) {
    for (size_t i = 0; i < job->n_tlsa; i++) {
        for (size_t j = 0; j < job->tlsa[i]->n_record; j++)
            free(job->tlsa[i]->record[j].data);
        free(job->tlsa[i]->record);
        free(job->tlsa[i]);
    }
    free(job->tlsa);
}

/* ---- jobs ---- */

static void fill_probe(Mxgrade__ProbeJob *job, struct lease *lease, uint64_t lease_ms) {
    mxgrade__probe_job__init(job);
    job->id = lease->id;
    job->survey = (uint32_t)lease->survey;
    job->address = lease->address;
    job->port = lease->port;
    job->names_only = lease->names_only;
    job->judged = lease->judged;
    job->attempt = lease->attempt;
    job->lease_ms = (uint32_t)lease_ms;
    job->resume = (ProtobufCBinaryData){.len = lease->payload.resume_len, .data = lease->payload.resume};
    job->n_name = split_names(lease->payload.names, &job->name);
    fill_tlsa(job, lease->payload.tlsa);
}

static void fill_policy(Mxgrade__PolicyJob *job, struct lease *lease, uint64_t lease_ms) {
    mxgrade__policy_job__init(job);
    job->id = lease->id;
    job->survey = (uint32_t)lease->survey;
    job->domain = lease->payload.domain;
    job->address = lease->address;
    job->port = lease->port;
    job->attempt = lease->attempt;
    job->lease_ms = (uint32_t)lease_ms;
}

bool job_message_is_full(const struct job_message *message) {
    return message->count == JOBS_PER_MESSAGE || message->octets >= MESSAGE_OCTETS;
}

void job_message_add(struct job_message *message, struct lease *lease, uint64_t lease_ms) {
    message->lease[message->count++] = lease;
    if (lease->payload.domain) {
        Mxgrade__PolicyJob *job = &message->policy[message->policy_count++];
        fill_policy(job, lease, lease_ms);
        message->octets += mxgrade__policy_job__get_packed_size(job);
    } else {
        Mxgrade__ProbeJob *job = &message->probe[message->probe_count++];
        fill_probe(job, lease, lease_ms);
        message->octets += mxgrade__probe_job__get_packed_size(job);
    }
}

bool job_message_send(struct job_message *message, bus_t *bus, const struct bus_peer *to) {
    Mxgrade__Jobs jobs = MXGRADE__JOBS__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    Mxgrade__ProbeJob *probes[JOBS_PER_MESSAGE];
    Mxgrade__PolicyJob *policies[JOBS_PER_MESSAGE];
    for (size_t i = 0; i < message->probe_count; i++)
        probes[i] = &message->probe[i];
    for (size_t i = 0; i < message->policy_count; i++)
        policies[i] = &message->policy[i];
    jobs.probe = probes;
    jobs.n_probe = message->probe_count;
    jobs.policy = policies;
    jobs.n_policy = message->policy_count;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_JOBS;
    envelope.jobs = &jobs;
    return message->count > 0 && bus_send(bus, to, &envelope) == BUS_SENT;
}

void job_message_clear(struct job_message *message) {
    for (size_t i = 0; i < message->probe_count; i++) {
        free_tlsa(&message->probe[i]);
        free(message->probe[i].name);
    }
    message->probe_count = message->policy_count = 0;
}
