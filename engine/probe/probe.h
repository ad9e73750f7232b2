/* probe.h - one endpoint from the first connection to the last: runs the plan, then judges the exchange names.
 *
 * One connection at a time, a gap between two, a deadline over all. Before each of them it is asked whether it may be
 * made (forbidden.h). A blocklisted name is left out; where the address or every name is blocklisted, the probe ends
 * with what it has learnt so far (REASON_REFUSED_BY_POLICY). What comes of it: probe_report.h.
 */
#ifndef MXG_PROBE_H
#define MXG_PROBE_H

#include "forbidden/forbidden.h"
#include "probe/probe_report.h"

#include <sys/socket.h>
#include <uv.h>

enum { PROBE_NAMES_MAX = 1000 }; /* names a job may carry */

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

/* Time-outs as in CONNECTION_TIMEOUTS, no gap, no deadline to speak of, no DANE. ehlo_name NULL: this host's name
 * (ehlo_name.h). All borrowed. */
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
    uint32_t survey; /* whose probe it is, for the trace (trace.h); 0: of none */
    uint64_t job;
};

/* The report is the callback's to keep; free it with probe_report_free(). */
typedef void probe_cb(struct probe_report *report, void *context);

struct probe;
/* config: borrowed until the callback, which comes exactly once, never from within this call. */
struct probe *probe_start(uv_loop_t *loop, const struct probe_config *config, const struct probe_target *target,
                          probe_cb *on_done, void *context);
/* Ends it early; the callback comes with what was learnt (REASON_DEADLINE). */
void probe_abort(struct probe *probe);

#endif
