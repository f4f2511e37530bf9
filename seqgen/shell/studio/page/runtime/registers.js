/** What streams that take turns wrote last (seqgen/nn/inputs/registers.py): what a network is told of how they lie to one another. */

const FARTHEST = 48, STEP = 12; // differences, and moves, beyond which all are alike
const NONE = -1;

export const modulo = (value, size) => ((value % size) + size) % size;

export class Registers {
  constructor({ count, values, origin, period, paired }) {
    Object.assign(this, { count, values, origin, period, paired });
  }

  /** Nothing written. */
  start() {
    return { now: Array(this.count).fill(NONE), before: Array(this.count).fill(NONE), turn: 0, origin: NONE };
  }

  /** The state after a symbol. */
  read(state, symbol) {
    let { now, before, turn, origin } = state;
    if (symbol <= 2 * this.values) {
      before = before.with(turn, now[turn]);
      if (symbol < 2 * this.values) now = now.with(turn, symbol % this.values);
      turn = (turn + 1) % this.count;
    }
    if (this.origin && symbol >= this.origin && symbol < this.origin + 2 * this.period) origin = symbol - this.origin;
    return { now, before, turn, origin };
  }

  /** The row of each table that is told of a state, in their order. */
  rows({ now, before, turn, origin }) {
    const { count, period } = this;
    const order = Array.from({ length: count }, (_, i) => (turn + i) % count);
    const values = order.map(i => now[i]), olds = order.map(i => before[i]), [own, ...others] = values;
    const row = (known, value, most) => known ? Math.min(Math.max(value, -most), most) + most + 1 : 0;
    const kind = Math.min(Math.max(Math.floor(origin / period), 0), 1);
    const degree = own < 0 || origin < 0 ? 0 : modulo(own - origin % period, period) + period * kind + 1;
    const moved = values.map((value, i) => row(value >= 0 && olds[i] >= 0, value - olds[i], STEP));
    const pair = i => (this.paired ? turn * period + modulo(olds[i] - own, period) : turn) * (2 * STEP + 2) + moved[i];
    return [
      own + 1,
      turn * (2 * period + 1) + degree,
      ...others.map(other => turn * (2 * FARTHEST + 2) + row(own >= 0 && other >= 0, other - own, FARTHEST)),
      turn * (2 * STEP + 2) + moved[0],
      ...others.map((_, i) => pair(i + 1)),
    ];
  }

  /** Where the stream whose turn it is stands, and the origin: the last two of the features. */
  place({ now, turn, origin }) {
    return [now[turn], origin];
  }
}
