/** What a network's features mean (seqgen/heads): symbols, points of a pen, or both; and how one of them is drawn. */

import { logAdd, logSoftmax } from "./logs.js";
import { categorical, foldIn, normal, splitPart } from "./random.js";
import { row } from "./network.js";
import { addProduct } from "./products.js";

const f32 = Math.fround;
const MOST_R = 8;

/** How to draw: as `seqgen.Options`. allowed: a list of booleans, or null for all symbols. */
export const OPTIONS = { temperature: 1, topK: 0, topP: 1, minP: 0, bias: 0, allowed: null };

/** The head of the settings; its weights have names that begin with `prefix`. */
export function headOf(settings, weights, prefix = "head/") {
  return new HEADS[settings.kind](settings, weights, prefix);
}

class Categorical {
  constructor(settings, weights, prefix) {
    this.settings = settings;
    this.kernel = weights[`${prefix}kernel`].data;
    this.bias = weights[`${prefix}bias`].data;
    this.table = weights["network/table0"];
  }

  /** Unnormalised log-probabilities. */
  read(features) {
    if (!this.settings.tied) return addProduct(this.bias.slice(), features, this.kernel);
    const own = addProduct(new Float32Array(this.settings.tied), features, this.kernel);
    return this.bias.map((bias, id) => row(this.table, id).reduce((total, value, i) => total + value * own[i], bias));
  }

  draw(key, logits, options) {
    const power = 1 + options.bias;
    const open = logits.map((logit, id) => !options.allowed || options.allowed[id] ? logit * power : -Infinity);
    return categorical(key, filtered(open, options));
  }
}

/** A softmax in part by how far a symbol lies from where its stream stands (seqgen/heads/relative.py). */
class Relative extends Categorical {
  read(features) {
    const { size, values, period } = this.settings, [last, origin] = features.slice(-2);
    const scores = addProduct(this.bias.slice(), features.subarray(0, -2), this.kernel);
    const own = scores.slice(0, size), hold = scores.at(-1);
    const turned = (first, count, by, i) => scores[first + ((i - by) % count + count) % count];
    for (let i = 0; i < values; i++) {
      own[i] += turned(size, values, Math.max(last, 0), i) + (origin < 0 ? 0 : turned(size + values, period, origin, i));
    }
    if (last >= 0) own[values + last] += hold;
    return own;
  }
}

class Mixture {
  constructor(settings, weights, prefix) {
    this.settings = settings;
    this.kernel = weights[`${prefix}kernel`].data;
    this.bias = weights[`${prefix}bias`].data;
  }

  /** The Gaussians: logWeights `[K]`, means and logSigmas `[[K], [K]]`, r `[K]`. */
  read(features) {
    const raw = addProduct(this.bias.slice(), features, this.kernel), K = this.settings.components;
    const part = number => raw.slice(number * K, (number + 1) * K);
    const floor = this.settings.sigma_floor;
    const widened = values => floor ? values.map(value => logAdd(value, Math.log(floor))) : values;
    return {
      logWeights: logSoftmax(part(0)),
      means: [part(1), part(2)],
      logSigmas: [widened(part(3)), widened(part(4))],
      r: part(5).map(value => MOST_R * Math.tanh(value / MOST_R)),
    };
  }

  draw(key, { logWeights, means, logSigmas, r }, options) {
    const likely = filtered(logWeights.map(value => value * (1 + options.bias)), options);
    const scale = Math.sqrt(options.temperature) * Math.exp(-options.bias);
    const pick = categorical(splitPart(key, 0), likely), noise = splitPart(key, 1);
    const first = normal(noise, 0), second = normal(noise, 1);
    const z = [first, Math.tanh(r[pick]) * first + second / Math.cosh(r[pick])];
    return Float32Array.from(z, (value, i) => means[i][pick] + scale * Math.exp(logSigmas[i][pick]) * value);
  }
}

class Joint {
  constructor(settings, weights, prefix) {
    this.heads = settings.heads.map((own, i) => headOf(own, weights, `${prefix}${i}/`));
  }

  read(features) {
    return this.heads.map(head => head.read(features));
  }

  draw(key, parts, options) {
    return this.heads.map((head, i) => head.draw(foldIn(key, i), parts[i], options));
  }
}

const HEADS = { categorical: Categorical, relative: Relative, mixture: Mixture, joint: Joint };

/** Logits after temperature, top-k, top-p and min-p, in this order; what is dropped is -Infinity. */
export function filtered(logits, { temperature, topK, topP, minP }) {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  if (temperature <= 0) return logits.map((_, id) => id === best ? 0 : -Infinity);
  const scaled = logits.map(logit => f32(f32(logit - logits[best]) / f32(temperature)));
  const kept = Array.from(scaled, value => Math.exp(value) >= minP);
  if (topK > 0 || topP < 1) {
    const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
    const within = topK > 0 ? order.slice(0, topK) : order;
    const total = within.reduce((sum, id) => sum + Math.exp(scaled[id]), 0);
    order.slice(within.length).forEach(id => { kept[id] = false; });
    let before = 0;
    for (const id of within) {
      if (topP < 1 && before >= topP) kept[id] = false;
      before = f32(before + Math.exp(scaled[id]) / total);
    }
  }
  return scaled.map((value, id) => kept[id] || id === best ? value : -Infinity);
}
