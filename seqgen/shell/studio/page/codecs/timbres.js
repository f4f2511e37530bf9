/** Instruments of the built-in synthesiser (seqgen/domains/music/showing/timbres.py): a tone is a sum of partials that decay each at
 * its own pace. */

// Layers `[cents, strength, damping]`: two strings a note, of which one sings on, and some players.
const STRUNG = [[-0.2, 0.8, 1.6], [0.2, 0.5, 0.6]], PLAYERS = [[0, 1, 1], [-7, 0.7, 1], [6, 0.7, 1]];
const FREE_BAR = [[1, 1], [3.93, 0.35], [9.2, 0.1]], PIPES = [[1, 1], [2, 0.55], [3, 0.3], [4, 0.3], [6, 0.12], [8, 0.15]];
const USUAL = { attack: 0.004, release: 0.12, decay: 0, slope: 1, corner: 2500, even: 1, stiffness: 0, modes: null, layers: [[0, 1, 1]], vibrato: 0, level: 1 };
const [PIANO, PLUCKED, MALLET, BELL, ORGAN, BASS, STRINGS, CHOIR, BRASS, REED, FLUTE, LEAD, PAD] = [
  { decay: 9, slope: 1.1, corner: 1900, stiffness: 4e-4, layers: STRUNG, release: 0.14, level: 1.5 },
  { decay: 4, slope: 0.9, corner: 2600, stiffness: 1e-4, layers: STRUNG, release: 0.16, level: 1.4 },
  { attack: 0.003, decay: 1.6, corner: 3000, modes: FREE_BAR, release: 0.3, level: 1.5 },
  { attack: 0.003, decay: 6, corner: 5000, modes: [[1, 1], [2, 0.5], [2.76, 0.45], [4.07, 0.25], [5.4, 0.2], [8.93, 0.08]], release: 0.9, level: 1.2 },
  { attack: 0.02, release: 0.09, corner: 4000, modes: PIPES, layers: [[0, 1, 1], [3, 0.3, 1]], level: 0.8 },
  { attack: 0.006, release: 0.08, decay: 5, slope: 1.2, corner: 900, layers: STRUNG, level: 1.7 },
  { attack: 0.11, release: 0.25, slope: 1.1, corner: 2600, layers: PLAYERS, vibrato: 7, level: 0.95 },
  { attack: 0.14, release: 0.3, slope: 1.3, corner: 1100, layers: PLAYERS, vibrato: 9 },
  { attack: 0.035, release: 0.1, slope: 0.75, corner: 1500, layers: [[0, 1, 1], [3, 0.4, 1]], level: 0.9 },
  { attack: 0.03, release: 0.09, slope: 0.9, corner: 2200, even: 0.35, vibrato: 4, level: 0.85 },
  { attack: 0.045, release: 0.11, slope: 2, vibrato: 6 },
  { attack: 0.01, release: 0.1, corner: 3500, layers: [[0, 1, 1], [8, 0.5, 1]], level: 0.75 },
  { attack: 0.25, release: 0.45, slope: 1.4, corner: 1500, layers: [[0, 1, 1], [-7, 0.6, 1], [6, 0.6, 1]], level: 0.95 },
].map(own => ({ ...USUAL, ...own }));
// Of eight General MIDI programs each, and those that are of another kind.
const FAMILIES = [PIANO, MALLET, ORGAN, PLUCKED, BASS, STRINGS, STRINGS, BRASS, REED, FLUTE, LEAD, PAD, PAD, PLUCKED, MALLET, PAD];
const OTHERS = [[PLUCKED, [6, 7, 15, 45, 46]], [BELL, [8, 9, 10, 11, 14, 112]], [REED, [21, 22, 23, 109, 111]], [CHOIR, [52, 53, 54, 85, 91]],
  [STRINGS, [110]], [MALLET, [108, 47]]];
// Of the sampling rate, above which no partial lies; and what is heard beside the strongest.
const BAND = 0.45, FAINT = 4e-3;
const SILENT = 3e-4; // of full scale: nothing is heard below

/** What plays a General MIDI program, 0 to 127. */
export function timbre(program) {
  return OTHERS.find(([, programs]) => programs.includes(program))?.[0] ?? FAMILIES[program >> 3];
}

/** The tone of a pitch, how bright from 0 to 3: for each layer its partials `{ratio, hertz, strength, phase, damping}`, strengths of energy 1
 * in all, damping in nepers a second. Vibrato, of the first layer, is left to whoever plays it. */
export function layersOf({ decay, slope, corner, even, stiffness, modes, layers }, pitch, brightness, rate) {
  const base = 440 * 2 ** ((pitch - 69) / 12), edge = Math.max(corner * 2 ** (0.6 * (brightness - 2)), base);
  const seconds = decay * Math.min(2 ** ((60 - pitch) / 14), 2.5), order = Array.from({ length: 40 }, (_, i) => i + 1);
  const plain = modes ?? order.map(k => [k * Math.sqrt((1 + stiffness * k * k) / (1 + stiffness)), k ** -slope * (k % 2 ? 1 : even)]);
  const all = layers.map(([cents, share, damping]) => plain.map(([ratio, strength], i) => ({
    ratio, hertz: ratio * base * 2 ** (cents / 1200), strength: (share * strength) / (1 + (ratio * base / edge) ** 2), phase: 2.4 * i * i,
    damping: decay ? damping * Math.log(1000) / seconds * (0.75 + 0.25 * ratio) : 0,
  })).filter(({ hertz }) => hertz < BAND * rate));
  const most = Math.max(...all.flat().map(({ strength }) => strength), 0), kept = all.map(one => one.filter(({ strength }) => strength > FAINT * most));
  const energy = Math.sqrt(kept.flat().reduce((total, { strength }) => total + strength * strength, 0)) || 1;
  return kept.map(one => one.map(partial => ({ ...partial, strength: partial.strength / energy })));
}

/** The samples of partials that ring freely. */
export function rung(partials, count, rate) {
  const sound = new Float32Array(count);
  for (const { hertz, strength, phase, damping } of partials) {
    const fade = Math.exp(-damping / rate), turn = (2 * Math.PI * hertz) / rate, c = fade * Math.cos(turn), s = fade * Math.sin(turn);
    const last = damping ? Math.min(count, Math.ceil((rate * Math.log(strength / SILENT)) / damping)) : count;
    let x = strength * Math.cos(phase), y = strength * Math.sin(phase);
    for (let i = 0; i < last; i++) {
      sound[i] += y;
      const turned = x * c - y * s;
      y = x * s + y * c;
      x = turned;
    }
  }
  return sound;
}
