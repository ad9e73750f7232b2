/* main.c - mxgrade-worker: takes probe and policy jobs from a coordinator, does them, returns facts to an aggregator.
 *
 * One event loop. A worker owns no state that matters: its jobs are leased, and its results stay in the outbox until an
 * aggregator acknowledged them. A worker speaks to two peers: the coordinator (Hello, Credit, Done) and the aggregator
 * (Hello, Results). Everything that is owed to a peer is sent from one place, on_tick(), so that a full queue or a lost
 * connection only means "next tick".
 */
#include "base/daemon.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "jobs.h"
#include "outbox.h"
#include "probe/ehlo_name.h"
#include "probe/probe_setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    TICK_MS = 20,
    HEARTBEAT_MS = 5000, /* when nothing else was said */
    RESYNC_MS = 60000,   /* say Hello again: heals what a lost connection swallowed */
    IDS_PER_MESSAGE = 1000,
    LINGER_MS = 500,
};

static struct {
    const char *jobs_endpoint, *results_endpoint, *vantage;
    int64_t in_flight, policy_ms, drain_ms;
    struct probe_options probe;
    struct daemon_options daemon;
} options;

static const struct config_option OPTIONS[] = {
    JOBS_OPTION(options.jobs_endpoint, "the coordinator's ZeroMQ endpoint"),
    RESULTS_OPTION(options.results_endpoint, "the aggregator's ZeroMQ endpoint"),
    EHLO_NAME_OPTION(options.probe.ehlo_name),
    {"vantage", CONFIG_TEXT, &options.vantage, "default", "WORD", "where this worker stands, for the results", 0, 0},
    TRUST_STORE_OPTION(options.probe.trust_store),
    {"in-flight", CONFIG_NUMBER, &options.in_flight, "1000", "N", "probes and policies under way at once", 1, 15000},
    {"gap", CONFIG_DURATION, &options.probe.gap_ms, "1s", "TIME", "pause between two connections to one address", 0, 0},
    {"deadline", CONFIG_DURATION, &options.probe.deadline_ms, "8m", "TIME", "longest time for one probe", 0, 0},
    PROBE_TIMEOUT_OPTIONS(options.probe),
    {"policy-timeout", CONFIG_DURATION, &options.policy_ms, "60s", "TIME", "longest time for one MTA-STS policy", 0, 0},
    PROBE_PLAN_OPTIONS(options.probe, "a server"),
    {"drain", CONFIG_DURATION, &options.drain_ms, "30s", "TIME",
     "on SIGTERM let probes end for that long, then hand them back", 0, 0},
    ALLOW_RESERVED_OPTION(options.probe.allow_reserved, " (lab only)"),
    BLOCKLIST_OPTION(options.probe.blocklist),
    DAEMON_OPTIONS(options.daemon),
};

enum phase { RUNNING, DRAINING, HANDING_BACK, STOPPED };

struct worker {
    uv_loop_t *loop;
    uv_timer_t tick, drain;
    enum phase phase;
    char id[64];
    struct probe_setup setup;
    struct policy_fetcher *fetcher;
    struct jobs *jobs;
    struct outbox *outbox;
    bus_t *coordinator, *aggregator;
    bool greet_coordinator, greet_aggregator; /* a Hello is owed */
    size_t granted;                           /* credit that the coordinator has not used yet */
    uint64_t said_ms;                         /* when anything was last said to the coordinator */
    uint64_t greeted_ms;                      /* when a Hello was last said to the coordinator */
};

static Mxgrade__Envelope envelope_of(Mxgrade__Envelope__BodyCase body) {
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    envelope.body_case = body;
    return envelope;
}

static bool tell_coordinator(struct worker *worker, Mxgrade__Envelope *envelope) {
    if (bus_send(worker->coordinator, NULL, envelope) != BUS_SENT)
        return false;
    worker->said_ms = uv_now(worker->loop);
    return true;
}

static bool say_hello(struct worker *worker, bus_t *bus) {
    size_t held = jobs_held(worker->jobs);
    uint64_t *ids = mem_calloc(held, sizeof *ids);
    Mxgrade__Hello hello = MXGRADE__HELLO__INIT;
    hello.worker_id = worker->id;
    hello.software = (char *)(uintptr_t) "mxgrade-worker " MXGRADE_VERSION;
    hello.vantage = (char *)(uintptr_t)options.vantage;
    hello.held = ids;
    hello.n_held = bus == worker->coordinator ? jobs_list(worker->jobs, ids, held) : 0;
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_HELLO);
    envelope.hello = &hello;
    bool sent = bus_send(bus, NULL, &envelope) == BUS_SENT;
    free(ids);
    return sent;
}

static void greet(struct worker *worker) {
    uint64_t now = uv_now(worker->loop);
    if (now - worker->greeted_ms >= RESYNC_MS)
        worker->greet_coordinator = true;
    if (worker->greet_coordinator && say_hello(worker, worker->coordinator)) {
        worker->greet_coordinator = false;
        worker->granted = 0; /* a Hello sets the credit to zero */
        worker->said_ms = worker->greeted_ms = now;
    }
    if (worker->greet_aggregator && say_hello(worker, worker->aggregator)) {
        worker->greet_aggregator = false;
        outbox_restart(worker->outbox);
    }
}

/* Done{} with what one list holds; the list keeps what could not be sent. */
static void report_done(struct worker *worker, enum job_state state) {
    uint64_t ids[IDS_PER_MESSAGE];
    for (size_t count; (count = jobs_collect(worker->jobs, state, ids, IDS_PER_MESSAGE)) > 0;) {
        Mxgrade__Done done = MXGRADE__DONE__INIT;
        if (state == JOB_DONE) {
            done.job = ids;
            done.n_job = count;
        } else {
            done.handed_back = ids;
            done.n_handed_back = count;
        }
        Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_DONE);
        envelope.done = &done;
        if (!tell_coordinator(worker, &envelope))
            return;
        jobs_forget_collected(worker->jobs, state, count);
    }
}

static void grant_credit(struct worker *worker) {
    size_t used = jobs_held(worker->jobs) + worker->granted;
    if (worker->phase != RUNNING || worker->greet_coordinator || used >= (size_t)options.in_flight)
        return;
    Mxgrade__Credit credit = MXGRADE__CREDIT__INIT;
    credit.n = (uint32_t)((size_t)options.in_flight - used);
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_CREDIT);
    envelope.credit = &credit;
    if (tell_coordinator(worker, &envelope))
        worker->granted += credit.n;
}

static void send_heartbeat(struct worker *worker) {
    if (uv_now(worker->loop) - worker->said_ms < HEARTBEAT_MS)
        return;
    Mxgrade__Heartbeat heartbeat = MXGRADE__HEARTBEAT__INIT;
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_HEARTBEAT);
    envelope.heartbeat = &heartbeat;
    if (!tell_coordinator(worker, &envelope))
        log_debug("heartbeat not sent");
}

static void stop_worker(void *self);

static void on_tick(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    greet(worker);
    outbox_flush(worker->outbox, worker->aggregator, uv_now(worker->loop));
    report_done(worker, JOB_DONE);
    report_done(worker, JOB_HANDED_BACK);
    grant_credit(worker);
    send_heartbeat(worker);
    bool idle = jobs_held(worker->jobs) == 0 && jobs_count(worker->jobs, JOB_DONE) == 0 &&
                jobs_count(worker->jobs, JOB_HANDED_BACK) == 0;
    if (worker->phase != RUNNING && idle)
        stop_worker(worker);
}

/* ---- what the peers say ---- */

static void on_refused(struct worker *worker, bool *greet_again, const Mxgrade__Refused *refused) {
    if (refused->reason == MXGRADE__REFUSED_REASON__REFUSED_UNKNOWN_WORKER) {
        *greet_again = true;
        return;
    }
    log_error("refused by peer", LOG_STR("why", refused->detail), LOG_STR("worker", worker->id));
}

static void on_coordinator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct worker *worker = context;
    (void)bus;
    (void)from;
    switch (envelope->body_case) {
    case MXGRADE__ENVELOPE__BODY_JOBS:
        for (size_t i = 0; i < envelope->jobs->n_probe; i++) {
            worker->granted -= worker->granted > 0;
            jobs_take(worker->jobs, envelope->jobs->probe[i]);
        }
        for (size_t i = 0; i < envelope->jobs->n_policy; i++) {
            worker->granted -= worker->granted > 0;
            jobs_take_policy(worker->jobs, envelope->jobs->policy[i]);
        }
        if (worker->phase != RUNNING)
            jobs_hand_back(worker->jobs);
        break;
    case MXGRADE__ENVELOPE__BODY_CANCEL:
        for (size_t i = 0; i < envelope->cancel->n_job; i++)
            jobs_cancel(worker->jobs, envelope->cancel->job[i]);
        if (envelope->cancel->survey)
            jobs_cancel_survey(worker->jobs, envelope->cancel->survey);
        break;
    case MXGRADE__ENVELOPE__BODY_DRAIN:
        uv_kill(getpid(), SIGTERM);
        break;
    case MXGRADE__ENVELOPE__BODY_REFUSED:
        on_refused(worker, &worker->greet_coordinator, envelope->refused);
        break;
    case MXGRADE__ENVELOPE__BODY_HEARTBEAT:
        break;
    default:
        log_warn("unexpected message from the coordinator", LOG_INT("body", envelope->body_case));
        break;
    }
}

static void on_aggregator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct worker *worker = context;
    uint64_t job;
    (void)bus;
    (void)from;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_ACK) {
        for (size_t i = 0; i < envelope->ack->n_sequence; i++)
            if (outbox_ack(worker->outbox, envelope->ack->sequence[i], &job))
                jobs_acknowledged(worker->jobs, job);
    } else if (envelope->body_case == MXGRADE__ENVELOPE__BODY_REFUSED) {
        on_refused(worker, &worker->greet_aggregator, envelope->refused);
    } else if (envelope->body_case != MXGRADE__ENVELOPE__BODY_HEARTBEAT) {
        log_warn("unexpected message from the aggregator", LOG_INT("body", envelope->body_case));
    }
}

/* ---- start and stop ---- */

static void stop_worker(void *self) {
    struct worker *worker = self;
    if (worker->phase == STOPPED)
        return;
    worker->phase = STOPPED;
    bus_close(&worker->coordinator, LINGER_MS);
    bus_close(&worker->aggregator, LINGER_MS);
    policy_fetcher_free(&worker->fetcher);
    uv_close((uv_handle_t *)&worker->tick, NULL);
    uv_close((uv_handle_t *)&worker->drain, NULL);
}

static void on_drain_over(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    worker->phase = HANDING_BACK;
    log_info("handing jobs back", LOG_INT("probing", jobs_count(worker->jobs, JOB_PROBING)));
    jobs_hand_back(worker->jobs);
}

static void on_drain(void *self, int signal) {
    struct worker *worker = self;
    (void)signal;
    worker->phase = DRAINING;
    log_info("draining", LOG_INT("held", jobs_held(worker->jobs)));
    uv_timer_start(&worker->drain, on_drain_over, (uint64_t)options.drain_ms, 0);
}

static void on_abandon(void *self) {
    struct worker *worker = self;
    log_warn("stopping at once", LOG_INT("held", jobs_held(worker->jobs)));
}

static void on_reload(void *self) {
    struct worker *worker = self;
    (void)forbidden_reload(worker->setup.forbidden); /* says itself what came of it */
}

static void make_id(struct worker *worker) {
    char host[32] = "worker";
    uint32_t random = 0;
    gethostname(host, sizeof host - 1);
    if (getrandom(&random, sizeof random, 0) < 0)
        random = (uint32_t)uv_hrtime();
    snprintf(worker->id, sizeof worker->id, "%s-%d-%08" PRIx32, host, (int)getpid(), random);
}

static bool open_buses(struct worker *worker, char *error, size_t cap) {
    struct bus_config jobs = bus_config_default(options.jobs_endpoint, false);
    struct bus_config results = bus_config_default(options.results_endpoint, false);
    jobs.identity = results.identity = worker->id;
    worker->coordinator = bus_open(worker->loop, &jobs, on_coordinator, worker, error, cap);
    if (worker->coordinator)
        worker->aggregator = bus_open(worker->loop, &results, on_aggregator, worker, error, cap);
    return worker->aggregator != NULL;
}

static bool open_fetcher(struct worker *worker, char *error, size_t cap) {
    struct policy_config config = policy_config_default();
    const char *why = "";
    config.trust_store = options.probe.trust_store;
    config.total_ms = (uint64_t)options.policy_ms;
    config.forbidden = worker->setup.forbidden;
    worker->fetcher = policy_fetcher_new(worker->loop, &config, &why);
    if (worker->fetcher == NULL)
        snprintf(error, cap, "%s", why);
    return worker->fetcher != NULL;
}

static void warn_of_ehlo_name(const char *name) {
    if (!ehlo_name_is_qualified(name))
        log_warn("the name in EHLO has no dot: servers that refuse it stay unknown; give --ehlo-name",
                 LOG_STR("name", name));
}

static bool on_start(void *self, uv_loop_t *loop, char *error, size_t cap) {
    struct worker *worker = self;
    worker->loop = loop;
    uv_timer_init(loop, &worker->tick);
    uv_timer_init(loop, &worker->drain);
    worker->tick.data = worker->drain.data = worker;
    make_id(worker);
    if (!probe_setup_open(&worker->setup, &options.probe, error, cap) || !open_fetcher(worker, error, cap) ||
        !open_buses(worker, error, cap))
        return false;
    warn_of_ehlo_name(worker->setup.config.ehlo_name);
    worker->outbox = outbox_new(worker->id, options.vantage);
    worker->jobs = jobs_new(loop, &worker->setup.config, worker->fetcher, worker->outbox);
    uv_timer_start(&worker->tick, on_tick, 0, TICK_MS);
    log_info("ready", LOG_STR("worker", worker->id), LOG_STR("jobs", options.jobs_endpoint));
    return true;
}

/* When the loop has ended. */
static void release(struct worker *worker) {
    jobs_free(&worker->jobs);
    outbox_free(&worker->outbox);
    probe_setup_close(&worker->setup);
}

static const struct config_program PROGRAM = {
    .name = "mxgrade-worker",
    .usage = "[OPTION…]",
    .summary = "Takes jobs from a coordinator, asks mail servers and policy hosts, returns facts to an aggregator.",
    .notes = "Exit status: 0 after a clean stop, 1 if it could not start, 2 for a usage error.\n"
             "SIGTERM drains; a second one ends at once. SIGHUP reads the blocklist again.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

static const struct daemon DAEMON = {
    .program = &PROGRAM,
    .component = "worker",
    .options = &options.daemon,
    .start = on_start,
    .drain = on_drain,
    .abandon = on_abandon,
    .reload = on_reload,
    .stop = stop_worker,
};

int main(int argc, char **argv) {
    struct worker worker = {.phase = RUNNING, .greet_coordinator = true, .greet_aggregator = true};
    int status;
    if (!daemon_begin(&DAEMON, argc, argv, &status))
        return status;
    status = daemon_run(&DAEMON, &worker);
    release(&worker);
    if (status == EXIT_SUCCESS)
        log_info("stopped");
    return status;
}
