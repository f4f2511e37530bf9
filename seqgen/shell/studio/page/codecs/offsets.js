/** Ink as moves of a pen, and when a line of it ends (seqgen/domains/handwriting/offsets.py, writing.py). */

import { greatest, windowWeights } from "../runtime/layers.js";
import { rowKey } from "../runtime/model.js";
import { leaning } from "./leaning.js";
import { baseOf, bases, composed } from "./marks.js";
import { roundEven } from "./resampling.js";

const GRID = 200; // steps of an x-height, to which points are rounded
const FARTHEST = 20_000;
// Points for each character of a line.
const MOST = 50;
// The window's weight on a text that it has left.
const GONE = 0.02;
// After a point the pen stays down, or the line ends; 1: it lifts.
const DOWN = 0, END = 2;
/** Characters, as long as the models have learned to write in one go. */
export const LINE = 40;
// Lines that draw from one part's keys.
const AT_ONCE = 32;

export class Offsets {
  constructor({ alphabet, hands, mean, std, seldom = "", weak = [] }) {
    this.letters = [...alphabet];
    this.written = this.letters.filter(letter => !seldom.includes(letter)); // others were too seldom to be learned
    this.hands = hands;
    this.mean = mean;
    this.std = std;
    this.weak = weak;
  }

  /** What the window slides over: an id for each character, then the end. */
  source(text) {
    const other = this.letters.length;
    return [...[...text].map(letter => this.letters.includes(letter) ? this.letters.indexOf(letter) : other), other + 1];
  }

  /** Characters of a text that can be neither written nor composed. */
  unknown(text) {
    return [...new Set(text.replaceAll("\n", ""))].filter(letter => !this.written.includes(letter) && !baseOf(letter, this.written)).join("");
  }

  /** How far a step moves the pen, in steps of the grid. */
  move(offset) {
    return [0, 1].map(i => Math.min(Math.max(roundEven((offset[i] * this.std[i] + this.mean[i]) * GRID), -FARTHEST), FARTHEST));
  }
}

/** The lines of a text: white space is plain, words go on the next line where one is full. */
export function linesOf(text, width = LINE) {
  return text.trim().split("\n").flatMap(paragraph => {
    const lines = [""];
    for (let word of paragraph.split(/\s+/).filter(Boolean)) {
      const room = width - lines.at(-1).length - (lines.at(-1) ? 1 : 0);
      if (word.length > room && lines.at(-1)) lines.push("");
      for (; word.length > width; word = word.slice(width)) lines.push("", ...lines.splice(-1, 1, word.slice(0, width)).filter(Boolean));
      lines[lines.length - 1] += (lines.at(-1) && word ? " " : "") + word;
    }
    return lines;
  });
}

/** A line in the making: point after point, in x-heights, y down; the first is at (0, 0). */
export class Line {
  /** hand: or hands, by weight. number: of the line among those of the text that are not blank, from 0 on: each draws from keys of its own. */
  constructor(model, codec, text, { hand, seed, number = 0 }) {
    this.model = model;
    this.codec = codec;
    const part = Math.floor(number / AT_ONCE) * AT_ONCE;
    const source = codec.source(text), vector = leaning(model.network, codec, hand, text);
    this.entries = source.length;
    this.state = model.begin(rowKey(seed, number - part, [part]), model.network.context({ source, vector }));
    this.most = MOST * this.entries;
    this.place = [0, 0];
    this.done = false;
  }

  /** The next point: {x, y, lifts, weights}, weights being how much the window sees of each character; null at the end. */
  next(options) {
    if (this.done) return null;
    const { carry, said } = this.model.ask(this.state);
    const [offset, pen] = this.model.draw(this.state, said, options);
    const first = this.state.position === 0;
    this.state = this.model.after(this.state, carry, [offset, pen]);
    const window = carry.layers[0], weights = windowWeights(window, this.entries);
    this.done = this.#ends(window, weights, pen) || this.state.position >= this.most;
    const move = this.codec.move(offset);
    if (!first) this.place = this.place.map((value, i) => value + move[i]);
    return { x: this.place[0] / GRID, y: this.place[1] / GRID, lifts: pen !== DOWN, weights };
  }

  /** The model says so and the window is on the last character; or the window has left the text. */
  #ends({ alpha, beta, position }, weights, pen) {
    const last = this.entries - 1;
    const near = last - greatest(weights) <= 1;
    const main = greatest(alpha.map((height, k) => height / Math.sqrt(beta[k]))); // by area
    const gone = weights.reduce((total, weight) => total + weight, 0) < GONE && position[main] > last;
    return (pen === END && near) || (pen !== DOWN && gone);
  }
}

/** A line in which there are signs that are drawn to what the model writes: as `Line`, once `step` has returned false, which draws a point
 * and says whether others are to come. */
export class ComposedLine {
  constructor(model, codec, text, options) {
    const own = bases(text, codec.written);
    Object.assign(this, { own, plain: !own.changes.length, seed: options.seed, line: new Line(model, codec, own.written.join(""), options), strokes: [], places: [], open: false, points: null });
  }

  step(options) {
    if (this.plain || this.line.done) return false;
    const { x, y, lifts, weights } = this.line.next(options), { strokes, places } = this;
    if (!this.open) [strokes, places].forEach(all => all.push([]));
    strokes.at(-1).push([x, y]);
    places.at(-1).push(Math.max(Math.min(greatest(weights), this.own.written.length - 1), this.last ?? 0));
    this.last = places.at(-1).at(-1);
    this.open = !lifts;
    if (this.line.done) this.#compose();
    return !this.line.done;
  }

  get done() {
    return this.plain ? this.line.done : !this.points.length;
  }

  next(options) {
    return this.plain ? this.line.next(options) : this.points.shift();
  }

  /** weights of its points: 1 for the character as it was wanted. */
  #compose() {
    const { changes, written } = this.own, { strokes, places } = composed(this.strokes, this.places, this.own, this.seed);
    const wanted = written.map((_, at) => changes.reduce((place, [begin, length]) => at < begin ? place : place - Math.min(length - 1, at - begin), at));
    this.points = strokes.flatMap((stroke, i) => stroke.map(([x, y], j) =>
      ({ x, y, lifts: j === stroke.length - 1, weights: written.map((_, at) => Number(at === wanted[places[i][j]])) })));
  }
}
