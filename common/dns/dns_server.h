/* dns_server.h - the recursive resolvers: how they are to be asked, and what is known of one. */
#ifndef MXG_DNS_SERVER_H
#define MXG_DNS_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { DNS_SERVERS_MAX = 16, DNS_TRIES_MAX = 8 };

struct dns_config {
    const char *servers;     /* "127.0.0.1:53,192.0.2.1"; NULL or "" = the system's resolv.conf */
    size_t in_flight;        /* questions under way at once, at most */
    int timeout_ms;          /* of the first try */
    int tries;               /* DNS_TRIES_MAX at most */
    bool trust_path;         /* nobody can alter what comes from the resolvers, though they are not on loopback */
    const char *signed_name; /* a name that is signed; NULL or "" = the root */
};

/* How good a resolver is, the worst first. */
enum dns_server_state {
    DNS_SERVER_NEW,       /* the first questions to it were not answered yet, and it has time left */
    DNS_SERVER_SILENT,    /* it did not answer the last one */
    DNS_SERVER_ANSWERS,   /* it does, and did not say that the signed name is authentic */
    DNS_SERVER_UNTRUSTED, /* it validates, and somebody may alter on the way what it says */
    DNS_SERVER_BELIEVED,  /* it validates, and the path to it is trusted */
};
const char *dns_server_state_name(enum dns_server_state state);

/* What is known of a resolver. */
struct dns_server {
    char address[INET6_ADDRSTRLEN + 8]; /* "192.0.2.1:53", "[2001:db8::1]:53" */
    enum dns_server_state state;
    unsigned answer_ms; /* how long its last answer took */
};

#endif
