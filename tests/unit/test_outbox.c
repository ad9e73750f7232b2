// link: mxg_worker
/* test_outbox.c - which certificates travel with a result: leaves and what came behind them, each until it is known to
 * be stored.
 */
#include "outbox.h"

#include "base/mem.h"
#include "cert/chain_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "issue.h"

enum { NOW = 1800000000, SPIN_MS = 30000, LOOK_MS = 20 };

static struct {
    uv_loop_t loop;
    uv_timer_t look; /* a bus that is connected at last wakes no loop */
    char folder[32], endpoint[64];
    bus_t *aggregator, *worker;
    Mxgrade__Results *received; /* the last message */
    struct outbox *outbox;
    struct trust *trust;
    struct identity root, middle, first, second;
} t;

static void on_look(uv_timer_t *timer) { (void)timer; }

static void on_results(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    (void)bus, (void)from, (void)context;
    if (envelope->body_case != MXGRADE__ENVELOPE__BODY_RESULTS)
        return;
    mxgrade__results__free_unpacked(t.received, NULL);
    size_t len = mxgrade__results__get_packed_size(envelope->results);
    uint8_t *packed = mem_alloc(len);
    mxgrade__results__pack(envelope->results, packed);
    t.received = mxgrade__results__unpack(NULL, len, packed);
    free(packed);
}

static struct cert_chain *chain_of(X509 *const *sent, size_t count) {
    size_t len;
    const char *error;
    uint8_t *list = list_of(sent, count, &len);
    struct cert_chain *chain = cert_chain_parse(t.trust, list, len, NOW, &error);
    free(list);
    assert_non_null(chain);
    return chain;
}

/* A result with these chains; returns what arrives with it, "L" for a leaf, "B" for one behind. */
static const char *send_chains(const struct cert_chain *const *chains, size_t count) {
    static char kinds[16];
    static uint64_t job = 0;
    Mxgrade__EndpointResult *result = mem_alloc(sizeof *result);
    mxgrade__endpoint_result__init(result);
    result->job = ++job;
    result->address = mem_strdup("192.0.2.1");
    outbox_add(t.outbox, result, chains, count);
    for (uint64_t end = uv_now(&t.loop) + SPIN_MS;
         (t.received == NULL || t.received->sequence != job) && uv_now(&t.loop) < end;) {
        outbox_flush(t.outbox, t.worker, uv_now(&t.loop));
        uv_run(&t.loop, UV_RUN_ONCE);
    }
    if (t.received == NULL || t.received->sequence != job)
        fail_msg("nothing arrived");
    memset(kinds, 0, sizeof kinds);
    for (size_t i = 0; t.received && i < t.received->n_certificate && i + 1 < sizeof kinds; i++)
        kinds[i] = t.received->certificate[i]->behind ? 'B' : 'L';
    return kinds;
}

static void acknowledge(void) {
    uint64_t job;
    assert_true(outbox_ack(t.outbox, t.received->sequence, &job));
}

static void each_certificate_travels_until_it_is_known_to_be_stored(void **state) {
    (void)state;
    X509 *middle = t.middle.certificate, *root = t.root.certificate;
    struct cert_chain *first = chain_of((X509 *[]){t.first.certificate, middle, root}, 3);
    struct cert_chain *second = chain_of((X509 *[]){t.second.certificate, middle, middle, root}, 4);
    struct cert_chain *issuer = chain_of((X509 *[]){middle, root}, 2);
    const struct cert_chain *both[] = {first, second};
    assert_string_equal(send_chains(both, 2), "LLBB"); /* what both have behind them once */
    assert_string_equal(t.received->certificate[2]->subject_cn, "middle");
    assert_memory_equal(t.received->certificate[2]->sha256.data, first->chain_sha256[0], 32);
    assert_string_equal(send_chains(both, 1), "LBB"); /* no ack yet */
    acknowledge();
    assert_string_equal(send_chains(both, 2), "L"); /* the second leaf */
    acknowledge();
    assert_string_equal(send_chains(both, 2), "");
    acknowledge();
    assert_string_equal(send_chains((const struct cert_chain *[]){issuer}, 1), "L"); /* it is a leaf now */
    acknowledge();
    assert_string_equal(send_chains((const struct cert_chain *[]){issuer}, 1), "");
    cert_chain_free(&first);
    cert_chain_free(&second);
    cert_chain_free(&issuer);
}

static int set_up(void **state) {
    char error[256] = "";
    (void)state;
    uv_loop_init(&t.loop);
    uv_timer_init(&t.loop, &t.look);
    uv_timer_start(&t.look, on_look, LOOK_MS, LOOK_MS);
    snprintf(t.folder, sizeof t.folder, "/tmp/mxgrade-outbox-XXXXXX");
    if (mkdtemp(t.folder) == NULL)
        return -1;
    snprintf(t.endpoint, sizeof t.endpoint, "ipc://%s/bus", t.folder);
    struct bus_config server = bus_config_default(t.endpoint, true), client = bus_config_default(t.endpoint, false);
    t.aggregator = bus_open(&t.loop, &server, on_results, NULL, error, sizeof error);
    t.worker = bus_open(&t.loop, &client, on_results, NULL, error, sizeof error);
    t.outbox = outbox_new("worker-1", "here");
    ec_key = EVP_EC_gen("P-256");
    t.root = make(&(struct wanted){.cn = TEXT("root"), .ca = true}, NULL);
    t.middle = make(&(struct wanted){.cn = TEXT("middle"), .ca = true}, &t.root);
    t.first = make(&(struct wanted){.cn = TEXT("first")}, &t.middle);
    t.second = make(&(struct wanted){.cn = TEXT("second")}, &t.middle);
    t.trust = store_of(&t.root.certificate, 1);
    return t.aggregator && t.worker ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    X509 *made[] = {t.root.certificate, t.middle.certificate, t.first.certificate, t.second.certificate};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i]);
    EVP_PKEY_free(ec_key);
    trust_close(&t.trust);
    outbox_free(&t.outbox);
    mxgrade__results__free_unpacked(t.received, NULL);
    bus_close(&t.worker, 0);
    bus_close(&t.aggregator, 0);
    uv_close((uv_handle_t *)&t.look, NULL);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    unlink(t.endpoint + strlen("ipc://"));
    rmdir(t.folder);
    return uv_loop_close(&t.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_certificate_travels_until_it_is_known_to_be_stored)};
    return cmocka_run_group_tests_name("outbox", tests, set_up, tear_down);
}
