/* list_kind.h - what a file's first octets say that it is, where that is no list: nobody wants a survey of rubbish.
 * Pure. */
#ifndef MXG_LIST_KIND_H
#define MXG_LIST_KIND_H

#include <stddef.h>
#include <stdint.h>

/* What it is and what to do, to go on behind "'FILE' is ", or NULL: it may be a list. */
const char *list_kind_refused(const uint8_t *head, size_t len);

enum list_text { LIST_UTF8, LIST_UTF16_LITTLE, LIST_UTF16_BIG };
/* As its byte order mark says; UTF-8 where there is none. */
enum list_text list_text_of(const uint8_t *head, size_t len);

#endif
