/* probe.c - mxgrade probe: asks one server, without database or queue, and prints facts and connections.
 *
 * The same engine as the worker's (engine/probe/probe.h) and the same grading (common/model/grade.h). With --json one object; else
 * a page for people.
 */
#include "probe/probe.h"

#include "base/config.h"
#include "base/mem.h"
#include "model/grade.h"
#include "names/name.h"
#include "probe_show.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int verb_probe(int argc, char **argv);

static struct {
    const char *name, *trust_store, *ehlo_name, *blocklist, *tlsa;
    int64_t gap_ms, deadline_ms, greeting_ms, tls_ms;
    bool allow_reserved, json, thorough, per_version, pq_strict;
} options;

static const struct config_option OPTIONS[] = {
    {"name", CONFIG_TEXT, &options.name, NULL, "MX", "exchange name: sent as SNI, compared with the certificate [HOST]",
     0, 0},
    {"tlsa", CONFIG_TEXT, &options.tlsa, NULL, "RECORDS",
     "TLSA records to try the certificate on, published or not: \"3 1 1 HEX\", separated by commas", 0, 0},
    {"trust-store", CONFIG_TEXT, &options.trust_store, NULL, "FILE", "PEM file of trusted roots [the system's]", 0, 0},
    {"ehlo-name", CONFIG_TEXT, &options.ehlo_name, NULL, "NAME", "name said in EHLO [this host's name]", 0, 0},
    {"gap", CONFIG_DURATION, &options.gap_ms, "1s", "TIME", "pause between two connections", 0, 0},
    {"deadline", CONFIG_DURATION, &options.deadline_ms, "10m", "TIME", "longest time for the whole probe", 0, 0},
    {"greeting-timeout", CONFIG_DURATION, &options.greeting_ms, "45s", "TIME", "longest wait for a greeting", 0, 0},
    {"tls-timeout", CONFIG_DURATION, &options.tls_ms, "20s", "TIME", "longest wait for the answer to a hello", 0, 0},
    {"thorough", CONFIG_FLAG, &options.thorough, NULL, NULL,
     "then ask every version, suite and group by itself: hundreds of connections, for a server of your own", 0, 0},
    {"per-version", CONFIG_FLAG, &options.per_version, NULL, NULL,
     "ask for weak suites at every version, not only the highest and the lowest", 0, 0},
    {"pq-strict", CONFIG_FLAG, &options.pq_strict, NULL, NULL,
     "ask for post-quantum hybrids alone where the server prefers other groups", 0, 0},
    {"allow-reserved", CONFIG_FLAG, &options.allow_reserved, NULL, NULL,
     "probe loopback, private and other reserved addresses", 0, 0},
    FORBIDDEN_OPTION(options.blocklist),
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

/* ---- TLSA records ---- */

static bool add_record(struct dane_set *set, const char *text) {
    uint8_t rdata[TLSA_RDATA_MAX];
    size_t len;
    if (tlsa_from_text(rdata, &len, text) && dane_set_add(set, rdata, len))
        return true;
    fprintf(stderr, "mxgrade probe: --tlsa '%s': expected at most %d records such as '3 1 1 HEX', in hexadecimal\n",
            text, TLSA_RECORDS_MAX);
    return false;
}

/* options.tlsa for that exchange; NULL: said why. */
static struct dane_set *read_records(const char *name) {
    char *copy = mem_strdup(options.tlsa), *rest = copy;
    struct dane_set *set = dane_set_new(name);
    if (set == NULL)
        fprintf(stderr, "mxgrade probe: --tlsa needs the exchange's name: say --name MX\n");
    for (const char *text; set && (text = strsep(&rest, ",")) != NULL;)
        if (!add_record(set, text))
            dane_set_free(&set);
    free(copy);
    return set;
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

/* ---- the verb ---- */

static void keep_report(struct probe_report *report, void *context) { *(struct probe_report **)context = report; }

static struct probe_report *run_probe(const struct probe_target *target, const struct trust *trust,
                                      const struct forbidden *forbidden) {
    struct probe_report *report = NULL;
    struct handshake_contexts *contexts = handshake_contexts_new();
    struct chain_cache *chains = chain_cache_new(trust, 0);
    struct dane *dane = dane_open();
    struct probe_config config = probe_config_default(chains, contexts, options.ehlo_name);
    config.policy = (struct plan_policy){.per_version = options.per_version, .pq_strict = options.pq_strict};
    config.dane = dane;
    config.thorough = options.thorough;
    config.forbidden = forbidden;
    config.gap_ms = (uint64_t)options.gap_ms;
    config.deadline_ms = (uint64_t)options.deadline_ms;
    config.timeouts.greeting = (uint64_t)options.greeting_ms;
    config.timeouts.tls = (uint64_t)options.tls_ms;
    uv_loop_t loop;
    uv_loop_init(&loop);
    probe_start(&loop, &config, target, keep_report, &report);
    signal(SIGPIPE, SIG_IGN); /* of sockets; standard output may be a pipe again thereafter */
    uv_run(&loop, UV_RUN_DEFAULT);
    signal(SIGPIPE, SIG_DFL);
    uv_loop_close(&loop);
    dane_close(&dane);
    chain_cache_free(&chains);
    handshake_contexts_free(&contexts);
    return report;
}

static int show(struct probe_report *report, const struct sockaddr_storage *where) {
    char address[NI_MAXHOST] = "";
    struct grade_result grade = grade_report(report);
    getnameinfo((const struct sockaddr *)where, sizeof *where, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    (options.json ? probe_print_json : probe_print_page)(report, &grade, address);
    probe_report_free(&report);
    return grade.graded ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* HOST itself, where another name is probed for: the engine sees only that one. */
static bool host_is_refused(const struct forbidden *forbidden, const char *host) {
    char name[NAME_CAP];
    enum name_error error = name_from_dns(name, host);
    const char *why = error == NAME_OK || error == NAME_SINGLE_LABEL ? forbidden_name(forbidden, name) : NULL;
    if (why)
        fprintf(stderr, "mxgrade probe: '%s' is not to be contacted: %s\n", host, why);
    return why != NULL;
}

static int probe_and_show(const struct probe_target *target, const char *host) {
    char error[512];
    int status = EXIT_FAILURE;
    struct trust *trust = trust_open(options.trust_store, error, sizeof error);
    struct forbidden *forbidden =
        trust ? forbidden_open(options.blocklist, options.allow_reserved, error, sizeof error) : NULL;
    if (forbidden == NULL)
        fprintf(stderr, "mxgrade probe: %s\n", error);
    else if (!options.name || !host_is_refused(forbidden, host))
        status = show(run_probe(target, trust, forbidden), &target->address);
    forbidden_close(&forbidden);
    trust_close(&trust);
    return status;
}

int verb_probe(int argc, char **argv) {
    char host[NAME_CAP + 64], port[16], name[NAME_CAP] = "";
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
    struct dane_set *tlsa = options.tlsa ? read_records(name) : NULL;
    if (options.tlsa && tlsa == NULL)
        return 2;
    target.names = (const char *const[]){name};
    target.tlsa = (const struct dane_set *const[]){tlsa};
    int status = look_up(host, port, &target.address) ? probe_and_show(&target, host) : 3;
    dane_set_free(&tlsa);
    return status;
}
