/* failure.c - see failure.h.
 *
 * The first connection of an attempt is the full handshake, which is what every sender makes; it gives the attempt its
 * name. A server that is broken may end hellos of SSL in another way, by an alert for the version for one: so the
 * others need only be failures too.
 */
#include "failure.h"

#include "model/facts.h"

#include <stdio.h>
#include <string.h>

#define VARIOUS "various"

/* How a connection ends where TLS is broken. A reset is a close whose octets crossed ours. */
static const struct {
    const char *outcome, *reason; /* reason NULL: whatever it is */
    const char *failure;
} FAILURES[] = {
    {"stopped", "starttls_refused", "starttls_refused"},
    {"refused", NULL, "alert"},
    {"closed", NULL, "closed"},
    {"reset", NULL, "closed"},
    {"malformed", NULL, "not_tls"},
};

/* Why an attempt may end early that says nothing of the server's TLS. */
static const enum reason ELSEWHERE[] = {REASON_DEADLINE, REASON_REFUSED_BY_POLICY, REASON_LOCAL_RESOURCES};

static const char *failure_of(const Mxgrade__Connection *connection) {
    for (size_t i = 0; i < sizeof FAILURES / sizeof *FAILURES; i++)
        if (strcmp(connection->outcome, FAILURES[i].outcome) == 0 &&
            (FAILURES[i].reason == NULL || strcmp(connection->reason, FAILURES[i].reason) == 0))
            return FAILURES[i].failure;
    return VARIOUS;
}

static bool ended_elsewhere(const Mxgrade__EndpointResult *result) {
    for (size_t i = 0; i < sizeof ELSEWHERE / sizeof *ELSEWHERE; i++)
        if (result->reason == (uint32_t)ELSEWHERE[i])
            return true;
    return false;
}

static const char *failure_of_all(const Mxgrade__EndpointResult *result) {
    if (result->n_connection == 0 || ended_elsewhere(result))
        return result->names_only && result->n_connection == 0 ? "" : VARIOUS;
    for (size_t i = 1; i < result->n_connection; i++)
        if (strcmp(failure_of(result->connection[i]), VARIOUS) == 0)
            return VARIOUS;
    return failure_of(result->connection[0]);
}

void failure_of_attempt(char out[static FAILURE_CAP], const Mxgrade__EndpointResult *result) {
    const char *failure = failure_of_all(result);
    if (strcmp(failure, "alert") == 0 && result->connection[0]->alert > 0) /* on the wire 0 is none */
        snprintf(out, FAILURE_CAP, "alert %u", (result->connection[0]->alert - 1) & 0xffu);
    else
        snprintf(out, FAILURE_CAP, "%s", failure);
}
