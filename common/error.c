/* SPDX-License-Identifier: MIT
 * The table of errors and its JSON. Rows are in error.def alone. Called by whoever answers a client.
 */
#include "common/error.h"

#include <assert.h>

#define ERR(name, code, http, text, when) { #name, code, http, text },
static const struct error_info table[ERR_COUNT] = {
    { "", 0, 0, "" },
#include "common/error.def"
};
#undef ERR

const struct error_info *error_info(enum err e)
{
    assert(e < ERR_COUNT);
    return &table[e];
}

void error_json(struct buf *out, enum err e, struct str field)
{
    const struct error_info *info = error_info(e);

    buf_text(out, "{\"status\":false,\"error\":{\"code\":");
    buf_i64(out, info->code);
    buf_text(out, ",\"error\":");
    buf_json(out, str_of(info->text));
    if (field.p) {
        buf_text(out, ",\"field\":");
        buf_json(out, field);
    }
    buf_text(out, "}}");
}
