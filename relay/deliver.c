/* SPDX-License-Identifier: MIT
 * Delivery; see deliver.h. The hot path: for a message in a room of n people everything here is done once,
 * and one send(2) for each of the n, or less where several frames are due. Nothing here is copied for a
 * member, nothing frees a connection.
 */
#include "relay/deliver.h"

#include "common/event.h"

enum { OUT_MAX = 64 * 1024, IDLE_MS = 60000, RESTART_SPREAD_MS = 3000, CLOSE_WAIT_MS = 4000 };

static struct member *member_of(struct conn *c)
{
    return &c->room->member[c->at];
}

static const struct world *world_of(const struct conn *c)
{
    return hub_world(c->hub);
}

/* ---- who is behind, who is leaving ---- */

static void list_remove(struct conn **list, struct conn *c)
{
    if (!c->prev_behind && *list != c)
        return;
    *(c->prev_behind ? &c->prev_behind->next_behind : list) = c->next_behind;
    if (c->next_behind)
        c->next_behind->prev_behind = c->prev_behind;
    c->next_behind = c->prev_behind = NULL;
}

static void list_add(struct conn **list, struct conn *c)
{
    c->progress_ms = world_of(c)->mono_ms(world_of(c)->self);
    c->next_behind = *list;
    if (*list)
        (*list)->prev_behind = c;
    *list = c;
}

static void set_behind(struct conn *c, bool behind)
{
    struct hub_lists *l = hub_lists(c->hub);
    struct member *m = member_of(c);

    if (m->behind == behind)
        return;
    m->behind = behind;
    c->room->behind += behind ? 1 : -1U;
    if (behind)
        list_add(&l->behind, c);
    else
        list_remove(&l->behind, c);
}

/* ---- pages: for those that fell out of the window ---- */

void page_free(struct page *page)
{
    if (!page)
        return;
    free(page->begins);
    buf_free(&page->frames);
    free(page);
}

/* Unlinks and frees a page that nobody reads and no worker fills. */
static void page_settle(struct hub *h, struct page *page)
{
    struct hub_room *room = page->room;
    struct page **at = &room->pages;

    if (page->readers || page->loading)
        return;
    while (*at != page)
        at = &(*at)->next;
    *at = page->next;
    page_free(page);
    hub_release(h, room);
}

static void page_leave(struct conn *c)
{
    struct page *page = c->page;

    if (!page)
        return;
    c->page = NULL;
    page->readers--;
    page_settle(c->hub, page);
}

static bool page_covers(const struct page *page, int64_t seq)
{
    if (page->loading) /* a worker has the rest of it */
        return seq >= page->from && seq < page->before;
    return !page->failed && seq >= page->first && seq < page->first + page->entries;
}

/* A page that has the send which the connection needs next: one that others read already, or a new one. */
static struct page *page_for(struct conn *c)
{
    struct hub_room *room = c->room;
    struct page *page = room->pages;

    while (page && (page->epoch != room->epoch || !page_covers(page, c->lag_seq)))
        page = page->next;
    if (page)
        return page;
    page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    *page = (struct page){
        .next = room->pages,
        .room = room,
        .room_id = room->id,
        .epoch = room->epoch,
        .from = c->lag_seq,
        /* Not beyond what was posted: that comes by the window. */
        .before = c->lag_seq + PAGE_ENTRIES < window_next(&room->window) ? c->lag_seq + PAGE_ENTRIES
                                                                         : window_next(&room->window),
        .loading = true,
    };
    room->pages = page;
    world_of(c)->load(world_of(c)->self, page);
    return page;
}

/* ---- sending ---- */

void deliver_silence(struct conn *c)
{
    struct hub_lists *l = hub_lists(c->hub);

    if (c->said_close)
        return;
    c->said_close = true;
    set_behind(c, true);        /* no walk touches it any more, */
    list_remove(&l->behind, c); /* nobody waits for it to take something, */
    list_add(&l->leaving, c);   /* but to go */
}

/* The socket can take no more for good. */
static void give_up(struct conn *c)
{
    c->closing = c->closing ? c->closing : CLOSE_GOING_AWAY;
    deliver_silence(c);
    world_of(c)->hang_up(c->socket);
}

/* Sends whole frames; of one that is cut the rest is handed over, so that control frames queue behind it.
 * Returns how many bytes are done with; *full: no more for now. */
static size_t put(struct conn *c, const uint8_t *p, size_t n, bool *full)
{
    const struct world *w = world_of(c);
    ssize_t k = w->send(c->socket, p, n);
    size_t end = 0;

    if (k > 0 && member_of(c)->behind)
        c->progress_ms = w->mono_ms(w->self);
    if (k == (ssize_t)n)
        return n;
    *full = true;
    if (k < 0) {
        give_up(c);
        return n;
    }
    while (end < (size_t)k)
        end += event_frame_length(p + end);
    if (end > (size_t)k && !w->finish(c->socket, p + k, end - (size_t)k)) {
        give_up(c);
        return n;
    }
    w->want(c->socket);
    return end;
}

static void send_own(struct conn *c, bool *full)
{
    size_t done;

    if (!c->out.len)
        return;
    done = put(c, (const uint8_t *)c->out.data, c->out.len, full);
    if (done < c->out.len) {
        memmove(c->out.data, c->out.data + done, c->out.len - done);
        c->out.len -= done;
        return;
    }
    buf_free(&c->out);
    if (c->deaf)
        conn_settled(c);
}

/* Serves a connection that fell out of the window, until it is back in it or can take no more. */
static void send_pages(struct conn *c, struct member *m, bool *full)
{
    while (c->lag_seq && !*full && !c->closing) {
        struct page *page = c->page;

        if (!page) {
            m->cursor = window_find(&c->room->window, c->lag_seq);
            if (m->cursor) {
                c->lag_seq = 0;
                return;
            }
            page = c->page = page_for(c);
            if (page)
                page->readers++;
            c->page_at = 0;
        }
        if (page && page->loading) {
            *full = true;
            return;
        }
        if (page && !page->failed && page->entries && c->lag_seq >= page->first + page->entries) {
            page_leave(c); /* it was full before it came so far */
            continue;
        }
        if (!page || !page_covers(page, c->lag_seq)) {
            /* The store is away, or what it needs is gone. It is told by being closed, never by a hole. */
            page_leave(c);
            conn_close_later(c, CLOSE_TOO_SLOW);
            return;
        }
        if (c->page_at < page->begins[c->lag_seq - page->first])
            c->page_at = page->begins[c->lag_seq - page->first];
        if (c->page_at < page->frames.len)
            c->page_at +=
                put(c, (const uint8_t *)page->frames.data + c->page_at, page->frames.len - c->page_at, full);
        if (c->page_at >= page->frames.len && !c->said_close) {
            c->lag_seq = page->first + page->entries;
            page_leave(c);
        }
    }
}

static void send_window(struct conn *c, struct member *m, bool *full)
{
    const struct window *w = &c->room->window;
    size_t from = (size_t)(m->cursor - w->base);

    if (from < w->len)
        m->cursor += put(c, w->bytes + from, w->len - from, full);
}

static void say_close(struct conn *c)
{
    uint8_t frame[16] = { 0x88, 2, (uint8_t)(c->closing >> 8), (uint8_t)c->closing };
    const struct world *w = world_of(c);
    uint32_t delay;
    int n;

    if (c->closing ==
        CLOSE_RESTART) { /* the reason carries a delay in ms, so that not all come back at once */
        w->chance(w->self, &delay, sizeof delay);
        n = snprintf((char *)frame + 4, sizeof frame - 4, "%u", delay % RESTART_SPREAD_MS);
        frame[1] = (uint8_t)(2 + n);
    }
    w->finish(c->socket, frame, 2 + (size_t)frame[1]);
    if (c->deaf) { /* else its answer would not be heard */
        c->deaf = false;
        w->read(c->socket, true);
    }
    give_up(c);
}

/* Sends a member all that is due to it, as far as its socket takes it. */
static void member_send(struct conn *c)
{
    struct member *m = member_of(c);
    bool was_behind = m->behind, full = false;

    if (c->said_close)
        return;
    if (!was_behind || !c->closing) {
        send_own(c, &full);
        if (!full && c->lag_seq)
            send_pages(c, m, &full);
        if (!full && !c->lag_seq)
            send_window(c, m, &full);
    }
    if (c->said_close)
        return;
    if (c->closing)
        say_close(c);
    else
        set_behind(c, full);
}

void deliver_ready(struct conn *c)
{
    if (c->room && member_of(c)->behind)
        member_send(c);
}

void deliver_page_loaded(struct hub *h, struct page *page)
{
    struct hub_lists *l = hub_lists(h);

    page->loading = false;
    page->readers++; /* it stays while it is handed out */
    for (struct conn *next, *c = l->behind; c; c = next) {
        next = c->next_behind;
        if (c->page != page)
            continue;
        c->progress_ms = world_of(c)->mono_ms(world_of(c)->self); /* waiting for us was no fault of its own */
        member_send(c);
    }
    page->readers--;
    page_settle(h, page);
}

void deliver_speak(struct hub *h, struct conn *c)
{
    struct hub_lists *l = hub_lists(h);

    if (c->room && c->out.len > OUT_MAX && !c->deaf) {
        c->deaf = true;
        world_of(c)->read(c->socket, false);
    }
    if (c->speaking || !c->room)
        return;
    c->speaking = true;
    c->next_speaking = l->speaking;
    l->speaking = c;
}

static void walk_speaking(struct hub_lists *l)
{
    for (struct conn *c; (c = l->speaking);) {
        l->speaking = c->next_speaking;
        c->speaking = false;
        if (!member_of(c)->behind || c->closing)
            member_send(c);
    }
}

void deliver_goodbyes(struct hub *h)
{
    walk_speaking(hub_lists(h));
}

/* ---- walks ---- */

/* Goes on with a room's walk for at most *most members; true at its end. */
static bool room_walk(struct hub_room *room, unsigned *most)
{
    if (!room->walked)
        room->walk_end = window_end(&room->window);
    while (room->walked < room->members && *most) {
        struct member *m = &room->member[room->walked++];

        --*most;
        if (!m->behind)
            member_send(m->conn);
    }
    if (room->walked < room->members)
        return false;
    room->walked = 0;
    room->due = room->walk_end;
    return true;
}

static void mark_dirty(struct hub_lists *l, struct hub_room *room)
{
    if (room->dirty)
        return;
    room->dirty = true;
    room->next_dirty = NULL;
    *l->dirty_end = room;
    l->dirty_end = &room->next_dirty;
}

bool deliver_walk(struct hub *h, unsigned most)
{
    struct hub_lists *l = hub_lists(h);

    walk_speaking(l);
    for (struct hub_room *room; (room = l->dirty) && room_walk(room, &most);) {
        l->dirty = room->next_dirty;
        if (!l->dirty)
            l->dirty_end = &l->dirty;
        room->dirty = false;
        if (room->due < window_end(&room->window))
            mark_dirty(l, room);
        else
            hub_release(h, room);
    }
    return l->dirty || l->speaking;
}

/* Those whose cursor is before a position will read pages instead. */
static void let_fall(struct hub_room *room, uint64_t before)
{
    for (uint32_t i = 0; i < room->members; i++) {
        struct member *m = &room->member[i];
        struct conn *c = m->conn;

        if (m->cursor >= before || c->lag_seq || c->said_close)
            continue;
        c->lag_seq = window_seq_at(&room->window, m->cursor);
        m->cursor = 0;
        if (m->behind)
            continue;
        set_behind(c, true);
        world_of(c)->want(c->socket);
    }
}

/* Makes room for n bytes; false when memory ran out, then everyone has fallen out. */
static bool make_room(struct hub_lists *l, struct hub_room *room, size_t n)
{
    unsigned all = UINT32_MAX;
    uint64_t before;

    while ((before = window_room(&room->window, n, &l->budget)) != 0) {
        if (before == UINT64_MAX) {
            let_fall(room, UINT64_MAX);
            window_free(&room->window, &l->budget);
            return false;
        }
        /* Who is not behind is not let fall, whatever its turn. */
        while (room->due < before)
            room_walk(room, &all);
        if (room->behind)
            let_fall(room, before);
        window_drop(&room->window, before);
    }
    return true;
}

/* Sends were stored that were never posted: everyone gets what they have, and reads on by pages. */
static void let_miss(struct hub_room *room)
{
    unsigned all = UINT32_MAX;

    while (room->due < window_end(&room->window))
        room_walk(room, &all);
    let_fall(room, UINT64_MAX);
}

void deliver_post(struct hub *h, struct hub_room *room, struct str frame, int64_t seq)
{
    struct hub_lists *l = hub_lists(h);

    if (!room->members || !make_room(l, room, frame.n)) {
        window_drop(&room->window, UINT64_MAX);
        room->due = window_end(&room->window);
        if (seq)
            room->window.first = seq + 1;
        return;
    }
    if (seq && seq != window_next(&room->window))
        let_miss(room);
    window_put(&room->window, frame, seq);
    room->written_ms = hub_world(h)->mono_ms(hub_world(h)->self);
    mark_dirty(l, room);
}

void deliver_restart(struct hub *h, struct hub_room *room, int64_t next)
{
    unsigned all = UINT32_MAX;

    /* Now and not at the end of the turn, as by then something of the new log may have been posted. */
    for (uint32_t i = 0; i < room->members; i++)
        member_send(room->member[i].conn);
    while (room->due < window_end(&room->window))
        room_walk(room, &all);
    window_free(&room->window, &hub_lists(h)->budget);
    room->window.first = next;
}

void deliver_stalled(struct hub *h)
{
    const struct world *w = hub_world(h);
    int64_t now = w->mono_ms(w->self);

    for (struct conn *c = hub_lists(h)->behind; c; c = c->next_behind)
        if (now - c->progress_ms > hub_limits(h)->stall_max_ms && !(c->page && c->page->loading))
            conn_close_later(c, CLOSE_TOO_SLOW);
    for (struct conn *c = hub_lists(h)->leaving; c; c = c->next_behind)
        if (now - c->progress_ms > CLOSE_WAIT_MS)
            w->cut(c->socket);
}

void deliver_idle(struct hub *h, struct hub_room *room)
{
    const struct world *w = hub_world(h);

    if (room->window.size && !room->behind && !room->dirty &&
        w->mono_ms(w->self) - room->written_ms > IDLE_MS)
        window_free(&room->window, &hub_lists(h)->budget);
}

void deliver_forget(struct hub *h, struct conn *c)
{
    struct hub_lists *l = hub_lists(h);
    struct hub_room *room = c->room;

    if (c->speaking) {
        struct conn **at = &l->speaking;

        while (*at != c)
            at = &(*at)->next_speaking;
        *at = c->next_speaking;
        c->speaking = false;
    }
    list_remove(c->said_close ? &l->leaving : &l->behind, c);
    room->behind -= member_of(c)->behind;
    /* The last member takes its place, and may miss the walk under way: there will be another. */
    room->walk_end = room->due;
    page_leave(c);
}
