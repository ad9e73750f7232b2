// link: mxg_loop
/* test_daemon.c - the frame of daemons: what each signal does to a small program in a process of its own. */
#include "base/daemon.h"

#include "base/log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a small program is like. Each callback says a letter on a pipe: the order of events. */
struct small {
    uv_timer_t alarm;
    int said;
    bool fails;
    bool ends_when_drained;
};

static void say_letter(const struct small *small, char letter) {
    if (write(small->said, &letter, 1) != 1)
        _exit(99);
}

/* In the loop, where signals are watched; said once, and then the timer only keeps the loop alive. */
static void on_alarm(uv_timer_t *timer) { say_letter(timer->data, 'l'); }

static bool on_start(void *self, uv_loop_t *loop, char *error, size_t cap) {
    struct small *small = self;
    uv_timer_init(loop, &small->alarm);
    small->alarm.data = small;
    uv_timer_start(&small->alarm, on_alarm, 0, 60000);
    snprintf(error, cap, "%s", small->fails ? "no luck" : "");
    return !small->fails;
}

static void on_stop(void *self) {
    struct small *small = self;
    uv_close((uv_handle_t *)&small->alarm, NULL);
    say_letter(small, 'x');
}

static void on_drain(void *self, int number) {
    struct small *small = self;
    say_letter(small, number == SIGTERM ? 't' : 'i');
    if (small->ends_when_drained)
        on_stop(small);
}

static void on_abandon(void *self) { say_letter(self, 'a'); }
static void on_reload(void *self) { say_letter(self, 'r'); }

static const struct config_program PROGRAM = {.name = "small", .usage = "", .summary = ""};
static const struct daemon DAEMON = {
    .program = &PROGRAM,
    .component = "small",
    .start = on_start,
    .drain = on_drain,
    .abandon = on_abandon,
    .reload = on_reload,
    .stop = on_stop,
};

/* Runs the program in a child, sends the signals, each when the one before it was answered, and gives the child's wait
 * status; letters: what it said. */
static int run_small(struct small small, const int *signals, char letters[static 16]) {
    int pipe_ends[2];
    size_t used = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipe_ends[0]);
        small.said = pipe_ends[1];
        _exit(daemon_run(&DAEMON, &small));
    }
    close(pipe_ends[1]);
    while (used < 15 && read(pipe_ends[0], letters + used, 1) == 1) {
        used++;
        if (*signals)
            kill(child, *signals++);
    }
    letters[used] = '\0';
    close(pipe_ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void the_first_signal_drains_and_the_loop_ends_with_the_programs_handles(void **state) {
    char letters[16];
    (void)state;
    int status = run_small((struct small){.ends_when_drained = true}, (const int[]){SIGTERM, 0}, letters);
    assert_string_equal(letters, "ltx");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static void the_second_signal_ends_at_once(void **state) {
    char letters[16];
    (void)state;
    int status = run_small((struct small){0}, (const int[]){SIGINT, SIGTERM, 0}, letters);
    assert_string_equal(letters, "lia");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
}

static void a_hangup_reloads_as_often_as_it_comes(void **state) {
    char letters[16];
    (void)state;
    int status =
        run_small((struct small){.ends_when_drained = true}, (const int[]){SIGHUP, SIGHUP, SIGTERM, 0}, letters);
    assert_string_equal(letters, "lrrtx");
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static void what_cannot_start_is_stopped(void **state) {
    char letters[16];
    (void)state;
    int status = run_small((struct small){.fails = true}, (const int[]){0}, letters);
    assert_string_equal(letters, "x");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_drains_and_the_loop_ends_with_the_programs_handles),
        cmocka_unit_test(the_second_signal_ends_at_once),
        cmocka_unit_test(a_hangup_reloads_as_often_as_it_comes),
        cmocka_unit_test(what_cannot_start_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
