/* mem.c - see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory) {
    if (memory == NULL) {
        fputs("mxgrade: out of memory; raise the process's memory limit or lower its limits on work in flight\n",
              stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size) { return checked(calloc(1, size ? size : 1)); }
void *mem_calloc(size_t count, size_t size) { return checked(calloc(count ? count : 1, size ? size : 1)); }
void *mem_realloc(void *old, size_t size) { return checked(realloc(old, size ? size : 1)); }
char *mem_strdup(const char *text) { return checked(strdup(text)); }
char *mem_strndup(const char *text, size_t len) { return checked(strndup(text, len)); }

char *mem_printf(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return checked(text);
}
