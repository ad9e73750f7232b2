/* store.c - see store.h.
 *
 * A batch is cut into slices that a transaction can take: certificates first (grades look at them), then
 * results by survey, so that statements see one partition each, then policies likewise; the second result
 * of an endpoint or a domain in a batch takes a second turn. A transaction is staging, a fixed list of
 * set-based statements, grades where there are any, commit.
 * If PostgreSQL minds the data, the slice is halved until the culprit stands alone. If another
 * transaction was in the way, the slice is tried again at once. Anything else that fails is the
 * database's own trouble and means later.
 */
#include "store.h"

#include "aggregator_sql.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "grade_rows.h"
#include "item.h"
#include "stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUARANTINE_OCTETS_MAX = 1 << 20,
    TRIES_MAX = 4, /* of a transaction that others are in the way of */
};

/* In this order, each with the survey as its parameter. */
static const struct statement *const RESULT_STATEMENTS[] = {
    &SQL_UPDATE_ENDPOINTS, &SQL_JUDGE_BROKEN,        &SQL_UPDATE_NAMES,
    &SQL_SETTLE_NAMES,     &SQL_ASK_REMAINING_NAMES, &SQL_TOUCH_JUDGED,
};

bool store_open(struct db *db) { return db_run(db, &SQL_STAGING); }

static bool apply_certificates(struct db *db, const struct item *items, size_t count) {
    return stage_certificates(db, items, count) && db_run(db, &SQL_INSERT_CERTIFICATES);
}

static bool apply_results(struct db *db, const struct item *items, size_t count) {
    char survey[16];
    snprintf(survey, sizeof survey, "%" PRIu32, items[0].result->survey);
    if (!stage_results(db, items, count))
        return false;
    for (size_t i = 0; i < sizeof RESULT_STATEMENTS / sizeof *RESULT_STATEMENTS; i++)
        if (!db_run(db, RESULT_STATEMENTS[i], survey))
            return false;
    return grade_touched(db, survey) && refresh_touched(db, survey);
}

static bool apply_policies(struct db *db, const struct item *items, size_t count) {
    char survey[16];
    snprintf(survey, sizeof survey, "%" PRIu32, items[0].policy->survey);
    return stage_policies(db, items, count) && db_run(db, &SQL_UPDATE_POLICIES, survey);
}

static bool apply_slice(struct db *db, const struct item *items, size_t count) {
    static bool (*const apply_kind[])(struct db *, const struct item *, size_t) = {
        [ITEM_CERTIFICATE] = apply_certificates, [ITEM_RESULT] = apply_results, [ITEM_POLICY] = apply_policies};
    return db_begin(db) && apply_kind[items->kind](db, items, count) && db_commit(db);
}

/* One transaction. A deadlock or a failed serialisation is nobody's fault: the loser goes again, the winner is through.
 */
static bool commit_slice(struct db *db, const struct item *items, size_t count) {
    for (unsigned tries = 1; !apply_slice(db, items, count); tries++) {
        db_rollback(db);
        if (db_error(db) != DB_RETRY || tries == TRIES_MAX)
            return false;
    }
    return true;
}

/* As hexadecimal for bytea; NULL if too large. */
static char *packed_hex(const struct item *item) {
    const ProtobufCMessage *message = item_message(item);
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

static enum store_result quarantine(struct db *db, const struct item *item, const char *why) {
    enum { TEXT_MAX = 256 };
    char worker[TEXT_MAX], place[TEXT_MAX], survey[16], job[24];
    struct item_key key = item_key(item);
    text_sanitise(worker, sizeof worker, item->from->worker_id, strlen(item->from->worker_id));
    text_sanitise(place, sizeof place, key.place, strlen(key.place));
    snprintf(survey, sizeof survey, "%" PRIu32, key.survey);
    snprintf(job, sizeof job, "%" PRIu64, key.job);
    char *message = packed_hex(item);
    bool keyed = item->kind != ITEM_CERTIFICATE;
    log_warn("result quarantined", LOG_STR("why", why), LOG_STR("worker", worker), LOG_STR("survey", survey),
             LOG_STR(item->kind == ITEM_POLICY ? "domain" : "endpoint", place), LOG_STR("job", job));
    bool stored = db_run(db, &SQL_QUARANTINE, worker, keyed ? survey : NULL, keyed ? place : NULL, keyed ? job : NULL,
                         why, message);
    free(message);
    return stored ? STORE_DONE : STORE_LATER;
}

static enum store_result store_slice(struct db *db, const struct item *items, size_t count) {
    if (commit_slice(db, items, count))
        return STORE_DONE;
    if (db_error(db) != DB_DATA)
        return STORE_LATER;
    if (count == 1)
        return quarantine(db, items, db_error_text(db));
    if (store_slice(db, items, count / 2) == STORE_LATER)
        return STORE_LATER;
    return store_slice(db, items + count / 2, count - count / 2);
}

/* By kind, turn and survey. */
static int compare_slices(const struct item *a, const struct item *b) {
    uint32_t survey_a = item_key(a).survey, survey_b = item_key(b).survey;
    int order = (a->kind > b->kind) - (a->kind < b->kind);
    if (order == 0)
        order = (a->turn > b->turn) - (a->turn < b->turn);
    return order ? order : (survey_a > survey_b) - (survey_a < survey_b);
}

/* Of one kind, by the row that an item is stored in: an address in its one spelling, or a domain. */
static int compare_rows(const struct item *a, const struct item *b) {
    return a->kind == ITEM_POLICY ? strcmp(a->policy->domain, b->policy->domain) : strcmp(a->address, b->address);
}

static int compare_items(const void *left, const void *right) {
    const struct item *a = left, *b = right;
    int order = compare_slices(a, b);
    if (order == 0)
        order = compare_rows(a, b);
    return order ? order : (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

static bool same_row(const struct item *a, const struct item *b) {
    return a->kind != ITEM_CERTIFICATE && a->kind == b->kind && item_key(a).survey == item_key(b).survey &&
           compare_rows(a, b) == 0;
}

/* Sorts the items into slices; an endpoint or a domain stands in each slice at most once. */
static void sort_items(struct item *items, size_t count) {
    qsort(items, count, sizeof *items, compare_items);
    for (size_t i = 1; i < count; i++)
        if (same_row(&items[i - 1], &items[i]))
            items[i].turn = items[i - 1].turn + 1;
    qsort(items, count, sizeof *items, compare_items);
}

static size_t slice_len(const struct item *items, size_t count) {
    size_t len = 1;
    while (len < count && compare_slices(items, &items[len]) == 0)
        len++;
    return len;
}

/* Adds the item if it can be stored at all. */
static enum store_result admit_item(struct db *db, struct item *items, size_t *count, struct item item) {
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
        total += messages[i].results->n_certificate + messages[i].results->n_result + messages[i].results->n_policy;
    return total;
}

static enum store_result admit_message(struct db *db, struct item *items, size_t *count, const Mxgrade__Results *from) {
    enum store_result result = STORE_DONE;
    for (size_t i = 0; result == STORE_DONE && i < from->n_certificate; i++)
        result = admit_item(db, items, count,
                            (struct item){.kind = ITEM_CERTIFICATE, .from = from, .certificate = from->certificate[i]});
    for (size_t i = 0; result == STORE_DONE && i < from->n_result; i++)
        result =
            admit_item(db, items, count, (struct item){.kind = ITEM_RESULT, .from = from, .result = from->result[i]});
    for (size_t i = 0; result == STORE_DONE && i < from->n_policy; i++)
        result =
            admit_item(db, items, count, (struct item){.kind = ITEM_POLICY, .from = from, .policy = from->policy[i]});
    return result;
}

enum store_result store_batch(struct db *db, const struct inbox_message *messages, size_t count) {
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
