/* probe_arguments.c - see probe_arguments.h. */
#include "probe_arguments.h"

#include "base/mem.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool probe_split_target(const char *text, char *host, size_t host_cap, char *port, size_t port_cap) {
    const char *end = text + strlen(text), *colon = strrchr(text, ':');
    const char *from = text, *to = end;
    snprintf(port, port_cap, "25");
    if (*text == '[') {
        const char *bracket = strchr(text, ']');
        if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
            return false;
        from = text + 1;
        to = bracket;
        if (bracket[1] == ':')
            snprintf(port, port_cap, "%s", bracket + 2);
    } else if (colon && strchr(text, ':') == colon) {
        to = colon;
        snprintf(port, port_cap, "%s", colon + 1);
    }
    snprintf(host, host_cap, "%.*s", (int)(to - from), from);
    return to > from;
}

bool probe_look_up(const char *host, const char *port, struct sockaddr_storage *address) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int status = getaddrinfo(host, port, &hints, &found);
    if (status != 0) {
        fprintf(stderr, "mxgrade probe: cannot find an address for '%s' port '%s': %s\n", host, port,
                gai_strerror(status));
        return false;
    }
    memset(address, 0, sizeof *address);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static bool add_tlsa(struct dane_set *set, const char *text) {
    uint8_t rdata[TLSA_RDATA_MAX];
    size_t len;
    if (tlsa_from_text(rdata, &len, text) && dane_set_add(set, rdata, len))
        return true;
    fprintf(stderr, "mxgrade probe: --tlsa '%s': expected at most %d records such as '3 1 1 HEX', in hexadecimal\n",
            text, TLSA_RECORDS_MAX);
    return false;
}

struct dane_set *probe_read_tlsa(const char *records, const char *name) {
    char *copy = mem_strdup(records), *rest = copy;
    struct dane_set *set = dane_set_new(name);
    if (set == NULL)
        fprintf(stderr, "mxgrade probe: --tlsa needs the exchange's name: say --name MX\n");
    for (const char *text; set && (text = strsep(&rest, ",")) != NULL;)
        if (!add_tlsa(set, text))
            dane_set_free(&set);
    free(copy);
    return set;
}
