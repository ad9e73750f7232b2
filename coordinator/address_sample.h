/* address_sample.h - of many addresses of one exchange, those to probe: a sample, the same each time. Pure.
 *
 * Resolvers rotate their answers, so that the first eight would be other ones at every look-up, and of a pool numbered
 * in order always its beginning. Here the hash of exchange and address decides.
 */
#ifndef MXG_ADDRESS_SAMPLE_H
#define MXG_ADDRESS_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An order of addresses that no neighbourhood keeps, another one for each exchange; "" for one that all share. The port
 * does not matter. */
uint64_t address_rank(const char *exchange, const struct sockaddr_storage *address);

/* Sorts address[0..count) (struct sockaddr_in and sockaddr_in6; ports do not matter) by hash, drops doubles, and gives
 * how many of the first to keep: at most most (2 or more), with an IPv4 and an IPv6 address among them if there are
 * both. *distinct: how many there were. Sampling kept addresses together with more gives what sampling all at once
 * does. */
size_t address_sample(const char *exchange, struct sockaddr_storage *address, size_t count, size_t most,
                      size_t *distinct);

#endif
