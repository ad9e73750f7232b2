/* reason.h - why a text is no name, in a sentence that names the character where it is one's fault: nobody sees a mark
 * of direction or a look-alike, but everybody can search for its number. */
#ifndef MXG_REASON_H
#define MXG_REASON_H

#include "names/name.h"

enum { NAME_REASON_CAP = 128 };

/* error: what name_from_line() gave for the text. out is printable ASCII. */
void name_reason(char out[static NAME_REASON_CAP], enum name_error error, const char *text, size_t len);

#endif
