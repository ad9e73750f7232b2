/* daemon.c - see daemon.h. The signal handles are unreferenced, so that the loop ends with the program's last handle.
 */
#include "base/daemon.h"

#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_SIGNALLED = 128 /* plus the signal, as shells say it */ };

/* The frame while it runs. */
struct frame {
    const struct daemon *daemon;
    void *self;
    bool draining;
    uv_loop_t loop;
    uv_signal_t terminate, interrupt, hangup;
};

bool daemon_begin(const struct daemon *daemon, int argc, char **argv, int *status) {
    const char *name = daemon->program->name;
    enum log_level level;
    int operand;
    enum config_result result = config_load(daemon->program, argc, argv, &operand);
    *status = result == CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_USAGE;
    if (result != CONFIG_GO)
        return false;
    if (operand < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'; try --help\n", name, argv[operand]);
        return false;
    }
    if (!log_level_from_name(daemon->options->log_level, &level)) {
        fprintf(stderr, "%s: --log-level: '%s' is not valid; expected debug, info, warn or error\n", name,
                daemon->options->log_level);
        return false;
    }
    log_open(daemon->component, level, daemon->options->log_json);
    return true;
}

static void on_end_signal(uv_signal_t *handle, int number) {
    struct frame *frame = handle->data;
    const struct daemon *daemon = frame->daemon;
    if (!frame->draining) {
        frame->draining = true;
        daemon->drain(frame->self, number);
        return;
    }
    if (daemon->abandon)
        daemon->abandon(frame->self);
    _exit(EXIT_SIGNALLED + number);
}

static void on_hangup(uv_signal_t *handle, int number) {
    struct frame *frame = handle->data;
    (void)number;
    frame->daemon->reload(frame->self);
}

static void watch_signal(struct frame *frame, uv_signal_t *handle, uv_signal_cb on_signal, int number) {
    uv_signal_init(&frame->loop, handle);
    handle->data = frame;
    uv_signal_start(handle, on_signal, number);
    uv_unref((uv_handle_t *)handle);
}

/* Runs the loop until the program has closed its handles. */
static void run_watched(struct frame *frame) {
    if (frame->daemon->drain) {
        watch_signal(frame, &frame->terminate, on_end_signal, SIGTERM);
        watch_signal(frame, &frame->interrupt, on_end_signal, SIGINT);
    }
    if (frame->daemon->reload)
        watch_signal(frame, &frame->hangup, on_hangup, SIGHUP);
    uv_run(&frame->loop, UV_RUN_DEFAULT);
    if (frame->daemon->drain) {
        uv_close((uv_handle_t *)&frame->terminate, NULL);
        uv_close((uv_handle_t *)&frame->interrupt, NULL);
    }
    if (frame->daemon->reload)
        uv_close((uv_handle_t *)&frame->hangup, NULL);
}

int daemon_run(const struct daemon *daemon, void *self) {
    struct frame frame = {.daemon = daemon, .self = self};
    char error[1024] = "";
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&frame.loop);
    bool started = daemon->start(self, &frame.loop, error, sizeof error);
    if (started) {
        run_watched(&frame);
    } else {
        fprintf(stderr, "%s: %s\n", daemon->program->name, error);
        if (daemon->stop)
            daemon->stop(self);
    }
    uv_run(&frame.loop, UV_RUN_DEFAULT); /* what is closed is released */
    uv_loop_close(&frame.loop);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
