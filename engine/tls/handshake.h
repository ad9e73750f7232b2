/* handshake.h - one full OpenSSL handshake over memory: bytes in, bytes out, no socket.
 *
 * Nothing is verified here: chain_parse.h judges what came. The handshake proves that the server can complete one, and
 * brings version, suite, group, signature algorithm and chain. Inside, the caller exchanges SMTP lines.
 */
#ifndef MXG_HANDSHAKE_H
#define MXG_HANDSHAKE_H

#include "tls/offers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handshake_contexts; /* one SSL_CTX for each enum handshake_offer, made once a process, security level 0 */
__attribute__((warn_unused_result)) struct handshake_contexts *handshake_contexts_new(void); /* never NULL */
void handshake_contexts_free(struct handshake_contexts **contexts);

enum handshake_state { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_FAILED };

struct handshake;
/* server_name: SNI; "" = none. Starts nothing: feed it. */
__attribute__((warn_unused_result)) struct handshake *
handshake_new(const struct handshake_contexts *contexts, enum handshake_offer offer, const char *server_name);
void handshake_free(struct handshake **handshake);

/* Feeds octets from the network (len 0 to start) and drives the handshake. After HANDSHAKE_DONE what is fed waits for
 * handshake_read(). */
enum handshake_state handshake_feed(struct handshake *handshake, const uint8_t *data, size_t len);
/* Octets to send to the network, our alert after a failure among them: the caller frees; NULL if there are none. */
uint8_t *handshake_output(struct handshake *handshake, size_t *len);

/* After HANDSHAKE_DONE: application data. read returns the octets written to out (0 = none now); closed is set when
 * the server sent close_notify or broke the stream. */
size_t handshake_read(struct handshake *handshake, uint8_t *out, size_t cap, bool *closed);
void handshake_write(struct handshake *handshake, const void *data, size_t len);
void handshake_close(struct handshake *handshake); /* queues close_notify */

struct handshake_info {
    uint16_t version;           /* 0: the server selected nothing */
    uint16_t suite;             /* 0: the server selected nothing */
    const char *group;          /* static or owned by the handshake; "" if none or unknown */
    const char *signature;      /* "" if none */
    bool alert_received;        /* an alert of the server's that ends the connection */
    uint8_t alert;              /* its description */
    const char *error;          /* HANDSHAKE_FAILED: OpenSSL's reason, sanitised, owned by the handshake */
    bool server_selected;       /* a ServerHello was accepted */
    bool unsupported;           /* HANDSHAKE_FAILED: for want of something in OpenSSL, not by a fault of the server */
    bool unreadable;            /* HANDSHAKE_FAILED: OpenSSL does not read the certificate */
    bool certificate_requested; /* the server asked for a client certificate */
    unsigned key; /* HANDSHAKE_DONE: the kind of the certificate's key, SUITE_BY_… (suites.h); 0: another */
};
struct handshake_info handshake_info(const struct handshake *handshake);
/* Did the server staple an OCSP response (RFC 6066 section 8)? Only HANDSHAKE_STAPLE asks for one. */
bool handshake_stapled(const struct handshake *handshake);
/* The server's chain as a TLS Certificate body (see cert_list.h); the caller frees. NULL if none. */
uint8_t *handshake_certificates(const struct handshake *handshake, size_t *len);

#endif
