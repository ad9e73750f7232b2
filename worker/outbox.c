/* outbox.c - see outbox.h. A list in order of sequence; acks mostly take its head. */
#include "outbox.h"

#include "base/mem.h"
#include "cert/cert_list.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    CONFIRMED_SLOTS = 4096,
    SHA256_OCTETS = 32,
    BEHIND_OCTETS_MAX = 1 << 20, /* DER of certificates behind leaves, in one message; the next message goes on */
};

struct entry {
    Mxgrade__Results message; /* one result or one policy, owned as its certificates are; worker_id, vantage borrowed */
    uint64_t due_ms;          /* loop time to send it at; 0: at once */
    struct entry *prev, *next;
};

struct outbox {
    char *worker_id, *vantage;
    struct entry *entries;
    size_t count;
    uint64_t sequence; /* the last one given */
    /* Certificates known to be stored: direct-mapped caches, where a miss costs the sending of a DER. A leaf that was
     * stored as one behind others is sent once more, for its chain. */
    struct confirmed {
        uint8_t sha256[CONFIRMED_SLOTS][SHA256_OCTETS];
    } leaves, behind;
};

struct outbox *outbox_new(const char *worker_id, const char *vantage) {
    struct outbox *outbox = mem_alloc(sizeof *outbox);
    outbox->worker_id = mem_strdup(worker_id);
    outbox->vantage = mem_strdup(vantage);
    return outbox;
}

static uint8_t *confirmed_slot(struct confirmed *confirmed, const uint8_t *sha256) {
    size_t slot = ((size_t)sha256[0] << 8 | sha256[1]) % CONFIRMED_SLOTS;
    return confirmed->sha256[slot];
}

static bool is_confirmed(struct confirmed *confirmed, const uint8_t *sha256) {
    return memcmp(confirmed_slot(confirmed, sha256), sha256, SHA256_OCTETS) == 0;
}

static void confirm(struct outbox *outbox, const Mxgrade__Results *stored) {
    for (size_t i = 0; i < stored->n_certificate; i++) {
        const Mxgrade__Certificate *one = stored->certificate[i];
        struct confirmed *confirmed = one->behind ? &outbox->behind : &outbox->leaves;
        memcpy(confirmed_slot(confirmed, one->sha256.data), one->sha256.data, SHA256_OCTETS);
    }
}

static void free_entry(struct entry *entry) {
    for (size_t i = 0; i < entry->message.n_result; i++)
        mxgrade__endpoint_result__free_unpacked(entry->message.result[i], NULL);
    for (size_t i = 0; i < entry->message.n_certificate; i++)
        mxgrade__certificate__free_unpacked(entry->message.certificate[i], NULL);
    for (size_t i = 0; i < entry->message.n_policy; i++)
        mxgrade__policy_result__free_unpacked(entry->message.policy[i], NULL);
    free(entry->message.result);
    free(entry->message.certificate);
    free(entry->message.policy);
    free(entry);
}

void outbox_free(struct outbox **outbox) {
    struct outbox *self = *outbox;
    if (self == NULL)
        return;
    *outbox = NULL;
    struct entry *entry, *next;
    DL_FOREACH_SAFE(self->entries, entry, next) { free_entry(entry); }
    free(self->worker_id);
    free(self->vantage);
    free(self);
}

/* An empty message at the end of the list. */
static Mxgrade__Results *add_message(struct outbox *outbox) {
    struct entry *entry = mem_alloc(sizeof *entry);
    mxgrade__results__init(&entry->message);
    entry->message.sequence = ++outbox->sequence;
    entry->message.worker_id = outbox->worker_id;
    entry->message.vantage = outbox->vantage;
    DL_APPEND(outbox->entries, entry);
    outbox->count++;
    return &entry->message;
}

static bool has_certificate(const Mxgrade__Results *message, const uint8_t *sha256) {
    for (size_t i = 0; i < message->n_certificate; i++)
        if (memcmp(message->certificate[i]->sha256.data, sha256, SHA256_OCTETS) == 0)
            return true;
    return false;
}

/* What a chain kept of the certificates behind its leaf and is not known to be stored; *octets: of DER so far. */
static void add_behind(struct outbox *outbox, Mxgrade__Results *message, const struct cert_chain *chain,
                       size_t *octets) {
    struct reader sent = reader_of(chain->sent, chain->sent_len), der;
    for (size_t i = 0; i < chain->chain_count && cert_list_next(&sent, &der); i++) {
        const uint8_t *sha256 = chain->chain_sha256[i];
        if (is_confirmed(&outbox->leaves, sha256) || is_confirmed(&outbox->behind, sha256) ||
            has_certificate(message, sha256) || *octets + der.left > BEHIND_OCTETS_MAX)
            continue;
        *octets += der.left;
        message->certificate =
            mem_realloc(message->certificate, (message->n_certificate + 1) * sizeof *message->certificate);
        message->certificate[message->n_certificate++] = result_certificate_behind(der);
    }
}

void outbox_add(struct outbox *outbox, Mxgrade__EndpointResult *result, const struct cert_chain *const *chain,
                size_t chain_count) {
    Mxgrade__Results *message = add_message(outbox);
    message->result = mem_alloc(sizeof *message->result);
    message->result[message->n_result++] = result;
    message->certificate = mem_calloc(chain_count, sizeof *message->certificate);
    for (size_t i = 0; i < chain_count; i++)
        if (!is_confirmed(&outbox->leaves, chain[i]->leaf_sha256))
            message->certificate[message->n_certificate++] = result_certificate(chain[i]);
    for (size_t i = 0, octets = 0; i < chain_count; i++)
        add_behind(outbox, message, chain[i], &octets);
}

void outbox_add_policy(struct outbox *outbox, Mxgrade__PolicyResult *result) {
    Mxgrade__Results *message = add_message(outbox);
    message->policy = mem_alloc(sizeof *message->policy);
    message->policy[message->n_policy++] = result;
}

void outbox_flush(struct outbox *outbox, bus_t *bus, uint64_t now_ms) {
    struct entry *entry;
    DL_FOREACH(outbox->entries, entry) {
        if (entry->due_ms > now_ms)
            continue;
        Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
        envelope.body_case = MXGRADE__ENVELOPE__BODY_RESULTS;
        envelope.results = &entry->message;
        if (bus_send(bus, NULL, &envelope) != BUS_SENT)
            return;
        entry->due_ms = now_ms + OUTBOX_RESEND_MS;
    }
}

void outbox_restart(struct outbox *outbox) {
    struct entry *entry;
    DL_FOREACH(outbox->entries, entry) { entry->due_ms = 0; }
}

bool outbox_ack(struct outbox *outbox, uint64_t sequence, uint64_t *job) {
    struct entry *entry = outbox->entries;
    while (entry && entry->message.sequence != sequence)
        entry = entry->next;
    if (entry == NULL)
        return false;
    const Mxgrade__Results *message = &entry->message;
    *job = message->n_result ? message->result[0]->job : message->policy[0]->job;
    confirm(outbox, message);
    DL_DELETE(outbox->entries, entry);
    outbox->count--;
    free_entry(entry);
    return true;
}

size_t outbox_count(const struct outbox *outbox) { return outbox->count; }
