/* SPDX-License-Identifier: MIT
 * Folders for tests of the SQLite store, by plain file calls: nothing here goes through SQLite, which must
 * not find its files opened and closed behind its back by the same process. So: read and write them only
 * while no handle is open.
 */
#include "tests/unit/store_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

char *store_dir_make(void)
{
    const char *tmp = getenv("TMPDIR");
    struct buf path = { 0 };

    buf_format(&path, "%s/globes-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (buf_ok(&path) && mkdtemp(path.data))
        return path.data;
    buf_free(&path);
    return NULL;
}

const char *store_dir_path(char out[STORE_PATH_SIZE], const char *dir, const char *file)
{
    snprintf(out, STORE_PATH_SIZE, "%s/store%s%s", dir, *file ? "/" : "", file);
    return out;
}

void store_dir_remove(char *dir)
{
    char path[STORE_PATH_SIZE];
    DIR *d = opendir(store_dir_path(path, dir, ""));
    const struct dirent *e;

    while (d && (e = readdir(d)))
        if (unlinkat(dirfd(d), e->d_name, 0) != 0)
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    if (d)
        closedir(d);
    if (rmdir(path) != 0)
        unlink(path); /* a test may have put a file there */
    rmdir(dir);
    free(dir);
}

enum store_result store_dir_try(struct store **out, const char *dir, enum store_use use, struct buf *why)
{
    char url[STORE_PATH_SIZE + 16];
    struct buf own = { 0 };
    enum store_result r;

    snprintf(url, sizeof url, "sqlite:%s/store", dir);
    r = store_open(out, url, use, why ? why : &own);
    if (own.len)
        fprintf(stderr, "%s\n", own.data);
    buf_free(&own);
    return r;
}

struct store *store_dir_open(const char *dir, enum store_use use)
{
    struct store *s = NULL;

    return store_dir_try(&s, dir, use, NULL) == STORE_OK ? s : NULL;
}

bool store_dir_write(const char *dir, const char *file, struct str bytes)
{
    char path[STORE_PATH_SIZE];
    FILE *f;
    bool good;

    if (mkdir(store_dir_path(path, dir, ""), 0770) != 0 && errno != EEXIST)
        return false;
    f = fopen(store_dir_path(path, dir, file), "wbe");
    if (!f)
        return false;
    good = fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
    return fclose(f) == 0 && good;
}

bool store_dir_read(const char *dir, const char *file, struct buf *out)
{
    char path[STORE_PATH_SIZE], piece[16384];
    FILE *f = fopen(store_dir_path(path, dir, file), "rbe");
    size_t n;
    bool good;

    if (!f)
        return false;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_bytes(out, piece, n);
    good = !ferror(f) && buf_ok(out);
    fclose(f);
    return good;
}

size_t store_dir_grep(const char *dir, struct str bytes)
{
    char path[STORE_PATH_SIZE];
    DIR *d = opendir(store_dir_path(path, dir, ""));
    const struct dirent *e;
    struct buf all = { 0 };
    size_t found = 0;

    while (d && (e = readdir(d))) {
        buf_clear(&all);
        if (e->d_type == DT_REG && store_dir_read(dir, e->d_name, &all) && all.len)
            found += memmem(all.data, all.len, bytes.p, bytes.n) != NULL;
    }
    if (d)
        closedir(d);
    buf_free(&all);
    return found;
}
