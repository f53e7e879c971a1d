// SPDX-License-Identifier: MIT
// What the browser keeps. For this tab: who one is in a room, so that a reload changes nothing. For good: the keys
// of rooms one owns, and the name and colour used last.

import { base } from "./api.js";

// A browser may have no storage for us; then things are kept as long as the page.
function shelf(name) {
    const memory = new Map();
    return {
        read(key) {
            try {
                return JSON.parse(window[name].getItem(key) ?? memory.get(key) ?? null);
            } catch {
                return JSON.parse(memory.get(key) ?? null);
            }
        },
        write(key, value) {
            const text = JSON.stringify(value);
            memory.set(key, text);
            try {
                window[name].setItem(key, text);
            } catch { /* full or forbidden: memory has it */ }
        },
        drop(key) {
            memory.delete(key);
            try {
                window[name].removeItem(key);
            } catch { /* as above */ }
        },
    };
}

const tab = shelf("sessionStorage");
const browser = shelf("localStorage");
const visit = (room) => `globes:${base}:visit:${room}`;
const OWNED = `globes:${base}:owned`;
const ME = `globes:${base}:me`;

export const getVisit = (room) => tab.read(visit(room));
export const keepVisit = (room, value) => tab.write(visit(room), value);
export const dropVisit = (room) => tab.drop(visit(room));

export const getMe = () => browser.read(ME) || {};
export const keepMe = (name, color) => browser.write(ME, { name, color });

/** {id: {key, title, visibility}} */
export const getOwned = () => browser.read(OWNED) || {};
export const getKey = (room) => getOwned()[room]?.key;
export const keepKey = ({ id, title, visibility }, key) =>
    browser.write(OWNED, { ...getOwned(), [id]: { key, title, visibility } });
export function dropKey(room) {
    const { [room]: gone, ...others } = getOwned();
    browser.write(OWNED, others);
}
