/** Sequential Monte Carlo (seqgen/sampling/particles.py): draws what is free of a sequence, given symbols that stand later in it. */

import { OPTIONS } from "./heads.js";
import { logSoftmax, logSum } from "./logs.js";
import { categorical, foldIn, keyOf, uniform } from "./random.js";

const FREE = { start: null, read: () => null, bend: (_, scores) => scores };
const ENOUGH = 0.5; // of the particles must carry weight, or they are drawn anew

/** One way to fill the gaps, drawn in proportion to its weight; a generator of how much is done, 0 to 1, that returns the symbols.
 *
 * steps: symbols, -1 where one is to be drawn; allowed: which may come, a list of booleans a step; turns: booleans, after which
 * steps particles may be dropped for others. bias: nats that symbols gain, a list a step or nothing. rule: `{start, read, bend}`,
 * what it knows before and after a symbol, and the scores as it leaves them.
 */
export function* fill(model, { steps, allowed, turns, bias = [], rule = FREE, particles, seed, temperature = 1 }) {
  const key = foldIn(keyOf(seed), 0), begin = steps.indexOf(-1), turn = foldIn(key, particles);
  let state = model.begin(key);
  for (const symbol of steps.slice(0, begin)) state = model.told(state, symbol);
  const known = steps.slice(0, begin).reduce(rule.read, rule.start);
  let flock = Array.from({ length: particles }, (_, n) => ({ state, known, key: foldIn(key, n), weight: 0, path: null }));
  for (let at = begin; at < steps.length; at++) {
    const position = at - begin;
    flock = flock.map(one => {
      const { carry, said } = model.ask(one.state);
      const open = logSoftmax(said).map((nats, symbol) => steps[at] >= 0 || allowed[at][symbol] ? nats + (bias[at]?.[symbol] ?? 0) : -Infinity);
      const likely = rule.bend(one.known, open);
      const symbol = steps[at] >= 0 ? steps[at] : model.head.draw(foldIn(one.key, position), likely, { ...OPTIONS, temperature });
      const gain = steps[at] >= 0 ? likely[symbol] : logSum(likely);
      return { ...one, state: model.after(one.state, carry, symbol), known: rule.read(one.known, symbol), weight: one.weight + gain, path: { symbol, before: one.path } };
    });
    const total = logSum(flock.map(({ weight }) => weight));
    const effective = 1 / flock.reduce((sum, { weight }) => sum + Math.exp(2 * (weight - total)), 0);
    if (turns[at] && effective < ENOUGH * particles) {
      const parents = systematic(foldIn(turn, position), flock.map(({ weight }) => weight)).map(parent => flock[parent]);
      flock = parents.map(({ state, known, path }, n) => ({ state, known, path, key: flock[n].key, weight: total - Math.log(particles) }));
    }
    yield (position + 1) / (steps.length - begin);
  }
  const chosen = flock[categorical(foldIn(key, particles + 1), flock.map(({ weight }) => weight))];
  const drawn = [];
  for (let one = chosen.path; one; one = one.before) drawn.push(one.symbol);
  return [...steps.slice(0, begin), ...drawn.reverse()];
}

/** The particle that each goes on from (Kitagawa 1996). */
function systematic(key, weights) {
  const most = weights.reduce((a, b) => Math.max(a, b)), shares = weights.map(weight => Math.exp(weight - most));
  const total = shares.reduce((a, b) => a + b), point = uniform(key, 0);
  let at = 0, sum = shares[0] / total;
  return weights.map((_, n) => {
    while ((n + point) / weights.length >= sum && at < weights.length - 1) sum += shares[++at] / total;
    return at;
  });
}
