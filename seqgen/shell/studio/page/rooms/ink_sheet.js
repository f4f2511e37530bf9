/** A sheet on which ink appears point by point, as SVG; and what of it is kept as a file. */

import { shape } from "../ui.js";
import { t } from "../words.js";

// X-heights from line to line.
const SPACING = 4.2;
// X-heights a character, about.
const WIDE = 1.5;
const NAMESPACE = "http://www.w3.org/2000/svg";

const short = value => String(Math.round(1000 * value) / 1000);

export class Sheet {
  constructor() {
    this.element = shape("svg", { class: "sheet", role: "img" });
    this.begin([""], { pen: 0.12, slant: 0 });
  }

  /** An empty sheet with room for these lines. */
  begin(lines, looks) {
    this.strokes = [];
    this.lines = lines;
    this.open = null;
    this.box = { left: -1, top: -3, right: Math.max(20, ...lines.map(line => WIDE * line.length)), bottom: SPACING * (lines.length - 1) + 2.5 };
    this.ink = shape("g", { fill: "none", stroke: "currentColor", "stroke-linecap": "round", "stroke-linejoin": "round" });
    this.element.replaceChildren(this.ink);
    this.element.setAttribute("aria-label", t("ink", lines.join(" / ")));
    this.look(looks);
    this.#fit();
  }

  look(looks) {
    this.looks = { ...this.looks, ...looks };
    this.ink.setAttribute("stroke-width", this.looks.pen);
    this.ink.setAttribute("transform", `skewX(${-this.looks.slant})`);
  }

  /** A point of line number `row`; where the pen lifts after it, the next one begins a stroke. */
  add(row, { x, y, lifts }) {
    if (!this.open) {
      this.open = { row, points: [], path: shape("path", {}) };
      this.strokes.push(this.open);
      this.ink.append(this.open.path);
    }
    const { points, path } = this.open, at = [x, y + SPACING * row];
    points.push(at);
    path.setAttribute("d", curved(points));
    if (lifts) this.open = null;
    const { box } = this, lean = -at[1] * Math.tan(this.looks.slant * Math.PI / 180);
    const seen = { left: Math.min(box.left, at[0] + lean - 1), right: Math.max(box.right, at[0] + lean + 1), top: Math.min(box.top, at[1] - 1), bottom: Math.max(box.bottom, at[1] + 1) };
    if (Object.keys(seen).every(side => seen[side] === box[side])) return;
    this.box = seen;
    this.#fit();
  }

  /** A picture of its own, black on nothing, in which each line says its text: smooth curves, or for plotters straight pieces, one path a stroke. */
  svg(smooth) {
    const { left, top, right, bottom } = this.box, { pen, slant } = this.looks;
    const lean = y => -y * Math.tan(slant * Math.PI / 180);
    const path = ({ points }) => {
      const leant = points.map(([x, y]) => [x + lean(y), y]);
      return `<path d="${smooth ? curved(leant) : straight(leant)}"/>\n`;
    };
    const lines = this.lines.map((words, row) => {
      const own = this.strokes.filter(stroke => stroke.row === row);
      return own.length ? `<g data-text="${escaped(words)}">\n${own.map(path).join("")}</g>\n` : "";
    });
    const size = `width="${short(4 * (right - left))}mm" height="${short(4 * (bottom - top))}mm"`; // an x is 4 mm high
    return `<svg xmlns="${NAMESPACE}" ${size} viewBox="${[left, top, right - left, bottom - top].map(short).join(" ")}">\n`
      + `<g fill="none" stroke="black" stroke-width="${pen}" stroke-linecap="round" stroke-linejoin="round">\n${lines.join("")}</g>\n</svg>\n`;
  }

  #fit() {
    const { left, top, right, bottom } = this.box;
    this.element.setAttribute("viewBox", [left, top, right - left, bottom - top].map(short).join(" "));
  }
}

const escaped = words => words.replace(/[&<"]/g, sign => `&#${sign.charCodeAt(0)};`);

function straight(points) {
  if (points.length === 1) return `M${points[0].map(short).join(" ")}h0.001`; // a dot; round ends make it one
  return points.map((point, i) => `${i ? "L" : "M"}${point.map(short).join(" ")}`).join("");
}

/** Cubic curves through the points (Catmull-Rom). */
function curved(points) {
  if (points.length < 3) return straight(points);
  const at = i => points[Math.min(Math.max(i, 0), points.length - 1)];
  const pieces = points.slice(1).map((end, i) => {
    const [a, b, d] = [at(i - 1), at(i), at(i + 2)];
    const one = [0, 1].map(axis => b[axis] + (end[axis] - a[axis]) / 6);
    const other = [0, 1].map(axis => end[axis] - (d[axis] - b[axis]) / 6);
    return `C${[...one, ...other, ...end].map(short).join(" ")}`;
  });
  return `M${points[0].map(short).join(" ")}${pieces.join("")}`;
}
