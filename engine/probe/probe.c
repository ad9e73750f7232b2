/* probe.c - see probe.h.
 *
 * STATES is the whole flow: what connection a state makes next, what is taken from one, and the state behind it. Each
 * connection's callback arms the gap; the gap's end makes the next connection. To stop early needs no state of its own:
 * after probe_report_stop() no state has a next connection.
 */
#include "probe/probe.h"

#include "base/log.h"
#include "base/mem.h"
#include "probe/ehlo_name.h"
#include "probe/probe_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What connections are made for. */
enum probe_state {
    PROBE_PLAN,
    PROBE_THOROUGH,        /* everything behind the plan, if it is wanted */
    PROBE_STAPLE,          /* in thorough mode: the first name once more, for an OCSP response */
    PROBE_NAMES,           /* a handshake for each further name; it asks for an OCSP response */
    PROBE_NAMES_UNSTAPLED, /* the same without: a handshake failed, perhaps over that */
    PROBE_NAMES_UNNAMED,   /* without SNI: the server refused twice, perhaps for the name */
    PROBE_ENDED,
    PROBE_STATE_COUNT
};

struct probe {
    uv_loop_t *loop;
    uv_timer_t gap, deadline;
    unsigned handles; /* not yet closed: gap and deadline */
    enum probe_state state;
    const struct probe_config *config;
    struct sockaddr_storage address;
    struct trace trace;
    struct probe_report *report;
    struct probe_names names;
    struct step name_step;         /* of PROBE_STAPLE and PROBE_NAMES… */
    struct connection *connection; /* under way, or NULL */
    uint64_t started_ms;
    probe_cb *on_done;
    void *context;
};

struct probe_config probe_config_default(struct chain_cache *chains, const struct handshake_contexts *contexts,
                                         const char *ehlo_name) {
    return (struct probe_config){.chains = chains,
                                 .contexts = contexts,
                                 .ehlo_name = ehlo_name ? ehlo_name : ehlo_name_of_host(),
                                 .deadline_ms = UINT32_MAX,
                                 .timeouts = CONNECTION_TIMEOUTS};
}

static void enter(struct probe *probe, enum probe_state state);

/* ---- plan ---- */

static const struct step *next_of_plan(struct probe *probe) {
    struct probe_report *report = probe->report;
    return report->names_only ? NULL : plan_next(&report->plan);
}

static void take_for_plan(struct probe *probe, const struct connection_outcome *outcome) {
    struct probe_report *report = probe->report;
    probe_report_note_server(report, outcome);
    probe_names_take_first(&probe->names, outcome, probe_report_note_chain(report, probe->config->chains, outcome));
    plan_answer(&report->plan, &outcome->answer);
}

/* ---- thorough ---- */

/* Begins if there is TLS to enumerate. */
static const struct step *next_of_thorough(struct probe *probe) {
    struct probe_report *report = probe->report;
    const struct plan *plan = &report->plan;
    struct step control;
    if (!probe->config->thorough || report->names_only || plan->stopped || !plan->selected)
        return NULL;
    if (report->thorough == NULL) {
        report->thorough = mem_alloc(sizeof *report->thorough);
        thorough_init(report->thorough, plan_control(plan, &control) ? &control : NULL);
    }
    return thorough_next(report->thorough);
}

static void take_for_thorough(struct probe *probe, const struct connection_outcome *outcome) {
    struct thorough *thorough = probe->report->thorough;
    enum thorough_state before = thorough->state;
    thorough_answer(thorough, &outcome->answer);
    if (thorough->state != before)
        trace_state(&probe->trace, "thorough state", thorough_state_name(thorough->state));
}

static const struct step *next_for_staple(struct probe *probe) {
    const struct probe_report *report = probe->report;
    const struct fact *tls = &report->plan.fact[FACT_TLS_ENABLED];
    bool enumerated = report->thorough && report->thorough->state == THOROUGH_DONE;
    if (!enumerated || report->name_count == 0 || tls->value != TRI_YES || tls->evidence != EVIDENCE_OBSERVED)
        return NULL;
    probe->name_step = plan_step_for_name(true);
    return &probe->name_step;
}

/* One is all. */
static void take_staple(struct probe *probe, const struct connection_outcome *outcome) {
    probe->report->name[probe->names.first].ocsp_stapled = outcome->stapled;
    enter(probe, PROBE_NAMES);
}

/* ---- names ---- */

static const struct step *next_for_name(struct probe *probe) {
    struct probe_report *report = probe->report;
    if (report->reason == REASON_NONE && !report->names_only)
        report->reason = report->plan.reason;
    if (!probe_names_advance(&probe->names))
        return NULL;
    probe->names.handshakes++;
    probe->name_step = plan_step_for_name(probe->state == PROBE_NAMES);
    probe->name_step.nameless = probe->state == PROBE_NAMES_UNNAMED;
    return &probe->name_step;
}

static bool is_refused(const struct answer *answer) {
    return answer->kind == ANSWER_REFUSED || answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET;
}

/* A handshake that fails is made once more for the same name. */
static void take_for_name(struct probe *probe, const struct connection_outcome *outcome) {
    const struct cert_chain *chain = probe_report_note_chain(probe->report, probe->config->chains, outcome);
    bool named = *probe->report->name[probe->names.next].name;
    bool failed = !outcome->answer.completed && outcome->answer.kind != ANSWER_STOPPED;
    if (failed && probe->state == PROBE_NAMES)
        enter(probe, PROBE_NAMES_UNSTAPLED);
    else if (failed && named && is_refused(&outcome->answer))
        enter(probe, PROBE_NAMES_UNNAMED);
    else
        probe_names_take_next(&probe->names, outcome, chain);
}

static void take_without_name(struct probe *probe, const struct connection_outcome *outcome) {
    const struct cert_chain *chain = probe_report_note_chain(probe->report, probe->config->chains, outcome);
    probe_names_take_refused(&probe->names, outcome, chain);
    enter(probe, PROBE_NAMES_UNSTAPLED);
}

/* ---- flow ---- */

static const struct {
    const char *name;
    const struct step *(*next)(struct probe *probe); /* the next connection; NULL: none, go on */
    void (*take)(struct probe *probe, const struct connection_outcome *outcome);
    enum probe_state then; /* where to go on */
} STATES[PROBE_STATE_COUNT] = {
    [PROBE_PLAN] = {"plan", next_of_plan, take_for_plan, PROBE_THOROUGH},
    [PROBE_THOROUGH] = {"thorough", next_of_thorough, take_for_thorough, PROBE_STAPLE},
    [PROBE_STAPLE] = {"staple", next_for_staple, take_staple, PROBE_NAMES},
    [PROBE_NAMES] = {"names", next_for_name, take_for_name, PROBE_ENDED},
    [PROBE_NAMES_UNSTAPLED] = {"names unstapled", next_for_name, take_for_name, PROBE_ENDED},
    [PROBE_NAMES_UNNAMED] = {"names unnamed", next_for_name, take_without_name, PROBE_ENDED},
    [PROBE_ENDED] = {"ended", NULL, NULL, PROBE_ENDED},
};

static void enter(struct probe *probe, enum probe_state state) {
    probe->state = state;
    trace_state(&probe->trace, "probe state", STATES[state].name);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct probe *probe = handle->data;
    if (--probe->handles > 0)
        return;
    probe->on_done(probe->report, probe->context);
    probe_names_end(&probe->names);
    free(probe);
}

static void end(struct probe *probe) {
    struct probe_report *report = probe->report;
    struct timespec now;
    enter(probe, PROBE_ENDED);
    probe_report_conclude(report);
    probe_names_settle(&probe->names);
    clock_gettime(CLOCK_REALTIME, &now);
    report->observed_at_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
    report->duration_ms = (unsigned)(uv_now(probe->loop) - probe->started_ms);
    uv_close((uv_handle_t *)&probe->gap, on_handle_closed);
    uv_close((uv_handle_t *)&probe->deadline, on_handle_closed);
}

static void on_gap_over(uv_timer_t *timer);

static void on_connection_done(const struct connection_outcome *outcome, void *context) {
    struct probe *probe = context;
    probe->connection = NULL;
    probe_report_note_connection(probe->report, outcome);
    STATES[probe->state].take(probe, outcome);
    uv_timer_start(&probe->gap, on_gap_over, probe->config->gap_ms, 0);
}

static void start_connection(struct probe *probe, const struct step *step) {
    const struct probe_report *report = probe->report;
    bool for_next = probe->state >= PROBE_NAMES;
    size_t name = for_next ? probe->names.next : probe->names.first;
    struct connection_params params = {
        .address = (const struct sockaddr *)&probe->address,
        .step = step,
        .server_name = name < report->name_count && !step->nameless ? report->name[name].name : "",
        .ehlo_name = probe->config->ehlo_name,
        .contexts = probe->config->contexts,
        .timeouts = probe->config->timeouts,
        .survey = probe->trace.survey,
        .job = probe->trace.job,
    };
    probe->connection = connection_start(probe->loop, &params, on_connection_done, probe);
}

/* The only way to a connection: whoever must not be contacted ends the probe here. */
static void connect_unless_refused(struct probe *probe, const struct step *step) {
    struct probe_report *report = probe->report;
    const struct sockaddr *address = (const struct sockaddr *)&probe->address;
    size_t first = probe_names_refuse_from(&probe->names, probe->names.first);
    const char *why = forbidden_address(probe->config->forbidden, address);
    if (why)
        probe_report_note_refusal(report, why);
    if (why || (report->name_count > 0 && first == report->name_count)) {
        probe_report_stop(report, REASON_REFUSED_BY_POLICY);
        end(probe);
        return;
    }
    probe_names_set_first(&probe->names, first);
    start_connection(probe, step);
}

static void on_gap_over(uv_timer_t *timer) {
    struct probe *probe = timer->data;
    const struct step *step;
    while ((step = STATES[probe->state].next(probe)) == NULL) {
        if (STATES[probe->state].then == PROBE_ENDED) {
            end(probe);
            return;
        }
        enter(probe, STATES[probe->state].then);
    }
    connect_unless_refused(probe, step);
}

void probe_abort(struct probe *probe) {
    if (probe->state == PROBE_ENDED)
        return;
    probe_report_stop(probe->report, REASON_DEADLINE);
    if (probe->connection)
        connection_abort(probe->connection);
    else
        uv_timer_start(&probe->gap, on_gap_over, 0, 0);
}

/* ---- the start ---- */

static void on_deadline(uv_timer_t *timer) { probe_abort(timer->data); }

static struct probe_report *report_on(const struct probe_target *target, const struct probe_config *config) {
    struct probe_report *report = mem_alloc(sizeof *report);
    struct plan_policy policy = config->policy;
    policy.named = target->name_count > 0 && *target->names[0];
    plan_init(&report->plan, &policy);
    if (target->resume_len > 0 && !plan_resume(&report->plan, target->resume, target->resume_len))
        log_warn("plan of another version not resumed");
    report->names_only = target->names_only;
    report->name_count = target->name_count < PROBE_NAMES_MAX ? target->name_count : PROBE_NAMES_MAX;
    report->name = mem_calloc(report->name_count, sizeof *report->name);
    for (size_t i = 0; i < report->name_count; i++) {
        struct probe_name *name = &report->name[i];
        snprintf(name->name, sizeof name->name, "%s", target->names[i]);
        if (config->dane && target->tlsa && target->tlsa[i])
            name->tlsa = dane_set_copy(target->tlsa[i]);
    }
    return report;
}

struct probe *probe_start(uv_loop_t *loop, const struct probe_config *config, const struct probe_target *target,
                          probe_cb *on_done, void *context) {
    struct probe *probe = mem_alloc(sizeof *probe);
    probe->loop = loop;
    probe->config = config;
    probe->address = target->address;
    probe->trace = (struct trace){target->survey, target->job, (const struct sockaddr *)&probe->address};
    probe->on_done = on_done;
    probe->context = context;
    probe->started_ms = uv_now(loop);
    probe->report = report_on(target, config);
    probe_names_begin(&probe->names, probe->report, config->dane, config->forbidden, target->judged);
    uv_timer_init(loop, &probe->gap);
    uv_timer_init(loop, &probe->deadline);
    probe->gap.data = probe->deadline.data = probe;
    probe->handles = 2;
    uv_timer_start(&probe->deadline, on_deadline, config->deadline_ms, 0);
    uv_timer_start(&probe->gap, on_gap_over, 0, 0);
    enter(probe, PROBE_PLAN);
    return probe;
}
