/* SPDX-License-Identifier: MIT
 * What any store must do: the tests of common/store.h, run on whatever store a fixture makes. They test what
 * the header promises and nothing else; what only one back end has is tested in its own test_store_*.c.
 */
#ifndef TESTS_UNIT_STORE_SUITE_H
#define TESTS_UNIT_STORE_SUITE_H

#include "common/store.h"

struct store_fixture {
    void *(*make)(void); /* a new, empty store; NULL where it could not be made */
    /* Another handle of it; at most one writer is open at a time. All handles are closed before the store
     * goes. */
    struct store *(*open)(void *made, enum store_use use);
    void (*unmake)(void *made);
};

/* Runs all of it as one cmocka group of that name; the number of tests that failed. */
int store_suite(const char *name, const struct store_fixture *fixture);

#endif
