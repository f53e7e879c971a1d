/* SPDX-License-Identifier: MIT
 * Filling a page (deliver.h) from the store: the only part of delivery that runs on a worker's thread.
 */
#include "common/event.h"
#include "relay/deliver.h"

/* Prints what a log page has as frames, one after another; v1 has no word for some entries, which take no
 * bytes then. */
static bool print_entries(struct page *page, const struct log_page *log)
{
    struct buf one = { 0 };
    struct event_out ev;
    size_t payload;

    page->begins = calloc(log->n + 1, sizeof *page->begins);
    for (size_t i = 0; page->begins && i < log->n && page->frames.len < PAGE_BYTES; i++) {
        page->begins[page->entries++] = (uint32_t)page->frames.len;
        if (!event_of_entry(&ev, &log->entry[i]))
            continue;
        buf_clear(&one);
        payload = event_frame_begin(&one);
        event_json(&one, &ev);
        if (buf_ok(&one))
            buf_str(&page->frames, event_frame_end(&one, payload));
        else
            page->frames.failed = true;
    }
    if (page->begins)
        page->begins[page->entries] = (uint32_t)page->frames.len;
    buf_free(&one);
    return page->begins && buf_ok(&page->frames);
}

void page_read(struct page *page, struct store *store)
{
    struct log_query q = {
        .room_id = page->room_id,
        .epoch = page->epoch,
        .after = page->from - 1,
        .before = page->before,
        .limit = PAGE_ENTRIES,
    };
    struct log_page log;

    page->failed = store_log_page(store, &q, &log) != STORE_OK;
    if (!page->failed && log.n) {
        page->failed = !print_entries(page, &log);
        page->first = log.entry[0].seq;
    }
    log_page_free(&log);
}
