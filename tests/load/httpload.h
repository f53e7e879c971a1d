/* SPDX-License-Identifier: MIT
 * httpload, the load generator for plain HTTP: what its two files share. httpload.c keeps so many requests under way
 * over so many kept connections, httpload_answer.c says what has come and whether it is right.
 */
#ifndef TESTS_LOAD_HTTPLOAD_H
#define TESTS_LOAD_HTTPLOAD_H

#include "common/buf.h"

enum { HTTP_STATUS_MAX = 600 };

/* What is asked of every answer; one of the two. */
struct wanted {
    struct str answer;            /* a whole one, that each must be; p == NULL: any of the statuses */
    bool status[HTTP_STATUS_MAX]; /* which may come */
};

struct answer {
    size_t length; /* of head and body; 0: it is not all there yet */
    int status;
    bool closes; /* the server ends the connection behind it */
};

/* What has come so far. False: it is no answer of HTTP/1.1 with a Content-Length. */
bool answer_read(struct answer *a, struct str bytes);

/* The same but for the values of Date and X-Request-Id, whose lengths count, and for lines of the
 * web server's that come and go (Connection, Accept-Ranges). */
bool answer_same(struct str wanted, struct str got);

#endif
