/** Voice leading and endings that are wished for, as nats that symbols lose (seqgen/domains/music/voices/leading.py, wishes.py). */

import { modulo } from "../runtime/registers.js";
import { ORDER, REST, TIED } from "./grid.js";

// In Bach's chorales, soprano to bass.
const RANGES = [[60, 81], [52, 74], [46, 69], [36, 66]];
// Semitones; of a leap, those that are still sung.
const FIFTH = 7, WIDEST = 12;
// Nats that a last chord loses for each note that is not of it, and where the tenor could be the missing third and is not.
const LAST = 8, THIRD = 3;
// How well each degree fits a key, from its tonic up by semitones (Krumhansl & Kessler 1982).
const PROFILES = [
  [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
];
const TRUST = 0.3; // of a correlation: tunes end on their tonic
const TRIADS = ["0,3,7", "0,4,7", "0,3", "0,4"];

const SILENT = [-1, -1, -1, -1]; // pitches by voice from the top: nobody sings

/** What is known of the voices once one more symbol was read: what they sang in the last whole step, in this one, and last. */
function read(state, symbol) {
  if (symbol > REST) return state;
  const voice = ORDER[state.turn], pitch = symbol === REST ? -1 : symbol % TIED, now = state.now.with(voice, pitch), turn = (state.turn + 1) % 4;
  return { before: turn ? state.before : now, now, last: pitch < 0 ? state.last : state.last.with(voice, pitch), turn };
}

/** Scores of what the next voice may sing: a pitch loses these nats for each mark that a harmony teacher would make. */
function bent({ fifths, octaves, leaps, crossing, outside }, { before, now, last, turn }, scores) {
  const voice = ORDER[turn], own = before[voice], [low, high] = RANGES[voice], made = scores.slice();
  const others = ORDER.slice(0, turn).filter(other => now[other] >= 0);
  for (let pitch = 0; pitch < TIED; pitch++) {
    const way = Math.sign(pitch - own);
    let marks = outside * (Math.max(low - pitch, 0) + Math.max(pitch - high, 0)), crossed = false;
    for (const other of others) {
      const upper = other < voice ? 1 : -1, interval = modulo(upper * (now[other] - pitch), 12);
      crossed ||= upper * (pitch - now[other]) > 0;
      const along = way && own >= 0 && before[other] >= 0 && Math.sign(now[other] - before[other]) === way;
      if (!along || modulo(upper * (before[other] - own), 12) !== interval) continue;
      marks += interval === FIFTH ? fifths : interval === 0 ? octaves : 0;
    }
    if (crossed && pitch !== own) marks += crossing;
    if (last[voice] >= 0 && Math.abs(pitch - last[voice]) > WIDEST) marks += leaps;
    made[pitch] -= marks;
    made[pitch + TIED] -= marks;
  }
  return made;
}

const rule = nats => ({ start: { before: SILENT, now: SILENT, last: SILENT, turn: 0 }, read, bend: (known, scores) => bent(nats, known, scores) });

/** Rules as `fill` takes them, by name. */
export const LEADING = {
  off: undefined,
  soft: rule({ fifths: 3.9, octaves: 4.6, leaps: 2.2, crossing: 0.5, outside: 1 }),
  strict: rule({ fifths: 20, octaves: 20, leaps: 20, crossing: 5, outside: 5 }),
};

/** The number of the key that a tune seems to be in: whose profile correlates best with how long each pitch class sounds;
 * that of C major where all sound equally long.
 *
 * ends: its last note counts for its tonic.
 */
export function keyOf(notes, ends = false) {
  const sounding = Array(12).fill(0), tonic = ends && notes.at(-1).pitch % 12;
  for (const { start, end, pitch } of notes) sounding[pitch % 12] += end - start;
  if (new Set(sounding).size === 1) return 0;
  const fits = PROFILES.flatMap(profile => sounding.map((_, root) =>
    correlation(sounding, profile.map((_, at) => profile[modulo(at - root, 12)])) + TRUST * (root === tonic)));
  return fits.indexOf(Math.max(...fits));
}

/** The pitch classes of a key's tonic chord, root, third and fifth. */
export const triad = key => [0, key < 12 ? 4 : 3, 7].map(tone => (key + tone) % 12);

/** What symbols gain, as `bias` of `fill`, where this chord shall sound under a tune's last note, its first pitch class in the bass. */
export function ending({ steps, allowed, voices }, chord, { start, pitch }) {
  return steps.map((given, at) => {
    if (given >= 0 || !voices[at] || voices[at][1] < start) return null;
    const voice = voices[at][0], fine = voice === 3 ? chord.slice(0, 1) : chord;
    const strange = (symbol, classes) => symbol === REST || (symbol < REST && !classes.includes(symbol % TIED % 12));
    const third = voice === 2 && pitch % 12 !== chord[1] ? THIRD : 0;
    return allowed[at].map((_, symbol) => 0 - LAST * strange(symbol, fine) - third * strange(symbol, chord.slice(1, 2)));
  });
}

/** Whether a whole piece's last chord is the tonic triad of its key, in root position. */
export function endsOnTonic({ notes, steps, key }) {
  const chord = notes.filter(({ end }) => end === steps), bass = chord.find(({ part }) => part === 3)?.pitch;
  const above = [...new Set(chord.map(({ pitch }) => modulo(pitch - bass, 12)))].sort((a, b) => a - b);
  return chord.length === 4 && bass % 12 === key % 12 && TRIADS.includes(above.join());
}

function correlation(one, other) {
  const [a, b] = [one, other].map(values => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map(value => value - mean);
  });
  const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
