/* SPDX-License-Identifier: MIT
 * The master secrets of secret_file (contract section 6): one a line, the first signs, the others still verify.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include "common/buf.h"

enum { SECRET_MIN = 32, SECRET_MAX = 512, SECRETS_MAX = 8 }; /* bytes of one; how many */

struct secrets {
    size_t n;
    struct {
        char bytes[SECRET_MAX];
        size_t len;
    } list[SECRETS_MAX];
};

/* Empty lines are skipped. Refused: no secret, one too short or too long, too many, a file that others may read or
 * write (mode & 007), no regular file. why then has one sentence. */
bool secrets_read(struct secrets *s, const char *path, struct buf *why);

/* Makes a file (0600) with one secret of 256 random bits where there is none; true when there is one afterwards. */
bool secrets_make(const char *path, struct buf *why);

void secrets_wipe(struct secrets *s);

#endif
