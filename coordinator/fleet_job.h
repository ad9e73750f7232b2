/* fleet_job.h - a job as it comes from the database: what is to be probed or fetched, where, and what is known. */
#ifndef MXG_FLEET_JOB_H
#define MXG_FLEET_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A probe job, or with domain set a policy job. All is borrowed. */
struct fleet_job {
    int survey;
    const char *address;
    unsigned port, attempt;
    const char *domain; /* fetch its MTA-STS policy; what follows is then of no meaning */
    bool names_only;
    const char *names;     /* A-labels joined by '\n' */
    unsigned judged;       /* the last so many of names are judged already */
    const char *tlsa;      /* lines "place in names, base domain, records as text", separated by '\t'; "" if none */
    const uint8_t *resume; /* where the last attempt stopped, opaque; NULL if len is 0 */
    size_t resume_len;
};

#endif
