// link: mxg_dns
/* test_dns_pace.c - how many questions may go out, by a clock of the test's own. */
#include "dns/dns_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BURST = 128, PER_MS = 16, WINDOW = 256, LEAST = 64, LONG_MS = 1000 };

/* Sends as many as may go out. */
static size_t send_all(struct dns_pace *pace, bool first_try) {
    size_t sent = 0;
    for (; dns_pace_permits(pace, first_try); sent++)
        dns_pace_began(pace, first_try);
    return sent;
}

/* A whole window of first tries goes out and is answered, so many of them late. full: one more would have gone. */
static void play_round(struct dns_pace *pace, uint64_t *now, size_t late, bool full) {
    size_t window = pace->window;
    for (size_t i = 0; i < window; i++) {
        dns_pace_refill(pace, *now += LONG_MS);
        assert_true(dns_pace_permits(pace, true));
        dns_pace_began(pace, true);
    }
    if (full)
        assert_false(dns_pace_permits(pace, true));
    for (size_t i = 0; i < window; i++) {
        dns_pace_ended(pace, true);
        dns_pace_answered(pace, i < late);
    }
}

static void a_burst_goes_out_at_once_and_the_rest_by_the_clock(void **state) {
    struct dns_pace pace = dns_pace_start();
    (void)state;
    dns_pace_refill(&pace, LONG_MS);
    assert_int_equal(send_all(&pace, false), BURST);
    dns_pace_refill(&pace, LONG_MS + 2);
    assert_int_equal(send_all(&pace, false), 2 * PER_MS);
    dns_pace_refill(&pace, 3 * LONG_MS); /* nothing is saved up */
    assert_int_equal(send_all(&pace, false), BURST);
}

static void an_answer_makes_way_for_two(void **state) {
    struct dns_pace pace = dns_pace_start();
    (void)state;
    send_all(&pace, false);
    dns_pace_heard(&pace);
    assert_int_equal(send_all(&pace, false), 2);
}

static void the_window_bounds_first_tries_alone(void **state) {
    struct dns_pace pace = dns_pace_start();
    (void)state;
    assert_int_equal(send_all(&pace, true), BURST);
    dns_pace_refill(&pace, LONG_MS);
    assert_int_equal(send_all(&pace, true), WINDOW - BURST);
    dns_pace_refill(&pace, 2 * LONG_MS);
    assert_int_equal(send_all(&pace, true), 0);
    dns_pace_ended(&pace, true);
    assert_int_equal(send_all(&pace, true), 1);
    assert_int_equal(send_all(&pace, false), BURST - 1);
}

static void the_window_widens_where_it_was_full_and_answers_came_in_time(void **state) {
    struct dns_pace pace = dns_pace_start();
    uint64_t now = LONG_MS;
    (void)state;
    play_round(&pace, &now, 0, false);
    assert_int_equal(pace.window, WINDOW);
    play_round(&pace, &now, 0, true);
    assert_int_equal(pace.window, WINDOW + WINDOW / 4);
}

static void late_answers_narrow_it_down_to_the_least(void **state) {
    struct dns_pace pace = dns_pace_start();
    uint64_t now = LONG_MS;
    (void)state;
    play_round(&pace, &now, WINDOW / 10, false); /* a tenth is not too many */
    assert_int_equal(pace.window, WINDOW);
    play_round(&pace, &now, WINDOW / 10 + 1, true);
    assert_int_equal(pace.window, WINDOW * 3 / 4);
    for (unsigned i = 0; i < 10; i++)
        play_round(&pace, &now, pace.window, true);
    assert_int_equal(pace.window, LEAST);
    dns_pace_restart(&pace);
    assert_int_equal(pace.window, WINDOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_goes_out_at_once_and_the_rest_by_the_clock),
        cmocka_unit_test(an_answer_makes_way_for_two),
        cmocka_unit_test(the_window_bounds_first_tries_alone),
        cmocka_unit_test(the_window_widens_where_it_was_full_and_answers_came_in_time),
        cmocka_unit_test(late_answers_narrow_it_down_to_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
