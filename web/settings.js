// SPDX-License-Identifier: MIT
// A room's settings, for whoever has its key: in this browser, or at hand.

import { changeRoom, deleteRoom, getRoom, login } from "./api.js";
import { descriptionField, followVisibility, keepsake, passwordField, titleField, VISIBILITIES } from "./create.js";
import { el, open, radios, submits } from "./dom.js";
import { explainEntry, keyField } from "./enter.js";
import { dropKey, getKey, keepKey } from "./keep.js";
import { checkKey } from "./session.js";
import { explain } from "./words.js";

const head = (dialog, text) => el("div", { class: "top" },
    el("h2", { id: "dialog-title" }, text),
    el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close"));

function explainChange(error) {
    if (error.code === 105 && error.field === "visibility")
        return { text: "This site does not let a room be hidden later. Make a new, hidden one." };
    if (error.code === 403 || error.code === 104)
        return { text: "Your owner key is no longer good for this room." };
    return explain(error);
}

/** Asks for the key; it is tried before it is kept. */
function askForKey(dialog, room, name, then) {
    const key = keyField();
    const form = el("form", {},
        el("p", {}, "Only its owner can change this room."), key.node,
        el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, "Use this key")));
    submits(form, { key }, (error) => explainEntry(Object.assign(error, { field: "key" })), async () => {
        const secret = key.control.value.trim();
        checkKey(secret || "none");
        await login(room.id, { secret, name });
        keepKey(room, secret);
        then();
    });
    dialog.replaceChildren(head(dialog, "Room settings"), form);
    key.control.focus();
}

function changes(dialog, room, changed) {
    const title = titleField(room.title);
    const description = descriptionField(room.description);
    const password = passwordField("New password",
        room.visibility === "public" ? "At least 8 characters."
            : "Leave it empty to keep the one there is. A new one ends everyone’s entry.");
    const form = el("form", {},
        title.node, description.node,
        radios("Who can come in", "visibility", VISIBILITIES, room.visibility),
        password.node,
        el("div", { class: "buttons" }, el("button", { type: "submit", class: "primary" }, "Save")));
    followVisibility(form, password);
    submits(form, { title, description, password }, explainChange, async () => {
        const wanted = {
            title: title.control.value.trim(), description: description.control.value.trim(),
            visibility: form.elements.visibility.value, password: password.control.value,
        };
        if (wanted.visibility === "public" || !wanted.password)
            delete wanted.password;
        if (wanted.visibility === room.visibility)
            delete wanted.visibility;
        const answer = await changeRoom(room.id, getKey(room.id), wanted);
        keepKey(answer, getKey(room.id));
        dialog.close();
        changed(answer);
    });
    return form;
}

/** Asked twice, as it cannot be undone. */
function removal(room, removed) {
    const form = el("form", {}, el("p", { hidden: true }, "The room and all that was said in it will be gone for good."),
        el("div", { class: "buttons" }, el("button", { type: "submit", class: "danger" }, "Delete this room")));
    const [warning, button] = [form.querySelector("p"), form.querySelector("button")];
    submits(form, {}, explainChange, async () => {
        if (warning.hidden) {
            warning.hidden = false;
            button.textContent = "Yes, delete it";
            return;
        }
        await deleteRoom(room.id, getKey(room.id));
        dropKey(room.id);
        removed();
    });
    return form;
}

/** session may be null: not entered. changed(room), removed(): what came of it. */
export function showSettings(id, session, changed, removed) {
    const dialog = open(el("dialog", { "aria-labelledby": "dialog-title" },
        el("h2", { id: "dialog-title" }, "Room settings")));
    const show = async () => {
        try {
            const key = getKey(id);
            const room = await getRoom(id, session?.token);
            if (!key) {
                askForKey(dialog, room, session?.name || "owner", show);
                return;
            }
            dialog.replaceChildren(head(dialog, "Room settings"), changes(dialog, room, changed),
                el("details", {}, el("summary", {}, "Owner key"), keepsake(id, key, room.visibility)),
                el("details", {}, el("summary", {}, "Delete the room"), removal(room, () => {
                    dialog.close();
                    removed();
                })));
            dialog.querySelector("[name=title]").focus();
        } catch (error) {
            dialog.replaceChildren(head(dialog, "Room settings"),
                el("p", { class: "wrong", role: "alert" }, explain(error).text));
        }
    };
    show();
}
