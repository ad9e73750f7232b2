// link: mxg_worker
/* fuzz_result.c - the input becomes a probe_report, its texts sanitised as the probe does. The message made of it
 * packs, unpacks to the same octets, says every fact as the report has it, and holds clean text only.
 */
#include "base/mem.h"
#include "base/text.h"
#include "cert/cert_list.h"
#include "fuzz.h"
#include "result.h"

#include <string.h>

enum { TEXT_MOST = 80, LINES_MOST = 6, NAMES_MOST = 4, CONNECTIONS_MOST = 64, KINDS = ANSWER_STOPPED, DER_MOST = 64 };

/* ---- a report out of the input ---- */

static char *take_text(struct supply *supply) {
    size_t len = supply_number(supply, TEXT_MOST);
    const uint8_t *data = supply_octets(supply, &len);
    return text_sanitise_dup(data, len, TEXT_MOST);
}

static void take_array(struct supply *supply, char *out, size_t cap) {
    size_t len = supply_number(supply, TEXT_MOST);
    const uint8_t *data = supply_octets(supply, &len);
    text_sanitise(out, cap, data, len);
}

static char **take_lines(struct supply *supply, size_t *count) {
    *count = supply_number(supply, LINES_MOST);
    char **lines = mem_calloc(*count, sizeof *lines);
    for (size_t i = 0; i < *count; i++)
        lines[i] = take_text(supply);
    return lines;
}

static void take_facts(struct supply *supply, struct fact *fact, size_t count) {
    for (size_t i = 0; i < count; i++)
        fact[i] = (struct fact){.value = supply_number(supply, TRI_YES),
                                .evidence = supply_number(supply, EVIDENCE_SHARED),
                                .reason = supply_number(supply, REASON_COUNT - 1),
                                .connection = supply_number(supply, UINT32_MAX)};
}

static void take_plan(struct supply *supply, struct plan *plan) {
    plan_init(plan, &(struct plan_policy){.per_version = false});
    take_facts(supply, plan->fact, FACT_ENDPOINT_COUNT);
    plan->flags = supply_number(supply, UINT32_MAX);
    plan->pq_group = (uint16_t)supply_number(supply, UINT16_MAX);
    plan->suites_seen_count = supply_number(supply, PLAN_SUITES_SEEN_MAX);
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        plan->suites_seen[i] = (uint16_t)supply_number(supply, UINT16_MAX);
}

static void take_service(struct supply *supply, struct service *service) {
    take_facts(supply, service->fact, FACT_SERVICE_COUNT);
    service->has_limit = supply_number(supply, 1);
    service->limit = supply_number(supply, UINT32_MAX);
    service->banner_line = take_lines(supply, &service->banner_line_count);
    take_array(supply, service->greeting_name, sizeof service->greeting_name);
    take_array(supply, service->ehlo_name, sizeof service->ehlo_name);
    service->mechanism_count = supply_number(supply, SMTP_MECHANISMS_MAX);
    for (size_t i = 0; i < service->mechanism_count; i++)
        take_array(supply, service->mechanism[i], sizeof service->mechanism[i]);
}

static void take_connection(struct supply *supply, struct probe_connection *to) {
    take_array(supply, to->step, sizeof to->step);
    take_array(supply, to->offered, sizeof to->offered);
    take_array(supply, to->detail, sizeof to->detail);
    to->kind = supply_number(supply, KINDS);
    to->version = (uint16_t)supply_number(supply, UINT16_MAX);
    to->suite = (uint16_t)supply_number(supply, UINT16_MAX);
    to->alerted = supply_number(supply, 1);
    to->alert = (uint8_t)supply_number(supply, UINT8_MAX);
    to->duration_ms = supply_number(supply, UINT32_MAX);
}

static struct cert_chain *take_chain(struct supply *supply) {
    struct cert_chain *chain = mem_alloc(sizeof *chain);
    size_t len = DER_MOST;
    const uint8_t *der = supply_octets(supply, &len);
    chain->der = mem_alloc(len);
    chain->der_len = len;
    if (len > 0)
        memcpy(chain->der, der, len);
    memset(chain->leaf_sha256, supply_number(supply, UINT8_MAX) & 0xFF, sizeof chain->leaf_sha256);
    char **texts[] = {&chain->subject_cn,  &chain->subject,   &chain->issuer,         &chain->serial,
                      &chain->trust_error, &chain->weak_keys, &chain->weak_signatures};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = take_text(supply);
    chain->san = take_lines(supply, &chain->san_count);
    chain->san_total = chain->san_count + supply_number(supply, UINT16_MAX);
    chain->references = 1;
    chain->key_type = "RSA";
    chain->signature = "sha256WithRSAEncryption";
    chain->key_bits = supply_number(supply, UINT32_MAX);
    chain->not_before = (int64_t)supply_number(supply, UINT32_MAX) - INT32_MAX;
    chain->not_after = (int64_t)supply_number(supply, UINT32_MAX) * 60;
    chain->chain_count = supply_number(supply, CERT_CHAIN_MAX);
    chain->chain_sha256 = mem_calloc(chain->chain_count, sizeof *chain->chain_sha256);
    return chain;
}

static void take_name(struct supply *supply, struct probe_name *to, const struct cert_chain *chain) {
    take_array(supply, to->name, sizeof to->name);
    take_facts(supply, to->fact, FACT_NAME_COUNT);
    take_array(supply, to->match.identity, sizeof to->match.identity);
    to->match.by_cn = supply_number(supply, 1);
    to->chain = supply_number(supply, 1) ? chain : NULL;
    to->dane.verdict = supply_number(supply, TLSA_VERDICT_COUNT - 1);
    take_array(supply, to->dane.why, sizeof to->dane.why);
}

static struct probe_report *take_report(struct supply *supply) {
    struct probe_report *report = mem_alloc(sizeof *report);
    take_plan(supply, &report->plan);
    report->names_only = supply_number(supply, 1);
    report->retry = supply_number(supply, 1);
    report->reason = supply_number(supply, REASON_COUNT - 1);
    report->banner = supply_number(supply, 1) ? take_text(supply) : NULL;
    report->ehlo = take_lines(supply, &report->ehlo_count);
    report->ehlo_tls = take_lines(supply, &report->ehlo_tls_count);
    report->version = (uint16_t)supply_number(supply, UINT16_MAX);
    report->suite = (uint16_t)supply_number(supply, UINT16_MAX);
    take_array(supply, report->group, sizeof report->group);
    take_array(supply, report->signature, sizeof report->signature);
    report->connection_count = supply_number(supply, CONNECTIONS_MOST);
    report->connection = mem_calloc(report->connection_count, sizeof *report->connection);
    for (unsigned i = 0; i < report->connection_count; i++)
        take_connection(supply, &report->connection[i]);
    report->chain_count = 1;
    report->chain = mem_alloc(sizeof *report->chain);
    report->chain[0] = take_chain(supply);
    report->name_count = supply_number(supply, NAMES_MOST);
    report->name = mem_calloc(report->name_count, sizeof *report->name);
    for (size_t i = 0; i < report->name_count; i++)
        take_name(supply, &report->name[i], report->chain[0]);
    report->observed_at_ms = supply_number(supply, UINT32_MAX);
    take_service(supply, &report->service);
    return report;
}

/* ---- the message ---- */

static void check_message(const ProtobufCMessage *message);

static void check_value(const ProtobufCFieldDescriptor *field, const void *value) {
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)value;
        CHECK(text_is_clean(text, strlen(text)));
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE && *(const ProtobufCMessage *const *)value) {
        check_message(*(const ProtobufCMessage *const *)value);
    }
}

/* Every text in it, however deep, by the message's own description. */
static void check_message(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *at = (const char *)message + field->offset;
        bool pointers = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
        if (!pointers)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            check_value(field, at);
            continue;
        }
        size_t count = *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
        for (size_t n = 0; n < count; n++)
            check_value(field, *(const char *const *)(const void *)at + n * sizeof(void *));
    }
}

/* Packs, unpacks and packs again; the unpacked one, which says the same. */
static ProtobufCMessage *there_and_back(const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *once = malloc(len + 1), *twice = malloc(len + 1);
    CHECK(protobuf_c_message_pack(message, once) == len);
    ProtobufCMessage *back = protobuf_c_message_unpack(message->descriptor, NULL, len, once);
    CHECK(back != NULL && back->n_unknown_fields == 0 && protobuf_c_message_get_packed_size(back) == len);
    protobuf_c_message_pack(back, twice);
    CHECK(memcmp(once, twice, len) == 0);
    free(once);
    free(twice);
    return back;
}

static void check_facts(Mxgrade__Fact *const *got, size_t count, const struct fact *fact) {
    for (size_t i = 0; i < count; i++)
        CHECK(got[i]->id == i && got[i]->value == (Mxgrade__Tri)fact[i].value &&
              got[i]->evidence == (Mxgrade__Evidence)fact[i].evidence && got[i]->reason == fact[i].reason &&
              got[i]->connection == fact[i].connection);
}

static void check_result(const Mxgrade__EndpointResult *result, const struct probe_report *report) {
    CHECK(result->n_fact == (report->names_only ? 0 : FACT_ENDPOINT_COUNT));
    check_facts(result->fact, result->n_fact, report->plan.fact);
    CHECK(result->n_service == (report->names_only ? 0 : FACT_SERVICE_COUNT));
    check_facts(result->service, result->n_service, report->service.fact);
    CHECK(result->n_banner_line == report->service.banner_line_count);
    CHECK(result->size_limit == (report->service.has_limit ? 1 + (uint64_t)report->service.limit : 0));
    CHECK(strcmp(result->banner, report->banner ? report->banner : "") == 0);
    CHECK(result->n_ehlo == report->ehlo_count && result->n_ehlo_tls == report->ehlo_tls_count);
    CHECK(result->n_suites_seen == report->plan.suites_seen_count);
    CHECK(result->n_connection == report->connection_count && result->n_name == report->name_count);
    for (size_t i = 0; i < result->n_name; i++) {
        CHECK(result->name[i]->n_fact == FACT_NAME_COUNT);
        check_facts(result->name[i]->fact, FACT_NAME_COUNT, report->name[i].fact);
        CHECK(result->name[i]->certificate.len == (report->name[i].chain ? 32 : 0));
        CHECK((unsigned)result->name[i]->dane == (unsigned)report->name[i].dane.verdict);
        CHECK(strcmp(result->name[i]->dane_why, report->name[i].dane.why) == 0);
    }
}

static void check_certificate(const Mxgrade__Certificate *certificate, const struct cert_chain *chain) {
    CHECK(certificate->der.len == chain->der_len && certificate->n_chain == chain->chain_count);
    CHECK(certificate->n_san == chain->san_count && certificate->san_total == chain->san_total);
    CHECK(certificate->not_before == chain->not_before && certificate->not_after == chain->not_after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct supply supply = {data, size};
    struct probe_report *report = take_report(&supply);
    Mxgrade__EndpointResult *result = result_from_report(report);
    Mxgrade__Certificate *certificate = result_certificate(report->chain[0]);
    ProtobufCMessage *result_back = there_and_back(&result->base),
                     *certificate_back = there_and_back(&certificate->base);
    check_message(result_back);
    check_message(certificate_back);
    check_result((const Mxgrade__EndpointResult *)result_back, report);
    check_certificate((const Mxgrade__Certificate *)certificate_back, report->chain[0]);
    protobuf_c_message_free_unpacked(result_back, NULL);
    protobuf_c_message_free_unpacked(certificate_back, NULL);
    mxgrade__endpoint_result__free_unpacked(result, NULL);
    mxgrade__certificate__free_unpacked(certificate, NULL);
    probe_report_free(&report);
    return 0;
}
