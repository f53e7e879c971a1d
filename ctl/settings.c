/* SPDX-License-Identifier: MIT
 * globesctl settings: every setting as the programs would take it, and where its value came from.
 */
#include "ctl/ctl.h"

#include "common/logline.h"
#include "ctl/environment.h"
#include "ctl/view.h"

int ctl_settings(int argc, char **argv)
{
    struct view v;
    int code = view_open(&v, argc, argv);

    for (size_t i = 0; code == CTL_OK && i < settings_count(); i++) {
        struct setting_row row = settings_row(&v.settings, i);
        struct buf value = { 0 };
        view_value(&value, row.value);
        printf("%-20s = %-30s # %s\n", row.name, buf_all(&value).p, view_origin(&v, &row));
        buf_free(&value);
    }
    view_close(&v);
    return code;
}
