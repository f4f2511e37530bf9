/** Four voices on a grid of sixteenths (seqgen/domains/music/grid.py): symbols to notes, one symbol after the other. */

const TIED = 128, REST = 256, BEAT = 257, BAR = 258;
const SIZE = 259;
const ORDER = [0, 3, 1, 2]; // voices counted from the top: the outer ones first
const PER_BEAT = 4;
export const VOICES = ["Soprano", "Alto", "Tenor", "Bass"];

/** Which symbols may come where in a bar of this meter: a list of lists of booleans, gone through over and over. */
export function cycle([over, under]) {
  const length = Math.max(1, Math.round((PER_BEAT * 4 * over) / under));
  const beat = over % 3 === 0 && (under === 8 || under === 16) ? (12 * PER_BEAT) / under : PER_BEAT;
  const only = wanted => Array.from({ length: SIZE }, (_, symbol) => symbol === wanted);
  const voice = Array.from({ length: SIZE }, (_, symbol) => symbol <= REST);
  const rows = [];
  for (let step = 0; step < length; step++) {
    if (step % beat === 0) rows.push(only(step ? BEAT : BAR));
    rows.push(voice, voice, voice, voice);
  }
  return rows;
}

/** A piece that grows: notes `{start, end, pitch, part}` in sixteenths, end being null while one goes on. */
export class Piece {
  constructor() {
    this.notes = [];
    this.bars = [];
    this.steps = 0;
    this.cells = [];
    this.sounding = [null, null, null, null];
  }

  /** The next symbol. */
  add(symbol) {
    if (symbol === BAR) this.bars.push(this.steps);
    if (symbol > REST) return;
    this.cells.push(symbol);
    if (this.cells.length < 4) return;
    this.cells.forEach((own, i) => this.#sing(ORDER[i], own));
    this.cells = [];
    this.steps++;
  }

  /** What still sounds ends here. */
  close() {
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
