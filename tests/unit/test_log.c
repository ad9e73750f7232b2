// link: mxg_base
/* test_log.c - lines of the log in both forms, and the JSON writer that they share with `mxgrade probe --json`. */
#include "base/json.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINE_CAP = 4096 };

static const struct log_field FIELDS[] = {
    LOG_STR("plain", "mx.example"),
    LOG_STR("blank", "two words"),
    LOG_STR("quotes", "a \"b\" \\c"),
    LOG_STR("bytes", "\x1b[31m\n"),
    LOG_STR("empty", ""),
    LOG_INT("number", -5),
    {0},
};

/* What one event writes to standard error, behind the time. */
static const char *line_of(bool json, const struct log_field *fields) {
    static char line[LINE_CAP];
    int pipe_ends[2], standard_error = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    log_open("test", LOG_LEVEL_INFO, json);
    log_write(LOG_LEVEL_WARN, "it happened", fields);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(pipe_ends[1]);
    ssize_t len = read(pipe_ends[0], line, sizeof line - 1);
    close(pipe_ends[0]);
    assert_true(len > 0);
    line[len] = '\0';
    const char *behind = strchr(line, 'Z');
    assert_non_null(behind);
    return behind + 1;
}

static void text_is_quoted_where_it_must(void **state) {
    (void)state;
    assert_string_equal(line_of(false, FIELDS),
                        " warn test: it happened plain=mx.example blank=\"two words\" quotes=\"a \\\"b\\\" \\\\c\" "
                        "bytes=\"\\\\x1b[31m\\\\x0a\" empty=\"\" number=-5\n");
}

static void json_is_one_object_a_line(void **state) {
    (void)state;
    assert_string_equal(
        line_of(true, FIELDS),
        "\",\"level\":\"warn\",\"component\":\"test\",\"event\":\"it happened\",\"plain\":\"mx.example\","
        "\"blank\":\"two words\",\"quotes\":\"a \\\"b\\\" \\\\c\",\"bytes\":\"\\\\x1b[31m\\\\x0a\","
        "\"empty\":\"\",\"number\":-5}\n");
}

static void a_long_value_is_cut_and_its_line_stays_whole(void **state) {
    char long_value[3000];
    (void)state;
    memset(long_value, 'v', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    const struct log_field fields[] = {LOG_STR("long", long_value), {0}};
    const char *line = line_of(true, fields);
    assert_string_equal(line + strlen(line) - 3, "\"}\n");
    assert_int_equal(strspn(strchr(line, 'v') ? strstr(line, "vvv") : "", "v"), 1023);
}

/* The same document in either style. */
static char *document(enum json_style style) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct json json = json_to(out, style);
    json_object(&json, NULL);
    json_text(&json, "text", "\"\\\x01");
    json_text(&json, "nothing", NULL);
    json_array(&json, "list");
    json_number(&json, NULL, 1);
    json_bool(&json, NULL, false);
    json_end(&json, ']');
    json_array(&json, "none");
    json_end(&json, ']');
    json_end(&json, '}');
    fclose(out);
    return text;
}

static void a_document_is_for_people_or_compact(void **state) {
    (void)state;
    char *indented = document(JSON_INDENTED), *compact = document(JSON_COMPACT);
    assert_string_equal(indented, "{\n  \"text\": \"\\\"\\\\\\u0001\",\n  \"nothing\": null,\n  \"list\": [\n    1,\n"
                                  "    false\n  ],\n  \"none\": []\n}\n");
    assert_string_equal(compact, "{\"text\":\"\\\"\\\\\\u0001\",\"nothing\":null,\"list\":[1,false],\"none\":[]}");
    free(indented);
    free(compact);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_quoted_where_it_must),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(a_long_value_is_cut_and_its_line_stays_whole),
        cmocka_unit_test(a_document_is_for_people_or_compact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
