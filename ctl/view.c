/* SPDX-License-Identifier: MIT
 * For `check` and `settings`; reads, never makes anything (view.h).
 */
#include "ctl/view.h"

#include "ctl/ctl.h"

static int fail(int code, struct buf *why)
{
    fprintf(stderr, "globesctl: %.*s\n", (int)why->len, buf_all(why).p);
    buf_free(why);
    return code;
}

int view_open(struct view *v, int argc, char **argv)
{
    struct buf why = { 0 };

    *v = (struct view){ 0 };
    if (!options_read(&v->options, false, argc, argv))
        return CTL_USAGE;
    if (v->options.data && !place_name(&v->place, v->options.data, &why))
        return fail(CTL_FAILED, &why);
    if (!environment_settings(&v->environment, &v->settings, &v->options, v->options.data ? &v->place : NULL,
                              &why))
        return fail(CTL_SETTINGS, &why);
    v->settings_read = true;
    return CTL_OK;
}

void view_close(struct view *v)
{
    if (v->settings_read)
        settings_free(&v->settings);
    environment_free(v->environment);
}

const char *view_origin(const struct view *v, const struct setting_row *row)
{
    return environment_of_place(v->environment, row->name) ? "--data" : row->origin;
}

void view_value(struct buf *out, const char *value)
{
    const char *user = value ? strstr(value, "://") : NULL;
    const char *end = user ? strrchr(user, '@') : NULL;
    const char *secret = user ? strchr(user + 3, ':') : NULL;

    if (!value) {
        buf_text(out, "none");
    } else if (end && secret && secret < end) {
        buf_bytes(out, value, (size_t)(secret + 1 - value));
        buf_format(out, "***%s", end);
    } else {
        buf_text(out, value);
    }
}
