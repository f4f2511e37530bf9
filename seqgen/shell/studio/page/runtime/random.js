/**
 * JAX's random numbers, so that a seed makes here what it makes on the command line.
 *
 * Threefry-2x32 with 20 rounds (Salmon and others 2011, Parallel random numbers: as easy as 1, 2, 3), keys and counters laid
 * out as JAX does with `jax_threefry_partitionable`: number i of a key is the exclusive or of the two words of counter i.
 */

const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]];
const PARITY = 0x1bd11bda;
const TINY = 2 ** -126; // the smallest normal float32
const f32 = Math.fround;

/** Two words of 32 bits from a key `[a, b]` and a counter of two words. */
export function threefry(key, high, low) {
  const keys = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
  let x = (high + keys[0]) | 0, y = (low + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (const turn of ROTATIONS[group % 2]) {
      x = (x + y) | 0;
      y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    }
    x = (x + keys[(group + 1) % 3]) | 0;
    y = (y + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

/** The key of a seed from 0 to 2^32 - 1. */
export const keyOf = seed => [0, seed >>> 0];

export const foldIn = (key, number) => threefry(key, 0, number);

/** Key number `part` of those that a key is split into. */
export const splitPart = foldIn;

function bits(key, index) {
  const [x, y] = threefry(key, 0, index);
  return (x ^ y) >>> 0;
}

/** Number `index` of a key's numbers, uniform from `low` to below `high`, float32. */
export function uniform(key, index, low = 0, high = 1) {
  const unit = (bits(key, index) >>> 9) * 2 ** -23; // as many digits as float32 has
  return Math.max(f32(low), f32(f32(unit * f32(high - low)) + f32(low)));
}

/** Number `index` of a key's numbers, Gumbel-distributed. */
export function gumbel(key, index) {
  return -f32(Math.log(-f32(Math.log(uniform(key, index, TINY, 1)))));
}

/** A symbol with the probabilities that these logits stand for (Gumbel-max). */
export function categorical(key, logits) {
  let best = -Infinity, chosen = 0;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] === -Infinity) continue; // rarely are many left: most need no number
    const score = f32(gumbel(key, i) + logits[i]);
    if (score > best) [best, chosen] = [score, i];
  }
  return chosen;
}

/** Number `index` of a key's numbers, of the normal distribution. */
export function normal(key, index) {
  return f32(f32(Math.SQRT2) * inverseErf(uniform(key, index, -1 + 2 ** -24, 1)));
}

// Giles, Approximating the erfinv function (2012), table of single precision.
const CENTRAL = [2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
  -0.00417768164, 0.246640727, 1.50140941];
const TAIL = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682];

function inverseErf(x) {
  const w = f32(-Math.log1p(-x * x));
  const central = w < 5;
  const at = central ? w - 2.5 : Math.sqrt(w) - 3;
  const value = (central ? CENTRAL : TAIL).reduce((total, coefficient) => f32(f32(total * at) + coefficient), 0);
  return Math.abs(x) === 1 ? x * Infinity : f32(value * x);
}
