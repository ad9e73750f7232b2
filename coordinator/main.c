/* main.c - mxgrade-coordinator: lists to jobs. The only program that decides.
 *
 * One event loop; a tick every TICK_MS moves everything that is due: notifications, surveys, finished batches, leases.
 * The database session is synchronous and bounded (pages and batches); while it is lost, leases live on and everything
 * else waits. One coordinator a database is active, by an advisory lock; another one stands by until the lock is free.
 */
#include "base/daemon.h"
#include "base/log.h"
#include "beside.h"
#include "bus/bus.h"
#include "db/db.h"
#include "dns/dns.h"
#include "fleet.h"
#include "forbidden/forbidden.h"
#include "resolve.h"
#include "surveys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    TICK_MS = 50,
    LOOK_MS = 5000,         /* look for surveys even if no notification came */
    RECONNECT_MIN_MS = 500, /* doubles up to … */
    RECONNECT_MAX_MS = 30000,
    STANDBY_MS = 2000,
    LINGER_MS = 500,
    WRITE_AFTER_MS = 500, /* domains that are looked up wait for others for so long */
};

static struct {
    const char *database, *jobs_endpoint, *resolver, *signed_name, *blocklist;
    int64_t port, dns_in_flight, dns_timeout_ms, dns_tries, batch, domains, queue, lease_ms, gap_ms;
    bool allow_reserved, trust_resolver;
    struct daemon_options daemon;
} options;

static const struct config_option OPTIONS[] = {
    DATABASE_OPTION(options.database, "PostgreSQL connection [libpq's environment]"),
    JOBS_OPTION(options.jobs_endpoint, "ZeroMQ endpoint to listen on for workers"),
    {"resolver", CONFIG_TEXT, &options.resolver, NULL, "ADDRESS[:PORT]",
     "recursive resolvers, joined by commas [the system's]", 0, 0},
    {"trust-resolver", CONFIG_FLAG, &options.trust_resolver, NULL, NULL,
     "believe what a resolver beyond loopback says of DNSSEC: nobody can alter its answers on the way", 0, 0},
    {"signed-name", CONFIG_TEXT, &options.signed_name, ".", "NAME",
     "a name that is signed, to see whether the resolvers validate", 0, 0},
    BLOCKLIST_OPTION(options.blocklist),
    ALLOW_RESERVED_OPTION(options.allow_reserved, " (lab only)"),
    {"port", CONFIG_NUMBER, &options.port, "25", "N", "SMTP port of mail servers", 1, 65535},
    {"dns-in-flight", CONFIG_NUMBER, &options.dns_in_flight, "10000", "N", "DNS queries under way at once", 1, 50000},
    {"dns-timeout", CONFIG_DURATION, &options.dns_timeout_ms, "1500ms", "TIME",
     "wait for a DNS answer before the second try; doubles with each further one", 0, 0},
    {"dns-tries", CONFIG_NUMBER, &options.dns_tries, "4", "N", "tries for a DNS query, over all resolvers", 1,
     DNS_TRIES_MAX},
    {"batch", CONFIG_NUMBER, &options.batch, "2000", "N", "domains written together", 1, 20000},
    {"domains", CONFIG_NUMBER, &options.domains, "20000", "N", "domains under way at once", 1, 1000000},
    {"queue", CONFIG_NUMBER, &options.queue, "5000", "N", "jobs in memory that wait for workers", 1, 100000},
    {"lease", CONFIG_DURATION, &options.lease_ms, "10m", "TIME", "a worker silent for that long has lost its jobs", 0,
     0},
    {"gap", CONFIG_DURATION, &options.gap_ms, "1s", "TIME", "pause between two jobs for one address", 0, 0},
    DAEMON_OPTIONS(options.daemon),
};

enum session_state {
    SESSION_LOST,    /* reconnect at retry_at_ms */
    SESSION_STANDBY, /* connected; another coordinator holds the lock */
    SESSION_ACTIVE,
};

struct coordinator {
    uv_loop_t *loop;
    uv_timer_t tick;
    enum session_state session;
    struct db *db;
    uint64_t retry_at_ms, retry_ms, look_at_ms;
    struct forbidden *forbidden;
    struct dns *dns, *dns_beside;
    struct resolver *resolver;
    struct beside *beside;
    struct fleet *fleet;
    struct surveys *surveys;
    bus_t *bus;
};

/* ---- the database session ---- */

static bool take_lock(struct db *db) {
    static const struct statement lock = {"lock", "SELECT pg_try_advisory_lock(hashtext('mxgrade_coordinator'))", 0};
    PGresult *rows = db_query(db, &lock);
    bool taken = rows && PQntuples(rows) == 1 && *PQgetvalue(rows, 0, 0) == 't';
    PQclear(rows);
    return taken;
}

/* Lock, LISTEN and temporary tables; SESSION_STANDBY if another coordinator is active. */
static enum session_state start_session(struct db *db) {
    static const struct statement listen = {"listen", "LISTEN mxgrade_survey", 0};
    if (!take_lock(db))
        return db_is_connected(db) ? SESSION_STANDBY : SESSION_LOST;
    bool ready = db_run(db, &listen) && resolver_prepare_session(db) && beside_prepare_session(db);
    if (ready)
        log_info("active");
    return ready ? SESSION_ACTIVE : SESSION_LOST;
}

static void set_session(struct coordinator *c, enum session_state state) {
    if (state == SESSION_STANDBY && c->session != SESSION_STANDBY)
        log_info("standing by: another coordinator is active");
    c->session = state;
    c->look_at_ms = 0;
    c->retry_at_ms = uv_now(c->loop) + (state == SESSION_STANDBY ? STANDBY_MS : c->retry_ms);
    if (state == SESSION_ACTIVE)
        c->retry_ms = RECONNECT_MIN_MS;
}

static void lose_session(struct coordinator *c) {
    log_error("database lost; trying again", LOG_INT("in_ms", c->retry_ms));
    set_session(c, SESSION_LOST);
    c->retry_ms = 2 * c->retry_ms < RECONNECT_MAX_MS ? 2 * c->retry_ms : RECONNECT_MAX_MS;
}

static void restore_session(struct coordinator *c) {
    if (uv_now(c->loop) < c->retry_at_ms)
        return;
    char error[512] = "";
    bool usable = c->session != SESSION_LOST || db_reconnect(c->db, error, sizeof error);
    usable = usable && db_is_connected(c->db) && db_check_schema(c->db, error, sizeof error);
    if (*error)
        log_error("database not usable", LOG_STR("why", error));
    enum session_state state = usable ? start_session(c->db) : SESSION_LOST;
    if (state == SESSION_LOST)
        lose_session(c);
    else
        set_session(c, state);
}

/* ---- the tick ---- */

static void work_on_surveys(struct coordinator *c) {
    uint64_t now = uv_now(c->loop);
    bool lost, look = db_was_notified(c->db, &lost) || now >= c->look_at_ms; /* somebody submitted a survey */
    if (look)
        c->look_at_ms = now + LOOK_MS;
    bool good = resolver_write(c->resolver, c->db, now);
    good = db_is_connected(c->db) && surveys_step(c->surveys, c->db, look, now) && good;
    if (db_is_connected(c->db))
        beside_step(c->beside, c->db, now);
    if (!db_is_connected(c->db))
        lose_session(c);
    else if (!good) /* a statement failed, a deadlock for one: the same work comes again */
        c->look_at_ms = 0;
}

static void on_tick(uv_timer_t *timer) {
    struct coordinator *c = timer->data;
    if (c->session != SESSION_ACTIVE)
        restore_session(c);
    if (c->session == SESSION_ACTIVE)
        work_on_surveys(c);
    uv_update_time(c->loop);
    if (c->session == SESSION_ACTIVE) /* without the lock another coordinator may be handing out the same addresses */
        fleet_tick(c->fleet, c->bus, uv_now(c->loop));
}

static void on_message(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct coordinator *c = context;
    fleet_receive(c->fleet, bus, from, envelope, uv_now(c->loop));
}

/* ---- start and stop ---- */

static void stop_coordinator(void *self) {
    struct coordinator *c = self;
    bus_close(&c->bus, LINGER_MS);
    dns_close(&c->dns);
    dns_close(&c->dns_beside);
    uv_close((uv_handle_t *)&c->tick, NULL);
}

static void on_drain(void *self, int signal) {
    (void)signal;
    log_info("stopping: what is pending stays in the database");
    stop_coordinator(self);
}

static void on_reload(void *self) {
    struct coordinator *c = self;
    if (forbidden_reload(c->forbidden))
        fleet_drop_forbidden(c->fleet);
}

static bool open_parts(struct coordinator *c, char *error, size_t cap) {
    struct dns_config dns = {.servers = options.resolver,
                             .in_flight = (size_t)options.dns_in_flight,
                             .timeout_ms = (int)options.dns_timeout_ms,
                             .tries = (int)options.dns_tries,
                             .trust_path = options.trust_resolver,
                             .signed_name = options.signed_name};
    c->forbidden = forbidden_open(options.blocklist, options.allow_reserved, error, cap);
    if (c->forbidden == NULL)
        return false;
    const struct resolver_config resolver = {.forbidden = c->forbidden,
                                             .port = (unsigned)options.port,
                                             .domains = (size_t)options.domains,
                                             .batch = (size_t)options.batch,
                                             .write_after_ms = WRITE_AFTER_MS};
    const struct fleet_config fleet = {.lease_ms = (uint64_t)options.lease_ms,
                                       .gap_ms = (uint64_t)options.gap_ms,
                                       .queue = (size_t)options.queue,
                                       .forbidden = c->forbidden};
    const struct bus_config jobs = bus_config_default(options.jobs_endpoint, true);
    uint32_t epoch = 0;
    if (getrandom(&epoch, sizeof epoch, 0) < 0)
        epoch = (uint32_t)uv_hrtime();
    c->dns = dns_open(c->loop, &dns, error, cap);
    if (c->dns == NULL)
        return false;
    dns.in_flight = dns.in_flight < BESIDE_MAX ? dns.in_flight : BESIDE_MAX;
    c->dns_beside = dns_open(c->loop, &dns, error, cap);
    if (c->dns_beside == NULL)
        return false;
    c->beside = beside_new(c->dns_beside);
    c->resolver = resolver_new(c->dns, &resolver);
    c->fleet = fleet_new(&fleet, epoch >> 1, uv_now(c->loop));
    c->surveys = surveys_new(c->resolver, c->fleet, c->forbidden);
    c->bus = bus_open(c->loop, &jobs, on_message, c, error, cap);
    return c->bus != NULL;
}

static bool on_start(void *self, uv_loop_t *loop, char *error, size_t cap) {
    struct coordinator *c = self;
    c->loop = loop;
    uv_timer_init(loop, &c->tick);
    c->tick.data = c;
    c->db = db_connect(options.database, "mxgrade-coordinator", error, cap);
    if (c->db == NULL || !db_check_schema(c->db, error, cap) || !open_parts(c, error, cap))
        return false;
    set_session(c, start_session(c->db));
    uv_timer_start(&c->tick, on_tick, 0, TICK_MS);
    log_info("ready", LOG_STR("jobs", options.jobs_endpoint));
    return true;
}

/* When the loop has ended. */
static void release(struct coordinator *c) {
    surveys_free(&c->surveys);
    resolver_free(&c->resolver);
    beside_free(&c->beside);
    fleet_free(&c->fleet);
    forbidden_close(&c->forbidden);
    db_close(&c->db);
}

static const struct config_program PROGRAM = {
    .name = "mxgrade-coordinator",
    .usage = "[OPTION…]",
    .summary = "Takes in submitted surveys, resolves their domains and hands probe jobs to workers.",
    .notes = "Exit status: 0 after a clean stop, 1 if it could not start, 2 for a usage error.\n"
             "SIGTERM stops; a second one ends at once. Nothing is lost: a restart resumes.\n"
             "SIGHUP reads the blocklist again.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

static const struct daemon DAEMON = {
    .program = &PROGRAM,
    .component = "coordinator",
    .options = &options.daemon,
    .start = on_start,
    .drain = on_drain,
    .reload = on_reload,
    .stop = stop_coordinator,
};

int main(int argc, char **argv) {
    struct coordinator coordinator = {.session = SESSION_LOST, .retry_ms = RECONNECT_MIN_MS};
    int status;
    if (!daemon_begin(&DAEMON, argc, argv, &status))
        return status;
    status = daemon_run(&DAEMON, &coordinator);
    release(&coordinator);
    if (status == EXIT_SUCCESS)
        log_info("stopped");
    return status;
}
