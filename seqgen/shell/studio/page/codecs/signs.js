/** What is drawn for letters and signs that a model has not learned (seqgen/domains/handwriting/signs.py), in x-heights, y down, upright,
 * the baseline at 0. */

const at = (stroke, x, y) => stroke.map(([a, b]) => [a + x, b + y]);
const spaced = (begin, end, count) => Array.from({ length: count }, (_, i) => begin + ((end - begin) * i) / (count - 1));
const curve = (point, begin, end, count = 12) => spaced(begin, end, count).map(point);
const ring = (radius, count = 16) => curve(t => [radius * Math.cos(t), radius * Math.sin(t)], -2, 2 * Math.PI - 1.75, count);
const { sin, cos, PI } = Math;

/** Straight pieces, of four points each. */
export function line(...knots) {
  return Array.from({ length: 4 * knots.length - 3 }, (_, i) => {
    const part = i / 4, [before, after] = [knots[Math.floor(part)], knots[Math.ceil(part)]];
    return before.map((value, axis) => value + (part % 1) * (after[axis] - value));
  });
}

/** A Catmull-Rom curve through points, four pieces from one to the next. */
function smooth(knots) {
  const end = (i, j) => knots.at(i).map((value, axis) => 2 * value - knots.at(j)[axis]), all = [end(0, 1), ...knots, end(-1, -2)];
  return [...knots.slice(1).flatMap((_, i) => [0, 0.25, 0.5, 0.75].map(t => [0, 1].map(axis => {
    const [a, b, c, d] = all.slice(i, i + 4).map(point => point[axis]);
    return b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - 3 * c + d - a)));
  }))), knots.at(-1)];
}

const DOT = [[0, 0], [0.03, 0.03]];
/** The middle at 0, 0: what is drawn above a letter, and what below, from its baseline on. */
export const ABOVE = {
  "\u0301": [line([0.2, -0.2], [-0.12, 0.16])],
  "\u0300": [line([-0.2, -0.2], [0.12, 0.16])],
  "\u0302": [line([-0.26, 0.16], [0, -0.18], [0.26, 0.16])],
  "\u030c": [line([-0.26, -0.16], [0, 0.18], [0.26, -0.16])],
  "\u0308": [at(DOT, -0.22, 0), at(DOT, 0.22, 0)],
  "\u0307": [DOT],
  "\u0303": [curve(t => [0.36 * t, -0.13 * sin(PI * t)], -1, 1)],
  "\u0304": [line([-0.28, 0], [0.28, 0])],
  "\u0306": [curve(t => [0.26 * cos(t), 0.26 * sin(t) - 0.13], PI, 0)],
  "\u030a": [ring(0.19)],
  "\u030b": [line([0, -0.2], [-0.2, 0.16]), line([0.3, -0.2], [0.1, 0.16])],
};
export const BELOW = {
  "\u0327": [curve(t => [0.17 * sin(t) - 0.02, 0.2 - 0.17 * cos(t) + (0.06 * t) / 4], 0, 4.2)],
  "\u0328": [curve(t => [0.12 - 0.2 * sin(t), 0.22 - 0.2 * cos(t)], 0, 3.6)],
};

// Of a letter's strokes and its box [left, top, right, bottom] what is shown.
const drawn = (width, ...parts) => (strokes, [left, , right]) => parts.map(part => at(part, (left + right - width) / 2, 0));
const twice = (strokes, [, top, , bottom]) => [-0.72, -0.36].flatMap(y => strokes.map(stroke => at(stroke, 0, y - (top + bottom) / 2)));
const slash = (strokes, [left, top, right, bottom]) => [...strokes, line([right + 0.08, top - 0.12], [left - 0.08, bottom + 0.12])];
const bars = (shares, reach = 0.12) => (strokes, [left, top, right, bottom]) =>
  [...strokes, ...shares.map(share => top + share * (bottom - top)).map(y => line([left - reach, y], [right - 0.15 * (right - left), y]))];
const cross = (strokes, [left, top, right, bottom]) => {
  const x = (left + right) / 2, y = top + 0.45 * (bottom - top);
  return [...strokes, line([x - 0.28, y + 0.14], [x + 0.28, y - 0.14])];
};
const stemBar = (strokes, [, top, right, bottom]) => {
  const y = top + 0.2 * (bottom - top);
  return [...strokes, line([right - 0.4, y], [right + 0.2, y])];
};
const capitalBar = (strokes, [left, top, , bottom]) => [...strokes, line([left - 0.25, (top + bottom) / 2], [left + 0.3, (top + bottom) / 2])];
const raised = (strokes, [left, , right]) => [at(ring(0.24), (left + right) / 2, -1.7)];
const dash = width => (strokes, [left]) => [curve(t => [left + width * t, -0.5 - 0.03 * sin(PI * t)], 0, 1, 8)];
const SHARP_S = smooth([[0, 0.35], [0.02, -0.6], [0.06, -1.3], [0.22, -1.72], [0.48, -1.75], [0.62, -1.5], [0.5, -1.18],
  [0.28, -1], [0.55, -0.9], [0.72, -0.62], [0.68, -0.25], [0.48, -0.02], [0.22, -0.05]]);
const COMMA = smooth([[-0.02, -0.2], [0.09, -0.17], [0.1, -0.02], [0.02, 0.12], [-0.1, 0.21]]);
const quotes = (count, turned, y = -1.75) => (strokes, [left, , right]) => Array.from({ length: count }, (_, i) =>
  at(turned ? COMMA.toReversed().map(([a, b]) => [-a, -b]) : COMMA, (left + right) / 2 + 0.28 * (i - (count - 1) / 2), y));
const joined = strokes => strokes;
const BRACE = smooth([[0.45, -1.75], [0.25, -1.68], [0.22, -1.3], [0.2, -0.95], [0, -0.75], [0.2, -0.55], [0.22, -0.15], [0.25, 0.25], [0.45, 0.32]]);

/** Of each sign `[base, made, shift]`: what the model writes, what is made of it, and how far what follows moves to the right. */
export const SIGNS = {
  "ø": ["o", slash], "Ø": ["O", slash], "¢": ["c", slash], "ł": ["l", cross], "Ł": ["L", cross], "đ": ["d", stemBar], "ð": ["d", stemBar],
  "Đ": ["D", capitalBar], "Ð": ["D", capitalBar], "ß": ["n", (strokes, [left]) => [at(SHARP_S, left + 0.05, 0)]],
  "€": ["C", bars([0.42, 0.6])], "£": ["L", bars([0.5])], "¥": ["Y", bars([0.55, 0.72], -0.1)], "°": ["o", raised],
  "‘": ["'", quotes(1, true)], "’": ["'", quotes(1, false)], "‚": [",", quotes(1, false, 0.05)],
  "“": ['"', quotes(2, true)], "”": ['"', quotes(2, false)], "„": ['"', quotes(2, false, 0.05)],
  "–": ["-", dash(0.9), 0.35], "—": ["-", dash(1.6), 1.05], "…": ["...", joined],
  "@": ["0", drawn(1.5, smooth([[1.02, -0.85], [0.78, -0.98], [0.52, -0.72], [0.56, -0.38], [0.8, -0.36], [1, -0.62], [1.06, -0.92], [1.03, -0.52],
    [1.16, -0.32], [1.42, -0.56], [1.44, -1.02], [1.1, -1.42], [0.6, -1.42], [0.16, -1.06], [0.06, -0.46], [0.34, 0.06], [0.86, 0.2], [1.3, 0.02]])), 0.6],
  "&": ["8", drawn(1.08, smooth([[1.08, -0.02], [0.72, -0.42], [0.36, -0.96], [0.3, -1.34], [0.5, -1.58], [0.72, -1.38], [0.58, -1.04], [0.2, -0.68],
    [0.04, -0.34], [0.22, -0.03], [0.58, -0.06], [0.88, -0.36], [1.02, -0.7]])), 0.25],
  "=": ["-", twice],
  "~": ["-", drawn(0.7, curve(t => [0.35 + 0.35 * t, -0.55 - 0.13 * sin(PI * t)], -1, 1))],
  "_": ["-", drawn(1, curve(t => [t, 0.12 - 0.02 * sin(PI * t)], 0, 1, 8)), 0.2],
  "+": ["-", drawn(0.7, line([0.36, -0.95], [0.34, -0.15]), line([0, -0.52], [0.7, -0.56]))],
  "*": ["-", drawn(0.56, line([0.3, -1.5], [0.28, -0.8]), line([0.02, -1.3], [0.56, -0.98]), line([0.56, -1.34], [0, -0.96]))],
  "#": ["0", drawn(1.02, line([0.42, -1.5], [0.22, 0.02]), line([0.82, -1.5], [0.62, 0.02]), line([0.08, -1], [1.02, -1.04]), line([0, -0.48], [0.94, -0.52])), 0.15],
  "%": ["0", drawn(1.2, at(ring(0.24), 0.24, -1.3), line([1.02, -1.5], [0.12, 0.02]), at(ring(0.24), 0.96, -0.24)), 0.3],
  "^": ["-", drawn(0.56, line([0, -1.1], [0.28, -1.65], [0.56, -1.1]))],
  "`": ["'", drawn(0.26, line([0, -1.8], [0.26, -1.45]))],
  "\\": ["/", drawn(0.75, line([0, -1.75], [0.75, 0.15]))],
  "[": ["(", drawn(0.4, line([0.4, -1.72], [0.04, -1.72], [0, 0.22], [0.38, 0.22]))],
  "]": [")", drawn(0.4, line([0, -1.72], [0.36, -1.72], [0.38, 0.22], [0, 0.22]))],
  "{": ["(", drawn(0.45, BRACE)], "}": [")", drawn(0.45, BRACE.map(([x, y]) => [0.45 - x, y]))],
  "<": ["(", drawn(0.72, line([0.72, -1.12], [0, -0.58], [0.72, -0.08])), 0.2], ">": [")", drawn(0.72, line([0, -1.12], [0.72, -0.58], [0, -0.08])), 0.2],
  "|": ["/", drawn(0.03, line([0.03, -1.85], [0, 0.4]))],
};
