/* SPDX-License-Identifier: MIT
 * A room and its rules (contract section 1). No I/O: who stores it, hashes its password or asks who may change it is
 * not here.
 */
#ifndef COMMON_ROOM_H
#define COMMON_ROOM_H

#include "common/error.h"
#include "common/json.h"

enum visibility { ROOM_PUBLIC, ROOM_PRIVATE, ROOM_HIDDEN };

enum {
    ROOM_TITLE_MIN = 2, /* characters: code points after NFC */
    ROOM_TITLE_MAX = 70,
    ROOM_DESCRIPTION_MAX = 70,
    ROOM_TEXT_SIZE = 4 * 70 + 1, /* bytes of either, with NUL */
    ROOM_TITLE_KEY_SIZE = 9 * 70 * 4 + 1,
    ROOM_KEY_SIZE = 16,   /* bytes: what ties its tokens to a room (contract section 2) */
    ROOM_OWNER_SIZE = 32, /* bytes: SHA-256 of the owner token */
    ROOM_HASH_SIZE = 384, /* crypt(3) */
    ROOM_PASSWORD_MIN = 8,
    ROOM_PASSWORD_MAX = 511 /* bytes */
};

#define ROOM_HIDDEN_ID_MIN (INT64_C(1) << 40)
#define ROOM_ID_MAX        ((INT64_C(1) << 53) - 1)

struct room {
    int64_t id;      /* 0: not stored yet */
    int64_t order;   /* rises from room to room as they are made: the newest first lists go by it */
    int64_t version; /* changes with each change of the row */
    char title[ROOM_TEXT_SIZE];
    char title_key[ROOM_TITLE_KEY_SIZE]; /* under which it is found and unique; "": found by its id alone */
    char description[ROOM_TEXT_SIZE];
    enum visibility visibility;
    char password[ROOM_HASH_SIZE]; /* as crypt(3) made it; "": none */
    uint8_t key[ROOM_KEY_SIZE];
    bool owned;
    uint8_t owner[ROOM_OWNER_SIZE];
    uint64_t epoch; /* the one its log is in; another one begins an empty log (store.h) */
    int64_t created_ms, updated_ms;
};

const char *visibility_word(enum visibility v);
/* Any case; false where it is none of the three. */
bool visibility_read(struct str word, enum visibility *out);

/* What the body of a POST or PUT says; absent members have p == NULL. "" as password is absent. */
struct room_input {
    struct str title, description, visibility, password;
    bool owned;
};

/* The body as JSON (nothing at all is {}). ERR_ROOM_JSON: no object, or a member of a wrong type (*field names it).
 * The texts live as long as body and until the reader's next use. */
enum err room_input_read(struct room_input *in, struct json_reader *r, struct str body, struct str *field);

/* Checks the input and puts it into the room: title, title_key, description, visibility; password is cleared where it
 * goes. creating: title and visibility must be given, and private and hidden rooms need a password; else what is not
 * given stays. secret: hidden rooms get no title_key, and changing to hidden is refused (hidden_rooms=secret).
 * *new_password: in->password is to be hashed into room->password by the caller, with a new key. ERR_ROOM_CONTENT with
 * *field = the member; the room is then not to be used. */
enum err room_apply(struct room *room, const struct room_input *in, bool creating, bool secret,
                    bool *new_password, struct str *field);

/* A person that GET names. */
struct room_user {
    struct str name, color;
    int64_t active_ms;
    bool verified;
};

/* The bare room: {"title":…,"users":[…]} without the last brace, so that members may follow. users is put in as it is:
 * a JSON array. */
void room_json(struct buf *out, const struct room *room, struct str users);
/* One element of that array. */
void room_user_json(struct buf *out, const struct room_user *user);

/* Sets what every new room needs besides: key and epoch by random bits, an id for hidden ones, the times. */
void room_init(struct room *room, int64_t now_ms);

#endif
