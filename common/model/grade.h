/* grade.h - findings and grade of one exchange at one endpoint: a pure function over facts.
 *
 * docs/grading.md sections 2 and 3 are the definition. No clock, no I/O: what is judged comes in, so
 * that a stored survey can be graded again under another policy without touching the network. The
 * worst-of rules over addresses, exchanges and MX sets (section 4) are set-based SQL in aggregator/sql/.
 */
#ifndef MXG_GRADE_H
#define MXG_GRADE_H

#include "model/facts.h"

enum weight { WEIGHT_FATAL, WEIGHT_SIGNIFICANT, WEIGHT_SLIGHT, WEIGHT_ADVICE };

/* X(code, weight, title, recommendation) */
#define FINDINGS(X)                                                                                                    \
    X(NO_TLS, FATAL, "TLS does not work", "Offer STARTTLS on port 25 with a certificate and at least TLS 1.2.")        \
    X(NO_TLS12, SIGNIFICANT, "Neither TLS 1.2 nor TLS 1.3", "Enable TLS 1.2 and TLS 1.3.")                             \
    X(SSLV2_ENABLED, SIGNIFICANT, "SSL 2.0 is on",                                                                     \
      "Turn SSL 2.0 off: it is broken and endangers all other traffic "                                                \
      "under the same key.")                                                                                           \
    X(SSLV3_ENABLED, SIGNIFICANT, "SSL 3.0 is on", "Turn SSL 3.0 off (RFC 7568).")                                     \
    X(CERT_UNTRUSTED, SIGNIFICANT, "Certificate not trusted",                                                          \
      "Install a certificate from a public CA, with its intermediate certificates.")                                   \
    X(CERT_EXPIRED, SIGNIFICANT, "Certificate not in date", "Renew the certificate and automate its renewal.")         \
    X(NO_NIST_R1, SIGNIFICANT, "No NIST-approved cipher suite",                                                        \
      "Enable ECDHE suites with AES-GCM, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.")                              \
    X(CERT_NAME_MISMATCH, SLIGHT, "Certificate does not name the MX",                                                  \
      "Use a certificate whose subject alternative names include the MX host name.")                                   \
    X(WEAK_CIPHERS, SLIGHT, "Weak ciphers are on", "Turn off export, RC4, DES, 3DES, NULL and MD5 suites.")            \
    X(NO_NIST_R2, SLIGHT, "No cipher suite of NIST SP 800-52r2",                                                       \
      "Enable TLS 1.3, or ECDHE suites with AES-GCM or ChaCha20 in TLS 1.2.")                                          \
    X(TLS10_ENABLED, ADVICE, "TLS 1.0 is on", "Plan to turn TLS 1.0 off (RFC 8996).")                                  \
    X(TLS11_ENABLED, ADVICE, "TLS 1.1 is on", "Plan to turn TLS 1.1 off (RFC 8996).")                                  \
    X(NO_TLS13, ADVICE, "No TLS 1.3", "Enable TLS 1.3 (RFC 8446).")                                                    \
    X(NO_FORWARD_SECRECY, ADVICE, "No forward secrecy", "Enable ECDHE suites or TLS 1.3.")                             \
    X(ANON_SUITES, ADVICE, "Anonymous suites are on",                                                                  \
      "Exclude aNULL suites if no sender needs them; they protect against nobody who can alter traffic.")              \
    X(NIST_R1_SUPERSEDED, ADVICE, "Only suites newer than NIST SP 800-52r1",                                           \
      "Nothing to change: revision 2 of 2019 replaces revision 1.")                                                    \
    X(WEAK_KEY, ADVICE, "A key of the certificate or of its issuers is short",                                         \
      "Use RSA with 2,048 bits or more, or ECDSA P-256; where it is an issuer's, have another one issue the "          \
      "certificate.")                                                                                                  \
    X(SHA1_SIGNATURE, ADVICE, "The certificate or one of its issuers is signed with SHA-1 or MD5",                     \
      "Have the certificate issued anew with SHA-256, by an issuer that is signed so, too.")                           \
    X(EXPIRES_SOON, ADVICE, "Certificate expires soon",                                                                \
      "Renew the certificate, and automate that: less than a third of its lifetime and fewer than 30 days are left.")  \
    X(NO_PQ, ADVICE, "No post-quantum key exchange", "Enable X25519MLKEM768 when your TLS library offers it.")         \
    X(STARTTLS_STRIPPED, ADVICE, "STARTTLS is masked on the way",                                                      \
      "Turn off SMTP inspection on the firewall in front of the server.")                                              \
    X(INCONSISTENT, ADVICE, "Answers contradict each other", "Check that all servers behind the address are alike.")   \
    X(TLS_BROKEN, FATAL, "TLS is offered and never works",                                                             \
      "Repair what is behind STARTTLS (certificate, key, their permissions), or stop listing it: it failed for every " \
      "attempt.")                                                                                                      \
    X(AUTH_BEFORE_TLS, ADVICE, "Passwords are asked for before TLS",                                                   \
      "Offer AUTH inside TLS alone (in Postfix: smtpd_tls_auth_only = yes), and not at all on port 25 if nobody logs " \
      "in there.")

enum finding {
#define X(code, weight, title, recommendation) FINDING_##code,
    FINDINGS(X)
#undef X
        FINDING_COUNT
};

/* What a domain publishes about its mail; raised in schema/001_2_policies.sql, never part of a grade. X as above. */
#define DOMAIN_FINDINGS(X)                                                                                             \
    X(NO_MTA_STS, ADVICE, "No MTA-STS policy",                                                                         \
      "Publish a policy in mode testing and its TXT record, and enforce it once reports show no failures.")            \
    X(MTA_STS_INVALID, ADVICE, "The MTA-STS policy is invalid",                                                        \
      "Repair the TXT record or the policy: until then no sender honours it.")                                         \
    X(MTA_STS_MX_NOT_COVERED, ADVICE, "The MTA-STS policy does not cover the MX",                                      \
      "Add the MX to the policy and change the id of the TXT record; senders that honour the policy pass over it.")    \
    X(MTA_STS_TESTING, ADVICE, "MTA-STS is only tested",                                                               \
      "Publish mode enforce with a new id once TLS reports show no failures.")                                         \
    X(MTA_STS_MX_FAILS, ADVICE, "The MX fails the MTA-STS policy",                                                     \
      "Offer TLS 1.2 and a trusted certificate in date whose alternative names include the MX: in mode enforce "       \
      "senders pass over it, and mail bounces when no other MX is left.")                                              \
    X(NO_DANE, ADVICE, "No TLSA records",                                                                              \
      "Publish a TLSA record for the key of the MX, and the next one before the key changes.")                         \
    X(DANE_MISMATCH, ADVICE, "TLSA records do not match the certificate",                                              \
      "Publish the records shown beside the old ones, wait for two TTLs, remove what matches nothing: senders that "   \
      "use DANE pass over the MX until then.")                                                                         \
    X(NO_TLSRPT, ADVICE, "No TLS reports", "Publish a TLS-RPT record, so that senders report where TLS fails.")        \
    X(TLSRPT_INVALID, ADVICE, "The TLS-RPT record is invalid",                                                         \
      "Publish one record with a mailto: or https: address; nobody can send reports to this one.")                     \
    X(NO_DNSSEC, ADVICE, "The domain is not signed",                                                                   \
      "Sign the zone with DNSSEC: without it DANE cannot protect the way to the MX.")                                  \
    X(DNSSEC_BOGUS, ADVICE, "DNSSEC validation fails",                                                                 \
      "Repair the signatures or the DS record: senders whose resolvers validate cannot find the mail servers.")

enum domain_finding {
#define X(code, weight, title, recommendation) DOMAIN_FINDING_##code,
    DOMAIN_FINDINGS(X)
#undef X
        DOMAIN_FINDING_COUNT
};

struct finding_info {
    const char *code, *title, *recommendation;
    enum weight weight;
};
extern const struct finding_info FINDING_INFO[FINDING_COUNT];
extern const struct finding_info DOMAIN_FINDING_INFO[DOMAIN_FINDING_COUNT];
const char *weight_name(enum weight weight); /* "fatal" | "significant" | "slight" | "advice" */

/* What is judged. */
struct grade_input {
    enum tri fact[FACT_COUNT];
    enum reason reason; /* why tls_enabled is unknown, if it is */
    bool starttls_stripped, inconsistent;
    bool weak_key, sha1_signature;      /* of the leaf or an issuer; false where no certificate was seen */
    int64_t now, not_before, not_after; /* Unix seconds; the leaf's; not_after 0 = no certificate seen */
};

enum policy { POLICY_1, POLICY_1_LITERAL, POLICY_COUNT };
const char *policy_name(enum policy policy); /* "1" | "1-literal" */
/* POLICY_COUNT if there is none of that name. */
enum policy policy_from_name(const char *name);

struct grade_result {
    uint64_t findings; /* bit 1 << FINDING_…; none when not graded */
    uint64_t missing;  /* bit 1 << FACT_…: unknown facts that could still change the score */
    bool graded;       /* false: tls_enabled is unknown, and tls_broken not yes; reason says why */
    bool provisional;  /* graded, with something missing */
    int score;         /* 0 to 100 */
    const char *grade; /* "A+" … "F"; static; NULL when not graded */
    enum reason reason;
    enum tri forced_tls;        /* this exchange at this endpoint (section 4) */
    const char *forced_tls_why; /* fact key that fails or is unknown; static; NULL when yes */
};

struct grade_result grade_endpoint(const struct grade_input *input, enum policy policy);

/* The letter for a score, section 3's table. Static. */
const char *grade_letter(int score);

#endif
