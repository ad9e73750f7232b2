/* probe_arguments.h - what the arguments of `mxgrade probe` mean. What is wrong with them is said here. */
#ifndef MXG_PROBE_ARGUMENTS_H
#define MXG_PROBE_ARGUMENTS_H

#include "cert/dane.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* "host", "host:25", "[::1]:25" or "::1" into two strings of the given capacities; port "25" if it names none. False:
 * text is none of these, which is left to the caller to say. */
bool probe_split_target(const char *text, char *host, size_t host_cap, char *port, size_t port_cap);

/* The first address of host. False: it has none, said why. */
bool probe_look_up(const char *host, const char *port, struct sockaddr_storage *address);

/* TLSA records, separated by commas, for the exchange of that name. The caller frees with dane_set_free(). NULL: said
 * why. */
struct dane_set *probe_read_tlsa(const char *records, const char *name);

#endif
