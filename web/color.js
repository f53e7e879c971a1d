// SPDX-License-Identifier: MIT
// Colours of people. Whatever colour somebody has chosen, their name can be read on our light and on our dark ground:
// it is moved towards black or white until it can.

export const COLORS = [
    ["#1f6feb", "Blue"], ["#0b7a75", "Teal"], ["#2e7d32", "Green"], ["#9a6700", "Ochre"],
    ["#c2410c", "Orange"], ["#c62828", "Red"], ["#ad2a7f", "Pink"], ["#6f42c1", "Violet"],
];

// The darkest ground of the light page and the lightest of the dark one: see page.css.
const LIGHT = [0xe9, 0xee, 0xf1];
const DARK = [0x24, 0x2e, 0x38];
const AA = 4.6;

const brush = document.createElement("canvas").getContext("2d");

/** [r, g, b], or null for what is no colour that an event may have. */
function parse(color) {
    const unset = "#010203";
    if (!/^(#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{3,20})$/i.test(color))
        return null;
    brush.fillStyle = unset;
    brush.fillStyle = color;
    const hex = brush.fillStyle;
    if (hex === unset || !hex.startsWith("#"))
        return null;
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function luminance(rgb) {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
}

function readable(rgb, ground, towards) {
    let now = rgb;
    for (let part = 0.1; contrast(now, ground) < AA && part < 1.05; part += 0.1)
        now = rgb.map((c) => Math.round(c + (towards - c) * part));
    return `rgb(${now.join(" ")})`;
}

/** The same colour for the same name, where none was chosen. */
function colorOf(name) {
    let sum = 0;
    for (const c of name)
        sum = (sum * 31 + c.codePointAt(0)) >>> 0;
    return COLORS[sum % COLORS.length][0];
}

export function tint(node, color, name) {
    const rgb = parse(color || "") || parse(colorOf(name));
    node.style.setProperty("--tint-light", readable(rgb, LIGHT, 0));
    node.style.setProperty("--tint-dark", readable(rgb, DARK, 255));
}
