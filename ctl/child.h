/* SPDX-License-Identifier: MIT
 * One program that the supervisor keeps running: how it is started, and when again after it ended. Which
 * program to stop when is not known here.
 */
#ifndef CTL_CHILD_H
#define CTL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CHILD_DELAY_MIN_MS = 100, /* before it is started again; doubles up to CHILD_DELAY_MAX_MS … */
    CHILD_DELAY_MAX_MS = 5000,
    CHILD_STEADY_MS = 10000 /* … until it has lived that long */
};

/* How it gets its listening socket. */
enum child_socket { CHILD_NO_SOCKET, CHILD_SOCKET_STDIN, CHILD_SOCKET_LISTEN_FDS };

struct child {
    const char *name;
    char **argv; /* argv[0] is its path */
    enum child_socket socket_kind;
    int socket;
    pid_t pid;          /* 0 while it does not run */
    int64_t started_ms; /* clock_mono_ms() */
    int64_t due_ms;     /* when it is to be started, while it does not run */
    int64_t delay_ms;   /* that follows its next end */
};

/* Starts it in a session of its own, so that a Ctrl-C in the terminal reaches the supervisor alone; it dies
 * with the supervisor. A failure counts as an end. */
void child_start(struct child *c, char *const *environment);

/* It has ended with this status of waitpid(2): says so and sets when it is due again. */
void child_ended(struct child *c, int status);

/* "ended by signal 9", "ended with exit code 1" */
const char *child_end_words(char out[64], int status);

#endif
