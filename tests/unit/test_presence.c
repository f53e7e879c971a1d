/* SPDX-License-Identifier: MIT
 * People of a room, relay/presence.h: found by person and by name, in order of coming, however many come and go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "relay/presence.h"

static struct person *add(struct presence *p, uint32_t number)
{
    char name[32];
    struct person who = { .active_ms = number };

    snprintf(name, sizeof name, "name %u", number);
    memcpy(who.id, &number, sizeof number);
    who.name = who.key = str_of(name);
    who.color = STR("#abc");
    return presence_add(p, &who);
}

static struct person *by_number(const struct presence *p, uint32_t number)
{
    uint8_t id[TOKEN_PERSON_SIZE] = { 0 };
    char name[32];
    struct person *who;

    memcpy(id, &number, sizeof number);
    snprintf(name, sizeof name, "name %u", number);
    who = presence_by_id(p, id);
    assert_ptr_equal(who, presence_by_key(p, str_of(name)));
    return who;
}

static void an_empty_room_has_nobody(void **state)
{
    struct presence p = { 0 };

    (void)state;
    assert_null(by_number(&p, 1));
    presence_free(&p);
}

static void texts_are_copied(void **state)
{
    struct presence p = { 0 };
    struct person *who = add(&p, 7);

    (void)state;
    assert_true(str_is(who->name, "name 7") && str_is(who->key, "name 7") && str_is(who->color, "#abc"));
    assert_int_equal(who->active_ms, 7);
    assert_int_equal(who->sockets, 0);
    presence_free(&p);
    assert_int_equal(p.n, 0);
}

static void people_are_listed_in_order_of_coming(void **state)
{
    struct presence p = { 0 };
    uint32_t n = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        add(&p, i);
    for (uint32_t i = 0; i < 100; i += 3)
        presence_remove(&p, by_number(&p, i));
    for (const struct person *who = p.first; who; who = who->next, n++)
        assert_int_equal(who->active_ms, n + n / 2 + 1);
    assert_int_equal(n, 66);
    assert_int_equal(p.n, 66);
    presence_free(&p);
}

static void everyone_is_found_and_who_is_gone_is_not(void **state)
{
    struct presence p = { 0 };
    bool here[1000] = { false };
    unsigned seed = 3;
    uint32_t n = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint32_t who = (uint32_t)rand_r(&seed) % 1000;

        assert_int_equal(by_number(&p, who) != NULL, here[who]);
        if (here[who])
            presence_remove(&p, by_number(&p, who));
        else
            assert_non_null(add(&p, who));
        n += here[who] ? -1U : 1;
        here[who] = !here[who];
        assert_int_equal(p.n, n);
    }
    presence_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_room_has_nobody),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(people_are_listed_in_order_of_coming),
        cmocka_unit_test(everyone_is_found_and_who_is_gone_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
