/* main.c - mxgrade: a table of verbs. */
#include "cli.h"

#include "base/log.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static struct verb {
    char title[32]; /* "mxgrade verb": what the verb's messages begin with */
    int (*run)(int argc, char **argv);
    const char *help;
} VERBS[] = {
    {"mxgrade submit", verb_submit, "store a list of domains as a new survey"},
    {"mxgrade watch", verb_watch, "show a survey's progress until it is complete"},
    {"mxgrade list", verb_list, "list the surveys"},
    {"mxgrade summary", verb_summary, "show a survey in numbers"},
    {"mxgrade report", verb_report, "show the grade of a domain and everything behind it"},
    {"mxgrade drop", verb_drop, "remove a survey and everything learnt in it"},
    {"mxgrade probe", verb_probe, "ask one mail server now, without a database"},
    {"mxgrade doctor", verb_doctor, "look whether everything that a survey needs is here"},
    {"mxgrade schema", verb_schema, "upgrade the database, or show its state"},
};
enum { VERB_COUNT = sizeof VERBS / sizeof *VERBS, VERB_OFFSET = sizeof "mxgrade " - 1 };

static void print_help(FILE *out) {
    fputs("Usage: mxgrade VERB [OPTION…]\n"
          "Grades how safely mail servers take delivery over TLS.\n\nVerbs:\n",
          out);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(out, "  %-10s %s\n", VERBS[i].title + VERB_OFFSET, VERBS[i].help);
    fputs("\n'mxgrade VERB --help' tells a verb's options.\n\n"
          "Exit status: 0 done; 1 failed, the message says why; 2 wrong usage;\n"
          "3 no such survey or domain, or (schema status) an upgrade is needed.\n",
          out);
}

int main(int argc, char **argv) {
    log_open("mxgrade", LOG_LEVEL_WARN, false);
    setlocale(LC_CTYPE, ""); /* cli_name() asks what the terminal can show */
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(word, "--version") == 0) {
        puts("mxgrade " MXGRADE_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(word, VERBS[i].title + VERB_OFFSET) == 0) {
            argv[1] = VERBS[i].title;
            int code = VERBS[i].run(argc - 1, argv + 1);
            if (fflush(stdout) == 0 && !ferror(stdout))
                return code;
            cli_error("cannot write to standard output");
            return code == CLI_OK ? CLI_FAILED : code;
        }
    if (*word)
        cli_error("there is no verb '%s'; try 'mxgrade --help'", word);
    else
        print_help(stderr);
    return CLI_USAGE;
}
