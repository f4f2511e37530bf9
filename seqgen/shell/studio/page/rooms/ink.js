/** The room of handwriting: one types, and a pen writes it, as fast as people do. */

import { linesOf, Line, Offsets } from "../codecs/offsets.js";
import { button, buttons, choice, dial, dials, frame, make, modelChoice, number, put, save, shortcuts, statusLine } from "../ui.js";
import { Sheet } from "./ink_sheet.js";

const POINT = 20; // milliseconds from point to point of a hand that writes
const LIFT = 80; // and through the air

export function enter(section, models, open) {
  const hands = dials();
  const bias = dial("Neatness", [0, 3, 0.1], 1, "0: as people differ; more: neater");
  const pen = dial("Pen", [0.04, 0.3, 0.01], 0.12, "in heights of an x");
  const slant = dial("Slant", [-20, 30, 1], 0, "degrees to the right");
  const tempo = dial("Tempo", [0.25, 10, 0.25], 1, "1: as fast as a hand");
  const seed = number("Seed", 0, "the same seed writes the same line, here and in Python");
  const text = make("textarea", { rows: 2, value: "Dear reader, this is a pen.", maxLength: 2000 });
  const status = statusLine();
  const letters = make("p", { className: "letters", aria: { hidden: "true" } });
  const sheet = new Sheet();
  const named = modelChoice(models, open, status, () => { stop(); toggle.disabled = true; }, loaded);
  let model, codec, first, second, mix, running = null;

  const toggle = button("Write", () => running ? stop() : write(), { className: "main" });
  put(section,
    dials(named, bias, tempo, pen, slant, seed), hands,
    make("label", { className: "prompt" }, make("span", {}, "Write this"), text),
    buttons(toggle,
      button("Another time", () => { stop(); seed.value++; write(); }, { title: "the same text with the next seed" }),
      button("Show it all", () => { if (running) running.hurry = true; }),
      button("SVG, smooth", () => save("handwriting.svg", sheet.svg(true), "image/svg+xml"), { title: "curves through the points" }),
      button("SVG for plotters", () => save("handwriting-plotter.svg", sheet.svg(false), "image/svg+xml"), { title: "a path a stroke, straight from point to point" })),
    status, letters, sheet);
  for (const [control, name] of [[pen, "pen"], [slant, "slant"]]) {
    control.input.addEventListener("input", () => sheet.look({ [name]: control.value }));
  }
  shortcuts(section, { escape: stop });
  text.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    stop();
    write();
  });

  function loaded(given) {
    model = given;
    codec = new Offsets(model.codec);
    first = choice("Hand", codec.hands);
    second = choice("mixed with", ["nobody", ...codec.hands]);
    mix = dial("Share", [0, 1, 0.05], 0.5, "of the second hand");
    hands.replaceChildren(...(codec.hands.length ? [first.element, second.element, mix.element] : []));
    toggle.disabled = false;
    status.textContent = "Ready. Ctrl-Enter in the text writes it, too.";
  }

  function hand() {
    if (!codec.hands.length) return null;
    const share = second.value === "nobody" || second.value === first.value ? 0 : mix.value;
    return codec.vector(model.network, share ? { [first.value]: 1 - share, [second.value]: share } : { [first.value]: 1 });
  }

  function stop() {
    if (running) running.stopped = true;
    running = null;
    toggle.textContent = "Write";
  }

  async function write() {
    if (!model || running) return;
    const unknown = codec.unknown(text.value), lines = linesOf(text.value);
    if (unknown || !text.value.trim()) {
      status.textContent = unknown ? `This model has not learned to write ${unknown}; replace it.` : "Type something to write.";
      return;
    }
    const run = running = { stopped: false, hurry: false };
    toggle.textContent = "Stop";
    sheet.begin(lines, { pen: pen.value, slant: slant.value });
    const vector = hand();
    let written = 0, points = 0;
    for (const [row, words] of lines.entries()) {
      if (!words) continue;
      const spans = [...words].map(letter => make("span", {}, letter));
      letters.replaceChildren(...spans);
      const line = new Line(model, codec, words, { vector, seed: seed.value, number: written++ });
      let due = performance.now();
      while (!run.stopped && !line.done) {
        const until = performance.now() + 12;
        while (!line.done && performance.now() < until && (run.hurry || due <= performance.now())) {
          const point = line.next({ bias: bias.value });
          points++;
          sheet.add(row, point);
          due += (point.lifts ? LIFT : POINT) / tempo.value;
          spans.forEach((span, i) => { span.className = `s${Math.min(Math.floor(8 * point.weights[i]), 7)}`; });
        }
        due = Math.max(due, performance.now() - 200); // what a slow machine has lost is not made up for
        await frame();
      }
      if (run.stopped) return;
    }
    letters.replaceChildren();
    status.textContent = `${points} points. Seed ${seed.value}.`;
    stop();
  }

  named.load();
}
