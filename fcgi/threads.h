/* SPDX-License-Identifier: MIT
 * The threads that answer, and their end.
 */
#ifndef FCGI_THREADS_H
#define FCGI_THREADS_H

#include "common/secret.h"
#include "common/settings.h"

/* Answers what comes in on the listening socket `fd` with fcgi_threads threads until SIGTERM, SIGINT or
 * SIGUSR1; requests that have begun are finished. Returns the program's exit status. */
int threads_run(int fd, const struct settings *settings, const struct secrets *secrets);

#endif
