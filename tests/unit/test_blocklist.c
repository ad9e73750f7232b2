// link: mxg_forbidden
/* test_blocklist.c - the operator's list: what a line means, what is an error, and that a long list is quick. */
#include "forbidden/blocklist.h"

#include "base/mem.h"
#include "names/name.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ERROR_CAP = 512 };

static char error[ERROR_CAP];

static struct blocklist *parse(const char *text) {
    struct blocklist *list = blocklist_parse("/etc/mxgrade/list", text, strlen(text), error, sizeof error);
    if (list == NULL)
        fail_msg("%s", error);
    return list;
}

static const char *why(const struct blocklist *list, const char *text) {
    struct sockaddr_storage address = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    void *out = address.ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                              : (void *)&((struct sockaddr_in *)&address)->sin_addr;
    assert_int_equal(inet_pton(address.ss_family, text, out), 1);
    return blocklist_why_address(list, (struct sockaddr *)&address);
}

/* Every address of one list is blocked by that line (0: by none). */
struct expected {
    const char *what;
    unsigned line;
};

static void check(const char *what, const char *found, unsigned line) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "blocklist list line %u", line);
    if (line ? found == NULL || strcmp(found, wanted) != 0 : found != NULL)
        fail_msg("%s: '%s', expected line %u", what, found ? found : "free", line);
}

static void check_addresses(const char *text, const struct expected *rows, size_t count) {
    struct blocklist *list = parse(text);
    for (size_t i = 0; i < count; i++)
        check(rows[i].what, why(list, rows[i].what), rows[i].line);
    blocklist_free(&list);
    assert_null(list);
}

static void check_names(const char *text, const struct expected *rows, size_t count) {
    struct blocklist *list = parse(text);
    for (size_t i = 0; i < count; i++)
        check(rows[i].what, blocklist_why_name(list, rows[i].what), rows[i].line);
    blocklist_free(&list);
}
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* ---- addresses ---- */

static void a_prefix_blocks_from_its_first_to_its_last_address(void **state) {
    static const struct expected rows[] = {{"9.255.255.255", 0},   {"10.0.0.0", 1},
                                           {"10.255.255.255", 1},  {"11.0.0.0", 0},
                                           {"192.0.2.6", 0},       {"192.0.2.7", 2},
                                           {"192.0.2.8", 0},       {"198.51.100.127", 0},
                                           {"198.51.100.128", 3},  {"198.51.100.129", 3},
                                           {"198.51.100.130", 0},  {"2001:db7:ffff::1", 0},
                                           {"2001:db8::", 4},      {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 4},
                                           {"2001:db9::", 0},      {"2606:4700::1111", 5},
                                           {"2606:4700::1110", 0}, {"2606:4700::1112", 0},
                                           {"2620:0:0:8000::", 6}, {"2620:0:0:7fff:ffff::", 0},
                                           {"::10.0.0.1", 0}};
    (void)state;
    check_addresses("10.0.0.0/8\n192.0.2.7\n198.51.100.128/31\n2001:db8::/32\n2606:4700::1111\n2620:0:0:8000::/49\n",
                    rows, COUNT(rows));
}

/* Not the narrowest, nor the first read: the one that is in force for the most. */
static void the_widest_entry_is_named_and_nothing_falls_between(void **state) {
    static const struct expected rows[] = {{"10.1.2.3", 3}, {"10.1.3.0", 3},   {"10.0.0.0", 3}, {"10.255.255.255", 3},
                                           {"11.0.0.0", 5}, {"11.0.0.255", 5}, {"11.0.1.0", 0}};
    (void)state;
    check_addresses("10.1.2.3\n10.1.0.0/16\n10.0.0.0/8\n10.255.255.255\n11.0.0.0/24\n11.0.0.0/24\n", rows, COUNT(rows));
}

static void everything_can_be_blocked_family_by_family(void **state) {
    static const struct expected all4[] = {
        {"0.0.0.0", 1}, {"255.255.255.255", 1}, {"2001:db8::1", 0}, {"::1", 0}, {"::ffff:1.1.1.1", 1}};
    static const struct expected all6[] = {{"0.0.0.0", 0},
                                           {"1.1.1.1", 0},
                                           {"::", 1},
                                           {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
                                           {"::ffff:1.1.1.1", 1}};
    (void)state;
    check_addresses("0.0.0.0/0", all4, COUNT(all4));
    check_addresses("::/0", all6, COUNT(all6));
}

static void an_address_inside_another_is_judged_too(void **state) {
    static const struct expected rows[] = {
        {"::ffff:203.0.113.9", 1},   {"64:ff9b::203.0.113.9", 1}, {"2002:cb00:7109::1", 1},  {"::ffff:203.0.114.9", 0},
        {"64:ff9b::203.0.114.9", 0}, {"2002:cb00:7209::1", 0},    {"203.0.115.1", 2},        {"::ffff:203.0.115.1", 2},
        {"203.0.115.2", 0},          {"203.0.116.200", 3},        {"64:ff9b::cb00:7401", 3}, {"203.0.117.1", 0},
        {"64:ff9b::203.0.118.1", 4}, {"203.0.118.1", 0}};
    (void)state;
    check_addresses("203.0.113.0/24\n::ffff:203.0.115.1\n::ffff:203.0.116.0/120\n64:ff9b::203.0.118.0/120\n", rows,
                    COUNT(rows));
}

static void bits_beyond_the_length_are_ignored_as_in_zmap(void **state) {
    static const struct expected rows[] = {{"10.1.2.3", 1}, {"10.1.0.0", 1}, {"10.2.0.0", 0}, {"2001:db8::1", 2}};
    (void)state;
    check_addresses("10.1.2.3/16\n2001:db8::5/32\n", rows, COUNT(rows));
    struct blocklist *list = parse("10.1.2.3/16\n10.0.0.0/8\n2001:db8::5/32\n192.0.2.1/32\n");
    assert_int_equal(blocklist_masked(list), 2);
    assert_int_equal(blocklist_prefixes(list), 3); /* 10.1/16 lies in 10/8 */
    blocklist_free(&list);
}

/* The file that comes with ZMap, in its own words and its own spacing. */
static void zmaps_own_file_is_read_as_it_is(void **state) {
    static const char text[] = "# From IANA IPv4 Special-Purpose Address Registry\n"
                               "# http://www.iana.org/assignments/iana-ipv4-special-registry/\n"
                               "# Updated 2013-05-22\n"
                               "\n"
                               "0.0.0.0/8           # RFC1122: \"This host on this network\"\n"
                               "10.0.0.0/8          # RFC1918: Private-Use\n"
                               "100.64.0.0/10       # RFC6598: Shared Address Space\n"
                               "127.0.0.0/8         # RFC1122: Loopback\n"
                               "255.255.255.255/32  # RFC0919: Limited Broadcast\n"
                               "\t 224.0.0.0/4\t#multicast\n";
    static const struct expected rows[] = {{"0.0.0.1", 5},   {"10.9.9.9", 6},        {"100.64.0.1", 7},
                                           {"127.0.0.1", 8}, {"255.255.255.255", 9}, {"224.0.0.1", 10},
                                           {"1.1.1.1", 0},   {"100.128.0.0", 0}};
    (void)state;
    check_addresses(text, rows, COUNT(rows));
}

/* ---- names ---- */

static void a_name_stands_for_itself_and_for_all_below_it(void **state) {
    static const struct expected rows[] = {{"example.org", 1},
                                           {"mx1.example.org", 1},
                                           {"a.b.c.example.org", 1},
                                           {"notexample.org", 0},
                                           {"example.org.test", 0},
                                           {"org", 0},
                                           {"mx.host.example.net", 2},
                                           {"a.mx.host.example.net", 2},
                                           {"host.example.net", 0},
                                           {"example.net", 0},
                                           {"sub.test", 3},
                                           {"x.sub.test", 3},
                                           {"dot.test", 4},
                                           {"x.dot.test", 4},
                                           {"xn--mnchen-3ya.example", 5},
                                           {"mx.xn--mnchen-3ya.example", 5},
                                           {"xn--bcher-kva.example", 6},
                                           {"upper.example", 7},
                                           {"navy.mil", 8},
                                           {"mil", 8},
                                           {"milx", 0},
                                           {"a.xn--p1ai", 9},
                                           {"under_score.x.test", 10},
                                           {"", 0}};
    (void)state;
    check_names("example.org\nMX.host.example.net.\n*.sub.test\n.dot.test\nmünchen.example\nxn--bcher-kva.example\n"
                "UPPER.Example # as they wrote\n.mil\n*.рф\nunder_score.x.test\n",
                rows, COUNT(rows));
}

static void the_same_name_twice_is_one(void **state) {
    (void)state;
    struct blocklist *list = parse("example.org\n*.example.org\n.EXAMPLE.org\nmx.example.org\n");
    assert_int_equal(blocklist_names(list), 2);
    assert_int_equal(blocklist_prefixes(list), 0);
    check("example.org", blocklist_why_name(list, "example.org"), 1);
    check("mx.example.org", blocklist_why_name(list, "mx.example.org"), 4);
    blocklist_free(&list);
}

static void names_and_addresses_do_not_mix(void **state) {
    static const struct expected names[] = {{"192.0.2.1.example", 0}, {"example.org", 1}};
    static const struct expected addresses[] = {{"192.0.2.1", 2}};
    (void)state;
    check_names("example.org\n192.0.2.1\n", names, COUNT(names));
    check_addresses("example.org\n192.0.2.1\n", addresses, COUNT(addresses));
}

/* ---- lines ---- */

static void line_ends_comments_blanks_and_a_byte_order_mark_do_not_matter(void **state) {
    static const struct expected rows[] = {{"192.0.2.1", 1}, {"192.0.2.2", 4}, {"192.0.2.3", 5}, {"192.0.2.4", 6}};
    (void)state;
    check_addresses("\xef\xbb\xbf"
                    "192.0.2.1\r\n\r\n  # 198.51.100.1\r\n\t192.0.2.2 # two\r\n192.0.2.3#three\n 192.0.2.4",
                    rows, COUNT(rows));
    check_addresses("\xc2\xa0"
                    "192.0.2.1\xc2\xa0\n\xe3\x80\x80\n\xc2\xa0# 198.51.100.1\n\xe2\x80\x83"
                    "192.0.2.2\xef\xbb\xbf# two\n192.0.2.3\n192.0.2.4",
                    rows, COUNT(rows));
    struct blocklist *list = parse("");
    check("empty", why(list, "192.0.2.1"), 0);
    check("empty", blocklist_why_name(list, "example.org"), 0);
    blocklist_free(&list);
}

static void any_other_line_is_an_error_that_says_where_and_what(void **state) {
    static const struct {
        const char *line, *part;
    } rows[] = {{"10.0.0.0/33", "0 to 32"},
                {"2001:db8::/129", "0 to 128"},
                {"10.0.0.0/", "0 to 32"},
                {"10.0.0.0/-1", "0 to 32"},
                {"10.0.0.0/8x", "0 to 32"},
                {"10.0.0.0/ 8", "one entry a line"},
                {"10.0.0.0/0000008", "0 to 32"},
                {"10.0.0.0/8/8", "0 to 32"},
                {"10.0.0", "neither an address"},
                {"10.0.0.0.0", "neither an address"},
                {"256.0.0.1", "neither an address"},
                {"10.0.0.1-10.0.0.9", "nor a name"},
                {"1:2:3", "neither an address"},
                {"fe80::1%eth0", "neither an address"},
                {"[2001:db8::1]", "neither an address"},
                {"mx.example.org:25", "neither an address"},
                {"example.org/24", "neither an address"},
                {"http://example.org/", "a URL"},
                {"abuse@example.org", "behind the @"},
                {"example", "single label"},
                {"example.org example.net", "one entry a line"},
                {"10.0.0.0/8 RFC1918", "one entry a line"},
                {"10.0.0.0/8 ; RFC1918", "one entry a line"},
                {"-bad.example.org", "hyphen"},
                {"a..example.org", "empty label"},
                {"*", "U+002A (*) is not allowed"},
                {"*.", "no name"},
                {".", "neither an address"},
                {"mx*.example.org", "U+002A"},
                {"a.*.example.org", "U+002A"},
                {"..example.org", "empty label"},
                {"*.*.example.org", "U+002A"},
                {"mx.example.org\xe2\x80\x8e", "U+200E is not allowed"},
                {"ex ample.org", "one entry a line"},
                {"\xff\xfe.org", "UTF-8"},
                {"::ffff:10.0.0.0/95x", "0 to 128"},
                {"/8", "neither an address"},
                {"!10.0.0.0/8", "neither an address"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256], start[] = "/etc/mxgrade/list:3: '";
        snprintf(text, sizeof text, "10.0.0.0/8\n# fine\n%s # why\nexample.net\n", rows[i].line);
        struct blocklist *list = blocklist_parse("/etc/mxgrade/list", text, strlen(text), error, sizeof error);
        if (list || strncmp(error, start, strlen(start)) != 0 || strstr(error, rows[i].part) == NULL)
            fail_msg("'%s' gave: %s", rows[i].line, list ? "a list" : error);
    }
}

static void hostile_bytes_are_an_error_and_do_not_reach_the_terminal(void **state) {
    static const char nul[] = "192.0.2.1\0.example.org\n", escape[] = "\x1b[31mexample.org\n";
    (void)state;
    assert_null(blocklist_parse("list", nul, sizeof nul - 1, error, sizeof error));
    assert_non_null(strstr(error, "not a text file"));
    assert_null(blocklist_parse("list", escape, sizeof escape - 1, error, sizeof error));
    assert_null(strchr(error, '\x1b'));
    size_t len = 1 << 20;
    char *line = mem_alloc(len);
    memset(line, 'a', len);
    assert_null(blocklist_parse("list", line, len, error, sizeof error));
    assert_non_null(strstr(error, "list:1: 'aaaa"));
    line[0] = '#'; /* a comment may be as long as it likes */
    struct blocklist *list = blocklist_parse("list", line, len, error, sizeof error);
    assert_non_null(list);
    blocklist_free(&list);
    memset(line, '1', len);
    assert_null(blocklist_parse("list", line, len, error, sizeof error));
    free(line);
}

/* ---- files ---- */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void several_files_are_one_list(void **state) {
    char folder[] = "/tmp/mxgrade-test-blocklist-XXXXXX", one[64], two[64], both[160];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two.txt", folder);
    snprintf(both, sizeof both, "%s,,%s", one, two);
    write_file(one, "192.0.2.0/24\n");
    write_file(two, "\nexample.org\n192.0.2.1\n198.51.100.1\n");
    struct blocklist *list = blocklist_load(both, error, sizeof error);
    assert_non_null(list);
    assert_string_equal(why(list, "192.0.2.1"), "blocklist one line 1");
    assert_string_equal(why(list, "198.51.100.1"), "blocklist two.txt line 4");
    assert_string_equal(blocklist_why_name(list, "mx.example.org"), "blocklist two.txt line 2");
    blocklist_free(&list);
    write_file(two, "example.org\n\nnonsense\n");
    assert_null(blocklist_load(both, error, sizeof error));
    assert_non_null(strstr(error, "two.txt:3: 'nonsense'"));
    unlink(two);
    assert_null(blocklist_load(both, error, sizeof error));
    assert_non_null(strstr(error, "two.txt': No such file"));
    assert_null(blocklist_load(folder, error, sizeof error));
    assert_non_null(strstr(error, "directory"));
    unlink(one);
    rmdir(folder);
}

static void no_file_is_an_empty_list(void **state) {
    static const char *const none[] = {NULL, "", ","};
    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        struct blocklist *list = blocklist_load(none[i], error, sizeof error);
        assert_non_null(list);
        assert_int_equal(blocklist_names(list) + blocklist_prefixes(list), 0);
        check("nothing", why(list, "192.0.2.1"), 0);
        blocklist_free(&list);
    }
}

/* ---- size ---- */

static double processor_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* A million prefixes, in no order and each /31 apart from the next, and 100,000 names. The bounds are wide, for a build
 * with sanitizers on a busy machine: a walk through the list for each of the 200,000 questions would take hours. */
static void a_million_prefixes_load_and_answer_quickly(void **state) {
    enum { PREFIXES = 1000000, NAMES = 100000, QUESTIONS = 100000, LINE = 40, SECONDS_MAX = 15 };
    char *text = mem_alloc((size_t)(PREFIXES + NAMES) * LINE), name[64];
    size_t len = 0;
    (void)state;
    for (uint32_t i = 0; i < PREFIXES; i++) {
        uint32_t address = (uint32_t)((uint64_t)i * 7919 % PREFIXES) << 2;
        len += (size_t)sprintf(text + len, "%u.%u.%u.%u/31\n", 1 + (address >> 24), address >> 16 & 255,
                               address >> 8 & 255, address & 255);
    }
    for (uint32_t i = 0; i < NAMES; i++)
        len += (size_t)sprintf(text + len, "host-%u.example.org\n", i);
    double began = processor_seconds();
    struct blocklist *list = blocklist_parse("list", text, len, error, sizeof error);
    double loaded = processor_seconds();
    assert_non_null(list);
    assert_int_equal(blocklist_prefixes(list), PREFIXES);
    assert_int_equal(blocklist_names(list), NAMES);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        address.sin_addr.s_addr = htonl((1u << 24) + (i << 2) + 1);
        assert_non_null(blocklist_why_address(list, (struct sockaddr *)&address));
        address.sin_addr.s_addr = htonl((1u << 24) + (i << 2) + 2);
        assert_null(blocklist_why_address(list, (struct sockaddr *)&address));
        snprintf(name, sizeof name, "mx.host-%u.example.org", i);
        assert_non_null(blocklist_why_name(list, name));
        snprintf(name, sizeof name, "host-%u.example.org", NAMES + i);
        assert_null(blocklist_why_name(list, name));
    }
    double asked = processor_seconds();
    print_message("loaded in %.2f s, %u questions in %.2f s\n", loaded - began, 4 * QUESTIONS, asked - loaded);
    assert_true(asked - began < SECONDS_MAX);
    blocklist_free(&list);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_blocks_from_its_first_to_its_last_address),
        cmocka_unit_test(the_widest_entry_is_named_and_nothing_falls_between),
        cmocka_unit_test(everything_can_be_blocked_family_by_family),
        cmocka_unit_test(an_address_inside_another_is_judged_too),
        cmocka_unit_test(bits_beyond_the_length_are_ignored_as_in_zmap),
        cmocka_unit_test(zmaps_own_file_is_read_as_it_is),
        cmocka_unit_test(a_name_stands_for_itself_and_for_all_below_it),
        cmocka_unit_test(the_same_name_twice_is_one),
        cmocka_unit_test(names_and_addresses_do_not_mix),
        cmocka_unit_test(line_ends_comments_blanks_and_a_byte_order_mark_do_not_matter),
        cmocka_unit_test(any_other_line_is_an_error_that_says_where_and_what),
        cmocka_unit_test(hostile_bytes_are_an_error_and_do_not_reach_the_terminal),
        cmocka_unit_test(several_files_are_one_list),
        cmocka_unit_test(no_file_is_an_empty_list),
        cmocka_unit_test(a_million_prefixes_load_and_answer_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
