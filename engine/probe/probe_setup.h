/* probe_setup.h - from a program's options to the configuration of its probes, for programs that probe.
 *
 * The rows here stand in a program's table of options, beside those of forbidden.h. --gap and --deadline have another
 * help or default in each program and therefore stand there.
 */
#ifndef MXG_PROBE_SETUP_H
#define MXG_PROBE_SETUP_H

#include "base/config.h"
#include "forbidden/forbidden.h"
#include "probe/probe.h"

struct probe_options {
    const char *trust_store, *ehlo_name, *blocklist; /* NULL: the system's, this host's, none */
    bool allow_reserved;
    int64_t gap_ms, deadline_ms, greeting_ms, tls_ms;
    bool per_version, pq_strict;
};

/* Target: const char *. */
#define TRUST_STORE_OPTION(target)                                                                                     \
    { "trust-store", CONFIG_TEXT, &(target), NULL, "FILE", "PEM file of trusted roots [the system's]", 0, 0 }

#define EHLO_NAME_OPTION(target)                                                                                       \
    {                                                                                                                  \
        "ehlo-name", CONFIG_TEXT, &(target), NULL, "NAME",                                                             \
            "name said in EHLO; should resolve to this host [the host's full name]", 0, 0                              \
    }

#define PROBE_TIMEOUT_OPTIONS(options)                                                                                 \
    {"greeting-timeout", CONFIG_DURATION, &(options).greeting_ms, "45s", "TIME", "longest wait for a greeting", 0, 0}, \
    {                                                                                                                  \
        "tls-timeout", CONFIG_DURATION, &(options).tls_ms, "20s", "TIME", "longest wait for the answer to a hello", 0, \
            0                                                                                                          \
    }

/* server: "a server" or "the server", for the help. */
#define PROBE_PLAN_OPTIONS(options, server)                                                                            \
    {"per-version",                                                                                                    \
     CONFIG_FLAG,                                                                                                      \
     &(options).per_version,                                                                                           \
     NULL,                                                                                                             \
     NULL,                                                                                                             \
     "ask for weak suites at every version, not only the highest and the lowest",                                      \
     0,                                                                                                                \
     0},                                                                                                               \
    {                                                                                                                  \
        "pq-strict", CONFIG_FLAG, &(options).pq_strict, NULL, NULL,                                                    \
            "ask for post-quantum hybrids alone where " server " prefers other groups", 0, 0                           \
    }

/* What all probes of a process use; all zero before it is opened. */
struct probe_setup {
    struct probe_config config; /* points into what follows; the program may change the rest of it */
    struct trust *trust;
    struct forbidden *forbidden;
    struct handshake_contexts *contexts;
    struct chain_cache *chains;
    struct dane *dane;
};

/* Opens everything that the options name. False: error holds one line that says what to do. Close it either way. */
__attribute__((warn_unused_result)) bool probe_setup_open(struct probe_setup *setup,
                                                          const struct probe_options *options, char *error, size_t cap);
void probe_setup_close(struct probe_setup *setup);

#endif
