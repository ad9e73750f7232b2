/* outbox.c - see outbox.h. A doubly linked list in order of sequence; acks mostly take its head. */
#include "outbox.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIRMED_SLOTS = 4096 }; /* certificates known to be stored: a direct-mapped cache, a miss costs a DER */

struct entry {
    struct entry *next, *previous;
    Mxgrade__Results message; /* one result or one policy; owns them and certificate */
    uint64_t sent_ms;         /* 0 = not sent */
};

struct outbox {
    char *worker_id, *vantage;
    struct entry *head, *tail;
    size_t count;
    uint64_t sequence;
    uint8_t confirmed[CONFIRMED_SLOTS][32];
};

struct outbox *outbox_new(const char *worker_id, const char *vantage) {
    struct outbox *outbox = mem_alloc(sizeof *outbox);
    outbox->worker_id = mem_strdup(worker_id);
    outbox->vantage = mem_strdup(vantage);
    return outbox;
}

static uint8_t *confirmed_slot(struct outbox *outbox, const uint8_t *sha256) {
    size_t slot = ((size_t)sha256[0] << 8 | sha256[1]) % CONFIRMED_SLOTS;
    return outbox->confirmed[slot];
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
    for (struct entry *entry = self->head, *next; entry; entry = next) {
        next = entry->next;
        free_entry(entry);
    }
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
    entry->previous = outbox->tail;
    if (outbox->tail)
        outbox->tail->next = entry;
    else
        outbox->head = entry;
    outbox->tail = entry;
    outbox->count++;
    return &entry->message;
}

void outbox_add(struct outbox *outbox, Mxgrade__EndpointResult *result, const struct cert_chain *const *chain,
                size_t chain_count) {
    Mxgrade__Results *message = add_message(outbox);
    message->result = mem_alloc(sizeof *message->result);
    message->result[message->n_result++] = result;
    message->certificate = mem_calloc(chain_count, sizeof *message->certificate);
    for (size_t i = 0; i < chain_count; i++)
        if (memcmp(confirmed_slot(outbox, chain[i]->leaf_sha256), chain[i]->leaf_sha256, 32) != 0)
            message->certificate[message->n_certificate++] = result_certificate(chain[i]);
}

void outbox_add_policy(struct outbox *outbox, Mxgrade__PolicyResult *result) {
    Mxgrade__Results *message = add_message(outbox);
    message->policy = mem_alloc(sizeof *message->policy);
    message->policy[message->n_policy++] = result;
}

void outbox_flush(struct outbox *outbox, bus_t *bus, uint64_t now_ms) {
    for (struct entry *entry = outbox->head; entry; entry = entry->next) {
        if (entry->sent_ms && now_ms - entry->sent_ms < OUTBOX_RESEND_MS)
            continue;
        Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
        envelope.body_case = MXGRADE__ENVELOPE__BODY_RESULTS;
        envelope.results = &entry->message;
        if (bus_send(bus, NULL, &envelope) != BUS_SENT)
            return;
        entry->sent_ms = now_ms ? now_ms : 1;
    }
}

void outbox_restart(struct outbox *outbox) {
    for (struct entry *entry = outbox->head; entry; entry = entry->next)
        entry->sent_ms = 0;
}

bool outbox_ack(struct outbox *outbox, uint64_t sequence, uint64_t *job) {
    struct entry *entry = outbox->head;
    while (entry && entry->message.sequence != sequence)
        entry = entry->next;
    if (entry == NULL)
        return false;
    *job = entry->message.n_result ? entry->message.result[0]->job : entry->message.policy[0]->job;
    for (size_t i = 0; i < entry->message.n_certificate; i++)
        memcpy(confirmed_slot(outbox, entry->message.certificate[i]->sha256.data),
               entry->message.certificate[i]->sha256.data, 32);
    *(entry->previous ? &entry->previous->next : &outbox->head) = entry->next;
    *(entry->next ? &entry->next->previous : &outbox->tail) = entry->previous;
    outbox->count--;
    free_entry(entry);
    return true;
}

size_t outbox_count(const struct outbox *outbox) { return outbox->count; }
