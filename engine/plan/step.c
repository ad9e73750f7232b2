/* step.c - the names of step.h. */
#include "plan/step.h"

const char *flag_name(unsigned bit_index) {
    static const char *const names[FLAG_COUNT] = {"starttls_stripped", "early_bytes", "no_esmtp",
                                                  "inconsistent",      "not_offered", "downgrade_sentinel",
                                                  "intolerant",        "warned",      "silent_inside_tls"};
    return bit_index < FLAG_COUNT ? names[bit_index] : "";
}

const char *answer_kind_name(enum answer_kind kind) {
    static const char *const names[] = {"selected", "refused",   "closed",      "reset",
                                        "silent",   "malformed", "no_starttls", "stopped"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "";
}
