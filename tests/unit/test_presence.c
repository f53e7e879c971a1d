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
    char name[] = "Ann", key[] = "ann", color[] = "#abc";
    struct person given = { .active_ms = 7, .verified = true, .who = "abcdefgh", .id = "person" }, *who;
    struct presence p = { 0 };

    (void)state;
    given.name = str_of(name);
    given.key = str_of(key);
    given.color = str_of(color);
    who = presence_add(&p, &given);
    memset(name, 'x', sizeof name);
    memset(key, 'x', sizeof key);
    memset(color, 'x', sizeof color);
    assert_true(str_is(who->name, "Ann") && str_is(who->key, "ann") && str_is(who->color, "#abc"));
    assert_true(who->verified && who->active_ms == 7);
    assert_memory_equal(who->who, given.who, sizeof given.who);
    assert_memory_equal(who->id, given.id, sizeof given.id);
    presence_free(&p);
}

/* One who was here already, under another name, say: what made him a person here is not taken over. */
static void who_is_added_comes_last_and_has_no_sockets(void **state)
{
    struct presence p = { 0 };
    struct person *first = add(&p, 1), *second = add(&p, 2), again;

    (void)state;
    first->sockets = 3;
    again = *first;
    presence_remove(&p, first);
    first = presence_add(&p, &(struct person){ .next = &again, .prev = &again, .sockets = again.sockets });
    assert_int_equal(first->sockets, 0);
    assert_null(first->next);
    assert_ptr_equal(first->prev, second);
    assert_ptr_equal(p.last, first);
    presence_free(&p);
}

static void what_was_freed_is_an_empty_one(void **state)
{
    struct presence p = { 0 };

    (void)state;
    add(&p, 1);
    add(&p, 2);
    presence_free(&p);
    assert_null(by_number(&p, 1));
    assert_int_equal(p.n, 0);
    add(&p, 1);
    assert_non_null(by_number(&p, 1));
    presence_free(&p);
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
        cmocka_unit_test(who_is_added_comes_last_and_has_no_sockets),
        cmocka_unit_test(what_was_freed_is_an_empty_one),
        cmocka_unit_test(people_are_listed_in_order_of_coming),
        cmocka_unit_test(everyone_is_found_and_who_is_gone_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
