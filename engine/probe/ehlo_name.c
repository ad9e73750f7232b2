/* ehlo_name.c - see ehlo_name.h. gethostname() has a dot on few hosts; the canonical name behind it does (/etc/hosts,
 * or DNS and its search list). What comes from there is a stranger's word, and checked as a name. */
#include "probe/ehlo_name.h"

#include "names/name.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool ehlo_name_is_qualified(const char *name) { return *name == '[' || strchr(name, '.') != NULL; }

/* "localhost.localdomain" and its like name every host. */
static bool is_of_this_host(const char *name) { return strncmp(name, "localhost", strlen("localhost")) != 0; }

/* False: out is as it was. */
static bool look_up_canonical(char out[static NAME_CAP], const char *host) {
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char name[NAME_CAP];
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    bool good = found->ai_canonname && name_from_dns(name, found->ai_canonname) == NAME_OK && is_of_this_host(name);
    freeaddrinfo(found);
    if (good)
        snprintf(out, NAME_CAP, "%s", name);
    return good;
}

const char *ehlo_name_of_host(void) {
    static char name[NAME_CAP];
    if (*name)
        return name;
    if (gethostname(name, sizeof name - 1) != 0 || *name == '\0')
        snprintf(name, sizeof name, "localhost");
    if (!ehlo_name_is_qualified(name))
        (void)look_up_canonical(name, name);
    return name;
}
