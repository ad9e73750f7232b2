/* surveys.h - the surveys under way: taking lines in, feeding resolver and fleet, ending.
 *
 * The database says what is pending; this reads it in bounded pages and remembers only how far it read.
 */
#ifndef MXG_SURVEYS_H
#define MXG_SURVEYS_H

#include "fleet.h"
#include "resolve.h"

struct surveys;
/* All borrowed. */
struct surveys *surveys_new(struct resolver *resolver, struct fleet *fleet, const struct forbidden *forbidden);
void surveys_free(struct surveys **surveys);

/* One round over all surveys. look: read the list of surveys anew. false: a statement failed. */
__attribute__((warn_unused_result)) bool surveys_step(struct surveys *surveys, struct db *db, bool look,
                                                      uint64_t now_ms);

#endif
