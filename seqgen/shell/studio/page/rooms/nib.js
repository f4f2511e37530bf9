/** What a pen leaves of a stroke, as paths of SVG: one width all along, or wider where it was slow (domains/handwriting/drawing/nib.py). */

// Of speed; times the pen's width.
const POWER = 0.45, LEAST = 0.6, MOST = 1.7;
// Places on a piece of a curve, and widths that are told apart in that of a pen.
const FINE = 5, LEVELS = 10;

export const short = value => String(Math.round(1000 * value) / 1000);
const spelt = (sign, points) => sign + points.flat().map(short).join(" ");

export function straight(points) {
  if (points.length === 1) return `${spelt("M", points)}h0.001`; // a dot; round ends make it one
  return points.map((point, i) => spelt(i ? "L" : "M", point)).join("");
}

/** Cubic curves through the points (Catmull-Rom). */
export function curved(points) {
  return points.length < 3 ? straight(points) : spelt("M", points[0]) + pieces(points).map(([, ...rest]) => spelt("C", rest)).join("");
}

function pieces(points) {
  const at = i => points[Math.min(Math.max(i, 0), points.length - 1)];
  return points.slice(1).map((end, i) => {
    const [before, begin, after] = [at(i - 1), at(i), at(i + 2)];
    return [begin, begin.map((value, axis) => value + (end[axis] - before[axis]) / 6), end.map((value, axis) => value - (after[axis] - begin[axis]) / 6), end];
  });
}

/** A stroke as `[path, width in pens]`, several where it is wider at some of its points; usual: how far apart they are. */
export function bySpeed(points, usual) {
  if (points.length < 2) return [[straight(points), 1]];
  const moves = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]));
  let widths = points.map((_, i) => {
    const speed = ((moves[i - 1] ?? moves[i]) + (moves[i] ?? moves[i - 1])) / 2;
    return Math.min(Math.max((usual / Math.max(speed, 1e-3 * usual)) ** POWER, LEAST), MOST);
  });
  for (let time = 0; time < 3; time++) widths = widths.map((width, i) => ((widths[i - 1] ?? width) + 2 * width + (widths[i + 1] ?? width)) / 4);
  const made = [];
  let last = points[0];
  pieces(points).forEach(([a, b, c, d], i) => {
    for (let part = 1; part <= FINE; part++) {
      const t = part / FINE, s = 1 - t, width = Math.round(LEVELS * (s * widths[i] + t * widths[i + 1])) / LEVELS;
      const place = [0, 1].map(axis => s ** 3 * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t ** 3 * d[axis]);
      if (made.at(-1)?.[1] !== width) made.push([spelt("M", last), width]);
      made.at(-1)[0] += spelt("L", place);
      last = place;
    }
  });
  return made;
}
