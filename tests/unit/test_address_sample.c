// link: mxg_mx
/* test_address_sample.c - the sample is bounded, repeatable, fair, and holds both families. */
#include "address_sample.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 8, POOL = 64, EXCHANGES = 2000 };

/* 192.0.2.number, or 2001:db8::number. */
static struct sockaddr_storage address(int family, unsigned number) {
    struct sockaddr_storage made = {.ss_family = (sa_family_t)family};
    if (family == AF_INET)
        ((struct sockaddr_in *)&made)->sin_addr.s_addr = htonl(0xc0000200u | number);
    else
        ((struct sockaddr_in6 *)&made)->sin6_addr = (struct in6_addr){
            .s6_addr = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}};
    return made;
}

/* The number that address() was given. */
static unsigned number_of(const struct sockaddr_storage *made) {
    if (made->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)made)->sin_addr.s_addr) & 0xff;
    const uint8_t *octets = ((const struct sockaddr_in6 *)made)->sin6_addr.s6_addr;
    return (unsigned)octets[14] << 8 | octets[15];
}

static size_t fill(struct sockaddr_storage *out, size_t ipv4, size_t ipv6) {
    for (size_t i = 0; i < ipv4 + ipv6; i++)
        out[i] = i < ipv4 ? address(AF_INET, (unsigned)i) : address(AF_INET6, (unsigned)(i - ipv4));
    return ipv4 + ipv6;
}

static size_t count_family(const struct sockaddr_storage *list, size_t count, int family) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += list[i].ss_family == family;
    return found;
}

static bool holds(const struct sockaddr_storage *list, size_t count, const struct sockaddr_storage *wanted) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&list[i], wanted, sizeof *wanted) == 0)
            return true;
    return false;
}

static void few_addresses_are_all_kept_once(void **state) {
    (void)state;
    struct sockaddr_storage list[2 * MOST];
    size_t distinct = 0;
    fill(list, 5, 3);
    memcpy(list + 8, list, 4 * sizeof *list); /* doubles */
    assert_int_equal(address_sample("mx.example.org", list, 12, MOST, &distinct), MOST);
    assert_int_equal(distinct, MOST);
    assert_int_equal(count_family(list, MOST, AF_INET), 5);
    for (unsigned i = 0; i < 3; i++) {
        struct sockaddr_storage wanted = address(AF_INET6, i);
        assert_true(holds(list, MOST, &wanted));
    }
    assert_int_equal(address_sample("mx.example.org", list, 0, MOST, &distinct), 0);
    assert_int_equal(distinct, 0);
}

static void the_order_of_the_resolver_does_not_matter(void **state) {
    (void)state;
    struct sockaddr_storage straight[POOL], rotated[POOL];
    size_t distinct, count = fill(straight, 40, 24);
    for (size_t i = 0; i < count; i++)
        rotated[i] = straight[(count - i + 17) % count];
    assert_int_equal(address_sample("mx.example.org", straight, count, MOST, &distinct), MOST);
    assert_int_equal(distinct, count);
    assert_int_equal(address_sample("mx.example.org", rotated, count, MOST, &distinct), MOST);
    assert_memory_equal(straight, rotated, MOST * sizeof *straight);
}

static void both_families_are_there_if_both_exist(void **state) {
    (void)state;
    char exchange[32];
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct sockaddr_storage list[POOL];
        size_t distinct, count = i % 2 ? fill(list, POOL - 1, 1) : fill(list, 1, POOL - 1);
        snprintf(exchange, sizeof exchange, "mx%u.example.org", i);
        size_t kept = address_sample(exchange, list, count, MOST, &distinct);
        assert_int_equal(kept, MOST);
        assert_true(count_family(list, kept, AF_INET) > 0 && count_family(list, kept, AF_INET6) > 0);
    }
}

static void one_family_after_the_other_gives_the_same(void **state) {
    (void)state;
    char exchange[32];
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct sockaddr_storage all[POOL], steps[MOST + POOL], ipv6[POOL];
        size_t distinct, first = 1 + i % 40, count = fill(all, first, POOL - first);
        snprintf(exchange, sizeof exchange, "mx%u.example.org", i);
        memcpy(steps, all, first * sizeof *all);
        memcpy(ipv6, all + first, (count - first) * sizeof *all);
        size_t kept = address_sample(exchange, steps, first, MOST, &distinct);
        memcpy(steps + kept, ipv6, (count - first) * sizeof *all);
        kept = address_sample(exchange, steps, kept + count - first, MOST, &distinct);
        assert_int_equal(address_sample(exchange, all, count, MOST, &distinct), kept);
        assert_memory_equal(all, steps, kept * sizeof *all);
    }
}

/* Over many exchanges every place of a pool is taken about equally often: 250 times here, give or take 16. */
static void every_address_of_a_pool_has_its_turn(void **state) {
    (void)state;
    unsigned taken[POOL] = {0};
    char exchange[32];
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct sockaddr_storage list[POOL];
        size_t distinct, count = fill(list, POOL, 0);
        snprintf(exchange, sizeof exchange, "mx%u.example.org", i);
        size_t kept = address_sample(exchange, list, count, MOST, &distinct);
        for (size_t k = 0; k < kept; k++)
            taken[number_of(&list[k])]++;
    }
    for (unsigned i = 0; i < POOL; i++)
        assert_in_range(taken[i], 170, 330);
}

static void the_order_of_all_does_not_keep_neighbours_together(void **state) {
    unsigned nearer = 0;
    (void)state;
    for (unsigned i = 0; i + 1 < POOL; i++) {
        struct sockaddr_storage one = address(AF_INET, i), next = address(AF_INET, i + 1);
        int64_t apart = (int64_t)(address_rank("", &one) & INT32_MAX) - (int64_t)(address_rank("", &next) & INT32_MAX);
        nearer += (apart < 0 ? -apart : apart) < INT32_MAX / POOL;
    }
    assert_in_range(nearer, 0, POOL / 8); /* by chance it is two of the 63 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_addresses_are_all_kept_once),
        cmocka_unit_test(the_order_of_the_resolver_does_not_matter),
        cmocka_unit_test(both_families_are_there_if_both_exist),
        cmocka_unit_test(one_family_after_the_other_gives_the_same),
        cmocka_unit_test(every_address_of_a_pool_has_its_turn),
        cmocka_unit_test(the_order_of_all_does_not_keep_neighbours_together),
    };
    return cmocka_run_group_tests_name("address_sample", tests, NULL, NULL);
}
