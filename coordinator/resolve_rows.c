/* resolve_rows.c - see resolve_rows.h. STAGES are the COPYs into temporary tables (sql/staging.sql), WRITES the
 * statements that read those. */
#include "resolve_rows.h"

#include "address_sample.h"
#include "coordinator_sql.h"
#include "names/address.h"

#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_CAP = 24 };

/* The names of the flags that are set. */
static void copy_flags(struct db_copy *copy, const char *const *names, unsigned flags) {
    struct db_array set = {NULL, 0, 0, 0};
    for (unsigned bit = 0; names[bit]; bit++)
        if (flags & 1u << bit)
            db_array_add(&set, names[bit]);
    db_copy_array(copy, &set);
    db_array_free(&set);
}

/* ---- domains ---- */

/* Why the record is invalid or unknown; NULL if it is neither. */
static const char *sts_reason(const struct domain_result *domain, enum record_status status) {
    if (status == RECORD_UNKNOWN)
        return sts_why_key(STS_WHY_DNS);
    return status == RECORD_INVALID ? sts_why_key(domain->sts_why) : NULL;
}

static const char *tlsrpt_reason(const struct domain_result *domain, enum record_status status) {
    if (status == RECORD_UNKNOWN)
        return tlsrpt_why_key(TLSRPT_WHY_DNS);
    return status == RECORD_INVALID ? tlsrpt_why_key(domain->tlsrpt_record.why) : NULL;
}

static void copy_domain(struct db_copy *copy, const struct domain_result *domain) {
    static const char *const flags[] = {"null_mx_with_others", "mx_capped", "duplicate_mx", "cname", NULL};
    const struct tlsrpt_record *tlsrpt = &domain->tlsrpt_record;
    enum record_status sts_status = domain_record_status(domain, domain->sts);
    enum record_status tlsrpt_status = domain_record_status(domain, domain->tlsrpt);
    db_copy_text(copy, domain->name);
    db_copy_text(copy, mx_status_name(domain_mx_status(domain)));
    db_copy_text(copy, domain_has_set(domain) ? domain->set_key : NULL);
    copy_flags(copy, flags, domain->flags);
    db_copy_bool(copy, domain_retry(domain));
    db_copy_text(copy, dnssec_name(domain->dnssec));
    db_copy_text(copy, domain->alias_of);
    db_copy_text(copy, record_status_name(sts_status));
    db_copy_text(copy, sts_status == RECORD_VALID ? domain->sts_id : NULL);
    db_copy_text(copy, sts_reason(domain, sts_status));
    db_copy_text(copy, record_status_name(tlsrpt_status));
    if (tlsrpt_status == RECORD_VALID)
        db_copy_text_array(copy, tlsrpt->rua, tlsrpt->rua_count);
    else
        db_copy_null(copy);
    db_copy_text(copy, tlsrpt_reason(domain, tlsrpt_status));
    db_copy_row_end(copy);
}

static void copy_domains(struct db_copy *copy, const struct resolve_rows *rows) {
    for (size_t i = 0; i < rows->domain_count; i++)
        copy_domain(copy, rows->domain[i]);
}

static void copy_members(struct db_copy *copy, const struct resolve_rows *rows) {
    for (size_t i = 0; i < rows->domain_count; i++) {
        const struct domain_result *domain = rows->domain[i];
        for (size_t j = 0; domain_has_set(domain) && j < domain->member_count; j++) {
            db_copy_text(copy, domain->set_key);
            db_copy_text(copy, domain->member[j].exchange->name);
            db_copy_int(copy, domain->member[j].preference);
            db_copy_row_end(copy);
        }
    }
}

static enum policy_status policy_status_of(enum sts_why why) {
    if (why == STS_WHY_NONE)
        return POLICY_PENDING;
    return sts_why_answered(why) ? POLICY_INVALID : POLICY_UNKNOWN;
}

static void copy_policy(struct db_copy *copy, const struct domain_result *domain) {
    struct db_array addresses = {NULL, 0, 0, 0};
    enum sts_why why = domain_policy_why(domain);
    for (size_t i = 0; i < domain->host.address_count; i++) {
        char text[INET6_ADDRSTRLEN];
        address_text(text, (const struct sockaddr *)&domain->host.address[i]);
        db_array_add(&addresses, text);
    }
    db_copy_text(copy, domain->name);
    db_copy_array(copy, &addresses);
    db_copy_text(copy, policy_status_name(policy_status_of(why)));
    db_copy_text(copy, why == STS_WHY_NONE ? NULL : sts_why_key(why));
    db_copy_row_end(copy);
    db_array_free(&addresses);
}

static void copy_policies(struct db_copy *copy, const struct resolve_rows *rows) {
    for (size_t i = 0; i < rows->domain_count; i++)
        if (domain_has_set(rows->domain[i]) && domain_has_policy(rows->domain[i]))
            copy_policy(copy, rows->domain[i]);
}

/* ---- exchanges ---- */

static void copy_exchanges(struct db_copy *copy, const struct resolve_rows *rows) {
    static const char *const flags[] = {"cname",       "address_capped", "a_failed", "aaaa_failed",
                                        "tlsa_capped", "address_bogus",  NULL};
    for (size_t i = 0; i < rows->exchange_count; i++) {
        const struct exchange_result *exchange = rows->exchange[i];
        db_copy_text(copy, exchange->name);
        db_copy_text(copy, exchange_status_name(exchange->status));
        copy_flags(copy, flags, exchange->flags);
        db_copy_bool(copy, exchange_retry(exchange));
        db_copy_text(copy, dnssec_name(exchange->dnssec));
        db_copy_text(copy, tlsa_status_name(exchange->tlsa_status));
        db_copy_text(copy, exchange->tlsa_base);
        db_copy_text_array(copy, exchange->tlsa, exchange->tlsa_count);
        db_copy_row_end(copy);
    }
}

static void copy_address(struct db_copy *copy, const char *exchange, const struct sockaddr_storage *address,
                         bool refused) {
    char text[INET6_ADDRSTRLEN];
    address_text(text, (const struct sockaddr *)address);
    db_copy_text(copy, exchange);
    db_copy_text(copy, text);
    db_copy_int(copy, (int64_t)(address_rank("", address) & INT32_MAX)); /* the order of probes */
    db_copy_bool(copy, refused);
    db_copy_row_end(copy);
}

static void copy_addresses(struct db_copy *copy, const struct resolve_rows *rows) {
    for (size_t i = 0; i < rows->exchange_count; i++) {
        const struct exchange_result *exchange = rows->exchange[i];
        for (size_t j = 0; j < exchange->address_count; j++) {
            const struct sockaddr_storage *address = &exchange->address[j];
            copy_address(copy, exchange->name, address,
                         forbidden_address(rows->forbidden, (const struct sockaddr *)address) != NULL);
        }
    }
}

/* ---- the transaction ---- */

static const struct stage {
    struct statement copy;
    void (*copy_rows)(struct db_copy *copy, const struct resolve_rows *rows);
} STAGES[] = {
    {{"stage_domain", "COPY stage_domain FROM STDIN", 0}, copy_domains},
    {{"stage_member", "COPY stage_member FROM STDIN", 0}, copy_members},
    {{"stage_policy", "COPY stage_policy FROM STDIN", 0}, copy_policies},
    {{"stage_exchange", "COPY stage_exchange FROM STDIN", 0}, copy_exchanges},
    {{"stage_address", "COPY stage_address FROM STDIN", 0}, copy_addresses},
};

/* In this order: see the comments in the files. */
static const struct statement *const WRITES[] = {
    &SQL_WRITE_SETS,  &SQL_REOPEN_NAMES, &SQL_WRITE_EXCHANGES, &SQL_WRITE_ENDPOINTS,
    &SQL_WRITE_NAMES, &SQL_WANT_BESIDE,  &SQL_WRITE_POLICIES,  &SQL_WRITE_DOMAINS,
};

static bool stage_rows(const struct resolve_rows *rows, struct db *db) {
    for (const struct stage *stage = STAGES; stage < STAGES + sizeof STAGES / sizeof *STAGES; stage++) {
        struct db_copy copy;
        if (!db_copy_begin(&copy, db, &stage->copy))
            return false;
        stage->copy_rows(&copy, rows);
        if (!db_copy_end(&copy))
            return false;
    }
    return true;
}

static bool write_staged(const struct resolve_rows *rows, struct db *db) {
    char survey[NUMBER_CAP], port[NUMBER_CAP];
    snprintf(survey, sizeof survey, "%d", rows->survey);
    snprintf(port, sizeof port, "%u", rows->port);
    for (size_t i = 0; i < sizeof WRITES / sizeof *WRITES; i++)
        if (!db_run_params(db, WRITES[i], WRITES[i]->parameters, (const char *const[]){survey, port}))
            return false;
    return true;
}

bool resolve_rows_write(const struct resolve_rows *rows, struct db *db) {
    bool good = db_begin(db) && stage_rows(rows, db) && write_staged(rows, db) && db_commit(db);
    if (!good)
        db_rollback(db);
    return good;
}
