/* SPDX-License-Identifier: MIT
 * The path of a request, the same for both programs: the raw target as the client sent it, base_path taken off, split
 * at "/", each segment decoded once. Servers differ in what they decode, so nothing decoded by them is used.
 */
#ifndef COMMON_PATH_H
#define COMMON_PATH_H

#include "common/buf.h"

enum { PATH_SEGMENTS_MAX = 6, PATH_MAX_BYTES = 4096, PATH_SEGMENT_MAX = 1024 };

struct path {
    size_t n;
    struct str segment[PATH_SEGMENTS_MAX]; /* decoded UTF-8, never empty, "." or ".." */
    struct str query; /* raw, without "?"; p == NULL where there is none; borrowed from the target */
    char text[PATH_MAX_BYTES];
};

/* target: origin form ("/a/b?c") or absolute form ("http://host/a/b?c"). base: the setting base_path. False, meaning
 * that no such path exists: outside the base, %00, bad escapes, not UTF-8, empty segments ("/" alone has none and
 * is good), "." and "..", too long, too many. */
bool path_read(struct path *path, struct str target, const char *base);

/* The setting base_path as it goes in front of a path that begins with "/": "" for "/". */
const char *path_base(const char *base_path);

/* The first value of a query's member, decoded ("+" is a space) and appended to out. False: absent, or not decodable. */
bool path_query(struct str query, const char *name, struct buf *out);

/* A whole text percent-decoded once into out; false for bad escapes, %00 and what is not UTF-8. */
bool path_decode(struct buf *out, struct str s);
/* Percent-encodes all but the unreserved characters of RFC 3986. */
void path_encode(struct buf *out, struct str s);

#endif
