/* config.c - see config.h. Defaults, file, environment and command line are applied in that order, so that the later
 * wins. Each value goes through the same set_value(). */
#include "base/config.h"

#include "base/ascii.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_LINE_MAX = 4096 };

/* Where values come from: the defaults, a file, the environment, or the command line. */
struct source {
    const struct config_program *program;
    bool *gave; /* for each option of the program: has this source given a value? */
};

/* Keeps a text for the life of the process: targets point into it. */
static char *keep_text(char *text) {
    static char **kept;
    static size_t count;
    kept = mem_realloc(kept, (count + 1) * sizeof *kept);
    return kept[count++] = text;
}

static bool parse_number(const char *text, int64_t *out) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *out = value;
    return errno == 0 && end != text && *end == '\0';
}

static bool parse_duration(const char *text, int64_t *out) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || value < 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && value <= INT64_MAX / units[i].ms) {
            *out = value * units[i].ms;
            return true;
        }
    return false;
}

static bool parse_flag(const char *text, bool *out) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2;
            return true;
        }
    return false;
}

/* NULL, or what the option expects. again: the same source gave the option a value before. */
static const char *set_value(const struct config_option *option, const char *text, bool again) {
    static char expected[96];
    const char **word = option->target;
    switch (option->type) {
    case CONFIG_TEXT:
        *word = text;
        return NULL;
    case CONFIG_LIST:
        *word = again ? keep_text(mem_printf("%s,%s", *word, text)) : text;
        return NULL;
    case CONFIG_FLAG:
        return parse_flag(text, option->target) ? NULL : "yes or no";
    case CONFIG_DURATION:
        return parse_duration(text, option->target) ? NULL : "a duration such as 250ms, 5s, 10m or 1h";
    case CONFIG_NUMBER:
        break;
    }
    int64_t value;
    bool bounded = option->least != 0 || option->most != 0;
    if (parse_number(text, &value) && (!bounded || (value >= option->least && value <= option->most))) {
        *(int64_t *)option->target = value;
        return NULL;
    }
    if (!bounded)
        return "a whole number";
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)option->least,
             (long long)option->most);
    return expected;
}

static const struct config_option *find_option(const struct config_program *program, const char *name) {
    for (size_t i = 0; i < program->option_count; i++)
        if (strcmp(program->options[i].name, name) == 0)
            return &program->options[i];
    return NULL;
}

static bool apply_value(const struct source *source, const char *where, const struct config_option *option,
                        const char *text) {
    bool *gave = &source->gave[option - source->program->options];
    const char *expected = set_value(option, text, *gave);
    *gave = true;
    if (expected)
        fprintf(stderr, "%s: %s%s: '%s' is not valid; expected %s\n", source->program->name, where, option->name, text,
                expected);
    return expected == NULL;
}

/* text without space at either end, in place. */
static char *trim(char *text) {
    while (ascii_is_space(*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && ascii_is_space(text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static bool apply_line(const struct source *source, const char *path, unsigned number, char *text) {
    char where[256], *line = trim(text), *equals = strchr(line, '=');
    if (*line == '\0' || *line == '#')
        return true;
    snprintf(where, sizeof where, "%s line %u: ", path, number);
    if (equals == NULL) {
        fprintf(stderr, "%s: %sexpected 'name = value'\n", source->program->name, where);
        return false;
    }
    *equals = '\0';
    const struct config_option *option = find_option(source->program, trim(line));
    if (option == NULL) /* one file may serve several programs */
        return true;
    /* Arguments, environment and defaults outlive the options; the line does not. */
    return apply_value(source, where, option, keep_text(mem_strdup(trim(equals + 1))));
}

static bool apply_file(const struct source *source, const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot read the configuration file '%s': %s\n", source->program->name, path,
                strerror(errno));
        return false;
    }
    char text[CONFIG_LINE_MAX];
    bool good = true;
    for (unsigned number = 1; good && fgets(text, sizeof text, file); number++)
        good = apply_line(source, path, number, text);
    fclose(file);
    return good;
}

static bool apply_environment(const struct source *source) {
    const struct config_program *program = source->program;
    for (size_t i = 0; i < program->option_count; i++) {
        char name[128] = "MXGRADE_";
        size_t used = strlen(name);
        for (const char *at = program->options[i].name; *at && used < sizeof name - 1; at++)
            name[used++] = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
        const char *text = getenv(name);
        if (text && !apply_value(source, "environment: ", &program->options[i], text))
            return false;
    }
    return true;
}

static void print_help(const struct config_program *program) {
    printf("Usage: %s %s\n%s\n\nOptions (also MXGRADE_NAME in the environment, 'name = value' in the file):\n",
           program->name, program->usage, program->summary);
    for (size_t i = 0; i < program->option_count; i++) {
        const struct config_option *option = &program->options[i];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-30s %s", left, option->help);
        if (option->fallback && option->type != CONFIG_FLAG)
            printf(" [%s]", option->fallback);
        putchar('\n');
    }
    printf("  %-30s %s\n  %-30s %s\n  %-30s %s\n", "--config FILE", "read options from FILE", "--help",
           "print this and exit", "--version", "print the version and exit");
    if (program->notes)
        printf("\n%s\n", program->notes);
}

enum { OPTION_CONFIG = 1000, OPTION_HELP, OPTION_VERSION };

static struct option *long_options(const struct config_program *program) {
    size_t n = program->option_count;
    struct option *list = mem_calloc(n + 4, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] =
            (struct option){program->options[i].name,
                            program->options[i].type == CONFIG_FLAG ? no_argument : required_argument, NULL, (int)i};
    list[n] = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
    list[n + 1] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    list[n + 2] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    return list;
}

static enum config_result usage_error(const struct config_program *program) {
    fprintf(stderr, "Try '%s --help'.\n", program->name);
    return CONFIG_EXIT_USAGE;
}

/* Walks the command line once. With apply_options false only --config, --help and --version are looked for. */
static enum config_result walk_arguments(const struct source *source, int argc, char **argv, bool apply_options,
                                         const char **file) {
    const struct config_program *program = source->program;
    struct option *options = long_options(program);
    enum config_result result = CONFIG_GO;
    optind = 0; /* start over; 0 also resets glibc's inner state */
    opterr = apply_options ? 0 : 1;
    for (int c; result == CONFIG_GO && (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == OPTION_CONFIG) {
            *file = optarg;
        } else if (c == OPTION_HELP || c == 'h') {
            print_help(program);
            result = CONFIG_EXIT_OK;
        } else if (c == OPTION_VERSION) {
            printf("%s %s\n", program->name, MXGRADE_VERSION);
            result = CONFIG_EXIT_OK;
        } else if (c == '?' ||
                   (apply_options && !apply_value(source, "--", &program->options[c], optarg ? optarg : "yes"))) {
            result = usage_error(program);
        }
    }
    free(options);
    return result;
}

static bool apply_defaults(const struct source *source) {
    const struct config_program *program = source->program;
    for (size_t i = 0; i < program->option_count; i++)
        if (program->options[i].fallback &&
            !apply_value(source, "default: ", &program->options[i], program->options[i].fallback))
            return false;
    return true;
}

/* A new source: nothing was given by it yet. */
static const struct source *next_source(const struct source *source) {
    memset(source->gave, 0, source->program->option_count * sizeof *source->gave);
    return source;
}

static enum config_result load_from(const struct source *source, int argc, char **argv) {
    const char *file = getenv("MXGRADE_CONFIG");
    enum config_result result = walk_arguments(source, argc, argv, false, &file);
    if (result != CONFIG_GO)
        return result;
    if (!apply_defaults(next_source(source)))
        return CONFIG_EXIT_USAGE;
    if ((file && !apply_file(next_source(source), file)) || !apply_environment(next_source(source)))
        return usage_error(source->program);
    return walk_arguments(next_source(source), argc, argv, true, &file);
}

enum config_result config_load(const struct config_program *program, int argc, char **argv, int *first_operand) {
    struct source source = {program, mem_calloc(program->option_count, sizeof *source.gave)};
    enum config_result result = load_from(&source, argc, argv);
    free(source.gave);
    *first_operand = optind;
    return result;
}
