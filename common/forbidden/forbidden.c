/* forbidden.c - see forbidden.h. */
#include "forbidden/forbidden.h"

#include "base/log.h"
#include "base/mem.h"
#include "forbidden/blocklist.h"
#include "forbidden/reserved.h"

#include <stdlib.h>

enum { ERROR_MAX = 512 };

struct forbidden {
    char *files;
    bool allow_reserved;
    struct blocklist *list;
};

static void log_loaded(const struct forbidden *forbidden) {
    if (*forbidden->files == '\0')
        return;
    log_info("blocklist in force", LOG_STR("files", forbidden->files),
             LOG_INT("prefixes", blocklist_prefixes(forbidden->list)),
             LOG_INT("names", blocklist_names(forbidden->list)));
    if (blocklist_masked(forbidden->list))
        log_warn("blocklist: bits beyond the prefix's length ignored",
                 LOG_INT("entries", blocklist_masked(forbidden->list)));
}

struct forbidden *forbidden_open(const char *files, bool allow_reserved, char *error, size_t cap) {
    struct blocklist *list = blocklist_load(files, error, cap);
    if (list == NULL)
        return NULL;
    struct forbidden *forbidden = mem_alloc(sizeof *forbidden);
    forbidden->files = mem_strdup(files ? files : "");
    forbidden->allow_reserved = allow_reserved;
    forbidden->list = list;
    log_loaded(forbidden);
    return forbidden;
}

void forbidden_close(struct forbidden **forbidden) {
    struct forbidden *self = *forbidden;
    if (self == NULL)
        return;
    *forbidden = NULL;
    blocklist_free(&self->list);
    free(self->files);
    free(self);
}

bool forbidden_reload(struct forbidden *forbidden) {
    char error[ERROR_MAX];
    struct blocklist *list = blocklist_load(forbidden->files, error, sizeof error);
    if (list == NULL) {
        log_error("blocklist not reloaded, the old one stays in force", LOG_STR("why", error));
        return false;
    }
    blocklist_free(&forbidden->list);
    forbidden->list = list;
    log_loaded(forbidden);
    return true;
}

const char *forbidden_address(const struct forbidden *forbidden, const struct sockaddr *address) {
    const char *why = forbidden ? blocklist_why_address(forbidden->list, address) : NULL;
    if (why == NULL && (forbidden == NULL || !forbidden->allow_reserved))
        why = reserved_why(address);
    return why;
}

const char *forbidden_name(const struct forbidden *forbidden, const char *alabel) {
    return forbidden ? blocklist_why_name(forbidden->list, alabel) : NULL;
}
