/* daemon.h - the frame of a program that lives in an event loop: options, log, loop, signals.
 *
 * A program is a struct daemon and a main() of a few lines:
 *
 *     if (!daemon_begin(&DAEMON, argc, argv, &status))
 *         return status;
 *     status = daemon_run(&DAEMON, &self);
 *
 * The frame owns the loop and the signals. The first SIGTERM or SIGINT drains the program, the second one ends the
 * process at once, SIGHUP reloads. While start() runs, signals kill as ever.
 */
#ifndef MXG_DAEMON_H
#define MXG_DAEMON_H

#include "base/config.h"

#include <uv.h>

/* The options that every daemon has. */
struct daemon_options {
    const char *log_level;
    bool log_json;
};
/* Rows of a program's table. */
#define DAEMON_OPTIONS(options)                                                                                        \
    {"log-level", CONFIG_TEXT, &(options).log_level, "info", "LEVEL", "debug, info, warn or error", 0, 0}, {           \
        "log-json", CONFIG_FLAG, &(options).log_json, NULL, NULL, "log JSON objects", 0, 0                             \
    }

/* What a program is, and what it does when. Each callback gets the self of daemon_run(). */
struct daemon {
    const struct config_program *program;
    const char *component;                /* what the log calls it: "worker" */
    const struct daemon_options *options; /* filled by the program's table */

    /* Opens everything, and starts handles in the loop. False: error (cap octets) holds one line that says what to do;
     * stop() closes whatever is open by then. */
    bool (*start)(void *self, uv_loop_t *loop, char *error, size_t cap);
    /* The first SIGTERM or SIGINT: ends what is under way, then stops, now or later. NULL: signals kill as ever. */
    void (*drain)(void *self, int signal);
    /* Before a second signal ends the process: says what is lost. NULL: nothing to say. */
    void (*abandon)(void *self);
    /* SIGHUP. NULL: it kills as ever. */
    void (*reload)(void *self);
    /* Closes every handle of the program, whether start() came to it or not; the frame calls it where start() failed.
     * NULL: start() opens none before it fails. */
    void (*stop)(void *self);
};

/* Loads the options (a daemon takes no operands) and opens the log. True: go on. False: exit with *status; what there
 * was to say was said. */
__attribute__((warn_unused_result)) bool daemon_begin(const struct daemon *daemon, int argc, char **argv, int *status);

/* Starts the program and runs the loop until the program has closed its handles. SIGPIPE is ignored from here on.
 * EXIT_SUCCESS, or EXIT_FAILURE if it could not start, which was said. */
__attribute__((warn_unused_result)) int daemon_run(const struct daemon *daemon, void *self);

#endif
