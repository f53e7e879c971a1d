/* SPDX-License-Identifier: MIT
 * For settings.c only: the lines of a settings file or of a web server's snippet (settings.h says what they
 * look like).
 */
#ifndef COMMON_SETTINGS_FILE_H
#define COMMON_SETTINGS_FILE_H

#include "common/buf.h"

enum { SETTINGS_FILE_MAX = 1024 * 1024, SETTINGS_LINE_MAX = 4096 }; /* bytes; of a line without its end */

/* Appends the file. False: errno says why not; EFBIG where it is longer than that. */
bool settings_file_read(struct buf *text, const char *path);

enum settings_line { LINE_SETTING, LINE_BAD, LINE_END };

struct settings_file {
    struct str rest;
    size_t line; /* of what settings_file_next() has just returned, from 1 */
    bool snippet;
    struct str name,
        value; /* of LINE_SETTING; name as in the table, or in capitals without GLOBES_ in a snippet */
    const char *problem; /* of LINE_BAD, to be read behind file and line */
};

/* Borrows the text. */
void settings_file_begin(struct settings_file *f, struct str text);
enum settings_line settings_file_next(struct settings_file *f);

#endif
