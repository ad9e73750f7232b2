/* result.h - a probe's report as the protobuf messages that travel. */
#ifndef MXG_RESULT_H
#define MXG_RESULT_H

#include "base/reader.h"
#include "bus/mxgrade.pb-c.h"
#include "probe/probe.h"

/* A new message; free with mxgrade__endpoint_result__free_unpacked(result, NULL). */
Mxgrade__EndpointResult *result_from_report(const struct probe_report *report);

/* One certificate; free with mxgrade__certificate__free_unpacked(). */
Mxgrade__Certificate *result_certificate(const struct cert_chain *chain);
/* One that came behind a leaf. */
Mxgrade__Certificate *result_certificate_behind(struct reader der);

#endif
