/* probe_page.c - see probe_show.h. */
#include "model/suites.h"
#include "probe_show.h"
#include "tls/tls_names.h"

#include <inttypes.h>
#include <string.h>

static void print_fact(const struct probe_report *report, unsigned id) {
    const struct fact *fact = probe_fact(report, id);
    printf("  %-26s %-8s", fact_title((enum fact_id)id), tri_name(fact->value));
    if (fact->value == TRI_UNKNOWN)
        printf("%s", reason_text(fact->reason));
    else if (fact->connection)
        printf("%s on connection %u", evidence_name(fact->evidence), fact->connection);
    else
        printf("%s", evidence_name(fact->evidence));
    putchar('\n');
}

static void print_words(const char *title, char *const *words, size_t count) {
    if (count == 0)
        return;
    printf("  %-26s ", title);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? ", " : "", words[i]);
    putchar('\n');
}

static void print_bits(const char *title, unsigned bits, const char *(*name)(unsigned), unsigned count) {
    if (bits == 0)
        return;
    printf("  %-26s ", title);
    for (unsigned bit = 0, some = 0; bit < count; bit++)
        if (bits & 1u << bit)
            printf("%s%s", some++ ? ", " : "", name(bit));
    putchar('\n');
}

/* What the server calls itself, the MX or something else, and what it says besides. */
static void print_service(const struct probe_report *report) {
    const struct service *service = &report->service;
    const char *exchange = report->name[0].name;
    const struct {
        const char *title, *name;
    } names[] = {{"Greeting's host", service->greeting_name}, {"EHLO reply's host", service->ehlo_name}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (*names[i].name)
            printf("  %-26s %s%s\n", names[i].title, names[i].name,
                   *exchange && strcmp(names[i].name, exchange) != 0 ? " (not the MX)" : "");
    if (service->mechanism_count)
        printf("  %-26s", "AUTH before TLS by");
    for (size_t i = 0; i < service->mechanism_count; i++)
        printf("%s %s", i ? "," : "", service->mechanism[i]);
    if (service->mechanism_count)
        putchar('\n');
    if (service->has_limit && service->limit)
        printf("  %-26s %" PRId64 " octets\n", "Size limit", service->limit);
}

/* What is no fact of its own. */
static void print_details(const struct probe_report *report) {
    char name[8];
    if (report->version)
        printf("  %-26s %s, %s%s%s%s%s\n", "Full handshake", tls_version_name(report->version),
               suite_name(report->suite, name, sizeof name), *report->group ? ", " : "", report->group,
               *report->signature ? ", " : "", report->signature);
    if (report->plan.pq_group)
        printf("  %-26s %s\n", "Hybrid group", tls_group_name(report->plan.pq_group));
    print_bits("Weak suites are of class", plan_weak_classes(&report->plan), weak_class_name, WEAK_CLASS_COUNT);
    print_bits("Noticed", report->plan.flags, flag_name, FLAG_COUNT);
    print_service(report);
    print_words("EHLO, inside TLS", report->ehlo_tls, report->ehlo_tls_count);
    if (report->ehlo_tls_count == 0)
        print_words("EHLO", report->ehlo, report->ehlo_count);
}

static void print_date(const char *title, int64_t seconds) {
    struct tm tm;
    time_t when = (time_t)seconds;
    char text[32] = "";
    if (gmtime_r(&when, &tm))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm);
    printf("  %-26s %s\n", title, text);
}

static void print_certificate(const struct probe_name *name) {
    enum { NAMES_SHOWN = 6 };
    const struct cert_chain *chain = name->chain;
    printf("\nCertificate\n");
    if (chain->parse_error) {
        printf("  cannot be read: %s\n", chain->parse_error);
        return;
    }
    size_t shown = chain->san_count < NAMES_SHOWN ? chain->san_count : NAMES_SHOWN;
    printf("  %-26s %s\n  %-26s %s\n", "Subject", chain->subject, "Issued by", chain->issuer);
    print_words("Names", chain->san, shown);
    if (chain->san_total > shown)
        printf("  %-26s and %zu more\n", "", chain->san_total - shown);
    printf("  %-26s %s, %u bits; signed with %s\n", "Key", chain->key_type, chain->key_bits, chain->signature);
    print_date("Valid from", chain->not_before);
    print_date("Valid until", chain->not_after);
    print_bits("Noticed", probe_chain_flags(name), cert_chain_flag_name, CERT_FLAG_COUNT);
    if (*chain->weak_keys)
        printf("  %-26s %s\n", "Short keys", chain->weak_keys);
    if (*chain->weak_signatures)
        printf("  %-26s %s\n", "SHA-1 or MD5 signatures", chain->weak_signatures);
    if (*chain->trust_error)
        printf("  %-26s %s\n", "Not trusted", chain->trust_error);
}

static void print_dane(const struct probe_name *name) {
    const struct dane_result *dane = &name->dane;
    printf("\nDANE, with the TLSA records given\n  %-26s %s\n", tlsa_verdict_key(dane->verdict),
           tlsa_verdict_text(dane->verdict));
    if (*dane->why)
        printf("  %-26s %s\n", dane->verdict == TLSA_MATCH ? "By the record" : "Because", dane->why);
}

static void print_findings(const struct grade_result *grade) {
    if (grade->findings)
        printf("\nWhat to change\n");
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (grade->findings & (UINT64_C(1) << i))
            printf("  %-12s %s: %s\n", weight_name(FINDING_INFO[i].weight), FINDING_INFO[i].title,
                   FINDING_INFO[i].recommendation);
}

/* "TLS 1.2 TLS_RSA_WITH_3DES_EDE_CBC_SHA (secp256r1)", "refused: handshake_failure", "silent – …" */
static void describe_answer(char *out, size_t cap, const struct probe_connection *c) {
    char name[8];
    int used = 0;
    if (c->kind == ANSWER_SELECTED)
        used = snprintf(out, cap, "%s%s%s", tls_version_name(c->version), c->suite ? " " : "",
                        c->suite ? suite_name(c->suite, name, sizeof name) : "");
    else if (c->alerted)
        used = snprintf(out, cap, "refused: %s", tls_alert_name(c->alert));
    else
        used = snprintf(out, cap, "%s", answer_kind_name(c->kind));
    if (used > 0 && (size_t)used < cap && c->group)
        used += snprintf(out + used, cap - (size_t)used, " (%s)", tls_group_name(c->group));
    if (used > 0 && (size_t)used < cap && *c->detail)
        snprintf(out + used, cap - (size_t)used, " – %s", c->detail);
}

static void print_connections(const struct probe_report *report) {
    enum { ANSWER_MAX = 400 };
    char answer[ANSWER_MAX];
    size_t width = 0;
    for (unsigned i = 0; i < report->connection_count; i++)
        width = strlen(report->connection[i].offered) > width ? strlen(report->connection[i].offered) : width;
    printf("\nConnections: %u\n    %-*s  %5s  %s\n", report->connection_count, (int)width, "offered", "ms", "answer");
    for (unsigned i = 0; i < report->connection_count; i++) {
        const struct probe_connection *c = &report->connection[i];
        describe_answer(answer, sizeof answer, c);
        printf("%3u %-*s  %5u  %s\n", i + 1, (int)width, c->offered, c->duration_ms, answer);
    }
}

static void print_disagreements(const struct probe_report *report) {
    if (report->thorough == NULL)
        return;
    printf("\nEvery version, suite and group asked by itself: %zu suites, %zu groups\n", report->thorough->seen_count,
           report->thorough->group_count);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (report->disagreements & UINT32_C(1) << id)
            printf("  the plan had found otherwise for: %s\n", fact_title((enum fact_id)id));
}

void probe_print_page(const struct probe_report *report, const struct grade_result *grade, const char *address) {
    printf("%s  [%s]\n", report->name[0].name, address);
    for (size_t i = 0; i < report->service.banner_line_count; i++)
        printf("%s\n", report->service.banner_line[i]);
    if (grade->graded)
        printf("\nGrade %s (score %d)%s\n\nFacts\n", grade->grade, grade->score,
               grade->provisional ? ", provisional" : "");
    else
        printf("\nUngraded: %s\n\nFacts\n", reason_text(report->reason));
    if (report->refused_by)
        printf("  %-26s %s\n", "Refused by policy", report->refused_by);
    for (unsigned id = 0; id < FACT_COUNT; id++)
        print_fact(report, id);
    print_details(report);
    if (report->name[0].chain)
        print_certificate(&report->name[0]);
    if (report->name[0].tlsa)
        print_dane(&report->name[0]);
    print_findings(grade);
    print_disagreements(report);
    print_connections(report);
}
