// SPDX-License-Identifier: MIT
// Who is here. Names are unique in a room.

import { tint } from "./color.js";
import { el } from "./dom.js";

export class People {
    constructor(list, counters) {
        this.list = list;
        this.counters = counters;
        this.nodes = new Map();
    }

    set(users) {
        this.nodes.clear();
        this.list.replaceChildren();
        for (const { username, color } of users)
            this.join({ name: username, color });
        this.count();
    }

    join({ name, color }) {
        this.leave({ name });
        const node = el("li", { dir: "auto" }, name);
        tint(node, color, name);
        const order = name.toLowerCase();
        const after = [...this.nodes].find(([other]) => other.toLowerCase().localeCompare(order) > 0);
        this.list.insertBefore(node, after ? after[1] : null);
        this.nodes = new Map([...this.nodes, [name, node]].sort(([a], [b]) => a.toLowerCase().localeCompare(b.toLowerCase())));
        this.count();
    }

    leave({ name }) {
        this.nodes.get(name)?.remove();
        this.nodes.delete(name);
        this.count();
    }

    count() {
        for (const counter of this.counters)
            counter.textContent = String(this.nodes.size);
    }
}
