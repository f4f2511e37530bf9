/** A sheet on which ink appears point by point, as SVG; and what of it is kept as a file. */

import { shape } from "../ui.js";
import { t } from "../language.js";
import { bySpeed, curved, short, straight } from "./nib.js";

// X-heights from line to line, and how far down letters stand.
const SPACING = 4.2, BASE = 1;
// X-heights a character, about.
const WIDE = 1.5;
const NAMESPACE = "http://www.w3.org/2000/svg";
/** Width and height in mm. */
export const PAPERS = { A4: [210, 297], A5: [148, 210], Letter: [215.9, 279.4] };
const MARGIN = 20;
// Of pictures, and pixels of the longest side.
const PIXELS_A_MM = 300 / 25.4, LONGEST = 8192;
// As `seqgen handwriting write --out line.gcode` has them: GRBL's for a pen that a servo lifts.
const UP = "M5\nG4 P0.2", DOWN = "M3 S90\nG4 P0.2", FEED = 1500;

/** How many characters and lines a paper takes, letters like x being so many mm high. */
export function room(paper, size) {
  const [wide, high] = (PAPERS[paper] ?? [Infinity, Infinity]).map(side => (side - 2 * MARGIN) / size);
  return { letters: Math.floor(wide / WIDE), lines: Math.max(1, Math.floor((high - 3) / SPACING) + 1) };
}

export class Sheet {
  constructor() {
    this.element = shape("svg", { class: "sheet", role: "img" });
    this.begin([""], { pen: 0.12, slant: 0, size: 4, paper: "", usual: 0 });
  }

  /** An empty sheet for these lines; looks: pen in x-heights, slant in degrees, size of an x in mm, paper, and how far apart points usually
   * are, if the pen is wider where they are closer. */
  begin(lines, looks) {
    this.open = null;
    this.lines = lines.map((words, row) => ({ words, row, strokes: [], bottoms: [], shift: 0, group: shape("g", {}) }));
    this.ink = shape("g", { fill: "none", stroke: "currentColor", "stroke-linecap": "round", "stroke-linejoin": "round" });
    this.ink.append(...this.lines.map(({ group }) => group));
    this.element.replaceChildren(this.ink);
    this.element.setAttribute("aria-label", t("ink", lines.join(" / ")));
    this.seen = { left: -1, top: -3, right: Math.max(20, ...lines.map(line => WIDE * line.length)), bottom: SPACING * (lines.length - 1) + 2.5 };
    this.widest = 0;
    this.look(looks);
  }

  look(looks) {
    const before = this.looks;
    this.looks = { ...before, ...looks };
    this.ink.setAttribute("stroke-width", this.looks.pen);
    for (const line of this.lines) {
      this.#stand(line);
      for (const stroke of line.strokes) this.#draw(stroke);
    }
    this.#fit();
  }

  /** A point of line number `row`; where the pen lifts after it, the next one begins a stroke. */
  add(row, { x, y, lifts }) {
    const line = this.lines[row];
    if (!this.open) {
      this.open = { points: [], group: shape("g", {}) };
      line.strokes.push(this.open);
      line.group.append(this.open.group);
    }
    this.open.points.push([x, y]);
    this.#draw(this.open);
    this.#reach(line, [x, y]);
    if (!lifts) return;
    const { points } = this.open;
    line.bottoms.push(...points.map(point => point[1]).filter((low, i, all) => low >= (all[i - 1] ?? -Infinity) && low >= (all[i + 1] ?? -Infinity)));
    line.shift = BASE - line.bottoms.sort((a, b) => a - b)[line.bottoms.length >> 1];
    this.#stand(line);
    this.open = null;
  }

  /** Millimetres of an x: less than was asked for, where a line is wider than its paper. */
  get unit() {
    const { size, paper } = this.looks;
    return paper ? Math.min(size, (PAPERS[paper][0] - 2 * MARGIN) / this.widest) : size;
  }

  /** What is seen, in x-heights. */
  get box() {
    if (!this.looks.paper) return this.seen;
    const { unit } = this, [wide, high] = PAPERS[this.looks.paper].map(side => side / unit), left = -MARGIN / unit, top = left - 2 + BASE;
    return { left, top, right: left + wide, bottom: top + high };
  }

  /** A picture of its own, black on nothing, in which each line says its text: smooth curves, or for plotters straight pieces, one path a stroke. */
  svg(smooth) {
    const { left, top, right, bottom } = this.box, { unit, looks: { pen } } = this;
    const wide = width => width === 1 ? "" : ` stroke-width="${short(width * pen)}"`;
    const path = points => (smooth ? this.#paths(points) : [[straight(points), 1]]).map(([d, width]) => `<path d="${d}"${wide(width)}/>\n`).join("");
    const lines = this.lines.map(line => line.strokes.length ? `<g data-text="${escaped(line.words)}">\n${this.#placed(line).map(path).join("")}</g>\n` : "");
    const size = `width="${short(unit * (right - left))}mm" height="${short(unit * (bottom - top))}mm"`;
    return `<svg xmlns="${NAMESPACE}" ${size} viewBox="${[left, top, right - left, bottom - top].map(short).join(" ")}">\n`
      + `<g fill="none" stroke="black" stroke-width="${pen}" stroke-linecap="round" stroke-linejoin="round">\n${lines.join("")}</g>\n</svg>\n`;
  }

  /** The same on white, as a picture of pixels. */
  async png() {
    const { left, top, right, bottom } = this.box, sides = [right - left, bottom - top], scale = Math.min(this.unit * PIXELS_A_MM, LONGEST / Math.max(...sides));
    const canvas = document.createElement("canvas"), image = new Image(), url = URL.createObjectURL(new Blob([this.svg(true)], { type: "image/svg+xml" }));
    [canvas.width, canvas.height] = sides.map(side => Math.round(scale * side));
    image.src = url;
    await image.decode();
    URL.revokeObjectURL(url);
    const paint = canvas.getContext("2d");
    paint.fillStyle = "white";
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise(resolve => canvas.toBlob(resolve));
  }

  /** For a plotter that moves in mm, from its lower left corner on. */
  gcode() {
    const { left, bottom } = this.box, { unit } = this, mm = value => Number((unit * value).toFixed(2));
    const place = ([x, y]) => `X${mm(x - left)} Y${mm(bottom - y)}`;
    const strokes = this.lines.flatMap(line => this.#placed(line)).flatMap(([first, ...rest]) =>
      [`G0 ${place(first)}`, DOWN, ...rest.map((point, i) => `G1 ${place(point)}` + (i ? "" : ` F${FEED}`)), UP]);
    return ["G21", "G90", UP, ...strokes, "G0 X0 Y0", "M2", ""].join("\n");
  }

  #draw({ points, group }) {
    const paths = this.#paths(points), { pen } = this.looks;
    while (group.childElementCount > paths.length) group.lastChild.remove();
    paths.forEach(([d, width], i) => {
      const path = group.children[i] ?? group.appendChild(shape("path", {}));
      path.setAttribute("d", d);
      path.setAttribute("stroke-width", width * pen);
    });
  }

  #paths(points) {
    const { usual } = this.looks;
    return usual ? bySpeed(points, usual) : [[curved(points), 1]];
  }

  /** A line stands where all do, and leans from there. */
  #stand({ row, shift, group }) {
    group.setAttribute("transform", `translate(0 ${SPACING * row + BASE}) skewX(${-this.looks.slant}) translate(0 ${shift - BASE})`);
  }

  /** Its strokes on the sheet. */
  #placed({ row, shift, strokes }) {
    const lean = Math.tan(this.looks.slant * Math.PI / 180);
    return strokes.map(({ points }) => points.map(([x, y]) => [x - lean * (y + shift - BASE), y + shift + SPACING * row]));
  }

  #reach({ row, shift }, [x, y]) {
    const { seen } = this, at = y + shift + SPACING * row, lean = -Math.tan(this.looks.slant * Math.PI / 180) * (y + shift - BASE);
    const now = { left: Math.min(seen.left, x + lean - 1), right: Math.max(seen.right, x + lean + 1), top: Math.min(seen.top, at - 1), bottom: Math.max(seen.bottom, at + 1) };
    const wide = Math.max(this.widest, x + lean);
    if (wide === this.widest && Object.keys(now).every(side => now[side] === seen[side])) return;
    this.seen = now;
    this.widest = wide;
    this.#fit();
  }

  #fit() {
    const { left, top, right, bottom } = this.box;
    this.element.classList.toggle("paper", Boolean(this.looks.paper));
    this.element.setAttribute("viewBox", [left, top, right - left, bottom - top].map(short).join(" "));
  }
}

const escaped = words => words.replace(/[&<"]/g, sign => `&#${sign.charCodeAt(0)};`);
