/* probe_names.h - the exchange names on one endpoint: which are asked for, which share what is known, which are
 * refused.
 *
 * A server may show another certificate for each name. The first name is judged by the plan's own connections, the next
 * ones by a handshake each. Once all that were asked show one leaf, the rest is judged by that one.
 */
#ifndef MXG_PROBE_NAMES_H
#define MXG_PROBE_NAMES_H

#include "forbidden/forbidden.h"
#include "probe/probe_report.h"

enum {
    PROBE_NAME_HANDSHAKES = 16, /* handshakes for names on one endpoint */
    PROBE_SHARED_AFTER = 3,     /* names with the same leaf until the rest is judged against it */
    PROBE_SHARED_DANE_MS = 500, /* after so long no further TLSA set is judged against it: 0.2 ms is what one takes, but
                                   a zone and a server can conspire for 100 */
};

/* What the first name's chain came with. A later one outweighs an earlier one. A hello without SNI is shown whatever
 * certificate the server has for strangers, and by SSL 2.0 without its issuers: that counts where nothing else can be
 * had. */
enum first_chain { FIRST_CHAIN_UNSEEN, FIRST_CHAIN_WITHOUT_NAME, FIRST_CHAIN_OF_FLIGHT, FIRST_CHAIN_OF_HANDSHAKE };

/* The names are report->name. */
struct probe_names {
    struct probe_report *report;       /* borrowed */
    const struct dane *dane;           /* borrowed */
    const struct forbidden *forbidden; /* borrowed */
    size_t first;                      /* the name that the plan's connections are made with */
    size_t next;                       /* the first name not yet judged */
    size_t to_judge;                   /* names that a connection may be made for: the first so many */
    size_t handshakes;                 /* made for names, so far */
    enum first_chain first_chain;
    uint8_t *first_list; /* the Certificate body behind the first name's chain, if some name has TLSA records */
    size_t first_list_len;
};

/* judged: the last so many names were judged before. */
void probe_names_begin(struct probe_names *names, struct probe_report *report, const struct dane *dane,
                       const struct forbidden *forbidden, size_t judged);
void probe_names_end(struct probe_names *names);

/* From a name on, the next that is not blocklisted, or name_count. Those before it are refused, and reported as such;
 * what was learnt of them before they were listed is kept. */
size_t probe_names_refuse_from(struct probe_names *names, size_t at);

/* Connections of the plan are made with that name from now on. */
void probe_names_set_first(struct probe_names *names, size_t first);

/* Goes to the next name that is not refused; true if it needs a handshake of its own, and may have one. */
bool probe_names_advance(struct probe_names *names);

/* A connection of the plan brought that chain, or NULL. A completed handshake outweighs a raw flight. */
void probe_names_take_first(struct probe_names *names, const struct connection_outcome *outcome,
                            const struct cert_chain *chain);
/* The handshake for the next name brought that chain, or NULL. */
void probe_names_take_next(struct probe_names *names, const struct connection_outcome *outcome,
                           const struct cert_chain *chain);

/* The handshake without SNI, behind two that the server refused when the next name was named, brought that chain, or
 * NULL. If it completed, it is the name that is refused: no sender who names it can verify anything, and what others
 * see is judged. */
void probe_names_take_refused(struct probe_names *names, const struct connection_outcome *outcome,
                              const struct cert_chain *chain);

/* Judges the names that no handshake was made for. report->reason stands. */
void probe_names_settle(struct probe_names *names);

#endif
