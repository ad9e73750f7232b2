/* sts.c - see sts.h. A policy is read line by line; KEYS says what each known key does with its value, and what is
 * wrong if it is missing. The first mistake in the order of the lines is the one that is told. */
#include "published/sts.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "names/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *text;
    bool answered, retry;
} WHYS[STS_WHY_COUNT] = {
#define X(id, key, answered, retry, text) [STS_WHY_##id] = {key, text, answered, retry},
    STS_WHYS(X)
#undef X
};

const char *sts_why_key(enum sts_why why) { return (unsigned)why < STS_WHY_COUNT ? WHYS[why].key : "unknown"; }
const char *sts_why_text(enum sts_why why) { return (unsigned)why < STS_WHY_COUNT ? WHYS[why].text : "unknown"; }
bool sts_why_answered(enum sts_why why) { return (unsigned)why < STS_WHY_COUNT && WHYS[why].answered; }
bool sts_why_retry(enum sts_why why) { return (unsigned)why < STS_WHY_COUNT && WHYS[why].retry; }

enum sts_why sts_why_from_key(const char *key) {
    for (unsigned i = 0; i < STS_WHY_COUNT; i++)
        if (strcmp(WHYS[i].key, key) == 0)
            return (enum sts_why)i;
    return STS_WHY_COUNT;
}

/* ---- the record ---- */

static struct sts_record invalid(enum sts_why why) { return (struct sts_record){.status = STS_INVALID, .why = why}; }

static bool is_id(struct txt value) {
    for (size_t i = 0; i < value.len; i++)
        if (!ascii_is_alphanumeric(value.data[i]))
            return false;
    return value.len > 0 && value.len <= STS_ID_MAX;
}

struct sts_record sts_record_parse(const struct txt *records, size_t count) {
    struct sts_record record = {.status = STS_VALID};
    struct txt rest = {0};
    struct txt_field field;
    enum txt_step step;
    size_t found = txt_select(&rest, records, count, "v=STSv1");
    if (found == 0)
        return (struct sts_record){.status = STS_NONE};
    if (found > 1)
        return invalid(STS_WHY_SEVERAL_RECORDS);
    while ((step = txt_next(&rest, &field)) == TXT_FIELD) {
        bool id = txt_is(field.name, "id");
        if (id && *record.id == '\0' && !is_id(field.value))
            return invalid(STS_WHY_BAD_ID);
        if (!field.plain)
            return invalid(STS_WHY_RECORD_SYNTAX);
        if (id && *record.id == '\0')
            memcpy(record.id, field.value.data, field.value.len);
    }
    if (step == TXT_BROKEN)
        return invalid(STS_WHY_RECORD_SYNTAX);
    return *record.id ? record : invalid(STS_WHY_NO_ID);
}

/* ---- the policy ---- */

static const char *const MODES[] = {
    [STS_MODE_UNSET] = "", [STS_MODE_ENFORCE] = "enforce", [STS_MODE_TESTING] = "testing", [STS_MODE_NONE] = "none"};
enum { MODE_COUNT = sizeof MODES / sizeof *MODES };

const char *sts_mode_name(enum sts_mode mode) { return (unsigned)mode < MODE_COUNT ? MODES[mode] : ""; }

static enum sts_why take_version(struct sts_policy *policy, struct txt value) {
    (void)policy;
    return txt_is(value, "STSv1") ? STS_WHY_NONE : STS_WHY_BAD_VERSION;
}

static enum sts_why take_mode(struct sts_policy *policy, struct txt value) {
    for (unsigned mode = STS_MODE_ENFORCE; mode < MODE_COUNT; mode++)
        if (txt_is(value, MODES[mode]))
            policy->mode = (enum sts_mode)mode;
    return policy->mode == STS_MODE_UNSET ? STS_WHY_BAD_MODE : STS_WHY_NONE;
}

static enum sts_why take_max_age(struct sts_policy *policy, struct txt value) {
    enum { DIGITS_MAX = 10 };
    uint64_t seconds = 0;
    for (size_t i = 0; i < value.len && i < DIGITS_MAX; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return STS_WHY_BAD_MAX_AGE;
        seconds = seconds * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (value.len == 0 || value.len > DIGITS_MAX || seconds > STS_MAX_AGE_MAX_SECONDS)
        return STS_WHY_BAD_MAX_AGE;
    policy->max_age = (uint32_t)seconds;
    return STS_WHY_NONE;
}

/* The host name, lower case. A single label is one by the RFC's grammar; a trailing dot is not part of it. */
static bool is_host(char out[static NAME_CAP], struct txt value) {
    char text[NAME_CAP];
    if (value.len == 0 || value.len > NAME_MAX_OCTETS || value.data[value.len - 1] == '.')
        return false;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    enum name_error error = name_from_dns(out, text);
    return error == NAME_OK || error == NAME_SINGLE_LABEL;
}

static enum sts_why take_mx(struct sts_policy *policy, struct txt value) {
    enum { GROW = 16 };
    char host[NAME_CAP];
    bool wild = value.len > 2 && memcmp(value.data, "*.", 2) == 0;
    if (!is_host(host, wild ? (struct txt){value.data + 2, value.len - 2} : value))
        return STS_WHY_BAD_MX;
    if (policy->mx_count == STS_MX_MAX)
        return STS_WHY_TOO_LARGE;
    if (policy->mx_count % GROW == 0)
        policy->mx = mem_realloc(policy->mx, (policy->mx_count + GROW) * sizeof *policy->mx);
    policy->mx[policy->mx_count++] = mem_printf("%s%s", wild ? "*." : "", host);
    return STS_WHY_NONE;
}

static const struct {
    const char *name;
    enum sts_why (*take)(struct sts_policy *policy, struct txt value);
    enum sts_why missing;
    bool repeats;
} KEYS[] = {
    {"version", take_version, STS_WHY_NO_VERSION, false},
    {"mode", take_mode, STS_WHY_NO_MODE, false},
    {"max_age", take_max_age, STS_WHY_NO_MAX_AGE, false},
    {"mx", take_mx, STS_WHY_NO_MX, true},
};
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };

/* Tabs are white space; other control characters are not text. */
static bool is_text(struct txt line) {
    while (line.len) {
        struct txt piece = txt_cut(&line, '\t');
        if (!text_is_clean(piece.data, piece.len))
            return false;
    }
    return true;
}

static enum sts_why take_line(struct sts_policy *policy, bool seen[static KEY_COUNT], struct txt line) {
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (!is_text(line))
        return STS_WHY_NOT_TEXT;
    if (txt_trim(line).len == 0)
        return STS_WHY_NONE;
    bool assigned = memchr(line.data, ':', line.len) != NULL;
    struct txt key = txt_cut(&line, ':');
    if (!assigned || !txt_is_name(key))
        return STS_WHY_SYNTAX;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (!txt_is(key, KEYS[i].name) || (seen[i] && !KEYS[i].repeats))
            continue;
        seen[i] = true;
        return KEYS[i].take(policy, txt_trim(line));
    }
    return STS_WHY_NONE;
}

static enum sts_why find_missing(const struct sts_policy *policy, const bool seen[static KEY_COUNT]) {
    for (size_t i = 0; i < KEY_COUNT; i++) {
        bool needed = KEYS[i].missing != STS_WHY_NO_MX || policy->mode != STS_MODE_NONE;
        if (needed && !seen[i])
            return KEYS[i].missing;
    }
    return STS_WHY_NONE;
}

enum sts_why sts_policy_parse(struct sts_policy *out, const uint8_t *body, size_t len) {
    bool seen[KEY_COUNT] = {false};
    struct txt rest = {body, len};
    *out = (struct sts_policy){0};
    if (len > STS_POLICY_MAX_OCTETS)
        return STS_WHY_TOO_LARGE;
    while (rest.len) {
        out->line++;
        enum sts_why why = take_line(out, seen, txt_cut(&rest, '\n'));
        if (why != STS_WHY_NONE)
            return why;
    }
    out->line = 0;
    return find_missing(out, seen);
}

void sts_policy_free(struct sts_policy *policy) {
    for (size_t i = 0; i < policy->mx_count; i++)
        free(policy->mx[i]);
    free(policy->mx);
    *policy = (struct sts_policy){0};
}

bool sts_host(char out[static STS_HOST_CAP], const char *domain) {
    return snprintf(out, STS_HOST_CAP, "mta-sts.%s", domain) < STS_HOST_CAP;
}

bool sts_mx_matches(const char *pattern, const char *exchange) {
    const char *dot = strchr(exchange, '.');
    if (strncmp(pattern, "*.", 2) == 0)
        return dot && dot != exchange && strcmp(dot + 1, pattern + 2) == 0;
    return strcmp(pattern, exchange) == 0;
}
