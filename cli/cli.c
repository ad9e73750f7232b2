/* cli.c - see cli.h. */
#include "cli.h"

#include "base/mem.h"
#include "model/facts.h"
#include "names/name.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cli_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("mxgrade: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

bool cli_start(const struct config_program *program, int argc, char **argv, const char *operand, const char **value,
               int *exit_code) {
    int first = argc;
    enum config_result result = config_load(program, argc, argv, &first);
    *exit_code = result == CONFIG_EXIT_OK ? CLI_OK : CLI_USAGE;
    if (result != CONFIG_GO)
        return false;
    int wanted = operand ? 1 : 0;
    if (argc - first == wanted) {
        if (operand)
            *value = argv[first];
        return true;
    }
    if (argc - first < wanted)
        fprintf(stderr, "%s: %s is missing\n", program->name, operand);
    else
        fprintf(stderr, "%s: '%s' is one argument too many\n", program->name, argv[first + wanted]);
    fprintf(stderr, "Try '%s --help'.\n", program->name);
    return false;
}

struct db *cli_connect(const char *conninfo) {
    char error[1024];
    struct db *db = db_connect(conninfo, "mxgrade", error, sizeof error);
    if (db && db_check_schema(db, error, sizeof error))
        return db;
    cli_error("%s", error);
    db_close(&db);
    return NULL;
}

bool cli_survey_number(const char *text) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool good = isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && number > 0 && number <= INT32_MAX;
    if (!good)
        cli_error("'%s' is no survey number; 'mxgrade list' shows them", text);
    return good;
}

int cli_survey_verb(const struct config_program *program, int argc, char **argv, const char *const *database,
                    cli_survey_fn *run) {
    const char *survey;
    int code;
    if (!cli_start(program, argc, argv, "SURVEY", &survey, &code))
        return code;
    if (!cli_survey_number(survey))
        return CLI_USAGE;
    struct db *db = cli_connect(*database);
    code = db ? run(stdout, db, survey) : CLI_FAILED;
    db_close(&db);
    return code;
}

/* Statuses of a domain that are no reasons of facts.h. */
static const struct {
    const char *status, *text;
} STATUS_TEXTS[] = {
    {"null_mx", "the domain says that it takes no mail (RFC 7505)"},
    {"no_mail_host", "no MX and no address"},
    {"nxdomain", "the domain does not exist"},
    {"dns", "DNS gave no answer"},
};

const char *cli_reason_text(const char *key) {
    for (size_t i = 0; i < sizeof STATUS_TEXTS / sizeof *STATUS_TEXTS; i++)
        if (strcmp(STATUS_TEXTS[i].status, key) == 0)
            return STATUS_TEXTS[i].text;
    return reason_text(reason_from_key(key));
}

char *cli_name(const char *alabel) {
    char unicode[4 * NAME_CAP];
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return mem_strdup(alabel);
    name_to_unicode(unicode, sizeof unicode, alabel);
    return strcmp(unicode, alabel) == 0 ? mem_strdup(alabel) : mem_printf("%s (%s)", unicode, alabel);
}

char *cli_list_add(char *list, const char *item) {
    if (list == NULL)
        return mem_strdup(item);
    char *longer = mem_printf("%s, %s", list, item);
    free(list);
    return longer;
}

size_t cli_width(const char *text) {
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void cli_pad(FILE *out, const char *text, size_t width) {
    size_t used = cli_width(text);
    fprintf(out, "%s%*s", text, used < width ? (int)(width - used) : 0, "");
}

const char *cli_number(char *out, size_t cap, const char *digits) {
    size_t len = strlen(digits), used = 0;
    for (size_t i = 0; i < len && used + 2 < cap; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}
