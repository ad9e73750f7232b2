/* connection.h - one TCP connection: SMTP dialogue up to STARTTLS, then one hello or one full handshake.
 *
 * It moves bytes and deadlines: what the socket (wire.h) brings is fed to the session (session.h), and the state that
 * the session says is entered. RFC 5321 (dialogue), RFC 3207 (STARTTLS). The outcome is delivered after the socket is
 * closed, so that whoever starts the next connection in the callback never has two open at once.
 */
#ifndef MXG_CONNECTION_H
#define MXG_CONNECTION_H

#include "plan/step.h"
#include "probe/smtp.h"
#include "probe/trace.h"
#include "tls/handshake.h"

#include <uv.h>

/* Time-outs, milliseconds, each from the end of what went before. */
struct connection_timeouts {
    uint64_t connect;
    uint64_t greeting; /* from the start of the connection; servers with pre-greeting delays take 30 s and more */
    uint64_t reply;    /* to EHLO, HELO and STARTTLS */
    uint64_t tls;      /* the answer to a hello, or a whole handshake */
    uint64_t inside;   /* the reply to EHLO inside TLS, which is an extra */
    uint64_t quit;     /* the reply to QUIT, and the sending of our last words */
};
extern const struct connection_timeouts CONNECTION_TIMEOUTS;

struct connection_params {
    const struct sockaddr *address; /* copied */
    const struct step *step;        /* copied */
    const char *server_name;        /* SNI; "" = none; copied */
    const char *ehlo_name;          /* copied */
    const struct handshake_contexts *contexts;
    struct connection_timeouts timeouts;
    uint32_t survey; /* whose connection it is, for the trace (trace.h); 0: of none */
    uint64_t job;
};

/* What happened, valid during the callback only. */
struct connection_outcome {
    struct step step;
    struct answer answer;
    uint64_t duration_ms;
    const char *detail;                /* for people; sanitised; "" if nothing to add */
    const struct smtp_reply *banner;   /* NULL if none arrived */
    const struct smtp_reply *ehlo;     /* in clear */
    const struct smtp_reply *ehlo_tls; /* inside TLS */
    const uint8_t *certificates;       /* TLS Certificate body; NULL if none */
    size_t certificates_len;
    struct handshake_info handshake; /* full handshakes that completed */
    bool stapled;                    /* an OCSP response came with the certificate */
};
typedef void connection_cb(const struct connection_outcome *outcome, void *context);

struct connection;
/* Starts; the callback comes later, exactly once, never from within this call. */
struct connection *connection_start(uv_loop_t *loop, const struct connection_params *params, connection_cb *on_done,
                                    void *context);
/* Ends it at once; the callback still comes (ANSWER_STOPPED, REASON_DEADLINE). */
void connection_abort(struct connection *connection);

#endif
