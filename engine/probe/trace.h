/* trace.h - what a probe does, step by step, in the log at level debug: each state entered, each SMTP line either way.
 *
 * Where that level is off, a call costs one comparison: nothing is formatted before it.
 */
#ifndef MXG_TRACE_H
#define MXG_TRACE_H

#include "probe/smtp.h"

#include <stdint.h>
#include <sys/socket.h>

enum { TRACE_LINE_MAX = 512 }; /* octets of a line that are logged */

/* Whose steps they are. */
struct trace {
    uint32_t survey; /* 0: of none; then the lines have no survey and no job */
    uint64_t job;
    const struct sockaddr *endpoint; /* borrowed */
};

/* event: "probe state", "connection state" … */
void trace_state(const struct trace *trace, const char *event, const char *state);
/* One line, with or without its end. */
void trace_sent(const struct trace *trace, const char *line);
/* The lines of a whole reply. */
void trace_reply(const struct trace *trace, const struct smtp_reply *reply);
/* What came and is no reply. */
void trace_no_reply(const struct trace *trace, const uint8_t *data, size_t len);

#endif
