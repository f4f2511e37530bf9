/** Letters that a model has not learned, composed: it writes a letter that it knows, and a mark is drawn where that lies
 * (seqgen/domains/handwriting/marks.py). */

import { keyOf, normal } from "../runtime/random.js";
import { ABOVE, BELOW, SIGNS } from "./signs.js";

// X-heights between a letter and the mark above it; points of a short stroke; of a mark's size, in its place and size.
const GAP = 0.28, SHORT = 8, JITTER = 0.05;
const FLAT = "abcdehiklmnorstuvwxzABCDEFGHIKLMNOPRSTUVWXYZ0123456789";
const letter = sign => /\p{L}/u.test(sign);
const apart = sign => { const [base, ...marks] = sign.normalize("NFD"); return [base, marks]; };

/** What a model that has learned these characters writes where this one is composed; null where it cannot be. */
export function baseOf(sign, learned) {
  const [plain, marks] = apart(sign), base = SIGNS[sign]?.[0] ?? plain;
  if (!SIGNS[sign] && !(marks.length && marks.every(mark => mark in ABOVE || mark in BELOW))) return null;
  return [...base].every(part => learned.includes(part)) ? base : null;
}

/** What is written for a text, as characters, and its changes `[begin, length, sign]`: where something else is wanted. */
export function bases(text, learned) {
  const written = [], changes = [];
  for (const sign of text) {
    const base = learned.includes(sign) ? sign : baseOf(sign, learned) ?? sign;
    if (base !== sign) changes.push([written.length, base.length, sign]);
    written.push(...base);
  }
  return { written, changes };
}

/** Strokes of what was written, in x-heights, y down, with what was wanted in it. places: for each point which character it is of; what
 * comes back are strokes and their places. */
export function composed(strokes, places, { written, changes }, seed = 0) {
  const base = standing(strokes, places, written), slant = slantOf(strokes);
  let now = { strokes: strokes.map(stroke => stroke.map(([x, y]) => [x - slant * (y - base), y - base])), of: places.map(place => settled(place, written)) };
  changes.forEach(([begin, length, sign], number) => {
    if (!letter(written[begin])) now.of = unjoined(now.of, begin, length);
    now = changed(now, begin, length, sign, i => JITTER * normal(keyOf(seed + number), i));
  });
  return { strokes: now.strokes.map(stroke => stroke.map(([x, y]) => [x + slant * y, y + base])), places: now.of };
}

/** A stroke that is mostly of one character is wholly of it; a short one that begins with a sign is that. */
function settled(place, written) {
  const seen = place.filter(at => written[at] !== " "), own = seen.length ? seen : place;
  if (place.length <= SHORT && seen.length && !letter(written[seen[0]])) return place.map(() => seen[0]);
  const count = at => own.filter(one => one === at).length, most = [...new Set(own)].sort((a, b) => a - b).reduce((best, at) => count(at) > count(best) ? at : best, own.reduce((a, b) => Math.min(a, b)));
  return 2 * count(most) >= own.length ? place.map(() => most) : place;
}

/** Where a sign has strokes of its own, what letters' strokes have of it is theirs. */
function unjoined(of, begin, length) {
  const own = at => at >= begin && at < begin + length;
  if (!of.some(place => place.every(own))) return of;
  return of.map(place => place.every(own) ? place : place.map(at => own(at) ? place.find(other => !own(other)) ?? begin : at));
}

function changed({ strokes, of }, begin, length, sign, jitter) {
  const inside = at => at >= begin && at < begin + length, [base, marks] = apart(sign);
  let own = strokes.map((stroke, i) => stroke.filter((_, j) => inside(of[i][j]))).filter(part => part.length), fresh = [];
  if (!own.length) return { strokes, of };
  if (SIGNS[sign]) {
    const [, make, shift = 0] = SIGNS[sign], made = make(own, box(own)), kept = own.every((one, i) => made[i] === one);
    fresh = kept ? made.slice(own.length) : made;
    if (!kept) ({ strokes, of } = without(strokes, of, inside));
    strokes = strokes.map((stroke, i) => stroke.map(([x, y], j) => [x + (of[i][j] >= begin + length ? shift : 0), y]));
  } else {
    const low = part => Math.max(...part.map(([, y]) => y)), dotless = own.filter(part => low(part) >= -1);
    if ("ij".includes(base) && marks.some(mark => mark in ABOVE) && dotless.length) {
      const stays = strokes.map((stroke, i) => !(of[i].every(at => at === begin) && low(stroke) < -1));
      [strokes, of, own] = [strokes.filter((_, i) => stays[i]), of.filter((_, i) => stays[i]), dotless];
    }
    const [left, highest, right, bottom] = box(own);
    let top = highest;
    for (const mark of marks) {
      const above = mark in ABOVE, glyph = above ? ABOVE[mark] : BELOW[mark], [, up, , down] = box(glyph);
      fresh.push(...glyph.map(part => part.map(([x, y]) => [x + (left + right) / 2, y + (above ? top - GAP - down : Math.min(bottom, 0.1))])));
      if (above) top -= GAP + down - up;
    }
  }
  const found = of.findIndex(place => Math.min(...place) >= begin + length), after = found < 0 ? of.length : found;
  const means = fresh.map(part => [0, 1].map(axis => part.reduce((total, point) => total + point[axis], 0) / part.length));
  const middle = [0, 1].map(axis => means.reduce((total, mean) => total + mean[axis], 0) / (means.length || 1)), size = 1 + jitter(0);
  const placed = fresh.map(part => part.map(point => point.map((value, axis) => (value - middle[axis]) * size + middle[axis] + jitter(1 + axis))));
  return { strokes: strokes.toSpliced(after, 0, ...placed), of: of.toSpliced(after, 0, ...placed.map(part => part.map(() => begin))) };
}

/** Without the points of some characters; where these were in the middle of a stroke, it becomes two. */
function without(strokes, of, inside) {
  const kept = { strokes: [], of: [] };
  strokes.forEach((stroke, i) => {
    let open = false;
    stroke.forEach((point, j) => {
      const stays = !inside(of[i][j]);
      if (stays && !open) [kept.strokes, kept.of].forEach(all => all.push([]));
      if (stays) [kept.strokes.at(-1), kept.of.at(-1)].forEach((all, k) => all.push([point, of[i][j]][k]));
      open = stays;
    });
  });
  return kept;
}

function box(strokes) {
  const all = strokes.flat(), side = (axis, choose) => all.reduce((most, point) => choose(most, point[axis]), all[0][axis]);
  return [side(0, Math.min), side(1, Math.min), side(0, Math.max), side(1, Math.max)];
}

/** Where the text stands: the median of where letters without descenders end; where there are none, what is lowest. */
function standing(strokes, places, written) {
  const lowest = new Map(), points = strokes.flat();
  places.flat().forEach((at, i) => { if (FLAT.includes(written[at])) lowest.set(at, Math.max(lowest.get(at) ?? -Infinity, points[i][1])); });
  const found = [...lowest.values()].sort((a, b) => a - b), half = found.length / 2;
  return !lowest.size ? box(strokes)[3] : (found[Math.floor(half)] + found[Math.ceil(half) - 1]) / 2;
}

/** How far strokes drawn downwards go to the right for each step down. */
function slantOf(strokes) {
  let across = 0, down = 0;
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) {
      const x = stroke[i][0] - stroke[i - 1][0], y = stroke[i][1] - stroke[i - 1][1];
      if (y > Math.abs(x)) [across, down] = [across + x * y, down + y * y];
    }
  }
  return down ? across / down : 0;
}
