/** Four voices as MusicXML 4.0: a part each, notes tied over barlines, spelled in their key. */

import { VOICES } from "./grid.js";

// Of sixteenths.
const VALUES = { 16: "whole", 12: "half", 8: "half", 6: "quarter", 4: "quarter", 3: "eighth", 2: "eighth", 1: "16th" };
const LONGEST = Object.keys(VALUES).map(Number).reverse();
// Fifths below a key's signature that black keys are taken from, and letters by fifths.
const FLAT = 3, LETTERS = "FCGDAEB";

const tag = (name, content, about = "") => `<${name}${about}>${content}</${name}>`;
const modulo = (value, size) => ((value % size) + size) % size;

/** notes: `{start, end, pitch, part}` in sixteenths; bars: where each begins; key: its number, major keys from C on, then minor ones. */
export function musicXml({ notes, bars, steps, key, tempos: [[, tempo]], meters: [[, over, under]] }) {
  const fifths = modulo(7 * (key ?? 0) + (key >= 12 ? 21 : 0) + 5, 12) - 5;
  const clock = tag("divisions", 4) + tag("key", tag("fifths", fifths)) + tag("time", tag("beats", over) + tag("beat-type", under));
  const parts = VOICES.map((_, part) => {
    const sung = notes.filter(note => note.part === part).sort((a, b) => a.start - b.start);
    const measures = bars.map((start, number) => {
      const clef = part < 2 ? tag("sign", "G") + tag("line", 2) : tag("sign", "F") + tag("line", 4);
      const sound = `<sound tempo="${tempo}"/>`, head = number ? "" : tag("attributes", clock + tag("clef", clef)) + (part ? "" : sound);
      return tag("measure", head + measure(sung, start, bars[number + 1] ?? steps, fifths), ` number="${number + 1}"`);
    });
    return tag("part", measures.join("\n"), ` id="P${part}"`);
  });
  const list = VOICES.map((name, part) => tag("score-part", tag("part-name", name), ` id="P${part}"`)).join("");
  const score = tag("score-partwise", [tag("part-list", list), ...parts].join("\n"), ' version="4.0"');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${score}\n`;
}

function measure(sung, start, stop, fifths) {
  let at = start, made = "";
  const rest = until => { for (const [length] of split(at, until)) made += tag("note", "<rest/>" + value(length)); };
  for (const note of sung.filter(({ start: from, end }) => from < stop && end > start)) {
    rest(Math.max(note.start, start));
    at = Math.max(note.start, start);
    for (const [length, from] of split(at, Math.min(note.end, stop))) {
      const ties = [...(from > note.start ? ["stop"] : []), ...(from + length < note.end ? ["start"] : [])];
      const tied = name => ties.map(type => `<${name} type="${type}"/>`).join("");
      made += tag("note", spelled(note.pitch, fifths) + value(length, tied("tie")) + (ties.length ? tag("notations", tied("tied")) : ""));
    }
    at = Math.min(note.end, stop);
  }
  rest(stop);
  return made;
}

/** A span as note values, the longest first: `[length, where it begins]`. */
function split(from, to) {
  const found = [];
  while (from < to) {
    const length = LONGEST.find(value => value <= to - from);
    found.push([length, from]);
    from += length;
  }
  return found;
}

const value = (length, ties = "") => tag("duration", length) + ties + tag("type", VALUES[length]) + (length % 3 ? "" : "<dot/>");

function spelled(pitch, fifths) {
  const lowest = fifths - FLAT, place = modulo(7 * pitch - lowest, 12) + lowest + 1, alter = Math.floor(place / 7);
  const octave = Math.floor((pitch - alter) / 12) - 1;
  return tag("pitch", tag("step", LETTERS[modulo(place, 7)]) + (alter ? tag("alter", alter) : "") + tag("octave", octave));
}
