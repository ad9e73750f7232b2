/* probe_report.h - what is reported of a probe, and the noting of what a connection brought.
 *
 * The report is the probe's own. worker/result.h turns it into protobuf, the verb `mxgrade probe` into a page or JSON.
 */
#ifndef MXG_PROBE_REPORT_H
#define MXG_PROBE_REPORT_H

#include "cert/chain_cache.h"
#include "cert/dane.h"
#include "cert/match.h"
#include "plan/plan.h"
#include "plan/thorough.h"
#include "probe/connection.h"
#include "probe/service.h"

enum { PROBE_RESUME_MAX = PLAN_SAVED_MAX };

struct probe_connection {
    char step[32], offered[STEP_OFFERED_MAX];
    enum answer_kind kind;
    enum reason reason;
    uint16_t version, suite, group;
    bool alerted;
    uint8_t alert;
    unsigned duration_ms;
    char detail[256];
};

struct probe_name {
    char name[NAME_CAP];
    struct fact fact[FACT_NAME_COUNT];
    const struct cert_chain *chain; /* owned by the report; NULL if none was seen */
    struct cert_match match;
    bool ocsp_stapled;       /* the server sent an OCSP response with the chain */
    bool refused;            /* blocklisted, so that no connection is made with it */
    struct dane_set *tlsa;   /* owned by the report; NULL: none were given */
    struct dane_result dane; /* of the name's TLSA records and chain */
};

struct probe_report {
    struct plan plan;          /* the endpoint's facts, flags, suites seen */
    struct thorough *thorough; /* what it found, if it was asked for; else NULL */
    uint32_t disagreements;    /* facts, by bit, where plan and thorough differed */
    bool names_only;
    bool retry;         /* worth asking again later */
    enum reason reason; /* why the endpoint is not fully known; REASON_NONE = it is */
    char *refused_by;   /* what forbidden.h said of the address or the first name refused; NULL: nothing was */
    char *banner;       /* NULL if none */
    char **ehlo, **ehlo_tls;
    size_t ehlo_count, ehlo_tls_count;
    struct service service;  /* what the server says of itself in SMTP; its facts */
    uint16_t version, suite; /* of the first full handshake; 0 = none */
    char group[48], signature[48];
    struct probe_connection *connection;
    unsigned connection_count;
    struct probe_name *name;
    size_t name_count;
    const struct cert_chain **chain; /* distinct chains seen */
    size_t chain_count;
    int64_t observed_at_ms; /* Unix time */
    unsigned duration_ms;
    uint8_t resume[PROBE_RESUME_MAX]; /* where the plan stopped, for the next attempt */
    size_t resume_len;
};

void probe_report_free(struct probe_report **report);

/* enum cert_flag of a name's chain and of how it came; the name has a chain. */
unsigned probe_chain_flags(const struct probe_name *name);

/* ---- for the probe ---- */

/* How the connection ended. */
void probe_report_note_connection(struct probe_report *report, const struct connection_outcome *outcome);
/* The server's words, and its first full handshake. */
void probe_report_note_server(struct probe_report *report, const struct connection_outcome *outcome);
/* The chain that a connection brought, held once even if several connections bring it; NULL if none. */
const struct cert_chain *probe_report_note_chain(struct probe_report *report, struct chain_cache *chains,
                                                 const struct connection_outcome *outcome);
/* Why the address or a name must not be contacted. The first refusal counts. */
void probe_report_note_refusal(struct probe_report *report, const char *why);

/* No further step of plan or enumeration: what they do not know yet is unknown for that reason. */
void probe_report_stop(struct probe_report *report, enum reason reason);
/* The last conclusions on the endpoint; thereafter its facts, reason, retry and resume stand. */
void probe_report_conclude(struct probe_report *report);

#endif
