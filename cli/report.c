/* report.c - mxgrade report: one domain on one page. A query for each section (domain, its exchanges by address, what
 * it publishes, findings), then tables: what is checked, how a yes or no is to be taken, and what to say beside it.
 * Addresses of an exchange that answer alike are shown once. */
#include "report.h"
#include "base/mem.h"
#include "cli.h"
#include "cli_sql.h"
#include "model/facts.h"
#include "names/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_COLUMNS = PAGE_CHECK_COLUMNS, VALUE_COLUMNS = 9, EXCHANGES_SHOWN = 3 };

static struct {
    const char *database, *survey;
    bool json;
} options;

static const struct config_option OPTIONS[] = {
    CLI_DATABASE_OPTION(&options.database),
    {"survey", CONFIG_TEXT, &options.survey, NULL, "SURVEY", "number of the survey; empty: the latest with the domain",
     0, 0},
    {"json", CONFIG_FLAG, &options.json, NULL, NULL, "print one JSON object with everything", 0, 0},
};

static const struct config_program PROGRAM = {
    .name = "mxgrade report",
    .usage = "[OPTION…] DOMAIN",
    .summary = "Shows the grade of a domain, every check of every mail server, and what to change.",
    .notes = "Unknown never counts as no. Colours on a terminal, unless NO_COLOR is set.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* ---- rows ---- */

const char *report_get(const PGresult *res, int row, const char *column) {
    int number = PQfnumber(res, column);
    return number < 0 ? "" : PQgetvalue(res, row, number);
}

bool report_true(const PGresult *res, int row, const char *column) { return *report_get(res, row, column) == 't'; }

static enum tone grade_tone(const char *grade) {
    return *grade == 'A' ? TONE_GOOD : *grade == 'B' || *grade == 'C' ? TONE_UNSURE : TONE_BAD;
}

/* "A- (score 90, provisional)", or "ungraded (why)". */
static void print_grade(const struct page *page, const char *grade, const char *score, bool provisional,
                        const char *reason) {
    if (*grade == '\0') {
        page_paint(page, TONE_UNSURE, "ungraded");
        fprintf(page->out, "%s%s%s\n", *reason ? " (" : "", cli_reason_text(reason), *reason ? ")" : "");
        return;
    }
    page_paint(page, grade_tone(grade), "%s", grade);
    fprintf(page->out, " (score %s%s)\n", score, provisional ? ", provisional: something is unknown" : "");
}

/* ---- the checks ---- */

enum detail { DETAIL_NONE, DETAIL_HANDSHAKE, DETAIL_TRUST, DETAIL_DATES, DETAIL_MATCH, DETAIL_WEAK, DETAIL_PQ };

static const struct check {
    const char *title;
    enum fact_id fact;
    bool wants_no;     /* the title says that something is off */
    enum tone yes, no; /* how the answer under that title is to be taken */
    enum detail detail;
} CHECKS[] = {
    {"TLS enabled (STARTTLS)", FACT_TLS_ENABLED, false, TONE_GOOD, TONE_BAD, DETAIL_HANDSHAKE},
    {"Certificate verifiable", FACT_CERT_VERIFIABLE, false, TONE_GOOD, TONE_BAD, DETAIL_NONE},
    {"  trusted", FACT_CERT_TRUSTED, false, TONE_GOOD, TONE_BAD, DETAIL_TRUST},
    {"  in date", FACT_CERT_IN_DATE, false, TONE_GOOD, TONE_BAD, DETAIL_DATES},
    {"  names the MX", FACT_CERT_NAME_MATCH, false, TONE_GOOD, TONE_BAD, DETAIL_MATCH},
    {"SSLv2 off", FACT_SSLV2, true, TONE_GOOD, TONE_BAD, DETAIL_NONE},
    {"SSLv3 off", FACT_SSLV3, true, TONE_GOOD, TONE_BAD, DETAIL_NONE},
    {"TLS 1.0", FACT_TLS1_0, false, TONE_PLAIN, TONE_PLAIN, DETAIL_NONE},
    {"TLS 1.1", FACT_TLS1_1, false, TONE_PLAIN, TONE_PLAIN, DETAIL_NONE},
    {"TLS 1.2", FACT_TLS1_2, false, TONE_GOOD, TONE_PLAIN, DETAIL_NONE},
    {"TLS 1.3", FACT_TLS1_3, false, TONE_GOOD, TONE_PLAIN, DETAIL_NONE},
    {"Weak ciphers off", FACT_WEAK_CIPHERS, true, TONE_GOOD, TONE_BAD, DETAIL_WEAK},
    {"Anonymous suites off", FACT_ANON_SUITES, true, TONE_GOOD, TONE_PLAIN, DETAIL_NONE},
    {"NIST SP 800-52r1 suites", FACT_NIST_R1, false, TONE_GOOD, TONE_PLAIN, DETAIL_NONE},
    {"NIST SP 800-52r2 suites", FACT_NIST_R2, false, TONE_GOOD, TONE_BAD, DETAIL_NONE},
    {"Forward secrecy", FACT_FORWARD_SECRECY, false, TONE_GOOD, TONE_PLAIN, DETAIL_NONE},
    {"Post-quantum hybrid", FACT_PQ_HYBRID, false, TONE_GOOD, TONE_PLAIN, DETAIL_PQ},
};
enum { CHECK_COUNT = sizeof CHECKS / sizeof *CHECKS, CHECK_CERTIFICATE = 1 };

static const char *version_name(const char *number) {
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
    long version = strtol(number, NULL, 10) - 0x300;
    return version >= 0 && version < (long)(sizeof names / sizeof *names) ? names[version] : "";
}

/* What stands beside a known answer; the caller frees. */
static char *detail_of(const PGresult *res, int row, enum detail detail, enum tri value) {
    const char *version = version_name(report_get(res, row, "tls_version")), *suite = report_get(res, row, "suite");
    const char *group = report_get(res, row, "key_group"), *until = report_get(res, row, "not_after");
    switch (detail) {
    case DETAIL_HANDSHAKE:
        return mem_printf("%s%s%s%s%s", version, *suite ? ", " : "", suite, *group ? ", " : "", group);
    case DETAIL_TRUST:
        if (value == TRI_NO)
            return mem_printf("%s", report_true(res, row, "self_signed") ? "self-signed"
                                                                         : report_get(res, row, "trust_error"));
        return mem_printf("%s%s", *report_get(res, row, "issuer") ? "issued by " : "", report_get(res, row, "issuer"));
    case DETAIL_DATES:
        return *until ? mem_printf("%s to %s", report_get(res, row, "not_before"), until) : mem_strdup("");
    case DETAIL_MATCH:
        return mem_printf("%s%s", report_get(res, row, "matched"),
                          report_true(res, row, "matched_by_cn") ? " (the common name)" : "");
    case DETAIL_WEAK:
        return mem_strdup(value == TRI_YES ? report_get(res, row, "weak_seen") : "");
    case DETAIL_PQ:
        return mem_strdup(report_get(res, row, "pq_group"));
    case DETAIL_NONE:
        break;
    }
    return mem_strdup("");
}

static void print_check(const struct page *page, const PGresult *res, int row, const struct check *check) {
    char why_column[64];
    const char *key = fact_key(check->fact);
    enum tri value = tri_from_name(report_get(res, row, key));
    enum tri shown = value == TRI_UNKNOWN || !check->wants_no ? value : value == TRI_YES ? TRI_NO : TRI_YES;
    snprintf(why_column, sizeof why_column, "%s_why", key);
    const char *why = cli_reason_text(report_get(res, row, why_column));
    char *detail = value == TRI_UNKNOWN ? mem_printf("%s%s%s", *why ? "(" : "", why, *why ? ")" : "")
                                        : detail_of(res, row, check->detail, value);
    fprintf(page->out, "    %s", check->title);
    page_pad(page, cli_width(check->title), CHECK_COLUMNS);
    page_paint(page,
               shown == TRI_UNKNOWN ? TONE_UNSURE
               : shown == TRI_YES   ? check->yes
                                    : check->no,
               "%s", tri_name(shown));
    if (*detail)
        page_pad(page, strlen(tri_name(shown)), VALUE_COLUMNS);
    page_wrap(page, detail, 4 + CHECK_COLUMNS + VALUE_COLUMNS);
    free(detail);
}

/* What to say of a chain: a cert_flag, or what report_mx.sql adds, in words, with the column that tells more. */
static const struct note {
    const char *flag, *text, *column;
} NOTES[] = {
    {"unreadable", "cannot be read, so no sender can verify it", "parse_error"},
    {"missing_intermediate", "the server does not send the intermediate certificate", NULL},
    {"completed_by_store", "this trust store has it, other senders may not", NULL},
    {"wrong_purpose", "not meant for TLS servers, says its key usage", NULL},
    {"self_signed", "signed with its own key: no CA vouches for it", NULL},
    {"weak_key", "its key is too short", "key"},
    {"sha1_signature", "signed with SHA-1 or MD5, which can be forged", NULL},
    {"cn_only", "its common name is the MX's, but alternative names decide", NULL},
    {"ocsp_stapled", "the server staples an OCSP response", NULL},
};

static void print_notes(const struct page *page, const PGresult *res, int row) {
    const char *notes = report_get(res, row, "notes"), *title = "  to note";
    for (size_t i = 0; i < sizeof NOTES / sizeof *NOTES; i++) {
        char flag[64];
        const char *more = NOTES[i].column ? report_get(res, row, NOTES[i].column) : "";
        snprintf(flag, sizeof flag, ",%s,", NOTES[i].flag);
        if (strstr(notes, flag) == NULL)
            continue;
        char *text = mem_printf("%s%s%s%s", NOTES[i].text, *more ? " (" : "", more, *more ? ")" : "");
        fprintf(page->out, "    %-*s", CHECK_COLUMNS, title);
        page_wrap(page, text, 4 + CHECK_COLUMNS);
        title = "";
        free(text);
    }
}

static void print_certificate(const struct page *page, const PGresult *res, int row) {
    const char *names = report_get(res, row, "names"), *more = report_get(res, row, "more_names");
    if (!report_true(res, row, "has_certificate"))
        return;
    if (*names == '\0')
        names = *report_get(res, row, "parse_error") ? "(cannot be read)" : "(no name)";
    char *text =
        *more == '\0' || strcmp(more, "0") == 0 ? mem_strdup(names) : mem_printf("%s and %s more", names, more);
    fprintf(page->out, "    %-*s", CHECK_COLUMNS, "Certificate for");
    page_wrap(page, text, 4 + CHECK_COLUMNS);
    free(text);
    print_notes(page, res, row);
}

static void print_checks(const struct page *page, const PGresult *res, int row) {
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (i == CHECK_CERTIFICATE)
            print_certificate(page, res, row);
        print_check(page, res, row, &CHECKS[i]);
    }
}

static bool all_unknown(const PGresult *res, int row) {
    for (size_t i = 0; i < CHECK_COUNT; i++)
        if (tri_from_name(report_get(res, row, fact_key(CHECKS[i].fact))) != TRI_UNKNOWN)
            return false;
    return true;
}

/* Everything about an exchange at one address, but the address. The caller frees. */
static char *address_body(const struct page *page, const PGresult *res, int row) {
    char *text = NULL;
    size_t len = 0;
    const struct page body = {open_memstream(&text, &len), page->colour};
    if (body.out == NULL)
        abort();
    print_grade(&body, report_get(res, row, "grade"), report_get(res, row, "score"),
                report_true(res, row, "provisional"), report_get(res, row, "reason"));
    if (all_unknown(res, row))
        fprintf(body.out, "    %-*sunknown\n", CHECK_COLUMNS, "Every check");
    else
        print_checks(&body, res, row);
    if (*report_get(res, row, "flags"))
        fprintf(body.out, "    %-*s%s\n", CHECK_COLUMNS, "Oddities", report_get(res, row, "flags"));
    fclose(body.out);
    return text;
}

/* ---- exchanges ---- */

static void print_addresses(const struct page *page, const PGresult *res, int first, int end) {
    char **bodies = mem_calloc((size_t)(end - first), sizeof *bodies);
    for (int row = first; row < end; row++)
        bodies[row - first] = address_body(page, res, row);
    for (int row = first; row < end; row++) {
        if (bodies[row - first] == NULL)
            continue;
        char *addresses = mem_strdup(report_get(res, row, "address")), *body = bodies[row - first];
        for (int other = row + 1; other < end; other++) {
            if (bodies[other - first] == NULL || strcmp(bodies[other - first], body) != 0)
                continue;
            char *longer = mem_printf("%s, %s", addresses, report_get(res, other, "address"));
            free(addresses);
            addresses = longer;
            free(bodies[other - first]);
            bodies[other - first] = NULL;
        }
        fputs("  ", page->out);
        page_paint(page, TONE_STRONG, "%s", addresses);
        page_pad(page, cli_width(addresses), CHECK_COLUMNS);
        fprintf(page->out, "  %s", body);
        free(addresses);
        free(body);
    }
    free(bodies);
}

static void print_exchange(const struct page *page, const PGresult *res, int first, int end) {
    const char *flags = report_get(res, first, "exchange_flags");
    char *exchange = cli_name(report_get(res, first, "exchange"));
    char *head = mem_printf("MX %s  %s", report_get(res, first, "preference"), exchange);
    fputc('\n', page->out);
    page_paint(page, TONE_STRONG, "%s", head);
    page_pad(page, cli_width(head), CHECK_COLUMNS + 2);
    fputs("  ", page->out);
    free(head);
    free(exchange);
    print_grade(page, report_get(res, first, "exchange_grade"), report_get(res, first, "exchange_score"),
                report_true(res, first, "exchange_provisional"), report_get(res, first, "exchange_reason"));
    if (*flags)
        fprintf(page->out, "    %-*s%s\n", CHECK_COLUMNS, "Oddities in DNS", flags);
    if (*report_get(res, first, "address"))
        print_addresses(page, res, first, end);
}

static void print_exchanges(const struct page *page, const PGresult *res) {
    for (int first = 0, end; first < PQntuples(res); first = end) {
        for (end = first + 1;
             end < PQntuples(res) && strcmp(report_get(res, end, "exchange"), report_get(res, first, "exchange")) == 0;
             end++)
            ;
        print_exchange(page, res, first, end);
    }
}

/* ---- findings ---- */

static enum tone weight_tone(const char *weight) {
    static const struct {
        const char *weight;
        enum tone tone;
    } tones[] = {{"fatal", TONE_BAD}, {"significant", TONE_BAD}, {"slight", TONE_UNSURE}};
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++)
        if (strcmp(tones[i].weight, weight) == 0)
            return tones[i].tone;
    return TONE_DIM;
}

/* The exchanges of one finding, its rows being first to end: "" if it is about the domain. The caller frees. */
static char *exchanges_of(const PGresult *res, int first, int end) {
    char *text = cli_name(report_get(res, first, "exchange"));
    int distinct = 1;
    for (int row = first + 1; row < end; row++) {
        if (strcmp(report_get(res, row, "exchange"), report_get(res, row - 1, "exchange")) == 0 ||
            distinct++ >= EXCHANGES_SHOWN)
            continue;
        char *name = cli_name(report_get(res, row, "exchange")), *longer = mem_printf("%s, %s", text, name);
        free(name);
        free(text);
        text = longer;
    }
    if (distinct <= EXCHANGES_SHOWN)
        return text;
    char *longer = mem_printf("%s and %d more", text, distinct - EXCHANGES_SHOWN);
    free(text);
    return longer;
}

/* What to publish: every line as it is, to be copied. */
static void print_record(const struct page *page, const char *record) {
    for (const char *line = record; *line;) {
        int len = (int)strcspn(line, "\n");
        page_pad(page, 0, 4 + PAGE_LABEL_COLUMNS);
        fprintf(page->out, "%.*s\n", len, line);
        line += len + (line[len] == '\n');
    }
}

static void print_finding(const struct page *page, const PGresult *res, int first, int end) {
    const char *weight = report_get(res, first, "weight"), *title = report_get(res, first, "title");
    char *exchanges = exchanges_of(res, first, end);
    char *text = mem_printf("%s%s%s", title, *exchanges ? ": " : "", exchanges);
    fputs("  ", page->out);
    page_paint(page, weight_tone(weight), "%s", weight);
    page_pad(page, strlen(weight), PAGE_LABEL_COLUMNS);
    page_wrap(page, text, 2 + PAGE_LABEL_COLUMNS);
    page_pad(page, 0, 2 + PAGE_LABEL_COLUMNS);
    page_wrap(page, report_get(res, first, "recommendation"), 2 + PAGE_LABEL_COLUMNS);
    for (int row = first; row < end; row++)
        print_record(page, report_get(res, row, "record"));
    free(text);
    free(exchanges);
}

static void print_findings(const struct page *page, const PGresult *res) {
    if (PQntuples(res) == 0)
        return;
    fputc('\n', page->out);
    page_paint(page, TONE_STRONG, "What to change\n");
    for (int first = 0, end; first < PQntuples(res); first = end) {
        for (end = first + 1;
             end < PQntuples(res) && strcmp(report_get(res, end, "code"), report_get(res, first, "code")) == 0; end++)
            ;
        print_finding(page, res, first, end);
    }
}

/* ---- domain ---- */

/* What an exchange lacks for forced TLS: the fact that stands for each demand of grading.md section 4. */
static const char *forced_tls_text(const char *why, bool fails) {
    if (strcmp(why, fact_key(FACT_TLS_ENABLED)) == 0)
        return fails ? "TLS does not work" : "whether TLS works is unknown";
    if (strncmp(why, "tls1_", 5) == 0)
        return fails ? "no TLS version from TLS 1.0 up" : "its TLS versions are unknown";
    if (strncmp(why, "nist_", 5) == 0)
        return fails ? "no NIST cipher suite" : "its NIST cipher suites are unknown";
    return cli_reason_text(why);
}

static void print_forced_tls(const struct page *page, const PGresult *res) {
    enum tri value = tri_from_name(report_get(res, 0, "forced_tls"));
    const char *text = forced_tls_text(report_get(res, 0, "forced_tls_why"), value == TRI_NO);
    char *exchange = cli_name(report_get(res, 0, "forced_tls_mx"));
    page_label(page, "Forced TLS");
    page_paint(page,
               value == TRI_YES  ? TONE_GOOD
               : value == TRI_NO ? TONE_BAD
                                 : TONE_UNSURE,
               "%s",
               value == TRI_YES  ? "eligible"
               : value == TRI_NO ? "not eligible"
                                 : "unknown");
    if (value != TRI_YES && *exchange)
        fprintf(page->out, " (%s%s%s)", exchange, *text ? ": " : "", text);
    fputc('\n', page->out);
    free(exchange);
}

static void print_outcome(const struct page *page, const PGresult *res) {
    const char *outcome = report_get(res, 0, "outcome"), *reason = cli_reason_text(report_get(res, 0, "reason"));
    page_label(page, "Grade");
    if (strcmp(outcome, "no_mail") == 0)
        fprintf(page->out, "none: %s\n", reason);
    else if (strcmp(outcome, "pending") == 0)
        fprintf(page->out, "pending: the survey is still at work on it\n");
    else
        print_grade(page, report_get(res, 0, "grade"), report_get(res, 0, "score"), report_true(res, 0, "provisional"),
                    report_get(res, 0, "reason"));
    if (*report_get(res, 0, "worst_mx")) {
        page_label(page, "Decided by");
        char *worst = cli_name(report_get(res, 0, "worst_mx"));
        fprintf(page->out, "%s\n", worst);
        free(worst);
    }
    if (*report_get(res, 0, "mx_total")) {
        page_label(page, "MX graded");
        fprintf(page->out, "%s of %s%s\n", report_get(res, 0, "mx_graded"), report_get(res, 0, "mx_total"),
                strcmp(report_get(res, 0, "mx_status"), "implicit") == 0 ? " (no MX record: the domain itself)" : "");
        print_forced_tls(page, res);
    }
}

static void print_domain(const struct page *page, const char *domain, const PGresult *res) {
    char *name = cli_name(domain);
    page_paint(page, TONE_STRONG, "%s\n", name);
    free(name);
    print_outcome(page, res);
    if (*report_get(res, 0, "flags")) {
        page_label(page, "DNS oddities");
        fprintf(page->out, "%s\n", report_get(res, 0, "flags"));
    }
    page_label(page, "Survey");
    fprintf(page->out, "%s, %s (%s, policy %s)\n", report_get(res, 0, "survey_id"), report_get(res, 0, "survey_name"),
            report_get(res, 0, "state"), report_get(res, 0, "policy"));
}

/* The queries of the page, each with the survey and the domain. */
enum section { SECTION_MX, SECTION_POLICY, SECTION_DANE, SECTION_FINDING, SECTION_COUNT };

static const struct {
    const char *name, *sql;
} SECTIONS[SECTION_COUNT] = {
    [SECTION_MX] = {"report mx", SQL_REPORT_MX},
    [SECTION_POLICY] = {"report policy", SQL_REPORT_POLICY},
    [SECTION_DANE] = {"report dane", SQL_REPORT_DANE},
    [SECTION_FINDING] = {"report finding", SQL_REPORT_FINDING},
};

static int print_text(PGconn *db, const char *domain, const PGresult *head) {
    const char *const key[] = {report_get(head, 0, "survey_id"), domain};
    const struct page page = page_to_stdout();
    PGresult *res[SECTION_COUNT] = {NULL};
    bool good = true;
    for (int i = 0; good && i < SECTION_COUNT; i++)
        good = (res[i] = db_query(db, SECTIONS[i].name, SECTIONS[i].sql, 2, key)) != NULL;
    if (good) {
        print_domain(&page, domain, head);
        print_exchanges(&page, res[SECTION_MX]);
        report_policy(&page, res[SECTION_POLICY], res[SECTION_DANE]);
        print_findings(&page, res[SECTION_FINDING]);
    }
    for (int i = 0; i < SECTION_COUNT; i++)
        PQclear(res[i]);
    return good ? CLI_OK : CLI_FAILED;
}

static int print_json(PGconn *db, const char *domain, const PGresult *head) {
    char unicode[4 * NAME_CAP];
    const char *const key[] = {report_get(head, 0, "survey_id"), domain, unicode};
    name_to_unicode(unicode, sizeof unicode, domain);
    PGresult *res = db_query(db, "report json", SQL_REPORT_JSON, 3, key);
    if (res && PQntuples(res))
        puts(PQgetvalue(res, 0, 0));
    int code = res && PQntuples(res) ? CLI_OK : CLI_FAILED;
    PQclear(res);
    return code;
}

static int report(PGconn *db, const char *domain) {
    const char *survey = options.survey && *options.survey ? options.survey : NULL;
    PGresult *head = db_query(db, "report domain", SQL_REPORT_DOMAIN, 2, (const char *[]){domain, survey});
    int code = CLI_FAILED;
    if (head && PQntuples(head) == 0) {
        cli_error(survey ? "%s is not in survey %s" : "%s is in no survey", domain, survey);
        code = CLI_NOT_FOUND;
    } else if (head) {
        code = options.json ? print_json(db, domain, head) : print_text(db, domain, head);
    }
    PQclear(head);
    return code;
}

int verb_report(int argc, char **argv) {
    const char *given;
    char domain[NAME_CAP];
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "DOMAIN", &given, &code))
        return code;
    enum name_error error = name_from_line(domain, given, strlen(given), false);
    if (error != NAME_OK) {
        cli_error("'%s' is no domain: %s", given, name_error_text(error));
        return CLI_USAGE;
    }
    if (options.survey && *options.survey && !cli_survey_number(options.survey))
        return CLI_USAGE;
    PGconn *db = cli_connect(options.database);
    code = db ? report(db, domain) : CLI_FAILED;
    PQfinish(db);
    return code;
}
