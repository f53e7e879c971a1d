/* SPDX-License-Identifier: MIT
 * The environment that the programs are started with: the supervisor's own, and what follows from the DATA
 * folder where the owner has said nothing else.
 */
#ifndef CTL_ENVIRONMENT_H
#define CTL_ENVIRONMENT_H

#include "common/settings.h"
#include "ctl/options.h"
#include "ctl/place.h"

/* Reads the settings as the programs started for this place will. place NULL: the environment as it is, and
 * with no files /etc/globes/globes.conf. *list is a NULL-ended environment, to be given to environment_free()
 * also after a failure. False: exit 78; why has one sentence. */
bool environment_settings(char ***list, struct settings *s, const struct options *o,
                          const struct place *place, struct buf *why);
void environment_free(char **list);

/* Whether the setting's variable in that list follows from the place, and is none of the owner's own. */
bool environment_of_place(char *const *list, const char *name);

/* A copy with room for `more` further lines behind its end; NULL: no memory. */
char **environment_copy(char *const *list, size_t more);

#endif
