/* policy_many.c - fetches many MTA-STS policies at once in ONE event loop, for tests/hostile/policy.
 *
 *   policy_many CONNECT TOTAL < targets     (milliseconds; a target: "ID DOMAIN ADDRESS PORT DEADLINE ABORT
 * reserved|global")
 *
 * DEADLINE and ABORT in milliseconds, 0 = none; "reserved": a fetcher is used that contacts reserved addresses. Each
 * fetch prints one JSON object when it ends. Strings are printed as they came: whether they are clean is for the test
 * to see.
 */
#include "base/json.h"
#include "base/mem.h"
#include "policy/policy_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_CAP = 128, LINE_CAP = 1024 };
enum { GLOBAL, RESERVED, KINDS }; /* which addresses a fetcher contacts */

struct target {
    char id[ID_CAP];
    struct policy_fetch *fetch;
    uv_timer_t abort;
    uint64_t started_ms;
};

static struct {
    uv_loop_t loop;
    struct forbidden *forbidden[KINDS];
    struct policy_fetcher *fetcher[KINDS];
    unsigned under_way;
} all;

static void print_result(const Mxgrade__PolicyResult *result, const struct target *target) {
    static const char *const statuses[] = {"unknown", "valid", "invalid"};
    struct json json = json_to(stdout, JSON_INDENTED);
    json_object(&json, NULL);
    json_text(&json, "id", target->id);
    json_number(&json, "milliseconds", (int64_t)(uv_now(&all.loop) - target->started_ms));
    json_text(&json, "domain", result->domain);
    json_text(&json, "address", result->address);
    json_text(&json, "status", statuses[result->status]);
    json_text(&json, "why", result->why);
    json_text(&json, "detail", result->detail);
    json_bool(&json, "retry", result->retry);
    json_number(&json, "http_status", result->http_status);
    json_text(&json, "mode", result->mode);
    json_number(&json, "max_age", (int64_t)result->max_age);
    json_texts(&json, "mx", result->mx, result->n_mx);
    json_text(&json, "body", result->body);
    json_number(&json, "observed_at_ms", result->observed_at_ms);
    json_number(&json, "duration_ms", result->duration_ms);
    json_end(&json, '}');
    fflush(stdout);
}

static void on_target_closed(uv_handle_t *handle) { free(handle->data); }

static void on_done(Mxgrade__PolicyResult *result, void *context) {
    struct target *target = context;
    print_result(result, target);
    mxgrade__policy_result__free_unpacked(result, NULL);
    uv_close((uv_handle_t *)&target->abort, on_target_closed);
    if (--all.under_way == 0)
        for (size_t i = 0; i < KINDS; i++)
            policy_fetcher_free(&all.fetcher[i]);
}

static void on_abort(uv_timer_t *timer) {
    struct target *target = timer->data;
    policy_fetch_abort(target->fetch);
    policy_fetch_abort(target->fetch); /* twice is as good as once */
}

static bool start_target(const char *line) {
    char domain[256], address[64], kind[16];
    int port, deadline_ms, abort_ms;
    struct target *target = mem_alloc(sizeof *target);
    struct policy_target wanted = {.domain = domain};
    uv_timer_init(&all.loop, &target->abort);
    target->abort.data = target;
    if (sscanf(line, "%127s %255s %63s %d %d %d %15s", target->id, domain, address, &port, &deadline_ms, &abort_ms,
               kind) != 7 ||
        (uv_ip4_addr(address, port, (struct sockaddr_in *)&wanted.address) != 0 &&
         uv_ip6_addr(address, port, (struct sockaddr_in6 *)&wanted.address) != 0))
        return false;
    wanted.deadline_ms = (uint64_t)deadline_ms;
    target->started_ms = uv_now(&all.loop);
    target->fetch = policy_fetch_start(all.fetcher[strcmp(kind, "reserved") == 0], &wanted, on_done, target);
    if (abort_ms)
        uv_timer_start(&target->abort, on_abort, (uint64_t)abort_ms, 0);
    all.under_way++;
    return true;
}

static bool start_targets(void) {
    char line[LINE_CAP];
    while (fgets(line, sizeof line, stdin))
        if (!start_target(line))
            return false;
    return all.under_way > 0;
}

int main(int argc, char **argv) {
    const char *error = "expected two times in milliseconds, and targets on standard input";
    struct policy_config config = policy_config_default();
    char why[256];
    uv_loop_init(&all.loop);
    for (size_t i = 0; argc == 3 && i < KINDS; i++) {
        config.connect_ms = strtoull(argv[1], NULL, 10);
        config.total_ms = strtoull(argv[2], NULL, 10);
        config.trust_store = getenv("MXG_TRUST_STORE");
        config.forbidden = all.forbidden[i] = forbidden_open(NULL, i == RESERVED, why, sizeof why);
        all.fetcher[i] = policy_fetcher_new(&all.loop, &config, &error);
    }
    if (all.fetcher[GLOBAL] == NULL || all.fetcher[RESERVED] == NULL || !start_targets()) {
        fprintf(stderr, "policy_many: %s\n", error);
        _Exit(2);
    }
    uv_run(&all.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < KINDS; i++)
        forbidden_close(&all.forbidden[i]);
    return uv_loop_close(&all.loop) == 0 ? 0 : 1;
}
