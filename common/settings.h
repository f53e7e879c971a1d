/* SPDX-License-Identifier: MIT
 * The settings: one table (settings.def), checked whole before any of it is used. Order: defaults, files,
 * then GLOBES_NAME in the environment; the later wins. Contract section 6.
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/buf.h"

#define SETTINGS_FILE "/etc/globes/globes.conf"

/* What `none` makes of a COUNT, SIZE, TIME or RATE: so large that no comparison with it is ever true. */
#define SETTING_NONE INT64_MAX

/* A rate: `count` in every `per_ms` milliseconds; none: count is SETTING_NONE. */
struct setting_rate {
    int64_t count, per_ms;
};

/* Words of a LIST, or the lines of LINES; text of item i is item[i]. `none` is n == 0. */
struct setting_list {
    size_t n;
    char **item;
};

/* How a kind is kept. A TEXT that is `none` is NULL; a WORD is the number of the word in its row's list. */
#define SETTING_TYPE_TEXT  char *
#define SETTING_TYPE_WORD  int
#define SETTING_TYPE_LIST  struct setting_list
#define SETTING_TYPE_LINES struct setting_list
#define SETTING_TYPE_SIZE  int64_t /* bytes */
#define SETTING_TYPE_COUNT int64_t
#define SETTING_TYPE_TIME  int64_t /* milliseconds */
#define SETTING_TYPE_RATE  struct setting_rate

struct settings_source;

struct settings {
    struct settings_source *source; /* for settings_row() */
#define SETTING(name, kind, preset, least, most, none, what) SETTING_TYPE_##kind name;
#include "common/settings.def"
#undef SETTING
};

/* The words, in their rows' order. */
enum { HIDDEN_UNLISTED, HIDDEN_SECRET };
enum { UNOWNED_OPEN, UNOWNED_LOCKED };
enum { CREATE_ANYONE, CREATE_OWNER_TOOL, CREATE_REMOTE_USER };

/* Reads the files (NULL-ended list; an empty one means SETTINGS_FILE, if it is there) and the environment.
 * False: nothing may start (exit 78); why has one sentence naming file and line, or the variable. Refused:
 * unknown names, bad units, values out of range, a name twice in one file (but for `room`), any unknown
 * GLOBES_ variable, and settings that cannot go together (hangup <= ping_interval, message_max > frame_max,
 * token_max_age < token_lifetime). Lines: `name = value`, `# remark`, nothing; in a web server's snippet the
 * shapes `SetEnv GLOBES_X v`, `FcgidInitialEnv GLOBES_X v`, `"GLOBES_X" => "v",`: a file with any of these is
 * a snippet, whose other lines are passed over unless they name GLOBES_. */
bool settings_load(struct settings *s, char *const *files, char *const *environment, struct buf *why);
void settings_free(struct settings *s);

/* One row for each setting, for the tools: its value as text, where that came from ("default", "FILE:LINE",
 * "environment"). */
struct setting_row {
    const char *name, *kind, *preset, *least, *most, *what;
    bool may_be_none;
    const char *value, *origin; /* borrowed from the settings */
};
size_t settings_count(void);
struct setting_row settings_row(const struct settings *s, size_t i);

/* A value by which two programs find out whether theirs is the same, and no more: it may be a secret. */
enum { SETTING_MARK_SIZE = 8 };
void settings_mark(const struct settings *s, size_t i, uint8_t mark[SETTING_MARK_SIZE]);

/* "unix:/path" gives "/path"; NULL for anything else. */
const char *settings_unix_path(const char *value);

#endif
