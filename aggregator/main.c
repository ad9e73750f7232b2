/* main.c - mxgrade-aggregator: takes results from workers, stores and grades them, acknowledges.
 *
 * Messages gather in the inbox until the inbox is full or the flush timer fires. Then comes one synchronous
 * store_batch() and, after its commit, the acks. While the database is away the inbox fills up to one batch, and
 * further results are left unacknowledged: workers keep such results, take no more jobs than they can hold, and send
 * again. A peer that this process has not met is asked for its Hello, which makes a worker send again whatever nobody
 * acknowledged: restarts of either side lose nothing.
 */
#include "base/daemon.h"
#include "base/log.h"
#include "bus/bus.h"
#include "db/db.h"
#include "finish.h"
#include "inbox.h"
#include "peers.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    POLL_MS = 1000, /* how often to look for surveys to complete */
    RETRY_MS = 100, /* first wait after the database failed; doubles */
    RETRY_MAX_MS = 5000,
    LINGER_MS = 2000,
};

enum state {
    STATE_SERVING, /* the database answers */
    STATE_AWAY,    /* the database does not answer: the retry timer runs */
    STATE_ENDING,
};

static struct {
    const char *database, *results;
    int64_t batch, flush_ms;
    struct daemon_options daemon;
} options;

static const struct config_option OPTIONS[] = {
    DATABASE_OPTION(options.database, "PostgreSQL connection string; default: PGHOST, PGDATABASE …"),
    RESULTS_OPTION(options.results, "where workers deliver results"),
    {"batch", CONFIG_NUMBER, &options.batch, "1000", "N", "results a transaction", 1, 100000},
    {"flush", CONFIG_DURATION, &options.flush_ms, "100ms", "TIME", "longest wait for a batch to fill", 0, 0},
    DAEMON_OPTIONS(options.daemon),
};

struct aggregator {
    enum state state;
    uv_loop_t *loop;
    uv_timer_t flush, retry, poll;
    bus_t *bus;
    struct db *db;
    struct inbox inbox;
    struct peers peers;
    uint64_t retry_ms;
    uint64_t left_over; /* results left unacknowledged while away */
};

/* Connected, right schema, staging tables there; or an error of one line. */
static struct db *open_database(char *error, size_t cap) {
    struct db *db = db_connect(options.database, "mxgrade-aggregator", error, cap);
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
static void flush_inbox(struct aggregator *self) {
    size_t results = self->inbox.results;
    uint64_t began = uv_hrtime();
    uv_timer_stop(&self->flush);
    if (self->inbox.count == 0)
        return;
    enum store_result stored = store_batch(self->db, self->inbox.messages, self->inbox.count);
    uv_update_time(self->loop); /* that took a while, and the next flush is timed from now */
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
        flush_inbox(self);
}

static void on_retry(uv_timer_t *timer) {
    struct aggregator *self = timer->data;
    char error[1024] = "";
    if (!db_is_connected(self->db)) {
        struct db *fresh = open_database(error, sizeof error);
        if (fresh == NULL) {
            log_warn("database still away", LOG_STR("error", error));
            go_away(self);
            return;
        }
        db_close(&self->db);
        self->db = fresh;
    }
    self->state = STATE_SERVING;
    flush_inbox(self);
    if (self->state != STATE_SERVING)
        return;
    log_info("database back", LOG_INT("sent_again", self->left_over));
    if (self->left_over)
        peers_forget(&self->peers); /* their next message is answered so that they send again */
    self->left_over = 0;
}

static void on_poll(uv_timer_t *timer) {
    struct aggregator *self = timer->data;
    if (self->state == STATE_SERVING && !finish_survey(self->db))
        go_away(self);
}

static void take_results(struct aggregator *self, const struct bus_peer *from, Mxgrade__Envelope *envelope) {
    if (inbox_full(&self->inbox, (size_t)options.batch)) { /* only while the database is away */
        self->left_over += envelope->results->n_result + envelope->results->n_policy;
        return;
    }
    inbox_take(&self->inbox, from, envelope);
    if (self->state != STATE_SERVING)
        return;
    if (inbox_full(&self->inbox, (size_t)options.batch))
        flush_inbox(self);
    else if (!uv_is_active((uv_handle_t *)&self->flush))
        uv_timer_start(&self->flush, on_flush, (uint64_t)options.flush_ms, 0);
}

static void on_message(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct aggregator *self = context;
    bool is_new = peers_meet(&self->peers, from);
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

static void stop_aggregator(void *context) {
    struct aggregator *self = context;
    bus_close(&self->bus, LINGER_MS);
    uv_close((uv_handle_t *)&self->flush, NULL);
    uv_close((uv_handle_t *)&self->retry, NULL);
    uv_close((uv_handle_t *)&self->poll, NULL);
}

/* Stores what the inbox holds, and ends. */
static void on_drain(void *context, int signal) {
    struct aggregator *self = context;
    log_info("ending", LOG_INT("signal", signal));
    if (self->state == STATE_SERVING)
        flush_inbox(self);
    self->state = STATE_ENDING;
    stop_aggregator(self);
}

static bool on_start(void *context, uv_loop_t *loop, char *error, size_t cap) {
    struct aggregator *self = context;
    const struct bus_config results = bus_config_default(options.results, true);
    self->loop = loop;
    uv_timer_init(loop, &self->flush);
    uv_timer_init(loop, &self->retry);
    uv_timer_init(loop, &self->poll);
    self->flush.data = self->retry.data = self->poll.data = self;
    self->db = open_database(error, cap);
    if (self->db)
        self->bus = bus_open(loop, &results, on_message, self, error, cap);
    if (self->bus == NULL)
        return false;
    uv_timer_start(&self->poll, on_poll, 0, POLL_MS);
    log_info("ready", LOG_STR("results", options.results));
    return true;
}

static const struct config_program PROGRAM = {
    .name = "mxgrade-aggregator",
    .usage = "[OPTION…]",
    .summary = "Stores and grades the results of mxgrade workers. Several may run on one database.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

static const struct daemon DAEMON = {
    .program = &PROGRAM,
    .component = "aggregator",
    .options = &options.daemon,
    .start = on_start,
    .drain = on_drain,
    .stop = stop_aggregator,
};

int main(int argc, char **argv) {
    static struct aggregator self = {.retry_ms = RETRY_MS};
    int status;
    if (!daemon_begin(&DAEMON, argc, argv, &status))
        return status;
    status = daemon_run(&DAEMON, &self);
    inbox_free(&self.inbox);
    db_close(&self.db);
    return status;
}
