/* zip_member.c - see zip_member.h. What follows the file is kept until it shows whether the file was whole and the only
 * one: its checksum, then the central directory (APPNOTE.TXT section 4.3). */
#include "zip_member.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { HEADER = 30, DESCRIPTOR = 12, DESCRIPTOR_64 = 20, SIGNATURE = 4, TAIL = SIGNATURE + DESCRIPTOR_64 + SIGNATURE };
enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, STORED = 0, DEFLATED = 8 };

struct zip_member {
    z_stream stream;
    bool stored, has_descriptor, whole; /* whole: all of the file was read */
    uint32_t left, crc, expected_crc;   /* left: octets of a stored file */
    uint8_t tail[TAIL];
    size_t tail_len;
};

static unsigned u16(const uint8_t *at) { return (unsigned)at[0] | (unsigned)at[1] << 8; }
static uint32_t u32(const uint8_t *at) { return u16(at) | (uint32_t)u16(at + 2) << 16; }

bool zip_is(const uint8_t *head, size_t len) { return len >= SIGNATURE && memcmp(head, "PK\3\4", SIGNATURE) == 0; }

static bool begins(const uint8_t *name, size_t len, const char *text) {
    return len >= strlen(text) && memcmp(name, text, strlen(text)) == 0;
}

/* What a ZIP with that first file is, or NULL: a list. */
static const char *name_refused(const uint8_t *name, size_t len) {
    static const char *const office[] = {"[Content_Types].xml", "_rels/", "docProps/", "xl/", "word/", "mimetype"};
    static const char *const endings[] = {".csv", ".txt", ".tsv", ".lst"};
    enum { ENDING = 4 };
    for (size_t i = 0; i < sizeof office / sizeof *office; i++)
        if (begins(name, len, office[i]))
            return "a spreadsheet or document: save the list as CSV in UTF-8";
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (len > ENDING && strncasecmp((const char *)name + len - ENDING, endings[i], ENDING) == 0)
            return NULL;
    return "a ZIP whose first file is no .csv or .txt: unpack it first";
}

static const char *header_refused(const uint8_t *head, size_t len) {
    if (len < HEADER || len - HEADER < u16(head + 26) + u16(head + 28))
        return "a ZIP that is cut short";
    const char *why = name_refused(head + HEADER, u16(head + 26));
    unsigned flags = u16(head + 6), method = u16(head + 8);
    bool endless = method == STORED && ((flags & FLAG_DESCRIPTOR) || u32(head + 18) == UINT32_MAX);
    if (why)
        return why;
    if (flags & FLAG_ENCRYPTED)
        return "an encrypted ZIP: unpack it first";
    return (method != STORED && method != DEFLATED) || endless ? "a ZIP of an unusual kind: unpack it first" : NULL;
}

struct zip_member *zip_member_open(const uint8_t *head, size_t len, size_t *used, const char **why) {
    *why = header_refused(head, len);
    if (*why)
        return NULL;
    struct zip_member *zip = mem_alloc(sizeof *zip);
    *zip = (struct zip_member){
        .stored = u16(head + 8) == STORED,
        .has_descriptor = u16(head + 6) & FLAG_DESCRIPTOR,
        .expected_crc = u32(head + 14),
        .left = u32(head + 18),
    };
    if (inflateInit2(&zip->stream, -MAX_WBITS) != Z_OK)
        abort();
    *used = HEADER + u16(head + 26) + u16(head + 28);
    return zip;
}

static void move_on(struct zip_piece *piece, size_t in, size_t out) {
    piece->in += in;
    piece->in_len -= in;
    piece->out += out;
    piece->out_len -= out;
}

static void copy(struct zip_member *zip, struct zip_piece *piece) {
    size_t n = piece->in_len < piece->out_len ? piece->in_len : piece->out_len;
    n = n < zip->left ? n : zip->left;
    memcpy(piece->out, piece->in, n);
    zip->left -= (uint32_t)n;
    zip->whole = zip->left == 0;
    move_on(piece, n, n);
}

static bool unpack(struct zip_member *zip, struct zip_piece *piece) {
    z_stream *stream = &zip->stream;
    stream->next_in = (uint8_t *)(uintptr_t)piece->in; /* zlib does not write there */
    stream->avail_in = (unsigned)piece->in_len;
    stream->next_out = piece->out;
    stream->avail_out = (unsigned)piece->out_len;
    int code = inflate(stream, Z_NO_FLUSH);
    zip->whole = code == Z_STREAM_END;
    move_on(piece, piece->in_len - stream->avail_in, piece->out_len - stream->avail_out);
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
}

static bool is_at(const struct zip_member *zip, size_t at, const char *signature) {
    return at + SIGNATURE <= zip->tail_len && memcmp(zip->tail + at, signature, SIGNATURE) == 0;
}

/* The ZIP goes on behind the file as it has to, or what is wrong. */
static const char *tail_refused(const struct zip_member *zip) {
    size_t at = 0;
    uint32_t expected = zip->expected_crc;
    if (zip->has_descriptor) {
        at = is_at(zip, 0, "PK\7\10") ? SIGNATURE : 0;
        expected = u32(zip->tail + at);
        at +=
            is_at(zip, at + DESCRIPTOR, "PK\1\2") || is_at(zip, at + DESCRIPTOR, "PK\3\4") ? DESCRIPTOR : DESCRIPTOR_64;
    }
    if (is_at(zip, at, "PK\3\4"))
        return "a ZIP of several files: unpack it first";
    if (!is_at(zip, at, "PK\1\2"))
        return "a ZIP that is cut short or damaged";
    return zip->crc == expected ? NULL : "a ZIP that is damaged: its checksum is wrong";
}

enum zip_step zip_member_read(struct zip_member *zip, struct zip_piece *piece, const char **why) {
    bool ended = piece->in_len == 0;
    if (!zip->whole) {
        const uint8_t *out = piece->out;
        *why = "a ZIP that is cut short or damaged";
        if (zip->stored)
            copy(zip, piece);
        else if (!unpack(zip, piece))
            return ZIP_BROKEN;
        size_t made = (size_t)(piece->out - out);
        zip->crc = (uint32_t)crc32(zip->crc, out, (unsigned)made);
        return ended && made == 0 && !zip->whole ? ZIP_BROKEN : ZIP_MORE;
    }
    size_t n = TAIL - zip->tail_len < piece->in_len ? TAIL - zip->tail_len : piece->in_len;
    memcpy(zip->tail + zip->tail_len, piece->in, n);
    zip->tail_len += n;
    move_on(piece, n, 0);
    if (zip->tail_len < TAIL && !ended)
        return ZIP_MORE;
    *why = tail_refused(zip);
    return *why ? ZIP_BROKEN : ZIP_END;
}

void zip_member_free(struct zip_member **zip) {
    if (*zip)
        inflateEnd(&(*zip)->stream);
    free(*zip);
    *zip = NULL;
}
