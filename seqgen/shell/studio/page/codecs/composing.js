/** A piece in the making, symbol after symbol, by models of the grid and of beats. */

import { barlines, begun, ends, Song } from "./beats.js";
import { opening, Piece, plan } from "./grid.js";

const BUSY = 1000; // symbols of a bar of beats, at most

export const written = model => model.codec.kind === "beats";

/** {piece, step(options), part}: `step` draws a symbol more and says whether others are to come, `part` is how much is there, 0 to 1.
 *
 * key: of the draws. Of beats meter, tonality (the number of a key) and bpm may be null: the model says them. rule: of voices.
 */
export function composing(model, key, { meter = null, bars, tonality = null, bpm = null, rule }) {
  const beats = written(model), piece = beats ? new Song(model.codec.tonic) : new Piece();
  const given = beats ? begun(meter, tonality, bpm) : tonality === null ? [] : opening(tonality, meter);
  const rows = beats ? null : plan(meter, bars, model.codec.ranges, given.length > 0), own = beats ? barlines(bars) : rule;
  let state = model.begin(key), known = own?.start;
  const read = symbol => {
    known = own?.read(known, symbol);
    piece.add(symbol);
  };
  for (const symbol of given) {
    state = model.told(state, symbol);
    read(symbol);
  }
  return {
    piece,
    step(options) {
      const { carry, said } = model.ask(state);
      const symbol = model.draw(state, own ? own.bend(known, said) : said, { ...options, allowed: rows?.[state.position] });
      state = model.after(state, carry, symbol);
      read(symbol);
      return rows ? state.position < rows.length : !ends(symbol) && state.position < BUSY * bars;
    },
    get part() {
      return rows ? state.position / rows.length : known.bars / (bars + 1);
    },
  };
}
