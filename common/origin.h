/* SPDX-License-Identifier: MIT
 * Which page a request comes from, and whether that may ask (contract section 1, Cross-site; RFC 6454). The same for
 * both programs. No I/O.
 */
#ifndef COMMON_ORIGIN_H
#define COMMON_ORIGIN_H

#include "common/settings.h"

enum origin {
    ORIGIN_NONE,    /* no page that a browser tells of */
    ORIGIN_OWN,     /* the site's own */
    ORIGIN_ALLOWED, /* another site's, named in allowed_origins */
    ORIGIN_FOREIGN  /* any other; what is no origin; several at once */
};

/* What a request says of it; absent texts have p == NULL. */
struct origin_asked {
    struct str origin, host;
    struct str fetch_site; /* Sec-Fetch-Site: a browser says it even where it leaves out Origin */
};

/* site and allowed: the settings of these names. */
enum origin origin_of(const struct origin_asked *asked, const struct setting_list *site,
                      const struct setting_list *allowed);

#endif
