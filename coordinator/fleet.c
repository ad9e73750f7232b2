/* fleet.c - see fleet.h.
 *
 * A job id is the run's epoch << 32 | a counter, so that ids of an earlier run are recognised. A worker that still
 * holds such jobs is told to cancel them, and nothing is handed out until all are gone: they may be under way to any
 * address.
 */
#include "fleet.h"

#include "base/log.h"
#include "base/mem.h"
#include "names/address.h"
#include "published/sts.h"
#include "published/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    GREETING_MS = 2000, /* after a start: time for living workers to say what they hold */
    JOBS_PER_MESSAGE = 100,
    LOST_DONE_MS = 5000, /* a lease that old and unknown to its worker is over: its Done was lost */
    WORKER_ID_CAP = 64,
    MESSAGE_OCTETS = 1 << 20, /* then a message is closed: it may grow by one job of half of that */
    TLSA_SET_MAX = 100,       /* as many as the resolver keeps */
};

enum lease_state { QUEUED, LEASED, RESTING, LEASE_STATE_COUNT };

struct lease {
    struct lease *prev, *next; /* on lists[state] */
    UT_hash_handle by_address, by_id;
    char address[INET6_ADDRSTRLEN];
    enum lease_state state;
    int survey;
    unsigned port, attempt, judged;
    bool names_only;
    char *domain;    /* QUEUED; of a policy job, else NULL */
    char *names;     /* QUEUED */
    char *tlsa;      /* QUEUED */
    uint8_t *resume; /* QUEUED; NULL if none */
    size_t resume_len;
    uint64_t id; /* LEASED */
    uint64_t since_ms;
    struct worker *worker; /* LEASED */
};

struct worker {
    UT_hash_handle hh; /* by peer id */
    struct bus_peer peer;
    char id[WORKER_ID_CAP];
    uint64_t heard_ms;
    uint32_t credit;
    size_t leases, foreign; /* foreign: jobs of an earlier run */
};

struct fleet {
    struct fleet_config config;
    uint32_t epoch, counter;
    uint64_t started_ms;
    struct lease *by_address, *by_id, *lists[LEASE_STATE_COUNT];
    size_t counts[LEASE_STATE_COUNT];
    struct worker *workers;
};

struct fleet *fleet_new(const struct fleet_config *config, uint32_t epoch, uint64_t now_ms) {
    struct fleet *fleet = mem_alloc(sizeof *fleet);
    fleet->config = *config;
    fleet->epoch = epoch;
    fleet->started_ms = now_ms;
    return fleet;
}

/* ---- leases ---- */

static void move(struct fleet *fleet, struct lease *lease, enum lease_state state, uint64_t now_ms) {
    DL_DELETE(fleet->lists[lease->state], lease);
    fleet->counts[lease->state]--;
    lease->state = state;
    lease->since_ms = now_ms;
    DL_APPEND(fleet->lists[state], lease);
    fleet->counts[state]++;
}

/* What only the worker needs: gone with the job. */
static void drop_payload(struct lease *lease) {
    free(lease->domain); // NOLINT(clang-analyzer-core.NullDereference): never NULL, see send_jobs()
    free(lease->names);
    free(lease->tlsa);
    free(lease->resume);
    lease->domain = lease->names = lease->tlsa = NULL;
    lease->resume = NULL;
}

static void forget(struct fleet *fleet, struct lease *lease) {
    DL_DELETE(fleet->lists[lease->state], lease);
    fleet->counts[lease->state]--;
    HASH_DELETE(by_address, fleet->by_address, lease); // NOLINT(clang-analyzer-core.NullDereference): uthash
    drop_payload(lease);
    free(lease);
}

/* The worker is through with it; the address rests. Whether it is due again is the database's to say. */
static void release(struct fleet *fleet, struct lease *lease, uint64_t now_ms) {
    HASH_DELETE(by_id, fleet->by_id, lease);
    lease->worker->leases--;
    lease->worker = NULL;
    move(fleet, lease, RESTING, now_ms);
}

bool fleet_queue(struct fleet *fleet, const struct fleet_job *job) {
    struct lease *lease;
    HASH_FIND(by_address, fleet->by_address, job->address, strlen(job->address), lease);
    if (lease || fleet_room(fleet) == 0)
        return false;
    lease = mem_alloc(sizeof *lease);
    strncat(lease->address, job->address, sizeof lease->address - 1);
    lease->survey = job->survey;
    lease->port = job->port;
    lease->attempt = job->attempt;
    lease->names_only = job->names_only;
    lease->judged = job->judged;
    lease->domain = job->domain ? mem_strdup(job->domain) : NULL;
    lease->names = mem_strdup(job->names ? job->names : "");
    lease->tlsa = mem_strdup(job->tlsa ? job->tlsa : "");
    if (job->resume_len > 0) {
        lease->resume = mem_alloc(job->resume_len);
        lease->resume_len = job->resume_len;
        memcpy(lease->resume, job->resume, job->resume_len);
    }
    HASH_ADD(by_address, fleet->by_address, address[0], strlen(lease->address), lease);
    DL_APPEND(fleet->lists[QUEUED], lease);
    fleet->counts[QUEUED]++;
    return true;
}

size_t fleet_room(const struct fleet *fleet) {
    return fleet->counts[QUEUED] < fleet->config.queue ? fleet->config.queue - fleet->counts[QUEUED] : 0;
}

size_t fleet_busy(const struct fleet *fleet, int survey) {
    size_t busy = 0;
    for (unsigned state = 0; state < LEASE_STATE_COUNT; state++)
        for (const struct lease *lease = fleet->lists[state]; lease; lease = lease->next)
            busy += lease->survey == survey;
    return busy;
}

size_t fleet_workers(const struct fleet *fleet) { return HASH_COUNT(fleet->workers); }

/* ---- workers ---- */

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
    DL_FOREACH_SAFE(fleet->lists[LEASED], lease, next) {
        if (lease->worker == worker)
            release(fleet, lease, now_ms);
    }
    HASH_DEL(fleet->workers, worker); // NOLINT(clang-analyzer-core.NullDereference): uthash
    free(worker);
}

void fleet_free(struct fleet **fleet) {
    struct fleet *self = *fleet;
    struct worker *worker, *next;
    if (self == NULL)
        return;
    HASH_CLEAR(by_id, self->by_id);
    for (unsigned state = 0; state < LEASE_STATE_COUNT; state++)
        while (self->lists[state])
            forget(self, self->lists[state]);
    HASH_ITER(hh, self->workers, worker, next) {
        HASH_DEL(self->workers, worker);
        free(worker);
    }
    free(self);
    *fleet = NULL;
}

/* ---- messages ---- */

static struct lease *find_lease(struct fleet *fleet, uint64_t id, const struct worker *worker) {
    struct lease *lease;
    HASH_FIND(by_id, fleet->by_id, &id, sizeof id, lease);
    return lease && lease->worker == worker ? lease : NULL;
}

static bool holds(const Mxgrade__Hello *hello, uint64_t id) {
    for (size_t i = 0; i < hello->n_held; i++)
        if (hello->held[i] == id)
            return true;
    return false;
}

static void cancel(bus_t *bus, const struct worker *worker, uint64_t *jobs, size_t count) {
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
        if (find_lease(fleet, hello->held[i], worker) == NULL)
            unknown[worker->foreign++] = hello->held[i];
    if (worker->foreign > 0)
        cancel(bus, worker, unknown, worker->foreign);
    free(unknown);
    DL_FOREACH_SAFE(fleet->lists[LEASED], lease, next) {
        if (lease->worker == worker && now_ms - lease->since_ms > LOST_DONE_MS && !holds(hello, lease->id))
            release(fleet, lease, now_ms);
    }
}

static void end_job(struct fleet *fleet, struct worker *worker, uint64_t id, uint64_t now_ms) {
    struct lease *lease = find_lease(fleet, id, worker);
    if (lease)
        release(fleet, lease, now_ms);
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

/* Splits names at '\n' in place; returns how many. The list is malloc'ed. */
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
static char *cut(char **rest, char separator) {
    char *start = *rest, *end = strchr(start, separator);
    *rest = end ? end + 1 : start + strlen(start);
    if (end)
        *end = '\0';
    return start;
}

/* RDATA of the records in text, in place; what is none is left out. */
static void fill_records(Mxgrade__TlsaSet *set, char *text) {
    set->record = mem_calloc(TLSA_SET_MAX, sizeof *set->record);
    while (*text && set->n_record < TLSA_SET_MAX) {
        uint8_t rdata[TLSA_RDATA_MAX];
        size_t len;
        if (!tlsa_from_text(rdata, &len, cut(&text, '\t')))
            continue;
        ProtobufCBinaryData *record = &set->record[set->n_record++];
        record->len = len;
        record->data = mem_alloc(len);
        memcpy(record->data, rdata, len);
    }
}

/* Splits lease->tlsa in place (see struct fleet_job). */
static void fill_tlsa(Mxgrade__ProbeJob *job, const struct lease *lease) {
    char *rest = lease->tlsa;
    if (*rest == '\0')
        return;
    job->tlsa = mem_calloc(job->n_name, sizeof *job->tlsa);
    while (*rest && job->n_tlsa < job->n_name) {
        char *line = cut(&rest, '\n');
        Mxgrade__TlsaSet *set = job->tlsa[job->n_tlsa++] = mem_alloc(sizeof *set);
        mxgrade__tlsa_set__init(set);
        set->name = (uint32_t)strtoul(cut(&line, '\t'), NULL, 10);
        set->base_domain = cut(&line, '\t');
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

static void fill_probe(struct fleet *fleet, Mxgrade__ProbeJob *job, struct lease *lease) {
    mxgrade__probe_job__init(job);
    job->id = lease->id;
    job->survey = (uint32_t)lease->survey;
    job->address = lease->address;
    job->port = lease->port;
    job->names_only = lease->names_only;
    job->judged = lease->judged;
    job->attempt = lease->attempt;
    job->lease_ms = (uint32_t)fleet->config.lease_ms;
    job->resume = (ProtobufCBinaryData){.len = lease->resume ? lease->resume_len : 0, .data = lease->resume};
    job->n_name = split_names(lease->names, &job->name);
    fill_tlsa(job, lease);
}

static void fill_policy(struct fleet *fleet, Mxgrade__PolicyJob *job, const struct lease *lease) {
    mxgrade__policy_job__init(job);
    job->id = lease->id;
    job->survey = (uint32_t)lease->survey;
    job->domain = lease->domain;
    job->address = (char *)(uintptr_t)lease->address;
    job->port = lease->port;
    job->attempt = lease->attempt;
    job->lease_ms = (uint32_t)fleet->config.lease_ms;
}

static void give(struct fleet *fleet, struct lease *lease, struct worker *worker, uint64_t now_ms) {
    lease->id = (uint64_t)fleet->epoch << 32 | ++fleet->counter;
    lease->worker = worker;
    worker->leases++;
    worker->credit--;
    HASH_ADD(by_id, fleet->by_id, id, sizeof lease->id, lease);
    move(fleet, lease, LEASED, now_ms);
}

/* A Jobs message under construction. */
struct jobs_message {
    Mxgrade__Jobs jobs;
    struct lease *given[JOBS_PER_MESSAGE];
    Mxgrade__ProbeJob probe[JOBS_PER_MESSAGE], *probes[JOBS_PER_MESSAGE];
    Mxgrade__PolicyJob policy[JOBS_PER_MESSAGE], *policies[JOBS_PER_MESSAGE];
    size_t count, octets;
};

static void add_job(struct fleet *fleet, struct jobs_message *message, struct lease *lease) {
    message->given[message->count++] = lease;
    if (lease->domain) {
        size_t at = message->jobs.n_policy++;
        fill_policy(fleet, &message->policy[at], lease);
        message->policies[at] = &message->policy[at];
        message->octets += mxgrade__policy_job__get_packed_size(&message->policy[at]);
    } else {
        size_t at = message->jobs.n_probe++;
        fill_probe(fleet, &message->probe[at], lease);
        message->probes[at] = &message->probe[at];
        message->octets += mxgrade__probe_job__get_packed_size(&message->probe[at]);
    }
}

/* Up to JOBS_PER_MESSAGE jobs for one worker; false when there is nothing more to send to it now. */
static bool send_jobs(struct fleet *fleet, bus_t *bus, struct worker *worker, uint64_t now_ms) {
    struct jobs_message message = {.jobs = MXGRADE__JOBS__INIT};
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    while (message.count < JOBS_PER_MESSAGE && message.octets < MESSAGE_OCTETS && worker->credit > 0 &&
           fleet->lists[QUEUED]) {
        struct lease *lease = fleet->lists[QUEUED];
        give(fleet, lease, worker, now_ms);
        add_job(fleet, &message, lease);
    }
    message.jobs.probe = message.probes;
    message.jobs.policy = message.policies;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_JOBS;
    envelope.jobs = &message.jobs;
    bool sent = message.count > 0 && bus_send(bus, &worker->peer, &envelope) == BUS_SENT;
    for (size_t i = 0; i < message.jobs.n_probe; i++) {
        free_tlsa(&message.probe[i]);
        free(message.probe[i].name);
    }
    for (size_t i = 0; i < message.count; i++) {
        drop_payload(message.given[i]); /* set for all i < count */
        if (!sent)
            release(fleet, message.given[i], now_ms);
    }
    if (!sent)
        worker->credit = 0; /* gone or swamped: it says Hello or grants again */
    return sent && worker->credit > 0 && fleet->lists[QUEUED];
}

static bool is_forbidden(const struct fleet *fleet, const struct lease *lease) {
    struct sockaddr_storage address;
    char host[STS_HOST_CAP];
    if (lease->domain && (!sts_host(host, lease->domain) || forbidden_name(fleet->config.forbidden, host)))
        return true;
    return address_parse(&address, lease->address, lease->port) &&
           forbidden_address(fleet->config.forbidden, (const struct sockaddr *)&address) != NULL;
}

void fleet_drop_forbidden(struct fleet *fleet) {
    struct lease *lease, *next;
    DL_FOREACH_SAFE(fleet->lists[QUEUED], lease, next) {
        if (is_forbidden(fleet, lease))
            forget(fleet, lease);
    }
}

static bool may_dispatch(const struct fleet *fleet, uint64_t now_ms) {
    for (const struct worker *worker = fleet->workers; worker; worker = worker->hh.next)
        if (worker->foreign > 0)
            return false;
    return now_ms - fleet->started_ms >= GREETING_MS;
}

void fleet_tick(struct fleet *fleet, bus_t *bus, uint64_t now_ms) {
    struct worker *worker, *next;
    while (fleet->lists[RESTING] && now_ms - fleet->lists[RESTING]->since_ms >= fleet->config.gap_ms)
        forget(fleet, fleet->lists[RESTING]);
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
            if (worker->credit > 0 && fleet->lists[QUEUED])
                more = send_jobs(fleet, bus, worker, now_ms) || more;
        }
    }
}
