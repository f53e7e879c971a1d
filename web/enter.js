// SPDX-License-Identifier: MIT
// The door of a room: name, colour, and what the room asks for.

import { COLORS } from "./color.js";
import { el, field, radios, submits } from "./dom.js";
import { getKey, getMe } from "./keep.js";
import { explain } from "./words.js";

export const keyField = () => field("Owner key",
    el("input", { name: "key", type: "password", autocomplete: "off", spellcheck: "false" }),
    "It begins with go_ and was shown when the room was made.");

export function explainEntry(error) {
    if (error.code === 304 && error.field === "key")
        return { text: "This key does not open this room.", at: "key" };
    return explain(error);
}

/** A form; entered(session) when it was let in. said: an error to begin with. */
export function door(room, entered, said) {
    const me = getMe();
    const name = field("Your name", el("input", { name: "name", required: true, autocomplete: "nickname", value: me.name }));
    const password = field("Password", el("input", { name: "password", type: "password", autocomplete: "current-password" }));
    const key = keyField();
    const owned = getKey(room.id);
    const colors = radios("Your colour", "color", COLORS, me.color || COLORS[0][0],
        (label, value) => label.querySelector("span").style.setProperty("--swatch", value));
    password.node.hidden = room.visibility === "public" || Boolean(owned);
    const form = el("form", { class: "door", "aria-label": "Enter the room" },
        el("h2", {}, "Enter the room"), name.node, password.node, colors,
        owned ? el("p", { class: "hint" }, "You own this room: your key opens it.")
            : el("details", {}, el("summary", {}, "I have the owner’s key"), key.node),
        el("button", { type: "submit", class: "primary" }, "Enter"));
    const explainHere = (error) => {
        const told = explainEntry(error);
        if (told.at === "key")
            form.querySelector("details")?.setAttribute("open", "");
        if (told.at === "key" && owned) {
            password.node.hidden = room.visibility === "public";
            return { text: "Your owner key is no longer good for this room." };
        }
        if (told.at === "password" && password.node.hidden) { // it has been closed meanwhile
            password.node.hidden = false;
            return { text: "This room asks for a password now.", at: "password" };
        }
        return told;
    };
    const say = submits(form, { name, password, key }, explainHere, async () => {
        const { Session } = await import("./session.js"); // who only reads need not load it
        await entered(await Session.enter(room, {
            name: name.control.value.trim(),
            color: form.elements.color.value,
            password: password.node.hidden ? undefined : password.control.value,
            key: key.control.value.trim(),
        }));
    });
    if (said)
        say(said);
    return { form, focus: () => (me.name && !password.node.hidden ? password : name).control.focus() };
}
