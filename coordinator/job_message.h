/* job_message.h - a Jobs message under construction: leases as jobs for a worker. */
#ifndef MXG_JOB_MESSAGE_H
#define MXG_JOB_MESSAGE_H

#include "lease.h"

#include "bus/bus.h"

enum { JOBS_PER_MESSAGE = 100 };

/* All zero is empty. */
struct job_message {
    struct lease *lease[JOBS_PER_MESSAGE]; /* borrowed; the jobs point into their payloads */
    size_t count;
    Mxgrade__ProbeJob probe[JOBS_PER_MESSAGE];
    size_t probe_count;
    Mxgrade__PolicyJob policy[JOBS_PER_MESSAGE];
    size_t policy_count;
    size_t octets;
};

bool job_message_is_full(const struct job_message *message);

/* The lease is held; its payload must stay until job_message_clear(), and is of no use behind it. */
void job_message_add(struct job_message *message, struct lease *lease, uint64_t lease_ms);

/* False if there are no jobs in it, or the worker cannot take them. */
__attribute__((warn_unused_result)) bool job_message_send(struct job_message *message, bus_t *bus,
                                                          const struct bus_peer *to);

/* Frees what the jobs are made of; lease[] and count stay. */
void job_message_clear(struct job_message *message);

#endif
