/** All that was written, as a tree: each symbol a node below the one before it, so that any of them can be gone on from. */

import { logSoftmax } from "./logs.js";

const KEPT = 16; // of so many nodes one keeps its state: from there the others are computed again
const TOLD = 10; // alternatives that a node remembers

export class Tree {
  /** key: of the draws; another one may take its place at any time. */
  constructor(model, key) {
    this.model = model;
    this.key = key;
    this.root = { parent: null, depth: 0, children: [], state: model.begin(key) };
  }

  /** A symbol drawn after `node`, as a node: with `nats`, how surprising it was, and `top`, what else was likely, with odds. */
  grow(node, options) {
    return this.#below(node, ({ state, said }) => this.model.draw({ ...state, key: this.key }, said, options), false);
  }

  /** This symbol after `node`; given: it is part of a prompt and counts as no draw. */
  choose(node, symbol, given = false) {
    return this.#below(node, () => symbol, given);
  }

  /** The nodes from the first symbol to this one. */
  path(node) {
    const found = [];
    for (let one = node; one.parent; one = one.parent) found.push(one);
    return found.reverse();
  }

  /** The ends of all branches, the oldest first. */
  leaves() {
    const found = [], open = [this.root];
    while (open.length) {
      const node = open.pop();
      if (!node.children.length && node.parent) found.push(node);
      open.push(...node.children.slice().reverse());
    }
    return found;
  }

  /** Takes away the branch that ends here, back to where another one leaves it; returns the node from which it left. */
  prune(leaf) {
    let node = leaf;
    while (node.parent && node.parent.children.length === 1) node = node.parent;
    if (!node.parent) return node;
    node.parent.children = node.parent.children.filter(other => other !== node);
    return node.parent;
  }

  #below(node, chosen, given) {
    const state = this.#stateOf(node), { carry, said } = this.model.ask(state);
    const symbol = chosen({ state, said });
    const after = this.model.after(state, carry, symbol, !given);
    let child = node.children.find(one => one.symbol === symbol);
    if (child) child.state = after; // whoever goes over known ground computes nothing twice
    else {
      const likely = logSoftmax(said);
      child = {
        parent: node, depth: node.depth + 1, children: [], symbol, given, nats: -likely[symbol], top: likeliest(likely), state: after,
      };
      node.children.push(child);
    }
    if (node.depth % KEPT) node.state = null;
    return child;
  }

  #stateOf(node) {
    const missing = [];
    let at = node;
    for (; !at.state; at = at.parent) missing.push(at);
    let { state } = at;
    for (const { symbol, given } of missing.reverse()) state = this.model.told(state, symbol, !given);
    return state;
  }
}

function likeliest(likely) {
  const order = Array.from(likely.keys()).sort((a, b) => likely[b] - likely[a]);
  return order.slice(0, TOLD).map(symbol => ({ symbol, odds: Math.exp(likely[symbol]) }));
}
