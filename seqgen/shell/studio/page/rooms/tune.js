/** A tune that one draws, or plays on the keys of a computer, note after note. */

import { make, shape } from "../ui.js";
import { t } from "../language.js";

// What is seen: a soprano sings from C to the A above the next one.
const LOW = 57, HIGH = 84;
// A piano from C on, black keys above the white ones.
const KEYS = "awsedftgyhujk";
const TIED = 128, REST = 256;

export class Tune {
  /** heard: is told of a pitch that was set; changed: that the tune is another one; length(): how many sixteenths a note has; strength(): how
   * far onsets that were played are drawn to the grid, 0 to 1; pressed and released: hear of a key that is one of a piano. */
  constructor({ heard, changed, length, strength, pressed, released }) {
    Object.assign(this, { heard, changed, length, strength, pressed, notes: [], past: [], future: [], steps: 0, at: 0, pitch: 72, drawn: null, now: null });
    const lift = () => { this.drawn = null; };
    this.svg = shape("svg", {
      class: "roll tune", preserveAspectRatio: "none", "aria-hidden": "true", onpointerdown: event => this.#down(event),
      onpointermove: event => this.#drag(event), onpointerup: lift, onpointercancel: lift,
    });
    this.element = make("div", {
      role: "application", tabIndex: 0, onkeydown: event => this.#key(event),
      onkeyup: ({ key, shiftKey, timeStamp }) => { for (const high of [0, 12]) released(pianoKey(key, shiftKey) + (shiftKey ? -high : high), timeStamp); },
      aria: { label: t("tune") },
    }, this.svg);
  }

  /** So many sixteenths, and these notes `{start, end, pitch}`, or those that are there. */
  show(steps, notes = null, bar = 16) {
    if (notes) this.#keep();
    Object.assign(this, { steps, bar, notes: (notes ?? this.notes).filter(({ start }) => start < steps).map(note => ({ ...note, end: Math.min(note.end, steps) })), at: Math.min(this.at, steps - 1) });
    this.#draw();
  }

  /** A note that was played, `from` and `to` so many sixteenths: it stands where the grid is nearest, and keeps when it was. */
  record({ pitch, from, to }) {
    const length = this.length(), start = Math.round(from / length) * length;
    if (start < this.steps) this.#put({ start, end: Math.max(Math.round(to), start + 1), pitch: inRange(pitch), from, to });
  }

  /** When a note sounds, in sixteenths: as it was played, drawn to the grid as far as is wanted. */
  sounding({ start, end, from = start, to = end }) {
    const strength = this.strength(), drawn = (played, grid) => played + strength * (grid - played);
    return [Math.max(drawn(from, start), 0), Math.max(drawn(to, end), drawn(from, start) + 0.25)];
  }

  /** Shows what time it is while somebody plays; null for no time. */
  clock(at) {
    this.now = at;
    this.#draw();
  }

  /** What the voice does in each sixteenth, as `given` takes it. */
  get cells() {
    const cells = Array(this.steps).fill(REST);
    for (const { start, end, pitch } of this.notes) for (let i = start; i < Math.min(end, this.steps); i++) cells[i] = pitch + (i > start ? TIED : 0);
    return cells;
  }

  undo() {
    this.#move(this.past, this.future);
  }

  redo() {
    this.#move(this.future, this.past);
  }

  #move(from, to) {
    if (!from.length) return;
    to.push(this.notes);
    this.notes = from.pop().filter(({ start }) => start < this.steps);
    this.#draw();
  }

  /** What is there can be come back to. */
  #keep() {
    this.past.push(this.notes.map(note => ({ ...note })));
    this.future = [];
  }

  /** A note where the mark is; it takes the place of what was there. */
  #set(start, pitch) {
    const note = { start, end: start + this.length(), pitch };
    this.#keep();
    this.#put(note);
    this.heard(pitch);
    return note;
  }

  #put(note) {
    this.notes = this.notes.filter(one => one !== note && (one.end <= note.start || one.start >= note.end || one.start < note.start));
    for (const one of this.notes) if (one.end > note.start && one.start < note.start) one.end = note.start;
    note.end = Math.min(note.end, this.steps);
    this.notes.push(note);
    this.notes.sort((a, b) => a.start - b.start);
    this.#draw();
  }

  #remove(note) {
    this.#keep();
    this.notes = this.notes.filter(one => one !== note);
    this.#draw();
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    return [Math.floor(this.steps * (clientX - left) / width), HIGH - 1 - Math.floor((HIGH - LOW) * (clientY - top) / height)];
  }

  #down(event) {
    const [step, pitch] = this.#place(event), there = this.notes.find(one => one.start <= step && step < one.end && one.pitch === pitch);
    if (there) {
      this.#remove(there);
      return;
    }
    this.at = step - step % this.length();
    this.pitch = pitch;
    this.drawn = this.#set(this.at, pitch);
    this.svg.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    if (!this.drawn) return;
    const end = this.#place(event)[0] + 1;
    if (end <= this.drawn.end) return;
    this.drawn.end = end;
    this.#put(this.drawn);
  }

  #key(event) {
    const { key } = event, piano = event.ctrlKey || event.metaKey ? -1 : pianoKey(key, event.shiftKey);
    const last = this.notes.findLast(({ start }) => start < this.at);
    if (key === "ArrowUp" || key === "ArrowDown") this.pitch = Math.min(Math.max(this.pitch + (key === "ArrowUp" ? 1 : -1), LOW), HIGH - 1);
    else if (key === "ArrowLeft" || key === "ArrowRight") this.at = Math.min(Math.max(this.at + (key === "ArrowLeft" ? -1 : 1) * this.length(), 0), this.steps - 1);
    else if (key === "Backspace" && last) [this.at] = [last.start, this.#remove(last)];
    else if (piano >= 0) { if (!event.repeat) this.pressed(piano, event.timeStamp); }
    else if (key === "Enter" || key === " ") this.play(this.pitch);
    else return;
    event.preventDefault();
    this.#draw();
  }

  /** A note of this pitch, or of that of the octave that a soprano sings, where the mark is, which goes on to its end. */
  play(pitch) {
    this.pitch = inRange(pitch);
    this.at = Math.min(this.#set(this.at, this.pitch).end, this.steps - 1);
    this.#draw();
  }

  #draw() {
    const box = (name, { start, end, pitch }) => shape("rect", { class: name, x: start, y: HIGH - 1 - pitch, width: end - start - 0.1, height: 1 });
    const line = (x, name = "bar") => shape("line", { class: name, x1: x, x2: x, y1: 0, y2: HIGH - LOW });
    const heard = note => { const [start, end] = this.sounding(note); return { ...note, start, end }; };
    this.svg.setAttribute("viewBox", `0 0 ${this.steps} ${HIGH - LOW}`);
    this.svg.replaceChildren(...Array.from({ length: Math.ceil(this.steps / this.bar) }, (_, i) => line(this.bar * i)),
      ...this.notes.map(note => box("voice0", heard(note))), this.now !== null ? line(this.now, "now") : box("mark", { start: this.at, end: Math.min(this.at + this.length(), this.steps), pitch: this.pitch }));
    this.changed();
  }
}

/** The pitch that is that of a soprano, in whatever octave it was played. */
const inRange = pitch => pitch < LOW ? inRange(pitch + 12) : pitch >= HIGH ? inRange(pitch - 12) : pitch;

/** The pitch of a key of a computer, a piano from C on; below 0 for none. */
const pianoKey = (key, high) => KEYS.includes(key.toLowerCase()) ? 60 + KEYS.indexOf(key.toLowerCase()) + (high ? 12 : 0) : -1;
