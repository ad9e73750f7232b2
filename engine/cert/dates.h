/* dates.h - from when until when a certificate is valid, as its own fields say. */
#ifndef MXG_DATES_H
#define MXG_DATES_H

#include <openssl/types.h>
#include <stdint.h>

/* Unix seconds: the begin of year 1, the end of year 9999. Times are clamped to them. */
#define DATES_MIN INT64_C(-62135596800)
#define DATES_MAX INT64_C(253402300799)

/* Unix seconds. A field that is no time gives DATES_MAX for the begin, DATES_MIN for the end: never valid. */
int64_t dates_not_before(const X509 *certificate);
int64_t dates_not_after(const X509 *certificate);

#endif
