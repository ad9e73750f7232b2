/* session_smtp.h - the SMTP dialogue up to STARTTLS, and inside TLS: what a reply means (RFC 5321, RFC 3207). */
#ifndef MXG_SESSION_SMTP_H
#define MXG_SESSION_SMTP_H

#include "probe/session.h"

/* Is a reply waited for? */
bool session_awaits_reply(const struct session *session);

/* Is it the reply to a command in clear that is waited for, and not to QUIT? Octets that were there before the command
 * cannot be its reply: who takes them for one reads "250 ok" as an EHLO reply without STARTTLS. */
bool session_awaits_answer_in_clear(const struct session *session);

/* session->reply is whole: notes what it says and returns the state to enter. left_over: octets that came behind it. */
enum session_state session_on_reply(struct session *session, size_t left_over);

#endif
