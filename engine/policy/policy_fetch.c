/* policy_fetch.c - see policy_fetch.h.
 *
 * A fetch is one easy handle of libcurl's in a curl_loop, and one timer. The timer is the fetch's deadline, and its
 * close callback delivers the result. The callbacks of libcurl only take notes and refuse. judge_fetch() turns these
 * notes, and libcurl's own verdict, into one of STS_WHYS.
 */
#include "policy/policy_fetch.h"

#include "base/config.h"
#include "base/mem.h"
#include "base/text.h"
#include "names/name.h"
#include "policy/curl_loop.h"
#include "policy/policy_why.h"
#include "published/sts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADERS_MAX_OCTETS = 64 * 1024, /* of all header lines together; web servers send one or two thousand */
    DETAIL_MAX = 256,
    BODY_STEP_OCTETS = 4096,
    HTTP_OK = 200,
    HTTP_TOO_MANY_REQUESTS = 429,
};

struct policy_fetcher {
    uv_loop_t *loop;
    struct curl_loop *transfers;
    struct policy_config config;
};

struct policy_fetch {
    struct policy_fetcher *owner;
    uv_timer_t deadline;
    CURL *easy;
    struct curl_slist *connect_to;
    char domain[NAME_CAP];
    char host[STS_HOST_CAP];
    char address_text[INET6_ADDRSTRLEN];
    struct sockaddr_storage address;
    struct policy_signs signs;
    bool ended_well;  /* a close_notify came */
    enum sts_why why; /* the first thing that is wrong */
    long status;      /* HTTP; 0 = none yet */
    size_t headers_octets;
    uint8_t *body;
    size_t body_len;
    char detail[DETAIL_MAX];
    char curl_error[CURL_ERROR_SIZE];
    uint64_t started_ms;
    Mxgrade__PolicyResult *result;
    policy_fetch_cb *on_done;
    void *context;
};

struct policy_config policy_config_default(void) {
    return (struct policy_config){.connect_ms = 20000, .total_ms = 60000};
}

/* ---- notes ---- */

/* The first fault counts. */
static void note_fault(struct policy_fetch *fetch, enum sts_why why, const char *detail) {
    if (fetch->why != STS_WHY_NONE)
        return;
    fetch->why = why;
    text_sanitise(fetch->detail, sizeof fetch->detail, detail, strlen(detail));
}

/* ---- what libcurl asks and tells ---- */

static bool same_address(const struct sockaddr *a, const struct sockaddr_storage *b) {
    const struct sockaddr_in *a4 = (const struct sockaddr_in *)a, *b4 = (const struct sockaddr_in *)b;
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a, *b6 = (const struct sockaddr_in6 *)b;
    if (a->sa_family != b->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    return a->sa_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
           memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

/* Why the address is not to be contacted; NULL if it may be. No socket is opened without having been here: whatever
 * else forbids an address belongs here. */
static const char *why_not(const struct policy_fetch *fetch, const struct sockaddr *address) {
    if (!same_address(address, &fetch->address))
        return "not the address of the job";
    const struct forbidden *forbidden = fetch->owner->config.forbidden;
    const char *why = forbidden_name(forbidden, fetch->host);
    return why ? why : forbidden_address(forbidden, address);
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct policy_fetch *fetch = context;
    const char *refused = purpose == CURLSOCKTYPE_IPCXN ? why_not(fetch, &address->addr) : "not a connection";
    if (refused) {
        note_fault(fetch, STS_WHY_REFUSED_BY_POLICY, refused);
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        note_fault(fetch, errno == EAFNOSUPPORT ? STS_WHY_NO_ROUTE : STS_WHY_LOCAL_RESOURCES, strerror(errno));
    return fd;
}

/* Tells an answer from silence: a fatal alert, or a handshake that failed and not because the connection ended. */
static void on_tls_info(const SSL *ssl, int where, int value) {
    struct policy_fetch *fetch = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    unsigned long error = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(error) != ERR_LIB_SSL || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (where == SSL_CB_CONNECT_EXIT && value <= 0 && !ended)
        fetch->signs.tls_failed = true;
    if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        fetch->signs.tls_failed = true;
    if (where == SSL_CB_READ_ALERT && (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
        fetch->ended_well = true;
}

/* libcurl would take the common name of a certificate without SAN dNSName, so OpenSSL compares names first. */
static CURLcode on_tls_context(CURL *easy, void *ssl_context, void *context) {
    enum { FLAGS = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS };
    struct policy_fetch *fetch = context;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl_context);
    (void)easy;
    fetch->signs.connected = true;
    X509_VERIFY_PARAM_set_hostflags(param, FLAGS);
    if (X509_VERIFY_PARAM_set1_host(param, fetch->host, 0) != 1)
        return CURLE_OUT_OF_MEMORY;
    SSL_CTX_set_app_data(ssl_context, fetch);
    SSL_CTX_set_info_callback(ssl_context, on_tls_info);
    return CURLE_OK;
}

static bool is_text_plain(const char *type) {
    static const char plain[] = "text/plain";
    size_t len = strcspn(type, "; \t");
    return len == sizeof plain - 1 && strncasecmp(type, plain, len) == 0;
}

/* The headers are complete; is what follows worth reading? */
static bool judge_head(struct policy_fetch *fetch) {
    struct curl_header *location = NULL;
    const char *type = NULL;
    long status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 == 1)
        return true; /* the real ones are still to come */
    fetch->status = status;
    if (status / 100 == 3) {
        bool found = curl_easy_header(fetch->easy, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK;
        note_fault(fetch, STS_WHY_REDIRECT, found ? location->value : "");
    } else if (status != HTTP_OK) {
        note_fault(fetch, STS_WHY_HTTP_STATUS, "");
    }
    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
    if (type == NULL || !is_text_plain(type))
        note_fault(fetch, STS_WHY_CONTENT_TYPE, type ? type : "none given");
    return fetch->why == STS_WHY_NONE;
}

/* Returning anything but len ends the transfer. */
static size_t on_header(char *line, size_t size, size_t len, void *context) {
    enum { STOP = 0 };
    struct policy_fetch *fetch = context;
    (void)size; /* always 1 */
    fetch->headers_octets += len;
    if (fetch->headers_octets > HEADERS_MAX_OCTETS) {
        note_fault(fetch, STS_WHY_TOO_LARGE, "endless headers");
        return STOP;
    }
    bool last = len > 0 && (line[0] == '\r' || line[0] == '\n');
    return last && !judge_head(fetch) ? STOP : len;
}

static size_t on_body(char *data, size_t size, size_t len, void *context) {
    enum { STOP = 0 };
    struct policy_fetch *fetch = context;
    (void)size; /* always 1 */
    if (len > STS_POLICY_MAX_OCTETS - fetch->body_len) {
        note_fault(fetch, STS_WHY_TOO_LARGE, "more than 64 KiB");
        return STOP;
    }
    size_t steps = (fetch->body_len + len + BODY_STEP_OCTETS - 1) / BODY_STEP_OCTETS;
    if (steps > (fetch->body_len + BODY_STEP_OCTETS - 1) / BODY_STEP_OCTETS)
        fetch->body = mem_realloc(fetch->body, steps * BODY_STEP_OCTETS);
    memcpy(fetch->body + fetch->body_len, data, len);
    fetch->body_len += len;
    return len;
}

/* ---- judgement ---- */

static void note_failure(struct policy_fetch *fetch, CURLcode code) {
    enum sts_why why = policy_why(fetch->easy, code, fetch->signs);
    const char *words = *fetch->curl_error ? fetch->curl_error : curl_easy_strerror(code);
    note_fault(fetch, why, why == STS_WHY_TOO_LARGE ? "an endless header line" : words);
}

/* "line 3: mx: 192.0.2.1" */
static void note_line(struct policy_fetch *fetch, enum sts_why why, unsigned number) {
    char detail[DETAIL_MAX];
    struct txt rest = {fetch->body, fetch->body_len}, line = {0};
    for (unsigned i = 0; i < number; i++)
        line = txt_trim(txt_cut(&rest, '\n'));
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    size_t len = number ? (size_t)snprintf(detail, sizeof detail, "line %u: ", number) : 0;
    text_sanitise(detail + len, sizeof detail - len, line.data, line.len);
    note_fault(fetch, why, detail);
}

/* A body that ends with its connection is whole only if TLS says so (RFC 9112 section 9.8); libcurl is not sure to
 * look.
 */
static bool is_whole(const struct policy_fetch *fetch) {
    struct curl_header *coding;
    curl_off_t length = -1;
    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length >= 0 || fetch->ended_well ||
           curl_easy_header(fetch->easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &coding) == CURLHE_OK;
}

static void keep_policy(struct policy_fetch *fetch) {
    Mxgrade__PolicyResult *result = fetch->result;
    struct sts_policy policy;
    enum sts_why why = sts_policy_parse(&policy, fetch->body, fetch->body_len);
    result->body = text_sanitise_lines(fetch->body, fetch->body_len, STS_POLICY_MAX_OCTETS);
    if (why == STS_WHY_NONE) {
        result->mode = mem_strdup(sts_mode_name(policy.mode));
        result->max_age = policy.max_age;
        result->mx = policy.mx;
        result->n_mx = policy.mx_count;
        return;
    }
    note_line(fetch, why, policy.line);
    sts_policy_free(&policy);
}

static int64_t unix_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Temporary by its number: not now, or not so often. */
static bool is_for_now(long status) { return status / 100 == 5 || status == HTTP_TOO_MANY_REQUESTS; }

static void judge_fetch(struct policy_fetch *fetch, CURLcode code) {
    Mxgrade__PolicyResult *result = mem_alloc(sizeof *result);
    mxgrade__policy_result__init(result);
    fetch->result = result;
    if (code != CURLE_OK)
        note_failure(fetch, code);
    else if (fetch->status != HTTP_OK) /* ended without headers that were judged */
        note_fault(fetch, STS_WHY_NOT_HTTP, "");
    else if (!is_whole(fetch))
        note_fault(fetch, STS_WHY_CUT_SHORT, "no close_notify at the end");
    else
        keep_policy(fetch);
    result->status = sts_why_answered(fetch->why) ? MXGRADE__POLICY_STATUS__POLICY_INVALID
                     : fetch->why == STS_WHY_NONE ? MXGRADE__POLICY_STATUS__POLICY_VALID
                                                  : MXGRADE__POLICY_STATUS__POLICY_UNKNOWN;
    result->retry = sts_why_retry(fetch->why) || (fetch->why == STS_WHY_HTTP_STATUS && is_for_now(fetch->status));
    result->domain = mem_strdup(fetch->domain);
    result->address = mem_strdup(fetch->address_text);
    result->why = mem_strdup(sts_why_key(fetch->why));
    result->detail = mem_strdup(fetch->detail);
    result->http_status = (uint32_t)fetch->status;
    result->observed_at_ms = unix_ms();
    result->duration_ms = (uint32_t)(uv_now(fetch->deadline.loop) - fetch->started_ms);
}

/* ---- the end ---- */

static void on_fetch_closed(uv_handle_t *handle) {
    struct policy_fetch *fetch = handle->data;
    fetch->on_done(fetch->result, fetch->context);
    free(fetch->body);
    free(fetch);
}

/* Never from within a callback of libcurl's. */
static void end_fetch(struct policy_fetch *fetch, CURLcode code) {
    if (fetch->result)
        return;
    judge_fetch(fetch, code);
    curl_loop_remove(fetch->owner->transfers, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->connect_to);
    uv_close((uv_handle_t *)&fetch->deadline, on_fetch_closed);
}

static void on_deadline(uv_timer_t *timer) { end_fetch(timer->data, CURLE_OPERATION_TIMEDOUT); }

void policy_fetch_abort(struct policy_fetch *fetch) {
    if (fetch->result == NULL)
        note_fault(fetch, STS_WHY_TIMEOUT, "broken off");
    end_fetch(fetch, CURLE_ABORTED_BY_CALLBACK);
}

/* ---- the fetcher ---- */

static void on_transfer_done(CURL *easy, CURLcode code) {
    struct policy_fetch *fetch = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&fetch) == CURLE_OK)
        end_fetch(fetch, code);
}

struct policy_fetcher *policy_fetcher_new(uv_loop_t *loop, const struct policy_config *config, const char **error) {
    struct curl_loop *transfers = curl_loop_new(loop, on_transfer_done, error);
    if (transfers == NULL)
        return NULL;
    struct policy_fetcher *fetcher = mem_alloc(sizeof *fetcher);
    *fetcher = (struct policy_fetcher){.loop = loop, .transfers = transfers, .config = *config};
    return fetcher;
}

void policy_fetcher_free(struct policy_fetcher **fetcher) {
    if (*fetcher == NULL)
        return;
    curl_loop_free(&(*fetcher)->transfers);
    free(*fetcher);
    *fetcher = NULL;
}

/* ---- start ---- */

static in_port_t port_of(const struct sockaddr_storage *address) {
    return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port
                                               : ((const struct sockaddr_in6 *)address)->sin6_port);
}

#define SET(option, value) failed = failed || curl_easy_setopt(fetch->easy, option, value) != CURLE_OK

/* Where to: the name is in the URL, in SNI and in the certificate; the address stands in for its resolution. */
static bool set_target(struct policy_fetch *fetch) {
    char url[sizeof fetch->host + 64], connect_to[INET6_ADDRSTRLEN + 16];
    bool failed = false, v6 = fetch->address.ss_family == AF_INET6;
    unsigned port = port_of(&fetch->address);
    snprintf(url, sizeof url, "https://%s:%u/.well-known/mta-sts.txt", fetch->host, port);
    snprintf(connect_to, sizeof connect_to, v6 ? "::[%s]:%u" : "::%s:%u", fetch->address_text, port);
    fetch->connect_to = curl_slist_append(NULL, connect_to);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_CONNECT_TO, fetch->connect_to);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, fetch);
    return !failed && fetch->connect_to;
}

static bool set_tls(struct policy_fetch *fetch) {
    bool failed = false;
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a resumed session shows no certificate */
    SET(CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    SET(CURLOPT_SSL_CTX_DATA, fetch);
    if (fetch->owner->config.trust_store && *fetch->owner->config.trust_store)
        SET(CURLOPT_CAINFO, fetch->owner->config.trust_store);
    SET(CURLOPT_CAPATH, NULL); /* nothing but the file, which libcurl then keeps parsed for the next fetch */
    return !failed;
}

static bool set_http(struct policy_fetch *fetch) {
    bool failed = false;
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* whatever the environment says */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_USERAGENT, "mxgrade/" MXGRADE_VERSION);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, fetch);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, fetch);
    return !failed;
}

static bool set_hooks(struct policy_fetch *fetch) {
    bool failed = false;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->owner->config.connect_ms);
    SET(CURLOPT_ERRORBUFFER, fetch->curl_error);
    SET(CURLOPT_PRIVATE, fetch);
    return !failed;
}
#undef SET

static void on_start_failed(uv_timer_t *timer) { end_fetch(timer->data, CURLE_FAILED_INIT); }

struct policy_fetch *policy_fetch_start(struct policy_fetcher *fetcher, const struct policy_target *target,
                                        policy_fetch_cb *on_done, void *context) {
    struct policy_fetch *fetch = mem_alloc(sizeof *fetch);
    uint64_t deadline = fetcher->config.total_ms;
    fetch->owner = fetcher;
    fetch->on_done = on_done;
    fetch->context = context;
    fetch->address = target->address;
    snprintf(fetch->domain, sizeof fetch->domain, "%s", target->domain);
    bool named = sts_host(fetch->host, fetch->domain);
    getnameinfo((const struct sockaddr *)&fetch->address, sizeof fetch->address, fetch->address_text,
                sizeof fetch->address_text, NULL, 0, NI_NUMERICHOST);
    uv_timer_init(fetcher->loop, &fetch->deadline);
    fetch->deadline.data = fetch;
    fetch->started_ms = uv_now(fetcher->loop);
    if (target->deadline_ms && target->deadline_ms < deadline)
        deadline = target->deadline_ms;
    fetch->easy = curl_easy_init();
    bool good = named && fetch->easy && set_target(fetch) && set_tls(fetch) && set_http(fetch) && set_hooks(fetch) &&
                curl_loop_add(fetcher->transfers, fetch->easy);
    if (good)
        uv_timer_start(&fetch->deadline, on_deadline, deadline, 0);
    else
        uv_timer_start(&fetch->deadline, on_start_failed, 0, 0);
    return fetch;
}
