// SPDX-License-Identifier: MIT
// What was said, each message once and in its place: (epoch, seq) of an entry is the same in history and live.

import { tint } from "./color.js";
import { el } from "./dom.js";

const SHOWN = 500; // messages and notes on the page, at most
const PAGE = 50; // what history gives at once
const TOGETHER = 5 * 60000; // messages of one person within that time stand under one name

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** A time as people here write it: today's without the date. */
function timeNode(text) {
    const date = new Date(text);
    const node = el("time", { datetime: text });
    if (Number.isNaN(date.getTime()))
        return node;
    const today = new Date().toDateString() === date.toDateString();
    node.textContent = today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
    node.title = both.format(date);
    return node;
}

function messageNode({ name, color, msg, time }, mine) {
    const initial = el("i", { "aria-hidden": "true" }, [...name][0] || "?");
    const node = el("li", { class: mine ? "message mine" : "message" },
        initial, el("b", { dir: "auto" }, name), " ", timeNode(time), " ", el("span", { dir: "auto" }, msg));
    tint(node, color, name);
    return node;
}

export class Log {
    constructor(list, scroller, button) {
        Object.assign(this, { list, scroller, button });
        this.mine = new Set(); // what events call oneself; more than one after a new entry
        this.seen = new Map(); // seq: {node, event}
        this.last = 0; // the highest seq
        this.follows = true; // whether the end is shown, and shall be
        button.addEventListener("click", () => this.toEnd());
        // A window that is made smaller, as by a phone's keyboard, shows the end if it did before.
        let height = scroller.clientHeight;
        new ResizeObserver(() => {
            height = scroller.clientHeight;
            if (this.follows)
                this.toEnd();
        }).observe(scroller);
        scroller.addEventListener("scroll", () => {
            if (height !== scroller.clientHeight) // it is the window that moved
                return;
            this.follows = this.atEnd();
            if (this.follows)
                button.hidden = true;
        });
    }

    /** What the server has written, in our manner; the first merge() puts itself in its place. */
    adopt() {
        for (const item of [...this.list.children]) {
            const text = (selector) => item.querySelector(selector)?.textContent || "";
            const time = item.querySelector("time")?.dateTime || "";
            item.replaceWith(messageNode({ name: text("b"), time, msg: text("span") }));
        }
        this.toEnd();
    }

    atEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.scroller;
        return scrollHeight - scrollTop - clientHeight < 60;
    }

    toEnd() {
        this.scroller.scrollTop = this.scroller.scrollHeight;
        this.button.hidden = true;
        this.follows = true;
    }

    /** Runs change(), and stays at the end if one was there or the change is one's own. */
    keeping(change, own) {
        const follow = own || this.follows;
        const height = this.scroller.scrollHeight;
        change();
        this.trim();
        if (follow)
            this.toEnd();
        else if (this.scroller.scrollHeight > height)
            this.button.hidden = false;
    }

    note(text) {
        this.keeping(() => this.list.append(el("li", { class: "note", dir: "auto" }, text)));
    }

    /** History, oldest first. Says where it is not all that was missed; returns what was not there before. */
    merge(events) {
        const first = events[0];
        let added = [];
        if (!this.epoch) // what the server wrote is among it
            this.list.replaceChildren();
        else if (first?.epoch === this.epoch && events.length >= PAGE && first.seq > this.last + 1)
            this.note("More was said meanwhile than is shown here.");
        this.scroller.setAttribute("aria-busy", "true"); // nobody wants fifty old messages read out
        this.keeping(() => {
            added = events.filter((event) => this.place(event));
        });
        this.scroller.setAttribute("aria-busy", "false");
        return added;
    }

    /** Whether it was not there before. */
    add(event) {
        let added = false;
        this.keeping(() => {
            added = this.place(event);
        }, this.mine.has(event.who));
        return added;
    }

    place(event) {
        const { epoch, seq } = event;
        if (epoch !== this.epoch) {
            if (this.seen.size)
                this.list.append(el("li", { class: "note" }, "What was said before is no longer kept."));
            this.seen.clear();
            this.epoch = epoch;
            this.last = 0;
        }
        if (this.seen.has(seq))
            return false;
        const node = messageNode(event, this.mine.has(event.who));
        node.dataset.seq = seq;
        this.list.insertBefore(node, this.after(seq));
        this.seen.set(seq, { node, event });
        this.last = Math.max(this.last, seq);
        this.group(seq);
        return true;
    }

    /** Before which node a seq belongs; null: at the end, as nearly always. */
    after(seq) {
        if (seq > this.last)
            return null;
        const later = [...this.seen.keys()].filter((one) => one > seq);
        return later.length ? this.seen.get(Math.min(...later)).node : null;
    }

    /** One name above what one person says in a row. */
    group(seq) {
        const { node, event } = this.seen.get(seq);
        const before = this.seen.get(seq - 1);
        const near = before && before.node.nextSibling === node && before.event.who === event.who &&
            new Date(event.time) - new Date(before.event.time) < TOGETHER;
        node.classList.toggle("follows", Boolean(near));
    }

    trim() {
        while (this.list.childElementCount > SHOWN) {
            const first = this.list.firstElementChild;
            this.seen.delete(Number(first.dataset.seq));
            first.remove();
        }
    }

    clear() {
        this.list.replaceChildren();
        this.seen.clear();
        this.epoch = null;
        this.last = 0;
    }
}
