// SPDX-License-Identifier: MIT
// Elements, and forms that say what is wrong where it is wrong. Text only ever becomes text: nothing here, or in
// any other module, reads markup.

/** An element. Members of props are attributes; those beginning with "on" are listeners. */
export function el(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (name.startsWith("on"))
            node.addEventListener(name.slice(2), value);
        else if (value !== undefined && value !== null && value !== false)
            node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child || child === 0));
    return node;
}

export const badge = (visibility) => el("span", { class: `visibility ${visibility}` }, visibility);

let lastId = 0;

/** A labelled control, with room for a hint and for what is wrong with it. */
export function field(label, control, hint) {
    const id = control.id || `f${++lastId}`;
    const wrong = el("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
    const about = hint && el("p", { class: "hint", id: `${id}-hint` }, hint);
    control.id = id;
    control.setAttribute("aria-describedby", hint ? `${id}-hint ${id}-wrong` : `${id}-wrong`);
    const node = el("div", { class: "field" }, el("label", { for: id }, label), control, about, wrong);
    return {
        node,
        control,
        say(text) {
            wrong.textContent = text || "";
            wrong.hidden = !text;
            control.setAttribute("aria-invalid", text ? "true" : "false");
        },
    };
}

/** Radio buttons. choices: [value, text, hint]; paint(label, value) may add to a choice's looks. */
export function radios(legend, name, choices, chosen, paint) {
    const set = el("fieldset", { class: name }, el("legend", {}, legend));
    for (const [value, text, hint] of choices) {
        const label = el("label", {},
            el("input", { type: "radio", name, value, checked: value === chosen }),
            el("span", {}, text), hint && el("small", {}, hint));
        paint?.(label, value);
        set.append(label);
    }
    return set;
}

/**
 * Runs work() when the form is sent, once at a time. What it throws is shown at the field that explain() names,
 * or above the buttons, and the cursor goes there.
 */
export function submits(form, fields, explain, work) {
    const alert = el("p", { class: "wrong", role: "alert", hidden: true });
    const button = form.querySelector("[type=submit]");
    (button.closest(".buttons") || button).before(alert);
    form.noValidate = true;
    const say = ({ text = "", at } = {}) => {
        for (const [name, one] of Object.entries(fields))
            one.say(name === at ? text : "");
        alert.textContent = fields[at] ? "" : text;
        alert.hidden = !alert.textContent;
        fields[at]?.control.focus();
    };
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (form.getAttribute("aria-busy") === "true")
            return;
        say();
        form.setAttribute("aria-busy", "true");
        try {
            await work();
        } catch (error) {
            say(explain(error));
        }
        form.setAttribute("aria-busy", "false");
    });
    return say;
}

/** A text to keep, with a button that copies it. */
export function copyable(label, text) {
    const input = el("input", { type: "text", readonly: true, class: "secret", value: text, spellcheck: "false" });
    const said = el("span", { role: "status", class: "hint" });
    const copy = async () => {
        input.select();
        try {
            await navigator.clipboard.writeText(text);
            said.textContent = "Copied.";
        } catch {
            said.textContent = "Selected: copy it with Ctrl+C.";
        }
    };
    const one = field(label, input);
    input.after(el("div", { class: "row" }, el("button", { type: "button", onclick: copy }, "Copy"), said));
    return one.node;
}

/** Opens a dialog; it is gone from the page when it closes. */
export function open(dialog) {
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}
