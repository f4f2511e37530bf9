/** Ink as a recogniser sees it (domains/handwriting/recognition/features.py), and how large its letters are (ink.py). */

import { asDense, roundEven } from "./resampling.js";

// Steps of an x-height, to which points are rounded.
const GRID = 200;
const FARTHEST = 20_000;
// Steps of a stroke.
const LEAST = 2;
const HIGHEST = 100, LEVELLED = 4;
const DOWN = 0, UP = 1, END = 2;

export class Features {
  constructor({ alphabet, points, mean, std }) {
    this.letters = [...alphabet];
    this.points = points;
    this.mean = mean;
    this.std = std;
  }

  /** The inputs of strokes in x-heights, `[[values, pen], ...]`, and `places`, the number of the last point of each. */
  encode(strokes) {
    const all = strokes.flat(), at = this.#pointsOf(strokes.map(stroke => stroke.length));
    const grid = all.map(point => point.map(value => roundEven(value * GRID)));
    const moves = grid.map((place, i) => place.map((value, axis) => {
      const move = i ? Math.min(Math.max(value - grid[i - 1][axis], -FARTHEST), FARTHEST) : 0;
      return Math.fround((move * (1 / GRID) - this.mean[axis]) / this.std[axis]);
    }));
    const still = this.mean.map((value, axis) => Math.fround(-value / this.std[axis]));
    const heights = heightsOf(all), ends = new Set();
    let total = 0;
    for (const { length } of strokes) ends.add((total += length) - 1);
    let before = -1;
    const steps = at.map((numbers, t) => {
      const values = numbers.flatMap(number => {
        const repeated = number === before;
        before = number;
        return repeated ? still : moves[number];
      });
      const last = numbers.at(-1), full = !at[t + 1] || at[t + 1].at(-1) !== last; // it lifts after the last of the repeated points
      const pen = !full || !ends.has(last) ? DOWN : last === all.length - 1 ? END : UP;
      return [Float32Array.from([...values, heights[last]]), pen];
    });
    return { steps, places: at.map(numbers => numbers.at(-1)) };
  }

  #pointsOf(lengths) {
    let first = 0;
    return lengths.flatMap(count => {
      const full = Math.max(Math.ceil(count / this.points), LEAST), begin = first;
      first += count;
      return Array.from({ length: full }, (_, i) =>
        Array.from({ length: this.points }, (_, k) => begin + Math.min(i * this.points + k, count - 1)));
    });
  }
}

/** Strokes of any unit as models take them: letters like x one unit high, and as dense as what they learned from. */
export function inXHeights(strokes) {
  const factor = 1 / xHeight(strokes);
  return asDense(strokes.map(stroke => stroke.map(([x, y]) => [x * factor, y * factor])));
}

/** The height of letters like x, from how often a line at each height crosses the strokes: often in their bodies. */
export function xHeight(strokes) {
  const all = strokes.flat(), [left, right] = ends(all, 0), [top, bottom] = ends(all, 1);
  let slope = 0;
  if (right - left > 4 * (bottom - top)) {
    const unit = all.map(([x, y]) => [(x - left) / (right - left), (y - top) / (right - left)]);
    slope = leaning(unit);
  }
  const edges = strokes.flatMap(stroke => {
    const level = stroke.map(([x, y]) => y - slope * (x - left));
    return level.slice(1).map((y, i) => [Math.min(y, level[i]), Math.max(y, level[i])]);
  });
  const moves = [...edges.map(([y]) => [y, 1]), ...edges.map(([, y]) => [y, -1])].sort((a, b) => a[0] - b[0]);
  let crossing = 0, total = 0;
  const zones = moves.slice(1).map(([y], i) => ({ size: y - moves[i][0], crossed: (crossing += moves[i][1]) }));
  for (const { size, crossed } of zones) total += size * crossed;
  if (!(total > 0)) return right - left || bottom - top || 1;
  // The usual number of crossings: half of all upright ink is in zones with as many or more.
  let ink = 0;
  const often = zones.slice().sort((a, b) => b.crossed - a.crossed);
  const usual = often.find(({ size, crossed }) => (ink += size * crossed) >= total / 2).crossed;
  return zones.reduce((height, { size, crossed }) => height + (crossed > 0.7 * usual ? size : 0), 0);
}

function heightsOf(points) {
  const [x, y] = centred(points), wide = span(x) > LEVELLED * span(y), slope = wide ? leaning(points) : 0;
  return y.map((value, i) => Math.min(Math.max(value - slope * x[i], -HIGHEST), HIGHEST));
}

/** How far the points sink on a unit of their width. */
function leaning(points) {
  const [x, y] = centred(points);
  return x.reduce((sum, value, i) => sum + value * y[i], 0) / x.reduce((sum, value) => sum + value * value, 0);
}

function centred(points) {
  return [0, 1].map(axis => {
    const mean = points.reduce((sum, point) => sum + point[axis], 0) / points.length;
    return points.map(point => point[axis] - mean);
  });
}

function ends(points, axis) {
  return points.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);
}

function span(values) {
  const [low, high] = ends(values.map(value => [value]), 0);
  return high - low;
}
