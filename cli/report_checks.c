/* report_checks.c - see report_checks.h. Tables: what is checked, how a yes or no is to be taken, and what to say
 * beside it. */
#include "report_checks.h"

#include "base/mem.h"
#include "cli.h"
#include "model/facts.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_COLUMNS = 9 };

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
    {"  taken when named (SNI)", FACT_SNI_REFUSED, true, TONE_GOOD, TONE_BAD, DETAIL_NONE},
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
static char *detail_of(const PGresult *rows, int row, enum detail detail, enum tri value) {
    const char *version = version_name(row_text(rows, row, "tls_version")), *suite = row_text(rows, row, "suite");
    const char *group = row_text(rows, row, "key_group"), *until = row_text(rows, row, "not_after");
    switch (detail) {
    case DETAIL_HANDSHAKE:
        return mem_printf("%s%s%s%s%s", version, *suite ? ", " : "", suite, *group ? ", " : "", group);
    case DETAIL_TRUST:
        if (value == TRI_NO)
            return mem_printf("%s", row_is_true(rows, row, "self_signed") ? "self-signed"
                                                                          : row_text(rows, row, "trust_error"));
        return mem_printf("%s%s", *row_text(rows, row, "issuer") ? "issued by " : "", row_text(rows, row, "issuer"));
    case DETAIL_DATES:
        return *until ? mem_printf("%s to %s", row_text(rows, row, "not_before"), until) : mem_strdup("");
    case DETAIL_MATCH:
        return mem_printf("%s%s", row_text(rows, row, "matched"),
                          row_is_true(rows, row, "matched_by_cn") ? " (the common name)" : "");
    case DETAIL_WEAK:
        return mem_strdup(value == TRI_YES ? row_text(rows, row, "weak_seen") : "");
    case DETAIL_PQ:
        return mem_strdup(row_text(rows, row, "pq_group"));
    case DETAIL_NONE:
        break;
    }
    return mem_strdup("");
}

static void print_check(const struct page *page, const PGresult *rows, int row, const struct check *check) {
    char why_column[64];
    const char *key = fact_key(check->fact);
    enum tri value = tri_from_name(row_text(rows, row, key));
    enum tri shown = value == TRI_UNKNOWN || !check->wants_no ? value : value == TRI_YES ? TRI_NO : TRI_YES;
    snprintf(why_column, sizeof why_column, "%s_why", key);
    const char *why = cli_reason_text(row_text(rows, row, why_column));
    char *detail = value == TRI_UNKNOWN ? mem_printf("%s%s%s", *why ? "(" : "", why, *why ? ")" : "")
                                        : detail_of(rows, row, check->detail, value);
    fprintf(page->out, "    %s", check->title);
    page_pad(page, cli_width(check->title), PAGE_CHECK_COLUMNS);
    page_paint(page,
               shown == TRI_UNKNOWN ? TONE_UNSURE
               : shown == TRI_YES   ? check->yes
                                    : check->no,
               "%s", tri_name(shown));
    if (*detail)
        page_pad(page, strlen(tri_name(shown)), VALUE_COLUMNS);
    page_wrap(page, detail, 4 + PAGE_CHECK_COLUMNS + VALUE_COLUMNS);
    free(detail);
}

/* What to say of a chain: a flag of cert_chain.h or what report_mx.sql adds, in words, with the column that tells more.
 */
static const struct note {
    const char *flag, *text, *column;
} NOTES[] = {
    {"unreadable", "cannot be read, so no sender can verify it", "parse_error"},
    {"missing_intermediate", "the server does not send the intermediate certificate", NULL},
    {"completed_by_store", "this trust store has it, other senders may not", NULL},
    {"wrong_purpose", "not meant for TLS servers, says its key usage", NULL},
    {"self_signed", "signed with its own key: no CA vouches for it", NULL},
    {"weak_key", "a key on its path is too short", "weak_keys"},
    {"sha1_signature", "a SHA-1 or MD5 signature on its path can be forged", "weak_signatures"},
    {"cn_only", "its common name is the MX's, but alternative names decide", NULL},
    {"ocsp_stapled", "the server staples an OCSP response", NULL},
};

static void print_notes(const struct page *page, const PGresult *rows, int row) {
    const char *notes = row_text(rows, row, "notes"), *title = "  to note";
    for (size_t i = 0; i < sizeof NOTES / sizeof *NOTES; i++) {
        char flag[64];
        const char *more = NOTES[i].column ? row_text(rows, row, NOTES[i].column) : "";
        snprintf(flag, sizeof flag, ",%s,", NOTES[i].flag);
        if (strstr(notes, flag) == NULL)
            continue;
        char *text = mem_printf("%s%s%s%s", NOTES[i].text, *more ? " (" : "", more, *more ? ")" : "");
        fprintf(page->out, "    %-*s", PAGE_CHECK_COLUMNS, title);
        page_wrap(page, text, 4 + PAGE_CHECK_COLUMNS);
        title = "";
        free(text);
    }
}

static void print_certificate(const struct page *page, const PGresult *rows, int row) {
    const char *names = row_text(rows, row, "names"), *more = row_text(rows, row, "more_names");
    if (!row_is_true(rows, row, "has_certificate"))
        return;
    if (*names == '\0')
        names = *row_text(rows, row, "parse_error") ? "(cannot be read)" : "(no name)";
    char *text =
        *more == '\0' || strcmp(more, "0") == 0 ? mem_strdup(names) : mem_printf("%s and %s more", names, more);
    fprintf(page->out, "    %-*s", PAGE_CHECK_COLUMNS, "Certificate for");
    page_wrap(page, text, 4 + PAGE_CHECK_COLUMNS);
    free(text);
    print_notes(page, rows, row);
}

static void print_all_checks(const struct page *page, const PGresult *rows, int row) {
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (i == CHECK_CERTIFICATE)
            print_certificate(page, rows, row);
        print_check(page, rows, row, &CHECKS[i]);
    }
}

/* Nothing was learnt: one line says so. */
static bool all_unknown(const PGresult *rows, int row) {
    for (size_t i = 0; i < CHECK_COUNT; i++)
        if (tri_from_name(row_text(rows, row, fact_key(CHECKS[i].fact))) != TRI_UNKNOWN)
            return false;
    return true;
}

void report_checks(const struct page *page, const PGresult *rows, int row) {
    if (all_unknown(rows, row))
        fprintf(page->out, "    %-*sunknown\n", PAGE_CHECK_COLUMNS, "Every check");
    else
        print_all_checks(page, rows, row);
}
