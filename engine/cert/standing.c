/* standing.c - see standing.h. Certificates of the trust store that are not on the path found are left out: a store is
 * read once a process, and lives longer than that.
 */
#include "cert/standing.h"

#include "cert/dates.h"

void standing_open(struct cert_chain *chain) {
    chain->stands_from = INT64_MIN;
    chain->stands_until = INT64_MAX;
}

/* From then on something is different. */
static void narrow(struct cert_chain *chain, int64_t now, int64_t turn) {
    if (turn <= now && turn > chain->stands_from)
        chain->stands_from = turn;
    if (turn > now && turn - 1 < chain->stands_until)
        chain->stands_until = turn - 1;
}

void standing_narrow(struct cert_chain *chain, int64_t now, const X509 *certificate) {
    int64_t until = dates_not_after(certificate);
    narrow(chain, now, dates_not_before(certificate));
    narrow(chain, now, until); /* the last second is in date for RFC 5280, and no longer for OpenSSL */
    narrow(chain, now, until + 1);
}

void standing_narrow_all(struct cert_chain *chain, int64_t now, STACK_OF(X509) * certificates) {
    for (int i = 0; i < sk_X509_num(certificates); i++)
        standing_narrow(chain, now, sk_X509_value(certificates, i));
}
