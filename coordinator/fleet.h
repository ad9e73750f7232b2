/* fleet.h - the workers: who gets which job, and when.
 *
 * Invariant: one lease an address over all surveys and workers, and a gap between two (lease.h). Nothing here outlives
 * the process: what is pending stands in the database.
 */
#ifndef MXG_FLEET_H
#define MXG_FLEET_H

#include "fleet_job.h"

#include "bus/bus.h"
#include "forbidden/forbidden.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet_config {
    uint64_t lease_ms;                 /* a worker that was silent for that long has lost its jobs */
    uint64_t gap_ms;                   /* between two leases of one address */
    size_t queue;                      /* jobs in memory that wait for credit */
    const struct forbidden *forbidden; /* for fleet_drop_forbidden(); borrowed */
};

struct fleet;
struct fleet *fleet_new(const struct fleet_config *config, uint32_t epoch, uint64_t now_ms);
void fleet_free(struct fleet **fleet);

/* Queues a job, which is copied, unless the address is known already (queued, leased or resting); true if it was
 * queued. */
bool fleet_queue(struct fleet *fleet, const struct fleet_job *job);
/* The blocklist has changed: forgets queued jobs that it forbids now. Who reads them from the database again settles
 * them. */
void fleet_drop_forbidden(struct fleet *fleet);
/* Room in the queue. */
size_t fleet_room(const struct fleet *fleet);
/* Jobs queued or leased for a survey, resting ones included. */
size_t fleet_busy(const struct fleet *fleet, int survey);
size_t fleet_workers(const struct fleet *fleet);

/* A message from a worker. */
void fleet_receive(struct fleet *fleet, bus_t *bus, const struct bus_peer *from, const Mxgrade__Envelope *envelope,
                   uint64_t now_ms);

/* Hands out queued jobs against credit, ends gaps, takes leases back from silent workers. Call often. */
void fleet_tick(struct fleet *fleet, bus_t *bus, uint64_t now_ms);

#endif
