/* list_kind.c - see list_kind.h. Known kinds go by octets that no list begins with, the others by how much of them is
 * no text: a stray control character is a line that is rejected, not a file. */
#include "list_kind.h"

#include "base/ascii.h"

#include <stdbool.h>
#include <string.h>

enum { HEAD_OCTETS = 1 << 16, CONTROL_SHARE = 32 };

#define SAVE_AS_TEXT ": save the list as text in UTF-8, or as CSV"
#define UNPACK ": unpack it first"

static const struct {
    size_t at;
    const char *octets;
    size_t len;
    const char *what;
} KINDS[] = {
#define KIND(at, octets, what)                                                                                         \
    { at, octets, sizeof(octets) - 1, what }
    KIND(4, "1AY&SY", "bzip2" UNPACK " (bzip2 -dc FILE | mxgrade submit -)"),
    KIND(1, "7zXZ\0", "xz" UNPACK " (xz -dc FILE | mxgrade submit -)"),
    KIND(0, "\x28\xb5\x2f\xfd", "zstd" UNPACK " (zstd -dc FILE | mxgrade submit -)"),
    KIND(0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive" UNPACK),
    KIND(0, "Rar!\x1a", "a RAR archive" UNPACK),
    KIND(0, "PK\3\4", "a ZIP inside another file" UNPACK),
    KIND(0, "%PDF-", "a PDF" SAVE_AS_TEXT),
    KIND(0, "\xd0\xcf\x11\xe0", "an old spreadsheet or document" SAVE_AS_TEXT),
    KIND(0, "\xff\xfe\0\0", "UTF-32" SAVE_AS_TEXT),
    KIND(0, "\0\0\xfe\xff", "UTF-32" SAVE_AS_TEXT),
#undef KIND
};

enum list_text list_text_of(const uint8_t *head, size_t len) {
    if (len >= 2 && head[0] == 0xff && head[1] == 0xfe)
        return LIST_UTF16_LITTLE;
    return len >= 2 && head[0] == 0xfe && head[1] == 0xff ? LIST_UTF16_BIG : LIST_UTF8;
}

/* Compressed or encrypted data have one control character in nine octets, UTF-16 without a mark every other. */
static bool is_binary(const uint8_t *head, size_t len) {
    size_t controls = 0;
    len = len < HEAD_OCTETS ? len : HEAD_OCTETS;
    for (size_t i = 0; i < len; i++)
        controls += (head[i] < ' ' && !ascii_is_space(head[i])) || head[i] == 0x7f;
    return controls > 1 + len / CONTROL_SHARE;
}

const char *list_kind_refused(const uint8_t *head, size_t len) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (len >= KINDS[i].at + KINDS[i].len && memcmp(head + KINDS[i].at, KINDS[i].octets, KINDS[i].len) == 0)
            return KINDS[i].what;
    if (list_text_of(head, len) != LIST_UTF8)
        return NULL;
    return is_binary(head, len) ? "no text" SAVE_AS_TEXT : NULL;
}
