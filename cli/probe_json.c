/* probe_json.c - see probe_show.h. */
#include "base/json.h"
#include "base/text.h"
#include "model/suites.h"
#include "probe_show.h"
#include "tls/tls_names.h"

#include <string.h>

static void json_fact(struct json *json, const struct fact *fact, const char *key) {
    json_object(json, key);
    json_text(json, "value", tri_name(fact->value));
    if (fact->value == TRI_UNKNOWN)
        json_text(json, "reason", reason_key(fact->reason));
    else
        json_text(json, "evidence", evidence_name(fact->evidence));
    if (fact->connection)
        json_number(json, "connection", fact->connection);
    json_end(json, '}');
}

static void json_connection(struct json *json, const struct probe_connection *c) {
    char name[8];
    json_object(json, NULL);
    json_text(json, "step", c->step);
    json_text(json, "offered", c->offered);
    json_text(json, "outcome", answer_kind_name(c->kind));
    if (c->version)
        json_text(json, "version", tls_version_name(c->version));
    if (c->suite)
        json_text(json, "suite", suite_name(c->suite, name, sizeof name));
    if (c->group)
        json_text(json, "group", tls_group_name(c->group));
    if (c->alerted)
        json_text(json, "alert", tls_alert_name(c->alert));
    if (c->reason != REASON_NONE)
        json_text(json, "reason", reason_key(c->reason));
    if (*c->detail)
        json_text(json, "detail", c->detail);
    json_number(json, "milliseconds", c->duration_ms);
    json_end(json, '}');
}

/* What cannot be read is left out: unknown, not no. */
static void json_extensions(struct json *json, const struct cert_extensions *extensions) {
    unsigned unread = extensions->unread;
    if (!(unread & CERT_EXTENSION_SCTS))
        json_number(json, "sct_count", extensions->sct_count);
    if (!(unread & CERT_EXTENSION_FEATURES))
        json_bool(json, "must_staple", extensions->must_staple);
    if (!(unread & CERT_EXTENSION_OCSP))
        json_texts(json, "ocsp_urls", extensions->ocsp.text, extensions->ocsp.count);
    if (!(unread & CERT_EXTENSION_CRL))
        json_texts(json, "crl_urls", extensions->crl.text, extensions->crl.count);
    if (!(unread & CERT_EXTENSION_POLICIES))
        json_texts(json, "policy_oids", extensions->policies.text, extensions->policies.count);
}

static void json_certificate(struct json *json, const struct probe_name *name) {
    const struct cert_chain *chain = name->chain;
    char hex[65];
    json_object(json, "certificate");
    text_hex(hex, chain->leaf_sha256, sizeof chain->leaf_sha256);
    json_text(json, "sha256", hex);
    json_text(json, "subject", chain->subject);
    json_text(json, "issuer", chain->issuer);
    json_texts(json, "san", chain->san, chain->san_count);
    json_text(json, "matched", *name->match.identity ? name->match.identity : NULL);
    json_text(json, "key_type", chain->key_type);
    json_number(json, "key_bits", chain->key_bits);
    json_text(json, "signature", chain->signature);
    json_number(json, "not_before", chain->not_before);
    json_number(json, "not_after", chain->not_after);
    json_bool(json, "self_signed", chain->self_signed);
    json_extensions(json, &chain->extensions);
    json_bits(json, "flags", probe_chain_flags(name), cert_chain_flag_name, CERT_FLAG_COUNT);
    json_bool(json, "san_match", name->match.san_match);
    json_bool(json, "cn_match", name->match.cn_match);
    json_text(json, "weak_keys", *chain->weak_keys ? chain->weak_keys : NULL);
    json_text(json, "weak_signatures", *chain->weak_signatures ? chain->weak_signatures : NULL);
    json_text(json, "parse_error", chain->parse_error);
    json_text(json, "trust_error", *chain->trust_error ? chain->trust_error : NULL);
    json_end(json, '}');
}

static void json_dane(struct json *json, const struct probe_name *name) {
    char text[TLSA_TEXT_CAP];
    json_object(json, "dane");
    json_text(json, "base_domain", name->tlsa->base);
    json_array(json, "tlsa");
    for (size_t i = 0; i < name->tlsa->count; i++) {
        struct tlsa tlsa;
        if (!tlsa_parse(&tlsa, name->tlsa->record[i].rdata, name->tlsa->record[i].len))
            continue; /* dane_set_add() lets none in */
        tlsa_text(text, &tlsa);
        json_text(json, NULL, text);
    }
    json_end(json, ']');
    json_text(json, "verdict", tlsa_verdict_key(name->dane.verdict));
    json_text(json, "why", *name->dane.why ? name->dane.why : NULL);
    json_end(json, '}');
}

static void json_findings(struct json *json, const struct grade_result *grade) {
    json_array(json, "findings");
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if ((grade->findings & (UINT64_C(1) << i)) == 0)
            continue;
        json_object(json, NULL);
        json_text(json, "code", FINDING_INFO[i].code);
        json_text(json, "weight", weight_name(FINDING_INFO[i].weight));
        json_text(json, "recommendation", FINDING_INFO[i].recommendation);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void json_handshake(struct json *json, const struct probe_report *report) {
    char name[8];
    json_object(json, "handshake");
    json_text(json, "version", tls_version_name(report->version));
    json_text(json, "suite", suite_name(report->suite, name, sizeof name));
    json_text(json, "group", report->group);
    json_text(json, "signature", report->signature);
    json_end(json, '}');
}

/* What the server says of itself in SMTP. exchange: the name that it is asked for, or "". */
static void json_service(struct json *json, const struct service *service, const char *exchange) {
    json_texts(json, "banner_lines", service->banner_line, service->banner_line_count);
    json_text(json, "greeting_name", *service->greeting_name ? service->greeting_name : NULL);
    json_text(json, "ehlo_name", *service->ehlo_name ? service->ehlo_name : NULL);
    if (*exchange) {
        json_bool(json, "greeting_name_is_mx", strcmp(service->greeting_name, exchange) == 0);
        json_bool(json, "ehlo_name_is_mx", strcmp(service->ehlo_name, exchange) == 0);
    }
    json_array(json, "auth_mechanisms");
    for (size_t i = 0; i < service->mechanism_count; i++)
        json_text(json, NULL, service->mechanism[i]);
    json_end(json, ']');
    if (service->has_limit)
        json_number(json, "size_limit", service->limit);
}

static void json_thorough(struct json *json, const struct probe_report *report) {
    const struct thorough *thorough = report->thorough;
    char name[8];
    json_object(json, "thorough");
    json_array(json, "suites");
    for (size_t i = 0; i < thorough->seen_count; i++) {
        json_object(json, NULL);
        json_text(json, "version", tls_version_name(thorough->seen[i].version));
        if (thorough->seen[i].suite)
            json_text(json, "suite", suite_name(thorough->seen[i].suite, name, sizeof name));
        json_end(json, '}');
    }
    json_end(json, ']');
    json_array(json, "groups");
    for (size_t i = 0; i < thorough->group_count; i++)
        json_text(json, NULL, tls_group_name(thorough->group[i]));
    json_end(json, ']');
    json_array(json, "disagreements");
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (report->disagreements & UINT32_C(1) << id)
            json_text(json, NULL, fact_key((enum fact_id)id));
    json_end(json, ']');
    json_end(json, '}');
}

void probe_print_json(const struct probe_report *report, const struct grade_result *grade, const char *address) {
    struct json json = json_to(stdout, JSON_INDENTED);
    json_object(&json, NULL);
    json_text(&json, "address", address);
    json_text(&json, "name", report->name[0].name);
    json_text(&json, "grade", grade->graded ? grade->grade : NULL);
    json_bool(&json, "provisional", grade->provisional);
    json_text(&json, "reason", report->reason == REASON_NONE ? NULL : reason_key(report->reason));
    if (report->refused_by)
        json_text(&json, "refused_by", report->refused_by);
    json_object(&json, "facts");
    for (unsigned id = 0; id < FACT_COUNT; id++)
        json_fact(&json, probe_fact(report, id), fact_key((enum fact_id)id));
    json_end(&json, '}');
    json_findings(&json, grade);
    json_bits(&json, "flags", report->plan.flags, flag_name, FLAG_COUNT);
    json_text(&json, "banner", report->banner);
    json_service(&json, &report->service, report->name[0].name);
    json_bits(&json, "weak_seen", plan_weak_classes(&report->plan), weak_class_name, WEAK_CLASS_COUNT);
    if (report->version)
        json_handshake(&json, report);
    json_texts(&json, "ehlo", report->ehlo, report->ehlo_count);
    json_texts(&json, "ehlo_tls", report->ehlo_tls, report->ehlo_tls_count);
    if (report->name[0].chain)
        json_certificate(&json, &report->name[0]);
    if (report->name[0].tlsa)
        json_dane(&json, &report->name[0]);
    if (report->thorough)
        json_thorough(&json, report);
    json_array(&json, "connections");
    for (unsigned i = 0; i < report->connection_count; i++)
        json_connection(&json, &report->connection[i]);
    json_end(&json, ']');
    json_end(&json, '}');
}
