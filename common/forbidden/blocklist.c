/* blocklist.c - see blocklist.h.
 *
 * Prefixes become ranges of addresses, one array for IPv4 and one for IPv6, sorted once everything is read. Two
 * prefixes either nest or are apart: with those gone that lie in another, a binary search finds the one that holds an
 * address. Names are in a hash, and each parent of a name is looked up in turn. Neither cost depends on the list.
 */
#include "forbidden/blocklist.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "forbidden/reserved.h"
#include "names/name.h"
#include "names/reason.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { SHOWN_MAX = 80, WHY_MAX = 256, READ_OCTETS = 1 << 20, V4_BITS = 32, V6_BITS = 128, ADDRESS_MAX = 64 };
enum { MAPPED_BITS = 96 }; /* ::ffff:0:0/96 */

typedef unsigned __int128 address_t; /* an IPv4 address is in the low 32 bits */

struct place {
    uint32_t file, line;
};

struct range {
    address_t first, last;
    struct place place;
};

struct ranges {
    struct range *item;
    size_t count, cap;
};

struct blocked_name {
    UT_hash_handle hh;
    struct place place;
    char name[];
};

struct blocklist {
    struct ranges v4, v6;
    struct blocked_name *names;
    size_t masked;
    char **file; /* names for messages */
    uint32_t file_count;
};

/* What the parser is at. */
struct list_reader {
    struct blocklist *list;
    const char *path;
    struct place place;
    char *error;
    size_t cap;
};

/* ---- errors ---- */

static bool fail(const struct list_reader *reader, const char *entry, size_t len, const char *why) {
    char shown[SHOWN_MAX], path[SHOWN_MAX * 2];
    text_sanitise(shown, sizeof shown, entry, len);
    text_sanitise(path, sizeof path, reader->path, strlen(reader->path));
    snprintf(reader->error, reader->cap, "%s:%u: '%s': %s", path, reader->place.line, shown, why);
    return false;
}

/* ---- addresses ---- */

static address_t address_from(const uint8_t *octets, size_t count) {
    address_t address = 0;
    for (size_t i = 0; i < count; i++)
        address = address << 8 | octets[i];
    return address;
}

/* The bits behind the first so many of width. */
static address_t host_bits(unsigned bits, unsigned width) {
    return bits == 0 && width == V6_BITS ? ~(address_t)0 : ((address_t)1 << (width - bits)) - 1;
}

static void add_range(struct ranges *ranges, address_t first, address_t last, struct place place) {
    if (ranges->count == ranges->cap) {
        ranges->cap = ranges->cap ? 2 * ranges->cap : 64;
        ranges->item = mem_realloc(ranges->item, ranges->cap * sizeof *ranges->item);
    }
    ranges->item[ranges->count++] = (struct range){first, last, place};
}

static void add_prefix(struct list_reader *reader, const uint8_t *octets, bool v6, unsigned bits) {
    static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};
    if (v6 && bits >= MAPPED_BITS && memcmp(octets, mapped, sizeof mapped) == 0) {
        octets += sizeof mapped;
        bits -= MAPPED_BITS;
        v6 = false;
    }
    unsigned width = v6 ? V6_BITS : V4_BITS;
    address_t address = address_from(octets, width / 8), rest = host_bits(bits, width);
    if ((address & rest) != 0)
        reader->list->masked++;
    add_range(v6 ? &reader->list->v6 : &reader->list->v4, address & ~rest, address | rest, reader->place);
}

/* Digits alone, at most most. */
static bool parse_bits(const char *text, unsigned most, unsigned *bits) {
    size_t len = strlen(text);
    *bits = 0;
    if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
        return false;
    *bits = (unsigned)strtoul(text, NULL, 10);
    return *bits <= most;
}

/* Was it meant as an address? No domain name has a colon or a slash, or is all digits and dots. */
static bool looks_like_address(const char *entry, size_t len) {
    bool numeric = true;
    if (memchr(entry, '@', len) || memmem(entry, len, "://", 3))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (entry[i] == ':' || entry[i] == '/')
            return true;
        numeric = numeric && ((entry[i] >= '0' && entry[i] <= '9') || entry[i] == '.');
    }
    return numeric;
}

static bool take_address(struct list_reader *reader, const char *entry, size_t len) {
    char text[ADDRESS_MAX];
    uint8_t octets[16];
    snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : 0), entry);
    bool v6 = strchr(text, ':') != NULL;
    unsigned most = v6 ? V6_BITS : V4_BITS, bits = most;
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text, octets) != 1)
        return fail(reader, entry, len, "neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32");
    if (slash && !parse_bits(slash + 1, most, &bits))
        return fail(reader, entry, len, v6 ? "a prefix's length is 0 to 128" : "a prefix's length is 0 to 32");
    add_prefix(reader, octets, v6, bits);
    return true;
}

/* ---- names ---- */

static void add_name(struct list_reader *reader, const char *alabel) {
    struct blocked_name *name = NULL;
    size_t len = strlen(alabel);
    HASH_FIND(hh, reader->list->names, alabel, len, name);
    if (name)
        return;
    name = mem_alloc(sizeof *name + len + 1);
    name->place = reader->place;
    memcpy(name->name, alabel, len);
    HASH_ADD_KEYPTR(hh, reader->list->names, name->name, len, name);
}

/* ".mil": a single label is one where it is meant. As no line of a list may be one, it is read below another. */
static bool take_top_level(struct list_reader *reader, const char *label, size_t len) {
    char text[NAME_CAP], alabel[NAME_CAP];
    if (len + 3 > sizeof text)
        return false;
    snprintf(text, sizeof text, "x.%.*s", (int)len, label);
    if (name_from_line(alabel, text, len + 2) != NAME_OK)
        return false;
    add_name(reader, alabel + 2);
    return true;
}

/* reason: what to say where there is nothing better. */
static const char *name_advice(enum name_error error, const char *reason) {
    switch (error) {
    case NAME_EMPTY:
        return "no name behind it";
    case NAME_EMAIL:
        return "an e-mail address: give the part behind the @";
    case NAME_ADDRESS:
        return "neither an address nor a name";
    case NAME_SINGLE_LABEL:
        return "a single label: give a full name such as example.org, or .example for a whole top-level domain";
    default:
        return reason;
    }
}

static bool take_name(struct list_reader *reader, const char *entry, size_t len) {
    char alabel[NAME_CAP], reason[NAME_REASON_CAP];
    size_t prefix = len >= 2 && memcmp(entry, "*.", 2) == 0 ? 2 : len >= 1 && entry[0] == '.' ? 1 : 0;
    enum name_error error = name_from_line(alabel, entry + prefix, len - prefix);
    if (error == NAME_OK) {
        add_name(reader, alabel);
        return true;
    }
    if (error == NAME_SINGLE_LABEL && prefix && take_top_level(reader, entry + prefix, len - prefix))
        return true;
    name_reason(reason, error, entry + prefix, len - prefix);
    return fail(reader, entry, len, name_advice(error, reason));
}

/* ---- lines ---- */

static bool take_line(struct list_reader *reader, const char *line, size_t len) {
    const char *comment = memchr(line, '#', len);
    len = comment ? (size_t)(comment - line) : len;
    utf8_trim(&line, &len);
    if (len == 0)
        return true;
    if (memchr(line, '\0', len)) /* UTF-16, perhaps */
        return fail(reader, line, len, "not a text file in ASCII or UTF-8");
    for (size_t i = 0; i < len; i++)
        if (ascii_is_space(line[i]))
            return fail(reader, line, len, "one entry a line; what follows an entry has to begin with #");
    return looks_like_address(line, len) ? take_address(reader, line, len) : take_name(reader, line, len);
}

static bool take_lines(struct list_reader *reader, const char *data, size_t len) {
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) : len;
        reader->place.line++;
        if (!take_line(reader, data, line))
            return false;
        line += end != NULL;
        data += line;
        len -= line;
    }
    return true;
}

static int by_first(const void *a, const void *b) {
    const struct range *left = a, *right = b;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    if (left->last != right->last) /* the wider first */
        return left->last > right->last ? -1 : 1;
    if (left->place.file != right->place.file)
        return left->place.file < right->place.file ? -1 : 1;
    return left->place.line < right->place.line ? -1 : left->place.line > right->place.line;
}

static void sort_ranges(struct ranges *ranges) {
    size_t kept = 0;
    if (ranges->count == 0)
        return;
    qsort(ranges->item, ranges->count, sizeof *ranges->item, by_first);
    for (size_t i = 1; i < ranges->count; i++)
        if (ranges->item[i].last > ranges->item[kept].last)
            ranges->item[++kept] = ranges->item[i];
    ranges->count = ranges->cap = kept + 1;
    ranges->item = mem_realloc(ranges->item, ranges->cap * sizeof *ranges->item);
}

/* ---- files ---- */

static bool take_file(struct blocklist *list, const char *path, const void *data, size_t len, char *error, size_t cap) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    struct list_reader reader = {.list = list, .path = path, .error = error, .cap = cap};
    reader.place.file = list->file_count;
    list->file = mem_realloc(list->file, (list->file_count + 1) * sizeof *list->file);
    list->file[list->file_count++] = text_sanitise_dup(base, strlen(base), SHOWN_MAX);
    return take_lines(&reader, data, len);
}

/* All of it, in fresh memory; NULL with errno set, EFBIG if there is too much of it. */
static char *read_all(FILE *file, size_t *len) {
    char *data = NULL;
    size_t cap = 0, got;
    *len = 0;
    do {
        if (*len == cap) {
            cap = cap ? 2 * cap : READ_OCTETS;
            data = mem_realloc(data, cap);
        }
        got = fread(data + *len, 1, cap - *len, file);
        *len += got;
    } while (got > 0 && *len <= BLOCKLIST_FILE_MAX);
    if (*len > BLOCKLIST_FILE_MAX)
        errno = EFBIG;
    else if (!ferror(file))
        return data;
    free(data);
    return NULL;
}

static bool read_file(struct blocklist *list, const char *path, char *error, size_t cap) {
    size_t len;
    FILE *file = fopen(path, "re");
    char *data = file ? read_all(file, &len) : NULL;
    bool good = data && take_file(list, path, data, len, error, cap);
    if (data == NULL)
        snprintf(error, cap, "cannot read the blocklist '%s': %s", path, strerror(errno));
    free(data);
    if (file)
        fclose(file);
    return good;
}

/* ---- the list ---- */

static struct blocklist *complete_list(struct blocklist *list, bool good) {
    if (!good)
        blocklist_free(&list);
    if (list) {
        sort_ranges(&list->v4);
        sort_ranges(&list->v6);
    }
    return list;
}

struct blocklist *blocklist_parse(const char *name, const void *data, size_t len, char *error, size_t cap) {
    struct blocklist *list = mem_alloc(sizeof *list);
    return complete_list(list, take_file(list, name, data, len, error, cap));
}

struct blocklist *blocklist_load(const char *paths, char *error, size_t cap) {
    struct blocklist *list = mem_alloc(sizeof *list);
    char *copy = mem_strdup(paths ? paths : ""), *rest = copy;
    bool good = true;
    for (char *path; good && (path = strsep(&rest, ",")) != NULL;)
        good = *path == '\0' || read_file(list, path, error, cap);
    free(copy);
    return complete_list(list, good);
}

void blocklist_free(struct blocklist **list) {
    struct blocklist *self = *list;
    struct blocked_name *name, *next;
    if (self == NULL)
        return;
    *list = NULL;
    HASH_ITER(hh, self->names, name, next) {
        HASH_DEL(self->names, name);
        free(name);
    }
    for (uint32_t i = 0; i < self->file_count; i++)
        free(self->file[i]);
    free(self->file);
    free(self->v4.item);
    free(self->v6.item);
    free(self);
}

/* ---- look-ups ---- */

static const char *why(const struct blocklist *list, struct place place) {
    static _Thread_local char text[WHY_MAX];
    snprintf(text, sizeof text, "blocklist %s line %u", list->file[place.file], place.line);
    return text;
}

static const char *why_in(const struct blocklist *list, const struct ranges *ranges, address_t address) {
    size_t low = 0, high = ranges->count; /* the last range that begins at or before the address is below high */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->item[middle].first <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address > ranges->item[low - 1].last)
        return NULL;
    return why(list, ranges->item[low - 1].place);
}

const char *blocklist_why_address(const struct blocklist *list, const struct sockaddr *address) {
    uint8_t inside[4];
    if (address->sa_family == AF_INET)
        return why_in(list, &list->v4, ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    if (address->sa_family != AF_INET6)
        return NULL;
    const uint8_t *octets = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
    const char *found = why_in(list, &list->v6, address_from(octets, sizeof(struct in6_addr)));
    if (found == NULL && reserved_embedded_ipv4(octets, inside))
        found = why_in(list, &list->v4, address_from(inside, sizeof inside));
    return found;
}

const char *blocklist_why_name(const struct blocklist *list, const char *alabel) {
    for (const char *at = alabel; at && *at; at = strchr(at, '.')) {
        struct blocked_name *name = NULL;
        at += *at == '.';
        HASH_FIND(hh, list->names, at, strlen(at), name);
        if (name)
            return why(list, name->place);
    }
    return NULL;
}

size_t blocklist_names(const struct blocklist *list) { return HASH_COUNT(list->names); }
size_t blocklist_prefixes(const struct blocklist *list) { return list->v4.count + list->v6.count; }
size_t blocklist_masked(const struct blocklist *list) { return list->masked; }
