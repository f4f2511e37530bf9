/** A sheet that one writes on with a pen, a finger or a mouse. */

import { field, make, shape } from "../ui.js";
import { t } from "../language.js";

// Pixels: how high it is, where letters stand on it, an x that is shown.
const PAPER = 220, BASE = 0.62, LARGEST = 92;
// Milliseconds after a pen was seen during which touches are a palm.
const PALM = 1000;
// Of a pen's pressure: what a line is wide at none and gains at the most, in usual widths, and how many widths are told apart.
const FEATHER = 0.4, MORE = 1.2, WIDTHS = 10, USUAL = 3;

export class Pad {
  /** changed: hears when a stroke is done or taken back. body: pixels that an x is about to be high. */
  constructor(changed, body = 46) {
    this.changed = changed;
    this.strokes = [];
    this.ink = shape("g", { class: "ink" });
    this.marked = shape("g", { class: "marked" });
    this.lines = [BASE * PAPER - body, BASE * PAPER].map(y => shape("line", { class: "ruled", x1: 0, x2: 10_000, y1: y, y2: y }));
    this.element = shape("svg", {
      class: "pad", role: "img", "aria-label": t("pad"), height: PAPER, onpointerdown: event => this.#down(event),
      onpointermove: event => this.#move(event), onpointerup: event => this.#up(event), onpointercancel: event => this.#up(event, true),
    });
    this.element.append(...this.lines, this.marked, this.ink);
    this.open = null;
    this.penAt = -Infinity;
  }

  /** Strokes of points `[x, y, seconds, pressure]`, in pixels, y down; seconds from the first point on; pressure of a pen, 0 to 1. */
  get written() {
    const begin = this.strokes[0]?.points[0][2] ?? 0;
    return this.strokes.map(({ points }) => points.map(([x, y, at, ...pressed]) => [x, y, Math.round(at - begin) / 1000, ...pressed]));
  }

  /** These strokes, of any unit, in place of what is there, moved and made as large as it takes to fit; pressures: as `inkJson` has them. */
  show(strokes, pressures = []) {
    const all = strokes.flat(), [x, y] = [0, 1].map(axis => all.map(point => point[axis]));
    const [left, top] = [x, y].map(values => values.reduce((a, b) => Math.min(a, b)));
    const [wide, high] = [x, y].map((values, axis) => Math.max(values.reduce((a, b) => Math.max(a, b)) - [left, top][axis], 1e-6));
    const scale = Math.min((Math.max(this.element.clientWidth, 300) - 40) / wide, 0.75 * PAPER / high, LARGEST);
    this.resume(strokes.map((stroke, i) => stroke.map(([x, y, at = 0], j) =>
      [20 + scale * (x - left), (PAPER - scale * high) / 2 + scale * (y - top), at, ...[pressures[i]?.[j] ?? []].flat()])));
  }

  /** Strokes as `written` has them, in place of what is there. */
  resume(strokes) {
    this.#empty();
    for (const stroke of strokes) {
      this.#begin();
      for (const [x, y, at, ...pressed] of stroke) this.#add(x, y, 1000 * at, ...pressed);
      this.#draw();
    }
    this.open = null;
    this.changed();
  }

  clear() {
    this.#empty();
    this.changed();
  }

  /** Takes the last stroke back. */
  undo() {
    this.strokes.pop()?.group.remove();
    this.marked.replaceChildren();
    this.changed();
  }

  /** Shows where these points are; none for nothing. */
  mark(points) {
    this.marked.replaceChildren(...points.map(([x, y]) => shape("circle", { cx: x, cy: y, r: 7 })));
  }

  #empty() {
    this.strokes = [];
    this.open = null;
    this.ink.replaceChildren();
    this.marked.replaceChildren();
  }

  #begin() {
    this.open = { points: [], widths: [], group: shape("g", {}), drawn: 0 };
    this.strokes.push(this.open);
    this.ink.append(this.open.group);
    this.marked.replaceChildren();
  }

  #down(event) {
    if (event.pointerType === "pen") this.penAt = event.timeStamp;
    const palm = event.pointerType === "touch" && event.timeStamp - this.penAt < PALM;
    if (this.open || palm || event.button !== 0) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.#begin();
    this.#take([event]);
  }

  #move(event) {
    if (event.pointerType === "pen") this.penAt = event.timeStamp;
    if (!this.open || event.pointerId !== this.pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    this.#take(all.length ? all : [event]);
  }

  #up(event, lost = false) {
    if (!this.open || event.pointerId !== this.pointer) return;
    this.open = null;
    if (lost) { // the system took it for a gesture of its own
      this.undo();
      return;
    }
    this.changed();
  }

  #take(events) {
    const { left, top } = this.element.getBoundingClientRect();
    for (const { clientX, clientY, timeStamp, pointerType, pressure } of events) {
      this.#add(clientX - left, clientY - top, timeStamp, ...(pointerType === "pen" ? [pressure] : []));
    }
    this.#draw();
  }

  #add(x, y, at, ...pressed) {
    const { points, widths } = this.open, before = points.at(-1) ?? this.strokes.at(-2)?.points.at(-1);
    points.push([...[x, y, ...pressed].map(value => Math.round(100 * value) / 100)].toSpliced(2, 0, Math.max(at, before?.[2] ?? at))); // clocks of devices differ
    widths.push(USUAL * Math.round(WIDTHS * (pressed.length ? FEATHER + MORE * pressed[0] : 1)) / WIDTHS);
  }

  /** Only what is new is spelt, in a path of its own where the pen is pressed otherwise. */
  #draw() {
    const { open } = this, { points, widths, group } = open;
    for (; open.drawn < points.length; open.drawn++) {
      const [x, y] = points[open.drawn], [fromX, fromY] = points[open.drawn - 1] ?? [x, y], width = widths[open.drawn];
      if (open.width !== width) {
        Object.assign(open, { width, d: `M${fromX} ${fromY}h.01`, path: shape("path", { "stroke-width": width }) });
        group.append(open.path);
      }
      open.d += `L${x} ${y}`;
    }
    open.path?.setAttribute("d", open.d);
  }
}

/** The project's own format of ink (docs/handwriting.md), of lines `{text, strokes}` as a pad has them; with `pressures` of all points
 * where a pen gave them. */
export function inkJson(lines, hand = null) {
  const written = lines.map(({ text = null, strokes }) => JSON.stringify({ text, hand, strokes: strokes.map(stroke => stroke.map(point => point.slice(0, 3))),
    ...(strokes.flat().every(point => point.length > 3) ? { pressures: strokes.map(stroke => stroke.map(([, , , pressure]) => pressure)) } : {}) }));
  return `{"format": "seqgen-ink", "version": 1, "lines": [\n${written.join(",\n")}\n]}\n`;
}

/** The lines of such a file. Throws an Error for another one. */
export function readInk(text) {
  const wrong = new Error(t("noInk"));
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw wrong;
  }
  const number = point => Array.isArray(point) && point.length >= 2 && point.every(Number.isFinite);
  const fine = found?.format === "seqgen-ink" && Array.isArray(found.lines) && found.lines.length && found.lines.every(line =>
    Array.isArray(line?.strokes) && line.strokes.length && line.strokes.every(stroke => Array.isArray(stroke) && stroke.length && stroke.every(number)));
  if (!fine) throw wrong;
  return found.lines;
}

/** A field for a file that is read as text. */
export function fileField(name, read) {
  const input = make("input", { type: "file", accept: ".json,application/json", async onchange() {
    if (input.files.length) read(await input.files[0].text());
    input.value = "";
  } });
  return field(name, input);
}
