/* report_sections.h - the sections of mxgrade report's page, in the order in which they stand on it. Each is given the
 * rows of its query. */
#ifndef MXG_REPORT_SECTIONS_H
#define MXG_REPORT_SECTIONS_H

#include "page.h"

#include <libpq-fe.h>

/* The head; rows of sql/report_domain.sql: one. */
void report_domain(const struct page *page, const char *domain, const PGresult *rows);

/* Every exchange, each of its addresses, every check; rows of sql/report_mx.sql. */
void report_exchanges(const struct page *page, const PGresult *rows);

/* DNSSEC, DANE, MTA-STS and TLS-RPT; rows of sql/report_policy.sql, one or none, and of sql/report_dane.sql. */
void report_policy(const struct page *page, const PGresult *policy, const PGresult *dane);

/* What to change; rows of sql/report_finding.sql. */
void report_findings(const struct page *page, const PGresult *rows);

#endif
