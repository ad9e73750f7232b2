/* probe.c - mxgrade probe: asks one server, without database or queue, and prints facts and connections.
 *
 * The same engine as the worker's (worker/probe.h) and the same grading (common/grade.h). With --json one object; else
 * a page for people.
 */
#include "probe.h"

#include "config.h"
#include "grade.h"
#include "json.h"
#include "mem.h"
#include "name.h"
#include "server_flight.h"
#include "suites.h"
#include "text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int verb_probe(int argc, char **argv);

static struct {
    const char *name, *trust_store, *ehlo_name;
    int64_t gap_ms, deadline_ms, greeting_ms;
    bool allow_reserved, json;
} options;

static const struct config_option OPTIONS[] = {
    {"name", CONFIG_TEXT, &options.name, NULL, "MX", "exchange name: sent as SNI, compared with the certificate [HOST]",
     0, 0},
    {"trust-store", CONFIG_TEXT, &options.trust_store, NULL, "FILE", "PEM file of trusted roots [the system's]", 0, 0},
    {"ehlo-name", CONFIG_TEXT, &options.ehlo_name, NULL, "NAME", "name said in EHLO [this host's name]", 0, 0},
    {"gap", CONFIG_DURATION, &options.gap_ms, "1s", "TIME", "pause between two connections", 0, 0},
    {"deadline", CONFIG_DURATION, &options.deadline_ms, "5m", "TIME", "longest time for the whole probe", 0, 0},
    {"greeting-timeout", CONFIG_DURATION, &options.greeting_ms, "45s", "TIME", "longest wait for a greeting", 0, 0},
    {"allow-reserved", CONFIG_FLAG, &options.allow_reserved, NULL, NULL,
     "probe loopback, private and other reserved addresses", 0, 0},
    {"json", CONFIG_FLAG, &options.json, NULL, NULL, "print one JSON object", 0, 0},
};

static const struct config_program PROGRAM = {
    .name = "mxgrade probe",
    .usage = "[OPTION…] HOST[:PORT]",
    .summary =
        "Asks one mail server what it supports: a handful of connections, one at a time. HOST is an address or a name\n"
        "(its first address is probed); an IPv6 address with a port is written [ADDRESS]:PORT. PORT is 25 if not "
        "given.",
    .notes = "Exit status: 0 if the server could be graded, 1 if not, 2 for a usage error, 3 if HOST has no address.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* ---- the target ---- */

/* "host", "host:25", "[::1]:25", "::1" into two strings of the given capacity. */
static bool split_target(const char *text, char *host, size_t host_cap, char *port, size_t port_cap) {
    const char *end = text + strlen(text), *colon = strrchr(text, ':');
    const char *from = text, *to = end;
    snprintf(port, port_cap, "25");
    if (*text == '[') {
        const char *bracket = strchr(text, ']');
        if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
            return false;
        from = text + 1;
        to = bracket;
        if (bracket[1] == ':')
            snprintf(port, port_cap, "%s", bracket + 2);
    } else if (colon && strchr(text, ':') == colon) {
        to = colon;
        snprintf(port, port_cap, "%s", colon + 1);
    }
    snprintf(host, host_cap, "%.*s", (int)(to - from), from);
    return to > from;
}

static bool look_up(const char *host, const char *port, struct sockaddr_storage *address) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int status = getaddrinfo(host, port, &hints, &found);
    if (status != 0) {
        fprintf(stderr, "mxgrade probe: cannot find an address for '%s' port '%s': %s\n", host, port,
                gai_strerror(status));
        return false;
    }
    memset(address, 0, sizeof *address);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* ---- grading ---- */

static struct grade_result grade_report(const struct probe_report *report) {
    struct grade_input input = {.reason = report->reason, .now = report->observed_at_ms / 1000};
    for (unsigned i = 0; i < FACT_ENDPOINT_COUNT; i++)
        input.fact[i] = report->plan.fact[i].value;
    for (unsigned i = 0; i < FACT_NAME_COUNT; i++)
        input.fact[FACT_NAME_FIRST + i] = report->name[0].fact[i].value;
    input.starttls_stripped = report->plan.flags & FLAG_STARTTLS_STRIPPED;
    input.inconsistent = report->plan.flags & FLAG_INCONSISTENT;
    const struct cert_chain *chain = report->name[0].chain;
    if (chain) {
        input.weak_key = chain->weak_key;
        input.sha1_signature = chain->sha1_signature;
        input.not_after = chain->not_after;
    }
    return grade_endpoint(&input, POLICY_1);
}

static const struct fact *fact_of(const struct probe_report *report, unsigned id) {
    return id < FACT_ENDPOINT_COUNT ? &report->plan.fact[id] : &report->name[0].fact[id - FACT_NAME_FIRST];
}

/* ---- JSON ---- */

static void json_fact(struct json *json, const struct fact *fact, const char *key) {
    json_object(json, key);
    json_text(json, "value", tri_name(fact->value));
    if (fact->value == TRI_UNKNOWN)
        json_text(json, "reason", reason_key(fact->reason));
    else
        json_text(json, "evidence", evidence_name(fact->evidence));
    if (fact->connection)
        json_number(json, "connection", fact->connection);
    json_end(json, '}');
}

static void json_connection(struct json *json, const struct probe_connection *c) {
    char name[8];
    json_object(json, NULL);
    json_text(json, "step", c->step);
    json_text(json, "offered", c->offered);
    json_text(json, "outcome", answer_kind_name(c->kind));
    if (c->version)
        json_text(json, "version", tls_version_name(c->version));
    if (c->suite)
        json_text(json, "suite", suite_name(c->suite, name, sizeof name));
    if (c->group)
        json_text(json, "group", group_name(c->group));
    if (c->alerted)
        json_text(json, "alert", alert_name(c->alert));
    if (c->reason != REASON_NONE)
        json_text(json, "reason", reason_key(c->reason));
    if (*c->detail)
        json_text(json, "detail", c->detail);
    json_number(json, "milliseconds", c->duration_ms);
    json_end(json, '}');
}

static void json_certificate(struct json *json, const struct probe_name *name) {
    const struct cert_chain *chain = name->chain;
    char hex[65];
    json_object(json, "certificate");
    text_hex(hex, chain->leaf_sha256, sizeof chain->leaf_sha256);
    json_text(json, "sha256", hex);
    json_text(json, "subject", chain->subject);
    json_text(json, "issuer", chain->issuer);
    json_array(json, "san");
    for (size_t i = 0; i < chain->san_count; i++)
        json_text(json, NULL, chain->san[i]);
    json_end(json, ']');
    json_text(json, "matched", *name->match.identity ? name->match.identity : NULL);
    json_text(json, "key_type", chain->key_type);
    json_number(json, "key_bits", chain->key_bits);
    json_text(json, "signature", chain->signature);
    json_number(json, "not_before", chain->not_before);
    json_number(json, "not_after", chain->not_after);
    json_bool(json, "self_signed", chain->self_signed);
    json_text(json, "trust_error", *chain->trust_error ? chain->trust_error : NULL);
    json_end(json, '}');
}

static void json_strings(struct json *json, const char *key, char *const *values, size_t count) {
    json_array(json, key);
    for (size_t i = 0; i < count; i++)
        json_text(json, NULL, values[i]);
    json_end(json, ']');
}

static void json_findings(struct json *json, const struct grade_result *grade) {
    json_array(json, "findings");
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if ((grade->findings & (UINT64_C(1) << i)) == 0)
            continue;
        json_object(json, NULL);
        json_text(json, "code", FINDING_INFO[i].code);
        json_text(json, "weight", weight_name(FINDING_INFO[i].weight));
        json_text(json, "recommendation", FINDING_INFO[i].recommendation);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void print_json(const struct probe_report *report, const struct grade_result *grade, const char *address) {
    struct json json = json_to(stdout);
    json_object(&json, NULL);
    json_text(&json, "address", address);
    json_text(&json, "name", report->name[0].name);
    json_text(&json, "grade", grade->graded ? grade->grade : NULL);
    json_bool(&json, "provisional", grade->provisional);
    json_text(&json, "reason", report->reason == REASON_NONE ? NULL : reason_key(report->reason));
    json_object(&json, "facts");
    for (unsigned id = 0; id < FACT_COUNT; id++)
        json_fact(&json, fact_of(report, id), fact_key((enum fact_id)id));
    json_end(&json, '}');
    json_findings(&json, grade);
    json_array(&json, "flags");
    for (unsigned bit = 0; bit < FLAG_COUNT; bit++)
        if (report->plan.flags & (1u << bit))
            json_text(&json, NULL, plan_flag_name(bit));
    json_end(&json, ']');
    json_text(&json, "banner", report->banner);
    json_strings(&json, "ehlo", report->ehlo, report->ehlo_count);
    json_strings(&json, "ehlo_tls", report->ehlo_tls, report->ehlo_tls_count);
    if (report->name[0].chain)
        json_certificate(&json, &report->name[0]);
    json_array(&json, "connections");
    for (unsigned i = 0; i < report->connection_count; i++)
        json_connection(&json, &report->connection[i]);
    json_end(&json, ']');
    json_end(&json, '}');
}

/* ---- a page ---- */

static void print_fact(const struct probe_report *report, unsigned id) {
    const struct fact *fact = fact_of(report, id);
    printf("  %-26s %-8s", fact_title((enum fact_id)id), tri_name(fact->value));
    if (fact->value == TRI_UNKNOWN)
        printf("%s", reason_text(fact->reason));
    else if (fact->connection)
        printf("%s, connection %u", evidence_name(fact->evidence), fact->connection);
    else
        printf("%s", evidence_name(fact->evidence));
    putchar('\n');
}

static void print_connection(const struct probe_connection *c, unsigned number) {
    char name[8];
    printf("%3u  %-57s ", number, c->offered);
    if (c->kind == ANSWER_SELECTED && c->suite)
        printf("%s %s", tls_version_name(c->version), suite_name(c->suite, name, sizeof name));
    else if (c->kind == ANSWER_SELECTED)
        printf("%s", tls_version_name(c->version));
    else if (c->alerted)
        printf("refused: alert %s", alert_name(c->alert));
    else
        printf("%s", answer_kind_name(c->kind));
    if (c->group)
        printf(" (%s)", group_name(c->group));
    if (*c->detail && c->kind != ANSWER_SELECTED)
        printf(" – %s", c->detail);
    printf(", %u ms\n", c->duration_ms);
}

static void print_page(const struct probe_report *report, const struct grade_result *grade, const char *address) {
    const struct cert_chain *chain = report->name[0].chain;
    printf("%s  [%s]\n", report->name[0].name, address);
    if (report->banner)
        printf("%s\n", report->banner);
    if (grade->graded)
        printf("\nGrade %s (score %d)%s\n\n", grade->grade, grade->score, grade->provisional ? ", provisional" : "");
    else
        printf("\nUngraded: %s\n\n", reason_text(report->reason));
    for (unsigned id = 0; id < FACT_COUNT; id++)
        print_fact(report, id);
    if (chain) {
        printf("\nCertificate for %s, issued by %s\n", *chain->subject ? chain->subject : "(no subject)",
               chain->issuer);
        if (*chain->trust_error)
            printf("  not trusted: %s\n", chain->trust_error);
    }
    if (grade->findings)
        printf("\nRecommendations\n");
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (grade->findings & (UINT64_C(1) << i))
            printf("  %-12s %s: %s\n", weight_name(FINDING_INFO[i].weight), FINDING_INFO[i].title,
                   FINDING_INFO[i].recommendation);
    printf("\nConnections\n");
    for (unsigned i = 0; i < report->connection_count; i++)
        print_connection(&report->connection[i], i + 1);
}

/* ---- the verb ---- */

static void keep_report(struct probe_report *report, void *context) { *(struct probe_report **)context = report; }

static struct probe_report *run_probe(const struct probe_target *target, const struct trust *trust) {
    struct probe_report *report = NULL;
    struct handshake_contexts *contexts = handshake_contexts_new();
    struct probe_config config = probe_config_default(trust, contexts, options.ehlo_name);
    config.allow_reserved = options.allow_reserved;
    config.gap_ms = (uint64_t)options.gap_ms;
    config.deadline_ms = (uint64_t)options.deadline_ms;
    uv_loop_t loop;
    config.timeouts.greeting = (uint64_t)options.greeting_ms;
    uv_loop_init(&loop);
    probe_start(&loop, &config, target, keep_report, &report);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    handshake_contexts_free(&contexts);
    return report;
}

static int show(struct probe_report *report, const char *address) {
    struct grade_result grade = grade_report(report);
    if (options.json)
        print_json(report, &grade, address);
    else
        print_page(report, &grade, address);
    probe_report_free(&report);
    return grade.graded ? EXIT_SUCCESS : EXIT_FAILURE;
}

int verb_probe(int argc, char **argv) {
    char host[NAME_CAP + 64], port[16], name[NAME_CAP] = "", error[512], address[NI_MAXHOST];
    struct probe_target target = {.name_count = 1};
    int operand;
    enum config_result result = config_load(&PROGRAM, argc, argv, &operand);
    if (result != CONFIG_GO)
        return result == CONFIG_EXIT_OK ? EXIT_SUCCESS : 2;
    if (operand + 1 != argc || !split_target(argv[operand], host, sizeof host, port, sizeof port)) {
        fprintf(stderr, "mxgrade probe: expected one HOST[:PORT]; try 'mxgrade probe --help'\n");
        return 2;
    }
    enum name_error name_error = name_from_dns(name, options.name ? options.name : host);
    if (options.name && name_error != NAME_OK && name_error != NAME_SINGLE_LABEL) {
        fprintf(stderr, "mxgrade probe: --name '%s': %s\n", options.name, name_error_text(name_error));
        return 2;
    }
    if (name_error != NAME_OK && name_error != NAME_SINGLE_LABEL)
        *name = '\0'; /* HOST is an address: no SNI, nothing to compare the certificate with */
    if (!look_up(host, port, &target.address))
        return 3;
    target.names = (const char *const[]){name};
    struct trust *trust = trust_open(options.trust_store, error, sizeof error);
    if (trust == NULL) {
        fprintf(stderr, "mxgrade probe: %s\n", error);
        return EXIT_FAILURE;
    }
    getnameinfo((struct sockaddr *)&target.address, sizeof target.address, address, sizeof address, NULL, 0,
                NI_NUMERICHOST);
    int status = show(run_probe(&target, trust), address);
    trust_close(&trust);
    return status;
}
