/* probe_show.h - what `mxgrade probe` prints of a report. */
#ifndef MXG_PROBE_SHOW_H
#define MXG_PROBE_SHOW_H

#include "model/grade.h"
#include "probe/probe.h"

/* A page for operators: facts with their evidence, the certificate, what to change, and every connection made
 * (probe_page.c). */
void probe_print_page(const struct probe_report *report, const struct grade_result *grade, const char *address);

/* One JSON object for programs (probe_json.c). */
void probe_print_json(const struct probe_report *report, const struct grade_result *grade, const char *address);

/* The fact of an endpoint, or of its first name. */
static inline const struct fact *probe_fact(const struct probe_report *report, unsigned id) {
    if (id < FACT_SERVICE_FIRST)
        return &report->plan.fact[id];
    return id < FACT_NAME_FIRST ? &report->service.fact[id - FACT_SERVICE_FIRST]
                                : &report->name[0].fact[id - FACT_NAME_FIRST];
}

#endif
