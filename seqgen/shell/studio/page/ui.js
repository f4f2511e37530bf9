/** What every room is made of: elements, dials, downloads, and a pause that lets the page be drawn. */

import { t } from "./language.js";

// Milliseconds of work between two pictures of the page.
const SLICE = 12;

/** An element: properties are set as they are, those that begin with `on` listen, `aria` and `data` hold attributes' ends. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "aria" || name === "data") {
      for (const [end, own] of Object.entries(value)) element.setAttribute(`${name}-${end}`, own);
    } else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  return put(element, ...children);
}

/** Appends elements, texts, and whatever has an `element`. */
export function put(element, ...children) {
  element.append(...children.map(child => child.element ?? child));
  return element;
}

/** A part of a drawing; functions listen. */
export function shape(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  return element;
}

export const button = (text, onclick, more = {}) => make("button", { type: "button", onclick, ...more }, text);
export const dials = (...controls) => make("div", { className: "dials" }, ...controls);
export const buttons = (...all) => make("div", { className: "buttons" }, ...all);

/** A line that tells what goes on, also those who do not see it: `say` takes what `t` does. */
export function statusLine() {
  const element = make("p", { className: "status", role: "status" });
  return Object.assign(element, { say: (key, ...values) => {
    const said = t(key, ...values);
    if (element.textContent !== said) element.textContent = said;
  } });
}

/** A control with its name. */
export const field = (name, input) => make("label", { className: "dial" }, make("span", {}, ...[name].flat()), input);

/** A slider `[from, to, by]` with its name and value: {element, input, value}, `value` is read at any time. */
export function dial(name, [min, max, step], value, about = "") {
  // Not an output: the label would be of that, then.
  const shown = make("b", { aria: { hidden: "true" } }, String(value));
  const input = make("input", { type: "range", min, max, step, value, title: about, oninput: () => { shown.textContent = input.value; } });
  return { element: field([name, " ", shown], input), input, get value() { return Number(input.value); } };
}

/** A choice among names: {element, value, index}. */
export function choice(name, options, onchange = () => {}, value = options[0]) {
  const select = make("select", { onchange }, ...options.map(option => make("option", {}, option)));
  select.value = value;
  return { element: field(name, select), get value() { return select.value; }, get index() { return select.selectedIndex; } };
}

/** A choice among names, of which two can be mixed: {elements, value}, value being the weight of each, `{oak: 0.6, birch: 0.4}`. */
export function mixture(name, names, onchange = () => {}) {
  const first = choice(name, names, onchange), second = choice(t("mixed"), [t("none"), ...names], onchange);
  const share = dial(t("share"), [0, 1, 0.05], 0.5, t("ofSecond"));
  share.input.addEventListener("change", onchange);
  return {
    elements: names.length ? [first, second, share].map(({ element }) => element) : [],
    get value() {
      const part = second.index && second.value !== first.value ? share.value : 0;
      return part ? { [first.value]: Number((1 - part).toFixed(2)), [second.value]: part } : { [first.value]: 1 };
    },
  };
}

/** A choice among models: {element, load}, `load` beginning with the first. begun: before one is loaded; loaded: hears it. */
export function modelChoice(models, open, status, begun, loaded) {
  const named = choice(t("model"), models.map(({ name }) => name), load);
  named.element.hidden = models.length < 2;
  async function load() {
    const entry = models[named.index];
    const wanted = () => entry === models[named.index];
    const told = part => { if (wanted()) status.say("loading", entry.name, Math.round(100 * part)); };
    begun();
    // And not what was said of the one before.
    told(0);
    try {
      const model = await open(entry, told);
      if (!wanted()) return;
      status.say("ready");
      await loaded(model);
    } catch (error) {
      if (wanted()) status.textContent = error.message;
    }
  }
  return { element: named.element, load };
}

/** A field for a whole number: {element, input, value}. */
export function number(name, value, about = "", min = 0, max = 2 ** 32 - 1) {
  const input = make("input", { type: "number", min, max, step: 1, value, title: about });
  return {
    element: field(name, input),
    input,
    get value() { return Math.min(Math.max(Math.trunc(Number(input.value)) || 0, min), max); },
    set value(wanted) { input.value = wanted; },
  };
}

/** Offers a file to be kept. */
export function save(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The next picture of the page; soon, too, where it is in the background and none is drawn. */
export function frame() {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => { clearTimeout(timer); resolve(); });
  });
}

/** Takes steps as long as they return true and `wanted()`, a few between two pictures of the page, after which it is `seen`;
 * whether it came to the last one. */
export async function steadily(step, wanted, seen = () => {}) {
  for (let more = true; more;) {
    await frame();
    if (!wanted()) return false;
    const until = performance.now() + SLICE;
    do more = step(); while (more && performance.now() < until);
    seen();
  }
  return true;
}

/** Keys of a room while it is shown, as `{"Control+z": function}`, wherever the focus is; fields keep their own. */
export function shortcuts(room, keys) {
  document.addEventListener("keydown", event => {
    if (room.hidden || (event.key !== "Escape" && event.target.matches("[type=number], [type=text], textarea"))) return;
    const name = `${event.ctrlKey || event.metaKey ? "Control+" : ""}${event.shiftKey ? "Shift+" : ""}${event.key.toLowerCase()}`;
    if (!(name in keys)) return;
    event.preventDefault();
    keys[name]();
  });
}

export const percent = odds => odds >= 0.00095 ? t("percent", (100 * odds).toFixed(odds >= 0.0995 ? 0 : 1)) : t("rare");
