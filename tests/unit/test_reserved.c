// link: mxg_core
/* test_reserved.c - which addresses may be probed. */
#include "reserved.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *why(const char *text) {
    struct sockaddr_storage address;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    memset(&address, 0, sizeof address);
    address.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    void *out = address.ss_family == AF_INET6 ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr;
    if (inet_pton(address.ss_family, text, out) != 1)
        fail_msg("'%s' is no address", text);
    return reserved_why((struct sockaddr *)&address);
}

static void reserved_addresses_are_refused(void **state) {
    static const char *const list[] = {"0.0.0.0",
                                       "10.0.0.1",
                                       "100.64.0.1",
                                       "100.127.255.255",
                                       "127.0.0.1",
                                       "127.255.255.255",
                                       "169.254.169.254",
                                       "172.16.0.1",
                                       "172.31.255.255",
                                       "192.0.0.1",
                                       "192.0.2.1",
                                       "192.168.1.1",
                                       "198.18.0.1",
                                       "198.19.255.255",
                                       "198.51.100.9",
                                       "203.0.113.200",
                                       "224.0.0.1",
                                       "239.1.1.1",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "::ffff:10.0.0.1",
                                       "::ffff:127.0.0.1",
                                       "64:ff9b::7f00:1",
                                       "2002:7f00:1::",
                                       "2002:a00:1::",
                                       "fc00::1",
                                       "fd12::1",
                                       "fe80::1",
                                       "ff02::1",
                                       "2001:db8::1",
                                       "2001::1",
                                       "3fff::1",
                                       "100::1"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (why(list[i]) == NULL)
            fail_msg("%s would be probed", list[i]);
}

static void global_unicast_is_not_refused(void **state) {
    static const char *const list[] = {"1.1.1.1",         "9.255.255.255",    "11.0.0.0",       "100.63.255.255",
                                       "100.128.0.0",     "126.255.255.255",  "128.0.0.1",      "172.15.255.255",
                                       "172.32.0.0",      "192.0.1.1",        "198.17.255.255", "198.20.0.0",
                                       "223.255.255.255", "2606:4700::1",     "2a00:1450::1",   "2001:4860::1",
                                       "2002:101:101::1", "64:ff9b::101:101", "::ffff:1.1.1.1"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (why(list[i]))
            fail_msg("%s is refused as %s", list[i], why(list[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_addresses_are_refused),
        cmocka_unit_test(global_unicast_is_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
