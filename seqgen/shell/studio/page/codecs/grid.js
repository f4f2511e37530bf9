/** Four voices on a grid of sixteenths (seqgen/domains/music/grid.py): symbols to notes, one symbol after the other. */

export const TIED = 128;
export const REST = 256;
const BEAT = 257, BAR = 258;
const SIZE = 259;
// Of grids that know the ranges of their voices: where a piece ends, its key and meter, beats still to come.
const END = 259, KEYS = 260, METERS = 284, LEFT = 293, COUNTED = 16;
const OVER = ["4/4", "3/4", "2/4", "2/2", "3/2", "6/8", "9/8", "12/8"];
export const ORDER = [0, 3, 1, 2]; // voices counted from the top: the outer ones first
const PER_BEAT = 4;
export const VOICES = ["Soprano", "Alto", "Tenor", "Bass"];

const steps16 = ([over, under]) => Math.max(1, Math.round((PER_BEAT * 4 * over) / under));
const only = (size, wanted) => Array.from({ length: size }, (_, symbol) => symbol === wanted);

/** Which symbols may come where in a bar of this meter: a list of lists of booleans, gone through over and over.
 *
 * ranges: the lowest and highest pitch of each voice, of models that know them.
 */
export function cycle([over, under], ranges = null) {
  const size = ranges ? LEFT + COUNTED : SIZE;
  const beat = over % 3 === 0 && (under === 8 || under === 16) ? (12 * PER_BEAT) / under : PER_BEAT;
  const voices = ORDER.map(part => Array.from({ length: size }, (_, symbol) => {
    const [low, high] = ranges ? ranges[part] : [0, TIED];
    return symbol === REST || (symbol < REST && symbol % TIED >= low && symbol % TIED <= high);
  }));
  const rows = [];
  for (let step = 0; step < steps16([over, under]); step++) {
    if (step % beat === 0) rows.push(only(size, step ? BEAT : BAR));
    rows.push(...voices);
  }
  return rows;
}

/** Which symbols may come where in a piece of so many bars: the same in each, or, of models that know where they are in it, up
 * to its end. told: whether its key and meter, `opening`, were read before.
 */
export function plan(meter, bars, ranges = null, told = false) {
  const turns = cycle(meter, ranges), rows = Array.from({ length: bars }, () => turns).flat();
  if (!ranges) return rows;
  const size = LEFT + COUNTED, beats = rows.flatMap((row, at) => row[REST] ? [] : [at]);
  beats.slice(-COUNTED).reverse().forEach((at, back) => rows.splice(at + 1, 0, only(size, LEFT + back)));
  const head = [Array.from({ length: size }, (_, symbol) => symbol >= KEYS && symbol < METERS), only(size, opening(0, meter)[1])];
  return [...(told ? [] : head), ...rows];
}

/** What a piece begins with, of models that know keys: key: its number, major keys from C on, then minor ones. */
export function opening(key, [over, under]) {
  const at = OVER.indexOf(`${over}/${under}`);
  return [KEYS + key, METERS + (at < 0 ? OVER.length : at)];
}

/** A piece of so many bars of which something is given: {steps, allowed, turns, voices}, as `fill` takes it; voices: whose turn it
 * is and in which sixteenth, `[voice, sixteenth]`, null for what no voice sings.
 *
 * sung: what a voice does in a sixteenth, `sung(voice, sixteenth)`: a pitch begins, `pitch + 128` goes on, 256 rests, -1 is to be
 * found. key: its number, of models that know keys.
 */
export function given(meter, bars, sung, ranges = null, key = null) {
  const allowed = plan(meter, bars, ranges), steps = [], turns = [], voices = [];
  let voiced = 0, beat = false;
  for (const row of allowed) {
    const sings = row[REST], turn = voiced % 4, sure = row.indexOf(true) === row.lastIndexOf(true);
    if (sings && turn === 0) beat = steps.length > 0 && steps.at(-1) >= BEAT;
    if (sings) steps.push(sung(ORDER[turn], voiced >> 2));
    else steps.push(sure ? row.indexOf(true) : KEYS + key);
    turns.push(sings && beat);
    voices.push(sings ? [ORDER[turn], voiced >> 2] : null);
    voiced += sings;
  }
  if (ranges) {
    allowed.push(only(LEFT + COUNTED, END));
    steps.push(END);
  }
  return { steps, allowed, turns, voices };
}

/** The same piece with these voices free from one sixteenth to before another, as `given` takes it. */
export function anew({ rows }, voices, from, to) {
  const free = (part, at) => voices.includes(part) && at >= from && at < to;
  return (part, at) => {
    const symbol = rows[at]?.[part] ?? REST; // one that was interrupted has no whole last bar
    // What is tied over from there begins after it.
    return free(part, at) ? -1 : symbol >= TIED && symbol < REST && at === to && voices.includes(part) ? symbol - TIED : symbol;
  };
}

/** A piece that grows: notes `{start, end, pitch, part}` in sixteenths, end being null while one goes on. */
export class Piece {
  constructor() {
    this.notes = [];
    this.bars = [];
    this.steps = 0;
    this.grows = true;
    this.key = null; // its number, where the model says it
    this.cells = [];
    this.rows = []; // of all whole sixteenths, what each voice does
    this.sounding = [null, null, null, null];
  }

  /** The next symbol. */
  add(symbol) {
    if (symbol >= KEYS && symbol < METERS) this.key = symbol - KEYS;
    if (symbol === BAR) this.bars.push(this.steps);
    if (symbol > REST) return;
    this.cells.push(symbol);
    if (this.cells.length < 4) return;
    this.cells.forEach((own, i) => this.#sing(ORDER[i], own));
    this.rows.push(ORDER.map((_, part) => this.cells[ORDER.indexOf(part)]));
    this.cells = [];
    this.steps++;
  }

  /** What still sounds ends here. */
  close() {
    this.grows = false;
    this.sounding.forEach(note => { if (note) note.end = this.steps; });
    this.sounding = [null, null, null, null];
  }

  #sing(part, symbol) {
    const before = this.sounding[part];
    if (before && symbol - TIED === before.pitch) return;
    if (before) before.end = this.steps;
    const note = symbol === REST ? null : { start: this.steps, end: null, pitch: symbol % TIED, part };
    if (note) this.notes.push(note);
    this.sounding[part] = note;
  }
}
