/* SPDX-License-Identifier: MIT
 * JSON in. One pass of our own refuses what json-c lets through (repeated members, NaN, 'quotes', a BOM, \u0000 in a
 * member's name, bytes that are not UTF-8) and finds the members that the caller wants; json-c is only asked where a
 * wanted text has escapes. JSON out is buf_json().
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/str.h"

enum {
    JSON_DEPTH_MAX = 16,
    JSON_MEMBERS_MAX = 64
}; /* nesting, the outer object counted; members of one object */

enum json_kind { JSON_ABSENT, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_OBJECT, JSON_ARRAY };

/* A member that the caller wants; name is set by the caller, the rest by json_read(). */
struct json_member {
    const char *name; /* case matters */
    enum json_kind kind;
    struct str
        text; /* a text's characters, unescaped (it may hold NUL); of any other kind the JSON as it stood */
};

/* A reader is one thread's and may be used again and again. */
struct json_reader;
struct json_reader *json_reader_new(void); /* NULL: no memory */
void json_reader_free(struct json_reader *r);

/* Reads one JSON object, with nothing but white space around it. False when it is not one (RFC 8259 and the rules
 * above). The texts live as long as `text` and until the reader's next use. Lone surrogates in escapes become U+FFFD.
 * text need not end with NUL. */
bool json_read(struct json_reader *r, struct str text, struct json_member *want, size_t n);

/* An integer without fraction and exponent that fits; false otherwise. */
bool json_int(const struct json_member *m, int64_t *out);

/* The elements of an array or the members of an object that json_read() has accepted, one by one: set *rest to the
 * member's text before the first call. Texts come as they stood, with quotes and escapes; false at the end. */
bool json_next(struct str *rest, struct str *element);

#endif
