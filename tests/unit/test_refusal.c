// link: mxg_probe
/* test_refusal.c - whom a probe does not contact, as a listener sees it: an SMTP server in the same loop, which answers
 * hellos with an alert or, where it is told to, with a ServerHello. Lists change while a probe is under way.
 */
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

enum { INPUT_MAX = 16384, NAMES_MAX = 4, DEADLINE_MS = 20000 };

/* A client's connection. */
struct peer {
    uv_tcp_t tcp;
    bool tls; /* STARTTLS was answered: what comes is a hello */
    char input[INPUT_MAX];
    size_t len;
};

static struct {
    uv_loop_t loop;
    uv_tcp_t listener;
    int port;
    unsigned connections, hellos;
    bool selects; /* TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 at TLS 1.2, where it is offered */
    const char *names[NAMES_MAX];
    unsigned hellos_with[NAMES_MAX]; /* hellos that hold the name: SNI is in clear */
    unsigned block_at;               /* the connection at which the list becomes … */
    const char *blocks;              /* … this one */
    struct forbidden *forbidden;
    char list[64];
    struct chain_cache *chains;
    struct handshake_contexts *contexts;
} t;

static void write_list(const char *text) {
    FILE *file = fopen(t.list, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* ---- the server ---- */

static void on_peer_closed(uv_handle_t *handle) { free(handle->data); }

static void say(struct peer *peer, const void *data, size_t len) {
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
    assert_int_equal(uv_try_write((uv_stream_t *)&peer->tcp, &buffer, 1), (int)len);
}

static void say_text(struct peer *peer, const char *text) { say(peer, text, strlen(text)); }

static void hang_up(struct peer *peer) {
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
}

static bool holds(const struct peer *peer, const void *what, size_t len) {
    return memmem(peer->input, peer->len, what, len) != NULL;
}

static void answer_hello(struct peer *peer) {
    static const uint8_t suite[] = {0xc0, 0x2f}, alert[] = {21, 3, 3, 0, 2, 2, 40};
    uint8_t selection[47] = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, [44] = 0xc0, [45] = 0x2f};
    size_t record = 5 + (size_t)((uint8_t)peer->input[3] << 8 | (uint8_t)peer->input[4]);
    bool sslv2 = (uint8_t)peer->input[0] & 0x80;
    if (!sslv2 && (peer->len < 5 || peer->len < record))
        return; /* more is to come */
    t.hellos++;
    for (size_t i = 0; i < NAMES_MAX && t.names[i]; i++)
        t.hellos_with[i] += holds(peer, t.names[i], strlen(t.names[i]));
    if (t.selects && !sslv2 && holds(peer, suite, sizeof suite))
        say(peer, selection, sizeof selection);
    else
        say(peer, alert, sizeof alert);
    hang_up(peer);
}

static void answer_command(struct peer *peer) {
    peer->input[peer->len] = '\0';
    if (strstr(peer->input, "\r\n") == NULL)
        return;
    if (strncmp(peer->input, "EHLO", 4) == 0) {
        say_text(peer, "250-mx.test\r\n250 STARTTLS\r\n");
    } else if (strncmp(peer->input, "STARTTLS", 8) == 0) {
        peer->tls = true;
        say_text(peer, "220 go on\r\n");
    } else {
        hang_up(peer);
    }
    peer->len = 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    struct peer *peer = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(peer->input + peer->len, (unsigned)(INPUT_MAX - 1 - peer->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    struct peer *peer = stream->data;
    (void)buffer;
    if (len < 0) {
        hang_up(peer);
        return;
    }
    peer->len += (size_t)len;
    if (peer->tls && peer->len > 0)
        answer_hello(peer);
    else if (!peer->tls)
        answer_command(peer);
}

static void on_connection(uv_stream_t *listener, int status) {
    struct peer *peer = calloc(1, sizeof *peer);
    assert_int_equal(status, 0);
    uv_tcp_init(&t.loop, &peer->tcp);
    peer->tcp.data = peer;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->tcp), 0);
    if (++t.connections == t.block_at) {
        write_list(t.blocks);
        assert_true(forbidden_reload(t.forbidden));
    }
    say_text(peer, "220 mx.test ESMTP\r\n");
    uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_read);
}

/* ---- the probe ---- */

static void on_done(struct probe_report *report, void *context) {
    *(struct probe_report **)context = report;
    uv_close((uv_handle_t *)&t.listener, NULL);
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

struct wanted {
    const char *address; /* as the probe is given it; the listener is at 127.66.0.1 */
    const char *list;
    bool no_lab, names_only, thorough, unlisted; /* unlisted: the probe has no forbidden at all */
};

static struct probe_config config_for(const struct wanted *wanted) {
    struct probe_config config = probe_config_default(t.chains, t.contexts, "probe.test");
    config.forbidden = wanted->unlisted ? NULL : t.forbidden;
    config.thorough = wanted->thorough;
    config.deadline_ms = DEADLINE_MS;
    return config;
}

static struct probe_report *run(const struct wanted *wanted) {
    char error[512];
    struct probe_report *report = NULL;
    struct probe_target target = {.names = t.names, .names_only = wanted->names_only};
    const char *address = wanted->address ? wanted->address : "127.66.0.1";
    bool v6 = strchr(address, ':') != NULL;
    while (target.name_count < NAMES_MAX && t.names[target.name_count])
        target.name_count++;
    t.connections = t.hellos = 0;
    memset(t.hellos_with, 0, sizeof t.hellos_with);
    write_list(wanted->list ? wanted->list : "");
    t.forbidden = forbidden_open(t.list, !wanted->no_lab, error, sizeof error);
    assert_non_null(t.forbidden);
    listen_at("127.66.0.1");
    assert_int_equal(v6 ? uv_ip6_addr(address, t.port, (struct sockaddr_in6 *)&target.address)
                        : uv_ip4_addr(address, t.port, (struct sockaddr_in *)&target.address),
                     0);
    struct probe_config config = config_for(wanted);
    (void)probe_start(&t.loop, &config, &target, on_done, &report);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    forbidden_close(&t.forbidden);
    assert_non_null(report);
    assert_int_equal(report->connection_count, t.connections);
    return report;
}
#define RUN(...) run(&(const struct wanted){__VA_ARGS__})

static enum reason name_reason(const struct probe_report *report, size_t i) { return report->name[i].fact[0].reason; }

/* ---- the address ---- */

static void nobody_listed_is_probed(void **state) {
    (void)state;
    struct probe_report *report = RUN(.list = "127.66.0.2\n127.65.0.0/16\nother.test\n");
    assert_true(t.connections > 2);
    assert_true(t.hellos_with[0] > 1);
    assert_int_not_equal(report->reason, REASON_REFUSED_BY_POLICY);
    assert_null(report->refused_by);
    probe_report_free(&report);
}

static void a_blocked_address_sees_no_connection(void **state) {
    static const char *const lists[] = {"127.66.0.1\n", "127.64.0.0/14\n", "::ffff:127.66.0.0/112\n"};
    static const char *const forms[] = {"127.66.0.1", "::ffff:127.66.0.1"};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            struct probe_report *report = RUN(.address = forms[k], .list = lists[i]);
            assert_int_equal(t.connections, 0);
            assert_int_equal(report->reason, REASON_REFUSED_BY_POLICY);
            assert_false(report->retry);
            assert_non_null(strstr(report->refused_by, " line 1"));
            for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
                assert_int_equal(report->plan.fact[id].value, TRI_UNKNOWN);
                assert_int_equal(report->plan.fact[id].reason, REASON_REFUSED_BY_POLICY);
            }
            assert_int_equal(name_reason(report, 0), REASON_REFUSED_BY_POLICY);
            probe_report_free(&report);
        }
}

static void a_reserved_address_sees_no_connection_outside_the_lab(void **state) {
    (void)state;
    struct probe_report *report = RUN(.no_lab = true);
    assert_int_equal(t.connections, 0);
    assert_string_equal(report->refused_by, "loopback");
    probe_report_free(&report);
    report = RUN(.unlisted = true);
    assert_int_equal(t.connections, 0);
    probe_report_free(&report);
    report = RUN(.address = "::ffff:127.66.0.1", .no_lab = true);
    assert_int_equal(t.connections, 0);
    assert_int_equal(report->reason, REASON_REFUSED_BY_POLICY);
    probe_report_free(&report);
}

/* The connection that is open ends well; no other follows, and what was learnt is kept. */
static void an_address_blocked_meanwhile_sees_no_further_connection(void **state) {
    (void)state;
    t.blocks = "\n127.66.0.1\n";
    for (t.block_at = 1; t.block_at <= 2; t.block_at++) {
        struct probe_report *report = RUN(0);
        assert_int_equal(t.connections, t.block_at);
        assert_int_equal(t.hellos, t.block_at);
        assert_int_equal(report->reason, REASON_REFUSED_BY_POLICY);
        assert_non_null(strstr(report->refused_by, " line 2"));
        assert_int_equal(report->plan.fact[FACT_REACHABLE].value, TRI_YES);
        assert_int_equal(report->plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_YES);
        assert_int_equal(report->plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
        assert_int_equal(report->plan.fact[FACT_TLS_ENABLED].reason, REASON_REFUSED_BY_POLICY);
        probe_report_free(&report);
    }
}

/* A list that comes after the last connection takes nothing away. */
static void what_was_complete_stays_complete(void **state) {
    (void)state;
    struct probe_report *report = RUN(0);
    enum reason reason = report->reason;
    t.block_at = t.connections;
    t.blocks = "127.66.0.1\n";
    probe_report_free(&report);
    report = RUN(0);
    assert_int_equal(t.connections, t.block_at);
    assert_int_equal(report->reason, reason);
    probe_report_free(&report);
}

/* Broken off behind the plan, the enumeration has asked nearly nothing: that is no "no". */
static void an_enumeration_broken_off_makes_no_no(void **state) {
    (void)state;
    t.selects = true;
    struct probe_report *report = RUN(0);
    assert_int_equal(report->plan.fact[FACT_TLS1_2].value, TRI_YES);
    t.block_at = t.connections + 1;
    t.blocks = "127.66.0.1\n";
    probe_report_free(&report);
    report = RUN(.thorough = true);
    assert_int_equal(t.connections, t.block_at);
    assert_int_equal(report->reason, REASON_REFUSED_BY_POLICY);
    assert_int_equal(report->plan.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(report->disagreements, 0);
    probe_report_free(&report);
}

/* ---- names ---- */

static void a_blocked_name_is_left_out(void **state) {
    (void)state;
    t.names[1] = "b.example.test";
    t.names[2] = "c.other.test";
    struct probe_report *report = RUN(.list = "example.test\n");
    assert_int_equal(t.hellos_with[0], 0);
    assert_int_equal(t.hellos_with[1], 0);
    assert_true(t.hellos_with[2] > 1);
    assert_int_equal(name_reason(report, 0), REASON_REFUSED_BY_POLICY);
    assert_int_equal(name_reason(report, 1), REASON_REFUSED_BY_POLICY);
    assert_int_not_equal(name_reason(report, 2), REASON_REFUSED_BY_POLICY);
    assert_int_not_equal(report->reason, REASON_REFUSED_BY_POLICY);
    assert_int_equal(report->plan.fact[FACT_REACHABLE].value, TRI_YES);
    probe_report_free(&report);
}

static void where_every_name_is_blocked_there_is_no_connection(void **state) {
    (void)state;
    t.names[1] = "b.other.test";
    for (int names_only = 0; names_only < 2; names_only++) {
        struct probe_report *report = RUN(.list = "# two\n.example.test\n*.other.test\n", .names_only = names_only);
        assert_int_equal(t.connections, 0);
        assert_int_equal(report->reason, names_only ? REASON_NONE : REASON_REFUSED_BY_POLICY); /* of the endpoint */
        assert_non_null(strstr(report->refused_by, " line 2"));
        assert_int_equal(name_reason(report, 0), REASON_REFUSED_BY_POLICY);
        assert_int_equal(name_reason(report, 1), REASON_REFUSED_BY_POLICY);
        probe_report_free(&report);
    }
}

static void names_alone_are_asked_without_the_blocked_ones(void **state) {
    (void)state;
    t.names[1] = "b.other.test";
    t.names[2] = "c.third.test";
    struct probe_report *report = RUN(.list = "b.other.test\n", .names_only = true);
    assert_true(t.hellos_with[0] > 0);
    assert_int_equal(t.hellos_with[1], 0);
    assert_true(t.hellos_with[2] > 0);
    assert_int_equal(name_reason(report, 0), REASON_NOT_COMPLETED);
    assert_int_equal(name_reason(report, 1), REASON_REFUSED_BY_POLICY);
    assert_int_equal(name_reason(report, 2), REASON_NOT_COMPLETED);
    probe_report_free(&report);
}

static void a_name_blocked_meanwhile_is_not_said_again(void **state) {
    (void)state;
    t.names[1] = "b.other.test";
    t.selects = true; /* more to ask */
    t.block_at = 2;
    t.blocks = "a.example.test\n";
    struct probe_report *report = RUN(0);
    assert_int_equal(t.hellos_with[0], 2);
    assert_true(t.hellos_with[1] > 0);
    assert_int_equal(name_reason(report, 0), REASON_REFUSED_BY_POLICY);
    probe_report_free(&report);
    t.names[1] = NULL;
    report = RUN(0); /* and where it is the only one, that was all */
    assert_int_equal(t.connections, 2);
    assert_int_equal(report->reason, REASON_REFUSED_BY_POLICY);
    probe_report_free(&report);
}

/* ---- */

static int begin(void **state) {
    (void)state;
    memset(t.names, 0, sizeof t.names);
    t.names[0] = "a.example.test";
    t.block_at = 0;
    t.selects = false;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_listed_is_probed, begin),
        cmocka_unit_test_setup(a_blocked_address_sees_no_connection, begin),
        cmocka_unit_test_setup(a_reserved_address_sees_no_connection_outside_the_lab, begin),
        cmocka_unit_test_setup(an_address_blocked_meanwhile_sees_no_further_connection, begin),
        cmocka_unit_test_setup(what_was_complete_stays_complete, begin),
        cmocka_unit_test_setup(an_enumeration_broken_off_makes_no_no, begin),
        cmocka_unit_test_setup(a_blocked_name_is_left_out, begin),
        cmocka_unit_test_setup(where_every_name_is_blocked_there_is_no_connection, begin),
        cmocka_unit_test_setup(names_alone_are_asked_without_the_blocked_ones, begin),
        cmocka_unit_test_setup(a_name_blocked_meanwhile_is_not_said_again, begin),
    };
    snprintf(t.list, sizeof t.list, "/tmp/mxgrade-test-refusal-XXXXXX");
    int fd = mkstemp(t.list);
    if (fd < 0)
        return EXIT_FAILURE;
    close(fd);
    t.contexts = handshake_contexts_new();
    t.chains = chain_cache_new(NULL, 0); /* no certificate is shown */
    uv_loop_init(&t.loop);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_loop_close(&t.loop);
    handshake_contexts_free(&t.contexts);
    chain_cache_free(&t.chains);
    unlink(t.list);
    return failed;
}
