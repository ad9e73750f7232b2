/* blocklist.h - whom the operator does not probe: addresses, prefixes, host names and domains, from files.
 *
 * One entry a line: an IPv4 or IPv6 address or prefix, or a name. A name stands for itself and for everything below it;
 * "example.org", ".example.org" and "*.example.org" are one and the same, in A-labels or U-labels. A whole top-level
 * domain is written ".mil". '#' begins a comment; blank lines, CRLF and a byte order mark do not matter. ZMap's
 * blocklist.conf is such a file. As in ZMap, bits beyond a prefix's length are ignored; unlike there, a name is never
 * resolved: it is compared with names. Any other line is an error: a list that is only half understood protects nobody.
 */
#ifndef MXG_BLOCKLIST_H
#define MXG_BLOCKLIST_H

#include <stddef.h>
#include <sys/socket.h>

enum { BLOCKLIST_FILE_MAX = 256 << 20 }; /* octets: ten million prefixes */

struct blocklist;

/* Reads the files, whose paths are joined by commas; NULL or "" is the empty list. NULL: error holds one line with
 * file, line and what to do. Free with blocklist_free(). A million prefixes take about a second. */
__attribute__((warn_unused_result)) struct blocklist *blocklist_load(const char *paths, char *error, size_t cap);

/* The same from memory; name stands for the file in messages. */
__attribute__((warn_unused_result)) struct blocklist *blocklist_parse(const char *name, const void *data, size_t len,
                                                                      char *error, size_t cap);
void blocklist_free(struct blocklist **list);

/* Which entry blocks the address: "blocklist FILE line 12", FILE without its folders; NULL if none does. IPv6 addresses
 * that carry an IPv4 address (reserved.h) are judged by that too, and an entry inside ::ffff:0:0/96 is one for IPv4.
 * Static text, good until the next call in this thread. */
const char *blocklist_why_address(const struct blocklist *list, const struct sockaddr *address);

/* Which entry blocks the name, given as name.h makes it; else as above. */
const char *blocklist_why_name(const struct blocklist *list, const char *alabel);

/* Distinct names; prefixes that no other entry covers, addresses being prefixes too; entries in which bits beyond the
 * prefix's length were ignored. */
size_t blocklist_names(const struct blocklist *list);
size_t blocklist_prefixes(const struct blocklist *list);
size_t blocklist_masked(const struct blocklist *list);

#endif
