/* dates.c - see dates.h. Seconds are counted here: C17 has no inverse of gmtime(). */
#include "cert/dates.h"

#include <openssl/x509.h>
#include <time.h>

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_from_civil(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t unix_time(const ASN1_TIME *time, int64_t broken) {
    struct tm tm;
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return broken;
    int64_t seconds = days_from_civil((int64_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
                      tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    return seconds < DATES_MIN ? DATES_MIN : seconds > DATES_MAX ? DATES_MAX : seconds;
}

int64_t dates_not_before(const X509 *certificate) { return unix_time(X509_get0_notBefore(certificate), DATES_MAX); }

int64_t dates_not_after(const X509 *certificate) { return unix_time(X509_get0_notAfter(certificate), DATES_MIN); }
