/* SPDX-License-Identifier: MIT
 * For settings*.c only: one row of the table, and what its text becomes.
 */
#ifndef COMMON_SETTINGS_VALUE_H
#define COMMON_SETTINGS_VALUE_H

#include "common/settings.h"

enum setting_kind {
    KIND_TEXT,
    KIND_WORD,
    KIND_LIST,
    KIND_LINES,
    KIND_COUNT,
    KIND_SIZE,
    KIND_TIME,
    KIND_RATE
};

/* The table's rows, by number. */
enum {
#define SETTING(name, kind, preset, least, most, none, what) ROW_##name,
#include "common/settings.def"
#undef SETTING
    ROW_COUNT
};

struct setting_spec {
    size_t row;
    const char *name, *kind_word, *preset, *least, *most, *what;
    enum setting_kind kind;
    bool may_be_none;
    size_t at; /* of its field in struct settings */
};

/* Makes the field of spec's kind from its text. False: nothing was changed, and problem has what it must be,
 * to be read behind its name. The field is all zero or a value: that is freed, unless it is of LINES and
 * `more` come to it. */
bool setting_value_put(const struct setting_spec *spec, void *field, struct str text, bool more,
                       struct buf *problem);
void setting_value_free(enum setting_kind kind, void *field);

/* What is wrong with a text, a word of a list or a line, beyond its kind ("must be …"); NULL: nothing. */
const char *setting_format_wrong(size_t row, struct str text);

#endif
