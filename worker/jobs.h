/* jobs.h - the jobs that this worker holds, from lease to Done: probe jobs and policy jobs.
 *
 * A job is on exactly one list, named by its state: counts come from the lists. From probing it goes to reported and,
 * with the ack, to done; by way of cancelled to done without a result; by way of returning to handed back.
 */
#ifndef MXG_JOBS_H
#define MXG_JOBS_H

#include "bus/bus.h"
#include "outbox.h"
#include "policy/policy_fetch.h"
#include "probe/probe.h"

enum job_state {
    JOB_PROBING,     /* a probe or a fetch is under way */
    JOB_CANCELLED,   /* it is being broken off; its result is dropped */
    JOB_RETURNING,   /* it is being broken off; another worker will do the job */
    JOB_REPORTED,    /* the result waits for an ack */
    JOB_DONE,        /* to be told to the coordinator */
    JOB_HANDED_BACK, /* to be told to the coordinator */
    JOB_STATE_COUNT
};

struct jobs;

/* All borrowed. */
struct jobs *jobs_new(uv_loop_t *loop, const struct probe_config *config, struct policy_fetcher *fetcher,
                      struct outbox *outbox);
void jobs_free(struct jobs **jobs); /* neither probe nor fetch may be under way */

/* Takes a job and starts its probe. A job that is unusable (bad address, bad names) is logged and done at once. A job
 * that is held already is ignored. */
void jobs_take(struct jobs *jobs, const Mxgrade__ProbeJob *job);

/* The same for a policy. */
void jobs_take_policy(struct jobs *jobs, const Mxgrade__PolicyJob *job);

/* The result of that job was stored. */
void jobs_acknowledged(struct jobs *jobs, uint64_t id);

/* Breaks the probe or fetch off and drops its result. Jobs that are not probing are left alone. */
void jobs_cancel(struct jobs *jobs, uint64_t id);
void jobs_cancel_survey(struct jobs *jobs, uint32_t survey);
/* Breaks everything off; the jobs are handed back. */
void jobs_hand_back(struct jobs *jobs);

size_t jobs_count(const struct jobs *jobs, enum job_state state);
size_t jobs_held(const struct jobs *jobs); /* all but done and handed back */

/* Ids of the jobs held, into ids[0..cap); returns how many. */
size_t jobs_list(const struct jobs *jobs, uint64_t *ids, size_t cap);

/* The ids of the first jobs on the list of that state (JOB_DONE or JOB_HANDED_BACK), into ids[0..cap); returns how
 * many. The jobs stay on the list. */
size_t jobs_collect(struct jobs *jobs, enum job_state state, uint64_t *ids, size_t cap);
/* Forgets the first count jobs of that list: those that jobs_collect() gave and the coordinator was told of. */
void jobs_forget_collected(struct jobs *jobs, enum job_state state, size_t count);

#endif
