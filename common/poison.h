/* SPDX-License-Identifier: MIT
 * The compiler reads this before every file of ours (-include): calls that do not know the size of what they
 * write to, and conversions that cannot say "this was no number", do not compile here.
 */
#ifndef COMMON_POISON_H
#define COMMON_POISON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#pragma GCC poison strcpy strcat stpcpy strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof

#endif
