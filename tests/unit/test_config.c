// link: mxg_base
/* Options: one table, four sources, and a message that names the option for every mistake. */
#include "base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    const char *text, *list;
    int64_t number, duration;
    bool flag;
} given;

static const struct config_option OPTIONS[] = {
    {"a-text", CONFIG_TEXT, &given.text, "fallback", "TEXT", "a text", 0, 0},
    {"list", CONFIG_LIST, &given.list, NULL, "WORD", "words", 0, 0},
    {"number", CONFIG_NUMBER, &given.number, "7", "N", "a number", 1, 10},
    {"wait", CONFIG_DURATION, &given.duration, "5s", "TIME", "a duration", 0, 0},
    {"flag", CONFIG_FLAG, &given.flag, NULL, NULL, "a flag", 0, 0},
};

static const struct config_program PROGRAM = {.name = "mxgrade-test",
                                              .usage = "[OPTION…] FILE",
                                              .summary = "Tests.",
                                              .options = OPTIONS,
                                              .option_count = sizeof OPTIONS / sizeof *OPTIONS};

static int operand;
static char file_path[] = "/tmp/mxgrade-test-config-XXXXXX";

/* Loads the words up to NULL as a command line. */
static enum config_result load(const char *const *words) {
    char *argv[16] = {"mxgrade-test"};
    int argc = 1;
    memset(&given, 0, sizeof given);
    for (; words[argc - 1]; argc++)
        memcpy(&argv[argc], &words[argc - 1], sizeof *argv);
    return config_load(&PROGRAM, argc, argv, &operand);
}
#define LOAD(...) load((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void write_file(const char *content) {
    FILE *file = fopen(file_path, "we");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
    (void)state;
    unsetenv("MXGRADE_A_TEXT");
    unsetenv("MXGRADE_NUMBER");
    unsetenv("MXGRADE_CONFIG");
    return 0;
}

static void defaults_apply_when_nothing_is_said(void **state) {
    (void)state;
    assert_int_equal(LOAD("list.txt"), CONFIG_GO);
    assert_string_equal(given.text, "fallback");
    assert_int_equal(given.number, 7);
    assert_int_equal(given.duration, 5000);
    assert_false(given.flag);
    assert_int_equal(operand, 1);
}

static void the_command_line_beats_the_environment_beats_the_file(void **state) {
    (void)state;
    write_file("# comment\n\n a-text =  from file \nnumber=2\nflag = yes\nof-another-program = 1\n");
    assert_int_equal(LOAD("--config", file_path), CONFIG_GO);
    assert_string_equal(given.text, "from file");
    assert_int_equal(given.number, 2);
    assert_true(given.flag);
    setenv("MXGRADE_A_TEXT", "from environment", 1);
    setenv("MXGRADE_NUMBER", "3", 1);
    setenv("MXGRADE_CONFIG", file_path, 1);
    assert_int_equal(LOAD("--number", "4"), CONFIG_GO);
    assert_string_equal(given.text, "from environment");
    assert_int_equal(given.number, 4);
    assert_true(given.flag);
}

/* A list that is given twice is longer; but a source that is stronger replaces what weaker ones gave. */
static void a_list_may_be_given_several_times(void **state) {
    (void)state;
    assert_int_equal(LOAD("x"), CONFIG_GO);
    assert_null(given.list);
    assert_int_equal(LOAD("--list", "a", "--list=b,c", "--list", "d"), CONFIG_GO);
    assert_string_equal(given.list, "a,b,c,d");
    write_file("list = f\nnumber = 2\nlist = g\n");
    assert_int_equal(LOAD("--config", file_path), CONFIG_GO);
    assert_string_equal(given.list, "f,g");
    setenv("MXGRADE_LIST", "e", 1);
    assert_int_equal(LOAD("--config", file_path), CONFIG_GO);
    assert_string_equal(given.list, "e");
    assert_int_equal(LOAD("--config", file_path, "--list", "a"), CONFIG_GO);
    assert_string_equal(given.list, "a");
    assert_int_equal(LOAD("--a-text", "a", "--a-text", "b"), CONFIG_GO);
    assert_string_equal(given.text, "b");
    unsetenv("MXGRADE_LIST");
}

static void options_may_stand_behind_operands(void **state) {
    (void)state;
    assert_int_equal(LOAD("list.txt", "--number=9", "--flag"), CONFIG_GO);
    assert_int_equal(given.number, 9);
    assert_int_equal(operand, 3);
    assert_int_equal(LOAD("--", "--number"), CONFIG_GO);
    assert_int_equal(given.number, 7);
    assert_int_equal(operand, 2);
}

static void durations_have_units(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"250ms", 250},  {"0", 0},        {"3", 3000},     {"3s", 3000},
                {"10m", 600000}, {"2h", 7200000}, {"1d", 86400000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(LOAD("--wait", rows[i].text), CONFIG_GO);
        assert_int_equal(given.duration, rows[i].ms);
    }
}

static void every_mistake_is_a_usage_error(void **state) {
    (void)state;
    assert_int_equal(LOAD("--no-such-option"), CONFIG_EXIT_USAGE);
    assert_int_equal(LOAD("--number"), CONFIG_EXIT_USAGE);
    static const char *const numbers[] = {"", "x", "1x", "0", "11", "99999999999999999999", "1.5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(LOAD("--number", numbers[i]), CONFIG_EXIT_USAGE);
    static const char *const durations[] = {"", "s", "-1s", "1 s", "1w", "9223372036854775807d"};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        assert_int_equal(LOAD("--wait", durations[i]), CONFIG_EXIT_USAGE);
    assert_int_equal(LOAD("--config", "/no/such/file"), CONFIG_EXIT_USAGE);
    write_file("number 3\n");
    assert_int_equal(LOAD("--config", file_path), CONFIG_EXIT_USAGE);
    write_file("number = many\n");
    assert_int_equal(LOAD("--config", file_path), CONFIG_EXIT_USAGE);
    setenv("MXGRADE_NUMBER", "many", 1);
    assert_int_equal(LOAD("x"), CONFIG_EXIT_USAGE);
}

static void help_and_version_end_well(void **state) {
    (void)state;
    assert_int_equal(LOAD("--help"), CONFIG_EXIT_OK);
    assert_int_equal(LOAD("-h"), CONFIG_EXIT_OK);
    assert_int_equal(LOAD("--version"), CONFIG_EXIT_OK);
}

/* By contract texts live as long as the process, and a process loads its options once; this one does often. */

int main(void) {
    int fd = mkstemp(file_path);
    if (fd < 0)
        return 1;
    close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_apply_when_nothing_is_said, setup),
        cmocka_unit_test_setup(the_command_line_beats_the_environment_beats_the_file, setup),
        cmocka_unit_test_setup(a_list_may_be_given_several_times, setup),
        cmocka_unit_test_setup(options_may_stand_behind_operands, setup),
        cmocka_unit_test_setup(durations_have_units, setup),
        cmocka_unit_test_setup(every_mistake_is_a_usage_error, setup),
        cmocka_unit_test_setup(help_and_version_end_well, setup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file_path);
    return failed;
}
