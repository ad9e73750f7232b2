/* report_checks.h - what is checked of an exchange at one address. */
#ifndef MXG_REPORT_CHECKS_H
#define MXG_REPORT_CHECKS_H

#include "page.h"

#include <libpq-fe.h>

/* Prints every check of a row of sql/report_mx.sql, and what to note of the certificate. */
void report_checks(const struct page *page, const PGresult *rows, int row);

#endif
