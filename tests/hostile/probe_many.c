/* probe_many.c - probes many addresses at once in ONE event loop, for tests/hostile/run and tests/e2e/faults.
 *
 *   probe_many GREETING REPLY TLS QUIT GAP DEADLINE [AT-ONCE] < targets
 *
 * (milliseconds; a target: "ID ADDRESS PORT NAME,…"). AT-ONCE: no more than so many at once, and a probe that was
 * stopped is taken up a second time.
 *
 * Each probe prints one JSON object when it ends; a last one tells what the process as a whole went through: the
 * most heap in use after any turn of the loop, the kernel's high-water mark, and the longest turn, during which no
 * other probe could move. Strings are printed as the engine gave them: whether they are clean is for the test to see.
 */
#include "base/json.h"
#include "base/mem.h"
#include "model/suites.h"
#include "probe/probe.h"
#include "tls/tls_names.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* its header comes with clang only */
enum { SANITIZED = 1 };                               /* shadow and quarantine are in the high-water mark */
#else
enum { SANITIZED = 0 };
#endif

enum { ID_CAP = 128, LINE_CAP = 1024, NAMES_MAX = 8, ATTEMPTS = 2 };

struct target {
    char id[ID_CAP], names[512];
    struct sockaddr_storage address;
    unsigned attempt;
    uint64_t started_ms;
    struct target *next;
};

static struct {
    uv_loop_t loop;
    uv_prepare_t turns;
    size_t heap_start, heap_most;
    int64_t turn_began_us, turn_longest_us;      /* processor time: others on this machine do not count */
    unsigned under_way, most_under_way, at_once; /* at_once 0: no bound */
    const struct probe_config *config;
    struct target *targets;
} all;

/* ---- what the process goes through ---- */

static size_t heap_octets(void) {
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

static void note_heap(void) {
    size_t now = heap_octets();
    all.heap_most = now > all.heap_most ? now : all.heap_most;
}

static int64_t processor_us(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000) + used.tv_nsec / 1000;
}

/* Once a turn, before it waits. Waiting takes no processor time, so that what lies between two calls is a turn's work.
 */
static void on_turn(uv_prepare_t *prepare) {
    (void)prepare;
    int64_t now = processor_us(), turn = now - all.turn_began_us;
    all.turn_longest_us = turn > all.turn_longest_us ? turn : all.turn_longest_us;
    all.turn_began_us = now;
    note_heap();
}

/* "VmHWM:    12345 kB" of /proc/self/status. */
static long status_kib(const char *key) {
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && kib < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtol(line + strlen(key) + 1, NULL, 10);
    if (status)
        fclose(status);
    return kib;
}

/* ---- a probe's object ---- */

static void print_facts(struct json *json, const char *key, const struct fact *facts, unsigned first, unsigned count) {
    json_object(json, key);
    for (unsigned i = 0; i < count; i++) {
        json_object(json, fact_key((enum fact_id)(first + i)));
        json_text(json, "value", tri_name(facts[i].value));
        json_text(json, "reason", reason_key(facts[i].reason));
        json_text(json, "evidence", evidence_name(facts[i].evidence));
        json_number(json, "connection", facts[i].connection);
        json_end(json, '}');
    }
    json_end(json, '}');
}

static void print_certificate(struct json *json, const struct cert_chain *chain) {
    json_object(json, "certificate");
    json_text(json, "cn", chain->subject_cn);
    json_text(json, "subject", chain->subject);
    json_text(json, "issuer", chain->issuer);
    json_text(json, "serial", chain->serial);
    json_texts(json, "san", chain->san, chain->san_count);
    json_number(json, "san_total", (int64_t)chain->san_total);
    json_text(json, "key_type", chain->key_type);
    json_number(json, "key_bits", chain->key_bits);
    json_text(json, "signature", chain->signature);
    json_number(json, "not_before", chain->not_before);
    json_number(json, "not_after", chain->not_after);
    json_text(json, "trust_error", chain->trust_error);
    json_text(json, "parse_error", chain->parse_error);
    json_number(json, "chain_count", (int64_t)chain->chain_count);
    json_end(json, '}');
}

static void print_connections(struct json *json, const struct probe_report *report) {
    char suite[8];
    json_array(json, "connections");
    for (unsigned i = 0; i < report->connection_count; i++) {
        const struct probe_connection *c = &report->connection[i];
        json_object(json, NULL);
        json_text(json, "step", c->step);
        json_text(json, "outcome", answer_kind_name(c->kind));
        json_text(json, "reason", reason_key(c->reason));
        json_text(json, "version", c->version ? tls_version_name(c->version) : "");
        json_text(json, "suite", c->suite ? suite_name(c->suite, suite, sizeof suite) : "");
        json_text(json, "alert", c->alerted ? tls_alert_name(c->alert) : "");
        json_text(json, "detail", c->detail);
        json_number(json, "milliseconds", c->duration_ms);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void print_other_names(struct json *json, const struct probe_report *report) {
    json_array(json, "other_names");
    for (size_t i = 1; i < report->name_count; i++)
        print_facts(json, NULL, report->name[i].fact, FACT_NAME_FIRST, FACT_NAME_COUNT);
    json_end(json, ']');
}

static void print_report(const struct probe_report *report, const struct target *target) {
    struct json json = json_to(stdout, JSON_INDENTED);
    json_object(&json, NULL);
    json_text(&json, "id", target->id);
    json_number(&json, "attempt", target->attempt);
    json_number(&json, "milliseconds", (int64_t)(uv_now(&all.loop) - target->started_ms));
    json_text(&json, "reason", reason_key(report->reason));
    json_bool(&json, "retry", report->retry);
    print_facts(&json, "facts", report->plan.fact, 0, FACT_ENDPOINT_COUNT);
    print_facts(&json, "name_facts", report->name[0].fact, FACT_NAME_FIRST, FACT_NAME_COUNT);
    print_other_names(&json, report);
    json_bits(&json, "flags", report->plan.flags, flag_name, FLAG_COUNT);
    json_text(&json, "banner", report->banner);
    json_texts(&json, "ehlo", report->ehlo, report->ehlo_count);
    json_texts(&json, "ehlo_tls", report->ehlo_tls, report->ehlo_tls_count);
    if (report->name[0].chain)
        print_certificate(&json, report->name[0].chain);
    print_connections(&json, report);
    json_end(&json, '}');
    fflush(stdout);
}

static void print_process(void) {
    struct json json = json_to(stdout, JSON_INDENTED);
    json_object(&json, NULL);
    json_number(&json, "most_under_way", all.most_under_way);
    json_number(&json, "heap_growth_kib", (int64_t)((all.heap_most - all.heap_start) / 1024));
    json_bool(&json, "sanitized", SANITIZED);
    json_number(&json, "vm_hwm_kib", status_kib("VmHWM:"));
    json_number(&json, "longest_turn_ms", all.turn_longest_us / 1000);
    json_end(&json, '}');
}

/* ---- the probes ---- */

static void start_targets(void);

/* Splits at commas, in place. */
static size_t split_names(char *text, const char *names[static NAMES_MAX]) {
    size_t count = 0;
    for (char *rest = text, *name; count < NAMES_MAX && (name = strsep(&rest, ",")) != NULL;)
        names[count++] = name;
    return count;
}

static void on_done(struct probe_report *report, void *context);

/* before: the report of an earlier attempt, which is taken up; NULL: none. */
static void start_attempt(struct target *target, const struct probe_report *before) {
    char text[sizeof target->names];
    const char *names[NAMES_MAX];
    struct probe_target wanted = {.address = target->address, .names = names};
    memcpy(text, target->names, sizeof text);
    wanted.name_count = split_names(text, names);
    if (before) {
        wanted.resume = before->resume;
        wanted.resume_len = before->resume_len;
    }
    target->attempt++;
    target->started_ms = uv_now(&all.loop);
    (void)probe_start(&all.loop, all.config, &wanted, on_done, target);
}

static void on_done(struct probe_report *report, void *context) {
    struct target *target = context;
    note_heap();
    print_report(report, target);
    bool again = all.at_once && report->retry && target->attempt < ATTEMPTS;
    if (again)
        start_attempt(target, report);
    probe_report_free(&report);
    if (again)
        return;
    all.under_way--;
    start_targets();
    if (all.under_way == 0)
        uv_close((uv_handle_t *)&all.turns, NULL);
}

static bool start_target(const char *line) {
    char address[64];
    int port;
    struct target *target = mem_alloc(sizeof *target);
    target->next = all.targets;
    all.targets = target;
    if (sscanf(line, "%127s %63s %d %511s", target->id, address, &port, target->names) != 4 ||
        uv_ip4_addr(address, port, (struct sockaddr_in *)&target->address) != 0)
        return false;
    all.under_way++;
    start_attempt(target, NULL);
    return true;
}

/* As many of the targets as there is room for; a line that is none ends them. */
static void start_targets(void) {
    char line[LINE_CAP];
    while ((all.at_once == 0 || all.under_way < all.at_once) && fgets(line, sizeof line, stdin))
        if (!start_target(line)) {
            fprintf(stderr, "probe_many: not 'ID ADDRESS PORT NAME,…': %s", line);
            exit(2);
        }
    all.most_under_way = all.under_way > all.most_under_way ? all.under_way : all.most_under_way;
}

static struct probe_config config_from(struct chain_cache *chains, const struct handshake_contexts *contexts,
                                       const struct forbidden *forbidden, char **argv) {
    struct probe_config config = probe_config_default(chains, contexts, "probe.test");
    uint64_t *fields[] = {&config.timeouts.greeting, &config.timeouts.reply, &config.timeouts.tls,
                          &config.timeouts.quit,     &config.gap_ms,         &config.deadline_ms};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = strtoull(argv[i + 1], NULL, 10);
    config.timeouts.connect = config.timeouts.reply;
    config.forbidden = forbidden;
    return config;
}

static void free_targets(void) {
    for (struct target *next; all.targets; all.targets = next) {
        next = all.targets->next;
        free(all.targets);
    }
}

int main(int argc, char **argv) {
    char error[512];
    struct trust *trust = trust_open(getenv("MXG_TRUST_STORE"), error, sizeof error);
    if (argc < 7 || argc > 8 || trust == NULL) {
        fprintf(stderr, "probe_many: %s\n", trust ? "expected six times in milliseconds [AT-ONCE]" : error);
        return 2;
    }
    struct handshake_contexts *contexts = handshake_contexts_new();
    struct chain_cache *chains = chain_cache_new(trust, 0);
    struct forbidden *forbidden = forbidden_open(NULL, true, error, sizeof error);
    struct probe_config config = config_from(chains, contexts, forbidden, argv);
    uv_loop_init(&all.loop);
    uv_prepare_init(&all.loop, &all.turns);
    uv_prepare_start(&all.turns, on_turn);
    all.turn_began_us = processor_us();
    all.heap_start = all.heap_most = heap_octets();
    all.config = &config;
    all.at_once = argc == 8 ? (unsigned)strtoul(argv[7], NULL, 10) : 0;
    start_targets();
    bool good = all.under_way > 0;
    if (good)
        uv_run(&all.loop, UV_RUN_DEFAULT);
    else
        fprintf(stderr, "probe_many: no target\n");
    handshake_contexts_free(&contexts);
    chain_cache_free(&chains);
    trust_close(&trust);
    forbidden_close(&forbidden);
    free_targets();
    if (good)
        print_process();
    return good ? 0 : 2;
}
