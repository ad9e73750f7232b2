/* daemon.h - how the long-running programs begin: options, log, signals that must not kill.
 */
#ifndef MXG_DAEMON_H
#define MXG_DAEMON_H

#include "base/config.h"

/* The options that every daemon has; rows of its table. */
struct daemon_options {
    const char *log_level;
    bool log_json;
};
#define DAEMON_OPTIONS(options)                                                                                        \
    {"log-level", CONFIG_TEXT, &(options).log_level, "info", "LEVEL", "debug, info, warn or error", 0, 0}, {           \
        "log-json", CONFIG_FLAG, &(options).log_json, NULL, NULL, "log JSON objects", 0, 0                             \
    }

/* Loads the options (a daemon takes no operands), opens the log as component, ignores SIGPIPE. True: go on. False: exit
 * with *status; what there was to say was said. */
__attribute__((warn_unused_result)) bool daemon_begin(const struct config_program *program, const char *component,
                                                      const struct daemon_options *options, int argc, char **argv,
                                                      int *status);

#endif
