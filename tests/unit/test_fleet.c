// link: mxg_fleet PkgConfig::ZMQ
/* test_fleet.c - leases and dispatch over a real bus, with the clock in the test's hand. */
#include "base/text.h"
#include "fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

enum { WORKERS = 2, JOBS_MAX = 64, SPIN_SECONDS = 10 };

static const struct fleet_config CONFIG = {.lease_ms = 60000, .gap_ms = 1000, .queue = 10};

struct client {
    bus_t *bus;
    char identity[16];
    uint64_t job[JOBS_MAX], cancelled[JOBS_MAX];
    size_t resume_len[JOBS_MAX];
    uint8_t resume[JOBS_MAX]; /* its first octet */
    char address[JOBS_MAX][64], name[JOBS_MAX][64];
    size_t jobs, cancels;
    char policy[JOBS_MAX][64]; /* "domain address port attempt" */
    uint64_t policy_job[JOBS_MAX];
    size_t policies;
    char tlsa[512]; /* of the last job: "name base:hex,hex …" */
    unsigned refused;
};

static struct {
    uv_loop_t loop;
    bus_t *server;
    struct fleet *fleet;
    struct client client[WORKERS];
    uint64_t now, received;
    char endpoint[64];
} t;

static void on_server(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)context;
    t.received++;
    fleet_receive(t.fleet, bus, from, envelope, t.now);
}

static void note_policies(struct client *client, const Mxgrade__Jobs *jobs) {
    for (size_t i = 0; i < jobs->n_policy; i++) {
        const Mxgrade__PolicyJob *job = jobs->policy[i];
        client->policy_job[client->policies] = job->id;
        snprintf(client->policy[client->policies++], sizeof client->policy[0], "%s %s %u %u", job->domain, job->address,
                 job->port, job->attempt);
    }
}

static void note_tlsa(struct client *client, const Mxgrade__ProbeJob *job) {
    size_t used = 0;
    for (size_t i = 0; i < job->n_tlsa; i++) {
        const Mxgrade__TlsaSet *set = job->tlsa[i];
        used += (size_t)snprintf(client->tlsa + used, sizeof client->tlsa - used, "%u %s", set->name, set->base_domain);
        for (size_t j = 0; j < set->n_record; j++) {
            char hex[128];
            text_hex(hex, set->record[j].data, set->record[j].len);
            used += (size_t)snprintf(client->tlsa + used, sizeof client->tlsa - used, "%c%s", j ? ',' : ':', hex);
        }
        used += (size_t)snprintf(client->tlsa + used, sizeof client->tlsa - used, ";");
    }
}

static void on_client(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct client *client = context;
    (void)bus;
    (void)from;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_REFUSED)
        client->refused++;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_CANCEL)
        for (size_t i = 0; i < envelope->cancel->n_job; i++)
            client->cancelled[client->cancels++] = envelope->cancel->job[i];
    if (envelope->body_case != MXGRADE__ENVELOPE__BODY_JOBS)
        return;
    note_policies(client, envelope->jobs);
    for (size_t i = 0; i < envelope->jobs->n_probe; i++) {
        note_tlsa(client, envelope->jobs->probe[i]);
        const Mxgrade__ProbeJob *job = envelope->jobs->probe[i];
        client->job[client->jobs] = job->id;
        client->resume_len[client->jobs] = job->resume.len;
        client->resume[client->jobs] = job->resume.len ? job->resume.data[0] : 0;
        snprintf(client->address[client->jobs], 64, "%s", job->address);
        snprintf(client->name[client->jobs++], 64, "%s", job->n_name ? job->name[job->n_name - 1] : "");
    }
}

/* Turns the loop until the counter has reached a value. */
static void spin_until(const volatile uint64_t *counter, uint64_t value) {
    uint64_t deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (*counter < value && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_true(*counter >= value);
}

static void tell(struct client *client, Mxgrade__Envelope *envelope) {
    uint64_t before = t.received, deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (bus_send(client->bus, NULL, envelope) != BUS_SENT && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT); /* not connected yet */
    spin_until(&t.received, before + 1);
}

static void hello(struct client *client, uint64_t *held, size_t count) {
    Mxgrade__Hello message = MXGRADE__HELLO__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    message.worker_id = client->identity;
    message.held = held;
    message.n_held = count;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_HELLO;
    envelope.hello = &message;
    tell(client, &envelope);
}

static void credit(struct client *client, uint32_t n) {
    Mxgrade__Credit message = MXGRADE__CREDIT__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    message.n = n;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_CREDIT;
    envelope.credit = &message;
    tell(client, &envelope);
}

static void done(struct client *client, uint64_t job) {
    Mxgrade__Done message = MXGRADE__DONE__INIT;
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    message.job = &job;
    message.n_job = 1;
    envelope.body_case = MXGRADE__ENVELOPE__BODY_DONE;
    envelope.done = &message;
    tell(client, &envelope);
}

static bool queue(const char *address) {
    const struct fleet_job job = {
        .survey = 1, .address = address, .port = 25, .attempt = 1, .names = "a.example\nb.example"};
    return fleet_queue(t.fleet, &job);
}

/* A tick at a time; then whatever was sent may arrive. */
static void tick(uint64_t now_ms) {
    t.now = now_ms;
    fleet_tick(t.fleet, t.server, t.now);
}

static void wait_jobs(struct client *client, size_t count) {
    uint64_t deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (client->jobs < count && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(client->jobs, count);
}

static int set_up(void **state) {
    char error[256];
    (void)state;
    memset(&t, 0, sizeof t);
    snprintf(t.endpoint, sizeof t.endpoint, "ipc:///tmp/mxgrade-test-fleet-%d", (int)getpid());
    uv_loop_init(&t.loop);
    const struct bus_config server = bus_config_default(t.endpoint, true);
    t.server = bus_open(&t.loop, &server, on_server, NULL, error, sizeof error);
    assert_non_null(t.server);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct bus_config config = bus_config_default(t.endpoint, false);
        snprintf(t.client[i].identity, sizeof t.client[i].identity, "worker-%u", i);
        config.identity = t.client[i].identity;
        t.client[i].bus = bus_open(&t.loop, &config, on_client, &t.client[i], error, sizeof error);
        assert_non_null(t.client[i].bus);
    }
    t.fleet = fleet_new(&CONFIG, 7, 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    bus_close(&t.server, 0);
    for (unsigned i = 0; i < WORKERS; i++)
        bus_close(&t.client[i].bus, 0);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    fleet_free(&t.fleet);
    return uv_loop_close(&t.loop);
}

static void jobs_go_out_only_against_credit(void **state) {
    struct client *worker = &t.client[0];
    (void)state;
    hello(worker, NULL, 0);
    assert_true(queue("192.0.2.1") && queue("192.0.2.2") && queue("192.0.2.3"));
    credit(worker, 2);
    tick(10000);
    wait_jobs(worker, 2);
    assert_int_equal(fleet_room(t.fleet), CONFIG.queue - 1);
    assert_string_equal(worker->name[0], "b.example");
    credit(worker, 1);
    tick(10001);
    wait_jobs(worker, 3);
    assert_int_equal(fleet_busy(t.fleet, 1), 3);
}

static void a_job_takes_along_where_the_last_attempt_stopped(void **state) {
    struct client *worker = &t.client[0];
    uint8_t resume[4096] = {0};
    const struct fleet_job job = {.survey = 1,
                                  .address = "192.0.2.1",
                                  .port = 25,
                                  .attempt = 2,
                                  .names = "a.example",
                                  .resume = resume,
                                  .resume_len = sizeof resume};
    (void)state;
    hello(worker, NULL, 0);
    resume[0] = 0xab;
    assert_true(fleet_queue(t.fleet, &job));
    resume[0] = 0; /* it was copied */
    assert_true(queue("192.0.2.2"));
    credit(worker, 2);
    tick(10000);
    wait_jobs(worker, 2);
    assert_int_equal(worker->resume_len[0], sizeof resume);
    assert_int_equal(worker->resume[0], 0xab);
    assert_int_equal(worker->resume_len[1], 0);
}

static void nothing_goes_out_in_the_first_two_seconds(void **state) {
    struct client *worker = &t.client[0];
    (void)state;
    hello(worker, NULL, 0);
    queue("192.0.2.1");
    credit(worker, 1);
    tick(1999);
    assert_int_equal(fleet_room(t.fleet), CONFIG.queue - 1);
    tick(2000);
    wait_jobs(worker, 1);
}

static void an_address_has_one_lease_and_then_a_gap(void **state) {
    struct client *worker = &t.client[0];
    (void)state;
    hello(worker, NULL, 0);
    credit(worker, 5);
    assert_true(queue("192.0.2.1"));
    assert_false(queue("192.0.2.1")); /* queued */
    tick(10000);
    wait_jobs(worker, 1);
    assert_false(queue("192.0.2.1")); /* leased */
    done(worker, worker->job[0]);
    assert_false(queue("192.0.2.1")); /* resting */
    tick(10999);
    assert_false(queue("192.0.2.1"));
    tick(11000);
    assert_true(queue("192.0.2.1"));
}

static void the_queue_is_bounded(void **state) {
    char address[32];
    (void)state;
    for (unsigned i = 0; i < CONFIG.queue; i++) {
        snprintf(address, sizeof address, "192.0.2.%u", i);
        assert_true(queue(address));
    }
    assert_false(queue("198.51.100.1"));
    assert_int_equal(fleet_room(t.fleet), 0);
}

static void a_stranger_is_told_to_say_hello(void **state) {
    struct client *worker = &t.client[0];
    (void)state;
    credit(worker, 5);
    uint64_t deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (worker->refused == 0 && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(worker->refused, 1);
    assert_int_equal(fleet_workers(t.fleet), 0);
}

static void jobs_of_an_earlier_run_are_cancelled_and_waited_for(void **state) {
    uint64_t old[] = {0x500000001, 0x500000002};
    (void)state;
    hello(&t.client[0], old, 2);
    hello(&t.client[1], NULL, 0);
    credit(&t.client[1], 5);
    queue("192.0.2.1");
    tick(10000);
    assert_int_equal(fleet_room(t.fleet), CONFIG.queue - 1); /* may be the address that an old job is at */
    done(&t.client[0], old[0]);
    tick(10001);
    assert_int_equal(fleet_room(t.fleet), CONFIG.queue - 1);
    done(&t.client[0], old[1]);
    assert_int_equal(t.client[0].cancels, 2);
    tick(10002);
    wait_jobs(&t.client[1], 1);
}

static void a_silent_worker_loses_its_leases_only_after_the_lease(void **state) {
    (void)state;
    t.now = 5000;
    hello(&t.client[0], NULL, 0);
    credit(&t.client[0], 1);
    queue("192.0.2.1");
    tick(5000);
    wait_jobs(&t.client[0], 1);
    tick(5000 + CONFIG.lease_ms);
    assert_int_equal(fleet_workers(t.fleet), 1);
    assert_false(queue("192.0.2.1"));
    tick(5001 + CONFIG.lease_ms);
    assert_int_equal(fleet_workers(t.fleet), 0);
    tick(5001 + CONFIG.lease_ms + CONFIG.gap_ms);
    assert_true(queue("192.0.2.1"));
}

static void a_hello_heals_a_lost_done(void **state) {
    struct client *worker = &t.client[0];
    (void)state;
    hello(worker, NULL, 0);
    credit(worker, 2);
    queue("192.0.2.1");
    queue("192.0.2.2");
    tick(10000);
    wait_jobs(worker, 2);
    t.now = 20000;
    hello(worker, &worker->job[1], 1); /* it no longer holds the first */
    tick(21000);
    assert_true(queue("192.0.2.1"));
    assert_false(queue("192.0.2.2"));
}

static void another_workers_done_ends_nothing(void **state) {
    (void)state;
    hello(&t.client[0], NULL, 0);
    hello(&t.client[1], NULL, 0);
    credit(&t.client[0], 1);
    queue("192.0.2.1");
    tick(10000);
    wait_jobs(&t.client[0], 1);
    done(&t.client[1], t.client[0].job[0]);
    tick(12000);
    assert_false(queue("192.0.2.1"));
}

static void queue_policy(const char *domain, const char *address) {
    const struct fleet_job job = {.survey = 1, .address = address, .port = 443, .attempt = 2, .domain = domain};
    assert_true(fleet_queue(t.fleet, &job));
}

static void wait_policies(struct client *client, size_t count) {
    uint64_t deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (client->policies < count && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(client->policies, count);
}

static void policies_and_probes_share_credit_and_addresses(void **state) {
    (void)state;
    hello(&t.client[0], NULL, 0);
    credit(&t.client[0], 2);
    queue_policy("a.example", "192.0.2.1");
    queue("192.0.2.2");
    queue_policy("b.example", "192.0.2.3");
    assert_false(queue("192.0.2.1")); /* one connection to an address, whatever for */
    tick(10000);
    wait_policies(&t.client[0], 1);
    wait_jobs(&t.client[0], 1);
    assert_string_equal(t.client[0].policy[0], "a.example 192.0.2.1 443 2");
    done(&t.client[0], t.client[0].policy_job[0]);
    credit(&t.client[0], 1);
    tick(10100);
    wait_policies(&t.client[0], 2);
    assert_false(queue("192.0.2.1")); /* it rests */
    tick(11200);
    assert_true(queue("192.0.2.1"));
}

static void a_job_takes_along_the_tlsa_records_of_its_names(void **state) {
    (void)state;
    const struct fleet_job job = {.survey = 1,
                                  .address = "192.0.2.1",
                                  .port = 25,
                                  .attempt = 1,
                                  .names = "a.example\nb.example\nc.example",
                                  .tlsa = "0\ta.example\t3 1 1 abcd\t2 0 0 ef\n2\tbase.example\tjunk\t3 0 1 01"};
    hello(&t.client[0], NULL, 0);
    credit(&t.client[0], 1);
    assert_true(fleet_queue(t.fleet, &job));
    tick(10000);
    wait_jobs(&t.client[0], 1);
    assert_string_equal(t.client[0].tlsa, "0 a.example:030101abcd,020000ef;2 base.example:03000101;");
}

static void what_is_forbidden_by_now_is_not_handed_out(void **state) {
    (void)state;
    queue("127.0.0.1"); /* without a list, reserved addresses are what is forbidden */
    queue("8.8.8.8");
    queue_policy("a.example", "10.0.0.1");
    fleet_drop_forbidden(t.fleet);
    assert_int_equal(fleet_busy(t.fleet, 1), 1);
    hello(&t.client[0], NULL, 0);
    credit(&t.client[0], 5);
    tick(10000);
    wait_jobs(&t.client[0], 1);
    assert_string_equal(t.client[0].address[0], "8.8.8.8");
    assert_int_equal(t.client[0].policies, 0);
}

static void garbage_on_the_bus_is_refused_and_counted(void **state) {
    (void)state;
    void *context = zmq_ctx_new(), *stranger = zmq_socket(context, ZMQ_DEALER);
    int zero = 0;
    zmq_setsockopt(stranger, ZMQ_LINGER, &zero, sizeof zero);
    assert_int_equal(zmq_connect(stranger, t.endpoint), 0);
    zmq_send(stranger, "\xff\xff\xff", 3, 0); /* no protobuf */
    zmq_send(stranger, "\x08\x63", 2, 0);     /* an Envelope of version 99 */
    zmq_send(stranger, "a", 1, ZMQ_SNDMORE);  /* two frames */
    zmq_send(stranger, "b", 1, 0);
    uint64_t deadline = uv_hrtime() + SPIN_SECONDS * UINT64_C(1000000000);
    while (bus_refused_count(t.server) < 3 && uv_hrtime() < deadline)
        uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(bus_refused_count(t.server), 3);
    assert_int_equal(t.received, 0);
    zmq_close(stranger);
    zmq_ctx_term(context);
}

#define FLEET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        FLEET_TEST(jobs_go_out_only_against_credit),
        FLEET_TEST(a_job_takes_along_where_the_last_attempt_stopped),
        FLEET_TEST(nothing_goes_out_in_the_first_two_seconds),
        FLEET_TEST(an_address_has_one_lease_and_then_a_gap),
        FLEET_TEST(the_queue_is_bounded),
        FLEET_TEST(a_stranger_is_told_to_say_hello),
        FLEET_TEST(jobs_of_an_earlier_run_are_cancelled_and_waited_for),
        FLEET_TEST(a_silent_worker_loses_its_leases_only_after_the_lease),
        FLEET_TEST(a_hello_heals_a_lost_done),
        FLEET_TEST(another_workers_done_ends_nothing),
        FLEET_TEST(policies_and_probes_share_credit_and_addresses),
        FLEET_TEST(a_job_takes_along_the_tlsa_records_of_its_names),
        FLEET_TEST(what_is_forbidden_by_now_is_not_handed_out),
        FLEET_TEST(garbage_on_the_bus_is_refused_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
