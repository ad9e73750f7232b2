/* cli.h - what the verbs of mxgrade share: exit codes, starting up, output.
 *
 * A verb is one function in one file. A verb loads its options with cli_start(), connects with cli_connect(), and
 * returns an exit code. Messages for people go to standard error through cli_error(), results to standard output.
 */
#ifndef MXG_CLI_H
#define MXG_CLI_H

#include "base/config.h"
#include "db/db.h"

#include <stdio.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,    /* the message says what */
    CLI_USAGE = 2,     /* the command line is wrong */
    CLI_NOT_FOUND = 3, /* no such survey or domain; probe: no address; schema status: an upgrade is needed */
};

int verb_submit(int argc, char **argv);
int verb_watch(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_summary(int argc, char **argv);
int verb_drop(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_schema(int argc, char **argv);

/* The option that every verb with a database has; target is a const char **. */
#define CLI_DATABASE_OPTION(target) DATABASE_OPTION(*(target), "PostgreSQL connection; empty: PGHOST, PGDATABASE …")

/* Prints "mxgrade: message" on standard error. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Loads the options. operand: what the one operand is called, which goes to *value; NULL: the verb takes none. False:
 * the verb ends with *exit_code, everything has been said. */
__attribute__((warn_unused_result)) bool cli_start(const struct config_program *program, int argc, char **argv,
                                                   const char *operand, const char **value, int *exit_code);

/* Connects and checks the schema. NULL: the reason has been said. Close with db_close(). */
__attribute__((warn_unused_result)) struct db *cli_connect(const char *conninfo);

/* A survey number, as text, that fits the database's integer. false: said why not. */
__attribute__((warn_unused_result)) bool cli_survey_number(const char *text);

/* What a verb does with one survey, to be shown on out; an exit code. */
typedef int cli_survey_fn(FILE *out, struct db *db, const char *survey);
/* A verb whose one operand is a survey: options, connection, run on standard output. database: where the program's
 * table puts the connection string. */
__attribute__((warn_unused_result)) int cli_survey_verb(const struct config_program *program, int argc, char **argv,
                                                        const char *const *database, cli_survey_fn *run);

/* Shows the progress of a survey until it is complete, then its numbers (watch.c). */
__attribute__((warn_unused_result)) int watch_survey(FILE *out, struct db *db, const char *survey);

/* Prints the numbers of a survey (summary.c). */
__attribute__((warn_unused_result)) int summary_print(FILE *out, struct db *db, const char *survey);

/* The sentence for a reason (facts.h), or for an mx_status that means no mail; "" for "". */
const char *cli_reason_text(const char *key);

/* A domain or an exchange for people: "bücher.example (xn--bcher-kva.example)" where its Unicode form is safe to show
 * (name_to_unicode()) and the terminal's locale knows UTF-8, else the A-label alone. The caller frees. */
char *cli_name(const char *alabel);

/* list with ", item" behind it, or item alone where list is NULL. Takes list over; the caller frees what comes back. */
char *cli_list_add(char *list, const char *item);

/* Columns that text takes on a terminal; combining marks and wide letters aside. */
size_t cli_width(const char *text);

/* Writes text, then blanks up to width columns. */
void cli_pad(FILE *out, const char *text, size_t width);

/* A number with a comma between thousands. out: 32 octets or more. */
const char *cli_number(char *out, size_t cap, const char *digits);

#endif
