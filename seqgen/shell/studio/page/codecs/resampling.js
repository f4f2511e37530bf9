/** Strokes as densely as models take them (domains/handwriting/resampling.py): pens give far more points than a model learned. */

// As there, where it is said what they are.
const SHORT = 0.10, LONG = 0.38, ALIKE = 1.6, APART = 0.012, FINE = 0.02, BLUR = 0.05, CUSP = 1.75, MOST = 20_000, MOST_NEW = 50;

const count = strokes => strokes.reduce((total, stroke) => total + stroke.length, 0);

/** Strokes in x-heights of about as many points as a model learned from, if they have many more. */
export function asDense(strokes) {
  const made = strokes.map(resampled);
  return count(strokes) > ALIKE * count(made) ? made : strokes;
}

export function resampled(stroke) {
  const points = stroke.filter((point, i) => !i || point[0] !== stroke[i - 1][0] || point[1] !== stroke[i - 1][1]);
  const length = lengths(points).reduce((total, step) => total + step, 0);
  if (length < SHORT / 2) return points.slice(0, 1); // a dot
  const places = sums(lengths(points)), numbers = [...points.keys()];
  const fineSteps = Math.min(Math.max(Math.trunc(length / FINE), 4), MOST);
  const fine = spread(0, length, fineSteps + 1).map(at => interpolated(at, places, numbers));
  const curve = smooth(catmullRom(points, fine), length / fineSteps);
  const step = curvature(curve).map(bend => Math.min(Math.max(Math.sqrt(8 * APART / Math.max(bend, 1e-9)), SHORT), LONG));
  const wanted = sums(lengths(curve).map((own, i) => own * (1 / step[i + 1] + 1 / step[i]) / 2));
  const pieces = Math.min(Math.max(roundEven(wanted.at(-1)), 1), MOST_NEW * points.length);
  const axes = [0, 1].map(axis => curve.map(point => point[axis]));
  return spread(0, wanted.at(-1), pieces + 1).map(at => axes.map(values => interpolated(at, wanted, values)));
}

/** To the nearest whole number, a half to the even one. */
export function roundEven(value) {
  const whole = Math.round(value);
  return whole - value === 0.5 && whole % 2 ? whole - 1 : whole;
}

/** Hermite pieces with centripetal tangents, at places in numbers of points. */
function catmullRom(points, places) {
  const axes = [0, 1];
  if (points.length < 3) {
    return places.map(at => axes.map(axis => interpolated(at, [...points.keys()], points.map(point => point[axis]))));
  }
  const knots = lengths(points).map(Math.sqrt);
  const slopes = knots.map((knot, i) => axes.map(axis => (points[i + 1][axis] - points[i][axis]) / knot));
  const inner = knots.slice(1).map((knot, i) => axes.map(axis =>
    (slopes[i][axis] * knot + slopes[i + 1][axis] * knots[i]) / (knot + knots[i])));
  const tangents = [slopes[0], ...inner, slopes.at(-1)];
  return places.map(place => {
    const at = Math.min(Math.trunc(place), points.length - 2), t = place - at, width = knots[at];
    return axes.map(axis =>
      (1 + 2 * t) * (1 - t) ** 2 * points[at][axis] + t * (1 - t) ** 2 * width * tangents[at][axis]
      + t ** 2 * (3 - 2 * t) * points[at + 1][axis] - t ** 2 * (1 - t) * width * tangents[at + 1][axis]);
  });
}

/** Blurred along the arc between its ends and cusps, which stay where they are. */
function smooth(curve, step) {
  const reach = Math.max(roundEven(2 * BLUR / step), 1);
  if (curve.length < 2 * reach + 3) return curve;
  const turns = curve.slice(2 * reach).map((end, i) =>
    Math.abs(angle(difference(curve[i + reach], curve[i]), difference(end, curve[i + reach]))));
  const cusps = [];
  for (let i = 0; i < turns.length; i++) {
    if (turns[i] <= CUSP) continue;
    let best = i;
    for (; i < turns.length && turns[i] > CUSP; i++) if (turns[i] > turns[best]) best = i;
    cusps.push(best + reach);
  }
  const made = curve.slice(), ends = [0, ...cusps, curve.length - 1];
  ends.slice(1).forEach((end, i) => {
    blurred(curve.slice(ends[i], end + 1), BLUR / step).forEach((point, k) => { made[ends[i] + k] = point; });
  });
  return made;
}

function blurred(part, sigma) {
  const half = Math.min(roundEven(3 * sigma), part.length - 1);
  if (half < 1) return part;
  const weights = Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0), last = part.length - 1;
  // Mirrored through its ends, so that they stay and the part does not shrink.
  const at = (i, axis) => i < 0 ? 2 * part[0][axis] - part[-i][axis] : i > last ? 2 * part[last][axis] - part[2 * last - i][axis] : part[i][axis];
  return part.map((_, k) => [0, 1].map(axis => weights.reduce((sum, weight, i) => sum + weight / total * at(k + half - i, axis), 0)));
}

/** At each point, radians for a unit of length. */
function curvature(curve) {
  const steps = lengths(curve), moves = curve.slice(1).map((point, i) => difference(point, curve[i]));
  const bends = moves.slice(1).map((move, i) => Math.abs(angle(moves[i], move)) / Math.max((steps[i] + steps[i + 1]) / 2, 1e-12));
  return [bends[0], ...bends, bends.at(-1)];
}

const difference = (a, b) => [a[0] - b[0], a[1] - b[1]];
const angle = (a, b) => Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
const lengths = points => points.slice(1).map((point, i) => Math.hypot(point[0] - points[i][0], point[1] - points[i][1]));

function sums(values) {
  let total = 0;
  return [0, ...values.map(value => (total += value))];
}

const spread = (from, to, size) => Array.from({ length: size }, (_, i) => i === size - 1 ? to : from + i * (to - from) / (size - 1));

/** The value at `at` between those of two of the rising `places`. */
function interpolated(at, places, values) {
  if (at <= places[0]) return values[0];
  if (at >= places.at(-1)) return values.at(-1);
  let low = 0, high = places.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle] <= at) low = middle;
    else high = middle;
  }
  return values[low] + (values[high] - values[low]) / (places[high] - places[low]) * (at - places[low]);
}
