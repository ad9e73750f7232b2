/* name.h - domain names: one line of a list, or one name from DNS, to an A-label.
 *
 * The result is lower case, without trailing dot, each label 1 to 63 octets of letters, digits,
 * hyphen and underscore, at most 253 octets (RFC 1035 section 2.3.4); Unicode input goes through
 * IDNA2008 with UTS 46 non-transitional mapping (libidn2).
 */
#ifndef MXG_NAME_H
#define MXG_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_MAX_OCTETS = 253, NAME_CAP = NAME_MAX_OCTETS + 1 };

/* X(enum suffix, sentence for people: what is wrong and what to do) */
#define NAME_ERRORS(X)                                                                                                 \
    X(OK, "")                                                                                                          \
    X(EMPTY, "empty line")                                                                                             \
    X(COMMENT, "comment")                                                                                              \
    X(EMAIL, "an e-mail address: submit the part behind the @")                                                        \
    X(URL, "a URL: submit only its host name")                                                                         \
    X(ADDRESS, "an IP address: submit a domain")                                                                       \
    X(SINGLE_LABEL, "a single label: submit a full domain such as example.org")                                        \
    X(TOO_LONG, "longer than 253 octets")                                                                              \
    X(LABEL_TOO_LONG, "a label is longer than 63 octets")                                                              \
    X(EMPTY_LABEL, "an empty label (two dots in a row, or a leading dot)")                                             \
    X(HYPHEN, "a label begins or ends with a hyphen")                                                                  \
    X(CHARACTER, "a character that domain names do not have")                                                          \
    X(NOT_UTF8, "neither ASCII nor UTF-8")                                                                             \
    X(IDNA, "not a valid internationalised name (IDNA2008)")                                                           \
    X(IDNA_CHARACTER, "a character that internationalised names do not have (IDNA2008)")                               \
    X(IDNA_CONTEXT, "a character that stands only beside certain others (RFC 5892)")                                   \
    X(IDNA_MARK, "a label begins with a combining mark (RFC 5891)")                                                    \
    X(IDNA_DIRECTION, "left-to-right and right-to-left writing mixed in a label (RFC 5893)")                           \
    X(IDNA_ALABEL, "a label begins with xn-- and is no A-label (RFC 5891)")                                            \
    X(IDNA_HYPHENS, "two hyphens in the third and fourth place of a label (RFC 5891)")

enum name_error {
#define X(id, text) NAME_##id,
    NAME_ERRORS(X)
#undef X
        NAME_ERROR_COUNT
};

const char *name_error_text(enum name_error error);

/* One line of a submitted list (no line end needed; white space of any kind round it is trimmed, see utf8.h, and so is
 * a byte order mark). On NAME_OK out holds the A-label form. For people, name_reason() (reason.h) says more than
 * name_error_text(). */
__attribute__((warn_unused_result)) enum name_error name_from_line(char out[static NAME_CAP], const char *line,
                                                                   size_t len);

/* A host name from DNS in presentation form (trailing dot allowed): lower-cases and checks it. Single
 * labels give NAME_SINGLE_LABEL, IP literals NAME_ADDRESS, with out filled in both cases where it fits. */
__attribute__((warn_unused_result)) enum name_error name_from_dns(char out[static NAME_CAP], const char *name);

/* The Unicode form for people, to be shown beside the A-label; falls back to the A-label itself where that form
 * encodes to something else or could mislead (script.h). out holds at most cap octets. */
void name_to_unicode(char *out, size_t cap, const char *alabel);

#endif
