/* inbox.h - Results messages that arrived and are not stored yet, and whom to acknowledge them to. */
#ifndef MXG_AGGREGATOR_INBOX_H
#define MXG_AGGREGATOR_INBOX_H

#include "bus/bus.h"

/* One worker's message. */
struct inbox_message {
    struct bus_peer peer;
    Mxgrade__Results *results; /* owned */
    bool acknowledged;
};

struct inbox {
    struct inbox_message *messages;
    size_t count, cap;
    size_t results; /* endpoint and policy results in all messages */
    size_t octets;  /* of all messages, packed */
};

/* Takes the Results over from their envelope. */
void inbox_take(struct inbox *inbox, const struct bus_peer *peer, Mxgrade__Envelope *envelope);

/* True once there is enough for a transaction: most_results, or as many octets as one may hold. */
bool inbox_full(const struct inbox *inbox, size_t most_results);

/* Acknowledges every message, one Ack a peer, and empties the inbox. An ack that does not reach its peer
 * is no loss: the worker sends the result again, and storing it twice changes nothing. */
void inbox_acknowledge(struct inbox *inbox, bus_t *bus);

/* Forgets everything unacknowledged and frees the memory. */
void inbox_free(struct inbox *inbox);

#endif
