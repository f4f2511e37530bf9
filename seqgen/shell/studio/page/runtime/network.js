/** Stacks of recurrent layers (seqgen/nn/stack.py), from the settings in config.json and the weights beside it. */

import { greatest, joined, LSTM, Window, windowWeights } from "./layers.js";
import { Registers } from "./registers.js";

export class Network {
  /** weights: `{name: {shape, data}}`, those of the network named "network/...". */
  constructor(settings, weights) {
    this.settings = settings;
    this.parts = settings.spec.kind === "joint" ? settings.spec.parts : [settings.spec];
    this.table = number => weights[`network/table${number}`];
    this.sourceTable = weights["network/source_table"];
    this.staticTable = weights["network/static_table"];
    this.registers = settings.registers ? new Registers(settings.registers) : null;
    this.registerTable = number => weights[`network/register${number}`];
    const count = Array.isArray(settings.layers) ? settings.layers.length : settings.layers;
    this.layers = Array.from({ length: count }, (_, i) =>
      (settings.bidirectional ? ["forward", "backward"] : ["cell"]).map(way => built(weights, `network/layer${i}/${way}/`)));
  }

  /** What conditions a sequence. source: ids to write; vector: of whose hand it is, or what a table's row says; or one for each
   * entry of the source, seen where the window was before. */
  context({ source = null, vector = null } = {}) {
    return { memory: source && [...source].map(id => row(this.sourceTable, id)), vector };
  }

  /** The vector of one of the names of hands or labels, or of some mixed by weight, `{oak: 0.6, birch: 0.4}`; null where there are none. */
  vector(names, mixed) {
    if (!names.length) return null;
    const vector = new Float64Array(this.settings.static_width);
    let total = 0;
    for (const [name, weight] of Object.entries(mixed)) {
      total += weight;
      row(this.staticTable, names.indexOf(name)).forEach((value, i) => { vector[i] += weight * value; });
    }
    return Float32Array.from(vector, value => value / total);
  }

  start() {
    const sums = new Float32Array((this.settings.running || []).length);
    return { layers: this.layers.map(([cell]) => cell.start()), sums, registers: this.registers?.start() };
  }

  /** The input that opens a sequence. */
  nullStep() {
    const steps = this.parts.map(part => part.kind === "discrete" ? part.size : new Float32Array(part.dim));
    return this.settings.spec.kind === "joint" ? steps : steps[0];
  }

  /** One position: the next carry, and what a head reads. A carry is never changed, so that an old one can be gone on from. */
  step(carry, input, context = {}) {
    const { skip, running = [] } = this.settings;
    const values = this.vectors(input);
    const sums = carry.sums.map((sum, i) => sum + values[running[i]]);
    const registers = this.registers?.read(carry.registers, input);
    const told = registers ? this.registers.rows(registers).map((chosen, i) => row(this.registerTable(i), chosen)) : [];
    const vector = Array.isArray(context.vector) ? entry(carry, context) : context.vector;
    const x = this.embed(input, [sums, ...told], vector);
    const layers = [], outputs = [], seen = [];
    let below = x;
    this.layers.forEach(([cell], i) => {
      const after = cell.step(carry.layers[i], below, context.memory);
      const [own, ...read] = cell.features(after);
      layers.push(after);
      if (skip) seen.push(...read);
      const out = skip ? own : joined(own, ...read);
      outputs.push(out);
      below = skip ? joined(out, x, ...seen) : out;
    });
    const features = skip ? joined(...outputs, ...seen) : below;
    const ends = registers ? [this.registers.place(registers)] : this.settings.static_read ? [vector] : [];
    return { carry: { layers, sums, registers }, features: ends.length ? joined(features, ...ends) : features };
  }

  /** A whole sequence of inputs, also of a network that reads both ways: features of every position. */
  unroll(inputs) {
    let sequence = inputs.map(input => this.embed(input, [], null));
    for (const ways of this.layers) {
      const read = ways.map((cell, way) => {
        let carry = cell.start();
        const order = way ? sequence.slice().reverse() : sequence;
        const outputs = order.map(x => (carry = cell.step(carry, x)).hidden);
        return way ? outputs.reverse() : outputs;
      });
      sequence = sequence.map((_, t) => joined(...read.map(outputs => outputs[t])));
    }
    return sequence;
  }

  steps(input) {
    return this.settings.spec.kind === "joint" ? input : [input];
  }

  vectors(input) {
    return this.steps(input).flatMap((values, i) => this.parts[i].kind === "discrete" ? [] : [...values]);
  }

  embed(input, more, vector) {
    let tables = 0;
    const parts = this.steps(input).map((values, i) => this.parts[i].kind === "discrete" ? row(this.table(tables++), values) : values);
    return joined(...parts, ...more, ...(vector ? [vector] : []));
  }
}

/** Row `index` of a matrix. */
export function row({ shape: [, width], data }, index) {
  return data.subarray(index * width, (index + 1) * width);
}

/** The vector of what the window of a carry sees most. */
function entry({ layers }, { memory, vector }) {
  return vector[greatest(windowWeights(layers.find(({ alpha }) => alpha), memory.length))];
}

function built(weights, prefix) {
  const own = {};
  for (const [name, { data }] of Object.entries(weights)) if (name.startsWith(prefix)) own[name.slice(prefix.length)] = data;
  if (!("window_kernel" in own)) return new LSTM(own);
  const lstm = {};
  for (const [name, data] of Object.entries(own)) if (name.startsWith("lstm/")) lstm[name.slice(5)] = data;
  const entry = own.seen_kernel.length / lstm.bias.length;
  return new Window(own, new LSTM(lstm), entry);
}
