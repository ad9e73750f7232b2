/* list_file.h - a submitted file's text in UTF-8, whatever it is packed in: plain, gzip, or a ZIP of one file; UTF-8
 * or, with a byte order mark, UTF-16. What is no text is refused when it is opened. Memory is bounded. */
#ifndef MXG_LIST_FILE_H
#define MXG_LIST_FILE_H

#include <stddef.h>

struct list_file;

/* path "-" = standard input. NULL: error holds what is wrong. */
__attribute__((warn_unused_result)) struct list_file *list_file_open(const char *path, char *error, size_t cap);

enum list_read { LIST_READ, LIST_END, LIST_ERROR };
/* LIST_READ: *got octets, one at least, are in out, which has room for out_cap (64 or more). LIST_ERROR: error holds
 * what is wrong. */
__attribute__((warn_unused_result)) enum list_read list_file_read(struct list_file *file, char *out, size_t out_cap,
                                                                  size_t *got, char *error, size_t cap);

void list_file_close(struct list_file **file);

#endif
