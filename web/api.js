// SPDX-License-Identifier: MIT
// The REST calls, as promises. A refusal of any kind is a Refusal; words.js says it to people.

export const base = document.body.dataset.base || "";

export class Refusal extends Error {
    /** status 0: nobody answered. wait: seconds, 0 if not known. */
    constructor(status, { code = 0, field = "" } = {}, wait = 0) {
        super(`${status} ${code} ${field}`);
        Object.assign(this, { status, code, field, wait });
    }

    /** Whether the same may well work in a while. */
    get passing() {
        return this.status === 0 || this.status === 429 || this.status >= 500;
    }
}

const PATIENCE = 20000;

async function ask(method, path, { token, body } = {}) {
    const headers = { Accept: "application/json" };
    if (token)
        headers.Authorization = `Bearer ${token}`;
    if (body)
        headers["Content-Type"] = "application/json";
    let answer, value;
    try {
        answer = await fetch(base + path, {
            method, headers, body: body && JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
        });
        value = await answer.json();
    } catch {
        throw new Refusal(answer && !answer.ok ? answer.status : 0);
    }
    if (!answer.ok)
        throw new Refusal(answer.status, value.error, Number(answer.headers.get("Retry-After")) || 0);
    // By the server's clock, as visitors' own may be wrong.
    value.at = Date.parse(answer.headers.get("Date")) || Date.now();
    return value;
}

export function listRooms(q, after) {
    const query = new URLSearchParams();
    if (q)
        query.set("q", q);
    if (after)
        query.set("after", after);
    return ask("GET", `/chats${query.size ? `?${query}` : ""}`);
}

export const makeRoom = (room) => ask("POST", "/chats", { body: { ...room, owned: true } });
export const getRoom = (id, token) => ask("GET", `/chats/${id}`, { token });
export const changeRoom = (id, key, body) => ask("PUT", `/chats/${id}`, { token: key, body });
export const deleteRoom = (id, key) => ask("DELETE", `/chats/${id}`, { token: key });
export const getEvents = async (id, token) => (await ask("GET", `/chats/events/${id}`, { token })).data;
export const login = (id, body) => ask("POST", `/chats/${id}/token`, { body });
export const renew = (id, token) => ask("GET", `/chats/${id}/token/renew`, { token });

export function openSocket(id, token) {
    const url = new URL(`${base}/chats/${id}/ws`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, token);
}
