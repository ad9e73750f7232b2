// link: mxg_list mxg_base PkgConfig::ZLIB
/* test_lines.c - submitted lists: what people's programs write is read, what is no list is refused before a line of it
 * is. */
#include "lines.h"

#include "base/mem.h"
#include "utf16.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { MANY = 60000, DEFLATED = 8, DESCRIBED = 8, ENCRYPTED = 1 };

static char path[64], error[512], found[4096];

static void write_file(const void *data, size_t len) {
    snprintf(path, sizeof path, "/tmp/mxgrade-lines-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)data + at, len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    close(fd);
}

/* The names and reasons of the list, a blank behind each, into found; how many lines it has, or -1 and error. */
static int read_list(const void *data, size_t len) {
    write_file(data, len);
    struct lines *lines = lines_open(path, error, sizeof error);
    unlink(path);
    *found = '\0';
    if (lines == NULL)
        return -1;
    struct line line;
    enum lines_result result;
    int count = 0;
    size_t used = 0;
    for (; (result = lines_next(lines, &line, error, sizeof error)) == LINES_LINE; count++)
        if (used + NAME_CAP < sizeof found)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s ",
                                     line.error == NAME_OK ? line.name : line.reason);
    lines_close(&lines);
    return result == LINES_END ? count : -1;
}

static void gives(const void *data, size_t len, int count, const char *names) {
    int got = read_list(data, len);
    if (got != count || strcmp(found, names) != 0)
        fail_msg("%d lines '%s', expected %d '%s' (%s)", got, found, count, names, got < 0 ? error : "");
}
#define GIVES(text, count, names) gives(text, sizeof(text) - 1, count, names)

static void refuses(const void *data, size_t len, const char *part) {
    int got = read_list(data, len);
    if (got >= 0 || strstr(error, part) == NULL || strchr(error, '\n'))
        fail_msg("%d lines '%s' (%s), expected '%s'", got, found, got < 0 ? error : "", part);
}
#define REFUSES(text, part) refuses(text, sizeof(text) - 1, part)

/* ---- lines and fields ---- */

static void lf_crlf_and_cr_end_a_line(void **state) {
    (void)state;
    GIVES("a.test\nb.test\r\nc.test\rd.test", 4, "a.test b.test c.test d.test ");
    GIVES("a.test\r\rb.test\r\n\r\n", 4, "a.test empty line b.test empty line ");
    GIVES("a.test\r", 1, "a.test ");
    GIVES("\n", 1, "empty line ");
    GIVES("", 0, "");
}

static void crlf_is_one_end_wherever_the_buffer_ends(void **state) {
    (void)state;
    char *text = mem_alloc(MANY * 16);
    size_t len = 0;
    for (int i = 0; i < MANY; i++)
        len += (size_t)sprintf(text + len, "%dx%s.test\r\n", i, i % 7 ? "" : "y");
    assert_int_equal(read_list(text, len), MANY);
    free(text);
}

static void white_space_of_any_kind_round_a_field_goes(void **state) {
    (void)state;
    static const char text[] =
        "\xef\xbb\xbf"
        "a.test\n1,\xc2\xa0"
        "b.test\n\xc2\xa0\xe3\x80\x80"
        "2\xe2\x80\x89,\" c.test\xc2\xa0\"\nd.test\xc2\xa0,1\n\xef\xbb\xbf# x\ne.test\xe2\x80\x8e";
    gives(text, sizeof text - 1, 6, "a.test b.test c.test d.test comment U+200E is not allowed in a name ");
    struct line line;
    line_parse(&line, "\xc2\xa0 7 \xe3\x80\x80,a.test", 15, 1, false);
    assert_int_equal(line.rank, 7);
    assert_string_equal(line.name, "a.test");
}

static void a_stray_octet_is_a_rejected_line_and_no_reason_to_refuse_the_list(void **state) {
    (void)state;
    static const char text[] = "a.test\nb\0.test\nb\xfc.test\nc.test\n";
    gives(text, sizeof text - 1, 4, "a.test U+0000 is not allowed in a name neither ASCII nor UTF-8 c.test ");
    GIVES("BZhao.test\nPK.test\nRar.test\n7z.test\n", 4, "bzhao.test pk.test rar.test 7z.test ");
}

/* ---- UTF-16 ---- */

static void utf16_with_a_mark_is_read(void **state) {
    (void)state;
    GIVES("\xff\xfe"
          "a\0.\0t\0\r\0\n\0b\0\xfc\0.\0t\0",
          2, "a.t xn--b-eha.t ");
    GIVES("\xfe\xff\0a\0.\0t\0\n\0b\0.\0t\0\n", 2, "a.t b.t ");
    GIVES("\xff\xfe", 1, "empty line ");
    GIVES("\xff\xfe"
          "a\0.\0\x00\xd8t\0",
          1, "U+FFFD is not allowed in a name "); /* half a pair */
    char *text = mem_alloc(MANY * 32);
    size_t len = 2;
    memcpy(text, "\xff\xfe", len);
    for (int i = 0; i < MANY; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, "%d.test\r\n", i);
        for (int at = 0; at < n; at++) {
            text[len++] = line[at];
            text[len++] = '\0';
        }
    }
    assert_int_equal(read_list(text, len), MANY);
    free(text);
    REFUSES("a\0.\0t\0e\0s\0t\0\n\0", "no text");
    REFUSES("\xff\xfe\0\0a\0\0\0", "UTF-32");
}

static void utf16_may_be_cut_anywhere(void **state) {
    (void)state;
    static const uint8_t text[] = {'a', 0, 0xfc, 0, 0x3d, 0xd8, 0xa9, 0xdc, 0x0e, 0x20, 0, 0xdc, 'z', 0};
    static const char utf8[] = "a\xc3\xbc\xf0\x9f\x92\xa9\xe2\x80\x8e\xef\xbf\xbdz";
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        struct utf16 state16 = {0};
        char out[2 * sizeof text + 2 * UTF16_SPARE];
        size_t len = utf16_to_utf8(&state16, out, text, cut);
        len += utf16_to_utf8(&state16, out + len, text + cut, sizeof text - cut);
        assert_int_equal(len, sizeof utf8 - 1);
        assert_memory_equal(out, utf8, len);
    }
}

/* ---- ZIP ---- */

struct zip {
    uint8_t *data;
    size_t len;
};

static void put(struct zip *zip, unsigned octets, unsigned long value) {
    for (unsigned i = 0; i < octets; i++)
        zip->data[zip->len++] = (uint8_t)(i < sizeof value ? value >> 8 * i : 0);
}

static void put_data(struct zip *zip, const char *text, size_t len, unsigned method) {
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)text, .avail_in = (unsigned)len};
    if (method != DEFLATED) {
        memcpy(zip->data + zip->len, text, len);
        zip->len += len;
        return;
    }
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = zip->data + zip->len;
    stream.avail_out = (unsigned)len + 1000;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    zip->len += stream.total_out;
    deflateEnd(&stream);
}

static void add_member(struct zip *zip, const char *name, const char *text, size_t len, unsigned method,
                       unsigned flags) {
    unsigned long crc = crc32(0, (const uint8_t *)text, (unsigned)len);
    zip->data = mem_realloc(zip->data, zip->len + len + 4096);
    put(zip, 4, 0x04034b50);
    put(zip, 2, 20);
    put(zip, 2, flags);
    put(zip, 2, method);
    put(zip, 4, 0);
    put(zip, 4, flags & DESCRIBED ? 0 : crc);
    put(zip, 4, flags & DESCRIBED ? 0 : len); /* of deflated octets nobody looks */
    put(zip, 4, flags & DESCRIBED ? 0 : len);
    put(zip, 2, strlen(name));
    put(zip, 2, 5);
    memcpy(zip->data + zip->len, name, strlen(name));
    zip->len += strlen(name);
    put(zip, 5, 0);
    put_data(zip, text, len, method);
    if (flags & DESCRIBED) {
        put(zip, 4, 0x08074b50);
        put(zip, 4, crc);
        put(zip, 4, 0);
        put(zip, 4, 0);
    }
}

static void end_zip(struct zip *zip) {
    put(zip, 4, 0x02014b50);
    put(zip, 42 + 22, 0);
}

static struct zip make_zip(const char *name, const char *text, size_t len, unsigned method, unsigned flags) {
    struct zip zip = {0};
    add_member(&zip, name, text, len, method, flags);
    end_zip(&zip);
    return zip;
}

#define ROWS "1,a.test\r\n2,b.test\r\n"

static void check_zip(const char *name, unsigned method, unsigned flags, const char *wrong) {
    struct zip zip = make_zip(name, ROWS, sizeof ROWS - 1, method, flags);
    if (wrong)
        refuses(zip.data, zip.len, wrong);
    else
        gives(zip.data, zip.len, 2, "a.test b.test ");
    free(zip.data);
}

static void a_zip_of_one_list_is_read(void **state) {
    (void)state;
    check_zip("top-1m.csv", DEFLATED, 0, NULL);
    check_zip("top-1m.csv", DEFLATED, DESCRIBED, NULL);
    check_zip("LIST.TXT", 0, 0, NULL);
    check_zip("list.csv", DEFLATED, ENCRYPTED, "encrypted");
    check_zip("list.csv", 0, DESCRIBED, "unusual kind");
    check_zip("list.csv", 14, 0, "unusual kind");
    check_zip("[Content_Types].xml", DEFLATED, 0, "spreadsheet");
    check_zip("xl/sharedStrings.xml", DEFLATED, 0, "spreadsheet");
    check_zip("setup.exe", DEFLATED, 0, "no .csv or .txt");
    check_zip("", DEFLATED, 0, "no .csv or .txt");
}

static void a_long_list_in_a_zip_is_read_to_its_end(void **state) {
    (void)state;
    char *text = mem_alloc(MANY * 32);
    size_t len = 0;
    for (int i = 0; i < MANY; i++)
        len += (size_t)sprintf(text + len, "%d,site%d.test\n", i, i * 7919);
    for (unsigned method = 0; method <= DEFLATED; method += DEFLATED) {
        struct zip zip = make_zip("l.csv", text, len, method, 0);
        assert_int_equal(read_list(zip.data, zip.len), MANY);
        free(zip.data);
    }
    free(text);
}

static void a_zip_that_is_not_whole_is_an_error(void **state) {
    (void)state;
    struct zip zip = make_zip("l.csv", ROWS, sizeof ROWS - 1, DEFLATED, 0);
    for (size_t len = 4; len < zip.len - 22 - 42; len++)
        refuses(zip.data, len, "cut short");
    zip.data[14] ^= 1;
    refuses(zip.data, zip.len, "checksum");
    free(zip.data);
    struct zip two = {0};
    add_member(&two, "a.csv", ROWS, sizeof ROWS - 1, DEFLATED, DESCRIBED);
    add_member(&two, "b.csv", ROWS, sizeof ROWS - 1, DEFLATED, 0);
    end_zip(&two);
    refuses(two.data, two.len, "several files");
    free(two.data);
    struct zip binary = make_zip("l.txt", "\0\1\2\3\4\5\6\7", 8, 0, 0);
    refuses(binary.data, binary.len, "no text");
    free(binary.data);
}

/* ---- what is no list ---- */

static void what_is_packed_otherwise_is_refused_with_the_way_out(void **state) {
    (void)state;
    REFUSES("BZh91AY&SY\x8c\xd3", "bzip2 -dc");
    REFUSES("\xfd"
            "7zXZ\0\0\4\xe6",
            "xz -dc");
    REFUSES("\x28\xb5\x2f\xfd\x24", "zstd -dc");
    REFUSES("7z\xbc\xaf\x27\x1c\0\4", "7-Zip");
    REFUSES("Rar!\x1a\7", "RAR");
    REFUSES("%PDF-1.7\n", "PDF");
    REFUSES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet");
    REFUSES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0", "no text");
    uint8_t random[4096];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof random; i++) {
        seed = seed * 1664525 + 1013904223;
        random[i] = (uint8_t)(seed >> 24);
    }
    refuses(random, sizeof random, "no text");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lf_crlf_and_cr_end_a_line),
        cmocka_unit_test(crlf_is_one_end_wherever_the_buffer_ends),
        cmocka_unit_test(white_space_of_any_kind_round_a_field_goes),
        cmocka_unit_test(a_stray_octet_is_a_rejected_line_and_no_reason_to_refuse_the_list),
        cmocka_unit_test(utf16_with_a_mark_is_read),
        cmocka_unit_test(utf16_may_be_cut_anywhere),
        cmocka_unit_test(a_zip_of_one_list_is_read),
        cmocka_unit_test(a_long_list_in_a_zip_is_read_to_its_end),
        cmocka_unit_test(a_zip_that_is_not_whole_is_an_error),
        cmocka_unit_test(what_is_packed_otherwise_is_refused_with_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
