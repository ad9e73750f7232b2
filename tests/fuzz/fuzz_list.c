// link: mxg_list PkgConfig::ZLIB
/* fuzz_list.c - the input is a submitted file. Its ZIP gives the same octets however it is cut into pieces, UTF-16 the
 * same characters, all of them well-formed; both stay in bounds and end. */
#include "base/utf8.h"
#include "fuzz.h"
#include "list_kind.h"
#include "utf16.h"
#include "zip_member.h"

#include <string.h>

enum { OUT_MAX = 1 << 16, SMALL = 7 };

struct read {
    enum zip_step step;
    size_t len;
    uint8_t out[OUT_MAX];
};

/* Stops where out is full. */
static void read_zip(struct read *got, const uint8_t *data, size_t size, size_t piece_len) {
    size_t at = 0;
    const char *why = NULL;
    struct zip_member *zip = zip_member_open(data, size, &at, &why);
    *got = (struct read){.step = ZIP_BROKEN};
    CHECK((zip == NULL) == (why != NULL));
    CHECK(zip == NULL || at <= size);
    while (zip && got->len < OUT_MAX) {
        size_t in = size - at < piece_len ? size - at : piece_len;
        struct zip_piece piece = {data + at, in, got->out + got->len, OUT_MAX - got->len};
        got->step = zip_member_read(zip, &piece, &why);
        CHECK(piece.in_len <= in && piece.out_len <= OUT_MAX - got->len);
        at += in - piece.in_len;
        got->len = OUT_MAX - piece.out_len;
        if (got->step != ZIP_MORE)
            break;
    }
    zip_member_free(&zip);
}

static void check_zip(const uint8_t *data, size_t size) {
    static struct read whole, cut;
    read_zip(&whole, data, size, size);
    read_zip(&cut, data, size, SMALL);
    CHECK(whole.step == cut.step);
    CHECK(whole.step == ZIP_BROKEN || (whole.len == cut.len && memcmp(whole.out, cut.out, whole.len) == 0));
}

static void check_utf16(const uint8_t *data, size_t size) {
    struct utf16 state = {.big_endian = list_text_of(data, size) == LIST_UTF16_BIG}, cut = state;
    size_t first = size ? data[0] % size : 0, len, n;
    char *out = malloc(2 * size + UTF16_SPARE), *again = malloc(2 * size + 2 * UTF16_SPARE);
    uint32_t point;
    len = utf16_to_utf8(&state, out, data, size);
    CHECK(len <= 2 * size + UTF16_SPARE);
    n = utf16_to_utf8(&cut, again, data, first);
    n += utf16_to_utf8(&cut, again + n, data + first, size - first);
    CHECK(n == len && memcmp(out, again, len) == 0);
    for (size_t at = 0; at < len; at += n)
        CHECK((n = utf8_decode(&point, out + at, len - at)) > 0);
    free(again);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    (void)list_kind_refused(data, size);
    if (zip_is(data, size))
        check_zip(data, size);
    check_utf16(data, size);
    return 0;
}
