/** A released model, and sequences in the making (seqgen/sampling/drawing.py). */

import { t } from "../language.js";
import { headOf, OPTIONS } from "./heads.js";
import { Network } from "./network.js";
import { placed } from "./products.js";
import { foldIn, keyOf } from "./random.js";
import { readTensors } from "./safetensors.js";

const FORMAT = 1;

export class Model {
  /** config: config.json as it was parsed; weights: the bytes of model.safetensors. Throws for what this page cannot run. */
  constructor(config, weights) {
    if (config.format !== FORMAT) throw new Error(t("format", FORMAT, config.format));
    const tensors = placed(readTensors(weights)), settings = config.model;
    this.config = config;
    this.codec = config.codec;
    this.network = new Network(settings.network, tensors);
    const head = settings.kind === "ctc" ? { kind: "categorical", size: settings.labels + 1 } : settings.head;
    this.head = headOf(head, tensors);
  }

  /** Where a sequence stands before anything was drawn. key: its own, see `rowKey`. A plain value: to go back is to keep it. */
  begin(key, context = {}) {
    return { carry: this.network.start(), input: this.network.nullStep(), key, position: 0, context };
  }

  /** What the network says comes after a state: {carry, said}, said being what the head reads in its features. */
  ask({ carry, input, context }) {
    const next = this.network.step(carry, input, context);
    return { carry: next.carry, said: this.head.read(next.features) };
  }

  /** A step drawn from what was `said` at a state. */
  draw(state, said, options = OPTIONS) {
    return this.head.draw(foldIn(state.key, state.position), said, { ...OPTIONS, ...options });
  }

  /** The state after a step that is drawn at this one: it is the `input` of what it returns. */
  drawn(state, options) {
    const { carry, said } = this.ask(state);
    return this.after(state, carry, this.draw(state, said, options));
  }

  /** The state after a step that is given. */
  told(state, step, drawn = false) {
    return this.after(state, this.network.step(state.carry, state.input, state.context).carry, step, drawn);
  }

  /** The state after a step; `drawn` steps count, those of a prompt do not. */
  after(state, carry, step, drawn = true) {
    return { ...state, carry, input: step, position: state.position + drawn };
  }
}

/** The key of a row of those that are made together from a seed; `parts` of a piece of writing have keys of their own. */
export function rowKey(seed, row = 0, parts = []) {
  return foldIn(parts.reduce(foldIn, keyOf(seed)), row);
}
