// link: mxg_base
/* Sanitising: whatever a stranger sends comes out as clean UTF-8 that fits. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hostile_bytes_become_escapes(void **state) {
    (void)state;
    static const struct {
        const char *data;
        size_t len;
        const char *clean;
    } rows[] = {
        {"", 0, ""},
        {"220 mail.example.org ESMTP", 26, "220 mail.example.org ESMTP"},
        {"b\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7", 10, "b\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7"},
        {"a\0b", 3, "a\\x00b"},
        {"\x1b[31m", 5, "\\x1b[31m"},
        {"\r\n\t\x7f", 4, "\\x0d\\x0a\\x09\\x7f"},
        {"\xc2\x9b", 2, "\\xc2\\x9b"},                   /* C1: CSI of 8-bit terminals */
        {"\xc0\xaf", 2, "\\xc0\\xaf"},                   /* overlong */
        {"\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf"},          /* overlong */
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},          /* surrogate */
        {"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"}, /* past U+10FFFF */
        {"\xe2\x82", 2, "\\xe2\\x82"},                   /* cut short */
        {"\xff\xfe", 2, "\\xff\\xfe"},
        {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},                      /* U+202E: the rest is shown from right to left */
        {"\xe2\x81\xa7", 3, "\\xe2\\x81\\xa7"},                      /* U+2067: likewise */
        {"\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8"},                      /* U+2028: a new line for some */
        {"\xe2\x80\xaf\xe2\x81\xa5", 6, "\xe2\x80\xaf\xe2\x81\xa5"}, /* their neighbours are harmless */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64];
        size_t used = text_sanitise(out, sizeof out, rows[i].data, rows[i].len);
        assert_string_equal(out, rows[i].clean);
        assert_int_equal(used, strlen(rows[i].clean));
        assert_true(text_is_clean(out, used));
        assert_int_equal(text_is_clean(rows[i].data, rows[i].len), rows[i].len == used);
    }
}

static void text_is_cut_at_a_characters_edge(void **state) {
    (void)state;
    char out[6];
    for (size_t cap = 1; cap <= sizeof out; cap++) {
        size_t used = text_sanitise(out, cap, "\xe2\x82\xac\xe2\x82\xac", 6);
        assert_int_equal(used, (cap - 1) / 3 * 3);
        assert_int_equal(out[used], '\0');
        used = text_sanitise(out, cap, "\x01\x02", 2);
        assert_int_equal(used, (cap - 1) / 4 * 4);
    }
}

static void fresh_memory_holds_at_most_what_was_asked_for(void **state) {
    (void)state;
    static char big[100000];
    memset(big, '\x01', sizeof big);
    char *text = text_sanitise_dup(big, sizeof big, 1000);
    assert_int_equal(strlen(text), 1000);
    free(text);
    text = text_sanitise_dup("\xff", 1, 1000);
    assert_string_equal(text, "\\xff");
    free(text);
    text = text_sanitise_dup(NULL, 0, 0);
    assert_string_equal(text, "");
    free(text);
}

static void lines_stay_lines(void **state) {
    static const struct {
        const char *in, *out;
        size_t max;
    } table[] = {{"a\r\nb\nc", "a\nb\nc\n", 99}, {"", "", 99},
                 {"\n\n", "\n\n", 99},           {"a\rb\x1b", "a\\x0db\\x1b\n", 99},
                 {"abc\ndef", "abc\n", 4},       {"\r\n", "\n", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *out = text_sanitise_lines(table[i].in, strlen(table[i].in), table[i].max);
        assert_string_equal(out, table[i].out);
        free(out);
    }
}

static void octets_become_hexadecimal(void **state) {
    (void)state;
    char out[7];
    text_hex(out, (const uint8_t[]){0x00, 0xa9, 0xff}, 3);
    assert_string_equal(out, "00a9ff");
    text_hex(out, NULL, 0);
    assert_string_equal(out, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_bytes_become_escapes),
        cmocka_unit_test(text_is_cut_at_a_characters_edge),
        cmocka_unit_test(fresh_memory_holds_at_most_what_was_asked_for),
        cmocka_unit_test(lines_stay_lines),
        cmocka_unit_test(octets_become_hexadecimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
