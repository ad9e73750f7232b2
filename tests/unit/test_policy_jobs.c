// link: mxg_worker
/* test_policy_jobs.c - policy jobs from lease to Done: what a worker does with them beside its fetching, which
 * tests/hostile/policy covers. The policy host is a listener that never says a word.
 */
#include "jobs.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPIN_MS = 20000, LEASE_MS = 1500 };

static struct {
    uv_loop_t loop;
    uv_timer_t deadline;
    uv_tcp_t listener;
    uint32_t port;
    bool late;
    struct probe_config probe;
    struct forbidden *forbidden;
    struct policy_fetcher *fetcher;
    struct outbox *outbox;
    struct jobs *jobs;
    bus_t *aggregator, *to_aggregator;
    Mxgrade__PolicyResult *received;
    char worker[32], vantage[32];
} t;

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
            fail_msg("never: %s", #condition);                                                                         \
    } while (0)

static void on_connection(uv_stream_t *stream, int status) {
    (void)stream; /* left in the queue */
    (void)status;
}

static int set_up(void **state) {
    struct policy_config config = policy_config_default();
    struct sockaddr_storage address;
    const char *error = "";
    char message[256];
    int len = sizeof address;
    (void)state;
    memset(&t, 0, sizeof t);
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.deadline);
    uv_tcp_init(&t.loop, &t.listener);
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&address);
    if (uv_tcp_bind(&t.listener, (struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&t.listener, 64, on_connection) != 0 ||
        uv_tcp_getsockname(&t.listener, (struct sockaddr *)&address, &len) != 0)
        return -1;
    t.port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    t.forbidden = forbidden_open(NULL, true, message, sizeof message);
    config.forbidden = t.forbidden;
    t.fetcher = policy_fetcher_new(&t.loop, &config, &error);
    t.outbox = outbox_new("worker-1", "here");
    t.jobs = jobs_new(&t.loop, &t.probe, t.fetcher, t.outbox);
    return t.fetcher ? 0 : -1;
}

static size_t count(enum job_state state) { return jobs_count(t.jobs, state); }

static int tear_down(void **state) {
    (void)state;
    bus_close(&t.to_aggregator, 0);
    bus_close(&t.aggregator, 0);
    jobs_hand_back(t.jobs); /* what a test that failed left */
    while (count(JOB_PROBING) + count(JOB_CANCELLED) + count(JOB_RETURNING) > 0)
        uv_run(&t.loop, UV_RUN_ONCE);
    policy_fetcher_free(&t.fetcher);
    forbidden_close(&t.forbidden);
    uv_close((uv_handle_t *)&t.deadline, NULL);
    uv_close((uv_handle_t *)&t.listener, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    jobs_free(&t.jobs);
    outbox_free(&t.outbox);
    return uv_loop_close(&t.loop);
}

static void take(uint64_t id, uint32_t survey, const char *domain, const char *address, uint32_t lease_ms) {
    Mxgrade__PolicyJob job = MXGRADE__POLICY_JOB__INIT;
    job.id = id;
    job.survey = survey;
    job.domain = (char *)(uintptr_t)domain;
    job.address = (char *)(uintptr_t)address;
    job.port = t.port;
    job.lease_ms = lease_ms;
    jobs_take_policy(t.jobs, &job);
}

static void take_good(uint64_t id, uint32_t survey) { take(id, survey, "example.com", "127.0.0.1", 0); }

static void an_unusable_job_is_done_at_once(void **state) {
    (void)state;
    take(1, 7, "Example.com", "127.0.0.1", 0);
    take(2, 7, "example", "127.0.0.1", 0);
    take(3, 7, "a b.example", "127.0.0.1", 0);
    take(4, 7, "", "127.0.0.1", 0);
    take(5, 7, "example.com", "not an address, and a long one at that, longer than any address could be", 0);
    take(6, 7, "example.com/x?.test", "127.0.0.1", 0);
    assert_int_equal(count(JOB_DONE), 6);
    assert_int_equal(jobs_held(t.jobs), 0);
    assert_int_equal(outbox_count(t.outbox), 0);
}

static void a_job_that_is_held_already_is_ignored(void **state) {
    (void)state;
    take_good(1, 7);
    take_good(1, 7);
    assert_int_equal(jobs_held(t.jobs), 1);
    jobs_hand_back(t.jobs);
    SPIN_UNTIL(count(JOB_HANDED_BACK) == 1);
    take_good(1, 7);
    assert_int_equal(jobs_held(t.jobs), 0);
}

static void a_cancelled_job_is_done_without_a_result(void **state) {
    uint64_t ids[4];
    (void)state;
    for (uint64_t id = 1; id <= 4; id++)
        take_good(id, id < 4 ? 7 : 8);
    assert_int_equal(count(JOB_PROBING), 4);
    jobs_cancel(t.jobs, 1);
    jobs_cancel(t.jobs, 1);
    jobs_cancel(t.jobs, 99);
    SPIN_UNTIL(count(JOB_DONE) == 1);
    jobs_cancel_survey(t.jobs, 7);
    SPIN_UNTIL(count(JOB_DONE) == 3);
    assert_int_equal(jobs_list(t.jobs, ids, 4), 1);
    assert_int_equal(ids[0], 4);
    assert_int_equal(outbox_count(t.outbox), 0);
    jobs_hand_back(t.jobs);
    SPIN_UNTIL(jobs_held(t.jobs) == 0);
}

static void a_draining_worker_hands_policy_jobs_back(void **state) {
    uint64_t ids[4];
    (void)state;
    take_good(1, 7);
    take_good(2, 7);
    jobs_hand_back(t.jobs);
    SPIN_UNTIL(count(JOB_HANDED_BACK) == 2);
    assert_int_equal(jobs_collect(t.jobs, JOB_HANDED_BACK, ids, 4), 2);
    jobs_forget_collected(t.jobs, JOB_HANDED_BACK, 2);
    assert_int_equal(count(JOB_HANDED_BACK), 0);
    assert_int_equal(outbox_count(t.outbox), 0);
}

/* Whatever comes while it is broken off, it is told to the coordinator once, as what it became first. */
static void a_job_that_is_broken_off_stays_what_it_became(void **state) {
    uint64_t ids[4];
    (void)state;
    take_good(1, 7);
    take_good(2, 7);
    jobs_cancel(t.jobs, 1);
    jobs_hand_back(t.jobs);
    jobs_cancel_survey(t.jobs, 7);
    assert_int_equal(jobs_held(t.jobs), 2);
    assert_int_equal(jobs_list(t.jobs, ids, 4), 2);
    SPIN_UNTIL(jobs_held(t.jobs) == 0);
    assert_int_equal(jobs_collect(t.jobs, JOB_DONE, ids, 4), 1);
    assert_int_equal(ids[0], 1);
    assert_int_equal(jobs_collect(t.jobs, JOB_HANDED_BACK, ids, 4), 1);
    assert_int_equal(ids[0], 2);
}

static void on_results(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)bus;
    (void)from;
    (void)context;
    if (envelope->body_case != MXGRADE__ENVELOPE__BODY_RESULTS || envelope->results->n_policy != 1)
        return;
    snprintf(t.worker, sizeof t.worker, "%s", envelope->results->worker_id);
    snprintf(t.vantage, sizeof t.vantage, "%s", envelope->results->vantage);
    t.received = envelope->results->policy[0];
    envelope->results->n_policy = 0;
}

/* What an aggregator gets. */
static void receive(void) {
    char folder[] = "/tmp/mxgrade-policy-jobs-XXXXXX", endpoint[64], error[256] = "";
    assert_non_null(mkdtemp(folder));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/bus", folder);
    struct bus_config server = bus_config_default(endpoint, true), client = bus_config_default(endpoint, false);
    t.aggregator = bus_open(&t.loop, &server, on_results, NULL, error, sizeof error);
    t.to_aggregator = bus_open(&t.loop, &client, on_results, NULL, error, sizeof error);
    if (t.aggregator == NULL || t.to_aggregator == NULL)
        fail_msg("%s", error);
    SPIN_UNTIL((outbox_flush(t.outbox, t.to_aggregator, uv_now(&t.loop)), t.received));
    unlink(endpoint + strlen("ipc://"));
    rmdir(folder);
}

static void a_fetch_ends_before_its_lease_and_its_result_waits_for_the_ack(void **state) {
    uint64_t job = 0;
    (void)state;
    take(41, 7, "example.com", "127.0.0.1", LEASE_MS);
    SPIN_UNTIL(count(JOB_REPORTED) == 1);
    assert_int_equal(outbox_count(t.outbox), 1);
    receive();
    assert_string_equal(t.worker, "worker-1");
    assert_string_equal(t.vantage, "here");
    assert_int_equal(t.received->job, 41);
    assert_int_equal(t.received->survey, 7);
    assert_string_equal(t.received->domain, "example.com");
    assert_string_equal(t.received->address, "127.0.0.1");
    assert_int_equal(t.received->status, MXGRADE__POLICY_STATUS__POLICY_UNKNOWN);
    assert_string_equal(t.received->why, "timeout");
    assert_true(t.received->retry);
    assert_in_range(t.received->duration_ms, LEASE_MS / 10 * 9 - 1, 10000);
    mxgrade__policy_result__free_unpacked(t.received, NULL);
    assert_false(outbox_ack(t.outbox, 2, &job));
    assert_true(outbox_ack(t.outbox, 1, &job));
    assert_int_equal(job, 41);
    jobs_cancel(t.jobs, job); /* too late, and no harm */
    jobs_acknowledged(t.jobs, job);
    assert_int_equal(count(JOB_DONE), 1);
    assert_int_equal(outbox_count(t.outbox), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_unusable_job_is_done_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_that_is_held_already_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_job_is_done_without_a_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_draining_worker_hands_policy_jobs_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_that_is_broken_off_stays_what_it_became, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fetch_ends_before_its_lease_and_its_result_waits_for_the_ack, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
