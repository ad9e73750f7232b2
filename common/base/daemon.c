/* daemon.c - see daemon.h. */
#include "base/daemon.h"

#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

bool daemon_begin(const struct config_program *program, const char *component, const struct daemon_options *options,
                  int argc, char **argv, int *status) {
    enum log_level level;
    int operand;
    enum config_result result = config_load(program, argc, argv, &operand);
    *status = result == CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_USAGE;
    if (result != CONFIG_GO)
        return false;
    if (operand < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'; try --help\n", program->name, argv[operand]);
        return false;
    }
    if (!log_level_from_name(options->log_level, &level)) {
        fprintf(stderr, "%s: --log-level: '%s' is not valid; expected debug, info, warn or error\n", program->name,
                options->log_level);
        return false;
    }
    log_open(component, level, options->log_json);
    signal(SIGPIPE, SIG_IGN);
    return true;
}
