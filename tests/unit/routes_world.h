/* SPDX-License-Identifier: MIT
 * What the tests of fcgi/routes.h share: a worker on the fake store, without FastCGI and without a relay, with an open
 * and a closed room. Each test has a world of its own.
 */
#ifndef TESTS_UNIT_ROUTES_WORLD_H
#define TESTS_UNIT_ROUTES_WORLD_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fcgi/routes.h"
#include "tests/unit/store_fake.h"

struct routes_world {
    struct settings settings;
    struct secrets secrets;
    struct shared shared;
    struct worker w;
    struct store_fake *fake;
    struct response res;
    struct buf text; /* the whole last answer */
    struct room open, closed;
    struct buf token; /* of the closed room */
};

/* Setup and teardown of a cmocka test. */
int routes_begin(void **state);
int routes_end(void **state);

/* Answers it; t->text is the whole answer. Returns the status. */
int answer(struct routes_world *t, const struct request *q);
/* The same for a request without a body. */
int get(struct routes_world *t, const char *method, const char *target);
/* Whether the last answer holds this. */
bool says(const struct routes_world *t, const char *what);

/* Appends "message <seq>." by ann, or a removal of target; must be stored. */
void append(struct routes_world *t, const struct room *room, int64_t seq, enum entry_kind kind,
            int64_t target);

#endif
