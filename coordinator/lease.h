/* lease.h - the addresses that jobs are for: one lease an address, and a gap between two.
 *
 * An address in this table is on exactly one list, named by its state. Counts come from the lists. What the gap and the
 * queue's bound are, and who may have a lease, fleet.h knows.
 */
#ifndef MXG_LEASE_H
#define MXG_LEASE_H

#include "fleet_job.h"

#include <netinet/in.h>
#include <uthash.h>

enum lease_state {
    LEASE_QUEUED,  /* read from the database, waiting for credit */
    LEASE_HELD,    /* a worker has it */
    LEASE_RESTING, /* just done; forgotten when the gap is over */
    LEASE_STATE_COUNT
};

struct worker;

/* What a job takes along. The strings are split in place when it is sent. All owned. */
struct lease_payload {
    char *domain; /* of a policy job, else NULL */
    char *names;
    char *tlsa;
    uint8_t *resume; /* NULL if none */
    size_t resume_len;
};

struct lease {
    struct lease *prev, *next; /* on the list that its state names */
    UT_hash_handle by_address, by_id;
    char address[INET6_ADDRSTRLEN];
    enum lease_state state;
    int survey;
    unsigned port, attempt, judged;
    bool names_only;
    struct lease_payload payload; /* LEASE_QUEUED, and until it is sent */
    uint64_t id;                  /* LEASE_HELD: of the job */
    uint64_t since_ms;            /* LEASE_HELD, LEASE_RESTING */
    struct worker *worker;        /* LEASE_HELD; borrowed */
};

/* All zero is empty. */
struct leases {
    struct lease *by_address; /* all */
    struct lease *by_id;      /* those held */
    struct lease *lists[LEASE_STATE_COUNT];
    size_t counts[LEASE_STATE_COUNT];
};

/* False if the address is known already. */
bool lease_queue(struct leases *leases, const struct fleet_job *job);
/* From LEASE_QUEUED to LEASE_HELD. */
void lease_give(struct leases *leases, struct lease *lease, struct worker *worker, uint64_t id, uint64_t now_ms);
/* From LEASE_HELD to LEASE_RESTING. */
void lease_rest(struct leases *leases, struct lease *lease, uint64_t now_ms);
/* Not for one that is held. */
void lease_forget(struct leases *leases, struct lease *lease);

/* NULL if none that is held has the id. */
struct lease *lease_of_id(const struct leases *leases, uint64_t id);
/* Frees what only the worker needs. */
void lease_drop_payload(struct lease *lease);
/* Forgets all. */
void leases_clear(struct leases *leases);

#endif
