/* SPDX-License-Identifier: MIT
 * The API as a table, and the way of a request through it.
 */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/worker.h"

/* Composes the answer to a request. */
void routes_answer(struct worker *w, const struct request *q, struct response *res);

#endif
