/* smtp_ehlo.h - what an EHLO reply says of a server: the extensions that it lists, and the host that it says it is.
 *
 * Pure: a reply in (smtp.h, so sanitised and bounded already), a small struct of fixed size out.
 */
#ifndef MXG_SMTP_EHLO_H
#define MXG_SMTP_EHLO_H

#include "names/name.h"
#include "probe/smtp.h"

/* X(enum suffix, EHLO keyword) */
#define SMTP_EXTENSIONS(X)                                                                                             \
    X(STARTTLS, "STARTTLS")                                                                                            \
    X(AUTH, "AUTH")                                                                                                    \
    X(REQUIRETLS, "REQUIRETLS")                                                                                        \
    X(SMTPUTF8, "SMTPUTF8")                                                                                            \
    X(SIZE, "SIZE")                                                                                                    \
    X(PIPELINING, "PIPELINING")                                                                                        \
    X(EIGHTBITMIME, "8BITMIME")                                                                                        \
    X(CHUNKING, "CHUNKING")                                                                                            \
    X(DSN, "DSN")

enum smtp_extension {
#define X(id, keyword) SMTP_##id,
    SMTP_EXTENSIONS(X)
#undef X
        SMTP_EXTENSION_COUNT
};

enum {
    SMTP_MECHANISMS_MAX = 16,
    SMTP_MECHANISM_CAP = 33, /* RFC 4422 section 3.1: at most 20 characters; some are longer all the same */
};

struct smtp_ehlo {
    unsigned listed; /* bit 1 << SMTP_… */
    bool masked; /* a line looks like a keyword masked by a middlebox ("XXXXXXXA"): what is not listed may be there */
    bool has_limit; /* SIZE has a number … */
    int64_t limit;  /* … this one; 0: no fixed limit (RFC 1870 section 4); INT64_MAX: that or more */
    size_t mechanism_count;
    char mechanism[SMTP_MECHANISMS_MAX][SMTP_MECHANISM_CAP]; /* of AUTH, upper case, each once */
};

/* The lines after the first; keywords in whatever case (RFC 5321 section 4.1.1.1). AUTH may be followed by "=", as in
 * drafts of RFC 2554. Of several lines with one keyword mechanisms add up, and the first number counts. */
void smtp_ehlo_parse(struct smtp_ehlo *ehlo, const struct smtp_reply *reply);

static inline bool smtp_ehlo_lists(const struct smtp_ehlo *ehlo, enum smtp_extension extension) {
    return ehlo->listed & 1u << extension;
}

/* The first word of a greeting or of a reply to EHLO, where the server names itself (RFC 5321 section 4.2), lower case,
 * without its trailing dot; "" if there is none. True if it is a full host name: letters, digits and hyphens, two
 * labels or more, no address. */
bool smtp_named_host(char out[static NAME_CAP], const struct smtp_reply *reply);

#endif
