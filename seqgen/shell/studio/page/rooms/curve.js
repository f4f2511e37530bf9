/** The learning curve of a run: training loss, raw and smoothed, and validation loss, over steps. */

import { shape } from "../ui.js";
import { LANGUAGE, t } from "../language.js";

const USUAL = 720, HEIGHT = 300, LEFT = 52, RIGHT = 12, TOP = 12, BOTTOM = 34;
// Points of a line: more are a smear.
const MOST = 400;
// Of the smoothed loss, from row to row.
const MEMORY = 0.8;

export class Curve {
  constructor() {
    this.element = shape("svg", { class: "curve", role: "img", "aria-label": t("unmeasured") });
  }

  /** rows: as metrics.jsonl has them; steps: of the whole run; unit: what losses are nats of, in the words of the page. */
  draw(rows, steps, unit) {
    const width = this.element.clientWidth || USUAL; // so that letters are as large on every screen
    this.element.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const points = name => rows.filter(row => Number.isFinite(row[name])).map(row => [row.step, row[name]]);
    const train = points("nll"), valid = points("valid"), smooth = smoothed(train);
    const last = Math.max(steps, 1, ...rows.slice(-1).map(({ step }) => step));
    const [low, high] = range([...smooth.slice(Math.floor(smooth.length / 50)), ...valid].map(([, value]) => value));
    const x = step => LEFT + (width - LEFT - RIGHT) * step / last;
    const y = value => TOP + (HEIGHT - TOP - BOTTOM) * (high - Math.min(Math.max(value, low), high)) / (high - low);
    const text = (words, attributes) => {
      const element = shape("text", attributes);
      element.textContent = words;
      return element;
    };
    const path = (own, name) => shape("path", { class: name, d: thinned(own).map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("") });
    const told = point => point ? t("loss", point[1].toFixed(3), unit) : "–";
    const best = valid.reduce((found, point) => point[1] < found[1] ? point : found, [0, Infinity]);
    this.element.replaceChildren(
      ...ticks(low, high, 5).flatMap(value => [
        shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
        text(String(Number(value.toPrecision(4))), { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" })]),
      ...ticks(0, last, width < USUAL / 2 ? 3 : 5).map(step => text(Math.round(step).toLocaleString(LANGUAGE), { x: x(step), y: HEIGHT - 14, "text-anchor": step > 0.95 * last ? "end" : "middle" })),
      path(train, "raw"), path(smooth, "train"), path(valid, "valid"),
      ...(valid.length <= 60 ? valid.map(([step, value]) => shape("circle", { class: "valid", cx: x(step), cy: y(value), r: 2.5 })) : []),
      ...(valid.length ? [shape("circle", { class: "best", cx: x(best[0]), cy: y(best[1]), r: 6 })] : []));
    this.element.setAttribute("aria-label", rows.length
      ? t("curve", rows.at(-1).step, steps, told(smooth.at(-1)), told(valid.at(-1)), valid.length ? t("atStep", told(best), best[0]) : "–")
      : t("unmeasured"));
  }
}

/** A mean that forgets, and is right from the beginning. */
export function smoothed(points) {
  let mean = 0, weight = 0;
  return points.map(([step, value]) => {
    mean = MEMORY * mean + (1 - MEMORY) * value;
    weight = MEMORY * weight + 1 - MEMORY;
    return [step, mean / weight];
  });
}

function thinned(points) {
  const every = Math.ceil(points.length / MOST);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function range(values) {
  if (!values.length) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const room = Math.max(high - low, 0.02 * Math.abs(high), 1e-3) / 20;
  return [low - room, high + room];
}

function ticks(low, high, count) {
  const rough = (high - low) / count, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * size).find(one => one >= rough);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
}
