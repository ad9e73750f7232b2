/* fleet.c - see fleet.h.
 *
 * A job id is the run's epoch << 32 | a counter, so that ids of an earlier run are recognised. A worker that still
 * holds such jobs is told to cancel them, and nothing is handed out until all are gone: they may be under way to any
 * address.
 */
#include "fleet.h"

#include "base/log.h"
#include "base/mem.h"
#include "job_message.h"
#include "lease.h"
#include "names/address.h"
#include "published/sts.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    GREETING_MS = 2000,  /* after a start: time for living workers to say what they hold */
    LOST_DONE_MS = 5000, /* a lease that old and unknown to its worker is over: its Done was lost */
    WORKER_ID_CAP = 64,
};

struct worker {
    UT_hash_handle hh; /* by peer id */
    struct bus_peer peer;
    char id[WORKER_ID_CAP];
    uint64_t heard_ms;
    uint32_t credit;
    size_t leases;
    size_t foreign; /* jobs of an earlier run that it still holds */
};

struct fleet {
    struct fleet_config config;
    uint32_t epoch, counter;
    uint64_t started_ms;
    struct leases leases;
    struct worker *workers;
};

struct fleet *fleet_new(const struct fleet_config *config, uint32_t epoch, uint64_t now_ms) {
    struct fleet *fleet = mem_alloc(sizeof *fleet);
    fleet->config = *config;
    fleet->epoch = epoch;
    fleet->started_ms = now_ms;
    return fleet;
}

void fleet_free(struct fleet **fleet) {
    struct fleet *self = *fleet;
    struct worker *worker, *next;
    if (self == NULL)
        return;
    leases_clear(&self->leases);
    HASH_ITER(hh, self->workers, worker, next) {
        HASH_DEL(self->workers, worker);
        free(worker);
    }
    free(self);
    *fleet = NULL;
}

/* ---- the queue ---- */

bool fleet_queue(struct fleet *fleet, const struct fleet_job *job) {
    return fleet_room(fleet) > 0 && lease_queue(&fleet->leases, job);
}

size_t fleet_room(const struct fleet *fleet) {
    size_t queued = fleet->leases.counts[LEASE_QUEUED];
    return queued < fleet->config.queue ? fleet->config.queue - queued : 0;
}

size_t fleet_busy(const struct fleet *fleet, int survey) {
    size_t busy = 0;
    for (unsigned state = 0; state < LEASE_STATE_COUNT; state++)
        for (const struct lease *lease = fleet->leases.lists[state]; lease; lease = lease->next)
            busy += lease->survey == survey;
    return busy;
}

static bool is_forbidden(const struct fleet *fleet, const struct lease *lease) {
    const char *domain = lease->payload.domain;
    struct sockaddr_storage address;
    char host[STS_HOST_CAP];
    if (domain && (!sts_host(host, domain) || forbidden_name(fleet->config.forbidden, host)))
        return true;
    return address_parse(&address, lease->address, lease->port) &&
           forbidden_address(fleet->config.forbidden, (const struct sockaddr *)&address) != NULL;
}

void fleet_drop_forbidden(struct fleet *fleet) {
    struct lease *lease, *next;
    DL_FOREACH_SAFE(fleet->leases.lists[LEASE_QUEUED], lease, next) {
        if (is_forbidden(fleet, lease))
            lease_forget(&fleet->leases, lease);
    }
}

/* ---- leases of workers ---- */

static void give_lease(struct fleet *fleet, struct lease *lease, struct worker *worker, uint64_t now_ms) {
    uint64_t id = (uint64_t)fleet->epoch << 32 | ++fleet->counter;
    lease_give(&fleet->leases, lease, worker, id, now_ms);
    worker->leases++;
    worker->credit--;
}

/* The worker is through with it; the address rests. Whether it is due again is the database's to say. */
static void end_lease(struct fleet *fleet, struct lease *lease, uint64_t now_ms) {
    lease->worker->leases--;
    lease_rest(&fleet->leases, lease, now_ms);
}

/* NULL if the worker does not hold it. */
static struct lease *lease_of_worker(const struct fleet *fleet, uint64_t id, const struct worker *worker) {
    struct lease *lease = lease_of_id(&fleet->leases, id);
    return lease && lease->worker == worker ? lease : NULL;
}

/* ---- workers ---- */

size_t fleet_workers(const struct fleet *fleet) { return HASH_COUNT(fleet->workers); }

static struct worker *find_worker(struct fleet *fleet, const struct bus_peer *peer) {
    struct worker *worker;
    HASH_FIND(hh, fleet->workers, peer->id, peer->len, worker);
    return worker;
}

static struct worker *add_worker(struct fleet *fleet, const struct bus_peer *peer, const char *id) {
    struct worker *worker = mem_alloc(sizeof *worker);
    worker->peer = *peer;
    strncat(worker->id, id, sizeof worker->id - 1);
    HASH_ADD_KEYPTR(hh, fleet->workers, worker->peer.id, worker->peer.len, worker);
    log_info("worker joined", LOG_STR("worker", worker->id), LOG_INT("workers", HASH_COUNT(fleet->workers)));
    return worker;
}

static void drop_worker(struct fleet *fleet, struct worker *worker, uint64_t now_ms) {
    struct lease *lease, *next;
    log_warn("worker lost", LOG_STR("worker", worker->id), LOG_INT("leases", worker->leases));
    DL_FOREACH_SAFE(fleet->leases.lists[LEASE_HELD], lease, next) {
        if (lease->worker == worker)
            end_lease(fleet, lease, now_ms);
    }
    HASH_DEL(fleet->workers, worker); // NOLINT(clang-analyzer-core.NullDereference): uthash
    free(worker);
}

/* ---- messages ---- */

static bool hello_holds(const Mxgrade__Hello *hello, uint64_t id) {
    for (size_t i = 0; i < hello->n_held; i++)
        if (hello->held[i] == id)
            return true;
    return false;
}

static void send_cancel(bus_t *bus, const struct worker *worker, uint64_t *jobs, size_t count) {
    Mxgrade__Cancel message = MXGRADE__CANCEL__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    message.job = jobs;
    message.n_job = count;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_CANCEL;
    envelope.cancel = &message;
    if (bus_send(bus, &worker->peer, &envelope) != BUS_SENT)
        log_warn("cancel not sent", LOG_STR("worker", worker->id));
}

/* A Hello tells what the worker holds, and sets both sides straight after whatever was lost between them. */
static void on_hello(struct fleet *fleet, bus_t *bus, struct worker *worker, const Mxgrade__Hello *hello,
                     uint64_t now_ms) {
    struct lease *lease, *next;
    uint64_t *unknown = mem_calloc(hello->n_held, sizeof *unknown);
    worker->credit = 0;
    worker->foreign = 0;
    for (size_t i = 0; i < hello->n_held; i++)
        if (lease_of_worker(fleet, hello->held[i], worker) == NULL)
            unknown[worker->foreign++] = hello->held[i];
    if (worker->foreign > 0)
        send_cancel(bus, worker, unknown, worker->foreign);
    free(unknown);
    DL_FOREACH_SAFE(fleet->leases.lists[LEASE_HELD], lease, next) {
        if (lease->worker == worker && now_ms - lease->since_ms > LOST_DONE_MS && !hello_holds(hello, lease->id))
            end_lease(fleet, lease, now_ms);
    }
}

static void end_job(struct fleet *fleet, struct worker *worker, uint64_t id, uint64_t now_ms) {
    struct lease *lease = lease_of_worker(fleet, id, worker);
    if (lease)
        end_lease(fleet, lease, now_ms);
    else if (worker->foreign > 0)
        worker->foreign--;
}

void fleet_receive(struct fleet *fleet, bus_t *bus, const struct bus_peer *from, const Mxgrade__Envelope *envelope,
                   uint64_t now_ms) {
    struct worker *worker = find_worker(fleet, from);
    bool hello = envelope->body_case == MXGRADE__ENVELOPE__BODY_HELLO;
    if (worker == NULL && !hello) {
        bus_refuse(bus, from, MXGRADE__REFUSED_REASON__REFUSED_UNKNOWN_WORKER, NULL);
        return;
    }
    if (worker == NULL)
        worker = add_worker(fleet, from, envelope->hello->worker_id);
    worker->heard_ms = now_ms;
    switch (envelope->body_case) {
    case MXGRADE__ENVELOPE__BODY_HELLO:
        on_hello(fleet, bus, worker, envelope->hello, now_ms);
        break;
    case MXGRADE__ENVELOPE__BODY_CREDIT:
        worker->credit += envelope->credit->n;
        break;
    case MXGRADE__ENVELOPE__BODY_DONE:
        for (size_t i = 0; i < envelope->done->n_job; i++)
            end_job(fleet, worker, envelope->done->job[i], now_ms);
        for (size_t i = 0; i < envelope->done->n_handed_back; i++)
            end_job(fleet, worker, envelope->done->handed_back[i], now_ms);
        break;
    case MXGRADE__ENVELOPE__BODY_HEARTBEAT:
    case MXGRADE__ENVELOPE__BODY_REFUSED:
        break;
    default:
        bus_refuse(bus, from, MXGRADE__REFUSED_REASON__REFUSED_UNEXPECTED, NULL);
        break;
    }
}

/* ---- dispatch ---- */

/* A message of jobs for one worker; false when there is nothing more to send to it now. */
static bool send_jobs(struct fleet *fleet, bus_t *bus, struct worker *worker, uint64_t now_ms) {
    struct lease **queued = &fleet->leases.lists[LEASE_QUEUED];
    struct job_message message = {.count = 0};
    while (!job_message_is_full(&message) && worker->credit > 0 && *queued) {
        struct lease *lease = *queued;
        give_lease(fleet, lease, worker, now_ms);
        job_message_add(&message, lease, fleet->config.lease_ms);
    }
    bool sent = job_message_send(&message, bus, &worker->peer);
    job_message_clear(&message);
    for (size_t i = 0; i < message.count; i++) {
        lease_drop_payload(message.lease[i]);
        if (!sent)
            end_lease(fleet, message.lease[i], now_ms);
    }
    if (!sent)
        worker->credit = 0; /* gone or swamped: it says Hello or grants again */
    return worker->credit > 0 && *queued;
}

static bool may_dispatch(const struct fleet *fleet, uint64_t now_ms) {
    for (const struct worker *worker = fleet->workers; worker; worker = worker->hh.next)
        if (worker->foreign > 0)
            return false;
    return now_ms - fleet->started_ms >= GREETING_MS;
}

void fleet_tick(struct fleet *fleet, bus_t *bus, uint64_t now_ms) {
    struct worker *worker, *next;
    struct lease **resting = &fleet->leases.lists[LEASE_RESTING];
    while (*resting && now_ms - (*resting)->since_ms >= fleet->config.gap_ms)
        lease_forget(&fleet->leases, *resting);
    HASH_ITER(hh, fleet->workers, worker, next) {
        if (now_ms - worker->heard_ms > fleet->config.lease_ms)
            drop_worker(fleet, worker, now_ms);
    }
    if (!may_dispatch(fleet, now_ms))
        return;
    /* Round by round, so that work spreads over the fleet. */
    for (bool more = true; more;) {
        more = false;
        HASH_ITER(hh, fleet->workers, worker, next) {
            if (worker->credit > 0 && fleet->leases.lists[LEASE_QUEUED])
                more = send_jobs(fleet, bus, worker, now_ms) || more;
        }
    }
}
