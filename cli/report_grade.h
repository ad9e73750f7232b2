/* report_grade.h - a grade on a page: of a domain, an exchange, or an exchange at one address. */
#ifndef MXG_REPORT_GRADE_H
#define MXG_REPORT_GRADE_H

#include "page.h"

/* "A- (score 90, provisional: …)", or "ungraded (why)" where grade is ""; ends the line. reason: the key of a reason,
 * or
 * "". */
void report_grade(const struct page *page, const char *grade, const char *score, bool provisional, const char *reason);

#endif
