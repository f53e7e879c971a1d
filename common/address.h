/* SPDX-License-Identifier: MIT
 * Which address a request comes from, for limits by address (contract section 6, trusted_proxies). Kept as a number
 * that says which, not as text: no address is logged or stored. No I/O.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include "common/settings.h"

/* An IPv4 address as ::ffff:a.b.c.d, of an IPv6 address the /64 that one customer has. All zero: not known. */
struct address {
    uint8_t bytes[16];
};

/* The address of a client. peer: who is connected, as text; absent, or the word unix, for a unix socket, which is
 * trusted always. forwarded: X-Forwarded-For, believed from the right as long as trusted ones say it: the last value
 * that is none of them. What is no address ends the row: the one before it counts. */
struct address address_of(struct str peer, struct str forwarded, const struct setting_list *trusted);

bool address_known(const struct address *a);

#endif
