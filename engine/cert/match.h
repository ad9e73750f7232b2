/* match.h - is a certificate named for an exchange? By RFC 6125 section 6.4: a SAN dNSName, a wildcard only as the
 * whole left-most label and for exactly one label; the CN only where no SAN dNSName exists.
 */
#ifndef MXG_MATCH_H
#define MXG_MATCH_H

#include "cert/cert_chain.h"
#include "names/name.h"

struct cert_match {
    bool matched;            /* by RFC 6125 */
    bool by_cn;              /* … and by the CN, which then stands in for a SAN */
    bool san_match;          /* a SAN dNSName matches */
    bool cn_match;           /* the CN matches, whatever the SANs say */
    char identity[NAME_CAP]; /* the SAN or CN that matched by RFC 6125, sanitised; "" if none */
};

/* name: A-label, lower case, no trailing dot. "" matches nothing. */
struct cert_match cert_chain_match(const struct cert_chain *chain, const char *name);

#endif
