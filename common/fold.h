/* SPDX-License-Identifier: MIT
 * Unicode by ICU: what counts as the same text, how long it is, and what may not be in a name. Knows no room.
 * All functions take UTF-8; where it is not (or is over 16 MB), they say false (or 0).
 */
#ifndef COMMON_FOLD_H
#define COMMON_FOLD_H

#include "common/buf.h"

/* Well-formed UTF-8 (RFC 3629): no surrogates, nothing overlong, nothing above U+10FFFF. */
bool fold_utf8(struct str s);

/* Appends the NFC form. */
bool fold_nfc(struct buf *out, struct str s);

/* Appends the key under which texts that differ only in case or in how they are composed are the same: NFC of the
 * full case folding of NFC. At most 9 bytes for each byte given. */
bool fold_key(struct buf *out, struct str s);

/* Code points. */
size_t fold_length(struct str s);

/* No control, bidi-control, line- or paragraph-separator character in it. */
bool fold_clean(struct str s);

/* Begins or ends with a white-space character (Unicode White_Space). */
bool fold_outer_space(struct str s);

#endif
