/* curl_loop.c - see curl_loop.h. The multi handle says which sockets it wants watched and when it wants to be called;
 * it is told what is ready or due, and asked which transfers that has ended.
 */
#include "policy/curl_loop.h"

#include "base/mem.h"
#include "base/poll_watch.h"

#include <stdint.h>
#include <stdlib.h>

struct curl_loop {
    uv_timer_t timer; /* when libcurl wants to be called; its close callback frees all */
    struct poll_watches sockets;
    CURLM *multi;
    curl_loop_cb *on_done;
};

static void report_ended(struct curl_loop *self) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            self->on_done(message->easy_handle, message->data.result);
}

static void drive_multi(struct curl_loop *self, curl_socket_t socket, int events) {
    int running;
    curl_multi_socket_action(self->multi, socket, events, &running);
    report_ended(self);
}

static void on_timer(uv_timer_t *timer) { drive_multi(timer->data, CURL_SOCKET_TIMEOUT, 0); }

static int on_timer_wish(CURLM *multi, long timeout_ms, void *context) {
    struct curl_loop *self = context;
    (void)multi;
    if (timeout_ms < 0)
        return uv_timer_stop(&self->timer);
    return uv_timer_start(&self->timer, on_timer, (uint64_t)timeout_ms, 0);
}

static void on_ready(void *context, int socket, int events) {
    int ready = events & UV_READABLE ? CURL_CSELECT_IN : 0;
    ready |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    drive_multi(context, socket, ready);
}

static int on_socket_wish(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context) {
    struct curl_loop *self = context;
    bool gone = what == CURL_POLL_REMOVE;
    (void)easy;
    (void)socket_context;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return poll_watch(&self->sockets, socket, gone ? 0 : events) == 0 ? 0 : -1;
}

struct curl_loop *curl_loop_new(uv_loop_t *loop, curl_loop_cb *on_done, const char **error) {
    CURLM *multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    if (multi == NULL) {
        *error = "libcurl could not be initialised";
        return NULL;
    }
    struct curl_loop *self = mem_alloc(sizeof *self);
    self->multi = multi;
    self->on_done = on_done;
    self->sockets = (struct poll_watches){.loop = loop, .on_ready = on_ready, .context = self};
    uv_timer_init(loop, &self->timer);
    self->timer.data = self;
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, self);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return self;
}

static void on_curl_loop_closed(uv_handle_t *handle) { free(handle->data); }

void curl_loop_free(struct curl_loop **curl_loop) {
    struct curl_loop *self = *curl_loop;
    if (self == NULL)
        return;
    *curl_loop = NULL;
    curl_multi_cleanup(self->multi);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&self->timer, on_curl_loop_closed);
}

bool curl_loop_add(struct curl_loop *curl_loop, CURL *easy) {
    return curl_multi_add_handle(curl_loop->multi, easy) == CURLM_OK;
}

void curl_loop_remove(struct curl_loop *curl_loop, CURL *easy) { curl_multi_remove_handle(curl_loop->multi, easy); }
