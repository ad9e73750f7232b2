// link: mxg_forbidden
/* fuzz_blocklist.c - the input is an operator's file. It is taken whole or refused with a clean line that says where;
 * of one that is taken, every prefix blocks what lies in it and nothing else, by a walk through all of them, and every
 * plain name blocks itself and what is below it.
 */
#include "base/text.h"
#include "base/utf8.h"
#include "forbidden/blocklist.h"
#include "fuzz.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { PREFIXES_MAX = 256, LINE_MAX_LEN = 300 };

struct prefix {
    uint8_t octets[16];
    unsigned width, bits; /* in bits */
};

static struct {
    struct prefix item[PREFIXES_MAX];
    size_t count;
} walk;

static bool lies_in(const uint8_t *octets, unsigned width, const struct prefix *prefix) {
    if (width != prefix->width)
        return false;
    for (unsigned bit = 0; bit < prefix->bits; bit++)
        if ((octets[bit / 8] ^ prefix->octets[bit / 8]) & 0x80 >> bit % 8)
            return false;
    return true;
}

static bool walk_finds(const uint8_t *octets, unsigned width) {
    for (size_t i = 0; i < walk.count; i++)
        if (lies_in(octets, width, &walk.item[i]))
            return true;
    return false;
}

/* The IPv4 address inside, as special_purpose.csv has it. */
static const uint8_t *inside(const uint8_t *octets) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(octets, mapped, sizeof mapped) == 0 || memcmp(octets, nat64, sizeof nat64) == 0)
        return octets + 12;
    return octets[0] == 0x20 && octets[1] == 0x02 ? octets + 2 : NULL;
}

static void check_address(const struct blocklist *list, const uint8_t *octets, unsigned width) {
    struct sockaddr_storage address = {.ss_family = width == 32 ? AF_INET : AF_INET6};
    if (width == 32)
        memcpy(&((struct sockaddr_in *)&address)->sin_addr, octets, 4);
    else
        memcpy(&((struct sockaddr_in6 *)&address)->sin6_addr, octets, 16);
    bool wanted = walk_finds(octets, width);
    if (width == 128 && inside(octets))
        wanted = wanted || walk_finds(inside(octets), 32);
    const char *why = blocklist_why_address(list, (struct sockaddr *)&address);
    CHECK((why != NULL) == wanted);
    CHECK(why == NULL || text_is_clean(why, strlen(why)));
}

static void step(uint8_t *octets, unsigned width, int by) {
    for (unsigned i = width / 8; i-- > 0;) {
        octets[i] = (uint8_t)(octets[i] + by);
        if (octets[i] != (by > 0 ? 0 : 0xff))
            return;
    }
}

static void check_edges(const struct blocklist *list, const struct prefix *prefix) {
    uint8_t first[16], last[16];
    memcpy(first, prefix->octets, sizeof first);
    memcpy(last, prefix->octets, sizeof last);
    for (unsigned bit = prefix->bits; bit < prefix->width; bit++) {
        first[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
    check_address(list, first, prefix->width);
    check_address(list, last, prefix->width);
    step(first, prefix->width, -1);
    step(last, prefix->width, 1);
    check_address(list, first, prefix->width);
    check_address(list, last, prefix->width);
}

static void check_name(const struct blocklist *list, const char *entry) {
    char name[LINE_MAX_LEN + 2] = "x.";
    for (size_t i = 0; i <= strlen(entry); i++)
        name[i + 2] = (char)tolower((unsigned char)entry[i]);
    CHECK(blocklist_why_name(list, name + 2) && blocklist_why_name(list, name));
}

/* An entry of a list that was taken: into the walk, or, if it is plainly a name, checked at once. */
static void take_entry(const struct blocklist *list, char *entry) {
    struct prefix prefix = {.width = strchr(entry, ':') ? 128 : 32};
    char *slash = strchr(entry, '/');
    if (slash)
        *slash = '\0';
    if (inet_pton(prefix.width == 32 ? AF_INET : AF_INET6, entry, prefix.octets) != 1) {
        size_t len = strlen(entry);
        if (isalnum((unsigned char)entry[0]) && isalnum((unsigned char)entry[len - 1]) && text_is_clean(entry, len) &&
            strspn(entry, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len)
            check_name(list, entry);
        return;
    }
    prefix.bits = slash ? (unsigned)atoi(slash + 1) : prefix.width;
    if (prefix.width == 128 && prefix.bits >= 96 && inside(prefix.octets) == prefix.octets + 12 && prefix.octets[10]) {
        memmove(prefix.octets, prefix.octets + 12, 4);
        prefix.width = 32;
        prefix.bits -= 96;
    }
    walk.item[walk.count++] = prefix;
}

/* Lines longer than an entry can be are comments, for the most part; and more prefixes than the walk holds end it. */
static bool take_lines(const struct blocklist *list, const char *text, size_t size) {
    char entry[LINE_MAX_LEN];
    for (size_t at = 0; at < size;) {
        const char *line = text + at, *newline = memchr(line, '\n', size - at);
        size_t whole = newline ? (size_t)(newline - line) : size - at;
        const char *comment = memchr(line, '#', whole);
        size_t len = comment ? (size_t)(comment - line) : whole;
        utf8_trim(&line, &len); /* the mark at a file's beginning is white space, too */
        if (len >= sizeof entry || walk.count == PREFIXES_MAX)
            return false;
        memcpy(entry, line, len);
        entry[len] = '\0';
        if (len > 0)
            take_entry(list, entry);
        at += whole + 1;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[256] = "";
    struct blocklist *list = blocklist_parse("a/list", data, size, error, sizeof error);
    if (list == NULL) {
        CHECK(strncmp(error, "a/list:", 7) == 0 && text_is_clean(error, strlen(error)));
        return 0;
    }
    CHECK(*error == '\0');
    walk.count = 0;
    if (take_lines(list, (const char *)data, size)) {
        CHECK(blocklist_prefixes(list) <= walk.count);
        for (size_t i = 0; i < walk.count; i++)
            check_edges(list, &walk.item[i]);
    }
    blocklist_free(&list);
    return 0;
}
