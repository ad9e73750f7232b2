/* item.h - one thing to store, out of a Results message: which it is, which row it is for, whether it can be stored. */
#ifndef MXG_AGGREGATOR_ITEM_H
#define MXG_AGGREGATOR_ITEM_H

#include "bus/mxgrade.pb-c.h"

#include <netinet/in.h>

/* In the order in which they are stored: grades look at certificates. */
enum item_kind { ITEM_CERTIFICATE, ITEM_RESULT, ITEM_POLICY };

/* All pointers are borrowed. */
struct item {
    enum item_kind kind;
    const Mxgrade__Results *from; /* the message that brought it */
    union {
        const Mxgrade__Certificate *certificate;
        const Mxgrade__EndpointResult *result;
        const Mxgrade__PolicyResult *policy;
    };
    char
        address[INET6_ADDRSTRLEN]; /* of an endpoint or a policy host in its one spelling; "" = none; see item_flaw() */
    size_t arrival;                /* its place in the batch */
    unsigned turn; /* 0 for the first result of an endpoint or a domain in the batch, 1 for the second … */
};

/* NULL, or why the item cannot be stored. Sets item->address. Static. */
const char *item_flaw(struct item *item);

/* What an item says of itself; a certificate has none of it. */
struct item_key {
    uint64_t job;
    uint32_t survey;
    const char *place; /* address as it came, or domain */
};
struct item_key item_key(const struct item *item);

/* The message that it is, to be packed. */
const ProtobufCMessage *item_message(const struct item *item);

#endif
