/* dns_servers.c - see dns_servers.h. */
#include "dns/dns_servers.h"

#include "base/log.h"
#include "base/mem.h"
#include "dns/dns_answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LATE_TICK_MS = 500, /* the loop stood still: sockets are to be read before anything has timed out */
    CHECK_EVERY_MS = 60000,
    CHECK_DOUBT_MS = 5000, /* while a resolver does not answer or was not seen to validate */
    CHECK_STALLED_MS = 1000,
};

const char *dns_server_state_name(enum dns_server_state state) {
    static const char *const names[] = {"new", "silent", "answers", "untrusted", "believed"};
    return names[state];
}

/* ---- what is known of a resolver ---- */

bool dns_server_is_believed(const struct server *server) {
    return server->validates.known == DNS_KNOWN_YES && server->trusted;
}

static enum dns_server_state state_of(const struct server *server) {
    if (server->there.known == DNS_NOT_ASKED || server->validates.known == DNS_NOT_ASKED)
        return DNS_SERVER_NEW;
    if (server->there.known != DNS_KNOWN_YES)
        return DNS_SERVER_SILENT;
    if (server->validates.known != DNS_KNOWN_YES)
        return DNS_SERVER_ANSWERS;
    return server->trusted ? DNS_SERVER_BELIEVED : DNS_SERVER_UNTRUSTED;
}

static void note_state(struct server *server) {
    enum dns_server_state before = server->public.state;
    server->public.state = state_of(server);
    if (server->public.state != before)
        log_debug("resolver", LOG_STR("resolver", server->public.address),
                  LOG_STR("state", dns_server_state_name(server->public.state)));
}

bool dns_servers_known(const struct dns_servers *servers) {
    for (size_t i = 0; i < servers->count; i++)
        if (servers->server[i].public.state == DNS_SERVER_NEW)
            return false;
    return true;
}

/* Only the best that there are, are asked. One that does not validate would take a secure answer for an unchecked one,
 * one that does not answer would cost time. */
static unsigned rank(const struct server *server) {
    static const unsigned ranks[] = {[DNS_SERVER_NEW] = 0,
                                     [DNS_SERVER_SILENT] = 0,
                                     [DNS_SERVER_ANSWERS] = 1,
                                     [DNS_SERVER_UNTRUSTED] = 1,
                                     [DNS_SERVER_BELIEVED] = 2};
    return ranks[server->public.state];
}

/* Their places, and how many they are: at least one. */
static size_t find_best(const struct dns_servers *servers, size_t best[static DNS_SERVERS_MAX]) {
    size_t count = 1;
    best[0] = 0;
    for (size_t i = 1; i < servers->count; i++) {
        unsigned this = rank(&servers->server[i]), so_far = rank(&servers->server[best[0]]);
        if (this > so_far) {
            best[0] = i;
            count = 1;
        } else if (this == so_far) {
            best[count++] = i;
        }
    }
    return count;
}

size_t dns_servers_best_count(const struct dns_servers *servers) {
    size_t best[DNS_SERVERS_MAX];
    return find_best(servers, best);
}

struct server *dns_servers_best(struct dns_servers *servers, size_t nth) {
    size_t best[DNS_SERVERS_MAX], count = find_best(servers, best);
    return &servers->server[best[nth % count]];
}

/* ---- is it there? ---- */

/* When to look again. */
static unsigned check_pause_ms(const struct dns_servers *servers, bool any_there) {
    if (!any_there)
        return CHECK_STALLED_MS;
    for (size_t i = 0; i < servers->count; i++)
        if (servers->server[i].there.known != DNS_KNOWN_YES || servers->server[i].validates.known != DNS_KNOWN_YES)
            return CHECK_DOUBT_MS;
    return CHECK_EVERY_MS;
}

/* A call was answered, or not: what does that mean for all? Nobody is gone for good while a call is under way. */
static void end_call(struct server *server, bool answered) {
    struct dns_servers *servers = server->all;
    bool calling = false, any_there = false;
    server->there = (struct dns_check){.known = answered ? DNS_KNOWN_YES : DNS_KNOWN_NO};
    note_state(server);
    for (size_t i = 0; i < servers->count; i++) {
        const struct dns_check *there = &servers->server[i].there;
        calling = calling || there->under_way;
        any_there = any_there || (!there->under_way && there->known == DNS_KNOWN_YES);
    }
    if (calling && !any_there)
        return;
    servers->check_ms = uv_now(servers->loop) + check_pause_ms(servers, any_there);
    servers->hooks.on_called(servers->hooks.context, any_there);
}

static void on_call(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct server *server = context;
    struct dns_servers *servers = server->all;
    bool answered = status == ARES_SUCCESS && message && len > 0;
    (void)timeouts;
    if (servers->closing)
        return;
    if (answered) {
        servers->hooks.on_heard(servers->hooks.context);
        server->public.answer_ms = (unsigned)(uv_now(servers->loop) - server->called_ms);
    }
    end_call(server, answered || server->heard_ms >= server->called_ms); /* one datagram may be lost */
}

/* ---- does it validate? ---- */

static void tell_validation(const struct server *server) {
    const char *address = server->public.address;
    if (server->validates.known == DNS_KNOWN_NO)
        log_warn("the resolver does not validate: DNSSEC and DANE stay unchecked", LOG_STR("resolver", address),
                 LOG_STR("asked", server->all->signed_name));
    else if (!server->trusted)
        log_warn(
            "the resolver is not on loopback: DNSSEC and DANE stay unchecked unless its path is said to be trusted",
            LOG_STR("resolver", address));
}

/* A failure says nothing about validation: what was known stays. */
static void end_signed(struct server *server, enum dns_known said) {
    enum dns_known before = server->validates.known;
    bool is_news = said == DNS_NOT_SAID ? before == DNS_NOT_ASKED : said != before;
    server->validates = (struct dns_check){.known = is_news ? said : before};
    note_state(server);
    if (is_news && said != DNS_NOT_SAID)
        tell_validation(server);
}

static void on_signed(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct server *server = context;
    struct dns_answer answer = {.status = DNS_TIMEOUT};
    (void)timeouts;
    if (server->all->closing)
        return;
    if (status == ARES_SUCCESS && message && len > 0)
        dns_answer_parse(&answer, DNS_TYPE_SOA, message, (size_t)len);
    end_signed(server, dns_failed(answer.status) ? DNS_NOT_SAID : answer.authentic ? DNS_KNOWN_YES : DNS_KNOWN_NO);
    dns_answer_free(&answer);
}

/* ---- checks ---- */

/* Both answers may come from within the call, so that all are marked first. The signed name's may take its time. */
static void check_servers(struct dns_servers *servers) {
    bool call[DNS_SERVERS_MAX] = {false}, ask[DNS_SERVERS_MAX] = {false};
    servers->check_ms = uv_now(servers->loop) + CHECK_EVERY_MS;
    for (size_t i = 0; i < servers->count; i++) {
        struct server *server = &servers->server[i];
        call[i] = !server->there.under_way;
        ask[i] = !server->validates.under_way;
        server->there.under_way = server->validates.under_way = true;
        if (call[i])
            server->called_ms = uv_now(servers->loop);
    }
    for (size_t i = 0; i < servers->count; i++) {
        struct server *server = &servers->server[i];
        if (call[i] && dns_link_ask(&server->link[0], ".", DNS_TYPE_NS, false, 0, on_call, server) != ARES_SUCCESS)
            end_call(server, false);
        if (ask[i] && dns_link_ask(&server->link[servers->tries - 1], servers->signed_name, DNS_TYPE_SOA, true,
                                   DNS_ASK_AUTHENTIC, on_signed, server) != ARES_SUCCESS)
            end_signed(server, DNS_NOT_SAID);
    }
}

void dns_servers_check_soon(struct dns_servers *servers) { servers->check_ms = 0; }

void dns_servers_tick(struct dns_servers *servers) {
    uint64_t now = uv_now(servers->loop);
    bool late = now - servers->ticked_ms > LATE_TICK_MS;
    servers->ticked_ms = now;
    for (size_t i = 0; !late && i < servers->count; i++)
        for (unsigned try = 0; try < servers->tries; try++)
            dns_link_tick(&servers->server[i].link[try]);
    if (now >= servers->check_ms)
        check_servers(servers);
}

/* ---- opening ---- */

/* The resolvers' addresses, from the text or resolv.conf: c-ares reads both. The caller frees with ares_free_data(). */
static int read_servers(const char *servers, struct ares_addr_port_node **list) {
    ares_channel scratch;
    int status = ares_init(&scratch);
    if (status != ARES_SUCCESS)
        return status;
    if (servers && *servers)
        status = ares_set_servers_ports_csv(scratch, servers);
    if (status == ARES_SUCCESS)
        status = ares_get_servers_ports(scratch, list);
    ares_destroy(scratch);
    return status == ARES_SUCCESS && *list == NULL ? ARES_EBADSTR : status;
}

static void describe(struct server *server, const struct ares_addr_port_node *node, bool trust_path) {
    enum { DNS_PORT = 53, LOOPBACK = 127 };
    char text[INET6_ADDRSTRLEN];
    bool v4 = node->family == AF_INET;
    inet_ntop(node->family, &node->addr, text, sizeof text);
    snprintf(server->public.address, sizeof server->public.address, v4 ? "%s:%d" : "[%s]:%d", text,
             node->udp_port ? node->udp_port : DNS_PORT);
    bool loopback = v4 ? ntohl(node->addr.addr4.s_addr) >> 24 == LOOPBACK : strcmp(text, "::1") == 0;
    server->trusted = loopback || trust_path;
}

static int open_links(struct dns_servers *servers, const struct dns_config *config,
                      const struct ares_addr_port_node *list) {
    int status = ARES_SUCCESS;
    for (; list && servers->count < DNS_SERVERS_MAX && status == ARES_SUCCESS; list = list->next) {
        struct server *server = &servers->server[servers->count++];
        server->all = servers;
        describe(server, list, config->trust_path);
        for (unsigned try = 0; try < servers->tries && status == ARES_SUCCESS; try++)
            status = dns_link_open(&server->link[try], servers->loop, list, config->timeout_ms << try);
    }
    return status;
}

bool dns_servers_open(struct dns_servers *servers, uv_loop_t *loop, const struct dns_config *config,
                      const struct dns_servers_hooks *hooks, char *error, size_t cap) {
    const char *signed_name = config->signed_name && *config->signed_name ? config->signed_name : ".";
    servers->loop = loop;
    servers->hooks = *hooks;
    servers->tries = (unsigned)config->tries < DNS_TRIES_MAX ? (unsigned)config->tries : DNS_TRIES_MAX;
    servers->signed_name = mem_strdup(signed_name);
    servers->ticked_ms = uv_now(loop);
    struct ares_addr_port_node *list = NULL;
    if (!dns_link_name_is_good(servers->signed_name)) {
        snprintf(error, cap, "'%s' is no name to look for signatures at", servers->signed_name);
        return false;
    }
    int status = read_servers(config->servers, &list);
    if (status == ARES_SUCCESS)
        status = open_links(servers, config, list);
    if (list)
        ares_free_data(list);
    if (status != ARES_SUCCESS)
        snprintf(error, cap, "cannot use the resolver '%s': %s; expected ADDRESS[:PORT], several joined by commas",
                 config->servers ? config->servers : "of resolv.conf", ares_strerror(status));
    return status == ARES_SUCCESS;
}

void dns_servers_close(struct dns_servers *servers) {
    servers->closing = true;
    for (size_t i = 0; i < servers->count; i++)
        for (unsigned try = 0; try < DNS_TRIES_MAX; try++)
            dns_link_close(&servers->server[i].link[try]);
    free(servers->signed_name);
    servers->signed_name = NULL;
}
