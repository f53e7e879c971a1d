// SPDX-License-Identifier: MIT
// The connection: opened, watched, and opened again when it fails, later and later and never all at once with the
// others. Knows nothing of rooms: what is to be done before an attempt, and with what is heard, is its user's.

const FIRST = 500;
const LONGEST = 30000;
const OPENING = 15000; // for how long an attempt may last, until settled()

export class Line {
    /**
     * prepare(): a promise of a WebSocket; one that fails with error.passing is tried again, any other ends the line.
     * opened(), heard(event), ended(error or close code): what happens. state(name, until): for people to see.
     */
    constructor({ prepare, opened, heard, ended, state }) {
        Object.assign(this, { prepare, opened, heard, ended, state });
        this.failures = 0;
        this.wake = () => this.waiting && this.try();
        this.lost = () => this.drop();
        this.shown = ({ persisted }) => persisted && this.drop();
        this.hidden = () => this.release(); // a page that is only kept to go back to is not here
        for (const [name, hear] of this.ears())
            addEventListener(name, hear);
    }

    ears() {
        return [["online", this.wake], ["offline", this.lost], ["visibilitychange", this.wake], ["pagehide", this.hidden],
            ["pageshow", this.shown]];
    }

    /** An attempt now. */
    async try() {
        clearTimeout(this.timer);
        this.waiting = false;
        this.state("connecting");
        const turn = this.turn = {};
        try {
            const socket = await this.prepare();
            if (turn === this.turn)
                this.watch(socket);
            else
                socket.close();
        } catch (error) {
            if (turn !== this.turn)
                return;
            if (error.passing)
                this.later(error.wait * 1000);
            else
                this.finish(error);
        }
    }

    watch(socket) {
        this.socket = socket;
        this.timer = setTimeout(() => this.drop(), OPENING);
        socket.onopen = () => this.opened();
        socket.onmessage = ({ data }) => this.heard(JSON.parse(data));
        socket.onclose = ({ code, reason }) => {
            this.release();
            if (code === 1008)
                this.finish(code);
            else // a relay that restarts says when to come back
                this.later(code === 1012 ? parseInt(reason.match(/\d+/)?.[0] || "0", 10) : 0);
        };
    }

    /** Lets go of the socket: a network that is gone would not tell. */
    release() {
        const socket = this.socket;
        this.socket = null;
        if (!socket)
            return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
    }

    /** All is well: the next failure is the first one. */
    settled() {
        clearTimeout(this.timer);
        this.failures = 0;
        this.state("open");
    }

    drop(delay) {
        if (this.done)
            return;
        this.release();
        this.later(delay);
    }

    later(delay = 0) {
        const most = Math.min(LONGEST, FIRST * 2 ** this.failures++);
        const pause = Math.max(delay, most / 2) + Math.random() * most / 2;
        this.turn = null;
        this.waiting = true;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.try(), pause);
        this.state(navigator.onLine ? "waiting" : "offline", Date.now() + pause);
    }

    /** Whether it went out; what is said while the line is down is not kept. */
    send(event) {
        if (this.socket?.readyState !== WebSocket.OPEN)
            return false;
        this.socket.send(JSON.stringify(event));
        return true;
    }

    finish(error) {
        this.close();
        this.ended(error);
    }

    close() {
        this.done = true;
        this.turn = null;
        this.waiting = false;
        clearTimeout(this.timer);
        this.release();
        for (const [name, hear] of this.ears())
            removeEventListener(name, hear);
    }
}
