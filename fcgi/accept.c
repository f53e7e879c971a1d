/* SPDX-License-Identifier: MIT
 * Reads Accept, see accept.h. What is malformed names nothing.
 */
#include "fcgi/accept.h"

enum { WHOLE = 1000 };

/* "0.8" is 800; what is no such number is 0. */
static int read_quality(struct str s)
{
    int value = 0, unit = WHOLE;

    if (!s.n || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return 0;
    value = (s.p[0] - '0') * unit;
    for (size_t i = 2; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i > 4)
            return 0;
        unit /= 10;
        value += (s.p[i] - '0') * unit;
    }
    return value <= WHOLE ? value : 0;
}

/* Of "text/html;level=1; q=0.5" what stands behind q. */
static int quality_of(struct str parameters)
{
    struct str one, name;

    while (str_next(&parameters, ';', &one)) {
        one = str_trim(one);
        if (str_next(&one, '=', &name) && str_is_nocase(str_trim(name), "q"))
            return read_quality(str_trim(one));
    }
    return WHOLE;
}

int accept_names(struct str accept, const char *type)
{
    struct str range, name;
    int most = 0;

    while (str_next(&accept, ',', &range)) {
        int quality;

        if (!str_next(&range, ';', &name) || !str_is_nocase(str_trim(name), type))
            continue;
        quality = quality_of(range);
        most = quality > most ? quality : most;
    }
    return most;
}
