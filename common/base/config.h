/* config.h - one table of options a program; command line over environment over file.
 *
 * Every option --long-name may also be given as MXGRADE_LONG_NAME in the environment, or as a line
 * "long-name = value" in the file named by --config or MXGRADE_CONFIG. config_load() prints --help and
 * --version itself. Every message names the option and says what is expected.
 */
#ifndef MXG_CONFIG_H
#define MXG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MXGRADE_VERSION "0.1.0"

enum config_type {
    CONFIG_TEXT,     /* const char *; lives as long as the process */
    CONFIG_LIST,     /* the same; values given several times by one source are joined by commas */
    CONFIG_NUMBER,   /* int64_t, between least and most */
    CONFIG_FLAG,     /* bool; no argument on the command line */
    CONFIG_DURATION, /* int64_t milliseconds: 250ms, 5s, 10m, 1h; a bare number is seconds */
};

struct config_option {
    const char *name; /* long name */
    enum config_type type;
    void *target;
    const char *fallback; /* default as text; NULL: none (text NULL, flag off) */
    const char *argument; /* for --help: "FILE", "N" */
    const char *help;     /* one line for --help */
    int64_t least, most;  /* CONFIG_NUMBER; both 0 = any */
};

struct config_program {
    const char *name;    /* "mxgrade-worker" */
    const char *usage;   /* "[OPTION…]" or "submit [OPTION…] FILE|-" */
    const char *summary; /* one or more lines for --help */
    const char *notes;   /* printed behind the options; may be NULL */
    const struct config_option *options;
    size_t option_count;
};

enum config_result { CONFIG_GO, CONFIG_EXIT_OK, CONFIG_EXIT_USAGE };

/* Fills every target. CONFIG_GO: *first_operand is the index of the first argument that is no option.
 * CONFIG_EXIT_OK: help or version was printed. CONFIG_EXIT_USAGE: the mistake was printed (exit 2). */
__attribute__((warn_unused_result)) enum config_result config_load(const struct config_program *program, int argc,
                                                                   char **argv, int *first_operand);

#endif
