/* SPDX-License-Identifier: MIT
 * Random bits, digests and derived keys, by libcrypto. Its failures cannot be worked round: the functions abort().
 */
#ifndef COMMON_KEY_H
#define COMMON_KEY_H

#include "common/str.h"

enum { KEY_SIZE = 32 };

/* n bytes of the kernel's generator. */
void key_random(void *out, size_t n);

/* HKDF-SHA256 (RFC 5869) without salt: 32 bytes. */
void key_derive(uint8_t out[KEY_SIZE], struct str master, const void *info, size_t info_len);

void key_sha256(uint8_t out[KEY_SIZE], struct str s);

/* HMAC-SHA256 (RFC 2104). */
void key_mac(uint8_t out[KEY_SIZE], const void *key, size_t key_len, const void *p, size_t n);

/* In a time that does not depend on what differs. */
bool key_same(const void *a, const void *b, size_t n);

/* Overwrites memory that held a secret; not optimised away. */
void key_wipe(void *p, size_t n);

#endif
