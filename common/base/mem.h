/* mem.h - allocation that ends the process when memory is gone.
 *
 * Every queue and buffer of mxgrade is bounded, so failure here means a limit set too low by the
 * operator; a clean end (work is resumed after restart) beats half-handled failure everywhere.
 */
#ifndef MXG_MEM_H
#define MXG_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                /* zeroed */
void *mem_calloc(size_t count, size_t size); /* zeroed; overflow is fatal */
void *mem_realloc(void *old, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
