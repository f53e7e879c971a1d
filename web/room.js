// SPDX-License-Identifier: MIT
// A room: its door, what may be read from there, and the way in and out. What happens inside is visit.js's.

import { getEvents, getRoom } from "./api.js";
import { door } from "./enter.js";
import { frame } from "./frame.js";
import { dropKey, getVisit } from "./keep.js";
import { Log } from "./log.js";
import { explain } from "./words.js";

let room, page, log, visit;

function showRoom(now) {
    room = now;
    page.showRoom(room);
}

/** Back at the door. A public room can be read from there. said: {text, at}, why one is here again. */
async function showDoor(said) {
    try {
        showRoom(await getRoom(room.id));
        if (room.visibility === "public")
            log.merge(await getEvents(room.id));
    } catch (error) {
        if (error.status === 404) {
            showGone();
            return;
        }
        said ||= explain(error);
    }
    page.goOutside(door(room, enter, said));
}

function showGone() {
    visit?.end();
    visit = null;
    dropKey(room.id);
    page.goAway("This room is not here any more. It has been deleted.");
}

async function enter(session) {
    const { Visit } = await import("./visit.js");
    visit ||= new Visit(page, log, { showRoom, showDoor, showGone });
    visit.begin(room, session);
}

/** After a reload. */
async function enterAgain() {
    const { Session } = await import("./session.js");
    enter(Session.kept(room.id));
}

async function showSettings() {
    const settings = await import("./settings.js");
    settings.showSettings(room.id, visit?.session, showRoom, showGone);
}

/** The room as the served HTML has it: nothing more is asked for before somebody enters. */
function readRoom() {
    const { room: id, visibility } = document.body.dataset;
    const text = (selector) => document.querySelector(selector)?.textContent || "";
    return { id: Number(id), visibility, title: text("h1"), description: text(".description") };
}

export function show() {
    const served = readRoom();
    page = frame({
        leave: () => visit.leave(),
        retry: () => visit.retry(),
        settings: showSettings,
    });
    log = new Log(page.messages, page.log, page.newer);
    log.adopt();
    showRoom(served);
    if (getVisit(room.id))
        enterAgain();
    else
        page.goOutside(door(room, enter));
}
