/** The recurrent cells, one position at a time: pure functions from a carry to the next one (seqgen/nn/lstm.py, window_cell.py). */

import { addProduct } from "./products.js";

const MOST_LOG = 30;

/** The vectors one after another. */
export function joined(...vectors) {
  const whole = new Float32Array(vectors.reduce((total, vector) => total + vector.length, 0));
  let at = 0;
  for (const vector of vectors) {
    whole.set(vector, at);
    at += vector.length;
  }
  return whole;
}

const sigmoid = x => 1 / (1 + Math.exp(-x));

function normalised(vector) {
  const mean = vector.reduce((total, x) => total + x, 0) / vector.length;
  const variance = vector.reduce((total, x) => total + (x - mean) ** 2, 0) / vector.length;
  return vector.map(x => (x - mean) / Math.sqrt(variance + 1e-5));
}

const times = (vector, scale) => vector.map((x, i) => x * scale[i]);

/** An LSTM: `weights` by their names in a cell, without the slash before. Carry: {hidden, cell}. */
export class LSTM {
  constructor(weights) {
    this.weights = weights;
    this.units = weights.bias.length / 4;
  }

  start() {
    const { first } = this.weights, { units } = this;
    if (first) return { hidden: first.slice(0, units), cell: first.slice(units) };
    return { hidden: new Float32Array(units), cell: new Float32Array(units) };
  }

  step(carry, input) {
    return this.after(carry, input);
  }

  /** The next carry, where what a window has `seen` enters, too. */
  after(carry, input, seen = null, seenKernel = null) {
    const { input_kernel, hidden_kernel, bias, input_scale, hidden_scale, cell_scale, cell_bias } = this.weights;
    let gates = input_scale
      ? times(normalised(addProduct(new Float32Array(bias.length), input, input_kernel)), input_scale).map((x, i) => x + bias[i])
      : addProduct(bias.slice(), input, input_kernel);
    const recurrent = hidden_scale ? new Float32Array(bias.length) : gates;
    addProduct(recurrent, carry.hidden, hidden_kernel);
    if (seen) addProduct(recurrent, seen, seenKernel);
    if (hidden_scale) gates = times(normalised(recurrent), hidden_scale).map((x, i) => x + gates[i]);
    const { units } = this, cell = new Float32Array(units), hidden = new Float32Array(units);
    for (let k = 0; k < units; k++) {
      cell[k] = sigmoid(gates[units + k]) * carry.cell[k] + sigmoid(gates[k]) * Math.tanh(gates[2 * units + k]);
    }
    const shown = cell_scale ? times(normalised(cell), cell_scale).map((x, i) => x + cell_bias[i]) : cell;
    for (let k = 0; k < units; k++) hidden[k] = sigmoid(gates[3 * units + k]) * Math.tanh(shown[k]);
    return { hidden, cell };
  }

  /** What is above is given these. */
  features(carry) {
    return [carry.hidden];
  }
}

/** An LSTM with Graves' window over a memory. Carry: {lstm, alpha, beta, position, seen}. */
export class Window {
  constructor(weights, lstm, entry) {
    this.weights = weights;
    this.lstm = lstm;
    this.units = lstm.units;
    this.entry = entry;
    this.components = weights.window_bias.length / 3;
  }

  start() {
    const none = new Float32Array(this.components);
    return { lstm: this.lstm.start(), alpha: none, beta: none, position: none, seen: new Float32Array(this.entry) };
  }

  step(carry, input, memory) {
    const { window_kernel, window_bias, seen_kernel } = this.weights, K = this.components;
    const lstm = this.lstm.after(carry.lstm, input, carry.seen, seen_kernel);
    const window = addProduct(window_bias.slice(), lstm.hidden, window_kernel).map(x => Math.exp(Math.min(x, MOST_LOG)));
    const alpha = window.slice(0, K), beta = window.slice(K, 2 * K);
    const position = carry.position.map((x, k) => x + window[2 * K + k]);
    const next = { lstm, alpha, beta, position, seen: new Float32Array(this.entry) };
    const weights = windowWeights(next, memory.length);
    memory.forEach((entry, u) => entry.forEach((value, i) => { next.seen[i] += weights[u] * value; }));
    return next;
  }

  features(carry) {
    return [carry.lstm.hidden, carry.seen];
  }
}

/** Where the greatest of some values is, the first of them. */
export function greatest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** How much of each of `count` entries the window sees as it stands. */
export function windowWeights({ alpha, beta, position }, count) {
  const weights = new Float32Array(count);
  for (let u = 0; u < count; u++) {
    for (let k = 0; k < alpha.length; k++) weights[u] += alpha[k] * Math.exp(-beta[k] * (position[k] - u) ** 2);
  }
  return weights;
}
