/* SPDX-License-Identifier: MIT
 * Folders for tests of the SQLite store: made, opened, looked into and taken away.
 */
#ifndef TESTS_UNIT_STORE_DIR_H
#define TESTS_UNIT_STORE_DIR_H

#include "common/store.h"

/* A new folder below $TMPDIR; the store's own, DIR/store, is not made yet. NULL: could not. */
char *store_dir_make(void);
/* DIR/store and DIR go with all that is in them; dir is freed. */
void store_dir_remove(char *dir);

/* DIR/store/file, in a buffer of the caller's. */
enum { STORE_PATH_SIZE = 512 };
const char *store_dir_path(char out[STORE_PATH_SIZE], const char *dir, const char *file);

/* A handle of DIR/store; why may be NULL: the sentence then goes to stderr. */
enum store_result store_dir_try(struct store **out, const char *dir, enum store_use use, struct buf *why);
/* The same; NULL where it did not open. */
struct store *store_dir_open(const char *dir, enum store_use use);

/* Makes DIR/store where needed and a file in it with these bytes. */
bool store_dir_write(const char *dir, const char *file, struct str bytes);
/* Appends what is in the file; false: cannot be read. */
bool store_dir_read(const char *dir, const char *file, struct buf *out);
/* How many files of DIR/store have these bytes in them. */
size_t store_dir_grep(const char *dir, struct str bytes);

#endif
