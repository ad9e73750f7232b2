/* forbidden.h - whom no program contacts: the operator's blocklist (blocklist.h) first, then the reserved addresses
 * (reserved.h) unless a lab allows them. The lab's flag never lifts the blocklist.
 *
 * To be asked before every connection, not once a job: a reload is to stop what is under way.
 */
#ifndef MXG_FORBIDDEN_H
#define MXG_FORBIDDEN_H

#include "base/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct forbidden;

/* Rows of a program's table of options, for forbidden_open(). Targets: const char *, bool. where: a text behind the
 * help, for programs that say where the flag is meant for. */
#define BLOCKLIST_OPTION(target)                                                                                       \
    {                                                                                                                  \
        "blocklist", CONFIG_LIST, &(target), NULL, "FILE",                                                             \
            "never contact the prefixes and names in FILE; several: again, or joined by commas", 0, 0                  \
    }
#define ALLOW_RESERVED_OPTION(target, where)                                                                           \
    {                                                                                                                  \
        "allow-reserved", CONFIG_FLAG, &(target), NULL, NULL,                                                          \
            "probe loopback, private and other reserved addresses" where, 0, 0                                         \
    }

/* files: paths joined by commas, NULL or "" for none; copied. Logs how much is blocked, if there are files. NULL: error
 * holds one line with file and line. Free with forbidden_close(). */
__attribute__((warn_unused_result)) struct forbidden *forbidden_open(const char *files, bool allow_reserved,
                                                                     char *error, size_t cap);
void forbidden_close(struct forbidden **forbidden);

/* Reads the files again, for SIGHUP, and logs what came of it. False: a file cannot be read or has a bad line; what was
 * in force stays in force. Pointers to forbidden stay good. */
bool forbidden_reload(struct forbidden *forbidden);

/* Why the address must not be contacted, for people ("blocklist optout.txt line 12", "loopback"), or NULL. forbidden
 * NULL: no blocklist, and reserved addresses are refused. Good until the next call in this thread. */
const char *forbidden_address(const struct forbidden *forbidden, const struct sockaddr *address);

/* Why nothing must be contacted in the name of that host or domain (an A-label as name.h makes it; "" is none), or
 * NULL. Else as above. */
const char *forbidden_name(const struct forbidden *forbidden, const char *alabel);

#endif
