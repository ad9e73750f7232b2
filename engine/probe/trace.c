/* trace.c - see trace.h. */
#include "probe/trace.h"

#include "base/log.h"
#include "base/text.h"
#include "names/address.h"

#include <stdio.h>
#include <string.h>

static bool is_traced(void) { return log_enabled(LOG_LEVEL_DEBUG); }

static void write_event(const struct trace *trace, const char *event, const char *key, const char *value) {
    enum { OF_JOBS_ALONE = 2 };
    char endpoint[INET6_ADDRSTRLEN];
    address_text(endpoint, trace->endpoint);
    const struct log_field fields[] = {LOG_INT("survey", trace->survey),
                                       LOG_INT("job", trace->job),
                                       LOG_STR("endpoint", endpoint),
                                       LOG_STR(key, value),
                                       {0}};
    log_write(LOG_LEVEL_DEBUG, event, trace->survey ? fields : fields + OF_JOBS_ALONE);
}

void trace_state(const struct trace *trace, const char *event, const char *state) {
    if (is_traced())
        write_event(trace, event, "state", state);
}

/* Without the line's end. */
static void write_line(const struct trace *trace, const char *event, const void *line, size_t len) {
    const char *text = line;
    char clean[TRACE_LINE_MAX + 1];
    while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == '\n'))
        len--;
    text_sanitise(clean, sizeof clean, line, len);
    write_event(trace, event, "line", clean);
}

void trace_sent(const struct trace *trace, const char *line) {
    if (is_traced())
        write_line(trace, "smtp sent", line, strlen(line));
}

void trace_reply(const struct trace *trace, const struct smtp_reply *reply) {
    if (!is_traced())
        return;
    for (size_t i = 0; i < reply->line_count; i++) {
        char line[TRACE_LINE_MAX + 1];
        int len = snprintf(line, sizeof line, "%u%c%s", reply->code, i + 1 < reply->line_count ? '-' : ' ',
                           smtp_reply_line(reply, i));
        write_line(trace, "smtp received", line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
    }
}

void trace_no_reply(const struct trace *trace, const uint8_t *data, size_t len) {
    if (is_traced())
        write_line(trace, "smtp received", data, len);
}
