/* store.c - see store.h.
 *
 * A batch is cut into slices that a transaction can take: certificates first (grades look at them), then
 * results by survey, so that statements see one partition each; an endpoint's second result in a batch
 * takes a second turn. A transaction is staging, a fixed list of set-based statements, grades, commit.
 * If PostgreSQL minds the data, the slice is halved until the culprit stands alone; anything else that
 * fails is the database's own trouble and means later.
 */
#include "store.h"

#include "aggregator_sql.h"
#include "grade_rows.h"
#include "log.h"
#include "mem.h"
#include "stage.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUARANTINE_OCTETS_MAX = 1 << 20, SQLSTATE_OCTETS = 5 };

/* In this order, each with the survey as its parameter. */
static const struct {
    const char *name, *sql;
} RESULT_STATEMENTS[] = {
    {"update endpoints", SQL_UPDATE_ENDPOINTS}, {"update names", SQL_UPDATE_NAMES},
    {"settle names", SQL_SETTLE_NAMES},         {"ask remaining names", SQL_ASK_REMAINING_NAMES},
    {"touch judged names", SQL_TOUCH_JUDGED},
};

bool store_open(PGconn *db) {
    PQsetErrorVerbosity(db, PQERRORS_VERBOSE); /* error messages carry the SQLSTATE, see data_is_at_fault() */
    return db_run(db, "create staging tables", SQL_STAGING, 0, NULL);
}

static bool apply_certificates(PGconn *db, const struct item *items, size_t count) {
    return stage_certificates(db, items, count) && db_run(db, "insert certificates", SQL_INSERT_CERTIFICATES, 0, NULL);
}

static bool apply_results(PGconn *db, const struct item *items, size_t count) {
    char survey[16];
    const char *const params[] = {survey};
    snprintf(survey, sizeof survey, "%" PRIu32, items[0].result->survey);
    if (!stage_results(db, items, count))
        return false;
    for (size_t i = 0; i < sizeof RESULT_STATEMENTS / sizeof *RESULT_STATEMENTS; i++)
        if (!db_run(db, RESULT_STATEMENTS[i].name, RESULT_STATEMENTS[i].sql, 1, params))
            return false;
    return grade_touched(db, survey) && refresh_touched(db, survey);
}

static bool apply(PGconn *db, const struct item *items, size_t count) {
    return db_run(db, "begin", "BEGIN", 0, NULL) &&
           (items[0].certificate ? apply_certificates(db, items, count) : apply_results(db, items, count)) &&
           db_run(db, "commit", "COMMIT", 0, NULL);
}

/* Whether the last error says that some value or row cannot be stored; why gets the message. Verbose
 * messages read "ERROR:  22021: invalid byte sequence …", whatever the language. */
static bool data_is_at_fault(PGconn *db, char *why, size_t cap) {
    static const char *const classes[] = {"22", "23", "54"}; /* data exception, integrity, program limit */
    const char *message = PQerrorMessage(db), *colon = strchr(message, ':');
    const char *state = colon ? colon + 1 + strspn(colon + 1, " ") : "";
    if (PQstatus(db) != CONNECTION_OK || strcspn(state, ":") != SQLSTATE_OCTETS)
        return false;
    text_sanitise(why, cap, state, strcspn(state, "\n"));
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(state, classes[i], 2) == 0)
            return true;
    return false;
}

/* As hexadecimal for bytea; NULL if too large. */
static char *packed_hex(const struct item *item) {
    const ProtobufCMessage *message = item->certificate ? &item->certificate->base : &item->result->base;
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > QUARANTINE_OCTETS_MAX)
        return NULL;
    uint8_t *packed = mem_alloc(len);
    char *hex = mem_alloc(2 * len + sizeof "\\x");
    protobuf_c_message_pack(message, packed);
    hex[0] = '\\';
    hex[1] = 'x';
    text_hex(hex + 2, packed, len);
    free(packed);
    return hex;
}

static enum store_result quarantine(PGconn *db, const struct item *item, const char *why) {
    enum { TEXT_MAX = 256 };
    char worker[TEXT_MAX], address[TEXT_MAX] = "", survey[16] = "", job[24] = "";
    text_sanitise(worker, sizeof worker, item->from->worker_id, strlen(item->from->worker_id));
    if (item->result) {
        text_sanitise(address, sizeof address, item->result->address, strlen(item->result->address));
        snprintf(survey, sizeof survey, "%" PRIu32, item->result->survey);
        snprintf(job, sizeof job, "%" PRIu64, item->result->job);
    }
    char *message = packed_hex(item);
    const char *const params[] = {
        worker, item->result ? survey : NULL, item->result ? address : NULL, item->result ? job : NULL, why, message};
    log_warn("result quarantined", LOG_STR("why", why), LOG_STR("worker", worker), LOG_STR("survey", survey),
             LOG_STR("endpoint", address), LOG_STR("job", job));
    bool stored = db_run(db, "quarantine", SQL_QUARANTINE, sizeof params / sizeof *params, params);
    free(message);
    return stored ? STORE_DONE : STORE_LATER;
}

static enum store_result store_slice(PGconn *db, const struct item *items, size_t count) {
    char why[512];
    if (apply(db, items, count))
        return STORE_DONE;
    bool bisect = data_is_at_fault(db, why, sizeof why);
    if (PQstatus(db) != CONNECTION_OK || !db_run(db, "rollback", "ROLLBACK", 0, NULL) || !bisect)
        return STORE_LATER;
    if (count == 1)
        return quarantine(db, items, why);
    if (store_slice(db, items, count / 2) == STORE_LATER)
        return STORE_LATER;
    return store_slice(db, items + count / 2, count - count / 2);
}

static int compare_kind(const struct item *a, const struct item *b) {
    int kind = (a->result != NULL) - (b->result != NULL);
    return kind ? kind : (a->turn > b->turn) - (a->turn < b->turn);
}

static int compare_survey(const struct item *a, const struct item *b) {
    return a->result ? (a->result->survey > b->result->survey) - (a->result->survey < b->result->survey) : 0;
}

/* By kind, turn and survey, which make a slice, then by address. */
static int compare_items(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    int order = compare_kind(a, b);
    if (order == 0)
        order = compare_survey(a, b);
    if (order == 0)
        order = strcmp(a->address, b->address);
    return order ? order : (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

/* Sorts the items into slices; an endpoint stands in each slice at most once. */
static void sort_items(struct item *items, size_t count) {
    qsort(items, count, sizeof *items, compare_items);
    for (size_t i = 1; i < count; i++)
        if (items[i].result && items[i - 1].result && compare_survey(&items[i - 1], &items[i]) == 0 &&
            strcmp(items[i - 1].address, items[i].address) == 0)
            items[i].turn = items[i - 1].turn + 1;
    qsort(items, count, sizeof *items, compare_items);
}

static size_t slice_len(const struct item *items, size_t count) {
    size_t len = 1;
    while (len < count && compare_kind(items, &items[len]) == 0 && compare_survey(items, &items[len]) == 0)
        len++;
    return len;
}

/* Adds the item if it can be stored at all. */
static enum store_result admit(PGconn *db, struct item *items, size_t *count, struct item item) {
    const char *flaw = item_flaw(&item);
    if (flaw)
        return quarantine(db, &item, flaw);
    item.arrival = *count;
    items[(*count)++] = item;
    return STORE_DONE;
}

static size_t item_total(const struct inbox_message *messages, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += messages[i].results->n_result + messages[i].results->n_certificate;
    return total;
}

static enum store_result admit_message(PGconn *db, struct item *items, size_t *count, const Mxgrade__Results *from) {
    enum store_result result = STORE_DONE;
    for (size_t i = 0; result == STORE_DONE && i < from->n_certificate; i++)
        result = admit(db, items, count, (struct item){.from = from, .certificate = from->certificate[i]});
    for (size_t i = 0; result == STORE_DONE && i < from->n_result; i++)
        result = admit(db, items, count, (struct item){.from = from, .result = from->result[i]});
    return result;
}

enum store_result store_batch(PGconn *db, const struct inbox_message *messages, size_t count) {
    struct item *items = mem_calloc(item_total(messages, count), sizeof *items);
    enum store_result result = STORE_DONE;
    size_t item_count = 0;
    for (size_t i = 0; result == STORE_DONE && i < count; i++)
        result = admit_message(db, items, &item_count, messages[i].results);
    sort_items(items, item_count);
    for (size_t at = 0, len; result == STORE_DONE && at < item_count; at += len) {
        len = slice_len(items + at, item_count - at);
        result = store_slice(db, items + at, len);
    }
    free(items);
    return result;
}
