/* doctor.c - mxgrade doctor: is everything here that a survey needs? A line for each thing, and what to do about it. */
#include "cli.h"

#include "base/log.h"
#include "cert/trust.h"
#include "dns/dns.h"
#include "forbidden/forbidden.h"
#include "probe/ehlo_name.h"
#include "probe/probe_setup.h"

#include <stdlib.h>
#include <string.h>

static struct {
    const char *database, *resolver, *signed_name, *trust_store, *ehlo_name, *blocklist;
    bool trust_resolver;
} options;

static const struct config_option OPTIONS[] = {
    CLI_DATABASE_OPTION(&options.database),
    {"resolver", CONFIG_TEXT, &options.resolver, NULL, "ADDRESS[:PORT]",
     "recursive resolvers of the coordinator, joined by commas [the system's]", 0, 0},
    {"trust-resolver", CONFIG_FLAG, &options.trust_resolver, NULL, NULL,
     "the path to a resolver beyond loopback is trusted", 0, 0},
    {"signed-name", CONFIG_TEXT, &options.signed_name, ".", "NAME", "a name that is signed", 0, 0},
    TRUST_STORE_OPTION(options.trust_store),
    EHLO_NAME_OPTION(options.ehlo_name),
    BLOCKLIST_OPTION(options.blocklist),
};

static const struct config_program PROGRAM = {
    .name = "mxgrade doctor",
    .usage = "[OPTION…]",
    .summary = "Looks whether everything that a survey needs is here: give it the options of the programs.",
    .notes = "Exit status: 0 nothing is amiss or a warning was given; 1 a survey would not work.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* Of a check; later ones are worse. */
enum outcome { OUTCOME_FINE, OUTCOME_WARNING, OUTCOME_FAILED };

static enum outcome print_outcome(enum outcome outcome, const char *what, const char *text) {
    static const char *const words[] = {"ok", "warning", "FAILED"};
    printf("%-8s  %s: %s\n", words[outcome], what, text);
    return outcome;
}

static enum outcome check_database(void) {
    char error[512] = "";
    struct db *db = db_connect(options.database, "mxgrade doctor", error, sizeof error);
    bool good = db && db_check_schema(db, error, sizeof error);
    db_close(&db);
    return good ? print_outcome(OUTCOME_FINE, "database", "connected, its schema is this program's")
                : print_outcome(OUTCOME_FAILED, "database", error);
}

static enum outcome check_resolver(const struct dns_server *server) {
    char what[128], text[256];
    snprintf(what, sizeof what, "resolver %s", server->address);
    if (server->state == DNS_SERVER_SILENT)
        return print_outcome(OUTCOME_FAILED, what, "no answer: start it, or name another with --resolver");
    if (server->state == DNS_SERVER_ANSWERS)
        return print_outcome(
            OUTCOME_WARNING, what,
            "answers but does not validate: DNSSEC and DANE would stay unchecked; use a validating one, such as "
            "Unbound on this host");
    if (server->state == DNS_SERVER_UNTRUSTED)
        return print_outcome(
            OUTCOME_WARNING, what,
            "validates, but is not on loopback: DNSSEC and DANE would stay unchecked; run it on this host, or say "
            "--trust-resolver if nobody can alter its answers on the way");
    snprintf(text, sizeof text, "answers in %u ms and validates DNSSEC", server->answer_ms);
    return print_outcome(OUTCOME_FINE, what, text);
}

static enum outcome worse(enum outcome a, enum outcome b) { return a > b ? a : b; }

static bool all_asked(const struct dns *dns) {
    for (size_t i = 0; i < dns_server_count(dns); i++)
        if (dns_server(dns, i).state == DNS_SERVER_NEW)
            return false;
    return true;
}

static enum outcome check_resolvers(void) {
    enum { TIMEOUT_MS = 3000 };
    char error[512] = "";
    enum outcome worst = OUTCOME_FINE;
    uv_loop_t loop;
    const struct dns_config config = {.servers = options.resolver,
                                      .in_flight = 1,
                                      .timeout_ms = TIMEOUT_MS,
                                      .tries = 1,
                                      .trust_path = options.trust_resolver,
                                      .signed_name = options.signed_name};
    uv_loop_init(&loop);
    struct dns *dns = dns_open(&loop, &config, error, sizeof error);
    if (dns == NULL)
        worst = print_outcome(OUTCOME_FAILED, "resolver", error);
    while (dns && !all_asked(dns))
        uv_run(&loop, UV_RUN_ONCE);
    for (size_t i = 0; dns && i < dns_server_count(dns); i++) {
        struct dns_server server = dns_server(dns, i);
        worst = worse(worst, check_resolver(&server));
    }
    dns_close(&dns);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return worst;
}

static enum outcome check_trust_store(void) {
    char error[512] = "";
    struct trust *trust = trust_open(options.trust_store, error, sizeof error);
    if (trust == NULL)
        return print_outcome(OUTCOME_FAILED, "trust store", error);
    trust_close(&trust);
    return print_outcome(OUTCOME_FINE, "trust store", options.trust_store ? options.trust_store : "the system's");
}

static enum outcome check_ehlo_name(void) {
    const char *name = options.ehlo_name ? options.ehlo_name : ehlo_name_of_host();
    char text[512];
    if (ehlo_name_is_qualified(name))
        return print_outcome(OUTCOME_FINE, "EHLO name", name);
    snprintf(text, sizeof text,
             "'%s' has no dot: servers that refuse it stay unknown; give --ehlo-name a name that resolves to this host",
             name);
    return print_outcome(OUTCOME_WARNING, "EHLO name", text);
}

static enum outcome check_blocklist(void) {
    char error[512] = "";
    struct forbidden *forbidden = forbidden_open(options.blocklist, false, error, sizeof error);
    if (forbidden == NULL)
        return print_outcome(OUTCOME_FAILED, "blocklist", error);
    forbidden_close(&forbidden);
    if (options.blocklist == NULL)
        return print_outcome(OUTCOME_WARNING, "blocklist",
                             "none: who asks not to be probed goes into a file for --blocklist");
    return print_outcome(OUTCOME_FINE, "blocklist", options.blocklist);
}

int verb_doctor(int argc, char **argv) {
    static enum outcome (*const checks[])(void) = {check_database, check_resolvers, check_trust_store, check_ehlo_name,
                                                   check_blocklist};
    enum outcome worst = OUTCOME_FINE;
    int code;
    if (!cli_start(&PROGRAM, argc, argv, NULL, NULL, &code))
        return code;
    log_open("mxgrade", LOG_LEVEL_ERROR, false); /* what the parts would warn of is said here */
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        worst = worse(worst, checks[i]());
    return worst == OUTCOME_FAILED ? CLI_FAILED : CLI_OK;
}
