// link: mxg_base
/* test_utf8.c - characters of UTF-8: what is well-formed, there and back, and what counts as white space. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_character_comes_back(void **state) {
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        char text[UTF8_MAX_OCTETS];
        uint32_t back;
        if (point == 0xd800)
            point = 0xe000;
        size_t len = utf8_encode(text, point);
        if (utf8_decode(&back, text, len) != len || back != point)
            fail_msg("U+%04X", point);
        if (len > 1 && utf8_decode(&back, text, len - 1) != 0)
            fail_msg("U+%04X, cut", point);
    }
}

static void what_is_not_well_formed_is_none(void **state) {
    (void)state;
    static const char *const texts[] = {"\x80",
                                        "\xbf",
                                        "\xc0\xaf",
                                        "\xc1\xbf",
                                        "\xc3",
                                        "\xc3\x28",
                                        "\xe0\x80\xaf",
                                        "\xed\xa0\x80",
                                        "\xe2\x28\xa1",
                                        "\xe2\x82\x28",
                                        "\xf0\x80\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80",
                                        "\xfe",
                                        "\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint32_t point;
        assert_int_equal(utf8_decode(&point, texts[i], strlen(texts[i])), 0);
    }
}

static void space_goes_from_both_ends_and_no_further(void **state) {
    (void)state;
    static const struct {
        const char *text, *left;
    } rows[] = {
        {"", ""},
        {" \t\r\n\v\f", ""},
        {"a b", "a b"},
        {"\xc2\xa0 a\xc2\xa0z \xe3\x80\x80\xef\xbb\xbf", "a\xc2\xa0z"},
        {"\xe2\x80\x8b\xe2\x80\x8b", ""},
        {"\xe2\x80\x8e"
         "a\xe2\x80\x8d",
         "\xe2\x80\x8e"
         "a\xe2\x80\x8d"},              /* direction and joiners are no space */
        {"\xa0 a \xa0", "\xa0 a \xa0"}, /* no UTF-8 */
        {" \xc2", "\xc2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        size_t len = strlen(text);
        utf8_trim(&text, &len);
        assert_int_equal(len, strlen(rows[i].left));
        assert_memory_equal(text, rows[i].left, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(what_is_not_well_formed_is_none),
        cmocka_unit_test(space_goes_from_both_ends_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
