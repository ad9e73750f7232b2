/* reverse_lookup.c - see reverse_lookup.h. */
#include "reverse_lookup.h"

#include "base/mem.h"
#include "names/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REVERSE_CAP = 80, V6_OCTETS = 16 };

struct reverse_lookup {
    struct reverse_result *result;
    struct dns *dns;
    struct sockaddr_storage address;
    size_t next;   /* name to ask for */
    bool doubtful; /* a name got no answer, or not all of it */
    reverse_cb *on_done;
    void *context;
};

/* Where the PTR records of an address stand (RFC 1035 section 3.5, RFC 3596 section 2.5). */
static void reverse_owner(char out[static REVERSE_CAP], const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET) {
        const uint8_t *at = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
        snprintf(out, REVERSE_CAP, "%u.%u.%u.%u.in-addr.arpa", at[3], at[2], at[1], at[0]);
        return;
    }
    const uint8_t *at = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
    size_t used = 0;
    for (size_t i = V6_OCTETS; i-- > 0;)
        used += (size_t)snprintf(out + used, REVERSE_CAP - used, "%x.%x.", at[i] & 15u, at[i] >> 4u);
    snprintf(out + used, REVERSE_CAP - used, "ip6.arpa");
}

static void settle(struct reverse_lookup *lookup, enum tri confirmed) {
    reverse_cb *on_done = lookup->on_done;
    void *context = lookup->context;
    lookup->result->confirmed = confirmed;
    free(lookup);
    on_done(context);
}

static bool has_address(const struct dns_answer *answer, const struct sockaddr_storage *address) {
    char want[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];
    address_text(want, (const struct sockaddr *)address);
    for (size_t i = 0; i < answer->address_count; i++) {
        address_text(text, (const struct sockaddr *)&answer->address[i]);
        if (strcmp(text, want) == 0)
            return true;
    }
    return false;
}

static void ask_next(struct reverse_lookup *lookup);

static void on_forward(struct dns_answer *answer, void *context) {
    struct reverse_lookup *lookup = context;
    lookup->doubtful = lookup->doubtful || dns_failed(answer->status) || answer->capped;
    if (has_address(answer, &lookup->address))
        settle(lookup, TRI_YES);
    else
        ask_next(lookup);
}

/* A name that is no host's leads nowhere, and is not asked for. */
static void ask_next(struct reverse_lookup *lookup) {
    const struct reverse_result *result = lookup->result;
    char name[NAME_CAP];
    while (lookup->next < result->count && name_from_dns(name, result->name[lookup->next]) != NAME_OK)
        lookup->next++;
    if (lookup->next == result->count) {
        settle(lookup, lookup->doubtful || result->capped ? TRI_UNKNOWN : TRI_NO);
        return;
    }
    lookup->next++;
    dns_query(lookup->dns, name, lookup->address.ss_family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA, on_forward, lookup);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The first in the alphabet, each once: resolvers rotate their answers. */
static void keep_names(struct reverse_result *result, const struct dns_answer *answer) {
    const char *all[DNS_BLOB_MAX];
    size_t count = 0;
    for (; count < answer->blob_count; count++) {
        char *name = (char *)answer->blob[count].data;
        for (char *at = name; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        all[count] = name;
    }
    qsort(all, count, sizeof *all, by_name);
    result->capped = answer->capped;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(all[i], all[i - 1]) == 0)
            continue;
        if (result->count == REVERSE_NAMES_MAX) {
            result->capped = true;
            break;
        }
        result->name[result->count++] = mem_strdup(all[i]);
    }
}

static void on_names(struct dns_answer *answer, void *context) {
    struct reverse_lookup *lookup = context;
    struct reverse_result *result = lookup->result;
    if (dns_failed(answer->status)) {
        settle(lookup, TRI_UNKNOWN);
    } else if (answer->status != DNS_OK) {
        result->status = LOOKUP_NONE;
        settle(lookup, TRI_NO); /* nothing is there that could lead back */
    } else {
        result->status = LOOKUP_FOUND;
        keep_names(result, answer);
        ask_next(lookup);
    }
}

void reverse_look_up(struct reverse_result *result, struct dns *dns, const char *address, reverse_cb *on_done,
                     void *context) {
    struct reverse_lookup *lookup = mem_alloc(sizeof *lookup);
    char owner[REVERSE_CAP];
    *lookup = (struct reverse_lookup){.result = result, .dns = dns, .on_done = on_done, .context = context};
    if (!address_parse(&lookup->address, address, 1)) {
        settle(lookup, TRI_UNKNOWN);
        return;
    }
    reverse_owner(owner, &lookup->address);
    dns_query(dns, owner, DNS_TYPE_PTR, on_names, lookup);
}

void reverse_result_free(struct reverse_result *result) {
    for (size_t i = 0; i < result->count; i++)
        free(result->name[i]);
    result->count = 0;
}
