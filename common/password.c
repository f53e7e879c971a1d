/* SPDX-License-Identifier: MIT
 * crypt(3), kept to the hashes we know and to what they may cost: what stands in the store could have come
 * from anywhere. Called by fcgi/ when somebody logs in or sets a password; it never sees a room.
 */
#include "common/password.h"

#include <errno.h>

#include <crypt.h>

#include "common/key.h"
#include "common/room.h"

_Static_assert((int)PASSWORD_HASH_SIZE == (int)ROOM_HASH_SIZE, "a hash must fit into its room");
_Static_assert((int)PASSWORD_HASH_SIZE >= (int)CRYPT_OUTPUT_SIZE, "what crypt(3) makes must fit");

enum {
    YESCRYPT_COST =
        5, /* 16 MiB and some 20 ms; said here so that a library's new default cannot pass the bound below */
    BCRYPT_LENGTH = 60
};

/* A struct crypt_data has 32 KiB: more than a thread's stack should be asked for. */
struct work {
    char text[ROOM_PASSWORD_MAX + 1];
    struct crypt_data crypt;
};

static struct work *work_new(struct str password)
{
    struct work *w = calloc(1, sizeof *w);

    if (w && str_copy(w->text, sizeof w->text, password))
        return w;
    free(w);
    return NULL;
}

static void work_free(struct work *w)
{
    key_wipe(w, sizeof *w);
    free(w);
}

/* "$y$j", one character for the logarithm of the memory, "T" (blocks of 4 KiB; "5": of 1 KiB), "$": what
 * gensalt writes. 'B' stands for 64 MiB: a stored "$y$jFT$" would ask for a gigabyte. */
static bool yescrypt_known(const char *hash)
{
    return !strncmp(hash, "$y$j", 4) &&
           ((hash[4] >= '.' && hash[4] <= '9') || hash[4] == 'A' || hash[4] == 'B') &&
           (hash[5] == 'T' || hash[5] == '5') && hash[6] == '$';
}

static bool bcrypt_known(const char *hash)
{
    int cost;

    if (strlen(hash) != BCRYPT_LENGTH ||
        (strncmp(hash, "$2a$", 4) && strncmp(hash, "$2b$", 4) && strncmp(hash, "$2y$", 4)))
        return false;
    if (hash[4] < '0' || hash[4] > '9' || hash[5] < '0' || hash[5] > '9' || hash[6] != '$')
        return false;
    cost = (hash[4] - '0') * 10 + hash[5] - '0';
    return cost <= PASSWORD_BCRYPT_COST_MAX;
}

bool password_hash(struct str password, char out[PASSWORD_HASH_SIZE])
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    struct work *w = work_new(password);
    const char *hash = NULL;
    bool good;

    out[0] = '\0';
    if (!w)
        return false;
    if (crypt_gensalt_rn("$y$", YESCRYPT_COST, NULL, 0, salt, sizeof salt))
        hash = crypt_rn(w->text, salt, &w->crypt, sizeof w->crypt);
    good = hash && yescrypt_known(hash) && str_copy(out, PASSWORD_HASH_SIZE, str_of(hash));
    work_free(w);
    return good;
}

bool password_verify(struct str password, const char *hash)
{
    struct work *w;
    const char *made;
    size_t n = strlen(hash);
    bool good;

    errno = 0;
    if (n >= PASSWORD_HASH_SIZE || (!yescrypt_known(hash) && !bcrypt_known(hash)))
        return false;
    w = work_new(password); /* or it is too long, or has a NUL: no password of ours */
    if (!w)
        return false;
    made = crypt_rn(w->text, hash, &w->crypt, sizeof w->crypt);
    good = made && strlen(made) == n && key_same(made, hash, n);
    work_free(w);
    return good;
}

bool password_stale(const char *hash)
{
    return !yescrypt_known(hash);
}
