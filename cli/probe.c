/* probe.c - mxgrade probe: asks one server, without database or queue, and prints facts and connections.
 *
 * The same engine as the worker's (engine/probe/probe.h) and the same grading (common/model/grade.h). With --json one
 * object; else a page for people.
 */
#include "probe/probe_setup.h"

#include "base/daemon.h"
#include "cli.h"
#include "model/grade.h"
#include "names/name.h"
#include "probe_arguments.h"
#include "probe_show.h"

#include <netdb.h>
#include <signal.h>
#include <stdlib.h>

static struct {
    const char *name, *tlsa;
    bool json, thorough;
    struct probe_options probe;
} options;

static const struct config_option OPTIONS[] = {
    {"name", CONFIG_TEXT, &options.name, NULL, "MX", "exchange name: sent as SNI, compared with the certificate [HOST]",
     0, 0},
    {"tlsa", CONFIG_TEXT, &options.tlsa, NULL, "RECORDS",
     "TLSA records to try the certificate on, published or not: \"3 1 1 HEX\", separated by commas", 0, 0},
    TRUST_STORE_OPTION(options.probe.trust_store),
    EHLO_NAME_OPTION(options.probe.ehlo_name),
    {"gap", CONFIG_DURATION, &options.probe.gap_ms, "1s", "TIME", "pause between two connections", 0, 0},
    {"deadline", CONFIG_DURATION, &options.probe.deadline_ms, "10m", "TIME", "longest time for the whole probe", 0, 0},
    PROBE_TIMEOUT_OPTIONS(options.probe),
    {"thorough", CONFIG_FLAG, &options.thorough, NULL, NULL,
     "then ask every version, suite and group by itself: hundreds of connections, for a server of your own", 0, 0},
    PROBE_PLAN_OPTIONS(options.probe, "the server"),
    ALLOW_RESERVED_OPTION(options.probe.allow_reserved, ""),
    BLOCKLIST_OPTION(options.probe.blocklist),
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

/* ---- grading ---- */

static struct grade_result grade_report(const struct probe_report *report) {
    struct grade_input input = {.reason = report->reason, .now = report->observed_at_ms / 1000};
    for (unsigned id = 0; id < FACT_COUNT; id++)
        input.fact[id] = probe_fact(report, id)->value;
    input.starttls_stripped = report->plan.flags & FLAG_STARTTLS_STRIPPED;
    input.inconsistent = report->plan.flags & FLAG_INCONSISTENT;
    const struct cert_chain *chain = report->name[0].chain;
    if (chain) {
        input.weak_key = chain->weak_key;
        input.sha1_signature = chain->sha1_signature;
        input.not_before = chain->not_before;
        input.not_after = chain->not_after;
    }
    return grade_endpoint(&input, POLICY_1);
}

/* ---- the probe, in the frame of a daemon: it ends by itself, and signals kill ---- */

struct run {
    const char *host; /* as given */
    struct probe_target target;
    struct probe_setup setup;
    struct probe_report *report;
};

static void on_report(struct probe_report *report, void *context) {
    struct run *run = context;
    run->report = report;
}

/* HOST itself, where another name is probed for: the engine sees only that one. */
static const char *why_host_is_forbidden(const struct run *run) {
    char name[NAME_CAP];
    enum name_error error = name_from_dns(name, run->host);
    bool is_name = error == NAME_OK || error == NAME_SINGLE_LABEL;
    return options.name && is_name ? forbidden_name(run->setup.forbidden, name) : NULL;
}

static bool start_run(void *self, uv_loop_t *loop, char *error, size_t cap) {
    struct run *run = self;
    if (!probe_setup_open(&run->setup, &options.probe, error, cap))
        return false;
    const char *why = why_host_is_forbidden(run);
    if (why) {
        snprintf(error, cap, "'%s' is not to be contacted: %s", run->host, why);
        return false;
    }
    run->setup.config.thorough = options.thorough;
    probe_start(loop, &run->setup.config, &run->target, on_report, run);
    return true;
}

static const struct daemon FRAME = {.program = &PROGRAM, .start = start_run};

/* ---- the verb ---- */

static int show_report(const struct probe_report *report, const struct sockaddr_storage *where) {
    char address[NI_MAXHOST] = "";
    struct grade_result grade = grade_report(report);
    getnameinfo((const struct sockaddr *)where, sizeof *where, address, sizeof address, NULL, 0, NI_NUMERICHOST);
    (options.json ? probe_print_json : probe_print_page)(report, &grade, address);
    return grade.graded ? CLI_OK : CLI_FAILED;
}

static int probe_and_show(struct run *run) {
    int code = daemon_run(&FRAME, run) == EXIT_SUCCESS ? CLI_OK : CLI_FAILED;
    signal(SIGPIPE, SIG_DFL); /* the frame ignored it because of sockets; standard output may be a pipe */
    if (run->report)
        code = show_report(run->report, &run->target.address);
    probe_report_free(&run->report);
    probe_setup_close(&run->setup);
    return code;
}

/* The exchange's name into out. "": HOST is an address, so that there is no SNI and nothing to compare the certificate
 * with. False: --name is none, which was said. */
static bool read_name(char out[static NAME_CAP], const char *host) {
    enum name_error error = name_from_dns(out, options.name ? options.name : host);
    if (error == NAME_OK || error == NAME_SINGLE_LABEL)
        return true;
    if (options.name)
        fprintf(stderr, "mxgrade probe: --name '%s': %s\n", options.name, name_error_text(error));
    *out = '\0';
    return options.name == NULL;
}

int verb_probe(int argc, char **argv) {
    const char *given;
    char host[NAME_CAP + 64], port[16], name[NAME_CAP] = "";
    struct run run = {.host = host, .target = {.name_count = 1}};
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "HOST[:PORT]", &given, &code))
        return code;
    if (!probe_split_target(given, host, sizeof host, port, sizeof port)) {
        fprintf(stderr, "mxgrade probe: expected one HOST[:PORT]; try 'mxgrade probe --help'\n");
        return CLI_USAGE;
    }
    if (!read_name(name, host))
        return CLI_USAGE;
    struct dane_set *tlsa = options.tlsa ? probe_read_tlsa(options.tlsa, name) : NULL;
    if (options.tlsa && tlsa == NULL)
        return CLI_USAGE;
    run.target.names = (const char *const[]){name};
    run.target.tlsa = (const struct dane_set *const[]){tlsa};
    code = probe_look_up(host, port, &run.target.address) ? probe_and_show(&run) : CLI_NOT_FOUND;
    dane_set_free(&tlsa);
    return code;
}
