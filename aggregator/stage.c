/* stage.c - see stage.h. One put_… for each kind of column; the rows read as lists of columns in the
 * order of sql/staging.sql. */
#include "stage.h"

#include "base/mem.h"
#include "base/text.h"
#include "model/facts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHA256_OCTETS = 32,
    DER_OCTETS_MAX = 256 << 10, /* beyond any certificate that verifies anywhere */
    TEXT_OCTETS_MAX = 2048,     /* an SMTP line; subjects and issuers too */
    BODY_OCTETS_MAX = 64 << 10, /* an MTA-STS policy (RFC 8461 section 3.3) */
    DOMAIN_OCTETS_MAX = 253,
    PATTERNS_MAX = 8192, /* more "mx: a.b" lines than 64 KiB hold */
    HTTP_STATUS_MAX = 999,
    EHLO_LINES_MAX = 128,
    FLAGS_MAX = 64,
    SANS_MAX = 1000,
    SUITES_MAX = 1024,
    CONNECTIONS_MAX = 256,
    CONNECTIONS_KEPT = 64, /* the last ones, here and over all attempts in sql/update_endpoints.sql */
    RESUME_OCTETS_MAX = 4096,
    CHAIN_MAX = 32,
    CODE_POINT_MAX = 0xffff,
};
static const struct statement COPY_ENDPOINTS = {"stage_endpoints", "COPY staged_endpoint FROM STDIN", 0};
static const struct statement COPY_NAMES = {"stage_names", "COPY staged_name FROM STDIN", 0};
static const struct statement COPY_POLICIES = {"stage_policies", "COPY staged_policy FROM STDIN", 0};
static const struct statement COPY_CERTIFICATES = {"stage_certificates", "COPY staged_certificate FROM STDIN", 0};
static const int64_t TIME_S_MAX = 253402300800; /* the year 10000; its negative lies before the year 1 */

static const char *certificate_flaw(const Mxgrade__Certificate *certificate) {
    if (certificate->sha256.len != SHA256_OCTETS)
        return "the certificate's hash is not a SHA-256";
    if (certificate->der.len == 0 || certificate->der.len > DER_OCTETS_MAX)
        return "the certificate is empty or larger than 256 KiB";
    return NULL;
}

/* canonical: gets the address in its one spelling. */
static const char *address_flaw(char canonical[static INET6_ADDRSTRLEN], const char *address) {
    uint8_t binary[sizeof(struct in6_addr)];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, address, binary) != 1)
        return "the address is no IP address";
    inet_ntop(family, binary, canonical, INET6_ADDRSTRLEN);
    return NULL;
}

static const char *job_flaw(uint64_t job, uint32_t survey) {
    if (job == 0 || job > INT64_MAX)
        return "the job number is out of range";
    if (survey == 0 || survey > INT32_MAX)
        return "the survey number is out of range";
    return NULL;
}

/* A domain is the key of its row: taken as it is or not at all. */
static bool is_domain(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len <= DOMAIN_OCTETS_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_mode(const char *text) {
    return strcmp(text, "enforce") == 0 || strcmp(text, "testing") == 0 || strcmp(text, "none") == 0;
}

static const char *policy_flaw(char canonical[static INET6_ADDRSTRLEN], const Mxgrade__PolicyResult *policy) {
    if (!is_domain(policy->domain))
        return "the domain is no domain name";
    if (policy->status == MXGRADE__POLICY_STATUS__POLICY_VALID && !is_mode(policy->mode))
        return "the policy is valid, but its mode is none of MTA-STS";
    const char *flaw = job_flaw(policy->job, policy->survey);
    if (flaw || *policy->address == '\0') /* nothing was contacted */
        return flaw;
    return address_flaw(canonical, policy->address);
}

const char *item_flaw(struct item *item) {
    if (item->certificate)
        return certificate_flaw(item->certificate);
    if (item->policy)
        return policy_flaw(item->address, item->policy);
    const char *flaw = address_flaw(item->address, item->result->address);
    return flaw ? flaw : job_flaw(item->result->job, item->result->survey);
}

/* Fresh memory. */
static char *clean_text(const char *text, size_t max) { return text_sanitise_dup(text, strlen(text), max); }

static void put_text(struct db_copy *copy, const char *text) {
    size_t len = strlen(text);
    if (len == 0) {
        db_copy_null(copy);
    } else if (len <= TEXT_OCTETS_MAX && text_is_clean(text, len)) {
        db_copy_text(copy, text);
    } else {
        char *clean = clean_text(text, TEXT_OCTETS_MAX);
        db_copy_text(copy, clean);
        free(clean);
    }
}

/* Of several lines. */
static void put_body(struct db_copy *copy, const char *text) {
    char *clean = text_sanitise_lines(text, strlen(text), BODY_OCTETS_MAX);
    db_copy_text(copy, *clean ? clean : NULL);
    free(clean);
}

static void put_texts(struct db_copy *copy, char *const *texts, size_t count, size_t most) {
    if (count > most)
        count = most;
    char **clean = mem_calloc(count, sizeof *clean);
    for (size_t i = 0; i < count; i++)
        clean[i] = clean_text(texts[i], TEXT_OCTETS_MAX);
    db_copy_text_array(copy, clean, count);
    for (size_t i = 0; i < count; i++)
        free(clean[i]);
    free(clean);
}

/* An empty list is null where "nothing said" must not hide what an earlier attempt heard. */
static void put_texts_or_null(struct db_copy *copy, char *const *texts, size_t count, size_t most) {
    if (count)
        put_texts(copy, texts, count, most);
    else
        db_copy_null(copy);
}

static void put_number(struct db_copy *copy, uint32_t value, uint32_t most) {
    if (value <= most)
        db_copy_int(copy, value);
    else
        db_copy_null(copy);
}

/* 0 stands for none. */
static void put_number_or_null(struct db_copy *copy, uint32_t value, uint32_t most) {
    put_number(copy, value ? value : UINT32_MAX, most);
}

static void put_code_point(struct db_copy *copy, uint32_t value) { put_number_or_null(copy, value, CODE_POINT_MAX); }

static void put_time_s(struct db_copy *copy, int64_t seconds) {
    int64_t clamped = seconds > TIME_S_MAX ? TIME_S_MAX : seconds < -TIME_S_MAX ? -TIME_S_MAX : seconds;
    db_copy_time_ms(copy, clamped * 1000);
}

static void put_hash(struct db_copy *copy, const ProtobufCBinaryData *hash) {
    db_copy_bytea(copy, hash->data, hash->len == SHA256_OCTETS ? hash->len : 0);
}

/* A text that is built up and becomes one column. */
struct builder {
    char *text;
    size_t len;
    FILE *stream;
};

static void builder_open(struct builder *builder) {
    *builder = (struct builder){0};
    builder->stream = open_memstream(&builder->text, &builder->len);
    if (builder->stream == NULL)
        abort();
}

static void builder_put(struct builder *builder, struct db_copy *copy) {
    fclose(builder->stream);
    db_copy_text(copy, builder->text);
    free(builder->text);
}

static void put_hashes(struct db_copy *copy, const ProtobufCBinaryData *hashes, size_t count) {
    struct builder array;
    const char *comma = "";
    builder_open(&array);
    fputc('{', array.stream);
    for (size_t i = 0; i < count && i < CHAIN_MAX; i++) {
        char hex[2 * SHA256_OCTETS + 1];
        if (hashes[i].len != SHA256_OCTETS)
            continue;
        text_hex(hex, hashes[i].data, hashes[i].len);
        fprintf(array.stream, "%s\"\\\\x%s\"", comma, hex);
        comma = ",";
    }
    fputc('}', array.stream);
    builder_put(&array, copy);
}

static void put_suites(struct db_copy *copy, const uint32_t *suites, size_t count) {
    struct builder array;
    const char *comma = "";
    if (count == 0) {
        db_copy_null(copy);
        return;
    }
    builder_open(&array);
    fputc('{', array.stream);
    for (size_t i = 0; i < count && i < SUITES_MAX; i++)
        if (suites[i] <= CODE_POINT_MAX) {
            fprintf(array.stream, "%s%u", comma, suites[i]);
            comma = ",";
        }
    fputc('}', array.stream);
    builder_put(&array, copy);
}

/* Clean text holds no control characters, so the quote and the backslash are all that JSON minds. */
static void json_text(FILE *json, const char *key, const char *text) {
    if (*text == '\0')
        return;
    char *clean = clean_text(text, TEXT_OCTETS_MAX);
    fprintf(json, ",\"%s\":\"", key);
    for (const char *at = clean; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', json);
        fputc(*at, json);
    }
    fputc('"', json);
    free(clean);
}

static void json_number(FILE *json, const char *key, uint32_t number) {
    if (number)
        fprintf(json, ",\"%s\":%u", key, number);
}

static void put_connections(struct db_copy *copy, const Mxgrade__EndpointResult *result) {
    struct builder list;
    if (result->names_only || result->n_connection == 0) {
        db_copy_null(copy);
        return;
    }
    builder_open(&list);
    size_t count = result->n_connection < CONNECTIONS_MAX ? result->n_connection : CONNECTIONS_MAX;
    size_t first = count > CONNECTIONS_KEPT ? count - CONNECTIONS_KEPT : 0;
    for (size_t i = first; i < count; i++) {
        const Mxgrade__Connection *connection = result->connection[i];
        fprintf(list.stream, "%s{\"number\":%zu,\"ms\":%u", i > first ? "," : "[", i + 1, connection->duration_ms);
        json_text(list.stream, "step", connection->step);
        json_text(list.stream, "offered", connection->offered);
        json_text(list.stream, "outcome", connection->outcome);
        json_number(list.stream, "version", connection->version);
        json_number(list.stream, "suite", connection->suite);
        if (connection->alert) /* on the wire 0 is none */
            fprintf(list.stream, ",\"alert\":%u", connection->alert - 1);
        json_number(list.stream, "group", connection->group);
        json_text(list.stream, "reason", connection->reason);
        json_text(list.stream, "detail", connection->detail);
        fputc('}', list.stream);
    }
    fputc(']', list.stream);
    builder_put(&list, copy);
}

/* The facts of a message by their place in the table; what it does not mention, or not properly, is unknown. */
static void sort_facts(struct fact *facts, size_t count, Mxgrade__Fact *const *from, size_t from_count) {
    for (size_t i = 0; i < count; i++)
        facts[i] = (struct fact){.value = TRI_UNKNOWN};
    for (size_t i = 0; i < from_count; i++)
        if (from[i]->id < count && (from[i]->value == MXGRADE__TRI__TRI_NO || from[i]->value == MXGRADE__TRI__TRI_YES))
            facts[from[i]->id] =
                (struct fact){.value = (enum tri)from[i]->value,
                              .evidence = (enum evidence)from[i]->evidence,
                              .connection = from[i]->connection <= CONNECTIONS_MAX ? from[i]->connection : 0};
        else if (from[i]->id < count)
            facts[from[i]->id].reason = from[i]->reason < REASON_COUNT ? (enum reason)from[i]->reason : REASON_NONE;
}

/* Two columns: evidence of what is known, reasons of what is not. */
static void put_evidence(struct db_copy *copy, const struct fact *facts, size_t count, enum fact_id first) {
    for (unsigned known = 2; known-- > 0;) {
        struct builder json;
        const char *comma = "";
        builder_open(&json);
        fputc('{', json.stream);
        for (size_t i = 0; i < count; i++) {
            const char *key = fact_key((enum fact_id)(first + i));
            bool is_known = facts[i].value != TRI_UNKNOWN;
            if (is_known != known || (!is_known && facts[i].reason == REASON_NONE))
                continue;
            if (is_known)
                fprintf(json.stream, "%s\"%s\":{\"evidence\":\"%s\"", comma, key, evidence_name(facts[i].evidence));
            else
                fprintf(json.stream, "%s\"%s\":{\"reason\":\"%s\"", comma, key, reason_key(facts[i].reason));
            json_number(json.stream, "connection", facts[i].connection);
            fputc('}', json.stream);
            comma = ",";
        }
        fputc('}', json.stream);
        builder_put(&json, copy);
    }
}

static void put_facts(struct db_copy *copy, const struct fact *facts, size_t count) {
    for (size_t i = 0; i < count; i++)
        db_copy_text(copy, tri_name(facts[i].value));
}

static void put_reason(struct db_copy *copy, uint32_t reason) {
    if (reason == REASON_NONE || reason >= REASON_COUNT)
        db_copy_null(copy);
    else
        db_copy_text(copy, reason_key((enum reason)reason));
}

static void put_endpoint(struct db_copy *copy, const struct item *item) {
    const Mxgrade__EndpointResult *result = item->result;
    struct fact facts[FACT_ENDPOINT_COUNT];
    sort_facts(facts, FACT_ENDPOINT_COUNT, result->fact, result->names_only ? 0 : result->n_fact);
    db_copy_text(copy, item->address);
    db_copy_int(copy, (int64_t)result->job);
    db_copy_bool(copy, result->names_only);
    db_copy_bool(copy, result->retry);
    put_reason(copy, result->reason);
    put_facts(copy, facts, FACT_ENDPOINT_COUNT);
    put_evidence(copy, facts, FACT_ENDPOINT_COUNT, 0);
    put_texts(copy, result->flag, result->n_flag, FLAGS_MAX);
    put_text(copy, result->banner);
    put_texts_or_null(copy, result->ehlo, result->n_ehlo, EHLO_LINES_MAX);
    put_texts_or_null(copy, result->ehlo_tls, result->n_ehlo_tls, EHLO_LINES_MAX);
    put_code_point(copy, result->tls_version);
    put_code_point(copy, result->suite);
    put_text(copy, result->group);
    put_text(copy, result->signature);
    put_suites(copy, result->suites_seen, result->n_suites_seen);
    put_texts_or_null(copy, result->weak_seen, result->n_weak_seen, FLAGS_MAX);
    put_text(copy, result->pq_group);
    put_connections(copy, result);
    db_copy_int(copy, (int64_t)(result->n_connection < CONNECTIONS_MAX ? result->n_connection : CONNECTIONS_MAX));
    db_copy_time_ms(copy, result->observed_at_ms);
    put_text(copy, item->from->worker_id);
    put_text(copy, item->from->vantage);
    put_number(copy, result->duration_ms, INT32_MAX);
    db_copy_bytea(copy, result->resume.data, result->resume.len <= RESUME_OCTETS_MAX ? result->resume.len : 0);
    db_copy_row_end(copy);
}

/* Nothing matches, or fails to, where no certificate was seen. */
static void put_match(struct db_copy *copy, const Mxgrade__NameResult *name, bool matches) {
    if (name->certificate.len == SHA256_OCTETS)
        db_copy_bool(copy, matches);
    else
        db_copy_null(copy);
}

/* mxgrade.dane_match; numbers that this program does not know say nothing. */
static const char *dane_name(Mxgrade__DaneMatch dane) {
    static const char *const names[] = {
        [MXGRADE__DANE_MATCH__DANE_NOT_ASKED] = "not_asked",   [MXGRADE__DANE_MATCH__DANE_MATCH] = "match",
        [MXGRADE__DANE_MATCH__DANE_MISMATCH] = "mismatch",     [MXGRADE__DANE_MATCH__DANE_UNUSABLE] = "unusable",
        [MXGRADE__DANE_MATCH__DANE_OTHER_NAME] = "other_name",
    };
    return names[(unsigned)dane < sizeof names / sizeof *names ? dane : MXGRADE__DANE_MATCH__DANE_NOT_ASKED];
}

static void put_name(struct db_copy *copy, const struct item *item, const Mxgrade__NameResult *name) {
    struct fact facts[FACT_NAME_COUNT];
    sort_facts(facts, FACT_NAME_COUNT, name->fact, name->n_fact);
    db_copy_text(copy, item->address);
    put_text(copy, name->exchange);
    put_hash(copy, &name->certificate);
    put_facts(copy, facts, FACT_NAME_COUNT);
    put_evidence(copy, facts, FACT_NAME_COUNT, FACT_NAME_FIRST);
    put_text(copy, name->matched);
    db_copy_bool(copy, name->matched_by_cn);
    put_text(copy, name->trust_error);
    put_texts(copy, name->chain_flag, name->n_chain_flag, FLAGS_MAX);
    put_match(copy, name, name->san_match);
    put_match(copy, name, name->cn_match);
    db_copy_text(copy, dane_name(name->dane));
    put_text(copy, name->dane_why);
    db_copy_row_end(copy);
}

bool stage_results(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_ENDPOINTS))
        return false;
    for (size_t i = 0; i < count; i++)
        put_endpoint(&copy, &items[i]);
    if (!db_copy_end(&copy) || !db_copy_begin(&copy, db, &COPY_NAMES))
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < items[i].result->n_name; n++)
            put_name(&copy, &items[i], items[i].result->name[n]);
    return db_copy_end(&copy);
}

/* mode, max_age and mx: a policy that no sender would take has none. */
static void put_policy_fields(struct db_copy *copy, const Mxgrade__PolicyResult *policy) {
    if (policy->status != MXGRADE__POLICY_STATUS__POLICY_VALID) {
        db_copy_null(copy);
        db_copy_null(copy);
        db_copy_null(copy);
        return;
    }
    db_copy_text(copy, policy->mode);
    if (policy->max_age <= INT64_MAX)
        db_copy_int(copy, (int64_t)policy->max_age);
    else
        db_copy_null(copy);
    put_texts(copy, policy->mx, policy->n_mx, PATTERNS_MAX);
}

/* mxgrade.policy_status; numbers that this program does not know say nothing. */
static const char *policy_status_name(Mxgrade__PolicyStatus status) {
    switch (status) {
    case MXGRADE__POLICY_STATUS__POLICY_VALID:
        return "valid";
    case MXGRADE__POLICY_STATUS__POLICY_INVALID:
        return "invalid";
    default:
        return "unknown";
    }
}

static void put_policy(struct db_copy *copy, const struct item *item) {
    const Mxgrade__PolicyResult *policy = item->policy;
    db_copy_text(copy, policy->domain);
    db_copy_int(copy, (int64_t)policy->job);
    db_copy_bool(copy, policy->retry);
    db_copy_text(copy, policy_status_name(policy->status));
    put_text(copy, policy->why);
    put_text(copy, policy->detail);
    put_number_or_null(copy, policy->http_status, HTTP_STATUS_MAX);
    put_policy_fields(copy, policy);
    put_body(copy, policy->body);
    db_copy_text(copy, *item->address ? item->address : NULL);
    db_copy_time_ms(copy, policy->observed_at_ms);
    put_text(copy, item->from->worker_id);
    put_text(copy, item->from->vantage);
    put_number(copy, policy->duration_ms, INT32_MAX);
    db_copy_row_end(copy);
}

bool stage_policies(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_POLICIES))
        return false;
    for (size_t i = 0; i < count; i++)
        put_policy(&copy, &items[i]);
    return db_copy_end(&copy);
}

/* A certificate that cannot be read has no dates. */
static void put_validity(struct db_copy *copy, const Mxgrade__Certificate *certificate) {
    if (*certificate->parse_error) {
        db_copy_null(copy);
        db_copy_null(copy);
    } else {
        put_time_s(copy, certificate->not_before);
        put_time_s(copy, certificate->not_after);
    }
}

static void put_certificate(struct db_copy *copy, const Mxgrade__Certificate *certificate) {
    put_hash(copy, &certificate->sha256);
    put_hash(copy, &certificate->spki_sha256);
    db_copy_bytea(copy, certificate->der.data, certificate->der.len);
    put_text(copy, certificate->subject_cn);
    put_text(copy, certificate->subject);
    put_text(copy, certificate->issuer);
    put_text(copy, certificate->serial);
    put_texts(copy, certificate->san, certificate->n_san, SANS_MAX);
    put_number(copy, certificate->san_total < INT32_MAX ? certificate->san_total : INT32_MAX, INT32_MAX);
    put_text(copy, certificate->key_type);
    put_number(copy, certificate->key_bits, INT32_MAX);
    put_text(copy, certificate->signature);
    put_validity(copy, certificate);
    db_copy_bool(copy, certificate->self_signed);
    put_hashes(copy, certificate->chain, certificate->n_chain);
    put_text(copy, certificate->parse_error);
    db_copy_row_end(copy);
}

bool stage_certificates(struct db *db, const struct item *items, size_t count) {
    struct db_copy copy;
    if (!db_copy_begin(&copy, db, &COPY_CERTIFICATES))
        return false;
    for (size_t i = 0; i < count; i++)
        put_certificate(&copy, items[i].certificate);
    return db_copy_end(&copy);
}
