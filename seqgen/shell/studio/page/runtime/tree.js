/** All that was written, as a tree: each symbol a node below the one before it, so that any of them can be gone on from. */

import { logSoftmax } from "./logs.js";

// Of so many nodes one keeps its state: from there the others are computed again.
const KEPT = 16;
// Symbols back that a repeat is looked for.
const MEMORY = 1024;
// Alternatives that a node remembers.
const TOLD = 10;

export class Tree {
  /** key: of the draws; another one may take its place at any time. end: the symbol behind which a text begins anew, if there is one. */
  constructor(model, key, end = -1) {
    Object.assign(this, { model, key, end, roots: [] });
    this.begin();
  }

  /** From now on `root` is the one of this name, where nothing is written yet; context: of all that is below a new one. */
  begin(name = "", context = {}) {
    this.root = this.roots.find(root => root.name === name);
    if (!this.root) this.roots.push(this.root = { name, parent: null, depth: 0, children: [], state: this.model.begin(this.key, context) });
  }

  /** A symbol drawn after `node`, as a node: with `nats`, how surprising it was, and `top`, what else was likely, with odds. */
  grow(node, options) {
    const state = this.#stateOf(node), { carry, said } = this.model.ask(state);
    const { repetition = 1, presence = 0, frequency = 0 } = options;
    const bent = repetition > 1 || presence || frequency ? this.#penalised(node, said, repetition, presence, frequency) : said;
    return this.#below(node, state, carry, said, this.model.draw({ ...state, key: this.key }, bent, options), false);
  }

  /** This symbol after `node`; given: it is part of a prompt and counts as no draw. Nothing is computed of what is known. */
  choose(node, symbol, given = false) {
    const found = child(node, symbol, given), top = node.children[0]?.top, known = top?.find(one => one.symbol === symbol);
    if (found) return found;
    if (known) return added(node, { symbol, given, nats: -Math.log(known.odds), top, state: null });
    const state = this.#stateOf(node), { carry, said } = this.model.ask(state);
    return this.#below(node, state, carry, said, symbol, given);
  }

  /** The nodes from the first symbol to this one. */
  path(node) {
    const found = [];
    for (let one = node; one.parent; one = one.parent) found.push(one);
    return found.reverse();
  }

  /** The ends of all branches, the oldest first. */
  leaves() {
    const found = [], open = this.roots.slice().reverse();
    while (open.length) {
      const node = open.pop();
      if (!node.children.length && node.parent) found.push(node);
      open.push(...node.children.slice().reverse());
    }
    return found;
  }

  /** Takes away the branch that ends here, if it does, back to where another one leaves it, or to a node that is `kept`. */
  prune(leaf, kept = this.root) {
    if (leaf === kept || leaf.children.length) return;
    let node = leaf;
    while (node.parent !== kept && node.parent.parent && node.parent.children.length === 1) node = node.parent;
    node.parent.children = node.parent.children.filter(other => other !== node);
  }

  #below(node, state, carry, said, symbol, given) {
    const after = this.#after(this.model.after(state, carry, symbol, !given)), found = child(node, symbol, given);
    node.state = node.depth % KEPT ? null : state;
    if (found) {
      found.state = after;
      return found;
    }
    const likely = logSoftmax(said);
    return added(node, { symbol, given, nats: -likely[symbol], top: likeliest(likely), state: after });
  }

  /** Symbols that were there before are less likely (seqgen/sampling/penalties.py). */
  #penalised(node, said, repetition, presence, frequency) {
    const likely = logSoftmax(said), times = new Map(), { fround } = Math;
    for (let one = node; one.parent && one.symbol !== this.end; one = one.parent) times.set(one.symbol, (times.get(one.symbol) ?? 0) + 1);
    for (const [symbol, count] of times) {
      const less = fround(fround(likely[symbol] * fround(repetition)) - fround(presence));
      likely[symbol] = less - fround(fround(frequency) * count);
    }
    return likely;
  }

  #after(state) {
    return state.input === this.end ? { ...this.model.begin(this.key, state.context), position: state.position } : state;
  }

  #stateOf(node) {
    const missing = [];
    let at = node;
    for (; !at.state; at = at.parent) missing.push(at);
    let { state } = at;
    for (const one of missing.reverse()) {
      state = this.#after(this.model.told(state, one.symbol, !one.given));
      if (one.depth % KEPT === 0) one.state = state;
    }
    return state;
  }
}

/** Of the symbols that are allowed after a node those that make no repeat of more than `longest` (seqgen/sampling/repeats.py). */
export function unrepeated(node, allowed, longest) {
  const recent = [], open = [...allowed]; // the newest first
  for (let one = node; one.parent && recent.length < MEMORY; one = one.parent) recent.push(one.symbol);
  for (let at = 1; at < recent.length; at++) {
    let length = 0;
    while (length < longest && recent[at + length] === recent[length]) length++;
    if (length === longest) open[recent[at - 1]] = false;
  }
  return open;
}

const child = (node, symbol, given) => node.children.find(one => one.symbol === symbol && one.given === given);

function added(node, own) {
  const made = { parent: node, depth: node.depth + 1, children: [], ...own };
  node.children.push(made);
  return made;
}

function likeliest(likely) {
  const order = Array.from(likely.keys()).sort((a, b) => likely[b] - likely[a]);
  return order.slice(0, TOLD).map(symbol => ({ symbol, odds: Math.exp(likely[symbol]) }));
}
