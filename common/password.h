/* SPDX-License-Identifier: MIT
 * Room passwords by crypt(3) of libxcrypt: yescrypt for new ones; bcrypt hashes of earlier days verify. Slow on
 * purpose (tens of milliseconds): who calls bounds how many run at once.
 */
#ifndef COMMON_PASSWORD_H
#define COMMON_PASSWORD_H

#include "common/str.h"

enum { PASSWORD_HASH_SIZE = 384, PASSWORD_BCRYPT_COST_MAX = 14 };

/* False: out of memory or the password has a NUL or over 511 bytes. */
bool password_hash(struct str password, char out[PASSWORD_HASH_SIZE]);

/* False too for a stored value that is no hash we know ($y$, $2a$, $2b$, $2y$ up to cost 14): crypt(3) would fall back to
 * DES. The comparison takes constant time. False with errno ENOMEM: there was no memory to find out. */
bool password_verify(struct str password, const char *hash);

/* A hash that verified but should be made anew by password_hash(). */
bool password_stale(const char *hash);

#endif
