/* chain_parse.h - a chain as a server sent it, read and judged: what its leaf says (leaf.h), and whether it is trusted
 * (path.h).
 */
#ifndef MXG_CHAIN_PARSE_H
#define MXG_CHAIN_PARSE_H

#include "base/reader.h"
#include "cert/cert_chain.h"
#include "cert/trust.h"

/* list: as cert_list.h says. NULL if there is no certificate in it; error (static text) says why. A leaf that cannot be
 * read gives a chain with parse_error. A leaf whose names hold invalid text (which OpenSSL refuses) is read all the
 * same and untrusted. now: Unix seconds; the path to a root is the one that is found then. */
__attribute__((warn_unused_result)) struct cert_chain *cert_chain_parse(const struct trust *trust, const uint8_t *list,
                                                                        size_t len, int64_t now, const char **error);

/* One of the certificates behind a leaf: what it says of itself, as a chain of it alone. It is not judged, and
 * self_signed says that it names itself as issuer; nothing is verified, as a server may send many. */
__attribute__((warn_unused_result)) struct cert_chain *cert_chain_read_behind(struct reader der);

#endif
