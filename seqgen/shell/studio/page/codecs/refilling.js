/** Voices of a piece that are sung anew in some of its bars, while all else stays (seqgen/domains/music/voices/filling.py). */

import { fill } from "../runtime/particles.js";
import { anew, given, Piece } from "./grid.js";

// Symbols behind the last that is drawn, which still say how well it fits.
const AFTER = 320;

/** Yields how much is done, 0 to 1; returns the new piece. bars: the first and the last of them, from 1 on; the rest is as `fill` takes it. */
export function* refill(model, piece, { meter, voices, bars: [first, last], ...how }) {
  const from = piece.bars[first - 1], to = piece.bars[last] ?? piece.steps;
  const { steps, ...asked } = given(meter, piece.bars.length, anew(piece, voices, from, to), model.codec.ranges, piece.key);
  const until = steps.lastIndexOf(-1) + 1 + AFTER, made = new Piece();
  const found = yield* fill(model, { ...asked, ...how, steps: steps.slice(0, until) });
  for (const symbol of [...found, ...steps.slice(until)]) made.add(symbol);
  made.close();
  return made;
}
