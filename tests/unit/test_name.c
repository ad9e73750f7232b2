// link: mxg_names
/* Domain names: what a line of a list, or a name from DNS, becomes. */
#include "names/name.h"
#include "names/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *input;
    enum name_error error;
    const char *name;
};

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void check_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char name[NAME_CAP];
        enum name_error error = name_from_line(name, rows[i].input, strlen(rows[i].input));
        if (error != rows[i].error || strcmp(name, rows[i].name) != 0)
            fail_msg("row %zu '%s': got %d '%s'", i, rows[i].input, (int)error, name);
    }
}

static void good_names_become_lower_case_a_labels(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"example.org", NAME_OK, "example.org"},
        {"ExAmPLE.Org.", NAME_OK, "example.org"},
        {" \t example.org \r\n", NAME_OK, "example.org"},
        {"\xef\xbb\xbf"
         "example.org\r",
         NAME_OK, "example.org"},
        {"_dmarc.example.org", NAME_OK, "_dmarc.example.org"},
        {"a--b.example.org", NAME_OK, "a--b.example.org"},
        {"3com.com", NAME_OK, "3com.com"},
        {"1.2.3.4.example", NAME_OK, "1.2.3.4.example"},
        {L63 "." L63 "." L63 "."
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         NAME_OK,
         L63 "." L63 "." L63 "."
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"bücher.example", NAME_OK, "xn--bcher-kva.example"},
        {"BÜCHER.example", NAME_OK, "xn--bcher-kva.example"},
        {"bu\xcc\x88"
         "cher.example",
         NAME_OK, "xn--bcher-kva.example"},
        {"straße.de", NAME_OK, "xn--strae-oqa.de"},
        {"пример。испытание", NAME_OK, "xn--e1afmkfd.xn--80akhbyknj4f"},
        {"_sip.bücher.example", NAME_OK, "_sip.xn--bcher-kva.example"},
        {"xn--i-7iq.ws", NAME_OK, "xn--i-7iq.ws"}, /* an emoji domain, sold and alive */
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void every_mistake_has_its_own_reason(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", NAME_EMPTY, ""},
        {" \t\r\n", NAME_EMPTY, ""},
        {"\xef\xbb\xbf", NAME_EMPTY, ""},
        {"# a list", NAME_COMMENT, ""},
        {"user@example.org", NAME_EMAIL, ""},
        {"https://example.org/", NAME_URL, ""},
        {"https://user@example.org/", NAME_URL, ""},
        {"example.org/path", NAME_URL, ""},
        {"192.0.2.1", NAME_ADDRESS, ""},
        {"192.0.2.0/24", NAME_ADDRESS, ""},
        {"2001:db8::1", NAME_ADDRESS, ""},
        {"[192.0.2.1]", NAME_ADDRESS, ""},
        {"mail.example.1", NAME_ADDRESS, ""},
        {"localhost", NAME_SINGLE_LABEL, ""},
        {"com.", NAME_SINGLE_LABEL, ""},
        {L63 "." L63 "." L63 "." L63, NAME_TOO_LONG, ""},
        {L63 "a.org", NAME_LABEL_TOO_LONG, ""},
        {".", NAME_EMPTY_LABEL, ""},
        {"..", NAME_EMPTY_LABEL, ""},
        {".example.org", NAME_EMPTY_LABEL, ""},
        {"example..org", NAME_EMPTY_LABEL, ""},
        {"bücher..org", NAME_EMPTY_LABEL, ""},
        {"-a.org", NAME_HYPHEN, ""},
        {"a-.org", NAME_HYPHEN, ""},
        {"exa mple.org", NAME_CHARACTER, ""},
        {"example.org:25", NAME_CHARACTER, ""},
        {"*.example.org", NAME_CHARACTER, ""},
        {"exam\x1b[31mple.org", NAME_CHARACTER, ""},
        {"a';DROP TABLE domain;--.org", NAME_CHARACTER, ""},
        {"b\xfc"
         "cher.example",
         NAME_NOT_UTF8, ""},
        {"\xc0\xaf.example", NAME_NOT_UTF8, ""},
        {"\xed\xa0\x80.example", NAME_NOT_UTF8, ""},
        {"i❤.ws", NAME_IDNA_CHARACTER, ""},
        {"a\xe2\x80\x8d"
         "ü.example",
         NAME_IDNA_CONTEXT, ""}, /* a joiner without anything to join */
        {"\xcc\x88"
         "ü.example",
         NAME_IDNA_MARK, ""},
        {"א1ü.example", NAME_IDNA_DIRECTION, ""},
        {"xn--ü.example", NAME_IDNA_ALABEL, ""},
        {"bü--cher.example", NAME_IDNA_HYPHENS, ""},
        {"-ü.example", NAME_HYPHEN, ""},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
    for (int i = NAME_EMPTY; i < NAME_ERROR_COUNT; i++)
        assert_true(strlen(name_error_text((enum name_error)i)) > 3);
    assert_string_equal(name_error_text((enum name_error)999), "no valid domain name");
}

static void a_nul_or_an_endless_line_is_rejected_not_cut(void **state) {
    (void)state;
    char name[NAME_CAP], line[4096];
    assert_int_equal(name_from_line(name, "example.org\0.net", 16), NAME_CHARACTER);
    assert_int_equal(name_from_line(name,
                                    "b\xc3\xbc"
                                    "cher\0.net",
                                    12),
                     NAME_CHARACTER);
    memset(line, 'a', sizeof line);
    assert_int_equal(name_from_line(name, line, sizeof line), NAME_TOO_LONG);
    for (size_t i = 0; i + 1 < sizeof line; i += 2)
        line[i] = '\xc3', line[i + 1] = '\xbc';
    assert_int_equal(name_from_line(name, line, 200), NAME_LABEL_TOO_LONG);
    assert_int_equal(name_from_line(name, line, sizeof line), NAME_TOO_LONG);
}

static void writing_direction_cannot_be_turned_round(void **state) {
    (void)state;
    char name[NAME_CAP];
    const char override[] = {'\xe2', '\x80', '\xae', 'g', 'r', 'o', '.', 'a', 'b'};
    assert_int_equal(name_from_line(name, override, sizeof override), NAME_IDNA_CHARACTER);
}

/* As a web page, a word processor or a spreadsheet leaves it round a word. */
static void white_space_of_any_kind_round_a_name_goes(void **state) {
    (void)state;
    static const char *const spaces[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe1\xa0\x8e",
        "\xe2\x80\x80", "\xe2\x80\x87", "\xe2\x80\x8a", "\xe2\x80\x8b",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
        "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf", "\xc2\xa0 \t\xe3\x80\x80",
    };
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char line[64], name[NAME_CAP];
        int len = snprintf(line, sizeof line, "%sexample.org%s\r\n", spaces[i], spaces[i]);
        assert_int_equal(name_from_line(name, line, (size_t)len), NAME_OK);
        assert_string_equal(name, "example.org");
        len = snprintf(line, sizeof line, "%s# note", spaces[i]);
        assert_int_equal(name_from_line(name, line, (size_t)len), NAME_COMMENT);
        assert_int_equal(name_from_line(name, spaces[i], strlen(spaces[i])), NAME_EMPTY);
    }
}

static void a_reason_names_the_character_at_fault(void **state) {
    (void)state;
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"example.org", ""},
        {"example.org\xe2\x80\x8e", "U+200E is not allowed in a name"}, /* nobody sees it */
        {"\xc2\xa0 ex\xe2\x80\x91mple.org", "U+2011 is not allowed in a name"},
        {"\xe2\x80\x9c"
         "example.org\xe2\x80\x9d",
         "U+201C is not allowed in a name"},
        {"b\xc3\xbc.i\xe2\x9d\xa4.ws", "U+2764 is not allowed in a name"}, /* not the letter before it */
        {"\xf0\x9f\x92\xa9.example", "U+1F4A9 is not allowed in a name"},
        {"exa mple.org", "U+0020 (space) is not allowed in a name"},
        {"*.example.org", "U+002A (*) is not allowed in a name"},
        {"example.org;comment", "U+003B (;) is not allowed in a name"},
        {"exam\x1b[31mple.org", "U+001B is not allowed in a name"},
        {"a\xe2\x80\x8d\xc3\xbc.example", "U+200D stands only beside certain others (RFC 5892)"},
        {"example..org", "an empty label (two dots in a row, or a leading dot)"},
        {"user@example.org", "an e-mail address: submit the part behind the @"},
        {"b\xfc"
         "cher.example",
         "neither ASCII nor UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[NAME_CAP], reason[NAME_REASON_CAP];
        enum name_error error = name_from_line(name, rows[i].text, strlen(rows[i].text));
        name_reason(reason, error, rows[i].text, strlen(rows[i].text));
        assert_string_equal(reason, rows[i].reason);
    }
    char reason[NAME_REASON_CAP];
    const char override[] = {'\xe2', '\x80', '\xae', 'g', 'r', 'o', '.', 'a', 'b'};
    name_reason(reason, NAME_IDNA_CHARACTER, override, sizeof override);
    assert_string_equal(reason, "U+202E is not allowed in a name");
    name_reason(reason, NAME_CHARACTER, "nul\0.org", 8);
    assert_string_equal(reason, "U+0000 is not allowed in a name");
    name_reason(reason, NAME_CHARACTER, "", 0); /* nothing to be found */
    assert_string_equal(reason, "a character that domain names do not have");
}

static void no_two_octets_crash_or_pass_unclean(void **state) {
    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        char name[NAME_CAP], line[] = {'a', (char)(i >> 8), (char)(i & 255), 'b', '.', 'd', 'e'};
        if (name_from_line(name, line, sizeof line) == NAME_OK)
            assert_true(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(name) && strlen(name) >= 3);
        else
            assert_string_equal(name, "");
    }
}

static void names_from_dns_are_checked_and_lowered(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"MX1.Example.ORG.", NAME_OK, "mx1.example.org"},
        {"mx1.example.org", NAME_OK, "mx1.example.org"},
        {"_mx.example.org.", NAME_OK, "_mx.example.org"},
        {"localhost.", NAME_SINGLE_LABEL, "localhost"},
        {"192.0.2.1.", NAME_ADDRESS, "192.0.2.1"},
        {"2001:DB8::1", NAME_ADDRESS, "2001:db8::1"},
        {"::ffff:192.0.2.1", NAME_ADDRESS, "::ffff:192.0.2.1"},
        {"::\x1b[31m", NAME_CHARACTER, ""},
        {"a:b:\xff", NAME_CHARACTER, ""},
        {"", NAME_EMPTY_LABEL, ""},
        {".", NAME_EMPTY_LABEL, ""},
        {"a..b.", NAME_EMPTY_LABEL, ""},
        {"ma\\032il.example.org.", NAME_CHARACTER, ""},
        {"b\xc3\xbc"
         "cher.example.",
         NAME_CHARACTER, ""},
        {L63 "." L63 "." L63 "." L63 ".", NAME_TOO_LONG, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[NAME_CAP];
        assert_int_equal(name_from_dns(name, rows[i].input), rows[i].error);
        assert_string_equal(name, rows[i].name);
    }
}

static void people_see_unicode_only_where_it_is_the_same_name(void **state) {
    (void)state;
    static const struct {
        const char *alabel, *shown;
    } rows[] = {
        {"xn--bcher-kva.example", "bücher.example"},
        {"example.org", "example.org"},
        {"xn--i-7iq.ws", "xn--i-7iq.ws"}, /* not IDNA2008 */
        {"xn--.example", "xn--.example"}, /* nothing encoded */
        {"xn--e1afmkfd.xn--80akhbyknj4f", "пример.испытание"},
        {"mx1.xn--zckzah", "mx1.テスト"},
        {"xn--fiq228c5hs.example", "中文网.example"},
        {"xn--strae-oqa.de", "straße.de"},
        {"xn--4dbrk0ce.example", "ישראל.example"},
        {"xn--mgbh0fb.example", "مثال.example"},
        {"xn--a-0000000000.de", "xn--a-0000000000.de"}, /* no punycode */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char shown[256];
        name_to_unicode(shown, sizeof shown, rows[i].alabel);
        assert_string_equal(shown, rows[i].shown);
    }
    char small[8];
    name_to_unicode(small, sizeof small, "xn--bcher-kva.example");
    assert_string_equal(small, "xn--bch");
}

static void what_could_mislead_is_shown_as_an_a_label_alone(void **state) {
    (void)state;
    static const char *const names[] = {
        "xn--80ak6aa92e.com",      /* apple, in Cyrillic letters only */
        "xn--pypal-4ve.com",       /* paypal with one Cyrillic letter */
        "xn--0xaemq.example",      /* Greek letters, all of them like Latin ones */
        "mx.xn--80ak6aa92e.com",   /* whichever label it is */
        "xn--gogle-314d.example",  /* a Japanese dash among Latin letters */
        "xn--ll-0ea.example",      /* a middle dot */
        "xn--11b1b4d208i.example", /* a joiner, which nobody sees */
        "xn--x-ccb.example",       /* a mark that stacks: x with a circumflex */
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char shown[256], name[NAME_CAP];
        name_to_unicode(shown, sizeof shown, names[i]);
        assert_string_equal(shown, names[i]);
        assert_int_equal(name_from_line(name, names[i], strlen(names[i])), NAME_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_become_lower_case_a_labels),
        cmocka_unit_test(every_mistake_has_its_own_reason),
        cmocka_unit_test(a_nul_or_an_endless_line_is_rejected_not_cut),
        cmocka_unit_test(writing_direction_cannot_be_turned_round),
        cmocka_unit_test(white_space_of_any_kind_round_a_name_goes),
        cmocka_unit_test(a_reason_names_the_character_at_fault),
        cmocka_unit_test(no_two_octets_crash_or_pass_unclean),
        cmocka_unit_test(names_from_dns_are_checked_and_lowered),
        cmocka_unit_test(people_see_unicode_only_where_it_is_the_same_name),
        cmocka_unit_test(what_could_mislead_is_shown_as_an_a_label_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
