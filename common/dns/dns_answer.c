/* dns_answer.c - see dns_answer.h. Names are expanded with a bound on octets, and compression pointers must go
 * backwards, so that no message can make this loop. The answer section is walked twice: for the aliases, which may
 * stand in any order, and then for the records of the name that they lead to.
 */
#include "dns/dns_answer.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_OCTETS = 12,
    HEADER_BITS_AT = 3,
    QUESTION_FIXED = 4, /* type, class */
    TTL_OCTETS = 4,
    CLASS_IN = 1,
    AUTHENTIC_DATA = 0x20, /* in the header's fourth octet (RFC 4035 section 3.2.3) */
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

struct record {
    char owner[DNS_NAME_CAP];
    unsigned type, class;
    size_t data, len; /* of its RDATA */
};

struct alias {
    char owner[DNS_NAME_CAP], target[DNS_NAME_CAP];
};

const char *dns_status_name(enum dns_status status) {
    static const char *const names[] = {"ok", "nodata", "nxdomain", "servfail", "timeout"};
    return names[status];
}

const char *dnssec_name(enum dnssec state) {
    static const char *const names[] = {"secure", "insecure", "unchecked", "unknown", "bogus"};
    return names[state];
}

static struct reader read_from(const struct message *m, size_t at) { return reader_of(m->data + at, m->len - at); }

static size_t offset_of(const struct message *m, struct reader reader) { return (size_t)(reader.at - m->data); }

/* A label's octets in presentation form (RFC 4343 section 2.1). */
static size_t put_label(char *out, const uint8_t *label, size_t len) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        bool plain = ascii_is_alphanumeric(label[i]) || label[i] == '-' || label[i] == '_';
        if (plain)
            out[used++] = (char)label[i];
        else
            used += (size_t)snprintf(out + used, 5, "\\%03u", label[i]);
    }
    return used;
}

/* The name at offset at into out; returns the offset behind it, 0 if it is malformed. */
static size_t read_name(const struct message *m, size_t at, char out[DNS_NAME_CAP]) {
    size_t behind = 0, octets = 1, used = 0, limit = m->len;
    for (;;) {
        if (at >= m->len)
            return 0;
        unsigned head = m->data[at];
        if (head >= POINTER) {
            if (at + 1 >= m->len)
                return 0;
            size_t target = (head & ~(unsigned)POINTER) << 8 | m->data[at + 1];
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
        if (used)
            out[used++] = '.';
        used += put_label(out + used, m->data + at + 1, head);
        at += 1 + head;
    }
    memcpy(out + used, used ? "" : ".", used ? 1 : 2);
    return behind ? behind : at + 1;
}

/* The record at offset at; returns the offset behind it, 0 if it is malformed. */
static size_t read_record(struct record *record, const struct message *m, size_t at) {
    size_t fixed = read_name(m, at, record->owner);
    if (fixed == 0)
        return 0;
    struct reader rest = read_from(m, fixed);
    record->type = reader_number(&rest, 2);
    record->class = reader_number(&rest, 2);
    (void)reader_take(&rest, TTL_OCTETS);
    struct reader rdata = reader_vector(&rest, 2);
    if (rest.bad)
        return 0;
    record->data = offset_of(m, rdata);
    record->len = rdata.left;
    return offset_of(m, rest);
}

/* ---- aliases ---- */

/* Collects the CNAMEs of the answer section; the number of them, or -1 if the section is malformed
 * or there are too many. */
static int read_aliases(struct alias *alias, const struct message *m, size_t at, unsigned records) {
    struct record record;
    int count = 0;
    for (unsigned i = 0; i < records; i++) {
        if ((at = read_record(&record, m, at)) == 0)
            return -1;
        if (record.type != DNS_TYPE_CNAME || record.class != CLASS_IN)
            continue;
        if (count == DNS_ALIAS_MAX)
            return -1;
        memcpy(alias[count].owner, record.owner, sizeof record.owner);
        if (read_name(m, record.data, alias[count].target) != record.data + record.len)
            return -1;
        count++;
    }
    return count;
}

static const struct alias *alias_of(const struct alias *alias, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcasecmp(alias[i].owner, name) == 0)
            return &alias[i];
    return NULL;
}

/* Goes on in name as far as aliases lead; false if they go round. */
static bool follow(struct dns_answer *answer, char name[DNS_NAME_CAP], const struct alias *alias, int count) {
    const struct alias *next;
    int steps = 0;
    while ((next = alias_of(alias, count, name)) != NULL) {
        if (steps++ == count)
            return false;
        memcpy(name, next->target, DNS_NAME_CAP);
    }
    answer->cname = steps > 0;
    for (size_t i = 0; answer->cname && name[i]; i++)
        answer->target[i] = (char)tolower((unsigned char)name[i]);
    return true;
}

/* ---- records ---- */

/* Is there room for one more? */
static bool room(struct dns_answer *answer, size_t count, size_t most) {
    answer->capped = answer->capped || count == most;
    return count < most;
}

static bool add_mx(struct dns_answer *answer, const struct message *m, const struct record *record) {
    struct dns_mx mx = {.preference = 0};
    struct reader rdata = reader_of(m->data + record->data, record->len);
    mx.preference = (uint16_t)reader_number(&rdata, 2);
    if (rdata.bad || read_name(m, offset_of(m, rdata), mx.exchange) != record->data + record->len)
        return false;
    if (!room(answer, answer->mx_count, DNS_MX_MAX))
        return true;
    answer->mx = mem_realloc(answer->mx, (answer->mx_count + 1) * sizeof *answer->mx);
    answer->mx[answer->mx_count++] = mx;
    return true;
}

static bool add_address(struct dns_answer *answer, const struct message *m, const struct record *record) {
    const uint8_t *data = m->data + record->data;
    if (record->len != (record->type == DNS_TYPE_A ? 4u : 16u))
        return false;
    if (!room(answer, answer->address_count, DNS_ADDRESS_MAX))
        return true;
    answer->address = mem_realloc(answer->address, (answer->address_count + 1) * sizeof *answer->address);
    struct sockaddr_storage *address = &answer->address[answer->address_count++];
    memset(address, 0, sizeof *address);
    address->ss_family = record->type == DNS_TYPE_A ? AF_INET : AF_INET6;
    if (record->type == DNS_TYPE_A)
        memcpy(&((struct sockaddr_in *)address)->sin_addr, data, record->len);
    else
        memcpy(&((struct sockaddr_in6 *)address)->sin6_addr, data, record->len);
    return true;
}

/* Character-strings (RFC 1035 section 3.3.14) joined into out; false if they do not fill the RDATA. */
static bool join_strings(struct dns_blob *out, const uint8_t *data, size_t len) {
    struct reader rest = reader_of(data, len);
    while (rest.left > 0 && !rest.bad) {
        struct reader string = reader_vector(&rest, 1);
        memcpy(out->data + out->len, string.at, string.left);
        out->len += string.left;
    }
    return !rest.bad && len > 0;
}

static bool read_target(struct dns_blob *out, const struct message *m, const struct record *record) {
    char name[DNS_NAME_CAP];
    if (read_name(m, record->data, name) != record->data + record->len)
        return false;
    out->len = strlen(name);
    memcpy(out->data, name, out->len + 1);
    return true;
}

static bool add_blob(struct dns_answer *answer, const struct message *m, const struct record *record) {
    const uint8_t *data = m->data + record->data;
    size_t cap = record->type == DNS_TYPE_PTR ? DNS_NAME_CAP : record->len + 1;
    if (!room(answer, answer->blob_count, DNS_BLOB_MAX))
        return true;
    answer->blob = mem_realloc(answer->blob, (answer->blob_count + 1) * sizeof *answer->blob);
    struct dns_blob *blob = &answer->blob[answer->blob_count++];
    *blob = (struct dns_blob){.data = mem_alloc(cap)};
    if (record->type == DNS_TYPE_PTR)
        return read_target(blob, m, record);
    if (record->type == DNS_TYPE_TXT)
        return join_strings(blob, data, record->len);
    memcpy(blob->data, data, record->len);
    blob->len = record->len;
    return true;
}

static bool add_record(struct dns_answer *answer, const struct message *m, const struct record *record) {
    switch (record->type) {
    case DNS_TYPE_MX:
        return add_mx(answer, m, record);
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        return add_address(answer, m, record);
    case DNS_TYPE_TXT:
    case DNS_TYPE_TLSA:
    case DNS_TYPE_CAA:
    case DNS_TYPE_PTR:
        return add_blob(answer, m, record);
    default:
        return true;
    }
}

/* Whether records of the type are there; false in *good if one is malformed. */
static bool read_records(struct dns_answer *answer, unsigned type, const struct message *m, size_t at, unsigned records,
                         const char *owner, bool *good) {
    struct record record;
    bool any = false;
    for (unsigned i = 0; i < records && *good; i++) {
        at = read_record(&record, m, at); /* went well before, in read_aliases() */
        if (record.type != type || record.class != CLASS_IN || strcasecmp(record.owner, owner) != 0)
            continue;
        any = true;
        *good = add_record(answer, m, &record);
    }
    return any;
}

/* ---- the message ---- */

/* The header (RFC 1035 section 4.1.1). */
struct header {
    unsigned bits; /* the fourth octet: AD, RCODE */
    unsigned questions, records;
};

static struct header read_header(const struct message *m) {
    struct reader rest = read_from(m, HEADER_BITS_AT);
    struct header header = {.bits = reader_number(&rest, 1)};
    header.questions = reader_number(&rest, 2);
    header.records = reader_number(&rest, 2);
    return header;
}

/* The one question's name; the offset behind the question, or 0. */
static size_t read_question(const struct message *m, const struct header *header, char name[DNS_NAME_CAP]) {
    size_t at = header->questions == 1 ? read_name(m, HEADER_OCTETS, name) : 0;
    return at == 0 || m->len - at < QUESTION_FIXED ? 0 : at + QUESTION_FIXED;
}

static enum dns_status read_message(struct dns_answer *answer, unsigned type, const struct message *m) {
    char name[DNS_NAME_CAP];
    struct alias alias[DNS_ALIAS_MAX];
    if (m->len < HEADER_OCTETS)
        return DNS_SERVFAIL;
    const struct header header = read_header(m);
    unsigned rcode = header.bits & RCODE_MASK;
    size_t at = read_question(m, &header, name);
    if (at == 0 || (rcode != RCODE_OK && rcode != RCODE_NXDOMAIN))
        return DNS_SERVFAIL;
    int aliases = read_aliases(alias, m, at, header.records);
    bool good = aliases >= 0 && (type == DNS_TYPE_CNAME || follow(answer, name, alias, aliases));
    bool any = good && read_records(answer, type, m, at, header.records, name, &good);
    if (!good)
        return DNS_SERVFAIL;
    answer->authentic = header.bits & AUTHENTIC_DATA;
    if (rcode == RCODE_NXDOMAIN)
        return DNS_NXDOMAIN;
    return any ? DNS_OK : DNS_NODATA;
}

void dns_answer_parse(struct dns_answer *answer, unsigned type, const uint8_t *message, size_t len) {
    const struct message m = {message, len};
    memset(answer, 0, sizeof *answer);
    answer->dnssec = DNSSEC_UNKNOWN;
    answer->status = read_message(answer, type, &m);
    if (answer->status != DNS_OK) { /* what stood in a broken answer is not to be used */
        enum dns_status status = answer->status;
        dns_answer_free(answer);
        answer->status = status;
    }
}

void dns_answer_free(struct dns_answer *answer) {
    for (size_t i = 0; i < answer->blob_count; i++)
        free(answer->blob[i].data);
    free(answer->blob);
    free(answer->mx);
    free(answer->address);
    answer->blob = NULL;
    answer->mx = NULL;
    answer->address = NULL;
    answer->blob_count = answer->mx_count = answer->address_count = 0;
}
