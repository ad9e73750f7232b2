/* policy_why.c - see policy_why.h. An answer is told from silence: only an answer makes a policy invalid, and whether
 * one came is in the error number, the verdict on the certificate, or the time of the first octet.
 */
#include "policy/policy_why.h"

#include <errno.h>
#include <openssl/x509_vfy.h>

/* Has the first octet of the answer come? */
static bool has_begun(CURL *easy) {
    curl_off_t first_octet_us = 0;
    curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first_octet_us);
    return first_octet_us > 0;
}

static enum sts_why why_of_timeout(CURL *easy, struct policy_signs signs) {
    if (!signs.connected)
        return STS_WHY_CONNECT_TIMEOUT;
    return has_begun(easy) ? STS_WHY_TOO_SLOW : STS_WHY_TIMEOUT;
}

static enum sts_why why_of_connect(CURL *easy) {
    static const struct {
        int number;
        enum sts_why why;
    } table[] = {{ECONNREFUSED, STS_WHY_CONNECT_REFUSED},
                 {ETIMEDOUT, STS_WHY_CONNECT_TIMEOUT},
                 {ENETUNREACH, STS_WHY_NO_ROUTE},
                 {EHOSTUNREACH, STS_WHY_NO_ROUTE},
                 {ECONNRESET, STS_WHY_CLOSED}};
    long number = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].number == number)
            return table[i].why;
    return STS_WHY_LOCAL_RESOURCES;
}

static enum sts_why why_of_certificate(CURL *easy) {
    long verdict = X509_V_OK;
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    switch (verdict) {
    case X509_V_OK: /* OpenSSL's comparison of names is content, libcurl's is not */
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return STS_WHY_CERT_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return STS_WHY_CERT_DATE;
    default:
        return STS_WHY_CERTIFICATE;
    }
}

enum sts_why policy_why(CURL *easy, CURLcode code, struct policy_signs signs) {
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return why_of_certificate(easy);
    if (signs.tls_failed)
        return STS_WHY_TLS;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return why_of_timeout(easy, signs);
    case CURLE_COULDNT_CONNECT:
        return why_of_connect(easy);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
        return STS_WHY_CLOSED;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return has_begun(easy) ? STS_WHY_CUT_SHORT : STS_WHY_CLOSED;
    case CURLE_OUT_OF_MEMORY: /* what libcurl says of a header line beyond its own bound */
        return has_begun(easy) ? STS_WHY_TOO_LARGE : STS_WHY_LOCAL_RESOURCES;
    default:
        return has_begun(easy) ? STS_WHY_NOT_HTTP : STS_WHY_LOCAL_RESOURCES;
    }
}
