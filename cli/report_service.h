/* report_service.h - the service around TLS, of an exchange at one address: whether TLS is broken, and what the server
 * says of itself in SMTP. */
#ifndef MXG_REPORT_SERVICE_H
#define MXG_REPORT_SERVICE_H

#include "page.h"

#include <libpq-fe.h>

/* Of a row of sql/report_mx.sql: a line each, and none where nothing is known. */
void report_service(const struct page *page, const PGresult *rows, int row);

#endif
