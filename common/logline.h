/* SPDX-License-Identifier: MIT
 * Lines to stderr, for the journal or the supervisor: "LEVEL program: text", or one JSON object a line
 * (log_format json). Texts are key=value where they speak of things. Never a token, a password, a secret or what
 * people wrote. Each line is one write(2), so lines of several threads and processes do not mix.
 */
#ifndef COMMON_LOGLINE_H
#define COMMON_LOGLINE_H

#include <stdbool.h>

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

/* program is borrowed for ever. Before it is called: text, info, no name. */
void log_open(const char *program, enum log_level least, bool as_json);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* As log_error(), with ": " and the text of errno behind; leaves errno as it was. */
void log_errno(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
