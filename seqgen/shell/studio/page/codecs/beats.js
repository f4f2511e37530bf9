/** Written music of any kind as symbols (seqgen/domains/music/beats.py), what may follow what (barlines.py), and the piece that it is. */

import { logAdd } from "../runtime/logs.js";
import { modulo } from "../runtime/registers.js";

// Kinds of symbols in their order, and how many there are of each.
const [BAR, UP, END, LONGER, PLACE, NOTE, DRUM, LENGTH, LEVEL, PART, PROGRAM, SPEED, METER, KEY, LEFT, CHORD, UNDER] = Array(17).keys();
const COUNTS = [1, 1, 1, 1, 192, 128, 128, 96, 32, 16, 129, 82, 76, 30, 8, 277, 12];
const KINDS = COUNTS.flatMap((count, kind) => Array(count).fill(kind));
const FIRST = COUNTS.map((_, kind) => KINDS.indexOf(kind));
const range = (from, to, by = 1) => Array.from({ length: (to - from) / by }, (_, i) => from + by * i);
const METERS = [[1, 4], [2, 8], [4, 16], [8, 24], [16, 24]].flatMap(([under, most]) => range(1, most + 1).map(over => [over, under]));
const TEMPOS = [[20, 32, 4], [32, 132, 2], [132, 200, 4], [200, 320, 10]].flatMap(all => range(...all));
const WHOLE = 96, COUNTED = 8, DRUMS = 128;
const MODERATE = 120, USUAL_LEVEL = 19;
const SUNG = [NOTE, DRUM], PLAYED = [PART, PROGRAM, LEVEL, ...SUNG], ON = [PLACE, BAR, END, ...PLAYED], SAID = [KEY, SPEED, CHORD];
const FOLLOWS = {
  [BAR]: [METER, LEFT, ...ON, ...SAID], [METER]: [LEFT, ...ON, ...SAID], [LEFT]: [...ON, ...SAID],
  [UP]: [...PLAYED, ...SAID], [PLACE]: [UP, ...PLAYED, ...SAID],
  [KEY]: [SPEED, CHORD, ...ON], [SPEED]: [CHORD, ...ON], [CHORD]: [UNDER, ...ON], [UNDER]: ON,
  [PART]: [PROGRAM, LEVEL, ...SUNG], [PROGRAM]: [LEVEL, ...SUNG], [LEVEL]: SUNG,
  [NOTE]: [LONGER, LENGTH], [DRUM]: [LONGER, LENGTH], [LONGER]: [LONGER, LENGTH], [LENGTH]: ON, [END]: [END],
};

const ticksOf = ([over, under]) => (48 * over) / under;
/** Semitones from a key to the one without sharps and flats. */
const home = fifths => modulo(6 - 7 * fifths, 12) - 6;

export const ends = symbol => symbol === END;

/** What a piece begins with: meter `[over, under]`, key by its number, bpm; null for what the model is to say. */
export function begun(meter, key, bpm) {
  const over = meter ?? (key === null && bpm === null ? null : [4, 4]), minor = key > 11;
  return [
    BAR,
    ...(over ? [FIRST[METER] + METERS.findIndex(one => String(one) === String(over))] : []),
    ...(key === null ? [] : [FIRST[KEY] + modulo(7 * (key + 3 * minor) + 5, 12) + 2 + 15 * minor]),
    ...(bpm === null ? [] : [FIRST[SPEED] + TEMPOS.indexOf(bpm)]),
  ];
}

/** The grammar of a piece of so many bars, a rule like those of `LEADING`. turn: what may come of the first bar's own symbols. */
export const barlines = wanted => ({
  start: { kind: END, place: 0, ticks: 0, bars: 0, turn: null },

  read({ place, ticks, bars, turn }, symbol) {
    const kind = KINDS[symbol], what = symbol - FIRST[kind];
    return {
      kind,
      place: kind === BAR ? 0 : kind === PLACE ? what : place,
      ticks: kind === METER ? ticksOf(METERS[what]) : ticks,
      bars: bars + (kind === BAR),
      turn: kind === METER ? UP : kind === PLACE || kind === LEFT ? turn : kind === BAR && !bars ? METER : null,
    };
  },

  bend({ kind, place, ticks, bars, turn }, said) {
    const scores = said.slice(), left = wanted - bars, unsaid = turn === METER;
    const due = !unsaid && left < COUNTED && (kind === BAR || kind === METER);
    // Who would begin another bar where there is none to come means that this one is over.
    scores[BAR] = scores[END] = logAdd(said[BAR], said[END]);
    KINDS.forEach((own, symbol) => {
      const what = symbol - FIRST[own];
      const may = FOLLOWS[kind].includes(own) && own !== (left > 0 ? END : BAR) && (own !== UP || turn === UP)
        && (own !== PLACE || (what > place && what < ticks)) && (own === METER) === unsaid && (due ? own === LEFT && what === left : own !== LEFT);
      if (!may) scores[symbol] = -Infinity;
    });
    return scores;
  },
});

/** A piece that grows as its symbols are read, for roll and sound as one of the grid: in sixteenths, of the tempo that it begins with.
 *
 * tonic: whether its symbols are those of C major or A minor, whatever its key. notes have their ticks, twelve a quarter, too;
 * tempos, meters and keys are said from a tick on.
 */
export class Song {
  constructor(tonic) {
    Object.assign(this, { tonic, notes: [], bars: [], steps: 0, grows: true, key: null, range: [24, 98] });
    Object.assign(this, { tempos: [[0, MODERATE]], meters: [], keys: [] });
    Object.assign(this, { lines: [], begin: 0, place: 0, meter: [4, 4], part: 0, longer: 0, before: null, struck: null, programs: {}, levels: {}, higher: 0 });
  }

  add(symbol) {
    const kind = KINDS[symbol], what = symbol - FIRST[kind], { before, lines, part } = this;
    if (kind === END) return;
    this.before = kind;
    if (kind === BAR) {
      if (lines.length) this.begin = this.#stop(before);
      this.place = 0;
      lines.push([this.begin, this.meter]);
      this.bars.push(this.#at(this.begin));
    }
    if (kind === METER && before === BAR) lines.at(-1)[1] = this.meter = METERS[what];
    if (kind === PLACE) this.place = what;
    if (kind === UP && before === PLACE && lines.length === 1 && !this.notes.length) {
      this.place = Math.min(this.place, ticksOf(this.meter) - 1);
      this.begin = lines[0][0] = -this.place;
      this.bars = [this.#at(this.begin)];
    }
    if (kind === PART) this.part = what;
    if (kind === PROGRAM) this.programs[part] = what;
    if (kind === LEVEL) this.levels[part] = what;
    if (SUNG.includes(kind)) Object.assign(this, { struck: symbol, longer: 0 });
    if (kind === LONGER) this.longer++;
    const tick = this.begin + this.place;
    this.steps = this.#at(tick);
    if (tick < 0) return;
    if (kind === SPEED) {
      said(this.tempos, tick, TEMPOS[what]);
      for (const note of this.notes) note.end = this.#at(note.tick + note.length);
    }
    if (kind === KEY) this.#turn(tick, what % 15 - 7, Math.floor(what / 15));
    if (kind === LENGTH && this.struck !== null) this.#strike(tick, what + 1 + WHOLE * this.longer);
  }

  /** What sounds beyond the last bar ends there. */
  close() {
    const end = this.#stop(this.before);
    for (const note of this.notes) {
      note.length = Math.min(note.length, end - note.tick);
      note.end = this.#at(note.tick + note.length);
    }
    this.end = end;
    this.steps = this.#at(end);
    this.grows = false;
    this.meters = [];
    this.lines.forEach(([tick, meter], i) => {
      const [begin, own] = this.lines[i - 1] ?? [tick - ticksOf(meter), meter];
      if (tick >= 0 && (!this.meters.length || tick - begin !== ticksOf(own) || own !== meter)) this.meters.push([tick, ...meter]);
    });
  }

  /** Where the bar ends. */
  #stop(before) {
    return this.begin + (before === PLACE && this.place ? this.place : ticksOf(this.meter));
  }

  #turn(tick, fifths, minor) {
    const first = !this.keys.length || this.keys[0][0] === tick, turned = this.higher && modulo(fifths - 7 * this.higher + 5, 12) - 5;
    said(this.keys, tick, first ? fifths : turned || fifths, minor);
    if (!first) return;
    this.key = modulo(7 * fifths + 9 * minor, 12) + 12 * minor;
    this.higher = this.tonic ? home(fifths) : 0;
    this.notes.forEach(note => this.#tune(note));
  }

  #strike(tick, length) {
    const { part, struck } = this, drum = KINDS[struck] === DRUM, own = this.programs[part] ?? 0;
    const program = drum ? DRUMS : own % DRUMS, start = this.#at(tick);
    const note = { start, end: this.#at(tick + length), tick, length, part, program, velocity: 4 * (this.levels[part] ?? USUAL_LEVEL) + 2, own: struck - FIRST[drum ? DRUM : NOTE] };
    this.#tune(note);
    this.notes.push(note);
    this.struck = null;
  }

  #tune(note) {
    note.pitch = note.program === DRUMS ? note.own : modulo(note.own - this.higher, 128);
  }

  #at(tick) {
    const { tempos } = this;
    return tempos.reduce((total, [from, bpm], i) => {
      const to = Math.min(tick, tempos[i + 1]?.[0] ?? Infinity);
      return total + (i && to < from ? 0 : ((to - from) * tempos[0][1]) / bpm / 3);
    }, 0);
  }
}

/** From a tick on; of two the later. */
function said(turns, tick, ...what) {
  if (turns.at(-1)?.[0] === tick) turns.pop();
  turns.push([tick, ...what]);
}
