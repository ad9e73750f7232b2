/* policy_why.h - why a transfer brought no policy: what libcurl's verdict on it means. */
#ifndef MXG_POLICY_WHY_H
#define MXG_POLICY_WHY_H

#include "published/sts.h"

#include <curl/curl.h>
#include <stdbool.h>

/* What libcurl does not tell afterwards. */
struct policy_signs {
    bool connected;  /* TCP stood, TLS began */
    bool tls_failed; /* by what the server said, not by its silence */
};

/* easy: the transfer, which must not be cleaned up yet. code: not CURLE_OK. */
enum sts_why policy_why(CURL *easy, CURLcode code, struct policy_signs signs);

#endif
