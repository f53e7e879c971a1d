// SPDX-License-Identifier: MIT
// A new room: what it shall be, and then, once, the key of its owner.

import { base, makeRoom } from "./api.js";
import { copyable, el, field, open, radios, submits } from "./dom.js";
import { keepKey } from "./keep.js";
import { explain } from "./words.js";

export const VISIBILITIES = [
    ["public", "Public", "Everyone can find it and enter."],
    ["private", "Private", "Everyone can find it; a password opens it."],
    ["hidden", "Hidden", "Found by its link alone; a password opens it."],
];

export const titleField = (value = "") => field("Title", el("input", { name: "title", value, required: true, autocomplete: "off" }));

export const descriptionField = (value = "") =>
    field("Description (optional)", el("input", { name: "description", value, autocomplete: "off" }));

export const passwordField = (label, hint) => field(label,
    el("input", { name: "password", type: "password", autocomplete: "new-password" }), hint);

/** The password's field is there for rooms that have one. */
export function followVisibility(form, password) {
    const look = () => {
        password.node.hidden = form.elements.visibility.value === "public";
    };
    form.addEventListener("change", look);
    look();
}

const roomAddress = (id) => new URL(`${base}/chats/${id}`, location.href).href;

/** What its owner needs to keep. */
export function keepsake(id, key, visibility) {
    return el("div", { class: "keepsake" },
        el("p", {}, "This key makes you the room’s owner. It is kept in this browser alone: keep a copy of it in a safe ",
            "place, as the site cannot show it again. With it you can change the room from another browser."),
        copyable("Owner key", key),
        visibility === "hidden" && copyable("Link of the room, for those you invite", roomAddress(id)));
}

function showKey(dialog, room) {
    const go = el("a", { class: "button primary", href: roomAddress(room.id) }, "Go to the room");
    dialog.replaceChildren(
        el("h2", { id: "dialog-title" }, "Your room is ready"),
        keepsake(room.id, room.owner_token, room.visibility),
        el("div", { class: "buttons" }, go));
    go.focus();
}

export function askForRoom() {
    const title = titleField();
    const description = descriptionField();
    const password = passwordField("Password", "At least 8 characters. Tell it to those you invite.");
    const form = el("form", {},
        title.node, description.node,
        radios("Who can come in", "visibility", VISIBILITIES, "public"),
        password.node,
        el("div", { class: "buttons" },
            el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
            el("button", { type: "submit", class: "primary" }, "Make room")));
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" },
        el("h2", { id: "dialog-title" }, "New room"), form);
    const refused = (error) => error.code === 104 || error.code === 304
        ? { text: "This site does not let visitors make rooms." } : explain(error);
    followVisibility(form, password);
    submits(form, { title, description, password }, refused, async () => {
        const visibility = form.elements.visibility.value;
        const room = await makeRoom({
            title: title.control.value.trim(),
            description: description.control.value.trim(),
            visibility,
            password: visibility === "public" ? "" : password.control.value,
        });
        keepKey(room, room.owner_token);
        showKey(dialog, room);
    });
    open(dialog);
    title.control.focus();
}
