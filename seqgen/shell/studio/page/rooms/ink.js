/** The room of handwriting: one types, and a pen writes it, as fast as people do. */

import { ComposedLine, LINE, linesOf, Offsets } from "../codecs/offsets.js";
import { button, buttons, choice, dial, dials, frame, make, mixture, modelChoice, number, put, save, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../language.js";
import { PAPERS, room, Sheet } from "./ink_sheet.js";

// What the files of plotters are called.
const PLOTTED = "G-code";
// How far apart points usually are, in the spread of a model's moves.
const USUAL = 0.55;
// Milliseconds from point to point of a hand that writes, and through the air.
const POINT = 20, LIFT = 80;

export function enter(section, models, open) {
  const hands = dials();
  const bias = dial(t("neatness"), [0, 3, 0.1], 1, t("neater"));
  const pen = dial(t("pen"), [0.04, 0.3, 0.01], 0.12, t("penUnit"));
  const slant = dial(t("slant"), [-20, 30, 1], 0, t("degrees"));
  const size = dial(t("size"), [2, 10, 0.5], 4, t("sizeUnit"));
  const paper = choice(t("paper"), [t("fitting"), ...Object.keys(PAPERS).map(name => t(name))]);
  const speed = make("input", { type: "checkbox", onchange: () => sheet.look(looks()) });
  const tempo = dial(t("tempo"), [0.25, 10, 0.25], 1, t("handTempo"));
  const seed = number(t("seed"), 0, t("sameSeed"));
  const text = make("textarea", { rows: 2, value: "Dear reader, this is a pen.", maxLength: 2000 });
  const status = statusLine();
  const letters = make("p", { className: "letters", aria: { hidden: "true" } });
  const sheet = new Sheet();
  const named = modelChoice(models, open, status, () => { model = null; stop(); toggle.disabled = true; }, loaded);
  let model, codec, hand, running = null;

  const toggle = button(t("write"), () => running ? stop() : write(), { className: "main" });
  put(section,
    dials(named, bias, tempo, pen, slant, size, paper, seed, make("label", { title: t("widerSlow") }, speed, ` ${t("bySpeed")}`)), hands,
    make("label", { className: "prompt" }, make("span", {}, t("writeThis")), text),
    buttons(toggle,
      button(t("another"), () => { stop(); seed.value++; write(); }, { title: t("nextSeed") }),
      button(t("atOnce"), () => { if (running) running.hurry = true; }),
      button(t("smooth"), () => save("handwriting.svg", sheet.svg(true), "image/svg+xml"), { title: t("curves") }),
      button(t("plotters"), () => save("handwriting-plotter.svg", sheet.svg(false), "image/svg+xml"), { title: t("pieces") }),
      button("PNG", async () => save("handwriting.png", await sheet.png(), "image/png")),
      button(PLOTTED, () => save("handwriting.gcode", sheet.gcode(), "text/plain"), { title: t("gcode") })),
    status, letters, sheet);
  for (const { input } of [pen, slant, size]) input.addEventListener("input", () => sheet.look(looks()));
  shortcuts(section, { escape: stop });
  text.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    stop();
    write();
  });

  /** Of what is written, all but its paper can still be another. */
  function looks() {
    return { pen: pen.value, slant: slant.value, size: size.value, usual: speed.checked ? USUAL * Math.hypot(...codec.std) : 0 };
  }

  function loaded(given) {
    model = given;
    codec = new Offsets(model.codec);
    hand = mixture(t("hand"), codec.hands);
    hands.replaceChildren(...hand.elements);
    toggle.disabled = false;
    status.say("controlEnter");
  }

  function stop() {
    if (running) running.stopped = true;
    running = null;
    toggle.textContent = t("write");
  }

  async function write() {
    if (!model || running) return;
    const unknown = codec.unknown(text.value), on = Object.keys(PAPERS)[paper.index - 1] ?? "", place = room(on, size.value), from = seed.value;
    const all = linesOf(text.value, Math.min(LINE, place.letters)), lines = all.slice(0, place.lines);
    if (unknown || !text.value.trim()) {
      status.textContent = unknown ? t("unknown", t("thisModel"), unknown) : t("type");
      return;
    }
    const run = running = { stopped: false, hurry: false };
    toggle.textContent = t("stop");
    sheet.begin(lines, { ...looks(), paper: on });
    const whose = hand.value;
    let written = 0, points = 0;
    for (const [row, words] of lines.entries()) {
      if (!words) continue;
      const spans = [...words].map(letter => make("span", {}, letter));
      letters.replaceChildren(...spans);
      const line = new ComposedLine(model, codec, words, { hand: whose, seed: from, number: written++ });
      await steadily(() => line.step({ bias: bias.value }), () => !run.stopped);
      if (run.stopped) return;
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
        // What a slow machine has lost is not made up for.
        due = Math.max(due, performance.now() - 200);
        await frame();
      }
      if (run.stopped) return;
    }
    letters.replaceChildren();
    if (lines.length < all.length) status.say("full", all.length - lines.length);
    else status.say("points", points, from);
    stop();
  }

  named.load();
}
