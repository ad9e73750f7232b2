// link: mxg_forbidden
/* test_reserved.c - which addresses may be probed. */
#include "forbidden/reserved.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *why_octets(const uint8_t *octets, unsigned count) {
    struct sockaddr_storage address = {.ss_family = count == 16 ? AF_INET6 : AF_INET};
    if (count == 16)
        memcpy(&((struct sockaddr_in6 *)&address)->sin6_addr, octets, count);
    else
        memcpy(&((struct sockaddr_in *)&address)->sin_addr, octets, count);
    return reserved_why((struct sockaddr *)&address);
}

static const char *why(const char *text) {
    uint8_t octets[16];
    bool v6 = strchr(text, ':');
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, octets) != 1)
        fail_msg("'%s' is no address", text);
    return why_octets(octets, v6 ? 16 : 4);
}

/* ---- every row of special_purpose.csv ---- */

/* What becomes of the address before the prefix, its first, its last, and the one behind it: refused, probed, or there
 * is none. */
static const struct {
    const char *prefix, *verdicts;
} EDGES[] = {
    {"0.0.0.0/8", "-rrp"},
    {"0.0.0.0/32", "-rrr"},
    {"10.0.0.0/8", "prrp"},
    {"100.64.0.0/10", "prrp"},
    {"127.0.0.0/8", "prrp"},
    {"169.254.0.0/16", "prrp"},
    {"172.16.0.0/12", "prrp"},
    {"192.0.0.0/24", "prrp"},
    {"192.0.0.0/29", "prrr"},
    {"192.0.0.8/32", "rrrr"},
    {"192.0.0.9/32", "rrrr"},
    {"192.0.0.10/32", "rrrr"},
    {"192.0.0.170/32", "rrrr"},
    {"192.0.0.171/32", "rrrr"},
    {"192.0.2.0/24", "prrp"},
    {"192.31.196.0/24", "prrp"},
    {"192.52.193.0/24", "prrp"},
    {"192.88.99.0/24", "prrp"},
    {"192.88.99.2/32", "rrrr"},
    {"192.168.0.0/16", "prrp"},
    {"192.175.48.0/24", "prrp"},
    {"198.18.0.0/15", "prrp"},
    {"198.51.100.0/24", "prrp"},
    {"203.0.113.0/24", "prrp"},
    {"240.0.0.0/4", "rrr-"},
    {"255.255.255.255/32", "rrr-"},
    {"224.0.0.0/4", "prrr"},
    {"::1/128", "rrrr"},
    {"::/128", "-rrr"},
    {"::ffff:0:0/96", "rrrr"},
    {"64:ff9b::/96", "rrrr"},
    {"64:ff9b:1::/48", "rrrr"},
    {"100::/64", "rrrr"},
    {"100:0:0:1::/64", "rrrr"},
    {"2001::/23", "prrp"},
    {"2001::/32", "prrr"},
    {"2001:1::1/128", "rrrr"},
    {"2001:1::2/128", "rrrr"},
    {"2001:1::3/128", "rrrr"},
    {"2001:2::/48", "rrrr"},
    {"2001:3::/32", "rrrr"},
    {"2001:4:112::/48", "rrrr"},
    {"2001:10::/28", "rrrr"},
    {"2001:20::/28", "rrrr"},
    {"2001:30::/28", "rrrr"},
    {"2001:db8::/32", "prrp"},
    {"2002::/16", "prrp"},
    {"2620:4f:8000::/48", "prrp"},
    {"3fff::/20", "prrp"},
    {"5f00::/16", "rrrr"},
    {"fc00::/7", "rrrr"},
    {"fe80::/10", "rrrr"},
    {"::/0", "-rr-"},
    {"2000::/3", "rppr"},
    {"::/96", "-rrr"},
    {"fec0::/10", "rrrr"},
    {"ff00::/8", "rrr-"},
};

static const char *verdicts_of(const char *prefix) {
    for (size_t i = 0; i < sizeof EDGES / sizeof *EDGES; i++)
        if (strcmp(EDGES[i].prefix, prefix) == 0)
            return EDGES[i].verdicts;
    fail_msg("%s has no row in this test", prefix);
    return NULL;
}

/* Adds 1 or -1; false if there is no such address. */
static bool step(uint8_t *octets, unsigned count, int by) {
    for (unsigned i = count; i-- > 0;) {
        octets[i] = (uint8_t)(octets[i] + by);
        if (octets[i] != (by > 0 ? 0 : 0xff))
            return true;
    }
    return false;
}

static void check(const struct special_purpose *row, const uint8_t *octets, bool exists, size_t place) {
    char wanted = verdicts_of(row->prefix)[place];
    char found = exists ? (why_octets(octets, row->octets) ? 'r' : 'p') : '-';
    if (found != wanted)
        fail_msg("%s, address %zu of before, first, last, behind: %c, not %c", row->prefix, place, found, wanted);
}

static void the_edges_of_every_row_are_where_the_registry_has_them(void **state) {
    (void)state;
    assert_int_equal(SPECIAL_PURPOSE_COUNT, sizeof EDGES / sizeof *EDGES);
    for (const struct special_purpose *row = SPECIAL_PURPOSE; row < SPECIAL_PURPOSE + SPECIAL_PURPOSE_COUNT; row++) {
        uint8_t first[16], before[16], last[16], behind[16];
        memcpy(first, row->network, sizeof first);
        memcpy(last, row->network, sizeof last);
        for (unsigned bit = row->bits; bit < 8 * row->octets; bit++) {
            assert_int_equal(first[bit / 8] & 0x80 >> bit % 8, 0);
            last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        }
        memcpy(before, first, sizeof before);
        memcpy(behind, last, sizeof behind);
        check(row, before, step(before, row->octets, -1), 0);
        check(row, first, true, 1);
        check(row, last, true, 2);
        check(row, behind, step(behind, row->octets, 1), 3);
    }
}

static void the_table_is_the_prefixes_that_it_says(void **state) {
    (void)state;
    for (const struct special_purpose *row = SPECIAL_PURPOSE; row < SPECIAL_PURPOSE + SPECIAL_PURPOSE_COUNT; row++) {
        char text[INET6_ADDRSTRLEN + 8], address[INET6_ADDRSTRLEN];
        inet_ntop(row->octets == 16 ? AF_INET6 : AF_INET, row->network, address, sizeof address);
        snprintf(text, sizeof text, "%s/%u", address, row->bits);
        assert_string_equal(text, strcmp(row->prefix, "::ffff:0:0/96") == 0 ? "::ffff:0.0.0.0/96" : row->prefix);
        assert_true(row->bits <= 8 * row->octets);
        assert_true(row->offset + 4 <= row->octets);
    }
}

static void the_longest_prefix_decides(void **state) {
    static const struct {
        const char *address, *name;
    } list[] = {{"0.0.0.0", "this host on this network"},
                {"0.0.0.1", "this network"},
                {"192.0.0.7", "IPv4 service continuity prefix"},
                {"192.0.0.8", "IPv4 dummy address"},
                {"192.0.0.9", "Port Control Protocol anycast"},
                {"192.0.0.10", "TURN anycast"},
                {"192.0.0.11", "IETF protocol assignments"},
                {"192.88.99.1", "deprecated (6to4 relay anycast)"},
                {"192.88.99.2", "6a44 relay anycast"},
                {"255.255.255.254", "reserved"},
                {"255.255.255.255", "limited broadcast"},
                {"::", "unspecified address"},
                {"::1", "loopback"},
                {"::2", "deprecated (IPv4-compatible)"},
                {"::1:0:0", "not global unicast"},
                {"2001::1", "Teredo"},
                {"2001:1::3", "DNS-SD service registration anycast"},
                {"2001:1::4", "IETF protocol assignments"},
                {"2001:2::1", "benchmarking"},
                {"2001:2:1::1", "IETF protocol assignments"},
                {"2001:2f::1", "ORCHIDv2"},
                {"2001:40::1", "IETF protocol assignments"},
                {"1fff:ffff::1", "not global unicast"},
                {"4000::1", "not global unicast"},
                {"5f00::1", "segment routing SIDs"},
                {"5f01::1", "not global unicast"},
                {"fec0::1", "deprecated (site-local)"}};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const char *name = why(list[i].address);
        if (name == NULL || strcmp(name, list[i].name) != 0)
            fail_msg("%s is '%s', not '%s'", list[i].address, name ? name : "probed", list[i].name);
    }
}

/* ---- addresses ---- */

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
                                       "100::1",
                                       "::ffff:169.254.169.254",
                                       "::ffff:224.0.0.1",
                                       "::ffff:0:0",
                                       "64:ff9b::a00:1",
                                       "64:ff9b::192.168.0.1",
                                       "64:ff9b::ffff:ffff",
                                       "64:ff9b:1::1.1.1.1",
                                       "2002:0a00:0001::1",
                                       "2002:c0a8:101:1:2:3:4:5",
                                       "2002:e000:1::",
                                       "::10.0.0.1",
                                       "::1.1.1.1",
                                       "::ffff:0:1.1.1.1",
                                       "2001:0:101:101::fefe:fefe"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (why(list[i]) == NULL)
            fail_msg("%s would be probed", list[i]);
}

static void global_unicast_is_not_refused(void **state) {
    static const char *const list[] = {"1.1.1.1",         "9.255.255.255",     "11.0.0.0",       "100.63.255.255",
                                       "100.128.0.0",     "126.255.255.255",   "128.0.0.1",      "172.15.255.255",
                                       "172.32.0.0",      "192.0.1.1",         "198.17.255.255", "198.20.0.0",
                                       "223.255.255.255", "2606:4700::1",      "2a00:1450::1",   "2001:4860::1",
                                       "2002:101:101::1", "64:ff9b::101:101",  "::ffff:1.1.1.1", "2002:9ff:ffff::1",
                                       "2002:b00::",      "64:ff9b::9ff:ffff", "::ffff:11.0.0.0"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (why(list[i]))
            fail_msg("%s is refused as %s", list[i], why(list[i]));
}

static void the_ipv4_address_inside_comes_out(void **state) {
    static const struct {
        const char *address, *inside;
    } list[] = {{"::ffff:10.0.0.1", "10.0.0.1"}, {"64:ff9b::a00:1", "10.0.0.1"},
                {"2002:a00:1:2::3", "10.0.0.1"}, {"2002:ffff:ffff::", "255.255.255.255"},
                {"::fffe:a00:1", NULL},          {"64:ff9b:0:0:0:1:a00:1", NULL},
                {"2003:a00:1::", NULL},          {"2001:db8::1", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        uint8_t address[16], inside[4];
        char text[INET_ADDRSTRLEN] = "";
        assert_int_equal(inet_pton(AF_INET6, list[i].address, address), 1);
        bool found = reserved_embedded_ipv4(address, inside);
        assert_int_equal(found, list[i].inside != NULL);
        if (found)
            assert_string_equal(inet_ntop(AF_INET, inside, text, sizeof text), list[i].inside);
    }
}

static void what_is_no_ip_address_is_refused(void **state) {
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    (void)state;
    assert_string_equal(reserved_why((struct sockaddr *)&address), "neither IPv4 nor IPv6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edges_of_every_row_are_where_the_registry_has_them),
        cmocka_unit_test(the_table_is_the_prefixes_that_it_says),
        cmocka_unit_test(the_longest_prefix_decides),
        cmocka_unit_test(the_ipv4_address_inside_comes_out),
        cmocka_unit_test(what_is_no_ip_address_is_refused),
        cmocka_unit_test(reserved_addresses_are_refused),
        cmocka_unit_test(global_unicast_is_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
