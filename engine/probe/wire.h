/* wire.h - one TCP socket in a libuv loop: connects, sends, reads, closes. What the bytes mean is not known here.
 *
 * It saves system calls, which are half of what a probe costs: see wire.c.
 */
#ifndef MXG_WIRE_H
#define MXG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

/* None comes from within wire_connect(). */
struct wire_events {
    void (*on_bytes)(void *context, const uint8_t *data, size_t len); /* len > 0; data: valid during the call */
    void (*on_end)(void *context, int status);                        /* UV_EOF, or the libuv error that ended it */
    void (*on_last_sent)(void *context);                              /* of wire_send_last(): the kernel has it all */
    void (*on_closed)(void *context);                                 /* the wire's memory may go */
};

/* All fields are private. */
struct wire {
    uv_tcp_t tcp;
    const struct wire_events *events;
    void *context;
};

/* events: borrowed until on_closed. */
void wire_init(struct wire *wire, uv_loop_t *loop, const struct wire_events *events, void *context);

/* Begins to connect, and to read. 0, or a libuv error: then no event comes but on_closed. A failure to connect that
 * shows later is an on_end. */
__attribute__((warn_unused_result)) int wire_connect(struct wire *wire, const struct sockaddr *address);

/* Does the connection stand? A system call. */
bool wire_is_connected(const struct wire *wire);

/* Sends without waiting for more to come (no Nagle). */
void wire_send_promptly(struct wire *wire);

/* Copies what cannot be sent at once. False: nothing can be sent any more. That the peer is gone shows on reading. */
__attribute__((warn_unused_result)) bool wire_send(struct wire *wire, const void *data, size_t len);
/* The same; on_last_sent comes when it is out, perhaps from within this call. */
__attribute__((warn_unused_result)) bool wire_send_last(struct wire *wire, const void *data, size_t len);

/* Once. After on_closed no event comes. */
void wire_close(struct wire *wire);

#endif
