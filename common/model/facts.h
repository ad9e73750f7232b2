/* facts.h - the facts mxgrade establishes, their values, evidence and reasons.
 *
 * One table each: ids on the wire, JSON keys, SQL columns with their comments and every list of facts in SQL are made
 * from them (cmake/embed_sql.awk). docs/grading.md section 1 defines every fact. Places are on the wire: append only.
 */
#ifndef MXG_FACTS_H
#define MXG_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(enum suffix, SQL column and JSON key, title in reports, comment of the SQL column) */
#define ENDPOINT_FACTS(X)                                                                                              \
    X(REACHABLE, "reachable", "Reachable", "TCP connects and a 220 banner arrives")                                    \
    X(STARTTLS_ADVERTISED, "starttls_advertised", "STARTTLS advertised", "EHLO lists STARTTLS")                        \
    X(TLS_ENABLED, "tls_enabled", "TLS enabled", "STARTTLS works: a complete handshake succeeded")                     \
    X(SSLV2, "sslv2", "SSLv2", "The server selected SSL 2.0")                                                          \
    X(SSLV3, "sslv3", "SSLv3", "The server selected SSL 3.0")                                                          \
    X(TLS1_0, "tls1_0", "TLS 1.0", "The server selected TLS 1.0")                                                      \
    X(TLS1_1, "tls1_1", "TLS 1.1", "The server selected TLS 1.1")                                                      \
    X(TLS1_2, "tls1_2", "TLS 1.2", "The server selected TLS 1.2")                                                      \
    X(TLS1_3, "tls1_3", "TLS 1.3", "The server selected TLS 1.3")                                                      \
    X(WEAK_CIPHERS, "weak_ciphers", "Weak ciphers",                                                                    \
      "The server selected a weak suite (export, low, medium, NULL, RC2, RC4, DES, 3DES, MD5 …)")                      \
    X(ANON_SUITES, "anon_suites", "Anonymous suites", "The server selected an unauthenticated suite")                  \
    X(NIST_R1, "nist_r1", "NIST SP 800-52r1 suites", "The server selected a suite of NIST SP 800-52 revision 1")       \
    X(NIST_R2, "nist_r2", "NIST SP 800-52r2 suites", "The server selected a suite of NIST SP 800-52 revision 2")       \
    X(FORWARD_SECRECY, "forward_secrecy", "Forward secrecy", "The server selected an (EC)DHE or TLS 1.3 suite")        \
    X(PQ_HYBRID, "pq_hybrid", "Post-quantum hybrid", "The server selected a post-quantum hybrid group")

/* What is not of TLS alone: what the server says of itself in SMTP (engine/probe/service.h), and what only all attempts
 * of a survey together show (aggregator/sql/judge_broken.sql). Facts of an endpoint as those above, but no part of the
 * plan. */
#define SERVICE_FACTS(X)                                                                                               \
    X(TLS_BROKEN, "tls_broken", "TLS broken",                                                                          \
      "STARTTLS is advertised and failed in one and the same way in every attempt of the survey")                      \
    X(AUTH_BEFORE_TLS, "auth_before_tls", "AUTH before TLS", "The EHLO reply in clear lists AUTH")                     \
    X(REQUIRETLS, "requiretls", "REQUIRETLS", "The EHLO reply inside TLS lists REQUIRETLS (RFC 8689)")                 \
    X(SMTPUTF8, "smtputf8", "SMTPUTF8", "An EHLO reply lists SMTPUTF8 (RFC 6531)")                                     \
    X(SIZE_DECLARED, "size_declared", "SIZE", "An EHLO reply lists SIZE (RFC 1870); its number is size_limit")         \
    X(PIPELINING, "pipelining", "PIPELINING", "An EHLO reply lists PIPELINING (RFC 2920)")                             \
    X(EIGHTBITMIME, "eightbitmime", "8BITMIME", "An EHLO reply lists 8BITMIME (RFC 6152)")                             \
    X(CHUNKING, "chunking", "CHUNKING", "An EHLO reply lists CHUNKING (RFC 3030)")                                     \
    X(DSN, "dsn", "DSN", "An EHLO reply lists DSN (RFC 3461)")                                                         \
    X(GREETING_NAMES_HOST, "greeting_names_host", "Greeting names a host",                                             \
      "The greeting begins with a full host name")                                                                     \
    X(EHLO_NAMES_HOST, "ehlo_names_host", "EHLO reply names a host", "The reply to EHLO begins with a full host name")

#define NAME_FACTS(X)                                                                                                  \
    X(CERT_TRUSTED, "cert_trusted", "Certificate trusted", "The chain builds to a trusted root, dates left aside")     \
    X(CERT_IN_DATE, "cert_in_date", "Certificate in date", "Leaf and chain are within their validity")                 \
    X(CERT_NAME_MATCH, "cert_name_match", "Certificate name matches", "The certificate names the exchange (RFC 6125)") \
    X(CERT_VERIFIABLE, "cert_verifiable", "Certificate verifiable", "Trusted, in date and name matches")               \
    X(SNI_REFUSED, "sni_refused", "Server name refused",                                                               \
      "The server breaks off when the client names the exchange (SNI), and not otherwise")

enum fact_id {
#define X(id, key, title, meaning) FACT_##id,
    ENDPOINT_FACTS(X) FACT_ENDPOINT_COUNT,
    FACT_SERVICE_FIRST = FACT_ENDPOINT_COUNT,
    FACT_SERVICE_BASE_ = FACT_SERVICE_FIRST - 1,
    SERVICE_FACTS(X) FACT_NAME_FIRST,
    FACT_NAME_BASE_ = FACT_NAME_FIRST - 1,
    NAME_FACTS(X)
#undef X
        FACT_COUNT
};
#define FACT_SERVICE_COUNT (FACT_NAME_FIRST - FACT_SERVICE_FIRST)
#define FACT_NAME_COUNT (FACT_COUNT - FACT_NAME_FIRST)

enum tri { TRI_UNKNOWN = 0, TRI_NO = 1, TRI_YES = 2 };
enum evidence { EVIDENCE_NONE = 0, EVIDENCE_OBSERVED = 1, EVIDENCE_INFERRED = 2, EVIDENCE_SHARED = 3 };

/* Why a fact is unknown, an endpoint unfinished or an exchange ungraded.
 * X(enum suffix, key, worth asking again later, sentence for people) */
#define REASONS(X)                                                                                                     \
    X(NONE, "", false, "")                                                                                             \
    X(NOT_ASKED, "not_asked", false, "the plan did not ask")                                                           \
    X(UNREACHABLE, "unreachable", true, "the TCP connection was refused")                                              \
    X(CONNECT_TIMEOUT, "connect_timeout", true, "no answer to the TCP connection")                                     \
    X(GREETING_TIMEOUT, "greeting_timeout", true, "connected, but no greeting arrived in time")                        \
    X(RATE_LIMITED, "rate_limited", true, "the server said 421 or a temporary error: too many connections")            \
    X(REFUSED_SERVICE, "refused_service", true, "the server does not serve this client, or not yet")                   \
    X(STARTTLS_REFUSED, "starttls_refused", true, "STARTTLS is advertised but was refused")                            \
    X(PROTOCOL_ERROR, "protocol_error", true, "the answer was not SMTP or not TLS")                                    \
    X(CLOSED, "closed", true, "the server closed the connection")                                                      \
    X(RESET, "reset", true, "the connection was reset")                                                                \
    X(TIMEOUT, "timeout", true, "the server fell silent")                                                              \
    X(INCONSISTENT, "inconsistent", true, "the server's answers differ, so refusals prove nothing")                    \
    X(DEADLINE, "deadline", true, "the probe ran out of its time")                                                     \
    X(REFUSED_BY_POLICY, "refused_by_policy", false, "reserved or blocklisted, and therefore not contacted")           \
    X(DNS, "dns", true, "the exchange's address could not be resolved")                                                \
    X(NO_ADDRESS, "no_address", false, "the exchange has no address")                                                  \
    X(CANNOT_OFFER, "cannot_offer", false, "mxgrade cannot offer what this needs")                                     \
    X(LOCAL_RESOURCES, "local_resources", true, "the worker ran out of a local resource")                              \
    X(NOT_COMPLETED, "not_completed", true, "no complete handshake, so no certificate was verified")                   \
    X(NO_ROUTE, "no_route", true, "the worker has no route to the address")                                            \
    X(INVALID_NAME, "invalid_name", false, "what the MX record names is no full host name")                            \
    X(SILENT_INSIDE_TLS, "silent_inside_tls", true,                                                                    \
      "the server wants a client certificate, and says nothing inside TLS without")                                    \
    X(SNI_REFUSED, "sni_refused", false, "the server breaks off when the client names the exchange")                   \
    X(TLS_BROKEN, "tls_broken", false, "STARTTLS is advertised and failed in the same way in every attempt")

enum reason {
#define X(id, key, retry, text) REASON_##id,
    REASONS(X)
#undef X
        REASON_COUNT
};

struct fact {
    enum tri value;
    enum evidence evidence;
    enum reason reason;  /* set when value is TRI_UNKNOWN */
    unsigned connection; /* 1-based number of the connection that showed it, 0 = none */
};

/* Name tables; out-of-range values give "unknown"/"" and never a crash (they come from the wire). */
const char *fact_key(enum fact_id id);
const char *fact_title(enum fact_id id);
const char *tri_name(enum tri value);           /* "yes" | "no" | "unknown" */
const char *evidence_name(enum evidence value); /* "observed" | "inferred" | "shared" | "" */
const char *reason_key(enum reason reason);
const char *reason_text(enum reason reason);
bool reason_retry(enum reason reason);

/* TRI_UNKNOWN for anything but "yes"/"no". */
enum tri tri_from_name(const char *name);
/* REASON_COUNT if no reason has that key. */
enum reason reason_from_key(const char *key);

#endif
