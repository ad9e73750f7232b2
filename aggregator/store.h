/* store.h - applies a batch of messages to the database: everything in it is either stored or, each
 * culprit alone, quarantined with its reason. Applying a batch twice changes nothing. */
#ifndef MXG_AGGREGATOR_STORE_H
#define MXG_AGGREGATOR_STORE_H

#include "db/db.h"
#include "inbox.h"

enum store_result {
    STORE_DONE, /* committed: acknowledge */
    STORE_LATER /* the database is lost, full or unwilling, which was logged: nothing to acknowledge; do it all again */
};

/* Prepares a fresh connection; false after logging why. */
__attribute__((warn_unused_result)) bool store_open(struct db *db);

__attribute__((warn_unused_result)) enum store_result store_batch(struct db *db, const struct inbox_message *messages,
                                                                  size_t count);

#endif
