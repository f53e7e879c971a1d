// SPDX-License-Identifier: MIT
// Being in a room: the connection, and what is said and who is here kept true over it, also when it was down.

import { getEvents, getRoom, openSocket } from "./api.js";
import { Line } from "./line.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { duration, explain } from "./words.js";

const NAME_REFUSED = [105, 202]; // one has to come in by another name
const SOON = 3; // seconds that need not be counted down

export class Visit {
    /** to: showRoom(room), showDoor(said), showGone(). */
    constructor(page, log, to) {
        Object.assign(this, { page, log, to });
        this.people = new People(page.people, page.counters);
        this.outbox = new Outbox(page.outbox, {
            send: (text) => this.say("send", { msg: text }),
            stuck: () => this.line.drop(),
            edit: page.write,
        });
    }

    begin(room, session) {
        Object.assign(this, { room, session });
        this.page.goInside((text) => this.outbox.add(text));
        this.connect();
    }

    connect() {
        this.line = new Line({
            prepare: () => this.prepare(),
            opened: () => this.say("join", { msg: "" }),
            heard: (event) => this.hear(event),
            ended: (error) => this.hearEnd(error),
            state: (state, until) => this.showState(state, until),
        });
        this.line.try();
    }

    retry() {
        this.line?.try();
    }

    say(type, more) {
        const { name, color } = this.session;
        return this.line.send({ event_type: type, name, color, ...more });
    }

    /** A socket, by a token that is good: one that has just been given is. */
    async prepare() {
        if (!this.session.isFresh())
            await this.session.refresh();
        this.held = [];
        this.inside = false;
        return openSocket(this.room.id, this.session.token);
    }

    showState(state, until) {
        const { page } = this;
        const seconds = (until - Date.now()) / 1000;
        const long = state === "waiting" && seconds > SOON;
        const what = this.wasOpen ? "Connection lost." : "No connection yet.";
        this.wasOpen ||= state === "open";
        page.state.textContent = {
            connecting: "Connecting…",
            open: "Connected",
            waiting: `${what} Trying again${long ? ` in ${duration(seconds)}.` : "…"}`,
            offline: "You are offline.",
        }[state] || "";
        page.state.dataset.state = state;
        page.retry.hidden = !long;
        if (state !== "open")
            this.outbox.down();
    }

    // ---- what is heard ----

    hear(event) {
        const joined = !this.inside && event.event_type === "join" && event.name === this.session.name;
        if (event.event_type === "error")
            this.hearError(event);
        else if (this.held)
            this.held.push(event);
        else
            this.take(event);
        if (joined)
            this.catchUp(event);
    }

    /** We are in: what was missed, and who is here, come before what is said live meanwhile. */
    async catchUp({ who }) {
        const { line, room, session, log } = this;
        const socket = line.socket;
        this.inside = true;
        log.mine.add(who);
        try {
            const [now, events] = await Promise.all([getRoom(room.id, session.token), getEvents(room.id, session.token)]);
            if (socket !== line.socket)
                return;
            this.to.showRoom(now);
            this.people.set(now.users);
            for (const missed of log.merge(events))
                if (log.mine.has(missed.who))
                    this.outbox.confirm(missed);
        } catch (error) {
            if (socket === line.socket)
                line.drop(error.wait * 1000);
            return;
        }
        const live = this.held;
        this.held = null;
        live.forEach((event) => this.take(event));
        line.settled();
        this.outbox.up();
        session.keepAlive();
    }

    take(event) {
        const { log, people } = this;
        const own = log.mine.has(event.who);
        if (event.event_type === "join") {
            people.join(event);
            log.note(own ? "You entered the room." : `${event.name} entered the room.`);
        } else if (event.event_type === "leave") {
            people.leave(event);
            log.note(`${event.name} left the room.`);
        } else if (event.event_type === "send" && log.add(event)) {
            if (own)
                this.outbox.confirm(event);
            else
                this.page.unread();
        }
    }

    hearError(event) {
        if (this.inside) {
            if (!this.outbox.refuse(event))
                this.log.note(explain(event).text);
        } else if (NAME_REFUSED.includes(event.code)) {
            this.out(explain({ ...event, field: event.code === 202 ? event.field : "name" }));
        } else {
            this.log.note(explain({ ...event, wait: event.retry_after_ms / 1000 }).text);
            this.line.drop(event.retry_after_ms);
        }
    }

    /** The line will not come back by itself. */
    async hearEnd(error) {
        if (error === 1008)
            await this.hearPolicy(this.session);
        else if (error.status === 404)
            this.to.showGone();
        else
            this.out(explain(error));
    }

    async hearPolicy(session) {
        const good = await session.renew().catch(() => false);
        if (session !== this.session) // left meanwhile
            return;
        if (good) // then it was not the token
            this.out({ text: "The room has closed your connection. Wait a moment before you enter again." });
        else // the owner's key, or a public door, may let us in again
            this.connect();
    }

    // ---- the way out ----

    end() {
        this.line?.close();
        this.session?.forget();
        this.session = this.line = null;
        this.people.set([]);
        this.showState("out");
    }

    /** Not by one's own wish: what was not sent stays. */
    out(said) {
        this.end();
        this.to.showDoor(said);
    }

    leave() {
        this.say("leave");
        this.end();
        this.outbox.clear();
        this.log.clear(); // what others may not read does not stay behind
        this.to.showDoor();
    }
}
