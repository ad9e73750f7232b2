/* smtp.c - see smtp.h. Each whole line is judged and appended, sanitised, to text. Lines mostly come whole and are read
 * where they are; only what lacks its LF is kept, in line, so that a reply that is not under way costs no buffer.
 */
#include "probe/smtp.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_LEN = 3 };

void smtp_reply_init(struct smtp_reply *reply) { *reply = (struct smtp_reply){.state = SMTP_MORE}; }

void smtp_reply_free(struct smtp_reply *reply) {
    free(reply->text);
    free(reply->line);
    reply->text = reply->line = NULL;
    reply->line_len = 0;
    reply->text_len = reply->text_cap = reply->line_count = 0;
}

static void bad(struct smtp_reply *reply, const char *error) {
    reply->state = SMTP_BAD;
    reply->error = error;
}

static void keep_text(struct smtp_reply *reply, const char *text, size_t len) {
    size_t most = 4 * len + 1; /* every octet may become \xNN */
    if (reply->text_cap - reply->text_len < most)
        reply->text = mem_realloc(reply->text, reply->text_cap = reply->text_len + most + 64);
    reply->text_len += text_sanitise(reply->text + reply->text_len, most, text, len) + 1;
    reply->line_count++;
}

/* "250-text", "250 text" or "250". */
static void take_line(struct smtp_reply *reply, const char *line, size_t len) {
    if (len > 0 && line[len - 1] == '\r')
        len--;
    for (size_t i = 0; i < CODE_LEN; i++)
        if (i >= len || !isdigit((unsigned char)line[i])) {
            bad(reply, "a reply line does not begin with a three-digit code");
            return;
        }
    unsigned code = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 + (unsigned)(line[2] - '0');
    char separator = len > CODE_LEN ? line[CODE_LEN] : ' ';
    if (code < 200 || code > 599 || (separator != ' ' && separator != '-'))
        bad(reply, "a reply code out of range, or no space or hyphen behind it");
    else if (reply->line_count > 0 && code != reply->code)
        bad(reply, "the code changes within one reply");
    else if (reply->line_count == SMTP_LINES_MAX)
        bad(reply, "a reply of too many lines");
    if (reply->state == SMTP_BAD)
        return;
    reply->code = code;
    size_t skip = len > CODE_LEN ? CODE_LEN + 1 : CODE_LEN;
    keep_text(reply, line + skip, len - skip);
    if (separator == ' ')
        reply->state = SMTP_REPLY;
}

/* More of a line that is not whole yet. */
static void keep_piece(struct smtp_reply *reply, const uint8_t *piece, size_t len) {
    reply->line = mem_realloc(reply->line, reply->line_len + len + 1);
    memcpy(reply->line + reply->line_len, piece, len);
    reply->line_len += len;
}

static void end_line(struct smtp_reply *reply, const uint8_t *piece, size_t len) {
    if (reply->line == NULL) {
        take_line(reply, (const char *)piece, len);
        return;
    }
    keep_piece(reply, piece, len);
    take_line(reply, reply->line, reply->line_len);
    free(reply->line);
    reply->line = NULL;
    reply->line_len = 0;
}

size_t smtp_reply_feed(struct smtp_reply *reply, const uint8_t *data, size_t len) {
    size_t used = 0;
    while (used < len && reply->state == SMTP_MORE) {
        const uint8_t *end = memchr(data + used, '\n', len - used);
        size_t piece = end ? (size_t)(end - (data + used)) : len - used;
        if (piece > SMTP_LINE_MAX - reply->line_len) {
            bad(reply, "a reply line that is too long");
        } else if ((reply->total += piece + 1) > SMTP_REPLY_MAX) {
            bad(reply, "a reply that is too long");
        } else {
            if (end) {
                end_line(reply, data + used, piece);
            } else {
                keep_piece(reply, data + used, piece);
                reply->total--; /* only a line end counts for one */
            }
            used += piece + (end != NULL);
        }
    }
    return used;
}

const char *smtp_reply_line(const struct smtp_reply *reply, size_t n) {
    const char *line = reply->text;
    if (n >= reply->line_count)
        return NULL;
    while (n-- > 0)
        line += strlen(line) + 1;
    return line;
}

bool smtp_greets_as_front(const struct smtp_reply *greeting) {
    static const char *const known[] = {"spamd IP-based SPAM blocker"};
    for (size_t i = 0; i < greeting->line_count; i++)
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (strstr(smtp_reply_line(greeting, i), known[k]))
                return true;
    return false;
}
