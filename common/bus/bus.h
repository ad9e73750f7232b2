/* bus.h - typed messages between the programs: ZeroMQ ROUTER/DEALER sockets that carry one protobuf
 * Envelope a frame (proto/mxgrade.proto), in a libuv loop.
 *
 * A server (coordinator, aggregator) binds a ROUTER with MANDATORY routing: sending to a peer that is
 * gone or whose queue is full is reported, never dropped in silence. A client (worker) connects a
 * DEALER. Heartbeats (ZMTP) find dead peers; MAXMSGSIZE and high-water marks bound memory; callers
 * keep their own credit below the high-water mark.
 */
#ifndef MXG_BUS_H
#define MXG_BUS_H

#include "base/config.h"
#include "bus/mxgrade.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { BUS_PROTOCOL_VERSION = 1, BUS_PEER_MAX = 64 };

/* Rows of a program's table of options: where jobs and results go over. Both ends must name the same place, so that the
 * defaults stand here. Targets: const char *. */
#define JOBS_OPTION(target, help)                                                                                      \
    { "jobs", CONFIG_TEXT, &(target), "ipc:///run/mxgrade/jobs", "ENDPOINT", help, 0, 0 }
#define RESULTS_OPTION(target, help)                                                                                   \
    { "results", CONFIG_TEXT, &(target), "ipc:///run/mxgrade/results", "ENDPOINT", help, 0, 0 }

/* Who a ROUTER's message came from or goes to; len 0 on a DEALER. Compare with bus_peer_equal(). */
struct bus_peer {
    uint8_t id[BUS_PEER_MAX];
    size_t len;
};
bool bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b);

/* CURVE keys, Z85 text of 40 octets; all NULL = plain (ipc:// and loopback only). */
struct bus_keys {
    const char *public_key, *secret_key;
    const char *server_key; /* clients: the server's public key */
};

struct bus_config {
    const char *endpoint; /* "ipc:///path" or "tcp://host:port" */
    bool server;          /* bind a ROUTER; else connect a DEALER */
    int high_water;       /* messages a direction and peer */
    int64_t message_max;  /* octets */
    int heartbeat_ms;     /* ZMTP heartbeat interval; dead after three */
    struct bus_keys keys;
    const char *identity; /* DEALER's routing id; NULL: the server's choice */
};
/* Sensible values for everything but endpoint and server. */
struct bus_config bus_config_default(const char *endpoint, bool server);

typedef struct bus bus_t;

/* A message that arrived. The envelope belongs to the bus and dies when the callback returns; to keep its body the
 * callback takes it over (free it with its own …__free_unpacked()) and sets body_case to
 * MXGRADE__ENVELOPE__BODY__NOT_SET. */
typedef void bus_message_cb(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context);

/* Opens the socket in the loop. NULL: error holds one line that says what to do. */
__attribute__((warn_unused_result)) bus_t *bus_open(uv_loop_t *loop, const struct bus_config *config,
                                                    bus_message_cb *on_message, void *context, char *error, size_t cap);
/* Closes after letting queued messages go out for at most linger_ms. *bus becomes NULL. The loop must
 * run once more to release the handles. */
void bus_close(bus_t **bus, int linger_ms);

enum bus_result {
    BUS_SENT,
    BUS_FULL,   /* high-water mark: try later */
    BUS_NO_PEER /* the peer is gone */
};
/* Packs and sends; sets envelope->version. to: NULL on a client. */
__attribute__((warn_unused_result)) enum bus_result bus_send(bus_t *bus, const struct bus_peer *to,
                                                             Mxgrade__Envelope *envelope);

/* Tells a peer that its message was of no use; best effort. detail: for people, NULL = none. */
void bus_refuse(bus_t *bus, const struct bus_peer *to, Mxgrade__RefusedReason reason, const char *detail);

/* Malformed messages and such of other versions are answered with Refused, counted and logged by the
 * bus itself; they never reach the callback. */
uint64_t bus_refused_count(const bus_t *bus);

/* Octets that parsing one message may allocate; the largest that mxgrade sends (a Jobs of many names) stays far below.
 */
enum { BUS_PARSED_MAX = 64 << 20 };

/* Parses a frame; NULL if it is no Envelope or would take more than BUS_PARSED_MAX. Exposed for the tests. Free with
 * mxgrade__envelope__free_unpacked(). */
Mxgrade__Envelope *bus_parse(const void *data, size_t len);

#endif
