/* tlsa_sets.h - the TLSA records of a job's message, checked, as a probe's target takes them. */
#ifndef MXG_TLSA_SETS_H
#define MXG_TLSA_SETS_H

#include "bus/mxgrade.pb-c.h"
#include "cert/dane.h"

/* One set for each name of the job, NULL where it has none; NULL altogether if no name has one. A set that cannot be
 * what the coordinator means is logged and left out: a name that the job has not, a second set for a name, a base
 * domain that is no host name, no record that tlsa_parse() takes, or more than dane_set_add() does. Free with
 * tlsa_sets_free(). */
struct dane_set **tlsa_sets_take(const Mxgrade__ProbeJob *job);
void tlsa_sets_free(struct dane_set ***sets, size_t count); /* count: names of the job */

#endif
