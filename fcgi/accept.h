/* SPDX-License-Identifier: MIT
 * What a client would like to be answered with (RFC 9110 section 12.5.1), as far as we have the choice.
 */
#ifndef FCGI_ACCEPT_H
#define FCGI_ACCEPT_H

#include "common/str.h"

/* How much the header's value names a media type: 0 (not at all, or with q=0) to 1000. A type with * names none. */
int accept_names(struct str accept, const char *type);

#endif
