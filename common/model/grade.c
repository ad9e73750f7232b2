/* grade.c - see grade.h.
 *
 * A policy is data: for each finding the facts that must be `no` and those that must be `yes` (or a sign
 * that is no fact), and for forced TLS a list of clauses of which each needs one `yes`. Facts are turned
 * into three bit sets first, so a rule is raised when all it asks for is known, dead when something
 * contradicts it, and open, its unknown facts missing, otherwise.
 */
#include "model/grade.h"

#include <string.h>

enum { EXPIRES_SOON_S = 30 * 86400, EXPIRES_SOON_PART = 3, SCORE_MAX = 100 };

#define FACT(id) (UINT64_C(1) << FACT_##id)
#define FINDING(code) (UINT64_C(1) << FINDING_##code)

const struct finding_info FINDING_INFO[FINDING_COUNT] = {
#define X(code, weight, title, recommendation) [FINDING_##code] = {#code, title, recommendation, WEIGHT_##weight},
    FINDINGS(X)
#undef X
};

const struct finding_info DOMAIN_FINDING_INFO[DOMAIN_FINDING_COUNT] = {
#define X(code, weight, title, recommendation)                                                                         \
    [DOMAIN_FINDING_##code] = {#code, title, recommendation, WEIGHT_##weight},
    DOMAIN_FINDINGS(X)
#undef X
};

static const struct {
    const char *name;
    int deduction;
} WEIGHTS[] = {
    [WEIGHT_FATAL] = {"fatal", SCORE_MAX},
    [WEIGHT_SIGNIFICANT] = {"significant", 30},
    [WEIGHT_SLIGHT] = {"slight", 5},
    [WEIGHT_ADVICE] = {"advice", 0},
};

/* Section 3; the last one takes the rest. */
static const struct {
    int least;
    const char *letter;
} LETTERS[] = {{100, "A+"}, {95, "A"}, {90, "A-"}, {85, "B+"}, {80, "B"}, {75, "B-"},
               {70, "C+"},  {65, "C"}, {60, "C-"}, {40, "D"},  {0, "F"}};

/* What is known of a server besides its facts. */
enum sign {
    SIGN_STRIPPED = 1 << 0,
    SIGN_INCONSISTENT = 1 << 1,
    SIGN_WEAK_KEY = 1 << 2,
    SIGN_SHA1 = 1 << 3,
    SIGN_EXPIRES_SOON = 1 << 4,
};

/* Raised when every fact in no is `no`, every one in yes is `yes` and the signs are seen; an empty rule never is. */
struct rule {
    uint64_t no, yes;
    unsigned signs;
};

#define COMMON_RULES                                                                                                   \
    [FINDING_NO_TLS] = {.no = FACT(TLS_ENABLED)}, [FINDING_SSLV2_ENABLED] = {.yes = FACT(SSLV2)},                      \
    [FINDING_SSLV3_ENABLED] = {.yes = FACT(SSLV3)}, [FINDING_CERT_UNTRUSTED] = {.no = FACT(CERT_TRUSTED)},             \
    [FINDING_CERT_EXPIRED] = {.no = FACT(CERT_IN_DATE)}, [FINDING_CERT_NAME_MISMATCH] = {.no = FACT(CERT_NAME_MATCH)}, \
    [FINDING_WEAK_CIPHERS] = {.yes = FACT(WEAK_CIPHERS)}, [FINDING_NO_NIST_R2] = {.no = FACT(NIST_R2)},                \
    [FINDING_TLS10_ENABLED] = {.yes = FACT(TLS1_0)}, [FINDING_TLS11_ENABLED] = {.yes = FACT(TLS1_1)},                  \
    [FINDING_NO_TLS13] = {.no = FACT(TLS1_3)}, [FINDING_NO_FORWARD_SECRECY] = {.no = FACT(FORWARD_SECRECY)},           \
    [FINDING_ANON_SUITES] = {.yes = FACT(ANON_SUITES)}, [FINDING_NO_PQ] = {.no = FACT(PQ_HYBRID)},                     \
    [FINDING_WEAK_KEY] = {.signs = SIGN_WEAK_KEY}, [FINDING_SHA1_SIGNATURE] = {.signs = SIGN_SHA1},                    \
    [FINDING_EXPIRES_SOON] = {.signs = SIGN_EXPIRES_SOON}, [FINDING_STARTTLS_STRIPPED] = {.signs = SIGN_STRIPPED},     \
    [FINDING_INCONSISTENT] = {.signs = SIGN_INCONSISTENT}, [FINDING_TLS_BROKEN] = {.yes = FACT(TLS_BROKEN)},           \
    [FINDING_AUTH_BEFORE_TLS] = {.yes = FACT(AUTH_BEFORE_TLS)}

enum { FORCED_TLS_CLAUSES = 3 };

static const struct {
    const char *name;
    struct rule rules[FINDING_COUNT];
    uint64_t forced_tls[FORCED_TLS_CLAUSES]; /* one fact of each must be `yes` */
} POLICIES[POLICY_COUNT] = {
    [POLICY_1] = {"1",
                  {COMMON_RULES, [FINDING_NO_TLS12] = {.no = FACT(TLS1_2) | FACT(TLS1_3)},
                   [FINDING_NO_NIST_R1] = {.no = FACT(NIST_R1) | FACT(NIST_R2)},
                   [FINDING_NIST_R1_SUPERSEDED] = {.no = FACT(NIST_R1), .yes = FACT(NIST_R2)}},
                  {FACT(TLS_ENABLED), FACT(TLS1_0) | FACT(TLS1_2) | FACT(TLS1_3), FACT(NIST_R1) | FACT(NIST_R2)}},
    [POLICY_1_LITERAL] =
        {"1-literal",
         {COMMON_RULES, [FINDING_NO_TLS12] = {.no = FACT(TLS1_2)}, [FINDING_NO_NIST_R1] = {.no = FACT(NIST_R1)}},
         {FACT(TLS_ENABLED), FACT(TLS1_0) | FACT(TLS1_2), FACT(NIST_R1)}},
};

/* "Expired or not trusted" is one deduction. */
static const uint64_t ONE_DEDUCTION = FINDING(CERT_UNTRUSTED) | FINDING(CERT_EXPIRED);
/* Where there is no TLS, nothing else can be said of it. */
static const uint64_t WITHOUT_TLS =
    FINDING(NO_TLS) | FINDING(TLS_BROKEN) | FINDING(STARTTLS_STRIPPED) | FINDING(AUTH_BEFORE_TLS);

const char *weight_name(enum weight weight) { return WEIGHTS[weight].name; }
const char *policy_name(enum policy policy) { return POLICIES[policy].name; }

enum policy policy_from_name(const char *name) {
    unsigned i = 0;
    while (i < POLICY_COUNT && strcmp(POLICIES[i].name, name) != 0)
        i++;
    return (enum policy)i;
}

const char *grade_letter(int score) {
    unsigned i = 0;
    while (score < LETTERS[i].least && i + 1 < sizeof LETTERS / sizeof *LETTERS)
        i++;
    return LETTERS[i].letter;
}

/* Facts by value: known[TRI_YES] has the bits of those that are `yes`, and so on. */
struct known {
    uint64_t facts[3];
    unsigned signs;
};

/* Is less left than a third of the lifetime, and less than 30 days? By that time a renewal is overdue, be it of a year
 * or of six days: clients of ACME renew with a third left. */
static bool expires_soon(const struct grade_input *input) {
    bool valid = input->not_after != 0 && input->now >= input->not_before && input->now <= input->not_after;
    uint64_t end = (uint64_t)input->not_after, left = end - (uint64_t)input->now;
    return valid && left < EXPIRES_SOON_S && left < (end - (uint64_t)input->not_before) / EXPIRES_SOON_PART;
}

/* Where it is known whether TLS works, nothing is to be inferred from attempts that failed. */
static enum tri value_of(const struct grade_input *input, enum fact_id id) {
    return id == FACT_TLS_BROKEN && input->fact[FACT_TLS_ENABLED] != TRI_UNKNOWN ? TRI_NO : input->fact[id];
}

static struct known sort_facts(const struct grade_input *input) {
    struct known known = {.facts = {0}};
    for (unsigned id = 0; id < FACT_COUNT; id++)
        known.facts[value_of(input, (enum fact_id)id)] |= UINT64_C(1) << id;
    known.signs = (input->starttls_stripped ? SIGN_STRIPPED : 0u) | (input->inconsistent ? SIGN_INCONSISTENT : 0u) |
                  (input->weak_key ? SIGN_WEAK_KEY : 0u) | (input->sha1_signature ? SIGN_SHA1 : 0u) |
                  (expires_soon(input) ? SIGN_EXPIRES_SOON : 0u);
    return known;
}

/* `yes`: raised; `no`: contradicted; `unknown`: open until the unknown facts that it asks for are known. */
static enum tri rule_state(const struct rule *rule, const struct known *known) {
    uint64_t asked = rule->no | rule->yes;
    bool dead = (rule->no & known->facts[TRI_YES]) || (rule->yes & known->facts[TRI_NO]) ||
                (rule->signs & ~known->signs) || (asked == 0 && rule->signs == 0);
    if (dead)
        return TRI_NO;
    return asked & known->facts[TRI_UNKNOWN] ? TRI_UNKNOWN : TRI_YES;
}

/* There is none, or none that works. */
static bool is_without_tls(const struct known *known) {
    return known->facts[TRI_NO] & FACT(TLS_ENABLED) || known->facts[TRI_YES] & FACT(TLS_BROKEN);
}

static uint64_t raised_findings(const struct rule *rules, const struct known *known) {
    uint64_t findings = 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (rule_state(&rules[i], known) == TRI_YES)
            findings |= UINT64_C(1) << i;
    return is_without_tls(known) ? findings & WITHOUT_TLS : findings;
}

/* The unknown facts that could still change the score. */
static uint64_t missing_facts(const struct rule *rules, const struct known *known, uint64_t findings) {
    uint64_t missing = 0, settled = findings & ONE_DEDUCTION ? ONE_DEDUCTION : 0;
    if (is_without_tls(known))
        return 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (FINDING_INFO[i].weight != WEIGHT_ADVICE && !(settled >> i & 1) &&
            rule_state(&rules[i], known) == TRI_UNKNOWN)
            missing |= (rules[i].no | rules[i].yes) & known->facts[TRI_UNKNOWN];
    return missing;
}

static int score_of(uint64_t findings) {
    int score = SCORE_MAX;
    if ((findings & ONE_DEDUCTION) == ONE_DEDUCTION)
        findings &= ~FINDING(CERT_EXPIRED);
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (findings >> i & 1)
            score -= WEIGHTS[FINDING_INFO[i].weight].deduction;
    return score > 0 ? score : 0;
}

static const char *newest_fact_key(uint64_t facts) { return fact_key((enum fact_id)(63 - __builtin_clzll(facts))); }

static void judge_forced_tls(struct grade_result *result, const uint64_t *clauses, const struct known *known) {
    result->forced_tls = TRI_YES;
    if (known->facts[TRI_YES] & FACT(TLS_BROKEN)) {
        result->forced_tls = TRI_NO;
        result->forced_tls_why = fact_key(FACT_TLS_BROKEN);
        return;
    }
    for (unsigned i = 0; i < FORCED_TLS_CLAUSES; i++) {
        uint64_t open = clauses[i] & known->facts[TRI_UNKNOWN];
        if (clauses[i] & known->facts[TRI_YES])
            continue;
        if (open == 0) { /* a known failure outweighs whatever is unknown */
            result->forced_tls = TRI_NO;
            result->forced_tls_why = newest_fact_key(clauses[i]);
            return;
        }
        if (result->forced_tls == TRI_YES)
            result->forced_tls_why = newest_fact_key(open);
        result->forced_tls = TRI_UNKNOWN;
    }
}

struct grade_result grade_endpoint(const struct grade_input *input, enum policy policy) {
    struct known known = sort_facts(input);
    struct grade_result result = {.reason = REASON_NONE};
    judge_forced_tls(&result, POLICIES[policy].forced_tls, &known);
    if (input->fact[FACT_TLS_ENABLED] == TRI_UNKNOWN && input->fact[FACT_TLS_BROKEN] != TRI_YES) {
        result.reason = input->reason == REASON_NONE ? REASON_NOT_ASKED : input->reason;
        return result;
    }
    const struct rule *rules = POLICIES[policy].rules;
    result.graded = true;
    result.findings = raised_findings(rules, &known);
    result.missing = missing_facts(rules, &known, result.findings);
    result.provisional = result.missing != 0;
    result.score = score_of(result.findings);
    result.grade = grade_letter(result.score);
    return result;
}
