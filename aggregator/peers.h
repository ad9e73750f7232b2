/* peers.h - which workers this process has met. A peer that it has not met is asked for its Hello. */
#ifndef MXG_PEERS_H
#define MXG_PEERS_H

#include "bus/bus.h"

enum { PEERS_SLOTS = 8192, PEERS_MAX = PEERS_SLOTS / 2 };

/* A hash set, all zero when empty. */
struct peers {
    struct bus_peer slot[PEERS_SLOTS]; /* len 0: free */
    size_t count;
};

/* True the first time. When PEERS_MAX have been met, all are forgotten and met anew. */
bool peers_meet(struct peers *peers, const struct bus_peer *peer);

void peers_forget(struct peers *peers);

#endif
