/* SPDX-License-Identifier: MIT
 * What an Accept header names, and how much.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fcgi/accept.h"

static void it_is_named_as_much_as_its_q_says(void **state)
{
    static const struct {
        const char *accept;
        int html;
    } row[] = {
        { "text/html", 1000 },
        { "TEXT/HTML", 1000 },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 1000 },
        { "application/json, text/html;q=0.5", 500 },
        { "application/json,text/html ; level=1 ; q=0.25", 250 },
        { "text/html;q=1.0", 1000 },
        { "text/html;Q=0.001", 1 },
        { "text/html;q=0.3, text/html;q=0.7", 700 },
        { "text/html;q=0", 0 },
        { "text/html;q=0.000", 0 },
        { "text/html;q=2", 0 },
        { "text/html;q=1.5", 0 },
        { "text/html;q=0.1234", 0 },
        { "text/html;q=x", 0 },
        { "text/html;q=", 0 },
        { "text/htmlx", 0 },
        { "text/*", 0 },
        { "*/*", 0 },
        { "", 0 },
        { ",,;", 0 },
        { "application/json", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_int_equal(accept_names(str_of(row[i].accept), "text/html"), row[i].html);
    assert_int_equal(accept_names((struct str){ 0 }, "text/html"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_named_as_much_as_its_q_says) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
