/* SPDX-License-Identifier: MIT
 * HTML for people: the list of rooms and a room, whole without JavaScript; web/page.js makes the chat of them.
 */
#ifndef FCGI_PAGES_H
#define FCGI_PAGES_H

#include "fcgi/call.h"

/* What the list shows: n rooms of it; words were searched for (absent: all); next is where the next page goes on, 0
 * at the end, with so many again. */
struct page_rooms {
    const struct room_list *list;
    size_t n;
    struct str words;
    int64_t next;
    size_t limit;
};

void page_put_rooms(struct call *c, const struct page_rooms *rooms);
/* The list alone, as the page of the originals puts it into itself. */
void page_put_fragment(struct call *c, const struct page_rooms *rooms);
/* c->room, and what was said last in it where that is for everyone. */
enum err page_put_room(struct call *c);

#endif
