/** From a CTC reader's probabilities to labels (seqgen/models/decoding.py): prefix beam search, and where each label stands. */

import { logAdd } from "./logs.js";

const BEAM = 16;
const LEAST = -9; // nats: a label that is less likely at a place is not tried there

/** The likeliest labels, best first, at most `beam`: `{labels, nats}`. logProbs: of labels and, last, the blank at every place. */
export function beamSearch(logProbs, beam = BEAM) {
  const root = { parent: null, label: -1, children: new Map() };
  // Nats of layouts that end in a blank, and in the last label.
  let rows = [{ node: root, blank: 0, label: -Infinity }];
  for (const now of logProbs) {
    const labels = now.length - 1, next = new Map();
    const into = (node, blank, label) => {
      const row = next.get(node);
      if (!row) next.set(node, { node, blank, label });
      else [row.blank, row.label] = [logAdd(row.blank, blank), logAdd(row.label, label)];
    };
    for (const { node, blank, label } of rows) {
      const total = logAdd(blank, label);
      into(node, total + now[labels], node.label < 0 ? -Infinity : label + now[node.label]);
      for (let k = 0; k < labels; k++) {
        if (now[k] < LEAST) continue;
        if (!node.children.has(k)) node.children.set(k, { parent: node, label: k, children: new Map() });
        into(node.children.get(k), -Infinity, (k === node.label ? blank : total) + now[k]); // after itself beyond a blank only
      }
    }
    rows = [...next.values()].map(row => ({ ...row, total: logAdd(row.blank, row.label) }))
      .sort((a, b) => b.total - a.total).slice(0, beam);
  }
  return rows.map(({ node, total }) => ({ labels: labelsOf(node), nats: total ?? 0 }));
}

/** Where each label stands in the likeliest layout, `[[first, last], ...]` (Viterbi). */
export function align(logProbs, labels) {
  const blank = logProbs[0].length - 1, states = [blank, ...labels.flatMap(label => [label, blank])];
  const skips = states.map((label, s) => s > 1 && label !== blank && label !== states[s - 2]);
  let best = states.map((_, s) => s < 2 ? 0 : -Infinity);
  const came = logProbs.map((now, t) => {
    const steps = states.map((_, s) => {
      const ways = [best[s], t && s ? best[s - 1] : -Infinity, t && skips[s] ? best[s - 2] : -Infinity];
      return ways.reduce((most, way, i) => way > ways[most] ? i : most, 0);
    });
    const before = best;
    best = states.map((label, s) => before[s - steps[s]] + now[label]);
    return steps;
  });
  let state = states.length - 1;
  if (state && best[state] < best[state - 1]) state--;
  const spans = labels.map(() => null);
  for (let t = logProbs.length - 1; t >= 0; state -= came[t--][state]) {
    if (state % 2) spans[state >> 1] = [t, spans[state >> 1]?.[1] ?? t];
  }
  return spans;
}

function labelsOf(node) {
  const found = [];
  for (let one = node; one.parent; one = one.parent) found.push(one.label);
  return found.reverse();
}
