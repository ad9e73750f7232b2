/* probe_show.h - what `mxgrade probe` prints of a report. */
#ifndef MXG_PROBE_SHOW_H
#define MXG_PROBE_SHOW_H

#include "model/grade.h"
#include "probe/probe.h"

/* A page for operators: facts with their evidence, the certificate, what to change, and every connection made. */
void probe_print_page(const struct probe_report *report, const struct grade_result *grade, const char *address);
/* One JSON object for programs. */
void probe_print_json(const struct probe_report *report, const struct grade_result *grade, const char *address);

/* The fact of an endpoint, or of its first name. */
const struct fact *probe_fact(const struct probe_report *report, unsigned id);

#endif
