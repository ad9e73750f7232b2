/* log.c - see log.h. A line is built in memory and written with one write(2), so that lines of
 * several processes on one terminal or file do not mix. */
#include "base/log.h"

#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_VALUE_MAX = 1024 /* octets of a field's text; a longer one is cut */ };

static struct {
    const char *component;
    enum log_level least;
    bool json;
} config = {"mxgrade", LOG_LEVEL_INFO, false};

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

void log_open(const char *component, enum log_level least, bool json) {
    config.component = component;
    config.least = least;
    config.json = json;
}

bool log_level_from_name(const char *name, enum log_level *out) {
    for (unsigned i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
        if (strcmp(name, LEVELS[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

bool log_enabled(enum log_level level) { return level >= config.least; }

/* "2026-11-23T18:00:00.123Z", now. */
static void format_time(char *out, size_t cap) {
    struct timespec now;
    struct tm utc;
    char seconds[40];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    snprintf(out, cap, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* Does a sanitised value need no quotes in the text form? */
static bool is_plain(const char *value) { return *value && strpbrk(value, " \"\\=") == NULL; }

static void write_text(FILE *out, enum log_level level, const char *event, const struct log_field *fields) {
    char text[LOG_VALUE_MAX];
    format_time(text, sizeof text);
    fprintf(out, "%s %s %s: %s", text, LEVELS[level], config.component, event);
    for (; fields->key; fields++) {
        fprintf(out, " %s=", fields->key);
        if (fields->text == NULL) {
            fprintf(out, "%" PRId64, fields->number);
            continue;
        }
        text_sanitise(text, sizeof text, fields->text, strlen(fields->text));
        if (is_plain(text))
            fputs(text, out);
        else
            json_quote(out, text);
    }
}

static void write_json(FILE *out, enum log_level level, const char *event, const struct log_field *fields) {
    struct json json = json_to(out, JSON_COMPACT);
    char text[LOG_VALUE_MAX];
    format_time(text, sizeof text);
    json_object(&json, NULL);
    json_text(&json, "time", text);
    json_text(&json, "level", LEVELS[level]);
    json_text(&json, "component", config.component);
    json_text(&json, "event", event);
    for (; fields->key; fields++) {
        if (fields->text == NULL) {
            json_number(&json, fields->key, fields->number);
        } else {
            text_sanitise(text, sizeof text, fields->text, strlen(fields->text));
            json_text(&json, fields->key, text);
        }
    }
    json_end(&json, '}');
}

void log_write(enum log_level level, const char *event, const struct log_field *fields) {
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    if (out == NULL)
        return;
    (config.json ? write_json : write_text)(out, level, event, fields);
    fputc('\n', out);
    /* A failure has nowhere left to be reported to. */
    if (fclose(out) == 0 && write(STDERR_FILENO, line, len) < 0)
        len = 0;
    free(line);
}
