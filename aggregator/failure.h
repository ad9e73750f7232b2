/* failure.h - how TLS failed in one attempt, so that attempts can be compared (sql/judge_broken.sql). */
#ifndef MXG_AGGREGATOR_FAILURE_H
#define MXG_AGGREGATOR_FAILURE_H

#include "bus/mxgrade.pb-c.h"

enum { FAILURE_CAP = 20 };

/* "starttls_refused", "alert 80", "closed" or "not_tls": the first connection ended so, and none of the others brought
 * more than such an end. "various": anything else, a time-out or a selection for one. "": names alone, and none that
 * needed a connection. */
void failure_of_attempt(char out[static FAILURE_CAP], const Mxgrade__EndpointResult *result);

#endif
