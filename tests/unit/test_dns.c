// link: mxg_dns
/* test_dns.c - DNS queries against resolvers of the test's own in the same loop, over UDP and TCP. */
#include "dns/dns.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RCODE_OK, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };
enum { AUTHENTIC = 0x20, CHECKING_DISABLED = 0x10, TRUNCATED = 0x02, HEADER = 12, LARGE_RECORDS = 60 };
/* WAIT_MS ends a test that hangs. TIMEOUT_MS is a first try's: longer than dns_servers.c lets the loop stand still
 * before it reads sockets first, so that a busy machine makes no silence. */
enum { WAIT_MS = 60000, TIMEOUT_MS = 600 };

/* What a resolver does with a question; type is what was asked for, bits the header's fourth octet, and tcp whether it
 * came that way. */
struct reply {
    bool silent, truncated, authentic, address, large;
    unsigned rcode;
};
typedef struct reply behave(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth);

struct resolver {
    uv_udp_t udp;
    uv_tcp_t tcp;
    behave *behave;
    unsigned asked, other; /* checks; other questions */
    uint16_t port;
};

static uv_loop_t loop;
static struct resolver resolvers[2];

/* ---- the resolver ---- */

/* dns.c looks by these whether a resolver is there and validates. */
static bool is_check(unsigned type) { return type == DNS_TYPE_SOA || type == DNS_TYPE_NS; }

/* The answer to question[0..len) in place; its length, 0 for none. There is room for 1,232 octets. */
static size_t answer(struct resolver *resolver, uint8_t *question, size_t len, bool tcp) {
    char name[256] = "";
    size_t at = HEADER, used = 0;
    while (at < len && question[at]) {
        used +=
            (size_t)snprintf(name + used, sizeof name - used, "%.*s.", question[at], (const char *)question + at + 1);
        at += question[at] + 1u;
    }
    unsigned type = (unsigned)question[at + 1] << 8 | question[at + 2];
    size_t end = at + 5;
    unsigned *count = is_check(type) ? &resolver->asked : &resolver->other;
    struct reply reply = resolver->behave(name, type, question[3], tcp, ++*count);
    if (reply.silent)
        return 0;
    question[2] = (uint8_t)(0x81 | (reply.truncated ? TRUNCATED : 0));
    question[3] = (uint8_t)(0x80 | reply.rcode | (reply.authentic ? AUTHENTIC : 0));
    memset(question + 6, 0, 6);
    if (reply.address) {
        static const uint8_t record[] = {0xc0, HEADER, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
        question[7] = reply.large ? LARGE_RECORDS : 1;
        for (unsigned i = 0; i < question[7]; i++, end += sizeof record)
            memcpy(question + end, record, sizeof record);
    }
    return end;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    static char room[70000];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(room, 65536);
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags) {
    (void)flags;
    if (len <= 0)
        return;
    size_t used = answer(udp->data, (uint8_t *)buffer->base, (size_t)len, false);
    uv_buf_t out = uv_buf_init(buffer->base, (unsigned)used);
    if (used)
        uv_udp_try_send(udp, &out, 1, from);
}

static void free_handle(uv_handle_t *handle) { free(handle); }

/* A message over TCP comes whole, on loopback and from c-ares. */
static void on_stream(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    if (len <= 2) {
        if (!uv_is_closing((uv_handle_t *)stream))
            uv_close((uv_handle_t *)stream, free_handle);
        return;
    }
    size_t used = answer(stream->data, (uint8_t *)buffer->base + 2, (size_t)len - 2, true);
    buffer->base[0] = (char)(used >> 8);
    buffer->base[1] = (char)used;
    uv_buf_t out = uv_buf_init(buffer->base, (unsigned)used + 2);
    if (used)
        uv_try_write(stream, &out, 1);
}

static void on_client(uv_stream_t *server, int status) {
    uv_tcp_t *client = malloc(sizeof *client);
    assert_int_equal(status, 0);
    uv_tcp_init(&loop, client);
    client->data = server->data;
    assert_int_equal(uv_accept(server, (uv_stream_t *)client), 0);
    uv_read_start((uv_stream_t *)client, give_room, on_stream);
}

/* On 127.0.0.1 at one free port for both transports. */
static void open_resolver(struct resolver *resolver, behave *function) {
    struct sockaddr_in address;
    int len = sizeof address, size = 1 << 20;
    memset(resolver, 0, sizeof *resolver);
    resolver->behave = function;
    uv_udp_init(&loop, &resolver->udp);
    uv_tcp_init(&loop, &resolver->tcp);
    resolver->udp.data = resolver->tcp.data = resolver;
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&resolver->tcp, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&resolver->tcp, 16, on_client), 0);
    uv_tcp_getsockname(&resolver->tcp, (struct sockaddr *)&address, &len);
    resolver->port = ntohs(address.sin_port);
    assert_int_equal(uv_udp_bind(&resolver->udp, (const struct sockaddr *)&address, 0), 0);
    uv_recv_buffer_size((uv_handle_t *)&resolver->udp, &size);
    uv_udp_recv_start(&resolver->udp, give_room, on_datagram);
}

/* ---- the client ---- */

struct seen {
    unsigned answers, timeouts;
    enum dns_status status;
    enum dnssec dnssec;
    size_t addresses;
};

static void on_seen(struct dns_answer *result, void *context) {
    struct seen *seen = context;
    seen->answers++;
    seen->timeouts += result->status == DNS_TIMEOUT;
    seen->status = result->status;
    seen->dnssec = result->dnssec;
    seen->addresses = result->address_count;
}

static struct dns *open_client(size_t servers, int timeout_ms, int tries) {
    char text[64], error[256] = "";
    snprintf(text, sizeof text, servers == 1 ? "127.0.0.1:%u" : "127.0.0.1:%u,127.0.0.1:%u", resolvers[0].port,
             resolvers[1].port);
    const struct dns_config config = {.servers = text, .in_flight = 10000, .timeout_ms = timeout_ms, .tries = tries};
    struct dns *dns = dns_open(&loop, &config, error, sizeof error);
    assert_string_equal(error, "");
    return dns;
}

static void on_late(uv_timer_t *timer) { *(bool *)timer->data = true; }

/* Runs the loop until *count is most, or for most_ms. */
static void run(const unsigned *count, unsigned most, unsigned most_ms) {
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(&loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_late, most_ms, 0);
    while (!late && (count == NULL || *count < most))
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void run_until_stalled(const struct dns *dns) {
    for (unsigned rounds = 0; rounds < WAIT_MS / 100 && !dns_stalled(dns); rounds++)
        run(NULL, 0, 100);
    assert_true(dns_stalled(dns));
}

static void close_all(struct dns *dns) {
    dns_close(&dns);
    for (size_t i = 0; i < 2; i++)
        if (resolvers[i].port) {
            uv_close((uv_handle_t *)&resolvers[i].udp, NULL);
            uv_close((uv_handle_t *)&resolvers[i].tcp, NULL);
        }
    uv_run(&loop, UV_RUN_DEFAULT);
    memset(resolvers, 0, sizeof resolvers);
}

/* One question for an address, answered by these resolvers. */
static struct seen ask(behave *first, behave *second) {
    struct seen seen = {.answers = 0};
    open_resolver(&resolvers[0], first);
    if (second)
        open_resolver(&resolvers[1], second);
    struct dns *dns = open_client(second ? 2 : 1, TIMEOUT_MS, 3);
    dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run(&seen.answers, 1, WAIT_MS);
    struct resolver was[2] = {resolvers[0], resolvers[1]};
    close_all(dns);
    assert_int_equal(seen.answers, 1);
    resolvers[0].other = was[0].other; /* for the caller to look at */
    resolvers[1].other = was[1].other;
    return seen;
}

/* ---- behaviours: validating resolvers say that the root is authentic ---- */

static struct reply plain(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    (void)name, (void)bits, (void)tcp, (void)nth;
    return (struct reply){.address = type == DNS_TYPE_A};
}
static struct reply secure(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    (void)name, (void)tcp, (void)nth;
    assert_true(type == DNS_TYPE_NS || bits & (AUTHENTIC | CHECKING_DISABLED)); /* the AD bit is asked for */
    return (struct reply){.address = type == DNS_TYPE_A, .authentic = true};
}
static struct reply insecure(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = secure(name, type, bits, tcp, nth);
    reply.authentic = is_check(type);
    return reply;
}
static struct reply bogus(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = secure(name, type, bits, tcp, nth);
    if (!is_check(type) && !(bits & CHECKING_DISABLED))
        reply = (struct reply){.rcode = SERVFAIL};
    return reply;
}
static struct reply lame(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = secure(name, type, bits, tcp, nth);
    return is_check(type) ? reply : (struct reply){.rcode = SERVFAIL};
}
static struct reply lossy(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    reply.silent = !is_check(type) && nth == 1;
    return reply;
}
static struct reply dead_name(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    reply.silent = !is_check(type);
    return reply;
}
static struct reply cut_short(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    reply.truncated = !tcp && !is_check(type);
    reply.address = reply.address && tcp;
    return reply;
}
static struct reply refuses(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    return is_check(type) ? reply : (struct reply){.rcode = REFUSED};
}
static struct reply nothing(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    (void)name, (void)type, (void)bits, (void)tcp, (void)nth;
    return (struct reply){.silent = true};
}
static struct reply without_the_signed_name(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    reply.silent = type == DNS_TYPE_SOA;
    return reply;
}
static struct reply large(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    assert_false(tcp);
    reply.large = true;
    return reply;
}
static bool outage;
static struct reply comes_and_goes(const char *name, unsigned type, unsigned bits, bool tcp, unsigned nth) {
    struct reply reply = plain(name, type, bits, tcp, nth);
    reply.silent = outage;
    return reply;
}

/* ---- tests ---- */

static void an_answer_is_delivered_once(void **state) {
    (void)state;
    struct seen seen = ask(plain, NULL);
    assert_int_equal(seen.status, DNS_OK);
    assert_int_equal(seen.addresses, 1);
    assert_int_equal(resolvers[0].other, 1);
}

static void without_a_validating_resolver_dnssec_is_unchecked_never_insecure(void **state) {
    (void)state;
    assert_int_equal(ask(plain, NULL).dnssec, DNSSEC_UNCHECKED);
}

static void the_ad_bit_makes_secure_and_its_absence_insecure(void **state) {
    (void)state;
    assert_int_equal(ask(secure, NULL).dnssec, DNSSEC_SECURE);
    assert_int_equal(ask(insecure, NULL).dnssec, DNSSEC_INSECURE);
}

static void what_fails_with_validation_alone_is_bogus_and_not_used(void **state) {
    (void)state;
    struct seen seen = ask(bogus, NULL);
    assert_int_equal(seen.status, DNS_SERVFAIL);
    assert_int_equal(seen.dnssec, DNSSEC_BOGUS);
    assert_int_equal(seen.addresses, 0);
}

static void what_fails_anyway_is_unknown(void **state) {
    (void)state;
    struct seen seen = ask(lame, NULL);
    assert_int_equal(seen.status, DNS_SERVFAIL);
    assert_int_equal(seen.dnssec, DNSSEC_UNKNOWN);
}

static void silence_is_asked_again(void **state) {
    (void)state;
    assert_int_equal(ask(lossy, NULL).status, DNS_OK);
    assert_int_equal(resolvers[0].other, 2);
}

static void a_refusal_is_asked_of_the_other_resolver(void **state) {
    (void)state;
    assert_int_equal(ask(refuses, plain).status, DNS_OK);
    assert_int_equal(ask(plain, refuses).status, DNS_OK);
}

static void a_name_that_nobody_answers_for_times_out(void **state) {
    (void)state;
    assert_int_equal(ask(dead_name, NULL).status, DNS_TIMEOUT);
    assert_int_equal(resolvers[0].other, 3); /* all tries */
}

static void a_truncated_answer_is_fetched_over_tcp(void **state) {
    (void)state;
    struct seen seen = ask(cut_short, NULL);
    assert_int_equal(seen.status, DNS_OK);
    assert_int_equal(seen.addresses, 1);
}

static void an_answer_of_a_kilobyte_comes_over_udp(void **state) {
    (void)state;
    struct seen seen = ask(large, NULL);
    assert_int_equal(seen.status, DNS_OK);
    assert_int_equal(seen.addresses, LARGE_RECORDS);
    assert_int_equal(resolvers[0].other, 1);
}

static void a_signed_name_that_nobody_answers_for_stops_nothing(void **state) {
    (void)state;
    struct seen seen = ask(without_the_signed_name, NULL);
    assert_int_equal(seen.status, DNS_OK);
    assert_int_equal(seen.dnssec, DNSSEC_UNCHECKED);
}

/* count questions of two resolvers; what they come to is left in *seen, and how many each got in resolvers[]. */
static void ask_both(behave *first, behave *second, unsigned count, struct seen *seen) {
    open_resolver(&resolvers[0], first);
    open_resolver(&resolvers[1], second);
    struct dns *dns = open_client(2, TIMEOUT_MS, 3);
    for (unsigned i = 0; i < count; i++)
        dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, seen);
    run(&seen->answers, count, WAIT_MS);
    struct resolver was[2] = {resolvers[0], resolvers[1]};
    close_all(dns);
    assert_int_equal(seen->answers, count);
    resolvers[0].other = was[0].other;
    resolvers[1].other = was[1].other;
}

static void where_a_resolver_validates_the_others_are_not_asked(void **state) {
    struct seen seen = {.answers = 0};
    (void)state;
    ask_both(plain, secure, 20, &seen);
    assert_int_equal(seen.dnssec, DNSSEC_SECURE);
    assert_int_equal(resolvers[0].other, 0);
    assert_int_equal(resolvers[1].other, 20);
}

static void a_resolver_that_does_not_answer_is_left_out(void **state) {
    struct seen seen = {.answers = 0};
    (void)state;
    ask_both(nothing, plain, 50, &seen);
    assert_int_equal(seen.status, DNS_OK);
    assert_int_equal(resolvers[0].other, 0);
}

/* Checks come again, and a mute resolver takes its time: nobody waits for that. */
static void checks_do_not_hold_up_the_others(void **state) {
    enum { CHECK_MS = 3000 };
    struct seen seen = {.answers = 0};
    (void)state;
    open_resolver(&resolvers[0], nothing);
    open_resolver(&resolvers[1], plain);
    struct dns *dns = open_client(2, CHECK_MS, 2);
    unsigned wanted = 0;
    run(NULL, 0, 2 * CHECK_MS + 500); /* the first check has run out, the next one is under way */
    for (unsigned round = 0; round < 20; round++) {
        dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
        run(&seen.answers, ++wanted, CHECK_MS * 2 / 3);
        assert_int_equal(seen.answers, wanted);
        run(NULL, 0, 300);
    }
    close_all(dns);
}

static void equal_resolvers_share_the_work(void **state) {
    struct seen seen = {.answers = 0};
    (void)state;
    ask_both(plain, plain, 50, &seen);
    assert_int_equal(resolvers[0].other, 25);
    assert_int_equal(resolvers[1].other, 25);
}

/* An outage ends no query: all are answered afterwards, and none is said to have timed out. */
static void during_an_outage_everything_waits(void **state) {
    enum { QUERIES = 500 };
    struct seen seen = {.answers = 0};
    (void)state;
    outage = false;
    open_resolver(&resolvers[0], comes_and_goes);
    struct dns *dns = open_client(1, TIMEOUT_MS, 2);
    dns_query(dns, "first.example.test", DNS_TYPE_A, on_seen, &seen);
    run(&seen.answers, 1, WAIT_MS);
    outage = true;
    for (unsigned i = 0; i < QUERIES; i++)
        dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run_until_stalled(dns);
    assert_int_equal(seen.answers, 1);
    assert_int_equal(dns_busy(dns), QUERIES);
    outage = false;
    run(&seen.answers, QUERIES + 1, WAIT_MS);
    assert_int_equal(seen.answers, QUERIES + 1);
    assert_int_equal(seen.timeouts, 0);
    assert_false(dns_stalled(dns));
    close_all(dns);
}

static void a_resolver_that_is_not_there_is_waited_for(void **state) {
    struct seen seen = {.answers = 0};
    (void)state;
    open_resolver(&resolvers[0], plain);
    uv_udp_recv_stop(&resolvers[0].udp);
    uv_close((uv_handle_t *)&resolvers[0].udp, NULL); /* nothing listens: ICMP says so at once */
    uv_run(&loop, UV_RUN_NOWAIT);
    struct dns *dns = open_client(1, TIMEOUT_MS, 2);
    dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run_until_stalled(dns);
    assert_int_equal(seen.answers, 0);
    struct sockaddr_in address;
    uv_ip4_addr("127.0.0.1", resolvers[0].port, &address);
    uv_udp_init(&loop, &resolvers[0].udp);
    resolvers[0].udp.data = &resolvers[0];
    assert_int_equal(uv_udp_bind(&resolvers[0].udp, (const struct sockaddr *)&address, 0), 0);
    uv_udp_recv_start(&resolvers[0].udp, give_room, on_datagram);
    run(&seen.answers, 1, WAIT_MS);
    assert_int_equal(seen.status, DNS_OK);
    close_all(dns);
}

/* However many wait, a resolver that has not answered yet is sent a window and not more. */
static void a_burst_does_not_overrun_the_resolver(void **state) {
    enum { QUERIES = 5000, WINDOW = 256 };
    struct seen seen = {.answers = 0};
    (void)state;
    open_resolver(&resolvers[0], dead_name);
    struct dns *dns = open_client(1, 60000, 1);
    for (unsigned i = 0; i < QUERIES; i++)
        dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run(&resolvers[0].other, WINDOW, WAIT_MS);
    run(NULL, 0, 300); /* more would come at once */
    assert_int_equal(resolvers[0].other, WINDOW);
    resolvers[0].behave = plain; /* what was sent before stays unanswered; of the rest nothing is lost */
    close_all(dns);
    assert_int_equal(seen.answers, QUERIES);
    assert_int_equal(seen.timeouts, QUERIES);
}

static void many_queries_are_all_answered(void **state) {
    enum { QUERIES = 20000 };
    struct seen seen = {.answers = 0};
    (void)state;
    open_resolver(&resolvers[0], plain);
    struct dns *dns = open_client(1, 1000, 3);
    for (unsigned i = 0; i < QUERIES; i++)
        dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run(&seen.answers, QUERIES, WAIT_MS);
    assert_int_equal(seen.answers, QUERIES);
    assert_int_equal(seen.timeouts, 0);
    close_all(dns);
}

static void what_is_known_of_resolvers_is_told(void **state) {
    struct seen seen = {.answers = 0};
    char expected[32];
    (void)state;
    open_resolver(&resolvers[0], secure);
    open_resolver(&resolvers[1], plain);
    struct dns *dns = open_client(2, TIMEOUT_MS, 2);
    dns_query(dns, "mx.example.test", DNS_TYPE_A, on_seen, &seen);
    run(&seen.answers, 1, WAIT_MS);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", resolvers[0].port);
    assert_int_equal(dns_server_count(dns), 2);
    assert_string_equal(dns_server(dns, 0).address, expected);
    assert_int_equal(dns_server(dns, 0).state, DNS_SERVER_BELIEVED);
    assert_int_equal(dns_server(dns, 1).state, DNS_SERVER_ANSWERS);
    close_all(dns);
}

static void bad_options_are_refused_with_a_reason(void **state) {
    char error[256] = "";
    (void)state;
    const struct dns_config bad_server = {.servers = "not an address", .in_flight = 1, .timeout_ms = 1, .tries = 1};
    assert_null(dns_open(&loop, &bad_server, error, sizeof error));
    assert_non_null(strstr(error, "not an address"));
    const struct dns_config bad_name = {
        .servers = "127.0.0.1", .in_flight = 1, .timeout_ms = 1, .tries = 1, .signed_name = "a..b"};
    assert_null(dns_open(&loop, &bad_name, error, sizeof error));
    assert_non_null(strstr(error, "a..b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_delivered_once),
        cmocka_unit_test(without_a_validating_resolver_dnssec_is_unchecked_never_insecure),
        cmocka_unit_test(the_ad_bit_makes_secure_and_its_absence_insecure),
        cmocka_unit_test(what_fails_with_validation_alone_is_bogus_and_not_used),
        cmocka_unit_test(what_fails_anyway_is_unknown),
        cmocka_unit_test(silence_is_asked_again),
        cmocka_unit_test(a_refusal_is_asked_of_the_other_resolver),
        cmocka_unit_test(a_name_that_nobody_answers_for_times_out),
        cmocka_unit_test(a_truncated_answer_is_fetched_over_tcp),
        cmocka_unit_test(an_answer_of_a_kilobyte_comes_over_udp),
        cmocka_unit_test(a_signed_name_that_nobody_answers_for_stops_nothing),
        cmocka_unit_test(where_a_resolver_validates_the_others_are_not_asked),
        cmocka_unit_test(a_resolver_that_does_not_answer_is_left_out),
        cmocka_unit_test(checks_do_not_hold_up_the_others),
        cmocka_unit_test(equal_resolvers_share_the_work),
        cmocka_unit_test(during_an_outage_everything_waits),
        cmocka_unit_test(a_resolver_that_is_not_there_is_waited_for),
        cmocka_unit_test(a_burst_does_not_overrun_the_resolver),
        cmocka_unit_test(many_queries_are_all_answered),
        cmocka_unit_test(what_is_known_of_resolvers_is_told),
        cmocka_unit_test(bad_options_are_refused_with_a_reason),
    };
    uv_loop_init(&loop);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_loop_close(&loop);
    return failed;
}
