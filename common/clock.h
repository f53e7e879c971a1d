/* SPDX-License-Identifier: MIT
 * What time it is. The wall clock dates what people see; the monotonic one measures.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);  /* since 1970, UTC */
int64_t clock_mono_ms(void);  /* since some moment before the program began; never goes back */
uint64_t clock_mono_ns(void); /* likewise */

#endif
