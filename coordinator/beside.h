/* beside.h - look-ups beside the surveys: what addresses are called (PTR), and who may issue certificates for exchanges
 * (CAA). Nothing waits for them, and what gets no answer is unknown.
 *
 * What is pending stands in the database (asked_at is null), each address and exchange of a survey once. They have a
 * struct dns of their own, so that reverse zones which nobody serves narrow the window of no other look-up, and go on
 * when a survey is complete.
 */
#ifndef MXG_BESIDE_H
#define MXG_BESIDE_H

#include "dns/dns.h"

#include "db/db.h"

enum { BESIDE_MAX = 256 }; /* under way or not written yet, over all surveys */

struct beside;
/* dns: borrowed. */
struct beside *beside_new(struct dns *dns);
/* Only after dns_close(): no query may be outstanding. */
void beside_free(struct beside **beside);

/* Reads what is pending, writes what is known. A statement that fails costs nothing: the same comes again. */
void beside_step(struct beside *beside, struct db *db, uint64_t now_ms);

/* Temporary tables of a fresh database session. */
__attribute__((warn_unused_result)) bool beside_prepare_session(struct db *db);

#endif
