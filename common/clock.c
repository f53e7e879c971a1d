/* SPDX-License-Identifier: MIT
 * The clocks of the kernel. The relay's domain files do not call this: they are given the time.
 */
#include "common/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t); /* cannot fail: both clocks exist on every Linux */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

uint64_t clock_mono_ns(void)
{
    return (uint64_t)read_ns(CLOCK_MONOTONIC);
}
