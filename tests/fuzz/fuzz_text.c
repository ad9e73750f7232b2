// link: mxg_base
/* fuzz_text.c - whatever comes in, what text_sanitise() lets out is UTF-8 by the grammar of RFC 3629 section 4, free of
 * control characters and of those that turn the direction of text, within its bound, and clean text passes unchanged.
 */
#include "base/text.h"
#include "fuzz.h"

#include <string.h>

/* RFC 3629 section 4, one row a line of its grammar: the ranges of the first and the second octet, and the length.
 * U+0080 to U+009F (C1) are left out of the second row. */
static const struct {
    uint8_t first_least, first_most, second_least, second_most, len;
} GRAMMAR[] = {{0x20, 0x7E, 0, 0, 1},       {0xC2, 0xC2, 0xA0, 0xBF, 2}, {0xC3, 0xDF, 0x80, 0xBF, 2},
               {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
               {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
               {0xF4, 0xF4, 0x80, 0x8F, 4}};

/* U+2028 to U+202E and U+2066 to U+2069: separators and what turns the direction of text. */
static int turns(const uint8_t *at, size_t left) {
    return left > 2 && at[0] == 0xE2 &&
           ((at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) || (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9));
}

static size_t character(const uint8_t *at, size_t left) {
    if (turns(at, left))
        return 0;
    for (size_t i = 0; i < sizeof GRAMMAR / sizeof *GRAMMAR; i++) {
        size_t len = GRAMMAR[i].len;
        if (len > left || at[0] < GRAMMAR[i].first_least || at[0] > GRAMMAR[i].first_most)
            continue;
        if (len > 1 && (at[1] < GRAMMAR[i].second_least || at[1] > GRAMMAR[i].second_most))
            continue;
        if ((len > 2 && (at[2] & 0xC0) != 0x80) || (len > 3 && (at[3] & 0xC0) != 0x80))
            continue;
        return len;
    }
    return 0;
}

static int is_clean(const void *data, size_t len) {
    const uint8_t *octets = data;
    size_t at = 0, step = 1;
    while (at < len && (step = character(octets + at, len - at)) > 0)
        at += step;
    return at == len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CHECK(text_is_clean(data, size) == is_clean(data, size));

    size_t most = 4 * size; /* every octet escaped */
    char *whole = malloc(most + 1);
    size_t len = text_sanitise(whole, most + 1, data, size);
    CHECK(len <= most && strlen(whole) == len && is_clean(whole, len) && text_is_clean(whole, len));
    if (is_clean(data, size))
        CHECK(len == size && (size == 0 || memcmp(whole, data, size) == 0));

    size_t cap = 1 + (size ? data[0] % (most + 1) : 0);
    char *cut = malloc(cap); /* of exactly that size, for the sanitizer to watch */
    size_t cut_len = text_sanitise(cut, cap, data, size);
    CHECK(cut_len < cap && strlen(cut) == cut_len && is_clean(cut, cut_len));
    CHECK(memcmp(cut, whole, cut_len) == 0 && (cut_len == len || cut_len + 4 >= cap));

    char *dup = text_sanitise_dup(data, size, cap);
    CHECK(strlen(dup) <= cap && memcmp(dup, whole, strlen(dup)) == 0);

    char *hex = malloc(2 * size + 1);
    text_hex(hex, data, size);
    CHECK(strlen(hex) == 2 * size && strspn(hex, "0123456789abcdef") == 2 * size);
    free(hex);
    free(dup);
    free(cut);
    free(whole);
    return 0;
}
