/** A piano roll of four voices that grows with its piece, and a line where it sounds. */

import { shape } from "../ui.js";
import { t } from "../language.js";

// From the lowest note of a bass to above the highest of a soprano, where a piece says no other.
const CHOIR = [36, 84];
// As wide as two semitones are high.
const STEP = 2;
// Sixteenths that are seen at once; on a telephone.
const VIEW = 96, NARROW = 48;

export class Roll {
  constructor() {
    this.element = shape("svg", { class: "roll", role: "img", "aria-label": t("emptyRoll"), preserveAspectRatio: "xMinYMid meet", viewBox: `0 0 ${STEP * VIEW} ${CHOIR[1] - CHOIR[0]}` });
  }

  /** An empty roll for a piece of so many sixteenths. */
  begin(piece, steps) {
    this.piece = piece;
    [this.low, this.high] = piece.range ?? CHOIR;
    this.view = Math.min(innerWidth < 600 ? NARROW : VIEW, steps);
    this.shapes = [];
    this.lines = 0;
    this.line = shape("line", { class: "now", y1: 0, y2: this.high - this.low });
    this.element.replaceChildren(this.line);
  }

  /** As the piece stands, seen from a page of it to the next, sounding `at` so many sixteenths. */
  draw(at) {
    const { piece, low, high } = this;
    for (; this.lines < piece.bars.length; this.lines++) {
      const x = STEP * piece.bars[this.lines];
      this.element.prepend(shape("line", { class: "bar", x1: x, x2: x, y1: 0, y2: high - low }));
    }
    piece.notes.forEach((note, i) => {
      const [start, end] = note.played ?? [note.start, note.end];
      if (!this.shapes[i]) {
        this.shapes[i] = shape("rect", { class: `voice${note.part % 4}`, x: STEP * start, y: Math.min(Math.max(high - note.pitch, 1), high - low) - 1, height: 1, rx: 0.3 });
        this.element.append(this.shapes[i]);
      }
      if (this.shapes[i].done) return;
      this.shapes[i].setAttribute("width", STEP * ((end ?? piece.steps) - start) - 0.2);
      this.shapes[i].done = end !== null;
    });
    const from = Math.floor(Math.min(at, piece.steps) / this.view) * this.view;
    this.element.setAttribute("viewBox", `${STEP * from} 0 ${STEP * this.view} ${high - low}`);
    this.line.setAttribute("x1", STEP * at);
    this.line.setAttribute("x2", STEP * at);
    this.element.setAttribute("aria-label", t("roll", piece.bars.length, piece.notes.length));
  }
}
