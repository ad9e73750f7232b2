/* peers.c - see peers.h. Open addressing; half the slots stay free, so that a search ends soon. */
#include "peers.h"

#include "base/hash.h"

#include <string.h>

void peers_forget(struct peers *peers) { memset(peers, 0, sizeof *peers); }

bool peers_meet(struct peers *peers, const struct bus_peer *peer) {
    size_t at = hash_fnv1a(HASH_START, peer->id, peer->len) % PEERS_SLOTS;
    for (; peers->slot[at].len > 0; at = (at + 1) % PEERS_SLOTS)
        if (bus_peer_equal(&peers->slot[at], peer))
            return false;
    if (peers->count == PEERS_MAX)
        peers_forget(peers);
    peers->slot[at] = *peer;
    peers->count++;
    return true;
}
