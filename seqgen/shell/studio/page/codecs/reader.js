/** A recogniser: what a line of ink says, letter by letter (domains/handwriting/recognition/reader.py). */

import { align, beamSearch } from "../runtime/decoding.js";
import { logSoftmax } from "../runtime/logs.js";
import { Features, inXHeights, xHeight } from "./features.js";

// Letters that are told of a place.
const LIKELY = 5;

export class Reader {
  constructor(model) {
    this.model = model;
    this.codec = new Features(model.codec);
  }

  /** What strokes of any unit say: {text, letters, others, points}.
   *
   * letters: `{letter, likely, first, last}`, likely being `[{letter, odds}]` of what may stand there if anything does; first and
   * last number the points by which it was known. others: `{text, odds}`. points: `[x, y]` as the model takes them, in the
   * unit of `strokes`.
   */
  read(strokes) {
    const height = xHeight(strokes), dense = inXHeights(strokes), { steps, places } = this.codec.encode(dense);
    const logProbs = this.logProbs(steps), found = beamSearch(logProbs), best = found[0].labels;
    const total = found.reduce((sum, { nats }) => sum + Math.exp(nats - found[0].nats), 0);
    const letters = align(logProbs, best).map(([first, last], i) => {
      const own = logProbs.slice(first, last + 1).reduce((most, now) => now[best[i]] > most[best[i]] ? now : most);
      return { letter: this.codec.letters[best[i]], likely: this.#likely(own), first: places[first], last: places[last] };
    });
    const texts = found.map(({ labels, nats }) => ({ text: labels.map(label => this.codec.letters[label]).join(""), odds: Math.exp(nats - found[0].nats) / total }));
    return { text: texts[0].text, letters, others: texts, points: dense.flat().map(point => point.map(value => value * height)) };
  }

  /** Log-probabilities of labels and blank at every step. */
  logProbs(steps) {
    return this.model.network.unroll(steps).map(features => logSoftmax(this.model.head.read(features)));
  }

  #likely(now) {
    const blank = now.length - 1, rest = 1 - Math.exp(now[blank]);
    return [...now.subarray(0, blank).keys()].sort((a, b) => now[b] - now[a]).slice(0, LIKELY)
      .map(label => ({ letter: this.codec.letters[label], odds: Math.exp(now[label]) / rest }));
  }
}
