/* probe.c - see probe.h.
 *
 * next() is the whole flow: the plan's next step, else the next name that needs a handshake of its own, else the end.
 * Each connection's callback notes what it brought and arms the gap; the gap's end calls next() again.
 */
#include "probe/probe.h"

#include "base/log.h"
#include "base/mem.h"
#include "model/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a connection is for. */
enum purpose { FOR_PLAN, FOR_THOROUGH, FOR_STAPLE, FOR_NAME };

struct probe {
    uv_loop_t *loop;
    uv_timer_t gap, deadline;
    unsigned handles;
    const struct probe_config *config;
    struct sockaddr_storage address;
    struct probe_report *report;
    struct connection *connection; /* under way, or NULL */
    enum purpose purpose;          /* of that connection */
    size_t handshakes;             /* for names, so far */
    size_t first_name;             /* the name that the plan's connections are made with */
    size_t to_judge;               /* names that a connection may be made for: the first so many */
    size_t next_name;              /* the first name not yet judged */
    bool no_staple;                /* a handshake failed in which it was asked for an OCSP response */
    bool staple_asked;             /* in a handshake of its own */
    bool proven;                   /* the chain of the first name comes from a completed handshake */
    bool wants_dane;               /* a name has TLSA records */
    uint8_t *first_list;           /* then: the Certificate body behind the chain of the first name */
    size_t first_list_len;
    bool ended, aborted;
    uint64_t started_ms;
    probe_cb *on_done;
    void *context;
};

static void next(struct probe *probe);

struct probe_config probe_config_default(struct chain_cache *chains, const struct handshake_contexts *contexts,
                                         const char *ehlo_name) {
    static char host[NAME_CAP];
    if (ehlo_name == NULL && (gethostname(host, sizeof host - 1) != 0 || *host == '\0'))
        snprintf(host, sizeof host, "localhost"); /* never empty: servers hang up on that */
    return (struct probe_config){.chains = chains,
                                 .contexts = contexts,
                                 .ehlo_name = ehlo_name ? ehlo_name : host,
                                 .deadline_ms = UINT32_MAX,
                                 .timeouts = CONNECTION_TIMEOUTS};
}

/* ---- the report ---- */

void probe_report_free(struct probe_report **report) {
    struct probe_report *r = *report;
    if (r == NULL)
        return;
    *report = NULL;
    for (size_t i = 0; i < r->chain_count; i++)
        cert_chain_release(&r->chain[i]);
    for (size_t i = 0; i < r->name_count; i++)
        dane_set_free(&r->name[i].tlsa);
    for (size_t i = 0; i < r->ehlo_count; i++)
        free(r->ehlo[i]);
    for (size_t i = 0; i < r->ehlo_tls_count; i++)
        free(r->ehlo_tls[i]);
    free(r->ehlo);
    free(r->ehlo_tls);
    free(r->chain);
    free(r->connection);
    free(r->thorough);
    free(r->name);
    free(r->refused_by);
    free(r->banner);
    free(r);
}

unsigned probe_chain_flags(const struct probe_name *name) {
    return cert_chain_flags(name->chain) | (name->ocsp_stapled ? CERT_OCSP_STAPLED : 0u);
}

static void note_connection(struct probe_report *report, const struct connection_outcome *outcome) {
    enum { GROW = 8 };
    if (report->connection_count % GROW == 0)
        report->connection =
            mem_realloc(report->connection, (report->connection_count + GROW) * sizeof *report->connection);
    struct probe_connection *c = &report->connection[report->connection_count++];
    memset(c, 0, sizeof *c);
    const struct step *step = &outcome->step;
    c->kind = outcome->answer.kind;
    c->reason = outcome->answer.reason;
    c->version = outcome->answer.version;
    c->suite = outcome->answer.suite;
    c->group = outcome->answer.group;
    c->alerted = outcome->answer.alerted;
    c->alert = outcome->answer.alert;
    c->duration_ms = (unsigned)outcome->duration_ms;
    snprintf(c->step, sizeof c->step, "%s", step->name);
    snprintf(c->detail, sizeof c->detail, "%s", outcome->detail);
    snprintf(c->offered, sizeof c->offered, "%s", step->offered);
}

/* The lines behind the first, which only names the server. */
static void keep_lines(const struct smtp_reply *reply, char ***lines, size_t *count) {
    if (reply == NULL || *count > 0 || reply->line_count < 2)
        return;
    *lines = mem_calloc(reply->line_count - 1, sizeof **lines);
    for (size_t i = 1; i < reply->line_count; i++)
        (*lines)[(*count)++] = mem_strdup(smtp_reply_line(reply, i));
}

static void note_server(struct probe_report *report, const struct connection_outcome *outcome) {
    if (report->banner == NULL && outcome->banner)
        report->banner = mem_strdup(smtp_reply_line(outcome->banner, 0));
    keep_lines(outcome->ehlo, &report->ehlo, &report->ehlo_count);
    keep_lines(outcome->ehlo_tls, &report->ehlo_tls, &report->ehlo_tls_count);
    if (report->version == 0 && outcome->answer.completed) {
        report->version = outcome->handshake.version;
        report->suite = outcome->handshake.suite;
        snprintf(report->group, sizeof report->group, "%s", outcome->handshake.group);
        snprintf(report->signature, sizeof report->signature, "%s", outcome->handshake.signature);
    }
}

/* The chain that a connection brought, held once even if several connections bring it; NULL if none. */
static const struct cert_chain *note_chain(struct probe *probe, const struct connection_outcome *outcome) {
    struct probe_report *report = probe->report;
    const char *error;
    if (outcome->certificates == NULL)
        return NULL;
    const struct cert_chain *chain =
        chain_cache_get(probe->config->chains, outcome->certificates, outcome->certificates_len, &error);
    if (chain == NULL)
        return NULL;
    for (size_t i = 0; i < report->chain_count; i++)
        if (report->chain[i] == chain) {
            cert_chain_release(&chain);
            return report->chain[i];
        }
    report->chain = mem_realloc(report->chain, (report->chain_count + 1) * sizeof *report->chain);
    return report->chain[report->chain_count++] = chain;
}

/* ---- names ---- */

static void set_fact(struct probe_name *name, enum fact_id id, enum tri value, enum evidence evidence,
                     unsigned number) {
    name->fact[id - FACT_NAME_FIRST] = (struct fact){.value = value, .evidence = evidence, .connection = number};
}

static enum tri yes_no(bool yes) { return yes ? TRI_YES : TRI_NO; }

static void leave_name(struct probe_name *name, enum reason reason) {
    for (unsigned i = 0; i < FACT_NAME_COUNT; i++)
        name->fact[i] = (struct fact){.value = TRI_UNKNOWN, .reason = reason};
}

static void judge_name(struct probe_name *name, const struct cert_chain *chain, enum evidence evidence,
                       unsigned number) {
    bool in_date = cert_chain_in_date(chain, (int64_t)time(NULL));
    name->chain = chain;
    name->match = cert_chain_match(chain, name->name);
    if (chain->parse_error) /* nothing is known of it but that no client can verify it */
        leave_name(name, REASON_NOT_COMPLETED);
    set_fact(name, FACT_CERT_TRUSTED, yes_no(chain->trusted), evidence, number);
    if (chain->parse_error) {
        set_fact(name, FACT_CERT_VERIFIABLE, TRI_NO, evidence, number);
        return;
    }
    set_fact(name, FACT_CERT_IN_DATE, yes_no(in_date), evidence, number);
    if (*name->name == '\0') { /* probed by address alone: no name to compare with */
        name->fact[FACT_CERT_NAME_MATCH - FACT_NAME_FIRST].reason = REASON_NOT_ASKED;
        name->fact[FACT_CERT_VERIFIABLE - FACT_NAME_FIRST].reason = REASON_NOT_ASKED;
        return;
    }
    set_fact(name, FACT_CERT_NAME_MATCH, yes_no(name->match.matched), evidence, number);
    set_fact(name, FACT_CERT_VERIFIABLE, yes_no(chain->trusted && in_date && name->match.matched), evidence, number);
}

/* list: the Certificate body that the name's chain came in. */
static void judge_dane(const struct probe *probe, struct probe_name *name, const uint8_t *list, size_t len) {
    if (name->tlsa)
        name->dane = dane_judge(probe->config->dane, name->tlsa, list, len, (int64_t)time(NULL));
}

/* Other names may be judged against the chain of the first in the end (settle_other_names()). */
static void keep_first_list(struct probe *probe, const struct connection_outcome *outcome) {
    free(probe->first_list);
    probe->first_list = mem_alloc(outcome->certificates_len);
    probe->first_list_len = outcome->certificates_len;
    memcpy(probe->first_list, outcome->certificates, outcome->certificates_len);
}

/* As judge_name(), for a chain that this connection brought. */
static void judge_observed(struct probe *probe, struct probe_name *name, const struct cert_chain *chain,
                           const struct connection_outcome *outcome) {
    judge_name(name, chain, EVIDENCE_OBSERVED, probe->report->connection_count);
    judge_dane(probe, name, outcome->certificates, outcome->certificates_len);
    if (probe->wants_dane && name == &probe->report->name[probe->first_name])
        keep_first_list(probe, outcome);
}

/* The chain that the first name saw, or NULL. */
static const struct cert_chain *first_chain(const struct probe *probe) {
    const struct probe_report *report = probe->report;
    return probe->first_name < report->name_count ? report->name[probe->first_name].chain : NULL;
}

/* All names judged so far, and at least PROBE_SHARED_AFTER, saw one leaf: the rest would too. */
static bool leaf_is_shared(const struct probe *probe) {
    const struct cert_chain *first = first_chain(probe);
    size_t judged = 0;
    for (size_t i = 0; i < probe->next_name; i++) {
        const struct probe_name *name = &probe->report->name[i];
        if (name->refused)
            continue;
        if (first == NULL || name->chain == NULL ||
            memcmp(name->chain->leaf_sha256, first->leaf_sha256, sizeof first->leaf_sha256) != 0)
            return false;
        judged++;
    }
    return judged >= PROBE_SHARED_AFTER;
}

/* How it is known that TLS works; EVIDENCE_NONE if it is not. */
static enum evidence tls_evidence(const struct probe_report *report) {
    const struct fact *fact = &report->plan.fact[FACT_TLS_ENABLED];
    return fact->value == TRI_YES ? fact->evidence : EVIDENCE_NONE;
}

/* A handshake of our own can be had for another name. */
static bool can_ask_name(const struct probe *probe) {
    bool works = probe->report->names_only || tls_evidence(probe->report) == EVIDENCE_OBSERVED;
    return works && !probe->aborted && probe->report->reason == REASON_NONE &&
           probe->handshakes < PROBE_NAME_HANDSHAKES && probe->next_name < probe->to_judge;
}

/* ---- what must not be contacted ---- */

/* For people; the first refusal counts. */
static void note_refusal(struct probe_report *report, const char *why) {
    if (report->refused_by == NULL)
        report->refused_by = mem_strdup(why);
}

/* The list may be another one now than when the probe began. */
static bool is_refused(struct probe_report *report, struct probe_name *name, const struct forbidden *forbidden) {
    const char *why = name->refused ? NULL : forbidden_name(forbidden, name->name);
    if (why)
        note_refusal(report, why);
    name->refused = name->refused || why;
    return name->refused;
}

/* From a name on, the next that is not refused, or name_count. What was learnt of a name before it was listed is kept.
 */
static size_t skip_refused(struct probe *probe, size_t at) {
    struct probe_report *report = probe->report;
    for (; at < report->name_count && is_refused(report, &report->name[at], probe->config->forbidden); at++)
        if (report->name[at].chain == NULL)
            leave_name(&report->name[at], REASON_REFUSED_BY_POLICY);
    return at;
}

/* No further step of plan or enumeration; what they do not know yet is unknown for that reason. */
static void stop(struct probe *probe, enum reason reason) {
    struct probe_report *report = probe->report;
    const struct answer stopped = {.kind = ANSWER_STOPPED, .reason = reason};
    plan_stop(&report->plan, reason);
    if (report->thorough)
        thorough_answer(report->thorough, &stopped);
    if (report->reason == REASON_NONE)
        report->reason = reason;
}

/* May a connection be made? Chooses the first name again; if not, the probe is to end. */
static bool is_allowed(struct probe *probe) {
    struct probe_report *report = probe->report;
    const char *why = forbidden_address(probe->config->forbidden, (const struct sockaddr *)&probe->address);
    size_t first = skip_refused(probe, probe->first_name);
    if (why)
        note_refusal(report, why);
    if (why || (report->name_count > 0 && first == report->name_count)) {
        stop(probe, REASON_REFUSED_BY_POLICY);
        return false;
    }
    if (first != probe->first_name) { /* the chain of the name that was first is not that of this one */
        free(probe->first_list);
        probe->first_list = NULL;
        probe->first_list_len = 0;
        probe->proven = false;
    }
    probe->first_name = first;
    return true;
}

/* ---- names that no connection is made for ---- */

/* Names that no handshake was made for: shared where that is sure (or where no handshake can be had at all, as with
 * RC4-only servers, which know no SNI), else unknown. */
static void settle_other_names(struct probe *probe) {
    struct probe_report *report = probe->report;
    bool raw_only = tls_evidence(report) == EVIDENCE_INFERRED && !report->names_only;
    bool shared = first_chain(probe) && (leaf_is_shared(probe) || raw_only);
    enum reason reason = report->reason != REASON_NONE ? report->reason : REASON_NOT_COMPLETED;
    if (report->chain_count > 0 && report->reason == REASON_NONE)
        reason = REASON_NOT_ASKED;
    uint64_t until = uv_hrtime() + PROBE_SHARED_DANE_MS * UINT64_C(1000000);
    for (; probe->next_name < report->name_count; probe->next_name++) {
        struct probe_name *name = &report->name[probe->next_name];
        if (is_refused(report, name, probe->config->forbidden) || !shared) {
            leave_name(name, name->refused ? REASON_REFUSED_BY_POLICY : reason);
            continue;
        }
        judge_name(name, first_chain(probe), EVIDENCE_SHARED, 0);
        if (probe->first_list && uv_hrtime() < until)
            judge_dane(probe, name, probe->first_list, probe->first_list_len);
    }
}

/* ---- flow ---- */

static void on_handle_closed(uv_handle_t *handle) {
    struct probe *probe = handle->data;
    if (--probe->handles > 0)
        return;
    probe->on_done(probe->report, probe->context);
    free(probe->first_list);
    free(probe);
}

static void take_thorough(struct probe_report *report) {
    const struct thorough *thorough = report->thorough;
    report->disagreements = thorough_facts(thorough, report->plan.fact);
    report->plan.flags |= thorough->flags | (report->disagreements ? FLAG_INCONSISTENT : 0u);
    if (report->reason == REASON_NONE && thorough->stopped)
        report->reason = thorough->reason;
}

static void end(struct probe *probe) {
    struct probe_report *report = probe->report;
    struct timespec now;
    probe->ended = true;
    if (!report->names_only) {
        plan_finish(&report->plan);
        if (report->thorough)
            take_thorough(report);
        if (report->reason == REASON_NONE)
            report->reason = report->plan.reason;
        if (report->reason != REASON_NONE)
            report->resume_len = plan_save(&report->plan, report->resume);
    }
    settle_other_names(probe);
    report->retry = reason_retry(report->reason);
    clock_gettime(CLOCK_REALTIME, &now);
    report->observed_at_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
    report->duration_ms = (unsigned)(uv_now(probe->loop) - probe->started_ms);
    uv_close((uv_handle_t *)&probe->gap, on_handle_closed);
    uv_close((uv_handle_t *)&probe->deadline, on_handle_closed);
}

static void on_gap_over(uv_timer_t *timer) { next(timer->data); }

/* A chain for the first name came with the plan's own connections; a completed handshake outweighs a raw flight. */
static void take_first_chain(struct probe *probe, const struct connection_outcome *outcome,
                             const struct cert_chain *chain) {
    struct probe_report *report = probe->report;
    if (chain == NULL || report->name_count == 0 || probe->proven || (first_chain(probe) && !outcome->answer.completed))
        return;
    judge_observed(probe, &report->name[probe->first_name], chain, outcome);
    probe->proven = outcome->answer.completed;
    if (probe->next_name <= probe->first_name)
        probe->next_name = probe->first_name + 1;
}

static void take_name_chain(struct probe *probe, const struct connection_outcome *outcome,
                            const struct cert_chain *chain) {
    struct probe_report *report = probe->report;
    if (!outcome->answer.completed && outcome->answer.kind != ANSWER_STOPPED && !probe->no_staple) {
        probe->no_staple = true; /* perhaps over that: the same name once more, without */
        return;
    }
    struct probe_name *name = &report->name[probe->next_name++];
    if (chain && outcome->answer.completed) {
        judge_observed(probe, name, chain, outcome);
        name->ocsp_stapled = outcome->stapled;
        if (report->names_only && report->version == 0)
            note_server(report, outcome);
        return;
    }
    enum reason reason = outcome->answer.reason == REASON_NONE ? REASON_NOT_COMPLETED : outcome->answer.reason;
    leave_name(name, reason);
    if (outcome->answer.kind == ANSWER_STOPPED || outcome->answer.kind == ANSWER_SILENT)
        report->reason = reason; /* the server has had enough: ask no further name now */
}

static void on_connection_done(const struct connection_outcome *outcome, void *context) {
    struct probe *probe = context;
    struct probe_report *report = probe->report;
    probe->connection = NULL;
    note_connection(report, outcome);
    switch (probe->purpose) {
    case FOR_PLAN:
        note_server(report, outcome);
        take_first_chain(probe, outcome, note_chain(probe, outcome));
        plan_answer(&report->plan, &outcome->answer);
        break;
    case FOR_THOROUGH:
        thorough_answer(report->thorough, &outcome->answer);
        break;
    case FOR_STAPLE:
        report->name[probe->first_name].ocsp_stapled = outcome->stapled;
        break;
    case FOR_NAME:
        take_name_chain(probe, outcome, note_chain(probe, outcome));
        break;
    }
    uv_timer_start(&probe->gap, on_gap_over, probe->config->gap_ms, 0);
}

/* The only way to a connection: whoever must not be contacted ends the probe here. */
static void connect_for(struct probe *probe, const struct step *step, enum purpose purpose) {
    struct probe_report *report = probe->report;
    if (!is_allowed(probe)) {
        end(probe);
        return;
    }
    size_t sni = purpose == FOR_NAME ? probe->next_name : probe->first_name;
    struct connection_params params = {
        .address = (const struct sockaddr *)&probe->address,
        .step = step,
        .server_name = report->name_count > sni ? report->name[sni].name : "",
        .ehlo_name = probe->config->ehlo_name,
        .contexts = probe->config->contexts,
        .timeouts = probe->config->timeouts,
    };
    probe->purpose = purpose;
    probe->connection = connection_start(probe->loop, &params, on_connection_done, probe);
}

static const struct step *next_of_plan(struct probe *probe) {
    struct probe_report *report = probe->report;
    return report->names_only || probe->aborted ? NULL : plan_next(&report->plan);
}

/* Begins once the plan is through, if there is TLS to enumerate. */
static const struct step *next_of_thorough(struct probe *probe) {
    struct probe_report *report = probe->report;
    const struct plan *plan = &report->plan;
    struct step control;
    if (!probe->config->thorough || report->names_only || probe->aborted || plan->stopped || !plan->selected)
        return NULL;
    if (report->thorough == NULL) {
        report->thorough = mem_alloc(sizeof *report->thorough);
        thorough_init(report->thorough, plan_control(plan, &control) ? &control : NULL);
    }
    return thorough_next(report->thorough);
}

static void connect_for_name(struct probe *probe) {
    struct step step = plan_step_for_name(!probe->no_staple);
    probe->handshakes++;
    connect_for(probe, &step, FOR_NAME);
}

/* In thorough mode the first name's handshake is made once more, for what the plan does not ask. */
static bool wants_staple(const struct probe *probe) {
    const struct probe_report *report = probe->report;
    return report->thorough && !report->thorough->stopped && !probe->staple_asked && report->name_count > 0 &&
           tls_evidence(report) == EVIDENCE_OBSERVED && !probe->aborted;
}

static void connect_for_staple(struct probe *probe) {
    struct step step = plan_step_for_name(true);
    probe->staple_asked = true;
    connect_for(probe, &step, FOR_STAPLE);
}

static void next(struct probe *probe) {
    struct probe_report *report = probe->report;
    const struct step *step = next_of_plan(probe);
    if (step) {
        connect_for(probe, step, FOR_PLAN);
        return;
    }
    step = next_of_thorough(probe);
    if (step) {
        connect_for(probe, step, FOR_THOROUGH);
        return;
    }
    if (wants_staple(probe)) {
        connect_for_staple(probe);
        return;
    }
    if (report->reason == REASON_NONE && !report->names_only)
        report->reason = report->plan.reason;
    probe->next_name = skip_refused(probe, probe->next_name);
    if (probe->next_name < report->name_count && !leaf_is_shared(probe) && can_ask_name(probe))
        connect_for_name(probe);
    else
        end(probe);
}

static void on_deadline(uv_timer_t *timer) { probe_abort(timer->data); }

void probe_abort(struct probe *probe) {
    if (probe->ended || probe->aborted)
        return;
    probe->aborted = true;
    stop(probe, REASON_DEADLINE);
    if (probe->connection)
        connection_abort(probe->connection);
    else
        uv_timer_start(&probe->gap, on_gap_over, 0, 0);
}

struct probe *probe_start(uv_loop_t *loop, const struct probe_config *config, const struct probe_target *target,
                          probe_cb *on_done, void *context) {
    struct probe *probe = mem_alloc(sizeof *probe);
    struct probe_report *report = probe->report = mem_alloc(sizeof *report);
    probe->loop = loop;
    probe->config = config;
    probe->address = target->address;
    probe->on_done = on_done;
    probe->context = context;
    probe->started_ms = uv_now(loop);
    plan_init(&report->plan, &config->policy);
    if (target->resume_len > 0 && !plan_resume(&report->plan, target->resume, target->resume_len))
        log_warn("plan of another version not resumed");
    report->names_only = target->names_only;
    report->name_count = target->name_count < PROBE_NAMES_MAX ? target->name_count : PROBE_NAMES_MAX;
    report->name = mem_calloc(report->name_count, sizeof *report->name);
    probe->to_judge = target->judged < report->name_count ? report->name_count - target->judged : 0;
    for (size_t i = 0; i < report->name_count; i++) {
        snprintf(report->name[i].name, sizeof report->name[i].name, "%s", target->names[i]);
        if (config->dane && target->tlsa && target->tlsa[i]) {
            report->name[i].tlsa = dane_set_copy(target->tlsa[i]);
            probe->wants_dane = true;
        }
    }
    uv_timer_init(loop, &probe->gap);
    uv_timer_init(loop, &probe->deadline);
    probe->gap.data = probe->deadline.data = probe;
    probe->handles = 2;
    uv_timer_start(&probe->deadline, on_deadline, config->deadline_ms, 0);
    uv_timer_start(&probe->gap, on_gap_over, 0, 0);
    return probe;
}
