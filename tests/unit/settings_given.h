/* SPDX-License-Identifier: MIT
 * For the tests of settings: loads them from texts, which are written to files in a folder of the program's
 * own, and says what came of it.
 */
#ifndef TESTS_UNIT_SETTINGS_GIVEN_H
#define TESTS_UNIT_SETTINGS_GIVEN_H

#include "common/settings.h"

enum { FILES_MAX = 3 };

struct given {
    struct settings s;
    struct buf why;
    char path[FILES_MAX][64]; /* where the texts were; they are gone again */
    bool good;
};

/* For cmocka's groups: makes and removes the folder. */
extern char given_folder[];
int given_open(void **state);
int given_close(void **state);

/* One text. The lists are NULL-ended; environment may be NULL. */
void load(struct given *g, const char *text, const char *const *environment);
/* Up to FILES_MAX texts, the last one absent. */
void load_texts(struct given *g, const struct str *text, const char *const *environment);
/* Files that are there, or not, into a g of zeros. */
void given_load(struct given *g, const char *const *paths, const char *const *environment);
void done(struct given *g);

void assert_good(const struct given *g);
/* It was refused by one sentence that begins with prefix (with the first file's path before it where prefix
 * begins with a space) and has word in it. */
void assert_says(const struct given *g, const char *prefix, const char *word);
void assert_line_taken(const char *line);
/* As assert_says(), of " line 1: ". */
void assert_line_refused(const char *line, const char *word);

struct setting_row row_of(const struct settings *s, const char *name);

#endif
