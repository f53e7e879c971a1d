/* SPDX-License-Identifier: MIT
 * Tokens. libjwt makes them and checks their signatures; everything else is checked here: its decoder takes
 * any HMAC, looks at no time, and reads repeated or odd claims its own way, so header and claims are read
 * again by json.c. Called by fcgi/ and by the relay's accept stage. Whether somebody may do something is
 * theirs to decide.
 */
#include "common/token.h"

#include <jwt.h>

#include "common/fold.h"
#include "common/key.h"

#define KEY_LABEL "globes/token/1"

/* No token lives longer than token_max_age and token_lifetime at their tops (settings.def: 365 and 30 days).
 */
static const int64_t life_max_s = (365 + 30) * INT64_C(86400);

static const char *const roles[] = {
    [ROLE_GUEST] = "guest",
    [ROLE_MEMBER] = "member",
    [ROLE_MODERATOR] = "moderator",
    [ROLE_OWNER] = "owner",
};

const char *role_word(enum role r)
{
    return roles[r];
}

static bool role_read(struct str word, enum role *out)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (str_is(word, roles[i])) {
            *out = (enum role)i;
            return true;
        }
    }
    return false;
}

/* One key for each master secret and room, new with each new room_key: no other room's token and none from
 * before a new password verifies with it. */
static void derive(uint8_t key[KEY_SIZE], const struct secrets *secrets, size_t which, int64_t room_id,
                   const uint8_t room_key[ROOM_KEY_SIZE])
{
    enum { LABEL = sizeof KEY_LABEL - 1, ID = 8 };
    uint8_t info[LABEL + ID + ROOM_KEY_SIZE];
    struct str master = { secrets->list[which].bytes, secrets->list[which].len };

    memcpy(info, KEY_LABEL, LABEL);
    for (size_t i = 0; i < ID; i++)
        info[LABEL + i] = (uint8_t)((uint64_t)room_id >> (56 - 8 * i));
    memcpy(info + LABEL + ID, room_key, ROOM_KEY_SIZE);
    key_derive(key, master, info, sizeof info);
    key_wipe(info, sizeof info);
}

/* As JSON of our own, since jwt_add_grant_int() takes a long, which does not hold an id everywhere. */
static void claims_json(struct buf *out, const struct token *t)
{
    buf_text(out, "{\"username\":");
    buf_json(out, str_of(t->name));
    buf_text(out, ",\"room_id\":");
    buf_i64(out, t->room_id);
    buf_text(out, ",\"exp\":");
    buf_i64(out, t->expires);
    buf_text(out, ",\"iat\":");
    buf_i64(out, t->issued);
    buf_text(out, ",\"role\":\"");
    buf_text(out, role_word(t->role));
    buf_text(out, "\",\"sub\":\"");
    buf_hex(out, t->person, sizeof t->person);
    buf_text(out, "\"}");
}

bool token_write(struct buf *out, const struct token *t, const struct secrets *secrets,
                 const uint8_t room_key[ROOM_KEY_SIZE])
{
    struct buf claims = { 0 };
    uint8_t key[KEY_SIZE];
    jwt_t *jwt = NULL;
    char *text = NULL;

    if (!secrets->n)
        return false;
    derive(key, secrets, 0, t->room_id, room_key);
    claims_json(&claims, t);
    if (buf_ok(&claims) && !jwt_new(&jwt) && !jwt_add_grants_json(jwt, claims.data) &&
        !jwt_set_alg(jwt, JWT_ALG_HS256, key, sizeof key))
        text = jwt_encode_str(jwt);
    if (text)
        buf_text(out, text);
    free(text);
    jwt_free(jwt);
    buf_free(&claims);
    key_wipe(key, sizeof key);
    return text && buf_ok(out);
}

/* Three parts of letters that mean nothing to any header, log or path. */
static bool split(struct str text, struct str *head, struct str *claims)
{
    struct str rest = text, signature, more;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '-' || c == '.'))
            return false;
    }
    return str_next(&rest, '.', head) && str_next(&rest, '.', claims) && str_next(&rest, '.', &signature) &&
           !str_next(&rest, '.', &more) && head->n && claims->n && signature.n;
}

static unsigned base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '-' ? 62 : 63;
}

/* One part of a token that split() has taken; plain has room for all of it. */
static struct str base64_read(char *plain, struct str part)
{
    unsigned bits = 0;
    size_t held = 0, n = 0;

    for (size_t i = 0; i < part.n; i++) {
        bits = (bits << 6 | base64_value(part.p[i])) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            plain[n++] = (char)(bits >> held & 0xff);
        }
    }
    return (struct str){ plain, n };
}

/* Decided before libjwt sees the token: the only algorithm there is. */
static bool head_ok(struct json_reader *r, struct str head)
{
    char plain[TOKEN_TEXT_MAX];
    struct json_member alg = { .name = "alg" };

    return json_read(r, base64_read(plain, head), &alg, 1) && alg.kind == JSON_TEXT &&
           str_is(alg.text, "HS256");
}

static bool signature_ok(const char *text, const struct secrets *secrets, int64_t room_id,
                         const uint8_t room_key[ROOM_KEY_SIZE])
{
    uint8_t key[KEY_SIZE];
    bool good = false;

    for (size_t i = 0; i < secrets->n && !good; i++) {
        jwt_t *jwt = NULL;

        derive(key, secrets, i, room_id, room_key);
        good = !jwt_decode(&jwt, text, key, sizeof key) && jwt_get_alg(jwt) == JWT_ALG_HS256;
        jwt_free(jwt);
    }
    key_wipe(key, sizeof key);
    return good;
}

static bool person_read(struct str sub, uint8_t person[TOKEN_PERSON_SIZE])
{
    for (size_t i = 0; i < sub.n; i++)
        if (sub.p[i] >= 'A' && sub.p[i] <= 'F')
            return false;
    return str_from_hex(sub, person, TOKEN_PERSON_SIZE);
}

static bool claims_read(struct token *t, struct json_reader *r, struct str claims)
{
    enum { USERNAME, ROLE, SUB, ROOM_ID, EXP, IAT, WANTED };
    char plain[TOKEN_TEXT_MAX];
    struct json_member want[WANTED] = {
        [USERNAME] = { .name = "username" }, [ROLE] = { .name = "role" }, [SUB] = { .name = "sub" },
        [ROOM_ID] = { .name = "room_id" },   [EXP] = { .name = "exp" },   [IAT] = { .name = "iat" },
    };

    if (!json_read(r, base64_read(plain, claims), want, WANTED))
        return false;
    for (size_t i = 0; i < WANTED; i++)
        if (want[i].kind != (i < ROOM_ID ? JSON_TEXT : JSON_NUMBER))
            return false;
    return person_name_ok(want[USERNAME].text, TOKEN_NAME_SIZE - 1) &&
           str_copy(t->name, sizeof t->name, want[USERNAME].text) && role_read(want[ROLE].text, &t->role) &&
           person_read(want[SUB].text, t->person) && json_int(&want[ROOM_ID], &t->room_id) &&
           json_int(&want[EXP], &t->expires) && json_int(&want[IAT], &t->issued);
}

bool token_read(struct token *t, struct str text, const struct secrets *secrets, int64_t room_id,
                const uint8_t room_key[ROOM_KEY_SIZE], int64_t now_s)
{
    char copy[TOKEN_TEXT_MAX + 1];
    struct str head, claims;
    struct json_reader *r;
    bool good;

    *t = (struct token){ 0 };
    if (text.n > TOKEN_TEXT_MAX || !split(text, &head, &claims) || !str_copy(copy, sizeof copy, text))
        return false;
    r = json_reader_new();
    good =
        r && head_ok(r, head) && signature_ok(copy, secrets, room_id, room_key) && claims_read(t, r, claims);
    json_reader_free(r);
    /* iat above 0 and exp above iat keep the subtraction from overflowing. */
    good = good && t->room_id == room_id && t->expires > now_s && t->issued > 0 && t->expires > t->issued &&
           t->expires - t->issued <= life_max_s;
    if (!good)
        *t = (struct token){ 0 };
    return good;
}

void token_who(char out[TOKEN_WHO_SIZE], const uint8_t person[TOKEN_PERSON_SIZE],
               const uint8_t room_key[ROOM_KEY_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t mac[KEY_SIZE];
    uint64_t bits = 0;

    key_mac(mac, room_key, ROOM_KEY_SIZE, person, TOKEN_PERSON_SIZE);
    for (size_t i = 0; i < 6; i++)
        bits = bits << 8 | mac[i];
    for (size_t i = 0; i < TOKEN_WHO_SIZE; i++)
        out[i] = letters[bits >> (42 - 6 * i) & 63];
}

bool person_name_ok(struct str name, int64_t max)
{
    return name.n && name.n < TOKEN_NAME_SIZE && (uint64_t)name.n <= (uint64_t)max && fold_utf8(name) &&
           fold_clean(name) && !fold_outer_space(name);
}
