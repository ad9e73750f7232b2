/* plan_complete.h - what OpenSSL could complete of what a server selected, and so whether its first handshake failed
 * for what it offered.
 */
#ifndef MXG_PLAN_COMPLETE_H
#define MXG_PLAN_COMPLETE_H

#include "plan/plan.h"

/* Could OpenSSL complete what was selected? Not SSL 3.0, RC4 and the like, nor a group that we only offer. */
bool plan_could_complete(const struct plan_note *note);

/* Did the first handshake fail for something else than what it offered: met by silence or nonsense, or refused although
 * the server selects the same in another hello? */
bool plan_first_stumbled(const struct plan *plan);

#endif
