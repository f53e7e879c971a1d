// SPDX-License-Identifier: MIT
// The chat page's beginning. globes.fcgi's HTML can be read without it; this makes it live. Which view is wanted
// stands in the body; only its modules are loaded.

const views = { rooms: "./rooms.js", room: "./room.js" };
const view = views[document.body.dataset.view];

if (view)
    (await import(view)).show();
