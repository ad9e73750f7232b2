// link: mxg_probe
/* test_trace.c - what the log has of a probe: at level debug each state entered and each SMTP line either way, at level
 * info none of them. The server stands in the same loop and has no STARTTLS; its EHLO reply holds octets that a
 * terminal would obey.
 */
#include "base/log.h"
#include "probe/probe.h"

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

enum { INPUT_MAX = 1024, LOG_MAX = 65536, DEADLINE_MS = 20000 };

static struct {
    uv_loop_t loop;
    uv_tcp_t listener, *peer;
    char input[INPUT_MAX];
    const char *ehlo; /* the server's reply to EHLO */
    struct forbidden *forbidden;
    struct chain_cache *chains;
    struct handshake_contexts *contexts;
    char log[LOG_MAX];
} t;

/* ---- the server ---- */

static void say(const char *text) {
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
    assert_int_equal(uv_try_write((uv_stream_t *)t.peer, &buffer, 1), (int)buffer.len);
}

static void on_peer_closed(uv_handle_t *handle) { free(handle); }

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(t.input, INPUT_MAX - 1);
}

/* A client waits for each reply: a command comes whole. */
static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    (void)buffer;
    if (len > 0 && strncmp(t.input, "EHLO", 4) == 0)
        say(t.ehlo);
    else if (len > 0 && strncmp(t.input, "QUIT", 4) == 0)
        say("221 bye\r\n");
    else if (len != 0)
        uv_close((uv_handle_t *)stream, on_peer_closed);
}

static void on_connection(uv_stream_t *listener, int status) {
    assert_int_equal(status, 0);
    t.peer = malloc(sizeof *t.peer);
    assert_non_null(t.peer);
    uv_tcp_init(&t.loop, t.peer);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)t.peer), 0);
    say("220 mx.test ESMTP\r\n");
    uv_read_start((uv_stream_t *)t.peer, on_alloc, on_read);
}

static void listen_at(struct sockaddr_storage *at) {
    int len = sizeof *at;
    assert_int_equal(uv_ip4_addr("127.67.0.1", 0, (struct sockaddr_in *)at), 0);
    uv_tcp_init(&t.loop, &t.listener);
    assert_int_equal(uv_tcp_bind(&t.listener, (struct sockaddr *)at, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&t.listener, 16, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&t.listener, (struct sockaddr *)at, &len), 0);
}

/* ---- the probe and its log ---- */

static void on_done(struct probe_report *report, void *context) {
    *(struct probe_report **)context = report;
    uv_close((uv_handle_t *)&t.listener, NULL);
}

static void run(const struct probe_target *like) {
    struct probe_report *report = NULL;
    struct probe_target target = *like;
    struct probe_config config = probe_config_default(t.chains, t.contexts, "probe.test");
    config.forbidden = t.forbidden;
    config.deadline_ms = DEADLINE_MS;
    target.names = (const char *const[]){"mx.test"};
    target.name_count = 1;
    listen_at(&target.address);
    (void)probe_start(&t.loop, &config, &target, on_done, &report);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_non_null(report);
    probe_report_free(&report);
}

/* Into t.log: what a probe writes to standard error at that level. */
static void log_of(enum log_level level, const struct probe_target *like) {
    FILE *file = tmpfile();
    assert_non_null(file);
    int standard_error = dup(STDERR_FILENO);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    log_open("probe", level, false);
    run(like);
    log_open("probe", LOG_LEVEL_INFO, false);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    rewind(file);
    t.log[fread(t.log, 1, LOG_MAX - 1, file)] = '\0';
    fclose(file);
}

/* The lines' parts behind the event, in this order, and whatever stands between. */
static void assert_log_has(const char *const *parts, size_t count) {
    const char *at = t.log;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, parts[i]);
        if (found == NULL)
            fail_msg("no %s behind\n%s", parts[i], at);
        at = found ? found + strlen(parts[i]) : at;
    }
}

static void states_and_lines_are_logged_at_debug_with_their_job(void **state) {
    (void)state;
    static const char *const parts[] = {
        ": probe state survey=3 job=77 endpoint=127.67.0.1 state=plan\n",
        ": connection state survey=3 job=77 endpoint=127.67.0.1 state=connect\n",
        " state=greeting\n",
        ": smtp received survey=3 job=77 endpoint=127.67.0.1 line=\"220 mx.test ESMTP\"\n",
        ": connection state survey=3 job=77 endpoint=127.67.0.1 state=EHLO\n",
        ": smtp sent survey=3 job=77 endpoint=127.67.0.1 line=\"EHLO probe.test\"\n",
        " line=250-mx.test\n",
        " line=\"250 SIZE 1000\"\n",
        " state=QUIT\n",
        " line=QUIT\n",
        " line=\"221 bye\"\n",
        " state=close\n",
        ": probe state survey=3 job=77 endpoint=127.67.0.1 state=ended\n",
    };
    t.ehlo = "250-mx.test\r\n250 SIZE 1000\r\n";
    log_of(LOG_LEVEL_DEBUG, &(struct probe_target){.survey = 3, .job = 77});
    assert_log_has(parts, sizeof parts / sizeof *parts);
}

static void without_a_job_none_is_named(void **state) {
    (void)state;
    t.ehlo = "250 mx.test\r\n";
    log_of(LOG_LEVEL_DEBUG, &(struct probe_target){.survey = 0});
    assert_non_null(strstr(t.log, ": smtp sent endpoint=127.67.0.1 line=\"EHLO probe.test\"\n"));
    assert_null(strstr(t.log, "job="));
}

static void what_a_server_says_is_sanitised_and_cut(void **state) {
    (void)state;
    char reply[2048] = "250 \x1b[2J\x07";
    size_t len = strlen(reply);
    memset(reply + len, 'x', 1500);
    memcpy(reply + len + 1500, "\r\n", 3);
    t.ehlo = reply;
    log_of(LOG_LEVEL_DEBUG, &(struct probe_target){.survey = 3, .job = 77});
    assert_null(strchr(t.log, '\x1b'));
    assert_null(strchr(t.log, '\x07'));
    assert_non_null(strstr(t.log, "x1b[2J"));
    const char *first = strstr(t.log, "xxxx");
    assert_non_null(first);
    assert_true(strspn(first, "x") > 400);
    assert_true(strspn(first, "x") <= TRACE_LINE_MAX);
}

static void what_is_no_reply_is_logged_too(void **state) {
    (void)state;
    t.ehlo = "\x16\x03 no reply\r\n";
    log_of(LOG_LEVEL_DEBUG, &(struct probe_target){.survey = 3, .job = 77});
    assert_non_null(strstr(t.log, " no reply\""));
}

static void nothing_is_logged_at_info(void **state) {
    (void)state;
    t.ehlo = "250-mx.test\r\n250 SIZE 1000\r\n";
    log_of(LOG_LEVEL_INFO, &(struct probe_target){.survey = 3, .job = 77});
    assert_string_equal(t.log, "");
}

/* ---- */

static int set_up(void **state) {
    char error[512];
    (void)state;
    t.forbidden = forbidden_open(NULL, true, error, sizeof error);
    t.contexts = handshake_contexts_new();
    t.chains = chain_cache_new(NULL, 0);
    return t.forbidden ? uv_loop_init(&t.loop) : -1;
}

static int tear_down(void **state) {
    (void)state;
    chain_cache_free(&t.chains);
    handshake_contexts_free(&t.contexts);
    forbidden_close(&t.forbidden);
    return uv_loop_close(&t.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_and_lines_are_logged_at_debug_with_their_job),
        cmocka_unit_test(without_a_job_none_is_named),
        cmocka_unit_test(what_a_server_says_is_sanitised_and_cut),
        cmocka_unit_test(what_is_no_reply_is_logged_too),
        cmocka_unit_test(nothing_is_logged_at_info),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
