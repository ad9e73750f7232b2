/* resolve_rows.c - see resolve_rows.h. */
#include "resolve_rows.h"

#include "base/mem.h"
#include "coordinator_sql.h"
#include "db/db.h"
#include "names/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_CAP = 24, FLAGS_CAP = 128 };

static const struct statement COPY_DOMAIN = {"stage_domain", "COPY stage_domain FROM STDIN", 0};
static const struct statement COPY_MEMBER = {"stage_member", "COPY stage_member FROM STDIN", 0};
static const struct statement COPY_POLICY = {"stage_policy", "COPY stage_policy FROM STDIN", 0};
static const struct statement COPY_EXCHANGE = {"stage_exchange", "COPY stage_exchange FROM STDIN", 0};
static const struct statement COPY_ADDRESS = {"stage_address", "COPY stage_address FROM STDIN", 0};

/* "{a,b}" of the flags that are set. */
static void flags_text(char out[FLAGS_CAP], const char *const *names, unsigned flags) {
    size_t used = 1;
    out[0] = '{';
    for (unsigned bit = 0; names[bit]; bit++)
        if (flags & (1u << bit))
            used += (size_t)snprintf(out + used, FLAGS_CAP - used, "%s%s", used > 1 ? "," : "", names[bit]);
    snprintf(out + used, FLAGS_CAP - used, "}");
}

/* FNV-1a over the address: an order that no neighbourhood of addresses keeps. */
static int shuffle_of(const char *address) {
    uint32_t hash = 2166136261u;
    for (const char *at = address; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    return (int)(hash & INT32_MAX);
}

/* ---- domains ---- */

static bool has_set(const struct domain *domain) {
    const char *status = domain_mx_status(domain);
    return strcmp(status, "mx") == 0 || strcmp(status, "implicit") == 0;
}

/* Of a domain without mail servers nothing else is of interest; of one that may have some it is not known. */
static enum record_status shown(const struct domain *domain, enum record_status status) {
    const char *mx = domain_mx_status(domain);
    if (strcmp(mx, "servfail") == 0 || strcmp(mx, "timeout") == 0)
        return RECORD_UNKNOWN;
    return has_set(domain) ? status : RECORD_NOT_ASKED;
}

/* Why the record is invalid or unknown; NULL if it is neither. */
static const char *sts_reason(const struct domain *domain, enum record_status status) {
    if (status == RECORD_UNKNOWN)
        return sts_why_key(STS_WHY_DNS);
    return status == RECORD_INVALID ? sts_why_key(domain->sts_why) : NULL;
}

static const char *tlsrpt_reason(const struct domain *domain, enum record_status status) {
    if (status == RECORD_UNKNOWN)
        return tlsrpt_why_key(TLSRPT_WHY_DNS);
    return status == RECORD_INVALID ? tlsrpt_why_key(domain->tlsrpt_record.why) : NULL;
}

static void put_domain(struct db_copy *copy, const struct domain *domain) {
    static const char *const names[] = {"null_mx_with_others", "mx_capped", "duplicate_mx", "cname", NULL};
    const struct tlsrpt_record *tlsrpt = &domain->tlsrpt_record;
    enum record_status sts_status = shown(domain, domain->sts), tlsrpt_status = shown(domain, domain->tlsrpt);
    char flags[FLAGS_CAP];
    flags_text(flags, names, domain->flags);
    db_copy_text(copy, domain->name);
    db_copy_text(copy, domain_mx_status(domain));
    db_copy_text(copy, has_set(domain) ? domain->set_key : NULL);
    db_copy_text(copy, flags);
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

static bool stage_domains(const struct resolve_rows *rows, struct db *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_DOMAIN))
        return false;
    for (size_t i = 0; i < rows->domain_count; i++)
        put_domain(&copy, rows->domain[i]);
    return db_copy_end(&copy);
}

static bool stage_members(const struct resolve_rows *rows, struct db *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_MEMBER))
        return false;
    for (size_t i = 0; i < rows->domain_count; i++) {
        const struct domain *domain = rows->domain[i];
        for (size_t j = 0; has_set(domain) && j < domain->member_count; j++) {
            db_copy_text(&copy, domain->set_key);
            db_copy_text(&copy, domain->member[j].exchange->key.name);
            db_copy_int(&copy, domain->member[j].preference);
            db_copy_row_end(&copy);
        }
    }
    return db_copy_end(&copy);
}

static void put_policy(struct db_copy *copy, const struct domain *domain) {
    char text[POLICY_ADDRESSES_MAX][INET6_ADDRSTRLEN], *address[POLICY_ADDRESSES_MAX];
    enum sts_why why = domain_policy_why(domain);
    for (size_t i = 0; i < domain->host_count; i++) {
        address_text(text[i], (const struct sockaddr *)&domain->host[i]);
        address[i] = text[i];
    }
    db_copy_text(copy, domain->name);
    db_copy_text_array(copy, address, domain->host_count);
    db_copy_text(copy, why == STS_WHY_NONE ? "pending" : sts_why_answered(why) ? "invalid" : "unknown");
    db_copy_text(copy, why == STS_WHY_NONE ? NULL : sts_why_key(why));
    db_copy_row_end(copy);
}

static bool stage_policies(const struct resolve_rows *rows, struct db *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_POLICY))
        return false;
    for (size_t i = 0; i < rows->domain_count; i++)
        if (has_set(rows->domain[i]) && domain_has_policy(rows->domain[i]))
            put_policy(&copy, rows->domain[i]);
    return db_copy_end(&copy);
}

/* ---- exchanges ---- */

static void put_exchange(struct db_copy *copy, const struct exchange *exchange) {
    static const char *const names[] = {"cname", "address_capped", "a_failed", "aaaa_failed", "tlsa_capped", NULL};
    char flags[FLAGS_CAP];
    flags_text(flags, names,
               (unsigned)exchange->cname | (unsigned)exchange->address_capped << 1 |
                   (unsigned)dns_failed(exchange->ipv4) << 2 | (unsigned)dns_failed(exchange->ipv6) << 3 |
                   (unsigned)exchange->tlsa_capped << 4);
    db_copy_text(copy, exchange->key.name);
    db_copy_text(copy, exchange->dns_status);
    db_copy_text(copy, flags);
    db_copy_bool(copy, exchange_retry(exchange));
    db_copy_text(copy, dnssec_name(exchange->dnssec));
    db_copy_text(copy, tlsa_status_name(exchange->tlsa_status));
    db_copy_text(copy, exchange->base);
    db_copy_text_array(copy, exchange->tlsa, exchange->tlsa_count);
    db_copy_row_end(copy);
}

static bool stage_exchanges(const struct resolve_rows *rows, struct db *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_EXCHANGE))
        return false;
    for (size_t i = 0; i < rows->exchange_count; i++)
        put_exchange(&copy, rows->exchange[i]);
    return db_copy_end(&copy);
}

static bool stage_addresses(const struct resolve_rows *rows, struct db *db) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_ADDRESS))
        return false;
    for (size_t i = 0; i < rows->exchange_count; i++) {
        const struct exchange *exchange = rows->exchange[i];
        for (size_t j = 0; j < exchange->address_count; j++) {
            char text[INET6_ADDRSTRLEN];
            address_text(text, (const struct sockaddr *)&exchange->address[j]);
            db_copy_text(&copy, exchange->key.name);
            db_copy_text(&copy, text);
            db_copy_int(&copy, shuffle_of(text));
            db_copy_bool(&copy,
                         forbidden_address(rows->forbidden, (const struct sockaddr *)&exchange->address[j]) != NULL);
            db_copy_row_end(&copy);
        }
    }
    return db_copy_end(&copy);
}

/* ---- the transaction ---- */

static bool apply(const struct resolve_rows *rows, struct db *db) {
    static const struct statement *const statements[] = {
        &SQL_WRITE_SETS,  &SQL_REOPEN_NAMES,   &SQL_WRITE_EXCHANGES, &SQL_WRITE_ENDPOINTS,
        &SQL_WRITE_NAMES, &SQL_WRITE_POLICIES, &SQL_WRITE_DOMAINS,
    };
    char survey[NUMBER_CAP], port[NUMBER_CAP];
    snprintf(survey, sizeof survey, "%d", rows->survey);
    snprintf(port, sizeof port, "%u", rows->port);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (!db_run_params(db, statements[i], statements[i]->parameters, (const char *const[]){survey, port}))
            return false;
    return true;
}

bool resolve_rows_write(const struct resolve_rows *rows, struct db *db) {
    bool good = db_begin(db) && stage_domains(rows, db) && stage_members(rows, db) && stage_policies(rows, db) &&
                stage_exchanges(rows, db) && stage_addresses(rows, db) && apply(rows, db) && db_commit(db);
    if (!good)
        db_rollback(db);
    return good;
}
