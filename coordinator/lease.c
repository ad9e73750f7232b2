/* lease.c - see lease.h. */
#include "lease.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void link_lease(struct leases *leases, struct lease *lease, enum lease_state state) {
    lease->state = state;
    DL_APPEND(leases->lists[state], lease);
    leases->counts[state]++;
}

static void unlink_lease(struct leases *leases, struct lease *lease) {
    DL_DELETE(leases->lists[lease->state], lease);
    leases->counts[lease->state]--;
}

static void move_lease(struct leases *leases, struct lease *lease, enum lease_state state, uint64_t now_ms) {
    unlink_lease(leases, lease);
    link_lease(leases, lease, state);
    lease->since_ms = now_ms;
}

static struct lease_payload copy_payload(const struct fleet_job *job) {
    struct lease_payload payload = {
        .domain = job->domain ? mem_strdup(job->domain) : NULL,
        .names = mem_strdup(job->names ? job->names : ""),
        .tlsa = mem_strdup(job->tlsa ? job->tlsa : ""),
    };
    if (job->resume_len > 0) {
        payload.resume = mem_alloc(job->resume_len);
        payload.resume_len = job->resume_len;
        memcpy(payload.resume, job->resume, job->resume_len);
    }
    return payload;
}

bool lease_queue(struct leases *leases, const struct fleet_job *job) {
    struct lease *lease;
    HASH_FIND(by_address, leases->by_address, job->address, strlen(job->address), lease);
    if (lease)
        return false;
    lease = mem_alloc(sizeof *lease);
    strncat(lease->address, job->address, sizeof lease->address - 1);
    lease->survey = job->survey;
    lease->port = job->port;
    lease->attempt = job->attempt;
    lease->names_only = job->names_only;
    lease->judged = job->judged;
    lease->payload = copy_payload(job);
    HASH_ADD(by_address, leases->by_address, address[0], strlen(lease->address), lease);
    link_lease(leases, lease, LEASE_QUEUED);
    return true;
}

void lease_give(struct leases *leases, struct lease *lease, struct worker *worker, uint64_t id, uint64_t now_ms) {
    lease->id = id;
    lease->worker = worker;
    HASH_ADD(by_id, leases->by_id, id, sizeof lease->id, lease);
    move_lease(leases, lease, LEASE_HELD, now_ms);
}

void lease_rest(struct leases *leases, struct lease *lease, uint64_t now_ms) {
    HASH_DELETE(by_id, leases->by_id, lease);
    lease->worker = NULL;
    move_lease(leases, lease, LEASE_RESTING, now_ms);
}

void lease_forget(struct leases *leases, struct lease *lease) {
    unlink_lease(leases, lease);
    HASH_DELETE(by_address, leases->by_address, lease); // NOLINT(clang-analyzer-core.NullDereference): uthash
    lease_drop_payload(lease);
    free(lease);
}

struct lease *lease_of_id(const struct leases *leases, uint64_t id) {
    struct lease *lease;
    HASH_FIND(by_id, leases->by_id, &id, sizeof id, lease);
    return lease;
}

void lease_drop_payload(struct lease *lease) {
    struct lease_payload *payload = &lease->payload;
    free(payload->domain);
    free(payload->names);
    free(payload->tlsa);
    free(payload->resume);
    *payload = (struct lease_payload){NULL, NULL, NULL, NULL, 0};
}

void leases_clear(struct leases *leases) {
    HASH_CLEAR(by_id, leases->by_id);
    for (unsigned state = 0; state < LEASE_STATE_COUNT; state++)
        while (leases->lists[state])
            lease_forget(leases, leases->lists[state]);
}
