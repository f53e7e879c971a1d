// SPDX-License-Identifier: MIT
// What people are told when something does not work: what it is, and what they can do.

export function duration(seconds) {
    const n = Math.max(1, Math.ceil(seconds));
    if (n >= 120)
        return `${Math.ceil(n / 60)} minutes`;
    return n === 1 ? "1 second" : `${n} seconds`;
}

const CONTENT = {
    title: "A title has 2 to 70 characters and is not only digits. Choose another one.",
    description: "A description has at most 70 characters.",
    password: "A password has at least 8 characters.",
    visibility: "This room cannot be made so. Choose another visibility.",
    name: "This name cannot be used here. Choose another one.",
    msg: "This message is too long. Shorten it, and send it again.",
};

const FULL = {
    members_max: "This room is full. Try again later.",
    sockets_per_address: "Too many people are here from your network. Try again later.",
    rooms_max: "This site has no place for more rooms.",
};

const WHAT = {
    login_rate: "Too many wrong passwords.",
    login_rate_room: "Too many wrong passwords.",
    create_rate: "Too many new rooms.",
    join_rate: "Too many people have just entered from your network.",
    send_rate: "You are sending too fast.",
};

function tooMany({ field, wait }) {
    if (FULL[field])
        return FULL[field];
    return `${WHAT[field] || "Too many requests."} Wait ${wait ? duration(wait) : "a while"}, then try again.`;
}

const unreachable = () => navigator.onLine
    ? "The site cannot be reached. Check your connection, and try again."
    : "You are offline. Connect to the internet, and try again.";

const BY_CODE = {
    101: () => "This room is not here any more.",
    102: () => "There is a room with this title already. Choose another one.",
    104: () => "You have no right to do this here.",
    105: ({ field }) => CONTENT[field] || "This cannot be used. Change it, and try again.",
    201: () => "You are not in this room any more. Leave, and enter again.",
    202: ({ field }) => `The name ${field ? `“${field}” ` : ""}is taken in this room. Choose another one.`,
    303: () => "Please say who you are.",
    304: () => "That is not the password of this room.",
    403: () => "Your time in this room has ended. Please enter again.",
    429: tooMany,
};

/** {text, at}: a sentence or two, and the field it is about. */
export function explain(error) {
    if (error.status === undefined && error.code === undefined)
        console.error(error); // none of the server's: ours
    const by = BY_CODE[error.code];
    const at = { 102: "title", 202: "name", 304: "password" }[error.code] || error.field;
    if (by)
        return { text: by(error), at };
    if (error.status === 0)
        return { text: unreachable() };
    if (error.status === 413)
        return { text: "This is too long. Shorten it, and try again." };
    return { text: "Something went wrong on the site. Try again in a moment." };
}
