// SPDX-License-Identifier: MIT
// Who one is in a room: a token, got by password, as a guest or by the owner's key, renewed in time, kept for a reload.

import { getRoom, login, Refusal, renew } from "./api.js";
import { dropKey, dropVisit, getKey, getVisit, keepKey, keepMe, keepVisit } from "./keep.js";

const RENEW_AT = 0.7; // of a token's life
const RENEW_PAUSE = 5000;
const FRESH = 10000;

/** The time until a token ends, in ms; its own clock is the server's. */
function lifeOf(token, at) {
    try {
        const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
        return Math.max(0, JSON.parse(atob(part)).exp * 1000 - at);
    } catch {
        return 0;
    }
}

/** Throws unless it is empty or looks like an owner's key: a password must never be taken, and kept, for one. */
export function checkKey(key) {
    if (key && !/^go_[\w-]{43}$/.test(key))
        throw new Refusal(401, { code: 304, field: "key" });
}

export class Session {
    /** The one that this tab had before a reload, or null. */
    static kept(room) {
        const visit = getVisit(room);
        return visit && new Session(room, visit);
    }

    /** Asks to enter; without password or key as a guest. Throws a Refusal; its field is `key` when that was refused. */
    static async enter(room, { name, color, password, key }) {
        checkKey(key);
        const secret = key || getKey(room.id);
        const body = { name, secret: secret || password };
        if (body.secret === undefined)
            body.guest = true;
        try {
            const answer = await login(room.id, body);
            if (!answer.token) // it has been opened to the public meanwhile
                return Session.enter(room, { name, color });
            if (key)
                keepKey(room, key);
            keepMe(answer.name, color);
            return new Session(room.id, { name: answer.name, color }, answer);
        } catch (error) {
            if (secret && error.code === 304) {
                error.field = "key";
                if (!key)
                    dropKey(room.id);
            }
            throw error;
        }
    }

    constructor(room, visit, answer) {
        this.room = room;
        Object.assign(this, visit); // name, color, token, renewAt
        if (answer)
            this.take(answer);
    }

    take({ token, at }) {
        this.token = token;
        this.freshUntil = Date.now() + FRESH;
        this.renewAt = Date.now() + Math.max(RENEW_PAUSE, lifeOf(token, at) * RENEW_AT);
        const { name, color, renewAt } = this;
        if (!this.forgotten) // while the answer was under way
            keepVisit(this.room, { name, color, token, renewAt });
    }

    /** Whether the token can be used without being tried: just given, and not used yet. */
    isFresh() {
        const fresh = Date.now() < this.freshUntil;
        this.freshUntil = 0;
        return fresh;
    }

    forget() {
        this.forgotten = true;
        clearTimeout(this.timer);
        dropVisit(this.room);
    }

    /** A new token for the same person; false where the old one has ended. */
    async renew() {
        try {
            const answer = await renew(this.room, this.token);
            if (!answer.token) // a public room takes any, and none
                return false;
            this.take(answer);
            return true;
        } catch (error) {
            if (error.code === 403)
                return false;
            throw error;
        }
    }

    /** Before a connection: makes sure of a token, where that needs nobody's help. */
    async refresh() {
        if (await this.renew() || await this.tryKey())
            return;
        const { visibility } = await getRoom(this.room);
        if (visibility !== "public")
            throw new Refusal(403, { code: 403, field: "token" });
        this.take(await login(this.room, { name: this.name, guest: true }));
    }

    async tryKey() {
        const key = getKey(this.room);
        if (!key)
            return false;
        try {
            this.take(await login(this.room, { name: this.name, secret: key }));
            return true;
        } catch (error) {
            if (error.code !== 304)
                throw error;
            dropKey(this.room); // there is a newer one
            return false;
        }
    }

    /** As long as one is here: renewal when due. A failure is tried again, and is settled at the next connection. */
    keepAlive() {
        clearTimeout(this.timer);
        const due = Math.min(Math.max(this.renewAt - Date.now(), RENEW_PAUSE), 2 ** 31 - 1);
        this.timer = setTimeout(async () => {
            const alive = await this.renew().catch(() => true);
            if (alive && !this.forgotten)
                this.keepAlive();
        }, due);
    }
}
