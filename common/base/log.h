/* log.h - structured logging: one event, one line, on standard error.
 *
 * Text form: "2026-11-23T18:00:00.123Z info worker: probe done survey=1 endpoint=127.0.0.1". JSON form: one object a
 * line, with the same keys. Field values are sanitised on output (text.h), so that remote bytes may be passed as they
 * are; a value of more than 1023 octets is cut.
 *
 *     log_info("probe done", LOG_INT("survey", id), LOG_STR("endpoint", address));
 */
#ifndef MXG_LOG_H
#define MXG_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
    const char *key; /* NULL ends the list */
    const char *text;
    int64_t number;
};

#define LOG_STR(k, v)                                                                                                  \
    { .key = (k), .text = (v) }
#define LOG_INT(k, v)                                                                                                  \
    { .key = (k), .number = (int64_t)(v) }

/* component: "coordinator", "worker", …; borrowed for the life of the process. */
void log_open(const char *component, enum log_level least, bool json);
/* "debug" … "error" to a level; false: it is none. */
bool log_level_from_name(const char *name, enum log_level *out);
/* Would a line of that level be written? */
bool log_enabled(enum log_level level);
/* One line, whatever its level. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_AT_(level, event, ...)                                                                                     \
    (log_enabled(level) ? log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}}) : (void)0)
#define log_debug(event, ...) LOG_AT_(LOG_LEVEL_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define log_info(event, ...) LOG_AT_(LOG_LEVEL_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(event, ...) LOG_AT_(LOG_LEVEL_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define log_error(event, ...) LOG_AT_(LOG_LEVEL_ERROR, event __VA_OPT__(, ) __VA_ARGS__)

#endif
