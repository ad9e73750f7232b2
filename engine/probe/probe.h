/* probe.h - one endpoint from the first connection to the last: runs the plan, then judges the exchange names.
 *
 * One connection at a time, a gap between two, a deadline over all. Before each of them it is asked whether it may be
 * made (forbidden.h); a blocklisted name is left out, and where the address or every name is, the probe ends, with what
 * it has learnt so far (REASON_REFUSED_BY_POLICY). The report is the probe's own; result.h turns it
 * into protobuf, cli/probe.c into JSON.
 */
#ifndef MXG_PROBE_H
#define MXG_PROBE_H

#include "cert/chain_cache.h"
#include "cert/dane.h"
#include "cert/match.h"
#include "forbidden/forbidden.h"
#include "plan/plan.h"
#include "plan/thorough.h"
#include "probe/connection.h"

#include <sys/socket.h>
#include <uv.h>

enum {
    PROBE_NAMES_MAX = 1000,     /* names a job may carry */
    PROBE_NAME_HANDSHAKES = 16, /* handshakes for names on one endpoint */
    PROBE_SHARED_AFTER = 3,     /* names with the same leaf until the rest is judged against it */
    PROBE_SHARED_DANE_MS = 500, /* after so long no further TLSA set is judged against it: 0.2 ms is what one takes, but
                                   a zone and a server can conspire for 100 */
    PROBE_RESUME_MAX = PLAN_SAVED_MAX,
};

struct probe_config {
    struct chain_cache *chains;
    const struct handshake_contexts *contexts;
    const struct dane *dane; /* NULL: TLSA records are not judged */
    const char *ehlo_name;
    struct plan_policy policy;
    bool thorough;                     /* enumerate everything behind the plan (thorough.h) */
    const struct forbidden *forbidden; /* asked before every connection; NULL: reserved addresses alone */
    uint64_t gap_ms, deadline_ms;
    struct connection_timeouts timeouts;
};

/* Time-outs as in CONNECTION_TIMEOUTS, no gap, no deadline to speak of, no DANE. ehlo_name NULL: this host's name. All
 * borrowed. */
struct probe_config probe_config_default(struct chain_cache *chains, const struct handshake_contexts *contexts,
                                         const char *ehlo_name);

struct probe_target {
    struct sockaddr_storage address;
    const char *const *names; /* A-labels; copied */
    size_t name_count;        /* 0: no SNI, certificate not named */
    bool names_only;
    const uint8_t *resume; /* struct probe_report's of the last attempt; copied; NULL: start anew */
    size_t resume_len;
    size_t judged; /* the last so many names were judged before: no connection is made for them */
    /* One for each name, NULL where it has no TLSA records; NULL altogether: none has. Copied. */
    const struct dane_set *const *tlsa;
};

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
    bool ocsp_stapled;       /* the server sent an OCSP response with it */
    bool refused;            /* blocklisted, so that no connection is made with it */
    struct dane_set *tlsa;   /* owned by the report; NULL: none were given */
    struct dane_result dane; /* of these records and the chain */
};

struct probe_report {
    struct plan plan;          /* the endpoint's facts, flags, suites seen */
    struct thorough *thorough; /* what it found, if it was asked for; else NULL */
    uint32_t disagreements;    /* facts, by bit, where plan and thorough differed */
    bool names_only;
    bool retry;         /* worth asking again later */
    enum reason reason; /* why it is not fully known; REASON_NONE = it is */
    char *refused_by;   /* what forbidden.h said of the address or the first name refused; NULL: nothing was */
    char *banner;       /* NULL if none */
    char **ehlo, **ehlo_tls;
    size_t ehlo_count, ehlo_tls_count;
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

/* The report is the callback's to keep; free it with probe_report_free(). */
typedef void probe_cb(struct probe_report *report, void *context);

struct probe;
struct probe *probe_start(uv_loop_t *loop, const struct probe_config *config, const struct probe_target *target,
                          probe_cb *on_done, void *context);
/* Ends it early; the callback comes with what was learnt (REASON_DEADLINE). */
void probe_abort(struct probe *probe);

void probe_report_free(struct probe_report **report);

/* enum cert_flag of a name's chain and of how it came; the name has a chain. */
unsigned probe_chain_flags(const struct probe_name *name);

#endif
