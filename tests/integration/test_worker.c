// link: mxg_bus
/* test_worker.c - mxgrade-worker and its blocklist: this program is its coordinator, its aggregator, and the server
 * that must see no connection. Lists are read again on SIGHUP; nothing waits for time to pass, only for what is
 * expected.
 */
#include "bus/bus.h"
#include "model/facts.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOG_MAX = 1 << 20, SPIN_MS = 30000, NAMES_MAX = 4, STEPS = 3, ANSWER_MAX = 64 };

/* What the server says, one for each time that something comes. */
static const struct {
    char text[ANSWER_MAX];
    size_t len;
} ANSWERS[STEPS] = {{"250-mx.test\r\n250 STARTTLS\r\n", 27}, {"220 go on\r\n", 11}, {{21, 3, 3, 0, 2, 2, 40}, 7}};

struct peer {
    uv_tcp_t tcp;
    unsigned step;
    char input[16384];
};

static struct {
    uv_loop_t loop;
    uv_timer_t deadline;
    uv_tcp_t listener;
    uv_process_t process;
    uv_pipe_t log_pipe;
    char folder[64], list[96], jobs[96], results[96];
    char log[LOG_MAX]; /* of the worker */
    size_t log_len;
    bus_t *coordinator, *aggregator;
    struct bus_peer worker;
    bool ready, exited, late;
    int64_t exit_status;
    uint32_t port;
    unsigned connections;
    bool hold; /* the greeting waits */
    struct peer *held;
    uint64_t job, result_job;    /* the last */
    enum reason reason;          /* of its result */
    enum reason name[NAMES_MAX]; /* of its names' first facts */
    enum tri reachable;
} t;

static void write_list(const char *text) {
    FILE *file = fopen(t.list, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Turns the loop until the condition holds. */
static void on_deadline(uv_timer_t *timer) {
    (void)timer;
    t.late = true;
}

#define SPIN_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        uv_timer_start(&t.deadline, on_deadline, SPIN_MS, 0);                                                          \
        for (t.late = false; !(condition) && !t.late;)                                                                 \
            uv_run(&t.loop, UV_RUN_ONCE);                                                                              \
        uv_timer_stop(&t.deadline);                                                                                    \
        if (!(condition))                                                                                              \
            fail_msg("never: %s; the worker said:\n%s", #condition, t.log);                                            \
    } while (0)

/* ---- the server ---- */

static void on_peer_closed(uv_handle_t *handle) { free(handle->data); }

static void hang_up(struct peer *peer) {
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
}

static void say(struct peer *peer, const char *data, size_t len) {
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
    assert_int_equal(uv_try_write((uv_stream_t *)&peer->tcp, &buffer, 1), (int)len);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct peer *peer = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(peer->input, sizeof peer->input);
}

static void on_peer_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    struct peer *peer = stream->data;
    (void)buffer;
    if (len > 0)
        say(peer, ANSWERS[peer->step].text, ANSWERS[peer->step].len);
    if (len < 0 || (len > 0 && ++peer->step == STEPS))
        hang_up(peer);
}

static void greet(struct peer *peer) {
    say(peer, "220 mx.test\r\n", 13);
    uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_peer_read);
}

static void on_connection(uv_stream_t *listener, int status) {
    struct peer *peer = calloc(1, sizeof *peer);
    assert_int_equal(status, 0);
    uv_tcp_init(&t.loop, &peer->tcp);
    peer->tcp.data = peer;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->tcp), 0);
    t.connections++;
    if (t.hold)
        t.held = peer;
    else
        greet(peer);
}

/* ---- coordinator and aggregator ---- */

static void on_coordinator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)bus;
    (void)context;
    t.worker = *from;
    t.ready = t.ready || envelope->body_case == MXGRADE__ENVELOPE__BODY_CREDIT;
}

static void take_result(const Mxgrade__EndpointResult *result) {
    t.result_job = result->job;
    t.reason = (enum reason)result->reason;
    t.reachable = result->n_fact ? (enum tri)result->fact[FACT_REACHABLE]->value : TRI_UNKNOWN;
    for (size_t i = 0; i < result->n_name && i < NAMES_MAX; i++)
        t.name[i] = (enum reason)result->name[i]->fact[0]->reason;
}

static void on_aggregator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)context;
    if (envelope->body_case != MXGRADE__ENVELOPE__BODY_RESULTS)
        return;
    for (size_t i = 0; i < envelope->results->n_result; i++)
        take_result(envelope->results->result[i]);
    Mxgrade__Ack ack = {.base = PROTOBUF_C_MESSAGE_INIT(&mxgrade__ack__descriptor), .n_sequence = 1};
    Mxgrade__Envelope answer = MXGRADE__ENVELOPE__INIT;
    ack.sequence = &envelope->results->sequence;
    answer.body_case = MXGRADE__ENVELOPE__BODY_ACK;
    answer.ack = &ack;
    assert_int_equal(bus_send(bus, from, &answer), BUS_SENT);
}

/* One more job, for that address and those names; its result is in t once result_job == job. */
static void send_job(const char *address, const char *const *names, size_t name_count) {
    Mxgrade__ProbeJob job = MXGRADE__PROBE_JOB__INIT, *list[] = {&job};
    Mxgrade__Jobs jobs = MXGRADE__JOBS__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    job.id = ++t.job;
    job.survey = 1;
    job.address = (char *)(uintptr_t)address;
    job.port = t.port;
    job.name = (char **)(uintptr_t)names;
    job.n_name = name_count;
    jobs.n_probe = 1;
    jobs.probe = list;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_JOBS;
    envelope.jobs = &jobs;
    t.connections = 0;
    memset(t.name, 0, sizeof t.name);
    assert_int_equal(bus_send(t.coordinator, &t.worker, &envelope), BUS_SENT);
}

static void run_job(const char *address, const char *name, const char *other) {
    const char *const names[] = {name, other};
    send_job(address, names, other ? 2 : 1);
    SPIN_UNTIL(t.result_job == t.job);
}

/* ---- the worker ---- */

static void on_log_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(t.log + t.log_len, (unsigned)(LOG_MAX - 1 - t.log_len));
}

static void on_log(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    (void)buffer;
    if (len < 0)
        uv_close((uv_handle_t *)stream, NULL);
    else
        t.log_len += (size_t)len;
    t.log[t.log_len] = '\0';
}

static void on_exit_of_worker(uv_process_t *process, int64_t status, int signal_number) {
    t.exited = true;
    t.exit_status = status + signal_number;
    uv_close((uv_handle_t *)process, NULL);
}

static void spawn(void) {
    char program[512], roots[512];
    snprintf(program, sizeof program, "%s/worker/mxgrade-worker", getenv("MXG_BIN"));
    snprintf(roots, sizeof roots, "%s/tests/fuzz/ca.pem", getenv("MXG_SOURCE"));
    const char *words[] = {program,       "--jobs",     t.jobs, "--results",     t.results, "--blocklist",
                           t.list,        "--gap",      "0ms",  "--trust-store", roots,     "--allow-reserved",
                           "--ehlo-name", "probe.test", NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}};
    stdio[2].data.stream = (uv_stream_t *)&t.log_pipe;
    uv_process_options_t options = {.file = program,
                                    .args = (char **)(uintptr_t)words,
                                    .exit_cb = on_exit_of_worker,
                                    .stdio_count = 3,
                                    .stdio = stdio};
    t.exited = false;
    t.log_len = 0;
    uv_pipe_init(&t.loop, &t.log_pipe, 0);
    assert_int_equal(uv_spawn(&t.loop, &t.process, &options), 0);
    uv_read_start((uv_stream_t *)&t.log_pipe, on_log_alloc, on_log);
}

static size_t times_logged(const char *what) {
    size_t count = 0;
    for (const char *at = t.log; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

static void reload(const char *list, const char *what) {
    size_t before = times_logged(what);
    write_list(list);
    assert_int_equal(uv_process_kill(&t.process, SIGHUP), 0);
    SPIN_UNTIL(times_logged(what) > before);
}
#define IN_FORCE "blocklist in force"
#define NOT_RELOADED "blocklist not reloaded"

/* ---- tests ---- */

static void who_is_not_listed_is_probed(void **state) {
    (void)state;
    reload("127.67.0.2\nother.test\n", IN_FORCE);
    run_job("127.67.0.1", "mx.example.test", NULL);
    assert_true(t.connections > 1);
    assert_int_equal(t.reachable, TRI_YES);
    assert_int_not_equal(t.reason, REASON_REFUSED_BY_POLICY);
}

static void a_blocked_address_sees_no_connection(void **state) {
    static const char *const forms[] = {"127.67.0.1", "::ffff:127.67.0.1"};
    (void)state;
    reload("# ours\n127.67.0.0/16\n", IN_FORCE);
    for (size_t i = 0; i < 2; i++) {
        run_job(forms[i], "mx.example.test", NULL);
        assert_int_equal(t.connections, 0);
        assert_int_equal(t.reason, REASON_REFUSED_BY_POLICY);
        assert_int_equal(t.name[0], REASON_REFUSED_BY_POLICY);
    }
    assert_non_null(strstr(t.log, "refused by policy endpoint=127.67.0.1 why=\"blocklist list line 2\""));
}

static void a_reload_stops_a_probe_before_its_next_connection(void **state) {
    static const char *const names[] = {"mx.example.test"};
    (void)state;
    reload("", IN_FORCE);
    t.hold = true;
    send_job("127.67.0.1", names, 1);
    SPIN_UNTIL(t.held != NULL);
    reload("127.67.0.1\n", IN_FORCE);
    t.hold = false;
    greet(t.held);
    t.held = NULL;
    SPIN_UNTIL(t.result_job == t.job);
    assert_int_equal(t.connections, 1);
    assert_int_equal(t.reason, REASON_REFUSED_BY_POLICY);
    assert_int_equal(t.reachable, TRI_YES); /* what it had learnt */
}

static void blocked_names_are_left_out(void **state) {
    (void)state;
    reload("*.example.test\n", IN_FORCE);
    run_job("127.67.0.1", "mx.example.test", "mx.other.test");
    assert_true(t.connections > 1);
    assert_int_equal(t.name[0], REASON_REFUSED_BY_POLICY);
    assert_int_not_equal(t.name[1], REASON_REFUSED_BY_POLICY);
    run_job("127.67.0.1", "mx.example.test", "example.test");
    assert_int_equal(t.connections, 0);
    assert_int_equal(t.reason, REASON_REFUSED_BY_POLICY);
}

static void a_bad_list_leaves_the_old_one_in_force(void **state) {
    (void)state;
    reload("127.67.0.1\n", IN_FORCE);
    reload("127.99.0.1\n\n10.0.0.0/40\n", NOT_RELOADED);
    assert_non_null(strstr(t.log, "/list:3: "));
    run_job("127.67.0.1", "mx.example.test", NULL);
    assert_int_equal(t.connections, 0);
    assert_int_equal(t.reason, REASON_REFUSED_BY_POLICY);
}

/* ---- begin and end ---- */

static bus_t *open_bus(const char *endpoint, bus_message_cb *on_message) {
    char error[512];
    struct bus_config config = bus_config_default(endpoint, true);
    bus_t *bus = bus_open(&t.loop, &config, on_message, NULL, error, sizeof error);
    if (bus == NULL)
        fail_msg("%s", error);
    return bus;
}

static void listen_at(const char *address) {
    struct sockaddr_storage at;
    int len = sizeof at;
    assert_int_equal(uv_ip4_addr(address, 0, (struct sockaddr_in *)&at), 0);
    uv_tcp_init(&t.loop, &t.listener);
    assert_int_equal(uv_tcp_bind(&t.listener, (struct sockaddr *)&at, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&t.listener, 16, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&t.listener, (struct sockaddr *)&at, &len), 0);
    t.port = ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static int begin(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(t.folder, sizeof t.folder, "/tmp/mxgrade-test-worker-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(t.list, sizeof t.list, "%s/list", t.folder);
    snprintf(t.jobs, sizeof t.jobs, "ipc://%s/jobs", t.folder);
    snprintf(t.results, sizeof t.results, "ipc://%s/results", t.folder);
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.deadline);
    listen_at("127.67.0.1");
    t.coordinator = open_bus(t.jobs, on_coordinator);
    t.aggregator = open_bus(t.results, on_aggregator);
    write_list("127.67.0.1\nnonsense\n"); /* no worker begins with half a list */
    spawn();
    SPIN_UNTIL(t.exited && strstr(t.log, "/list:2: 'nonsense'"));
    assert_int_equal(t.exit_status, EXIT_FAILURE);
    write_list("");
    spawn();
    SPIN_UNTIL(t.ready);
    return 0;
}

static int end(void **state) {
    (void)state;
    uv_process_kill(&t.process, SIGTERM);
    SPIN_UNTIL(t.exited);
    assert_int_equal(t.exit_status, 0);
    bus_close(&t.coordinator, 0);
    bus_close(&t.aggregator, 0);
    uv_close((uv_handle_t *)&t.listener, NULL);
    uv_close((uv_handle_t *)&t.deadline, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    unlink(t.list);
    unlink(t.jobs + strlen("ipc://"));
    unlink(t.results + strlen("ipc://"));
    rmdir(t.folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_listed_is_probed),
        cmocka_unit_test(a_blocked_address_sees_no_connection),
        cmocka_unit_test(a_reload_stops_a_probe_before_its_next_connection),
        cmocka_unit_test(blocked_names_are_left_out),
        cmocka_unit_test(a_bad_list_leaves_the_old_one_in_force),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
