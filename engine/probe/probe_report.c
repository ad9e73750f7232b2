/* probe_report.c - see probe_report.h. */
#include "probe/probe_report.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void free_lines(char **lines, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

void probe_report_free(struct probe_report **report) {
    struct probe_report *r = *report;
    if (r == NULL)
        return;
    *report = NULL;
    for (size_t i = 0; i < r->chain_count; i++)
        cert_chain_release(&r->chain[i]);
    for (size_t i = 0; i < r->name_count; i++)
        dane_set_free(&r->name[i].tlsa);
    free_lines(r->ehlo, r->ehlo_count);
    free_lines(r->ehlo_tls, r->ehlo_tls_count);
    service_end(&r->service);
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

void probe_report_note_connection(struct probe_report *report, const struct connection_outcome *outcome) {
    enum { GROW = 8 };
    if (report->connection_count % GROW == 0)
        report->connection =
            mem_realloc(report->connection, (report->connection_count + GROW) * sizeof *report->connection);
    struct probe_connection *c = &report->connection[report->connection_count++];
    *c = (struct probe_connection){
        .kind = outcome->answer.kind,
        .reason = outcome->answer.reason,
        .version = outcome->answer.version,
        .suite = outcome->answer.suite,
        .group = outcome->answer.group,
        .alerted = outcome->answer.alerted,
        .alert = outcome->answer.alert,
        .duration_ms = (unsigned)outcome->duration_ms,
    };
    snprintf(c->step, sizeof c->step, "%s", outcome->step.name);
    snprintf(c->detail, sizeof c->detail, "%s", outcome->detail);
    snprintf(c->offered, sizeof c->offered, "%s", outcome->step.offered);
}

/* The lines behind the first, which only names the server. */
static void keep_lines(const struct smtp_reply *reply, char ***lines, size_t *count) {
    if (reply == NULL || *count > 0 || reply->line_count < 2)
        return;
    *lines = mem_calloc(reply->line_count - 1, sizeof **lines);
    for (size_t i = 1; i < reply->line_count; i++)
        (*lines)[(*count)++] = mem_strdup(smtp_reply_line(reply, i));
}

void probe_report_note_server(struct probe_report *report, const struct connection_outcome *outcome) {
    if (report->banner == NULL && outcome->banner)
        report->banner = mem_strdup(smtp_reply_line(outcome->banner, 0));
    service_note(&report->service, outcome, report->connection_count);
    keep_lines(outcome->ehlo, &report->ehlo, &report->ehlo_count);
    keep_lines(outcome->ehlo_tls, &report->ehlo_tls, &report->ehlo_tls_count);
    if (report->version == 0 && outcome->answer.completed) {
        report->version = outcome->handshake.version;
        report->suite = outcome->handshake.suite;
        snprintf(report->group, sizeof report->group, "%s", outcome->handshake.group);
        snprintf(report->signature, sizeof report->signature, "%s", outcome->handshake.signature);
    }
}

const struct cert_chain *probe_report_note_chain(struct probe_report *report, struct chain_cache *chains,
                                                 const struct connection_outcome *outcome) {
    const char *error;
    if (outcome->certificates == NULL)
        return NULL;
    const struct cert_chain *chain =
        chain_cache_get(chains, outcome->certificates, outcome->certificates_len, (int64_t)time(NULL), &error);
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

void probe_report_note_refusal(struct probe_report *report, const char *why) {
    if (report->refused_by == NULL)
        report->refused_by = mem_strdup(why);
}

void probe_report_stop(struct probe_report *report, enum reason reason) {
    const struct answer stopped = {.kind = ANSWER_STOPPED, .reason = reason};
    plan_stop(&report->plan, reason);
    if (report->thorough)
        thorough_answer(report->thorough, &stopped);
    if (report->reason == REASON_NONE)
        report->reason = reason;
}

static void conclude_thorough(struct probe_report *report) {
    const struct thorough *thorough = report->thorough;
    report->disagreements = thorough_facts(thorough, report->plan.fact);
    report->plan.flags |= thorough->flags | (report->disagreements ? FLAG_INCONSISTENT : 0u);
    if (report->reason == REASON_NONE && thorough->state == THOROUGH_STOPPED)
        report->reason = thorough->reason;
}

void probe_report_conclude(struct probe_report *report) {
    if (!report->names_only) {
        plan_finish(&report->plan);
        if (report->thorough)
            conclude_thorough(report);
        service_conclude(&report->service, &report->plan);
        if (report->reason == REASON_NONE)
            report->reason = report->plan.reason;
        if (report->reason != REASON_NONE)
            report->resume_len = plan_save(&report->plan, report->resume);
    }
    report->retry = reason_retry(report->reason);
}
