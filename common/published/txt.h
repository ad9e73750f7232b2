/* txt.h - TXT records of the form "v=NAME; key=value; key=value", as MTA-STS (RFC 8461 section 3.1) and TLS-RPT (RFC
 * 8460 section 3) share it: white space round the semicolons, none behind the last one needed.
 */
#ifndef MXG_TXT_H
#define MXG_TXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One record: its character-strings joined. Bytes from the network, borrowed. */
struct txt {
    const uint8_t *data;
    size_t len;
};

/* How many of the records begin with version ("v=STSv1", case counts) and a semicolon, blanks before it or not, as both
 * grammars have it (*WSP ";" *WSP); *rest is what follows the semicolon in the last of those. */
size_t txt_select(struct txt *rest, const struct txt *records, size_t count, const char *version);

/* A field; both point into the record. */
struct txt_field {
    struct txt name;  /* letter or digit, then at most 31 of letters, digits, "_", "-", "." */
    struct txt value; /* printable ASCII, blanks and tabs; may be empty */
    bool plain;       /* the value is what an extension may have: not empty, neither "=" nor white space in it */
};
enum txt_step { TXT_FIELD, TXT_END, TXT_BROKEN };

/* Takes the next field off *rest. TXT_BROKEN: what comes next is none. */
__attribute__((warn_unused_result)) enum txt_step txt_next(struct txt *rest, struct txt_field *field);

/* Is that the text? Case counts. */
bool txt_is(struct txt txt, const char *text);
/* Without blanks and tabs at both ends. */
struct txt txt_trim(struct txt txt);
/* Takes what stands before the first separator, or all, off *rest; the separator is dropped. */
struct txt txt_cut(struct txt *rest, char separator);
/* Is it a name of a field, as above? */
bool txt_is_name(struct txt txt);

#endif
