/* log.c - see log.h. A line is built in one buffer and written with one write(2), so that lines of
 * several processes on one terminal or file do not mix. */
#include "base/log.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 8192, LOG_VALUE_MAX = 1024 };

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

struct line {
    char text[LOG_LINE_MAX];
    size_t used;
};

static void put(struct line *line, const char *text) {
    size_t len = strlen(text), room = sizeof line->text - 2 - line->used;
    if (len > room)
        len = room;
    memcpy(line->text + line->used, text, len);
    line->used += len;
}

/* Quotes in both forms; after text_sanitise() only the quote and the backslash need care. */
static void put_quoted(struct line *line, const char *value) {
    char clean[LOG_VALUE_MAX];
    text_sanitise(clean, sizeof clean, value, strlen(value));
    put(line, "\"");
    for (const char *at = clean; *at; at++) {
        if (*at == '"' || *at == '\\')
            put(line, "\\");
        put(line, (char[]){*at, '\0'});
    }
    put(line, "\"");
}

static void put_pair(struct line *line, const char *key, const char *value) {
    put(line, config.json ? ",\"" : " ");
    put(line, key);
    put(line, config.json ? "\":" : "=");
    bool plain = !config.json && *value && strpbrk(value, " \"\\=") == NULL && text_is_clean(value, strlen(value));
    if (plain)
        put(line, value);
    else
        put_quoted(line, value);
}

static void put_head(struct line *line, enum log_level level, const char *event) {
    struct timespec now;
    struct tm utc;
    char stamp[40], full[64];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    snprintf(full, sizeof full, "%s.%03ldZ", stamp, now.tv_nsec / 1000000);
    if (config.json) {
        put(line, "{\"time\":");
        put_quoted(line, full);
        put_pair(line, "level", LEVELS[level]);
        put_pair(line, "component", config.component);
        put_pair(line, "event", event);
        return;
    }
    const char *const parts[] = {full, " ", LEVELS[level], " ", config.component, ": ", event};
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        put(line, parts[i]);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields) {
    struct line line;
    line.used = 0;
    put_head(&line, level, event);
    for (; fields->key; fields++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)fields->number);
        if (fields->text == NULL && config.json) {
            put(&line, ",\"");
            put(&line, fields->key);
            put(&line, "\":");
            put(&line, number);
        } else {
            put_pair(&line, fields->key, fields->text ? fields->text : number);
        }
    }
    if (config.json)
        put(&line, "}");
    line.text[line.used++] = '\n';
    if (write(STDERR_FILENO, line.text, line.used) < 0)
        return; /* nowhere left to report to */
}
