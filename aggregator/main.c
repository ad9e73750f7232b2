/* main.c - mxgrade-aggregator: takes results from workers, stores and grades them, acknowledges.
 *
 * Messages gather in the inbox until it is full or the flush timer fires; then one synchronous
 * store_batch() and, after its commit, the acks. While the database is away the inbox fills up to one
 * batch and further results are left unacknowledged: workers keep them, take no more jobs than they can
 * hold, and send again. A peer that this process has not met is asked for its Hello, which makes a
 * worker send again whatever nobody acknowledged: so restarts of either side lose nothing.
 */
#include "base/daemon.h"
#include "base/hash.h"
#include "base/log.h"
#include "bus/bus.h"
#include "db/db.h"
#include "finish.h"
#include "inbox.h"
#include "store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PEER_SLOTS = 8192, /* a power of two; forgotten and met anew when half are taken */
    POLL_MS = 1000,    /* how often to look for surveys to complete */
    RETRY_MS = 100,    /* first wait after the database failed; doubles */
    RETRY_MAX_MS = 5000,
    LINGER_MS = 2000,
};

enum state {
    STATE_SERVING, /* the database answers */
    STATE_AWAY,    /* it does not: the retry timer runs */
    STATE_ENDING,
};

struct options {
    const char *database, *results;
    int64_t batch, flush_ms;
    struct daemon_options daemon;
};

struct aggregator {
    struct options options;
    enum state state;
    uv_loop_t loop;
    uv_timer_t flush, retry, poll;
    uv_signal_t terminate, interrupt;
    bus_t *bus;
    struct db *db;
    struct inbox inbox;
    struct bus_peer peers[PEER_SLOTS]; /* who has been met: a hash set; len 0 = free */
    size_t peer_count;
    uint64_t retry_ms, left_over; /* results left unacknowledged while away */
};

static void forget_peers(struct aggregator *self) {
    memset(self->peers, 0, sizeof self->peers);
    self->peer_count = 0;
}

/* True the first time. */
static bool meet_peer(struct aggregator *self, const struct bus_peer *peer) {
    size_t slot = hash_fnv1a(HASH_START, peer->id, peer->len) % PEER_SLOTS;
    for (; self->peers[slot].len > 0; slot = (slot + 1) % PEER_SLOTS)
        if (bus_peer_equal(&self->peers[slot], peer))
            return false;
    if (++self->peer_count > PEER_SLOTS / 2) {
        forget_peers(self);
        self->peer_count = 1;
    }
    self->peers[slot] = *peer;
    return true;
}

/* Connected, right schema, staging tables there; or an error of one line. */
static struct db *open_database(const struct options *options, char *error, size_t cap) {
    struct db *db = db_connect(options->database, "mxgrade-aggregator", error, cap);
    if (db == NULL)
        return NULL;
    if (db_check_schema(db, error, cap) && !store_open(db))
        snprintf(error, cap, "cannot create temporary tables: grant TEMPORARY on the database to this role");
    else if (*error == '\0')
        return db;
    db_close(&db);
    return NULL;
}

static void on_retry(uv_timer_t *timer);

static void go_away(struct aggregator *self) {
    if (self->state == STATE_SERVING)
        log_warn("database failed: results wait at the workers", LOG_INT("unacknowledged", self->inbox.results));
    if (self->state != STATE_ENDING)
        self->state = STATE_AWAY;
    uv_timer_start(&self->retry, on_retry, self->retry_ms, 0);
    self->retry_ms = self->retry_ms * 2 < RETRY_MAX_MS ? self->retry_ms * 2 : RETRY_MAX_MS;
}

/* Stores and acknowledges what is in the inbox. */
static void flush(struct aggregator *self) {
    size_t results = self->inbox.results;
    uint64_t began = uv_hrtime();
    uv_timer_stop(&self->flush);
    if (self->inbox.count == 0)
        return;
    enum store_result stored = store_batch(self->db, self->inbox.messages, self->inbox.count);
    uv_update_time(&self->loop); /* that took a while, and the next flush is timed from now */
    if (stored == STORE_LATER) {
        go_away(self);
        return;
    }
    inbox_acknowledge(&self->inbox, self->bus);
    self->retry_ms = RETRY_MS;
    log_debug("batch stored", LOG_INT("results", results), LOG_INT("us", (uv_hrtime() - began) / 1000));
}

static void on_flush(uv_timer_t *timer) {
    struct aggregator *self = timer->data;
    if (self->state == STATE_SERVING)
        flush(self);
}

static void on_retry(uv_timer_t *timer) {
    struct aggregator *self = timer->data;
    char error[1024] = "";
    if (!db_is_connected(self->db)) {
        struct db *fresh = open_database(&self->options, error, sizeof error);
        if (fresh == NULL) {
            log_warn("database still away", LOG_STR("error", error));
            go_away(self);
            return;
        }
        db_close(&self->db);
        self->db = fresh;
    }
    self->state = STATE_SERVING;
    flush(self);
    if (self->state != STATE_SERVING)
        return;
    log_info("database back", LOG_INT("sent_again", self->left_over));
    if (self->left_over)
        forget_peers(self); /* their next message is answered so that they send again */
    self->left_over = 0;
}

static void on_poll(uv_timer_t *timer) {
    struct aggregator *self = timer->data;
    if (self->state == STATE_SERVING && !finish_survey(self->db))
        go_away(self);
}

static void take_results(struct aggregator *self, const struct bus_peer *from, Mxgrade__Envelope *envelope) {
    if (inbox_full(&self->inbox, (size_t)self->options.batch)) { /* only while the database is away */
        self->left_over += envelope->results->n_result + envelope->results->n_policy;
        return;
    }
    inbox_take(&self->inbox, from, envelope);
    if (self->state != STATE_SERVING)
        return;
    if (inbox_full(&self->inbox, (size_t)self->options.batch))
        flush(self);
    else if (!uv_is_active((uv_handle_t *)&self->flush))
        uv_timer_start(&self->flush, on_flush, (uint64_t)self->options.flush_ms, 0);
}

static void on_message(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct aggregator *self = context;
    bool is_new = meet_peer(self, from);
    switch (envelope->body_case) {
    case MXGRADE__ENVELOPE__BODY_HELLO:
        log_info("worker", LOG_STR("worker", envelope->hello->worker_id), LOG_STR("vantage", envelope->hello->vantage),
                 LOG_STR("software", envelope->hello->software));
        return;
    case MXGRADE__ENVELOPE__BODY_RESULTS:
        take_results(self, from, envelope); /* they name worker and vantage themselves */
        break;
    case MXGRADE__ENVELOPE__BODY_HEARTBEAT:
    case MXGRADE__ENVELOPE__BODY_REFUSED:
        break;
    default:
        bus_refuse(bus, from, MXGRADE__REFUSED_REASON__REFUSED_UNEXPECTED, "an aggregator takes Hello and Results");
    }
    if (is_new)
        bus_refuse(bus, from, MXGRADE__REFUSED_REASON__REFUSED_UNKNOWN_WORKER, "say Hello and send again");
}

/* Stores what is there, and ends. A second signal finds no handler any more and kills. */
static void on_signal(uv_signal_t *handle, int number) {
    struct aggregator *self = handle->data;
    log_info("ending", LOG_INT("signal", number));
    if (self->state == STATE_SERVING)
        flush(self);
    self->state = STATE_ENDING;
    bus_close(&self->bus, LINGER_MS);
    uv_close((uv_handle_t *)&self->flush, NULL);
    uv_close((uv_handle_t *)&self->retry, NULL);
    uv_close((uv_handle_t *)&self->poll, NULL);
    uv_close((uv_handle_t *)&self->terminate, NULL);
    uv_close((uv_handle_t *)&self->interrupt, NULL);
}

static void start_handles(struct aggregator *self) {
    uv_timer_init(&self->loop, &self->flush);
    uv_timer_init(&self->loop, &self->retry);
    uv_timer_init(&self->loop, &self->poll);
    self->flush.data = self->retry.data = self->poll.data = self;
    uv_timer_start(&self->poll, on_poll, 0, POLL_MS);
    uv_signal_init(&self->loop, &self->terminate);
    uv_signal_init(&self->loop, &self->interrupt);
    self->terminate.data = self->interrupt.data = self;
    uv_signal_start(&self->terminate, on_signal, SIGTERM);
    uv_signal_start(&self->interrupt, on_signal, SIGINT);
}

static bool load_options(struct options *options, int argc, char **argv, int *status) {
    const struct config_option table[] = {
        {.name = "database",
         .type = CONFIG_TEXT,
         .target = &options->database,
         .argument = "CONNINFO",
         .help = "PostgreSQL connection string; default: PGHOST, PGDATABASE …"},
        {.name = "results",
         .type = CONFIG_TEXT,
         .target = &options->results,
         .fallback = "ipc:///run/mxgrade/results",
         .argument = "ENDPOINT",
         .help = "where workers deliver results"},
        {.name = "batch",
         .type = CONFIG_NUMBER,
         .target = &options->batch,
         .fallback = "1000",
         .argument = "N",
         .help = "results a transaction",
         .least = 1,
         .most = 100000},
        {.name = "flush",
         .type = CONFIG_DURATION,
         .target = &options->flush_ms,
         .fallback = "100ms",
         .argument = "TIME",
         .help = "longest wait for a batch to fill"},
        DAEMON_OPTIONS(options->daemon),
    };
    const struct config_program program = {
        .name = "mxgrade-aggregator",
        .usage = "[OPTION…]",
        .summary = "Stores and grades the results of mxgrade workers. Several may run on one database.",
        .options = table,
        .option_count = sizeof table / sizeof *table,
    };
    return daemon_begin(&program, "aggregator", &options->daemon, argc, argv, status);
}

static bool open_all(struct aggregator *self) {
    char error[1024] = "";
    struct bus_config config = bus_config_default(self->options.results, true);
    self->db = open_database(&self->options, error, sizeof error);
    if (self->db)
        self->bus = bus_open(&self->loop, &config, on_message, self, error, sizeof error);
    if (self->bus == NULL)
        fprintf(stderr, "mxgrade-aggregator: %s\n", error);
    return self->bus != NULL;
}

int main(int argc, char **argv) {
    static struct aggregator self = {.retry_ms = RETRY_MS};
    int status;
    if (!load_options(&self.options, argc, argv, &status))
        return status;
    uv_loop_init(&self.loop);
    bool opened = open_all(&self);
    if (opened) {
        start_handles(&self);
        log_info("ready", LOG_STR("results", self.options.results));
        uv_run(&self.loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&self.loop);
    inbox_free(&self.inbox);
    db_close(&self.db);
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
