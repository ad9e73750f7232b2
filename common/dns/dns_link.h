/* dns_link.h - one channel of c-ares to one resolver, in the event loop: questions out, messages back. Inside
 * the room only.
 *
 * A channel has one time-out and one try: what comes after silence is for dns.c to say. UDP first, TCP where an answer
 * is truncated.
 */
#ifndef MXG_DNS_LINK_H
#define MXG_DNS_LINK_H

#include "base/poll_watch.h"

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

enum { DNS_LINK_IDS = 256 };

/* Bits of a question's header. */
enum {
    DNS_ASK_AUTHENTIC = 0x20,   /* AD: tell me whether it is (RFC 6840 section 5.7) */
    DNS_ASK_UNVALIDATED = 0x10, /* CD: do not look */
};

struct dns_link {
    struct poll_watches sockets;
    ares_channel channel;      /* NULL: closed */
    uint16_t id[DNS_LINK_IDS]; /* random, for questions to come */
    unsigned ids;              /* how many of them are left */
};

/* An ARES_ status. The link must not move while it is open. */
int dns_link_open(struct dns_link *link, uv_loop_t *loop, const struct ares_addr_port_node *resolver, int timeout_ms);
/* Every question outstanding is called back first. */
void dns_link_close(struct dns_link *link);

/* Asks; recurse false: only for what the resolver has. on_answer as for ares_send(), perhaps from within this call. An
 * ARES_ status other than ARES_SUCCESS: the question cannot be asked, and on_answer does not come. */
int dns_link_ask(struct dns_link *link, const char *name, unsigned type, bool recurse, unsigned bits,
                 ares_callback on_answer, void *context);
/* Could it be asked for? */
bool dns_link_name_is_good(const char *name);

/* Ends what has had its time. Call often. */
void dns_link_tick(struct dns_link *link);

#endif
