// SPDX-License-Identifier: MIT
// The list of rooms: searched while one types, lengthened on demand, with one's own rooms above.

import { base, getRoom, listRooms } from "./api.js";
import { badge, el } from "./dom.js";
import { dropKey, getKey, getOwned, keepKey } from "./keep.js";
import { explain } from "./words.js";

const PAUSE = 250; // of typing, before it is searched

let list, more, status, asked = 0;

function row({ id, title, visibility, description }) {
    return el("li", {},
        el("a", { href: `${base}/chats/${id}`, dir: "auto" }, title),
        visibility && badge(visibility),
        description && el("span", { class: "description", dir: "auto" }, description));
}

/** One page of the list, from the newest room or from where the last page ended. */
async function load(q, after) {
    const turn = ++asked;
    try {
        const { rooms, next } = await listRooms(q, after);
        if (turn !== asked) // something else is wanted by now
            return;
        const rows = rooms.map(row);
        if (after)
            list.append(...rows);
        else
            list.replaceChildren(...rows);
        more.hidden = !next;
        more.onclick = async () => {
            const had = list.children.length;
            await load(q, next);
            list.children[had]?.querySelector("a").focus();
        };
        if (rooms.length)
            status.textContent = q ? `${list.children.length}${next ? " or more" : ""} found` : "";
        else
            status.textContent = q ? "No room has these words in its title." : "There are no rooms yet. Make the first one.";
    } catch (error) {
        if (turn === asked)
            status.textContent = explain(error).text;
    }
}

function searchWhileTyping(form) {
    const input = form.querySelector("[name=q]");
    let timer;
    const search = () => {
        const q = input.value.trim();
        clearTimeout(timer);
        history.replaceState(null, "", q ? `?q=${encodeURIComponent(q)}` : location.pathname);
        return load(q);
    };
    input.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(search, PAUSE);
    });
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        search();
    });
    return search;
}

/** A room of one's own as it is by now; its row goes if the room is gone. */
async function look(id, node) {
    try {
        const room = await getRoom(id, getKey(id));
        keepKey(room, getKey(id));
        node.replaceWith(row(room));
    } catch (error) {
        if (error.status !== 404)
            return;
        dropKey(id);
        node.remove();
    }
}

/** Rooms whose keys are in this browser. Hidden ones are in no other list. */
function ownRooms() {
    const owned = Object.entries(getOwned()).reverse();
    if (!owned.length)
        return null;
    const rows = owned.map(([id, { title }]) => row({ id, title }));
    owned.forEach(([id], n) => look(id, rows[n]));
    return el("section", { class: "own", "aria-label": "Your rooms" },
        el("h2", {}, "Your rooms"), el("ul", { class: "rooms" }, ...rows));
}

async function askForRoom() {
    const create = await import("./create.js");
    create.askForRoom();
}

export function show() {
    const main = document.querySelector("main");
    const form = main.querySelector("form[role=search]");
    const input = form.querySelector("[name=q]");
    input.setAttribute("aria-label", "Search rooms");
    input.placeholder = "Search rooms";
    input.closest("label")?.replaceWith(input);
    list = main.querySelector("ul.rooms") || form.parentNode.appendChild(el("ul", { class: "rooms" }));
    main.querySelectorAll(":scope > p").forEach((p) => p.remove()); // the list says it itself from now on
    status = el("p", { class: "hint", role: "status" });
    more = el("button", { type: "button", class: "more", hidden: true }, "Older rooms");
    const make = el("button", { type: "button", class: "primary", onclick: askForRoom }, "New room");
    form.before(el("div", { class: "top" }, main.querySelector("h1"), make));
    form.after(status);
    const own = ownRooms();
    if (own)
        list.before(own, el("h2", {}, "All rooms"));
    list.after(more);
    document.body.classList.add("live");
    searchWhileTyping(form)();
}
