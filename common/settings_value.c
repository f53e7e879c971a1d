/* SPDX-License-Identifier: MIT
 * Texts of settings become values: units, ranges, words, lists. Which setting it is, and where its text came
 * from, is not known here. Called by settings.c.
 */
#include "common/settings_value.h"

/* Longer ones are beyond any range, and shorter ones cannot overflow when they are multiplied. */
static const uint64_t number_max = UINT64_C(1000000000000);

struct unit {
    enum setting_kind kind;
    const char *word;
    int64_t worth; /* bytes, milliseconds; of a rate: the milliseconds that its count is for */
};

static const struct unit units[] = {
    { KIND_COUNT, "", 1 },
    { KIND_SIZE, "", 1 },
    { KIND_SIZE, "k", 1024 },
    { KIND_SIZE, "m", 1024 * 1024 },
    { KIND_TIME, "ms", 1 },
    { KIND_TIME, "s", 1000 },
    { KIND_TIME, "m", 60 * 1000 },
    { KIND_TIME, "h", 60 * 60 * 1000 },
    { KIND_TIME, "d", 24 * 60 * 60 * 1000 },
    { KIND_RATE, "/s", 1000 },
    { KIND_RATE, "/min", 60 * 1000 },
    { KIND_RATE, "/h", 60 * 60 * 1000 },
};

static const struct unit *unit_find(enum setting_kind kind, struct str word)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].kind == kind && str_is(word, units[i].word))
            return &units[i];
    return NULL;
}

/* What is no rate gets per_ms 1, so that all numbers are compared in the same way. */
static bool number_read(enum setting_kind kind, struct str text, struct setting_rate *out)
{
    const struct unit *unit;
    uint64_t n;
    size_t digits = 0;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    unit = unit_find(kind, (struct str){ text.p + digits, text.n - digits });
    if (!unit || !str_to_u64((struct str){ text.p, digits }, &n) || n > number_max)
        return false;
    if (kind == KIND_RATE) {
        *out = (struct setting_rate){ (int64_t)n, unit->worth };
        return true;
    }
    out->per_ms = 1;
    return !__builtin_mul_overflow((int64_t)n, unit->worth, &out->count);
}

static bool number_above(struct setting_rate a, struct setting_rate b)
{
    return a.count * b.per_ms > b.count * a.per_ms;
}

static bool number_fits(const struct setting_spec *spec, struct setting_rate n)
{
    struct setting_rate least, most;

    return number_read(spec->kind, str_of(spec->least), &least) &&
           number_read(spec->kind, str_of(spec->most), &most) && !number_above(least, n) &&
           !number_above(n, most);
}

static bool put_number(const struct setting_spec *spec, void *field, struct str text, struct buf *problem)
{
    static const char *const form[] = {
        [KIND_COUNT] = "a number",
        [KIND_SIZE] = "a size (digits, then k, m or nothing)",
        [KIND_TIME] = "a time (digits, then ms, s, m, h or d)",
        [KIND_RATE] = "a rate (digits, then /s, /min or /h)",
    };
    struct setting_rate n = { SETTING_NONE, 1 };

    if (text.p && (!number_read(spec->kind, text, &n) || !number_fits(spec, n))) {
        buf_format(problem, "must be %s from %s to %s%s", form[spec->kind], spec->least, spec->most,
                   spec->may_be_none ? ", or none" : "");
        return false;
    }
    if (spec->kind == KIND_RATE)
        *(struct setting_rate *)field = n;
    else
        *(int64_t *)field = n.count;
    return true;
}

static bool put_word(const struct setting_spec *spec, void *field, struct str text, struct buf *problem)
{
    struct str rest = str_of(spec->least), word;

    for (int i = 0; str_next(&rest, ' ', &word); i++) {
        if (str_same(word, text)) {
            *(int *)field = i;
            return true;
        }
    }
    buf_format(problem, "must be one of: %s", spec->least);
    return false;
}

static bool format_ok(const struct setting_spec *spec, struct str text, struct buf *problem)
{
    const char *wrong = setting_format_wrong(spec->row, text);

    if (wrong)
        buf_text(problem, wrong);
    return !wrong;
}

static char *copy(struct str text, struct buf *problem)
{
    char *s = strndup(text.p, text.n);

    if (!s)
        buf_text(problem, "does not fit into memory");
    return s;
}

static bool put_text(const struct setting_spec *spec, void *field, struct str text, struct buf *problem)
{
    char *s = NULL;

    if (text.p && (!format_ok(spec, text, problem) || !(s = copy(text, problem))))
        return false;
    free(*(char **)field);
    *(char **)field = s;
    return true;
}

static bool list_add(struct setting_list *list, struct str text, struct buf *problem)
{
    char *s = copy(text, problem);
    char **item = s ? realloc(list->item, (list->n + 1) * sizeof *item) : NULL;

    if (!item) {
        free(s);
        return false;
    }
    list->item = item;
    list->item[list->n++] = s;
    return true;
}

static void list_free(struct setting_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct setting_list){ 0 };
}

static bool list_read(const struct setting_spec *spec, struct setting_list *list, struct str text,
                      struct buf *problem)
{
    char between = spec->kind == KIND_LINES ? '\n' : ' ';
    struct str item;

    while (str_next(&text, between, &item)) {
        item = str_trim(item);
        if (item.n && (!format_ok(spec, item, problem) || !list_add(list, item, problem)))
            return false;
    }
    return true;
}

static bool put_list(const struct setting_spec *spec, void *field, struct str text, bool more,
                     struct buf *problem)
{
    struct setting_list *list = field, fresh = { 0 };

    if (!list_read(spec, &fresh, text, problem)) {
        list_free(&fresh);
        return false;
    }
    if (!more) {
        list_free(list);
        *list = fresh;
        return true;
    }
    for (size_t i = 0; i < fresh.n; i++)
        if (!list_add(list, str_of(fresh.item[i]), problem))
            more = false;
    list_free(&fresh);
    return more;
}

bool setting_value_put(const struct setting_spec *spec, void *field, struct str text, bool more,
                       struct buf *problem)
{
    if (str_is(text, "none")) {
        if (!spec->may_be_none) {
            buf_text(problem, "cannot be none");
            return false;
        }
        text = (struct str){ 0 };
    }
    switch (spec->kind) {
    case KIND_TEXT:
        return put_text(spec, field, text, problem);
    case KIND_WORD:
        return put_word(spec, field, text, problem);
    case KIND_LIST:
    case KIND_LINES:
        return put_list(spec, field, text, more, problem);
    default:
        return put_number(spec, field, text, problem);
    }
}

void setting_value_free(enum setting_kind kind, void *field)
{
    if (kind == KIND_LIST || kind == KIND_LINES) {
        list_free(field);
    } else if (kind == KIND_TEXT) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
}
