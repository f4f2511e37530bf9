/** Pieces as MusicXML 4.0: a part a voice, or a part and program of a song; what crosses a barline, or sounds on while others of
 * its part begin or end, is tied; notes are spelled in their key. */

import { VOICES } from "./grid.js";
import { DRUMS, partsOf, spansOf } from "./midi.js";

const QUARTER = 12; // ticks
// Lengths that have a name: ticks, name, whether with a dot, whether of a triplet.
const VALUES = [
  [48, "whole"], [36, "half", true], [24, "half"], [18, "quarter", true], [12, "quarter"], [9, "eighth", true], [8, "quarter", false, true],
  [6, "eighth"], [4, "eighth", false, true], [3, "16th"], [2, "16th", false, true], [1, "32nd", false, true],
];
// Of General MIDI, of eight programs each.
const FAMILIES = ["Piano", "Mallets", "Organ", "Guitar", "Bass", "Strings", "Ensemble", "Brass", "Reed", "Pipe", "Lead", "Pad", "Effects", "Ethnic", "Percussive", "Sounds", "Drums"];
// Fifths below a key's signature that black keys are taken from, and letters by fifths.
const FLAT = 3, LETTERS = "FCGDAEB";
const MIDDLE = 60;

const tag = (name, content, about = "") => `<${name}${about}>${content}</${name}>`;
const modulo = (value, size) => ((value % size) + size) % size;

/** notes, tempos, meters and keys as `midi` takes them; bars: where each begins, in sixteenths, or of songs lines `[tick, meter]` and
 * `end`, in ticks. key: of four voices, its number, major keys from C on, then minor ones. */
export function musicXml({ notes, bars, steps, key, tempos, meters, keys, lines = bars.map(bar => [3 * bar, meters[0].slice(1)]), end = 3 * steps }) {
  const measures = lines.map(([tick, meter], i) => ({ begin: Math.max(tick, 0), end: lines[i + 1]?.[0] ?? end, meter, upbeat: tick < 0 }));
  const signatures = keys.length ? keys : [[0, modulo(7 * (key ?? 0) + (key >= 12 ? 21 : 0) + 5, 12) - 5, key >= 12]];
  const parts = partsOf(notes).map((sung, number) => ({ ...sung[0], sung, id: `P${number + 1}` }));
  const list = parts.map(({ part, program, id }) => {
    const name = program === undefined ? VOICES[part] : FAMILIES[program >> 3];
    const played = program === DRUMS ? tag("midi-channel", 10) : tag("midi-program", program + 1);
    return tag("score-part", tag("part-name", name) + (program === undefined ? "" : tag("score-instrument", tag("instrument-name", name), ` id="${id}-I"`)
      + tag("midi-instrument", played, ` id="${id}-I"`)), ` id="${id}"`);
  });
  const music = parts.map(({ sung, program, id }, number) =>
    tag("part", written(sung, measures, signatures, number ? [] : tempos, program === DRUMS), ` id="${id}"`));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${tag("score-partwise", [tag("part-list", list.join("")), ...music].join("\n"), ' version="4.0"')}\n`;
}

/** The measures of a part; tempos: those that are said in it. */
function written(sung, measures, signatures, tempos, drums) {
  const spans = spansOf(sung).filter(({ from, pitch }, i, all) => !all.slice(i + 1).some(one => one.from === from && one.pitch === pitch)), low = sung.reduce((total, { pitch }) => total + pitch - MIDDLE, 0) < 0, first = Number(!measures[0].upbeat);
  const edges = [...new Set([spans.map(({ from, to }) => [from, to]), measures.map(({ begin, end }) => [begin, end]), tempos.map(([tick]) => tick)].flat(2).filter(tick => tick >= 0))].sort((a, b) => a - b);
  const clef = drums ? tag("sign", "percussion") : tag("sign", low ? "F" : "G") + tag("line", low ? 4 : 2);
  let fifths = 0;
  return measures.map(({ begin, end, meter, upbeat }, i) => {
    const turns = signatures.filter(([tick]) => tick >= begin && tick < end).slice(-1);
    const clock = String(meter) === String(measures[i - 1]?.meter) ? "" : tag("time", tag("beats", meter[0]) + tag("beat-type", meter[1]));
    const said = (i ? "" : tag("divisions", QUARTER)) + turns.map(([, own, minor]) => tag("key", tag("fifths", fifths = own) + tag("mode", minor ? "minor" : "major"))).join("")
      + clock + (i ? "" : tag("clef", clef));
    const inside = edges.filter(tick => tick >= begin && tick <= end);
    const sounds = inside.slice(1).map((to, at) => tempos.filter(([tick]) => tick === inside[at]).map(([, bpm]) => `<sound tempo="${bpm}"/>`).join("")
      + chords(spans, inside[at], to, fifths, drums));
    return tag("measure", (said && tag("attributes", said)) + sounds.join(""), ` number="${i + first}"${upbeat ? ' implicit="yes"' : ""}`);
  }).join("\n");
}

/** What sounds from a tick to another, between which nothing begins or ends. */
function chords(spans, from, to, fifths, drums) {
  const heard = spans.filter(span => span.from <= from && span.to >= to);
  let made = "";
  for (let at = from, length; at < to; at += length) {
    const [ticks, name, dot, triplet] = VALUES.find(([ticks]) => ticks <= to - at);
    const look = tag("type", name) + (dot ? "<dot/>" : "") + (triplet ? tag("time-modification", tag("actual-notes", 3) + tag("normal-notes", 2)) : "");
    length = ticks;
    made += heard.map((span, i) => {
      const ties = [...(at > span.from ? ["stop"] : []), ...(at + ticks < span.to ? ["start"] : [])];
      const tied = name => ties.map(type => `<${name} type="${type}"/>`).join("");
      return tag("note", (i ? "<chord/>" : "") + spelled(span.pitch, fifths, drums) + tag("duration", ticks) + tied("tie") + look
        + (ties.length ? tag("notations", tied("tied")) : ""), span.velocity ? ` dynamics="${(span.velocity / 0.9).toFixed(2)}"` : "");
    }).join("") || tag("note", "<rest/>" + tag("duration", ticks) + look);
  }
  return made;
}

function spelled(pitch, fifths, drums) {
  const lowest = fifths - FLAT, place = modulo(7 * pitch - lowest, 12) + lowest + 1, alter = Math.floor(place / 7);
  const step = LETTERS[modulo(place, 7)], octave = Math.floor((pitch - alter) / 12) - 1;
  return drums ? tag("unpitched", tag("display-step", step) + tag("display-octave", octave))
    : tag("pitch", tag("step", step) + (alter ? tag("alter", alter) : "") + tag("octave", octave));
}
