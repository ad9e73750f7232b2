/* service.c - see service.h.
 *
 * An extension is "yes" where a reply listed it. "No" needs a reply that would have listed it: inside TLS where there
 * is TLS, since servers may list more there, else in clear. A reply that a middlebox has masked, or which may be a
 * greylisting front's, denies nothing.
 */
#include "probe/service.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum side { SIDE_CLEAR, SIDE_INSIDE, SIDE_EITHER };

static const struct {
    enum fact_id fact;
    enum smtp_extension extension;
    enum side side; /* where it counts */
} EXTENSION_FACTS[] = {
    {FACT_AUTH_BEFORE_TLS, SMTP_AUTH, SIDE_CLEAR},
    {FACT_REQUIRETLS, SMTP_REQUIRETLS, SIDE_INSIDE}, /* RFC 8689 section 2: listed inside TLS alone */
    {FACT_SMTPUTF8, SMTP_SMTPUTF8, SIDE_EITHER},
    {FACT_SIZE_DECLARED, SMTP_SIZE, SIDE_EITHER},
    {FACT_PIPELINING, SMTP_PIPELINING, SIDE_EITHER},
    {FACT_EIGHTBITMIME, SMTP_EIGHTBITMIME, SIDE_EITHER},
    {FACT_CHUNKING, SMTP_CHUNKING, SIDE_EITHER},
    {FACT_DSN, SMTP_DSN, SIDE_EITHER},
};

/* ---- what connections bring ---- */

static void note_side(struct service_side *side, const struct smtp_ehlo *ehlo, unsigned number) {
    for (unsigned i = 0; i < SMTP_EXTENSION_COUNT; i++)
        if (smtp_ehlo_lists(ehlo, (enum smtp_extension)i) && side->seen_at[i] == 0)
            side->seen_at[i] = number;
    side->listed |= ehlo->listed;
    side->masked = side->masked || ehlo->masked;
    if (side->replied_at == 0)
        side->replied_at = number;
}

static void note_limit(struct service *service, const struct smtp_ehlo *ehlo) {
    if (ehlo->has_limit && !service->has_limit) {
        service->has_limit = true;
        service->limit = ehlo->limit;
    }
}

static struct fact *fact_of(struct service *service, enum fact_id id) {
    return &service->fact[(unsigned)id - FACT_SERVICE_FIRST];
}

/* The first name counts. */
static void note_name(struct service *service, enum fact_id id, char name[static NAME_CAP],
                      const struct smtp_reply *reply, unsigned number) {
    struct fact *fact = fact_of(service, id);
    if (fact->value != TRI_UNKNOWN)
        return;
    bool is_host = smtp_named_host(name, reply);
    *fact = (struct fact){.value = is_host ? TRI_YES : TRI_NO, .evidence = EVIDENCE_OBSERVED, .connection = number};
}

static void note_banner(struct service *service, const struct smtp_reply *banner) {
    if (service->banner_line)
        return;
    size_t count = banner->line_count < SERVICE_BANNER_LINES_MAX ? banner->line_count : SERVICE_BANNER_LINES_MAX;
    service->banner_line = mem_calloc(count, sizeof *service->banner_line);
    while (service->banner_line_count < count) {
        service->banner_line[service->banner_line_count] =
            mem_strdup(smtp_reply_line(banner, service->banner_line_count));
        service->banner_line_count++;
    }
}

static void note_clear(struct service *service, const struct smtp_reply *reply, unsigned number) {
    struct smtp_ehlo ehlo;
    smtp_ehlo_parse(&ehlo, reply);
    if (service->mechanism_count == 0) {
        memcpy(service->mechanism, ehlo.mechanism, sizeof service->mechanism);
        service->mechanism_count = ehlo.mechanism_count;
    }
    note_side(&service->clear, &ehlo, number);
    note_limit(service, &ehlo);
    note_name(service, FACT_EHLO_NAMES_HOST, service->ehlo_name, reply, number);
}

static void note_inside(struct service *service, const struct smtp_reply *reply, unsigned number) {
    struct smtp_ehlo ehlo;
    smtp_ehlo_parse(&ehlo, reply);
    note_side(&service->inside, &ehlo, number);
    note_limit(service, &ehlo);
}

void service_note(struct service *service, const struct connection_outcome *outcome, unsigned number) {
    if (outcome->banner)
        note_banner(service, outcome->banner);
    if (outcome->banner && outcome->banner->code == 220) /* who turns us away says less of itself */
        note_name(service, FACT_GREETING_NAMES_HOST, service->greeting_name, outcome->banner, number);
    if (outcome->ehlo)
        note_clear(service, outcome->ehlo, number);
    if (outcome->ehlo_tls)
        note_inside(service, outcome->ehlo_tls, number);
}

/* ---- facts ---- */

static unsigned seen_at(const struct service *service, enum smtp_extension extension, enum side side) {
    unsigned clear = side == SIDE_INSIDE ? 0 : service->clear.seen_at[extension];
    unsigned inside = side == SIDE_CLEAR ? 0 : service->inside.seen_at[extension];
    return clear ? clear : inside;
}

/* The connection whose reply would have listed it; 0: there is none. */
static unsigned denied_at(const struct service *service, const struct plan *plan, enum side side) {
    enum tri starttls = plan->fact[FACT_STARTTLS_ADVERTISED].value;
    unsigned clear = service->clear.masked ? 0 : service->clear.replied_at;
    unsigned inside = service->inside.masked ? 0 : service->inside.replied_at;
    if (side == SIDE_CLEAR)
        return starttls == TRI_UNKNOWN ? 0 : clear;
    if (side == SIDE_EITHER && starttls == TRI_NO)
        return clear;
    return inside;
}

static enum reason why_unknown(const struct service *service, const struct plan *plan) {
    const struct fact *starttls = &plan->fact[FACT_STARTTLS_ADVERTISED], *tls = &plan->fact[FACT_TLS_ENABLED];
    enum reason reason = REASON_TIMEOUT; /* silent inside TLS */
    if (starttls->value == TRI_UNKNOWN)
        reason = starttls->reason;
    else if (service->clear.masked || service->inside.masked)
        reason = REASON_PROTOCOL_ERROR;
    else if (tls->value == TRI_UNKNOWN)
        reason = tls->reason;
    else if (tls->value == TRI_NO || tls->evidence != EVIDENCE_OBSERVED)
        reason = REASON_NOT_COMPLETED;
    return reason == REASON_NONE ? REASON_NOT_ASKED : reason;
}

static struct fact fact_about(const struct service *service, const struct plan *plan, enum smtp_extension extension,
                              enum side side) {
    unsigned seen = seen_at(service, extension, side), denied = denied_at(service, plan, side);
    if (seen)
        return (struct fact){.value = TRI_YES, .evidence = EVIDENCE_OBSERVED, .connection = seen};
    if (denied)
        return (struct fact){.value = TRI_NO, .evidence = EVIDENCE_OBSERVED, .connection = denied};
    if (side == SIDE_INSIDE && plan->fact[FACT_STARTTLS_ADVERTISED].value == TRI_NO) /* there is no inside */
        return (struct fact){.value = TRI_NO, .evidence = EVIDENCE_INFERRED};
    return (struct fact){.reason = why_unknown(service, plan)};
}

/* One probe can say that TLS is not broken; that it is, only all attempts together. */
static struct fact fact_about_breakage(const struct plan *plan) {
    if (plan->fact[FACT_TLS_ENABLED].value == TRI_YES || plan->fact[FACT_STARTTLS_ADVERTISED].value == TRI_NO)
        return (struct fact){.value = TRI_NO, .evidence = EVIDENCE_INFERRED};
    return (struct fact){.reason = REASON_NOT_ASKED};
}

void service_conclude(struct service *service, const struct plan *plan) {
    enum reason reachable =
        plan->fact[FACT_REACHABLE].value == TRI_NO ? plan->reason : plan->fact[FACT_REACHABLE].reason;
    *fact_of(service, FACT_TLS_BROKEN) = fact_about_breakage(plan);
    for (size_t i = 0; i < sizeof EXTENSION_FACTS / sizeof *EXTENSION_FACTS; i++)
        *fact_of(service, EXTENSION_FACTS[i].fact) =
            fact_about(service, plan, EXTENSION_FACTS[i].extension, EXTENSION_FACTS[i].side);
    if (fact_of(service, FACT_GREETING_NAMES_HOST)->value == TRI_UNKNOWN)
        fact_of(service, FACT_GREETING_NAMES_HOST)->reason = reachable == REASON_NONE ? REASON_NOT_ASKED : reachable;
    if (fact_of(service, FACT_EHLO_NAMES_HOST)->value == TRI_UNKNOWN)
        fact_of(service, FACT_EHLO_NAMES_HOST)->reason = why_unknown(service, plan);
}

void service_end(struct service *service) {
    for (size_t i = 0; i < service->banner_line_count; i++)
        free(service->banner_line[i]);
    free(service->banner_line);
}
