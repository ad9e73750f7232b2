/* dns_answer.c - see dns_answer.h. Names are expanded with a bound on octets, and compression pointers must go
 * backwards, so that no message can make this loop.
 */
#include "dns_answer.h"

#include "mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_OCTETS = 12,
    RECORD_FIXED = 10, /* type, class, TTL, length */
    CLASS_IN = 1,
    RCODE_MASK = 0x0f,
    RCODE_OK = 0,
    RCODE_NXDOMAIN = 3,
    NAME_OCTETS_MAX = 255,
    POINTER = 0xc0,
};

struct message {
    const uint8_t *data;
    size_t len;
};

const char *dns_status_name(enum dns_status status) {
    static const char *const names[] = {"ok", "nodata", "nxdomain", "servfail", "timeout"};
    return names[status];
}

static unsigned number(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

/* A label's octets in presentation form (RFC 4343 section 2.1). */
static size_t put_label(char *out, const uint8_t *label, size_t len) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        bool plain = isalnum(label[i]) || label[i] == '-' || label[i] == '_';
        if (plain)
            out[used++] = (char)label[i];
        else
            used += (size_t)snprintf(out + used, 5, "\\%03u", label[i]);
    }
    return used;
}

/* The name at offset at into out (NULL: skip it); returns the offset behind it, 0 if it is malformed. */
static size_t read_name(const struct message *m, size_t at, char out[DNS_NAME_CAP]) {
    size_t behind = 0, octets = 1, used = 0, limit = m->len;
    for (;;) {
        if (at >= m->len)
            return 0;
        unsigned head = m->data[at];
        if (head >= POINTER) {
            if (at + 1 >= m->len)
                return 0;
            size_t target = number(m->data + at) & 0x3fffu;
            behind = behind ? behind : at + 2;
            if (target >= limit || target >= at) /* strictly backwards */
                return 0;
            limit = at = target;
            continue;
        }
        if (head > 63 || at + 1 + head > m->len || (octets += head + 1) > NAME_OCTETS_MAX + 1)
            return 0;
        if (head == 0)
            break;
        if (out) {
            if (used)
                out[used++] = '.';
            used += put_label(out + used, m->data + at + 1, head);
        }
        at += 1 + head;
    }
    if (out)
        memcpy(out + used, used ? "" : ".", used ? 1 : 2);
    return behind ? behind : at + 1;
}

static void add_mx(struct dns_answer *answer, const struct message *m, size_t at, size_t len) {
    if (answer->mx_count == DNS_MX_MAX || len < 3)
        return;
    answer->mx = mem_realloc(answer->mx, (answer->mx_count + 1) * sizeof *answer->mx);
    struct dns_mx *mx = &answer->mx[answer->mx_count];
    mx->preference = (uint16_t)number(m->data + at);
    if (read_name(m, at + 2, mx->exchange) == at + len)
        answer->mx_count++;
}

static void add_address(struct dns_answer *answer, unsigned type, const uint8_t *data, size_t len) {
    if (answer->address_count == DNS_ADDRESS_MAX || len != (type == DNS_TYPE_A ? 4u : 16u))
        return;
    answer->address = mem_realloc(answer->address, (answer->address_count + 1) * sizeof *answer->address);
    struct sockaddr_storage *address = &answer->address[answer->address_count++];
    memset(address, 0, sizeof *address);
    address->ss_family = type == DNS_TYPE_A ? AF_INET : AF_INET6;
    if (type == DNS_TYPE_A)
        memcpy(&((struct sockaddr_in *)address)->sin_addr, data, len);
    else
        memcpy(&((struct sockaddr_in6 *)address)->sin6_addr, data, len);
}

/* The record at offset at; returns the offset behind it, 0 if it is malformed. */
static size_t read_record(struct dns_answer *answer, unsigned wanted, const struct message *m, size_t at) {
    size_t fixed = read_name(m, at, NULL);
    if (fixed == 0 || m->len - fixed < RECORD_FIXED)
        return 0;
    unsigned type = number(m->data + fixed), class = number(m->data + fixed + 2);
    size_t len = number(m->data + fixed + 8), data = fixed + RECORD_FIXED;
    if (m->len - data < len)
        return 0;
    if (class == CLASS_IN && type == DNS_TYPE_CNAME)
        answer->cname = true;
    else if (class == CLASS_IN && type == wanted && type == DNS_TYPE_MX)
        add_mx(answer, m, data, len);
    else if (class == CLASS_IN && type == wanted)
        add_address(answer, type, m->data + data, len);
    return data + len;
}

static enum dns_status read_message(struct dns_answer *answer, unsigned type, const struct message *m) {
    if (m->len < HEADER_OCTETS)
        return DNS_SERVFAIL;
    unsigned rcode = m->data[3] & RCODE_MASK, questions = number(m->data + 4), records = number(m->data + 6);
    size_t at = HEADER_OCTETS;
    for (unsigned i = 0; i < questions; i++)
        if ((at = read_name(m, at, NULL)) == 0 || (at += 4) > m->len)
            return DNS_SERVFAIL;
    for (unsigned i = 0; i < records; i++)
        if ((at = read_record(answer, type, m, at)) == 0)
            return DNS_SERVFAIL;
    if (rcode == RCODE_NXDOMAIN)
        return DNS_NXDOMAIN;
    if (rcode != RCODE_OK)
        return DNS_SERVFAIL;
    return answer->mx_count + answer->address_count > 0 ? DNS_OK : DNS_NODATA;
}

void dns_answer_parse(struct dns_answer *answer, unsigned type, const uint8_t *message, size_t len) {
    const struct message m = {message, len};
    memset(answer, 0, sizeof *answer);
    answer->status = read_message(answer, type, &m);
}

void dns_answer_free(struct dns_answer *answer) {
    free(answer->mx);
    free(answer->address);
    answer->mx = NULL;
    answer->address = NULL;
    answer->mx_count = answer->address_count = 0;
}
