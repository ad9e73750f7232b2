/* poll_watch.h - the sockets of a library that has no event loop of its own (c-ares, libcurl), watched in ours.
 *
 * Such a library says which of its sockets it wants to hear about, and when it does not any more, before it closes one.
 */
#ifndef MXG_POLL_WATCH_H
#define MXG_POLL_WATCH_H

#include <uv.h>

/* events: UV_READABLE, UV_WRITABLE or both. The callback may change what is watched. */
typedef void poll_watch_cb(void *context, int socket, int events);

struct poll_watches {
    uv_loop_t *loop; /* borrowed, as is context */
    poll_watch_cb *on_ready;
    void *context;
    struct poll_watch *by_socket; /* NULL: none is watched */
};

/* From now on the socket is watched for these events, instead of those before; 0: not any more, and the loop must run
 * once more. Returns 0 or an error of libuv's. The watches must not move, nor end, while a socket is watched. */
int poll_watch(struct poll_watches *watches, int socket, int events);

#endif
