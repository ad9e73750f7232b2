// link: mxg_forbidden
/* test_forbidden.c - blocklist and reserved addresses in one question, and the reload. */
#include "forbidden/forbidden.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/mxgrade-test-forbidden-XXXXXX", error[512];

static void write_file(const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *why(const struct forbidden *forbidden, const char *text) {
    struct sockaddr_storage address = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    void *out = address.ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                              : (void *)&((struct sockaddr_in *)&address)->sin_addr;
    assert_int_equal(inet_pton(address.ss_family, text, out), 1);
    return forbidden_address(forbidden, (struct sockaddr *)&address);
}

static struct forbidden *open_list(const char *text, bool allow_reserved) {
    write_file(text);
    struct forbidden *forbidden = forbidden_open(path, allow_reserved, error, sizeof error);
    assert_non_null(forbidden);
    return forbidden;
}

static void reserved_addresses_are_refused_whatever_is_listed(void **state) {
    (void)state;
    assert_string_equal(why(NULL, "127.0.0.1"), "loopback");
    assert_null(why(NULL, "1.1.1.1"));
    assert_null(forbidden_name(NULL, "example.org"));
    struct forbidden *forbidden = forbidden_open(NULL, false, error, sizeof error);
    assert_non_null(forbidden);
    assert_string_equal(why(forbidden, "::ffff:10.0.0.1"), "private use");
    assert_null(why(forbidden, "1.1.1.1"));
    assert_true(forbidden_reload(forbidden));
    forbidden_close(&forbidden);
    assert_null(forbidden);
    forbidden_close(&forbidden);
}

static void the_labs_flag_lifts_the_registry_and_never_the_blocklist(void **state) {
    (void)state;
    struct forbidden *forbidden = open_list("127.1.0.0/16\n1.1.1.1\nblocked.test\n", true);
    const char *where = strstr(why(forbidden, "127.1.2.3"), " line 1");
    assert_non_null(where);
    assert_null(why(forbidden, "127.2.0.1"));
    assert_non_null(why(forbidden, "1.1.1.1"));
    assert_non_null(why(forbidden, "64:ff9b::101:101"));
    assert_non_null(forbidden_name(forbidden, "mx.blocked.test"));
    forbidden_close(&forbidden);
}

static void the_blocklist_is_named_before_the_registry(void **state) {
    (void)state;
    struct forbidden *forbidden = open_list("10.0.0.0/8\n", false);
    assert_non_null(strstr(why(forbidden, "10.1.1.1"), "blocklist"));
    assert_string_equal(why(forbidden, "127.0.0.1"), "loopback");
    forbidden_close(&forbidden);
}

static void a_reload_takes_what_is_new_and_drops_what_is_gone(void **state) {
    (void)state;
    struct forbidden *forbidden = open_list("1.1.1.1\nold.test\n", false);
    write_file("2.2.2.2\nnew.test\n");
    assert_non_null(why(forbidden, "1.1.1.1"));
    assert_null(why(forbidden, "2.2.2.2"));
    assert_true(forbidden_reload(forbidden));
    assert_null(why(forbidden, "1.1.1.1"));
    assert_non_null(why(forbidden, "2.2.2.2"));
    assert_null(forbidden_name(forbidden, "old.test"));
    assert_non_null(forbidden_name(forbidden, "new.test"));
    forbidden_close(&forbidden);
}

/* What the log says goes to a file for that long. */
static char *logged_while(bool (*run)(struct forbidden *), struct forbidden *forbidden, bool *result) {
    static char text[2048];
    FILE *log = tmpfile();
    assert_non_null(log);
    int before = dup(STDERR_FILENO);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    *result = run(forbidden);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    rewind(log);
    text[fread(text, 1, sizeof text - 1, log)] = '\0';
    fclose(log);
    return text;
}

static void a_bad_file_changes_nothing_and_is_told_with_its_line(void **state) {
    char place[64];
    bool result;
    (void)state;
    struct forbidden *forbidden = open_list("1.1.1.1\nold.test\n", true);
    write_file("2.2.2.2\n10.0.0.0/99\n");
    const char *log = logged_while(forbidden_reload, forbidden, &result);
    assert_false(result);
    snprintf(place, sizeof place, "%s:2: ", path);
    assert_non_null(strstr(log, place));
    assert_non_null(why(forbidden, "1.1.1.1"));
    assert_null(why(forbidden, "2.2.2.2"));
    assert_non_null(forbidden_name(forbidden, "old.test"));
    unlink(path);
    assert_non_null(strstr(logged_while(forbidden_reload, forbidden, &result), "No such file"));
    assert_false(result);
    assert_non_null(why(forbidden, "1.1.1.1"));
    write_file("2.2.2.2/8\nnew.test\n");
    log = logged_while(forbidden_reload, forbidden, &result);
    assert_true(result);
    assert_non_null(strstr(log, "prefixes=1 names=1"));
    assert_non_null(strstr(log, "ignored entries=1"));
    forbidden_close(&forbidden);
}

static void a_bad_file_is_no_way_to_begin(void **state) {
    (void)state;
    write_file("1.1.1.1\n\nnonsense\n");
    assert_null(forbidden_open(path, true, error, sizeof error));
    assert_non_null(strstr(error, ":3: 'nonsense'"));
    assert_null(forbidden_open("/no/such/list", true, error, sizeof error));
    assert_non_null(strstr(error, "/no/such/list"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_addresses_are_refused_whatever_is_listed),
        cmocka_unit_test(the_labs_flag_lifts_the_registry_and_never_the_blocklist),
        cmocka_unit_test(the_blocklist_is_named_before_the_registry),
        cmocka_unit_test(a_reload_takes_what_is_new_and_drops_what_is_gone),
        cmocka_unit_test(a_bad_file_changes_nothing_and_is_told_with_its_line),
        cmocka_unit_test(a_bad_file_is_no_way_to_begin),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
