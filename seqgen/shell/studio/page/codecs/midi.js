/** A piece as a MIDI file of format 1: a track of tempo and meter, then one a voice. */

import { VOICES } from "./grid.js";

const STEP = 120; // ticks of a sixteenth
const CHOIR = 52, LOUD = 80;

/** The bytes of a file; bpm: quarters a minute; meter: `[over, under]`. */
export function midi({ notes }, bpm, [over, under]) {
  const tempo = Math.round(6e7 / bpm);
  const clock = [0, 0xff, 0x51, 3, ...bytes(tempo, 3), 0, 0xff, 0x58, 4, over, Math.log2(under), 24, 8, 0, 0xff, 0x2f, 0];
  const tracks = VOICES.map((name, part) => {
    const events = notes.filter(note => note.part === part)
      .flatMap(({ start, end, pitch }) => [[STEP * start, 1, [0x90 | part, pitch, LOUD]], [STEP * end, 0, [0x80 | part, pitch, 0]]])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]); // where one ends and another begins, the end comes first
    let before = 0;
    const timed = events.flatMap(([tick, , message]) => {
      const wait = tick - before;
      before = tick;
      return [...variable(wait), ...message];
    });
    return [0, 0xff, 3, name.length, ...text(name), 0, 0xc0 | part, CHOIR, ...timed, 1, 0xff, 0x2f, 0];
  });
  const all = [clock, ...tracks];
  return Uint8Array.from([...text("MThd"), ...bytes(6, 4), ...bytes(1, 2), ...bytes(all.length, 2), ...bytes(4 * STEP, 2),
    ...all.flatMap(track => [...text("MTrk"), ...bytes(track.length, 4), ...track])]);
}

const text = word => [...word].map(letter => letter.charCodeAt(0));
const bytes = (value, count) => Array.from({ length: count }, (_, i) => (value >>> (8 * (count - 1 - i))) & 255);

/** A number of seven bits a byte, the highest bit set on all but the last. */
function variable(value) {
  const found = [value & 127];
  for (let rest = value >>> 7; rest; rest >>>= 7) found.unshift((rest & 127) | 128);
  return found;
}
