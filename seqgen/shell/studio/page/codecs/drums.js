/** The drum kit of the built-in synthesiser (seqgen/domains/music/showing/drums.py): falling sines, bands of noise and clusters of metal. */

import { rung } from "./timbres.js";

const USUAL = { high: 200, low: 200, fall: 0.04, ring: 0.3, skin: 0, noise: 0, band: [1000, 8000], hiss: 0.2, metal: 0, shine: 0.3, claps: 1, pan: 0, level: 1 };
const KICK = { high: 170, low: 48, fall: 0.035, ring: 0.5, skin: 1, noise: 0.12, band: [1500, 5000], hiss: 0.02, level: 1.5 };
const SNARE = { high: 280, low: 185, fall: 0.02, ring: 0.2, skin: 0.8, noise: 0.45, band: [1500, 9000], hiss: 0.28 };
const STICK = { high: 900, low: 820, fall: 0.01, ring: 0.06, skin: 0.8, noise: 0.3, band: [1500, 6000], hiss: 0.03, level: 0.6 };
const HAT = { noise: 0.5, metal: 0.7, band: [6500, 14000], hiss: 0.08, shine: 0.09, pan: 0.25, level: 0.4 };
const CRASH = { noise: 0.6, metal: 0.5, band: [2800, 13000], hiss: 1.6, shine: 1.9, pan: -0.3, level: 0.55 };
const RIDE = { high: 3300, low: 3300, ring: 0.5, skin: 0.12, noise: 0.15, metal: 0.6, band: [3500, 12000], hiss: 0.6, shine: 1.3, pan: 0.3, level: 0.35 };
const SHAKER = { noise: 1, band: [4500, 12000], hiss: 0.1, pan: -0.2, level: 0.3 };
const tom = (low, pan) => ({ high: 1.5 * low, low, fall: 0.06, ring: 0.55, skin: 1, noise: 0.08, band: [800, 4000], hiss: 0.04, pan, level: 1.1 });
const skin = (low, bend, ring = 0.25) => ({ high: bend * low, low, fall: 0.02, ring, skin: 1, noise: 0.1, band: [1500, 6000], hiss: 0.02, level: 0.8 });
const bell = (low, ring, metal = 0.2) => ({ high: low, low, ring, skin: 1, metal, band: [2500, 9000], shine: 0.1, level: 0.5, pan: 0.15 });
const block = low => ({ ...STICK, high: low, low, ring: 0.07 });
const KIT = {
  35: { ...KICK, high: 150, low: 43 }, 36: KICK, 38: SNARE, 39: { noise: 1, band: [900, 3500], hiss: 0.25, claps: 4, level: 0.8 },
  40: { ...SNARE, high: 330, low: 220, hiss: 0.2 }, 41: tom(75, 0.35), 43: tom(90, 0.25), 45: tom(108, 0.1), 47: tom(128, 0), 48: tom(152, -0.15), 50: tom(180, -0.3),
  42: HAT, 44: { ...HAT, hiss: 0.06, shine: 0.06, level: 0.3 }, 46: { ...HAT, hiss: 0.5, shine: 0.6 },
  49: CRASH, 51: RIDE, 52: { ...CRASH, band: [1800, 9000], hiss: 1.2 }, 53: { ...RIDE, high: 2700, low: 2700, skin: 0.7, level: 0.4 },
  54: { ...SHAKER, metal: 0.7, shine: 0.25 }, 55: { ...CRASH, band: [4000, 14000], hiss: 0.6, shine: 0.7 }, 56: bell(560, 0.25, 0.3),
  57: { ...CRASH, band: [2400, 12000], pan: 0.35 }, 58: { ...SHAKER, band: [1800, 6000], hiss: 0.5 }, 59: { ...RIDE, band: [3000, 10000], pan: 0.35 },
  60: skin(400, 1.2), 61: skin(300, 1.2), 62: skin(330, 1.2), 63: skin(260, 1.2), 64: skin(195, 1.2),
  65: skin(360, 1.1, 0.35), 66: skin(260, 1.1, 0.35), 78: skin(520, 1.1, 0.35), 79: skin(420, 1.1, 0.35),
  67: bell(880, 0.3), 68: bell(660, 0.3), 69: SHAKER, 70: SHAKER, 82: SHAKER, 71: bell(2300, 0.25), 72: bell(2100, 0.25),
  73: { ...SHAKER, band: [2000, 7000], hiss: 0.08 }, 74: { ...SHAKER, band: [2000, 7000], hiss: 0.25, claps: 8 },
  75: block(2500), 76: block(980), 77: block(740), 80: bell(4200, 0.12), 81: bell(4200, 1.2),
};
const CLAP = 0.011, TONES = 48; // seconds from clap to clap; of metal

/** What a General MIDI drum pitch sounds like; a stick where it names none. */
export const drum = pitch => ({ ...USUAL, ...KIT[pitch] ?? STICK });

/** One stroke with a peak of 1. random: numbers from 0 to 1. */
export function stroke({ high, low, fall, ring, skin, noise, band, hiss, metal, shine, claps }, random, rate) {
  const lasts = Math.max(skin && ring, noise && hiss, metal && shine), sound = new Float32Array(Math.round((lasts + 0.02) * rate));
  const dying = (late, seconds) => late < 0 ? 0 : Math.exp((-Math.log(1000) / seconds) * late);
  const white = noise ? banded(sound.map(() => random() + random() + random() - 1.5), band, rate) : sound;
  const tones = Array.from({ length: metal ? TONES : 0 }, () => ({
    hertz: band[0] * (band[1] / band[0]) ** random(), strength: metal / Math.sqrt(TONES), phase: 2 * Math.PI * random(), damping: Math.log(1000) / shine }));
  rung(tones, sound.length, rate).forEach((value, i) => {
    const time = i / rate, turns = low * time + (high - low) * fall * (1 - Math.exp(-time / fall));
    let burst = 0;
    for (let clap = 0; clap < claps; clap++) {
      const late = time - CLAP * clap;
      burst += dying(late, clap === claps - 1 ? hiss : 0.03) * Math.min(Math.max(late / 0.001, 0), 1);
    }
    const edges = Math.min(1, i / (0.002 * rate), (sound.length - i) / (0.02 * rate));
    sound[i] = edges * (value + skin * Math.sin(2 * Math.PI * turns) * dying(time, ring) + (noise && noise * white[i] * burst));
  });
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return sound.map(value => value / peak);
}

/** What of noise lies in a band, its energy 1 a sample: filters of the second order from below and above (Bristow-Johnson's cookbook). */
export function banded(noise, [low, high], rate) {
  const sound = filtered(filtered(noise, low, rate, -1), Math.min(high, 0.45 * rate), rate, 1);
  const energy = Math.sqrt(sound.reduce((total, value) => total + value * value, 0) / sound.length) || 1;
  return sound.map(value => value / energy);
}

/** sign: 1 leaves what is lower than an edge in Hz, -1 what is higher. */
function filtered(sound, edge, rate, sign) {
  const turn = (2 * Math.PI * edge) / rate, c = Math.cos(turn), alpha = Math.sin(turn) / Math.SQRT2, b = (1 - sign * c) / 2;
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return sound.map(x => {
    const y = (b * (x + 2 * sign * x1 + x2) + 2 * c * y1 - (1 - alpha) * y2) / (1 + alpha);
    [x1, x2, y1, y2] = [x, x1, y, y1];
    return y;
  });
}
