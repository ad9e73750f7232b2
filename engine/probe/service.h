/* service.h - what a server says of itself in SMTP, gathered over the connections of one probe: SERVICE_FACTS
 * (facts.h).
 *
 * Nothing is asked for it: every connection has a greeting and an EHLO reply, and a full handshake one more inside TLS.
 */
#ifndef MXG_SERVICE_H
#define MXG_SERVICE_H

#include "plan/plan.h"
#include "probe/connection.h"
#include "probe/smtp_ehlo.h"

enum { SERVICE_BANNER_LINES_MAX = 32 };

/* Replies to EHLO, or HELO, on one side of STARTTLS. */
struct service_side {
    unsigned listed;                        /* extensions that some reply listed, bit 1 << SMTP_… */
    unsigned seen_at[SMTP_EXTENSION_COUNT]; /* the first connection where; 0: none */
    unsigned replied_at;                    /* the first connection with a reply; 0: none */
    bool masked;                            /* a middlebox masks keywords */
};

struct service {
    struct service_side clear, inside; /* before, and inside TLS */
    bool has_limit;                    /* SIZE has a number: smtp_ehlo.h */
    int64_t limit;
    char mechanism[SMTP_MECHANISMS_MAX][SMTP_MECHANISM_CAP]; /* AUTH before TLS */
    size_t mechanism_count;
    char greeting_name[NAME_CAP], ehlo_name[NAME_CAP]; /* what it says that it is; "" = nothing */
    struct fact fact[FACT_SERVICE_COUNT];              /* stand after service_conclude() */
    char **banner_line;                                /* the greeting, line by line; NULL if there was none */
    size_t banner_line_count;
};

/* What the connection brought; number: its own, from 1. */
void service_note(struct service *service, const struct connection_outcome *outcome, unsigned number);
/* Makes the facts. The plan is finished. */
void service_conclude(struct service *service, const struct plan *plan);
/* Frees what it holds. */
void service_end(struct service *service);

#endif
