/* jobs.c - see jobs.h. STATES says what becomes of a job whose probe or fetch has ended. */
#include "jobs.h"

#include "base/log.h"
#include "base/mem.h"
#include "names/address.h"
#include "names/name.h"
#include "published/sts.h"
#include "tlsa_sets.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

static const struct {
    const char *name;
    bool held;                 /* it counts as work in hand, and the coordinator is told of it in a Hello */
    enum job_state thereafter; /* when the job's probe or fetch has ended; itself where none is under way */
} STATES[JOB_STATE_COUNT] = {
    [JOB_PROBING] = {"probing", true, JOB_REPORTED},
    [JOB_CANCELLED] = {"cancelled", true, JOB_DONE},
    [JOB_RETURNING] = {"returning", true, JOB_HANDED_BACK},
    [JOB_REPORTED] = {"reported", true, JOB_REPORTED},
    [JOB_DONE] = {"done", false, JOB_DONE},
    [JOB_HANDED_BACK] = {"handed back", false, JOB_HANDED_BACK},
};

struct job {
    uint64_t id;
    enum job_state state;
    uint32_t survey;
    uint32_t port;
    char address[INET6_ADDRSTRLEN];
    struct probe *probe;        /* of a probe job under way, else NULL */
    struct policy_fetch *fetch; /* of a policy job under way, else NULL */
    struct probe_config config; /* the worker's, with this lease's deadline */
    struct jobs *owner;
    struct job *prev, *next; /* on lists[state] */
    UT_hash_handle hh;       /* by id */
};

struct jobs {
    uv_loop_t *loop;
    const struct probe_config *config;
    struct policy_fetcher *fetcher;
    struct outbox *outbox;
    struct job *by_id;
    struct job *lists[JOB_STATE_COUNT];
    size_t counts[JOB_STATE_COUNT];
};

struct jobs *jobs_new(uv_loop_t *loop, const struct probe_config *config, struct policy_fetcher *fetcher,
                      struct outbox *outbox) {
    struct jobs *jobs = mem_alloc(sizeof *jobs);
    jobs->loop = loop;
    jobs->config = config;
    jobs->fetcher = fetcher;
    jobs->outbox = outbox;
    return jobs;
}

static void list_job(struct job *job, enum job_state state) {
    struct jobs *jobs = job->owner;
    job->state = state;
    DL_APPEND(jobs->lists[state], job);
    jobs->counts[state]++;
    log_debug("job state", LOG_INT("survey", job->survey), LOG_INT("job", job->id), LOG_STR("endpoint", job->address),
              LOG_STR("state", STATES[state].name));
}

static void unlist_job(struct job *job) {
    struct jobs *jobs = job->owner;
    DL_DELETE(jobs->lists[job->state], job);
    jobs->counts[job->state]--;
}

static void move_job(struct job *job, enum job_state state) {
    unlist_job(job);
    list_job(job, state);
}

static void forget_job(struct job *job) {
    unlist_job(job);
    HASH_DEL(job->owner->by_id, job);
    free(job);
}

void jobs_free(struct jobs **jobs) {
    struct jobs *self = *jobs;
    if (self == NULL)
        return;
    *jobs = NULL;
    for (unsigned state = 0; state < JOB_STATE_COUNT; state++)
        while (self->lists[state])
            forget_job(self->lists[state]);
    free(self);
}

static struct job *find_job(const struct jobs *jobs, uint64_t id) {
    struct job *job = NULL;
    HASH_FIND(hh, jobs->by_id, &id, sizeof id, job);
    return job;
}

static void report_probe(const struct job *job, const struct probe_report *report) {
    Mxgrade__EndpointResult *result = result_from_report(report);
    result->job = job->id;
    result->survey = job->survey;
    result->address = mem_strdup(job->address);
    result->port = job->port;
    outbox_add(job->owner->outbox, result, report->chain, report->chain_count);
    log_info("probe done", LOG_INT("survey", job->survey), LOG_STR("endpoint", job->address),
             LOG_INT("connections", report->connection_count), LOG_INT("ms", report->duration_ms),
             LOG_STR("reason", reason_key(report->reason)));
    if (report->refused_by)
        log_info("refused by policy", LOG_STR("endpoint", job->address), LOG_STR("why", report->refused_by));
}

static void on_probe_done(struct probe_report *report, void *context) {
    struct job *job = context;
    job->probe = NULL;
    if (job->state == JOB_PROBING)
        report_probe(job, report);
    probe_report_free(&report);
    move_job(job, STATES[job->state].thereafter);
}

/* Takes over the result. */
static void report_policy(const struct job *job, Mxgrade__PolicyResult *result) {
    result->job = job->id;
    result->survey = job->survey;
    log_info("policy done", LOG_INT("survey", job->survey), LOG_STR("domain", result->domain),
             LOG_STR("address", job->address), LOG_INT("ms", result->duration_ms), LOG_STR("why", result->why));
    outbox_add_policy(job->owner->outbox, result);
}

static void on_policy_done(Mxgrade__PolicyResult *result, void *context) {
    struct job *job = context;
    job->fetch = NULL;
    if (job->state == JOB_PROBING)
        report_policy(job, result);
    else
        mxgrade__policy_result__free_unpacked(result, NULL);
    move_job(job, STATES[job->state].thereafter);
}

/* SNI and EHLO lines are made of these names: only real host names may pass. */
static bool names_are_clean(const Mxgrade__ProbeJob *message) {
    char name[NAME_CAP];
    for (size_t i = 0; i < message->n_name; i++)
        if (name_from_dns(name, message->name[i]) != NAME_OK || strcmp(name, message->name[i]) != 0)
            return false;
    return message->n_name <= PROBE_NAMES_MAX;
}

static struct job *add_job(struct jobs *jobs, uint64_t id, uint32_t survey, const char *address, uint32_t port,
                           enum job_state state) {
    struct job *job = mem_alloc(sizeof *job);
    job->id = id;
    job->survey = survey;
    job->port = port;
    job->owner = jobs;
    job->config = *jobs->config;
    strncat(job->address, address, sizeof job->address - 1);
    HASH_ADD(hh, jobs->by_id, id, sizeof job->id, job);
    list_job(job, state);
    return job;
}

/* A job must be over before the coordinator may lease its address to another worker. */
static uint64_t time_of_lease(uint32_t lease_ms) { return lease_ms / 10 * 9; }

void jobs_take(struct jobs *jobs, const Mxgrade__ProbeJob *message) {
    struct probe_target target = {.names = (const char *const *)message->name,
                                  .name_count = message->n_name,
                                  .names_only = message->names_only,
                                  .survey = message->survey,
                                  .job = message->id};
    if (message->resume.len <= PROBE_RESUME_MAX) { /* else another version's: start anew */
        target.resume = message->resume.data;
        target.resume_len = message->resume.len;
        target.judged = message->judged;
    }
    if (find_job(jobs, message->id))
        return;
    if (!address_parse(&target.address, message->address, message->port) || !names_are_clean(message)) {
        log_error("unusable job dropped", LOG_INT("survey", message->survey), LOG_STR("endpoint", message->address));
        add_job(jobs, message->id, message->survey, message->address, message->port, JOB_DONE);
        return;
    }
    struct job *job = add_job(jobs, message->id, message->survey, message->address, message->port, JOB_PROBING);
    uint64_t lease = time_of_lease(message->lease_ms);
    if (lease && lease < job->config.deadline_ms)
        job->config.deadline_ms = lease;
    struct dane_set **tlsa = tlsa_sets_take(message);
    target.tlsa = (const struct dane_set *const *)tlsa;
    job->probe = probe_start(jobs->loop, &job->config, &target, on_probe_done, job);
    tlsa_sets_free(&tlsa, message->n_name);
}

void jobs_take_policy(struct jobs *jobs, const Mxgrade__PolicyJob *message) {
    char name[NAME_CAP], host[STS_HOST_CAP];
    struct policy_target target = {.domain = message->domain, .deadline_ms = time_of_lease(message->lease_ms)};
    if (find_job(jobs, message->id))
        return;
    bool usable = address_parse(&target.address, message->address, message->port) &&
                  name_from_dns(name, message->domain) == NAME_OK && strcmp(name, message->domain) == 0 &&
                  sts_host(host, message->domain);
    if (!usable)
        log_error("unusable job dropped", LOG_INT("survey", message->survey), LOG_STR("domain", message->domain));
    struct job *job =
        add_job(jobs, message->id, message->survey, message->address, message->port, usable ? JOB_PROBING : JOB_DONE);
    if (usable)
        job->fetch = policy_fetch_start(jobs->fetcher, &target, on_policy_done, job);
}

void jobs_acknowledged(struct jobs *jobs, uint64_t id) {
    struct job *job = find_job(jobs, id);
    if (job && job->state == JOB_REPORTED)
        move_job(job, JOB_DONE);
}

/* The callback of the probe or fetch moves the job on. */
static void break_off(struct job *job, enum job_state state) {
    move_job(job, state);
    if (job->probe)
        probe_abort(job->probe);
    if (job->fetch)
        policy_fetch_abort(job->fetch);
}

void jobs_cancel(struct jobs *jobs, uint64_t id) {
    struct job *job = find_job(jobs, id);
    if (job && job->state == JOB_PROBING)
        break_off(job, JOB_CANCELLED);
}

void jobs_cancel_survey(struct jobs *jobs, uint32_t survey) {
    struct job *job, *next;
    DL_FOREACH_SAFE(jobs->lists[JOB_PROBING], job, next) {
        if (job->survey == survey)
            break_off(job, JOB_CANCELLED);
    }
}

void jobs_hand_back(struct jobs *jobs) {
    struct job *job, *next;
    DL_FOREACH_SAFE(jobs->lists[JOB_PROBING], job, next) { break_off(job, JOB_RETURNING); }
}

size_t jobs_count(const struct jobs *jobs, enum job_state state) { return jobs->counts[state]; }

size_t jobs_held(const struct jobs *jobs) {
    size_t held = 0;
    for (unsigned state = 0; state < JOB_STATE_COUNT; state++)
        held += STATES[state].held ? jobs->counts[state] : 0;
    return held;
}

static size_t list_ids(const struct job *list, uint64_t *ids, size_t cap) {
    size_t count = 0;
    for (const struct job *job = list; job && count < cap; job = job->next)
        ids[count++] = job->id;
    return count;
}

size_t jobs_list(const struct jobs *jobs, uint64_t *ids, size_t cap) {
    size_t count = 0;
    for (unsigned state = 0; state < JOB_STATE_COUNT; state++)
        if (STATES[state].held)
            count += list_ids(jobs->lists[state], ids + count, cap - count);
    return count;
}

size_t jobs_collect(struct jobs *jobs, enum job_state state, uint64_t *ids, size_t cap) {
    return list_ids(jobs->lists[state], ids, cap);
}

void jobs_forget_collected(struct jobs *jobs, enum job_state state, size_t count) {
    while (count-- > 0 && jobs->lists[state])
        forget_job(jobs->lists[state]);
}
