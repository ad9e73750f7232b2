/* dns_link.c - see dns_link.h. Time-outs are driven by a coarse tick: asking c-ares for the next one costs time
 * proportional to the questions outstanding.
 */
#include "dns/dns_link.h"

#include "dns/dns_answer.h"

#include <sys/random.h>

enum {
    CLASS_IN = 1,
    EDNS_OCTETS = 1232, /* DNS flag day 2020 */
    SOCKET_BUFFER_OCTETS = 4 << 20,
};

static void on_ready(void *context, int socket, int events) {
    struct dns_link *link = context;
    ares_process_fd(link->channel, events & UV_READABLE ? socket : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? socket : ARES_SOCKET_BAD);
}

static void on_socket_state(void *context, ares_socket_t socket, int readable, int writable) {
    struct dns_link *link = context;
    poll_watch(&link->sockets, socket, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0));
}

/* ARES_FLAG_EDNS is for what c-ares takes for a truncated answer; the question's own OPT record is dns_link_ask()'s. A
 * FORMERR without such a record takes the flag away: answers over 512 octets then come over TCP. */
int dns_link_open(struct dns_link *link, uv_loop_t *loop, const struct ares_addr_port_node *resolver, int timeout_ms) {
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                                            ARES_FLAG_STAYOPEN | ARES_FLAG_EDNS,
                                   .timeout = timeout_ms,
                                   .tries = 1,
                                   .ednspsz = EDNS_OCTETS,
                                   .socket_receive_buffer_size = SOCKET_BUFFER_OCTETS,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = link};
    struct ares_addr_port_node alone = *resolver;
    link->sockets = (struct poll_watches){.loop = loop, .on_ready = on_ready, .context = link};
    int status = ares_init_options(&link->channel, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                                       ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_STATE_CB);
    alone.next = NULL;
    return status == ARES_SUCCESS ? ares_set_servers_ports(link->channel, &alone) : status;
}

void dns_link_close(struct dns_link *link) {
    if (link->channel)
        ares_destroy(link->channel); /* gives its sockets back, too */
    link->channel = NULL;
}

static unsigned short random_id(struct dns_link *link) {
    if (link->ids == 0) {
        if (getrandom(link->id, sizeof link->id, 0) != (ssize_t)sizeof link->id)
            link->id[0] = (uint16_t)uv_hrtime();
        link->ids = DNS_LINK_IDS;
    }
    return link->id[--link->ids];
}

/* Made here and not by ares_query(), for the bits, and because c-ares drops the OPT record from all questions once a
 * resolver has answered one with FORMERR. */
int dns_link_ask(struct dns_link *link, const char *name, unsigned type, bool recurse, unsigned bits,
                 ares_callback on_answer, void *context) {
    enum { BITS_AT = 3 };
    unsigned char *message = NULL;
    int len = 0;
    int status = ares_create_query(name, CLASS_IN, (int)type, random_id(link), recurse, &message, &len, EDNS_OCTETS);
    if (status == ARES_SUCCESS) {
        message[BITS_AT] |= (unsigned char)bits;
        ares_send(link->channel, message, len, on_answer, context);
    }
    ares_free_string(message);
    return status;
}

bool dns_link_name_is_good(const char *name) {
    unsigned char *message = NULL;
    int len = 0, status = ares_create_query(name, CLASS_IN, DNS_TYPE_SOA, 0, 1, &message, &len, EDNS_OCTETS);
    ares_free_string(message);
    return status == ARES_SUCCESS;
}

void dns_link_tick(struct dns_link *link) { ares_process_fd(link->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); }
