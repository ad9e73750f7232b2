/* list_file.c - see list_file.h. Octets pass through three stages: zlib reads gzip and takes plain files as they are
 * (raw), the ZIP's file is unpacked (plain), UTF-16 becomes UTF-8. */
#include "list_file.h"

#include "base/mem.h"
#include "list_kind.h"
#include "utf16.h"
#include "zip_member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER_OCTETS = 1 << 17 };

struct octets {
    size_t at, end; /* unread part */
    uint8_t data[BUFFER_OCTETS];
};

struct list_file {
    gzFile gzip;
    char path[256];         /* for messages */
    struct zip_member *zip; /* NULL: raw octets are plain */
    enum list_text text;
    struct utf16 utf16;
    struct octets raw, plain;
};

static enum list_read fill_raw(struct list_file *file, char *error, size_t cap) {
    int got = gzread(file->gzip, file->raw.data, sizeof file->raw.data), code = Z_OK;
    file->raw.at = 0;
    file->raw.end = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return LIST_READ;
    const char *why = gzerror(file->gzip, &code);
    if (code == Z_OK)
        return LIST_END;
    if (code == Z_ERRNO)
        why = strerror(errno);
    if (code == Z_BUF_ERROR)
        why = "the gzip file is cut short";
    snprintf(error, cap, "cannot read '%s': %s", file->path, why);
    return LIST_ERROR;
}

static void refuse(const struct list_file *file, const char *what, char *error, size_t cap) {
    snprintf(error, cap, "'%s' is %s", file->path, what);
}

static enum list_read unzip(struct list_file *file, char *error, size_t cap) {
    for (;;) {
        struct octets *raw = &file->raw, *plain = &file->plain;
        if (raw->at == raw->end && fill_raw(file, error, cap) == LIST_ERROR)
            return LIST_ERROR;
        const char *why;
        struct zip_piece piece = {raw->data + raw->at, raw->end - raw->at, plain->data, sizeof plain->data};
        enum zip_step step = zip_member_read(file->zip, &piece, &why);
        raw->at = raw->end - piece.in_len;
        plain->at = 0;
        plain->end = sizeof plain->data - piece.out_len;
        if (step == ZIP_BROKEN)
            refuse(file, why, error, cap);
        if (step != ZIP_MORE)
            return step == ZIP_END ? LIST_END : LIST_ERROR;
        if (plain->end > 0)
            return LIST_READ;
    }
}

static struct octets *plain_of(struct list_file *file) { return file->zip ? &file->plain : &file->raw; }

static enum list_read fill_plain(struct list_file *file, char *error, size_t cap) {
    return file->zip ? unzip(file, error, cap) : fill_raw(file, error, cap);
}

/* Reads the first octets and tells from them what they are. */
static bool begin(struct list_file *file, char *error, size_t cap) {
    enum list_read result = fill_raw(file, error, cap);
    const char *why = NULL;
    if (result == LIST_READ && zip_is(file->raw.data, file->raw.end)) {
        file->zip = zip_member_open(file->raw.data, file->raw.end, &file->raw.at, &why);
        if (why == NULL)
            result = unzip(file, error, cap);
    }
    if (why) {
        refuse(file, why, error, cap);
        return false;
    }
    if (result != LIST_READ)
        return result == LIST_END;
    struct octets *plain = plain_of(file);
    why = list_kind_refused(plain->data + plain->at, plain->end - plain->at);
    if (why) {
        refuse(file, why, error, cap);
        return false;
    }
    file->text = list_text_of(plain->data + plain->at, plain->end - plain->at);
    file->utf16.big_endian = file->text == LIST_UTF16_BIG;
    return true;
}

static int open_path(const char *path, char *error, size_t cap) {
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool good = fd >= 0 && fstat(fd, &status) == 0;
    if (!good)
        snprintf(error, cap, "cannot read '%s': %s", path, strerror(errno));
    else if (S_ISDIR(status.st_mode))
        snprintf(error, cap, "'%s' is a directory: name a file", path);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct list_file *list_file_open(const char *path, char *error, size_t cap) {
    int fd = open_path(path, error, cap);
    if (fd < 0)
        return NULL;
    struct list_file *file = mem_calloc(1, sizeof *file);
    snprintf(file->path, sizeof file->path, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    file->gzip = gzdopen(fd, "rb");
    if (file->gzip == NULL) {
        snprintf(error, cap, "cannot read '%s'", path);
        close(fd);
    }
    if (file->gzip == NULL || !begin(file, error, cap))
        list_file_close(&file);
    return file;
}

enum list_read list_file_read(struct list_file *file, char *out, size_t out_cap, size_t *got, char *error, size_t cap) {
    *got = 0;
    while (*got == 0) {
        struct octets *plain = plain_of(file);
        enum list_read result = plain->at < plain->end ? LIST_READ : fill_plain(file, error, cap);
        if (result != LIST_READ)
            return result;
        bool utf16 = file->text != LIST_UTF8;
        size_t len = plain->end - plain->at, room = utf16 ? (out_cap - UTF16_SPARE) / 2 : out_cap;
        len = len < room ? len : room;
        if (utf16)
            *got = utf16_to_utf8(&file->utf16, out, plain->data + plain->at, len);
        else
            memcpy(out, plain->data + plain->at, *got = len);
        plain->at += len;
    }
    return LIST_READ;
}

void list_file_close(struct list_file **file) {
    if (*file == NULL)
        return;
    if ((*file)->gzip)
        gzclose_r((*file)->gzip);
    zip_member_free(&(*file)->zip);
    free(*file);
    *file = NULL;
}
