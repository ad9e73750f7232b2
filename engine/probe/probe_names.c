/* probe_names.c - see probe_names.h. */
#include "probe/probe_names.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void probe_names_begin(struct probe_names *names, struct probe_report *report, const struct dane *dane,
                       const struct forbidden *forbidden, size_t judged) {
    *names = (struct probe_names){.report = report, .dane = dane, .forbidden = forbidden};
    names->to_judge = judged < report->name_count ? report->name_count - judged : 0;
}

static void drop_first_list(struct probe_names *names) {
    free(names->first_list);
    names->first_list = NULL;
    names->first_list_len = 0;
}

void probe_names_end(struct probe_names *names) { drop_first_list(names); }

/* ---- judging one ---- */

static void set_fact(struct probe_name *name, enum fact_id id, enum tri value, enum evidence evidence,
                     unsigned number) {
    name->fact[id - FACT_NAME_FIRST] = (struct fact){.value = value, .evidence = evidence, .connection = number};
}

static enum tri yes_no(bool yes) { return yes ? TRI_YES : TRI_NO; }

static void leave_unknown(struct probe_name *name, enum reason reason) {
    for (unsigned i = 0; i < FACT_NAME_COUNT; i++)
        name->fact[i] = (struct fact){.value = TRI_UNKNOWN, .reason = reason};
}

/* number: of the connection that brought the chain; 0: none did for this name. */
static void judge_chain(struct probe_name *name, const struct cert_chain *chain, enum evidence evidence,
                        unsigned number) {
    bool in_date = cert_chain_in_date(chain, (int64_t)time(NULL));
    name->chain = chain;
    name->match = cert_chain_match(chain, name->name);
    if (chain->parse_error) /* nothing is known of it but that no client can verify it */
        leave_unknown(name, REASON_NOT_COMPLETED);
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
static void judge_dane(const struct probe_names *names, struct probe_name *name, const uint8_t *list, size_t len) {
    if (name->tlsa)
        name->dane = dane_judge(names->dane, name->tlsa, list, len, (int64_t)time(NULL));
}

static bool any_tlsa(const struct probe_report *report) {
    for (size_t i = 0; i < report->name_count; i++)
        if (report->name[i].tlsa)
            return true;
    return false;
}

/* Other names may be judged against the chain of the first in the end (probe_names_settle()). */
static void keep_first_list(struct probe_names *names, const struct connection_outcome *outcome) {
    drop_first_list(names);
    names->first_list = mem_alloc(outcome->certificates_len);
    names->first_list_len = outcome->certificates_len;
    memcpy(names->first_list, outcome->certificates, outcome->certificates_len);
}

static struct fact *sni_refused(struct probe_name *name) { return &name->fact[FACT_SNI_REFUSED - FACT_NAME_FIRST]; }

/* Was no host named? (hello.h: no extensions before TLS 1.0) */
static bool is_nameless(const struct connection_outcome *outcome) {
    return outcome->step.nameless || outcome->step.plain || outcome->step.max <= VERSION_SSLV3;
}

static void judge_observed(struct probe_names *names, size_t which, const struct cert_chain *chain,
                           const struct connection_outcome *outcome) {
    struct probe_name *name = &names->report->name[which];
    bool named = *name->name && !is_nameless(outcome);
    judge_chain(name, chain, EVIDENCE_OBSERVED, names->report->connection_count);
    *sni_refused(name) = (struct fact){.value = TRI_UNKNOWN, .reason = REASON_NOT_ASKED};
    if (named)
        set_fact(name, FACT_SNI_REFUSED, TRI_NO, EVIDENCE_OBSERVED, names->report->connection_count);
    judge_dane(names, name, outcome->certificates, outcome->certificates_len);
    if (which == names->first && any_tlsa(names->report))
        keep_first_list(names, outcome);
}

static enum first_chain kind_of_chain(const struct connection_outcome *outcome) {
    if (is_nameless(outcome))
        return FIRST_CHAIN_WITHOUT_NAME;
    return outcome->answer.completed ? FIRST_CHAIN_OF_HANDSHAKE : FIRST_CHAIN_OF_FLIGHT;
}

void probe_names_take_first(struct probe_names *names, const struct connection_outcome *outcome,
                            const struct cert_chain *chain) {
    enum first_chain came_with = kind_of_chain(outcome);
    if (chain == NULL || names->report->name_count == 0 || came_with <= names->first_chain)
        return;
    judge_observed(names, names->first, chain, outcome);
    names->first_chain = came_with;
    if (names->next <= names->first && !outcome->step.nameless) /* the name is still to be asked with */
        names->next = names->first + 1;
}

void probe_names_take_refused(struct probe_names *names, const struct connection_outcome *outcome,
                              const struct cert_chain *chain) {
    struct probe_name *name = &names->report->name[names->next];
    unsigned number = names->report->connection_count;
    if (!chain || !outcome->answer.completed) {
        probe_names_take_next(names, outcome, chain);
        return;
    }
    judge_observed(names, names->next++, chain, outcome);
    set_fact(name, FACT_CERT_VERIFIABLE, TRI_NO, EVIDENCE_OBSERVED, number);
    set_fact(name, FACT_SNI_REFUSED, TRI_YES, EVIDENCE_OBSERVED, number);
}

void probe_names_take_next(struct probe_names *names, const struct connection_outcome *outcome,
                           const struct cert_chain *chain) {
    struct probe_report *report = names->report;
    size_t which = names->next++;
    struct probe_name *name = &report->name[which];
    if (chain && outcome->answer.completed) {
        judge_observed(names, which, chain, outcome);
        name->ocsp_stapled = outcome->stapled;
        if (report->names_only && report->version == 0)
            probe_report_note_server(report, outcome);
        return;
    }
    enum reason reason = outcome->answer.reason == REASON_NONE ? REASON_NOT_COMPLETED : outcome->answer.reason;
    leave_unknown(name, reason);
    if (outcome->answer.kind == ANSWER_STOPPED || outcome->answer.kind == ANSWER_SILENT)
        report->reason = reason; /* the server has had enough: ask no further name now */
}

/* ---- what must not be contacted ---- */

/* The list may be another one now than when the probe began. */
static void refuse_if_listed(struct probe_names *names, struct probe_name *name) {
    const char *why = name->refused ? NULL : forbidden_name(names->forbidden, name->name);
    if (why == NULL)
        return;
    probe_report_note_refusal(names->report, why);
    name->refused = true;
}

size_t probe_names_refuse_from(struct probe_names *names, size_t at) {
    struct probe_report *report = names->report;
    for (; at < report->name_count; at++) {
        struct probe_name *name = &report->name[at];
        refuse_if_listed(names, name);
        if (!name->refused)
            break;
        if (name->chain == NULL)
            leave_unknown(name, REASON_REFUSED_BY_POLICY);
    }
    return at;
}

void probe_names_set_first(struct probe_names *names, size_t first) {
    if (first == names->first)
        return;
    drop_first_list(names); /* the chain of the name that was first is not that of this one */
    names->first_chain = FIRST_CHAIN_UNSEEN;
    names->first = first;
}

/* ---- one leaf for all ---- */

/* The chain that the first name saw, or NULL. */
static const struct cert_chain *first_chain(const struct probe_names *names) {
    const struct probe_report *report = names->report;
    return names->first < report->name_count ? report->name[names->first].chain : NULL;
}

/* All names judged so far, and at least PROBE_SHARED_AFTER, saw one leaf: the rest would too. */
static bool leaf_is_shared(const struct probe_names *names) {
    const struct cert_chain *first = first_chain(names);
    size_t judged = 0;
    for (size_t i = 0; i < names->next; i++) {
        const struct probe_name *name = &names->report->name[i];
        if (name->refused)
            continue;
        if (first == NULL || name->chain == NULL ||
            memcmp(name->chain->leaf_sha256, first->leaf_sha256, sizeof first->leaf_sha256) != 0)
            return false;
        judged++;
    }
    return judged >= PROBE_SHARED_AFTER;
}

/* Can OpenSSL's handshake with the server be had? */
static bool handshakes_work(const struct probe_report *report) {
    const struct fact *fact = &report->plan.fact[FACT_TLS_ENABLED];
    return report->names_only || (fact->value == TRI_YES && fact->evidence == EVIDENCE_OBSERVED);
}

/* Is TLS on, but none that OpenSSL can complete? */
static bool raw_flights_only(const struct probe_report *report) {
    const struct fact *fact = &report->plan.fact[FACT_TLS_ENABLED];
    return !report->names_only && fact->value == TRI_YES && fact->evidence == EVIDENCE_INFERRED;
}

bool probe_names_advance(struct probe_names *names) {
    const struct probe_report *report = names->report;
    names->next = probe_names_refuse_from(names, names->next);
    return names->next < report->name_count && !leaf_is_shared(names) && handshakes_work(report) &&
           report->reason == REASON_NONE && names->handshakes < PROBE_NAME_HANDSHAKES && names->next < names->to_judge;
}

/* Does the server speak, perhaps, what carries a name? */
static bool may_take_names(const struct probe_report *report) {
    for (unsigned id = FACT_TLS1_0; id <= FACT_TLS1_3; id++)
        if (report->plan.fact[id].value != TRI_NO && (report->plan.flags & FLAG_INTOLERANT) == 0)
            return true;
    return false;
}

/* A probe that was taken up may have had nothing left to ask but SSL. */
static void forget_nameless(struct probe_names *names, enum reason reason) {
    struct probe_name *name = &names->report->name[names->first];
    bool judged = sni_refused(name)->value == TRI_YES || raw_flights_only(names->report);
    if (names->first_chain != FIRST_CHAIN_WITHOUT_NAME || judged || !may_take_names(names->report))
        return;
    drop_first_list(names);
    leave_unknown(name, reason);
    name->chain = NULL;
    name->match = (struct cert_match){0};
    name->dane = (struct dane_result){0};
    names->first_chain = FIRST_CHAIN_UNSEEN;
}

/* Names that no handshake was made for: shared where that is sure, or where no handshake can be had at all, as with
 * RC4-only servers, which know no SNI; else unknown. */
void probe_names_settle(struct probe_names *names) {
    struct probe_report *report = names->report;
    forget_nameless(names, report->reason != REASON_NONE ? report->reason : REASON_NOT_ASKED);
    const struct cert_chain *chain = first_chain(names);
    bool shared = chain && (leaf_is_shared(names) || raw_flights_only(report));
    enum reason reason = report->reason != REASON_NONE ? report->reason : REASON_NOT_COMPLETED;
    if (report->chain_count > 0 && report->reason == REASON_NONE)
        reason = REASON_NOT_ASKED;
    uint64_t until = uv_hrtime() + PROBE_SHARED_DANE_MS * UINT64_C(1000000);
    for (; names->next < report->name_count; names->next++) {
        struct probe_name *name = &report->name[names->next];
        refuse_if_listed(names, name);
        if (name->refused || !shared) {
            leave_unknown(name, name->refused ? REASON_REFUSED_BY_POLICY : reason);
            continue;
        }
        judge_chain(name, chain, EVIDENCE_SHARED, 0);
        *sni_refused(name) = *sni_refused(&report->name[names->first]);
        if (names->first_list && uv_hrtime() < until)
            judge_dane(names, name, names->first_list, names->first_list_len);
    }
}
