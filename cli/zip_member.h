/* zip_member.h - the one file in a ZIP, read as it streams by: what Tranco and Umbrella hand out is top-1m.csv.zip.
 * Memory is bounded. */
#ifndef MXG_ZIP_MEMBER_H
#define MXG_ZIP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool zip_is(const uint8_t *head, size_t len);

struct zip_member;

/* head: the first octets of the ZIP; *used: how many of them stand before the file's. NULL: *why says what the ZIP is
 * and what to do. */
__attribute__((warn_unused_result)) struct zip_member *zip_member_open(const uint8_t *head, size_t len, size_t *used,
                                                                       const char **why);

struct zip_piece {
    const uint8_t *in; /* what is there of the ZIP */
    size_t in_len;
    uint8_t *out; /* room for what is in the file */
    size_t out_len;
};

enum zip_step { ZIP_MORE, ZIP_END, ZIP_BROKEN };
/* Takes octets off piece->in and puts some at piece->out, moving both on. Without octets the ZIP has ended. ZIP_BROKEN:
 * *why. */
__attribute__((warn_unused_result)) enum zip_step zip_member_read(struct zip_member *zip, struct zip_piece *piece,
                                                                  const char **why);

void zip_member_free(struct zip_member **zip);

#endif
