/* result.c - see result.h. Everything is copied, so that the report may go. */
#include "result.h"

#include "base/mem.h"
#include "cert/chain_parse.h"
#include "model/suites.h"
#include "tls/tls_names.h"

#include <stdlib.h>
#include <string.h>

static ProtobufCBinaryData copy_bytes(const void *data, size_t len) {
    ProtobufCBinaryData copy = {.len = len, .data = mem_alloc(len)};
    memcpy(copy.data, data, len);
    return copy;
}

static Mxgrade__Fact **copy_facts(const struct fact *facts, size_t count) {
    Mxgrade__Fact **list = mem_calloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = mem_alloc(sizeof **list);
        mxgrade__fact__init(list[i]);
        list[i]->id = (uint32_t)i;
        list[i]->value = (Mxgrade__Tri)facts[i].value;
        list[i]->evidence = (Mxgrade__Evidence)facts[i].evidence;
        list[i]->reason = (uint32_t)facts[i].reason;
        list[i]->connection = facts[i].connection;
    }
    return list;
}

static char **copy_lines(char *const *lines, size_t count) {
    char **list = mem_calloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = mem_strdup(lines[i]);
    return list;
}

/* The names of those of the lowest most bits that are set. */
static char **name_bits(unsigned bits, const char *(*name)(unsigned bit_index), unsigned most, size_t *count) {
    char **list = mem_calloc(most, sizeof *list);
    for (unsigned bit = 0; bit < most; bit++)
        if (bits & 1u << bit)
            list[(*count)++] = mem_strdup(name(bit));
    return list;
}

static void copy_suites(Mxgrade__EndpointResult *result, const struct plan *plan) {
    result->n_suites_seen = plan->suites_seen_count;
    result->suites_seen = mem_calloc(plan->suites_seen_count, sizeof *result->suites_seen);
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        result->suites_seen[i] = plan->suites_seen[i];
    result->weak_seen = name_bits(plan_weak_classes(plan), weak_class_name, WEAK_CLASS_COUNT, &result->n_weak_seen);
}

static Mxgrade__Connection *copy_connection(const struct probe_connection *from) {
    Mxgrade__Connection *to = mem_alloc(sizeof *to);
    mxgrade__connection__init(to);
    to->step = mem_strdup(from->step);
    to->offered = mem_strdup(from->offered);
    to->outcome = mem_strdup(answer_kind_name(from->kind));
    to->version = from->version;
    to->suite = from->suite;
    to->alert = from->alerted ? 1u + from->alert : 0;
    to->duration_ms = from->duration_ms;
    to->detail = mem_strdup(from->detail);
    to->group = from->group;
    to->reason = mem_strdup(reason_key(from->reason));
    return to;
}

_Static_assert((int)TLSA_NOT_ASKED == (int)MXGRADE__DANE_MATCH__DANE_NOT_ASKED &&
                   (int)TLSA_MATCH == (int)MXGRADE__DANE_MATCH__DANE_MATCH &&
                   (int)TLSA_MISMATCH == (int)MXGRADE__DANE_MATCH__DANE_MISMATCH &&
                   (int)TLSA_UNUSABLE == (int)MXGRADE__DANE_MATCH__DANE_UNUSABLE &&
                   (int)TLSA_OTHER_NAME == (int)MXGRADE__DANE_MATCH__DANE_OTHER_NAME,
               "the order of TLSA_VERDICTS is that of DaneMatch");

static Mxgrade__NameResult *copy_name(const struct probe_name *from) {
    Mxgrade__NameResult *to = mem_alloc(sizeof *to);
    mxgrade__name_result__init(to);
    to->exchange = mem_strdup(from->name);
    to->n_fact = FACT_NAME_COUNT;
    to->fact = copy_facts(from->fact, FACT_NAME_COUNT);
    to->matched = mem_strdup(from->match.identity);
    to->matched_by_cn = from->match.by_cn;
    to->san_match = from->match.san_match;
    to->cn_match = from->match.cn_match;
    to->trust_error = mem_strdup(from->chain ? from->chain->trust_error : "");
    to->weak_keys = mem_strdup(from->chain ? from->chain->weak_keys : "");
    to->weak_signatures = mem_strdup(from->chain ? from->chain->weak_signatures : "");
    to->dane = (Mxgrade__DaneMatch)from->dane.verdict;
    to->dane_why = mem_strdup(from->dane.why);
    if (from->chain) {
        to->certificate = copy_bytes(from->chain->leaf_sha256, sizeof from->chain->leaf_sha256);
        to->chain_flag = name_bits(probe_chain_flags(from), cert_chain_flag_name, CERT_FLAG_COUNT, &to->n_chain_flag);
    }
    return to;
}

static void copy_service(Mxgrade__EndpointResult *result, const struct service *service) {
    result->n_service = result->names_only ? 0 : FACT_SERVICE_COUNT;
    result->service = copy_facts(service->fact, result->n_service);
    result->n_banner_line = service->banner_line_count;
    result->banner_line = copy_lines(service->banner_line, service->banner_line_count);
    result->greeting_name = mem_strdup(service->greeting_name);
    result->ehlo_name = mem_strdup(service->ehlo_name);
    result->n_auth_mechanism = service->mechanism_count;
    result->auth_mechanism = mem_calloc(service->mechanism_count, sizeof *result->auth_mechanism);
    for (size_t i = 0; i < service->mechanism_count; i++)
        result->auth_mechanism[i] = mem_strdup(service->mechanism[i]);
    result->size_limit = service->has_limit ? 1 + (uint64_t)service->limit : 0;
}

Mxgrade__EndpointResult *result_from_report(const struct probe_report *report) {
    const struct plan *plan = &report->plan;
    Mxgrade__EndpointResult *result = mem_alloc(sizeof *result);
    mxgrade__endpoint_result__init(result);
    result->observed_at_ms = report->observed_at_ms;
    result->names_only = report->names_only;
    result->n_fact = report->names_only ? 0 : FACT_ENDPOINT_COUNT;
    result->fact = copy_facts(plan->fact, result->n_fact);
    result->reason = (uint32_t)report->reason;
    result->retry = report->retry;
    result->banner = mem_strdup(report->banner ? report->banner : "");
    result->n_ehlo = report->ehlo_count;
    result->ehlo = copy_lines(report->ehlo, report->ehlo_count);
    result->n_ehlo_tls = report->ehlo_tls_count;
    result->ehlo_tls = copy_lines(report->ehlo_tls, report->ehlo_tls_count);
    result->tls_version = report->version;
    result->suite = report->suite;
    result->group = mem_strdup(report->group);
    result->signature = mem_strdup(report->signature);
    result->pq_group = mem_strdup(plan->pq_group ? tls_group_name(plan->pq_group) : "");
    result->duration_ms = report->duration_ms;
    if (report->resume_len)
        result->resume = copy_bytes(report->resume, report->resume_len);
    result->flag = name_bits(plan->flags, flag_name, FLAG_COUNT, &result->n_flag);
    copy_suites(result, plan);
    copy_service(result, &report->service);
    result->n_connection = report->connection_count;
    result->connection = mem_calloc(report->connection_count, sizeof *result->connection);
    for (unsigned i = 0; i < report->connection_count; i++)
        result->connection[i] = copy_connection(&report->connection[i]);
    result->n_name = report->name_count;
    result->name = mem_calloc(report->name_count, sizeof *result->name);
    for (size_t i = 0; i < report->name_count; i++)
        result->name[i] = copy_name(&report->name[i]);
    return result;
}

static void copy_extensions(Mxgrade__Certificate *to, const struct cert_extensions *from) {
    to->extensions_unread = from->unread;
    to->sct_count = from->sct_count;
    to->must_staple = from->must_staple;
    to->is_ca = from->is_ca;
    to->ocsp_url = copy_lines(from->ocsp.text, to->n_ocsp_url = from->ocsp.count);
    to->crl_url = copy_lines(from->crl.text, to->n_crl_url = from->crl.count);
    to->policy_oid = copy_lines(from->policies.text, to->n_policy_oid = from->policies.count);
}

Mxgrade__Certificate *result_certificate(const struct cert_chain *chain) {
    Mxgrade__Certificate *to = mem_alloc(sizeof *to);
    mxgrade__certificate__init(to);
    to->sha256 = copy_bytes(chain->leaf_sha256, sizeof chain->leaf_sha256);
    to->spki_sha256 = copy_bytes(chain->spki_sha256, sizeof chain->spki_sha256);
    to->der = copy_bytes(chain->der, chain->der_len);
    to->subject_cn = mem_strdup(chain->subject_cn);
    to->subject = mem_strdup(chain->subject);
    to->issuer = mem_strdup(chain->issuer);
    to->serial = mem_strdup(chain->serial);
    to->n_san = chain->san_count;
    to->san = copy_lines(chain->san, chain->san_count);
    to->san_total = (uint32_t)chain->san_total;
    to->key_type = mem_strdup(chain->key_type);
    to->key_bits = chain->key_bits;
    to->signature = mem_strdup(chain->signature);
    to->not_before = chain->not_before;
    to->not_after = chain->not_after;
    to->self_signed = chain->self_signed;
    to->parse_error = mem_strdup(chain->parse_error ? chain->parse_error : "");
    copy_extensions(to, &chain->extensions);
    to->n_chain = chain->chain_count;
    to->chain = mem_calloc(chain->chain_count, sizeof *to->chain);
    for (size_t i = 0; i < chain->chain_count; i++)
        to->chain[i] = copy_bytes(chain->chain_sha256[i], sizeof chain->chain_sha256[i]);
    return to;
}

Mxgrade__Certificate *result_certificate_behind(struct reader der) {
    struct cert_chain *alone = cert_chain_read_behind(der);
    Mxgrade__Certificate *to = result_certificate(alone);
    to->behind = true;
    cert_chain_free(&alone);
    return to;
}
