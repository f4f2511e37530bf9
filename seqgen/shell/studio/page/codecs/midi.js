/** A piece as a MIDI file of format 1: a track of tempos, meters and keys, then one a part and program. */

import { VOICES } from "./grid.js";

const TICK = 40; // of a file, 12 of ours a quarter
const CHOIR = 52, LOUD = 80, DRUM_CHANNEL = 9;
/** Which no program is. */
export const DRUMS = 128;

/** The bytes of a file. tempos, meters, keys: from a tick on. */
export function midi({ notes: written, tempos, meters, keys }) {
  const notes = written.map(note => note.played ? { ...note, start: note.played[0], end: note.played[1] } : note);
  const clock = [
    ...tempos.map(([tick, bpm]) => [tick, 0, [0xff, 0x51, 3, ...bytes(Math.round(6e7 / bpm), 3)]]),
    ...meters.map(([tick, over, under]) => [tick, 0, [0xff, 0x58, 4, over, Math.log2(under), 24, 8]]),
    ...keys.map(([tick, fifths, minor]) => [tick, 0, [0xff, 0x59, 2, fifths & 255, minor]]),
  ];
  const parts = partsOf(notes).map((played, number) => {
    const [{ part, program = CHOIR, tick: ours }] = played;
    const channel = program === DRUMS ? DRUM_CHANNEL : number % 15 + (number % 15 >= DRUM_CHANNEL), name = ours === undefined ? VOICES[part] : "";
    return [
      [0, 0, [0xff, 3, name.length, ...text(name)]],
      [0, 0, [0xc0 | channel, program % DRUMS]],
      // Where one ends and another begins, the end comes first.
      ...spansOf(played).flatMap(({ from, to, pitch, velocity = LOUD }) => [[from, 2, [0x90 | channel, pitch, velocity]], [to, 1, [0x80 | channel, pitch, 0]]]),
    ];
  });
  const all = [clock, ...parts].map(track);
  return Uint8Array.from([...text("MThd"), ...bytes(6, 4), ...bytes(1, 2), ...bytes(all.length, 2), ...bytes(12 * TICK, 2),
    ...all.flatMap(one => [...text("MTrk"), ...bytes(one.length, 4), ...one])]);
}

const kind = ({ part, program = CHOIR }) => 256 * part + program;
const begins = ({ tick, start }) => tick ?? 3 * start;

/** The notes of each part and program. */
export function partsOf(notes) {
  return [...new Set(notes.map(kind))].sort((a, b) => a - b).map(own => notes.filter(note => kind(note) === own));
}

/** Notes of a part with the ticks in which they sound, `from` and `to`: a pitch that is struck again ends there. */
export function spansOf(notes) {
  return notes.map(note => {
    const from = begins(note), again = notes.find(other => other.pitch === note.pitch && begins(other) > from);
    return { ...note, from, to: Math.min(note.length ? note.tick + note.length : 3 * note.end, again ? begins(again) : Infinity) };
  });
}

/** Events `[tick, order, bytes]` as a track. */
function track(events) {
  let before = 0;
  const timed = events.sort((a, b) => a[0] - b[0] || a[1] - b[1]).flatMap(([tick, , message]) => {
    const wait = Math.round(TICK * tick) - before;
    before += wait;
    return [...variable(wait), ...message];
  });
  return [...timed, 1, 0xff, 0x2f, 0];
}

const text = word => [...word].map(letter => letter.charCodeAt(0));
const bytes = (value, count) => Array.from({ length: count }, (_, i) => (value >>> (8 * (count - 1 - i))) & 255);

/** A number of seven bits a byte, the highest bit set on all but the last. */
function variable(value) {
  const found = [value & 127];
  for (let rest = value >>> 7; rest; rest >>>= 7) found.unshift((rest & 127) | 128);
  return found;
}
