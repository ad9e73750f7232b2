/* reverse_lookup.h - what an address is called: its PTR records, and whether one of those names leads back to it
 * (forward-confirmed reverse DNS). One query for the names; then the names one after the other, until one does.
 */
#ifndef MXG_REVERSE_LOOKUP_H
#define MXG_REVERSE_LOOKUP_H

#include "status.h"

#include "dns/dns.h"
#include "model/facts.h"
#include "names/name.h"

enum { REVERSE_NAMES_MAX = 8 }; /* kept of one address, the first in the alphabet, and asked for */

struct reverse_result {
    enum lookup_status status;
    char *name[REVERSE_NAMES_MAX]; /* plain ASCII; owned */
    size_t count;
    bool capped; /* there were more */
    enum tri confirmed;
};

typedef void reverse_cb(void *context);

/* Fills in result, all zero before, which stays where it is until on_done. address: as inet_ntop(3) writes it. */
void reverse_look_up(struct reverse_result *result, struct dns *dns, const char *address, reverse_cb *on_done,
                     void *context);

/* Frees what it owns. */
void reverse_result_free(struct reverse_result *result);

#endif
