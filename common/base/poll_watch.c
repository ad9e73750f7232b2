/* poll_watch.c - see poll_watch.h. */
#include "base/poll_watch.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uthash.h>

/* Freed by the close callback of its handle. */
struct poll_watch {
    uv_poll_t handle;
    UT_hash_handle hh;
    struct poll_watches *watches;
    int socket, events;
};

/* An error (a reset) may stand behind octets that were not read yet, and libuv has stopped watching. The library is
 * told to read and write: it finds the error when the octets are through. */
static void on_poll(uv_poll_t *handle, int status, int events) {
    struct poll_watch *watch = handle->data;
    if (status < 0) {
        uv_poll_start(handle, watch->events, on_poll);
        events = UV_READABLE | UV_WRITABLE;
    }
    watch->watches->on_ready(watch->watches->context, watch->socket, events);
}

static struct poll_watch *watch_of(const struct poll_watches *watches, int socket) {
    struct poll_watch *watch = NULL;
    HASH_FIND_INT(watches->by_socket, &socket, watch);
    return watch;
}

static int begin_watch(struct poll_watches *watches, int socket, struct poll_watch **out) {
    struct poll_watch *watch = mem_alloc(sizeof *watch);
    watch->watches = watches;
    watch->socket = socket;
    watch->handle.data = watch;
    int error = uv_poll_init(watches->loop, &watch->handle, socket);
    if (error != 0) {
        free(watch);
        return error;
    }
    HASH_ADD_INT(watches->by_socket, socket, watch);
    *out = watch;
    return 0;
}

static void on_watch_closed(uv_handle_t *handle) { free(handle->data); }

static void end_watch(struct poll_watch *watch) {
    HASH_DEL(watch->watches->by_socket, watch); // NOLINT(clang-analyzer-core.NullDereference): uthash
    uv_close((uv_handle_t *)&watch->handle, on_watch_closed);
}

int poll_watch(struct poll_watches *watches, int socket, int events) {
    struct poll_watch *watch = watch_of(watches, socket);
    if (events == 0) {
        if (watch)
            end_watch(watch);
        return 0;
    }
    int error = watch ? 0 : begin_watch(watches, socket, &watch);
    if (error != 0)
        return error;
    watch->events = events;
    return uv_poll_start(&watch->handle, events, on_poll);
}
