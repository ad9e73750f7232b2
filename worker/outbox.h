/* outbox.h - results that no aggregator has acknowledged yet.
 *
 * At least once: a result stays here, and is sent again after OUTBOX_RESEND_MS or when the peer is new, until its Ack
 * comes. A certificate's DER travels with its SHA-256 until an ack confirmed that it was stored; then the SHA-256 in
 * the result is enough. So do the certificates that came behind it, as far as they fit into the message. Bounded by the
 * jobs that the worker may hold: every result belongs to one.
 */
#ifndef MXG_OUTBOX_H
#define MXG_OUTBOX_H

#include "bus/bus.h"
#include "result.h"

enum { OUTBOX_RESEND_MS = 30000 };

struct outbox;

struct outbox *outbox_new(const char *worker_id, const char *vantage);
void outbox_free(struct outbox **outbox);

/* Takes over the result; chain[0..chain_count) are the certificates it speaks of, borrowed. */
void outbox_add(struct outbox *outbox, Mxgrade__EndpointResult *result, const struct cert_chain *const *chain,
                size_t chain_count);

/* Takes over the result of a policy job. */
void outbox_add_policy(struct outbox *outbox, Mxgrade__PolicyResult *result);

/* Sends what was not sent, or not acknowledged for too long; stops when the bus is full. now_ms: loop time. */
void outbox_flush(struct outbox *outbox, bus_t *bus, uint64_t now_ms);

/* Everything counts as unsent: the peer is new. */
void outbox_restart(struct outbox *outbox);

/* The acknowledged result's job in *job; false if no such sequence is waiting (an ack that came twice). */
__attribute__((warn_unused_result)) bool outbox_ack(struct outbox *outbox, uint64_t sequence, uint64_t *job);

size_t outbox_count(const struct outbox *outbox);

#endif
