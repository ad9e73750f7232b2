/* session_tls.h - what follows STARTTLS: our hand-made hello or OpenSSL's handshake, and what the server's flight
 * means.
 */
#ifndef MXG_SESSION_TLS_H
#define MXG_SESSION_TLS_H

#include "probe/session.h"

/* Writes the hello of the session's step; returns its length, 0 if it cannot be made (no random octets). */
size_t session_hello(const struct session *session, uint8_t out[static HELLO_MAX_OCTETS]);
/* Makes OpenSSL's hello: handshake_output() has it. Returns the state to enter, SESSION_HANDSHAKE if all is well. */
enum session_state session_start_handshake(struct session *session);

/* Octets that came in SESSION_HELLO. Returns the state to enter; the same one: more is to come. */
enum session_state session_feed_flight(struct session *session, const uint8_t *data, size_t len);
/* Octets that came in SESSION_HANDSHAKE, or inside TLS: then handshake_read() has the clear text, and the state stays.
 * The same state: handshake_output() may have something to send. */
enum session_state session_feed_handshake(struct session *session, const uint8_t *data, size_t len);

/* The server ended the connection in SESSION_HELLO or SESSION_HANDSHAKE: what had been selected until then stands. */
void session_cut_off(struct session *session);

/* The handshake ended well, and inside TLS nothing was said: what became of the connection is no use to a sender. */
void session_unheard(struct session *session);

#endif
