// SPDX-License-Identifier: MIT
// What one has said and the room has not yet confirmed. One message is under way at a time, so that an echo or an
// error is known to be that one's; the others wait, also while the line is down. An echo is the receipt. A message of
// which nothing was heard is left to its writer: sending it again by ourselves could say it twice.

import { el } from "./dom.js";
import { explain } from "./words.js";

const PATIENCE = 12000;
const WAITING = "Waiting for the connection…";
const UNKNOWN = "This may not have arrived.";
const same = (text) => text.normalize("NFC");

export class Outbox {
    /** send(text): whether it went out. stuck(): nothing was heard for too long. edit(text): back to the writer. */
    constructor(list, { send, stuck, edit }) {
        Object.assign(this, { list, send, stuck, edit });
        this.clear();
    }

    clear() {
        clearTimeout(this.timer);
        this.open = this.paused = false;
        this.under = null;
        this.waiting = [];
        this.doubts = new Set();
        this.list.replaceChildren();
    }

    add(text) {
        const state = el("em", {}, this.open ? "Sending…" : WAITING);
        const node = el("li", { class: "message mine" }, el("span", { dir: "auto" }, text), state);
        this.list.append(node);
        this.waiting.push({ text, node, state });
        this.next();
    }

    next() {
        const [item] = this.waiting;
        if (!this.open || this.paused || this.under || !item || !this.send(item.text))
            return;
        item.state.textContent = "Sending…";
        this.under = this.waiting.shift();
        this.timer = setTimeout(this.stuck, PATIENCE);
    }

    /** A message of one's own has come, live or in history. */
    confirm({ msg }) {
        const item = [this.under, ...this.doubts].find((one) => one && same(one.text) === same(msg));
        if (!item)
            return;
        this.forget(item);
        if (item === this.under)
            this.done();
    }

    forget(item) {
        item.node.remove();
        this.doubts.delete(item);
    }

    done() {
        clearTimeout(this.timer);
        this.under = null;
        this.next();
    }

    /** An error that speaks of the message under way; false: there is none. */
    refuse(error) {
        const item = this.under;
        const pause = error.code === 429 && error.retry_after_ms;
        if (!item)
            return false;
        if (pause) {
            this.waiting.unshift(item);
            item.state.textContent = explain({ ...error, wait: pause / 1000 }).text;
            this.paused = true;
        } else if (error.code >= 500) {
            this.doubts.add(item);
            this.offer(item, UNKNOWN);
        } else {
            this.offer(item, explain(error).text);
        }
        this.done();
        if (pause)
            this.timer = setTimeout(() => this.goOn(), pause);
        return true;
    }

    goOn() {
        this.paused = false;
        this.next();
    }

    /** The line is down: nobody knows about the message under way. */
    down() {
        this.open = this.paused = false;
        clearTimeout(this.timer);
        if (this.under)
            this.doubts.add(this.under);
        for (const { state } of [this.under, ...this.waiting].filter(Boolean))
            state.textContent = WAITING;
        this.under = null;
    }

    /** The line is up, and history has confirmed what there was to confirm. */
    up() {
        this.open = true;
        for (const item of this.doubts)
            this.offer(item, UNKNOWN);
        this.next();
    }

    offer(item, text) {
        const leave = (words) => {
            this.forget(item);
            this.edit(words);
        };
        item.node.classList.add("failed");
        item.state.replaceChildren(text, " ",
            el("button", { type: "button", onclick: () => leave(item.text) }, "Write again"), " ",
            el("button", { type: "button", onclick: () => leave("") }, "Dismiss"));
    }
}
