/* plan_order.h - whose order of suites the server goes by, as far as its own selections below TLS 1.3 prove it. */
#ifndef MXG_PLAN_ORDER_H
#define MXG_PLAN_ORDER_H

#include "plan/plan.h"

/* By the client's order: of two suites that stood in two hellos in different order, it took the first in both. By its
 * own: it passed over a suite that it is known to have. Unknown where nothing, or both, is proved. */
enum cipher_order plan_cipher_order(const struct plan *plan);

/* Versions, as plan_version_bit() has them, at which a server that goes by the client's order passed over every weak
 * suite that servers deploy. */
unsigned plan_weak_passed_over(const struct plan *plan);

#endif
