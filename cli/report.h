/* report.h - what the files of mxgrade report share. */
#ifndef MXG_REPORT_H
#define MXG_REPORT_H

#include "db/db.h"
#include "page.h"

/* The value of a column, "" if it is null or missing. Borrowed from res. */
const char *report_get(const PGresult *res, int row, const char *column);
bool report_true(const PGresult *res, int row, const char *column);

/* The section on DNSSEC, DANE, MTA-STS and TLS-RPT: policy is the row of sql/report_policy.sql, dane are those of
 * sql/report_dane.sql. */
void report_policy(const struct page *page, const PGresult *policy, const PGresult *dane);

#endif
