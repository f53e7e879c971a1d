// SPDX-License-Identifier: MIT
// The room's page as people see it: built around the HTML that was served, which stays readable should a script fail.

import { badge, el } from "./dom.js";

/** Where one writes; say(text) for each message. Enter sends, with Shift it begins a line. */
function composer(say) {
    const text = el("textarea", { id: "message", rows: "1", "aria-label": "Message", placeholder: "Message", dir: "auto",
        enterkeyhint: "send", autocomplete: "off" });
    const form = el("form", { class: "composer" }, text, el("button", { type: "submit", class: "primary" }, "Send"));
    const fit = () => {
        text.style.height = "auto";
        text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`;
    };
    text.addEventListener("input", fit);
    text.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            form.requestSubmit();
        }
    });
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (text.value.trim())
            say(text.value.replace(/^\n+|\s+$/g, ""));
        text.value = "";
        fit();
        text.focus();
    });
    form.write = (words) => {
        text.value = [words, text.value].filter(Boolean).join("\n");
        fit();
        text.focus();
    };
    return form;
}

/** A button that shows and hides, on narrow screens, who is here. */
function peopleButton(aside, counter) {
    const button = el("button", { type: "button", class: "quiet people-button", "aria-expanded": "false", "aria-controls": aside.id },
        "People ", counter);
    const show = (open) => {
        aside.classList.toggle("open", open);
        button.setAttribute("aria-expanded", String(open));
    };
    button.addEventListener("click", () => show(!aside.classList.contains("open")));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
    return button;
}

/** What belongs into the page, and the few things that happen to it. Wishes are the buttons' handlers. */
export function frame(wishes) {
    const main = document.querySelector("main");
    const heading = main.querySelector("h1");
    const description = main.querySelector(".description") || el("p", { class: "description" });
    const back = main.querySelector("a");
    const messages = main.querySelector("ol.messages") || el("ol", { class: "messages" });
    const outbox = el("ol", { class: "messages outbox", "aria-label": "Not sent yet" });
    const counters = [el("span", {}, "0"), el("span", {}, "0")];
    const people = el("ul", { class: "people" });
    const aside = el("aside", { id: "people", "aria-label": "Who is here" }, el("h2", {}, "Here now ", counters[0]), people);
    const log = el("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" }, messages, outbox);
    const newer = el("button", { type: "button", class: "newer", hidden: true }, "New messages below");
    const state = el("p", { class: "state", role: "status" });
    const retry = el("button", { type: "button", class: "quiet", hidden: true, onclick: wishes.retry }, "Try now");
    const exit = el("button", { type: "button", class: "quiet", hidden: true, onclick: wishes.leave }, "Leave");
    const visibility = el("span");
    const foot = el("div", { class: "foot" });
    let write, unread = 0;

    const header = el("header", {},
        el("div", { class: "title" }, back, el("div", {}, heading, visibility), description),
        el("div", { class: "tools" }, state, retry, peopleButton(aside, counters[1]),
            el("button", { type: "button", class: "quiet", onclick: wishes.settings }, "Settings"), exit));
    heading.dir = description.dir = "auto";
    main.replaceChildren(header, el("section", { class: "talk", "aria-label": "Conversation" }, log, newer, foot), aside);
    document.body.classList.add("live");
    const name = () => {
        document.title = (unread ? `(${unread}) ` : "") + heading.textContent;
    };
    document.addEventListener("visibilitychange", () => {
        unread = 0;
        name();
    });

    const at = (place) => {
        document.body.dataset.at = place;
        exit.hidden = place !== "inside";
    };
    return {
        messages, outbox, log, newer, people, counters, state, retry,
        write: (text) => write?.(text),
        unread() {
            unread += document.hidden ? 1 : 0;
            name();
        },
        showRoom(room) {
            heading.textContent = room.title;
            description.textContent = room.description;
            description.hidden = !room.description;
            visibility.replaceChildren(badge(room.visibility));
            name();
        },
        goInside(say) {
            const form = composer(say);
            write = form.write;
            foot.replaceChildren(form);
            at("inside");
            form.querySelector("textarea").focus();
        },
        goOutside({ form, focus }) {
            write = null;
            foot.replaceChildren(form);
            at("door");
            if (!form.contains(document.activeElement))
                focus();
        },
        goAway(text) {
            foot.replaceChildren(el("p", { class: "wrong", role: "alert" }, text),
                el("a", { class: "button primary", href: back.href }, "All rooms"));
            at("away");
            foot.querySelector("a").focus();
        },
    };
}
