/* smtp.h - SMTP replies (RFC 5321 section 4.2), parsed incrementally from hostile bytes.
 *
 * Codes are judged, not text. Bare LF ends a line too. Bounds: a line of SMTP_LINE_MAX octets, a reply of
 * SMTP_REPLY_MAX octets and SMTP_LINES_MAX lines; anything beyond is SMTP_BAD.
 */
#ifndef MXG_SMTP_H
#define MXG_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SMTP_LINE_MAX = 2048, SMTP_REPLY_MAX = 65536, SMTP_LINES_MAX = 128 };

enum smtp_state {
    SMTP_MORE,  /* feed more bytes */
    SMTP_REPLY, /* a whole reply: code and lines are set */
    SMTP_BAD,   /* not SMTP, or past a bound; error says what */
};

struct smtp_reply {
    enum smtp_state state;
    unsigned code; /* 200 … 599 */
    size_t line_count;
    char *text; /* the reply's lines, sanitised, without code and separator, each ended by NUL */
    size_t text_len, text_cap;
    const char *error; /* static */
    /* private */
    char *line; /* a line whose end has not arrived yet; NULL if none */
    size_t line_len, total;
};

void smtp_reply_init(struct smtp_reply *reply);
void smtp_reply_free(struct smtp_reply *reply);

/* Takes bytes up to the end of one reply; returns how many were used (the rest belongs to whatever follows: after
 * a 220 to STARTTLS bytes left over are a server defect). */
size_t smtp_reply_feed(struct smtp_reply *reply, const uint8_t *data, size_t len);

/* The nth line's text, or NULL. */
const char *smtp_reply_line(const struct smtp_reply *reply, size_t n);

/* True if the greeting is that of a program that keeps strangers waiting in front of the mail server (OpenBSD's
 * spamd). */
bool smtp_greets_as_front(const struct smtp_reply *greeting);

#endif
