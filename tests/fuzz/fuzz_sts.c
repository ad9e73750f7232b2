// link: mxg_published
/* fuzz_sts.c - the input is a policy, and, line by line, the TXT records of a domain. What is valid keeps the rules of
 * RFC 8461, and stays the same when it is written out anew; what is not says why, and in which of its lines.
 */
#include "base/text.h"
#include "fuzz.h"
#include "names/name.h"
#include "published/sts.h"

#include <string.h>

enum { RECORDS_MAX = 8, WRITTEN_CAP = 2 * STS_POLICY_MAX_OCTETS + 256 };

static void check_pattern(const char *pattern) {
    char name[NAME_CAP], longer[NAME_CAP + 2];
    const char *host = strncmp(pattern, "*.", 2) == 0 ? pattern + 2 : pattern;
    enum name_error error = name_from_dns(name, host);
    CHECK((error == NAME_OK || error == NAME_SINGLE_LABEL) && strcmp(name, host) == 0);
    snprintf(longer, sizeof longer, "a.%s", host);
    CHECK(sts_mx_matches(pattern, host) == (host == pattern));
    CHECK(sts_mx_matches(pattern, longer) == (host != pattern));
}

static void check_same(const struct sts_policy *a, const struct sts_policy *b) {
    CHECK(a->mode == b->mode && a->max_age == b->max_age && a->mx_count == b->mx_count);
    for (size_t i = 0; i < a->mx_count; i++)
        CHECK(strcmp(a->mx[i], b->mx[i]) == 0);
}

/* Written as people write it, it is the same policy. */
static void check_again(const struct sts_policy *policy) {
    char *text = malloc(WRITTEN_CAP);
    struct sts_policy again;
    int len = snprintf(text, WRITTEN_CAP, "version: STSv1\r\nmode: %s\r\nmax_age: %u\r\n", sts_mode_name(policy->mode),
                       policy->max_age);
    for (size_t i = 0; i < policy->mx_count; i++)
        len += snprintf(text + len, (size_t)(WRITTEN_CAP - len), "mx:%s\n", policy->mx[i]);
    if (len <= STS_POLICY_MAX_OCTETS) {
        CHECK(sts_policy_parse(&again, (const uint8_t *)text, (size_t)len) == STS_WHY_NONE);
        check_same(policy, &again);
        sts_policy_free(&again);
    }
    free(text);
}

static void check_policy(const uint8_t *data, size_t size) {
    struct sts_policy policy;
    enum sts_why why = sts_policy_parse(&policy, data, size);
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    CHECK((unsigned)why < STS_WHY_COUNT && policy.line <= lines && policy.mx_count <= STS_MX_MAX);
    CHECK(why == STS_WHY_NONE || sts_why_answered(why));
    if (why == STS_WHY_NONE) {
        CHECK(policy.line == 0 && policy.mode != STS_MODE_UNSET && policy.max_age <= STS_MAX_AGE_MAX_SECONDS);
        CHECK(policy.mx_count > 0 || policy.mode == STS_MODE_NONE);
        for (size_t i = 0; i < policy.mx_count; i++)
            check_pattern(policy.mx[i]);
        check_again(&policy);
    }
    sts_policy_free(&policy);
}

/* "v=STSv1", blanks or none, a semicolon. */
static bool begins(struct txt record) {
    static const char version[] = "v=STSv1";
    size_t at = sizeof version - 1;
    if (record.len < at || memcmp(record.data, version, at) != 0)
        return false;
    while (at < record.len && (record.data[at] == ' ' || record.data[at] == '\t'))
        at++;
    return at < record.len && record.data[at] == ';';
}

static void check_records(const uint8_t *data, size_t size) {
    static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct txt records[RECORDS_MAX], rest = {data, size};
    size_t count = 0, begun = 0;
    for (; rest.len && count < RECORDS_MAX; count++) {
        records[count] = txt_cut(&rest, '\n');
        begun += begins(records[count]);
    }
    struct sts_record record = sts_record_parse(records, count);
    CHECK((record.status == STS_NONE) == (begun == 0));
    CHECK((record.why == STS_WHY_SEVERAL_RECORDS) == (begun > 1));
    CHECK((record.status == STS_INVALID) == (record.why != STS_WHY_NONE));
    CHECK((record.status == STS_VALID) == (*record.id != '\0'));
    CHECK(strspn(record.id, alphanumeric) == strlen(record.id) && strlen(record.id) <= STS_ID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_policy(data, size);
    check_records(data, size);
    return 0;
}
