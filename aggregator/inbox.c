/* inbox.c - see inbox.h. A growing array; its bound is inbox_full(), which the caller heeds. */
#include "inbox.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    INBOX_OCTETS_MAX = 64 << 20,
    INBOX_LEAST = 256, /* messages that there is room for at first */
};

void inbox_take(struct inbox *inbox, const struct bus_peer *peer, Mxgrade__Envelope *envelope) {
    Mxgrade__Results *results = envelope->results;
    envelope->body_case = MXGRADE__ENVELOPE__BODY__NOT_SET; /* ours now, see bus.h */
    if (inbox->count == inbox->cap) {
        inbox->cap = inbox->cap ? 2 * inbox->cap : INBOX_LEAST;
        inbox->messages = mem_realloc(inbox->messages, inbox->cap * sizeof *inbox->messages);
    }
    inbox->messages[inbox->count++] = (struct inbox_message){.peer = *peer, .results = results};
    inbox->results += results->n_result + results->n_policy;
    inbox->octets += mxgrade__results__get_packed_size(results);
}

bool inbox_full(const struct inbox *inbox, size_t most_results) {
    return inbox->results >= most_results || inbox->octets >= INBOX_OCTETS_MAX;
}

static void inbox_clear(struct inbox *inbox) {
    for (size_t i = 0; i < inbox->count; i++)
        mxgrade__results__free_unpacked(inbox->messages[i].results, NULL);
    inbox->count = inbox->results = inbox->octets = 0;
}

/* One Ack for all messages of the peer of messages[first]. */
static void acknowledge_peer(struct inbox *inbox, size_t first, uint64_t *sequences, bus_t *bus) {
    const struct bus_peer *peer = &inbox->messages[first].peer;
    Mxgrade__Ack ack = MXGRADE__ACK__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    ack.sequence = sequences;
    for (size_t i = first; i < inbox->count; i++)
        if (!inbox->messages[i].acknowledged && bus_peer_equal(peer, &inbox->messages[i].peer)) {
            sequences[ack.n_sequence++] = inbox->messages[i].results->sequence;
            inbox->messages[i].acknowledged = true;
        }
    envelope.body_case = MXGRADE__ENVELOPE__BODY_ACK;
    envelope.ack = &ack;
    if (bus_send(bus, peer, &envelope) != BUS_SENT)
        log_debug("ack not delivered", LOG_INT("messages", ack.n_sequence));
}

void inbox_acknowledge(struct inbox *inbox, bus_t *bus) {
    uint64_t *sequences = mem_calloc(inbox->count, sizeof *sequences);
    for (size_t i = 0; i < inbox->count; i++)
        if (!inbox->messages[i].acknowledged)
            acknowledge_peer(inbox, i, sequences, bus);
    free(sequences);
    inbox_clear(inbox);
}

void inbox_free(struct inbox *inbox) {
    inbox_clear(inbox);
    free(inbox->messages);
    *inbox = (struct inbox){0};
}
