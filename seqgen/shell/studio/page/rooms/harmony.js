/** The room of harmony: one draws or plays a tune, and three voices are composed under it. */

import { given, NAMES, Piece } from "../codecs/grid.js";
import { midi } from "../codecs/midi.js";
import { fill } from "../runtime/particles.js";
import { button, choice, dial, frame, make, modelChoice, number, save, shortcuts } from "../ui.js";
import { Sound } from "./sound.js";
import { Roll } from "./roll.js";
import { Tune } from "./tune.js";

const METER = [4, 4], BAR = 16, MOST = 32, SLICE = 12, TEMPERATURE = 0.85, ANY = "any";
const LENGTHS = { quarter: 4, eighth: 2, half: 8, sixteenth: 1 };
const EXAMPLE = [67, 67, 69, 67, 72, 71, 69, 67, 69, 71, 72, 74, 71, 69, 67, 67];

export function enter(section, models, open) {
  const length = choice("A note is a", Object.keys(LENGTHS)), key = choice("Key", [ANY, ...NAMES]);
  const bars = number("Bars", 4, "", 1, MOST), seed = number("Seed", 0, "the same seed writes the same voices");
  const bpm = dial("Tempo", { min: 40, max: 200, step: 5, value: 100, about: "quarters a minute" });
  const particles = dial("Tries side by side", { min: 1, max: 32, step: 1, value: 8, about: "more fit the tune better, and take longer" });
  const status = make("p", { className: "status", role: "status" }), roll = new Roll();
  const tune = new Tune({ heard: pitch => sound().strike(pitch), changed: () => buttons(), length: () => LENGTHS[length.value] });
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, piece = null, running = null, playing = null, made = null;

  const main = button("Harmonise", () => running ? stop() : harmonise(), { className: "main" });
  const play = button("Play", () => playing ? stop() : sing());
  const kept = button("MIDI", () => save(`harmony-${seed.value}.mid`, midi(piece, bpm.value, METER), "audio/midi"));
  const another = button("Another", () => { stop(); seed.value = seed.value + 1; harmonise(); }, { title: "the next seed" });
  section.append(
    make("div", { className: "dials" }, named.element, length.element, bars.element, key.element, bpm.element, particles.element, seed.element),
    make("p", { className: "status" }, "Draw a tune, or play it on the keys A to K."), tune.element,
    make("div", { className: "buttons" }, main, another, play, kept,
      button("An example", () => { bars.value = 4; extend(EXAMPLE.map((pitch, i) => ({ start: 4 * i, end: 4 * i + 4, pitch }))); }),
      button("Clear", () => { stop(); piece = null; extend([]); })),
    status, roll.element);
  bars.input.addEventListener("change", () => extend());
  shortcuts(section, { escape: stop });
  key.element.hidden = true;
  extend();

  function sound() {
    return (made ??= new Sound());
  }

  function extend(notes) {
    tune.show(BAR * bars.value, notes, BAR);
  }

  function buttons() {
    main.textContent = running ? "Stop" : "Harmonise";
    play.textContent = playing ? "Stop" : "Play";
    main.disabled = another.disabled = !model || !tune.notes.length;
    play.disabled = kept.disabled = !piece || Boolean(running);
  }

  function loaded(given) {
    model = given;
    key.element.hidden = !model.codec.ranges;
    buttons();
  }

  function stop() {
    running = playing = null;
    made?.silence();
    buttons();
  }

  async function harmonise() {
    if (!model || running || !tune.notes.length) return;
    stop();
    const run = running = {}, { ranges } = model.codec, count = Math.ceil(Math.max(...tune.notes.map(({ end }) => end)) / BAR);
    const asked = given(METER, count, tune.cells, ranges, ranges && key.value !== ANY ? NAMES.indexOf(key.value) : null);
    const filling = fill(model, { ...asked, seed: seed.value, particles: particles.value, temperature: TEMPERATURE });
    buttons();
    for (let until = 0; running === run;) {
      const { done, value } = filling.next();
      if (done) {
        piece = new Piece();
        value.forEach(symbol => piece.add(symbol));
        piece.close();
        roll.begin(piece, piece.steps);
        roll.draw(0);
        stop();
        status.textContent = `${piece.bars.length} bars, ${piece.notes.length} notes. Seed ${seed.value}.`;
        sing();
        return;
      }
      if (performance.now() < until) continue;
      status.textContent = `Composing: ${Math.round(100 * value)} %`;
      await frame();
      until = performance.now() + SLICE;
    }
  }

  async function sing() {
    const run = playing = {};
    buttons();
    await sound().perform(piece, roll, 15 / bpm.value, () => playing === run);
    if (playing === run) stop();
  }

  named.load();
}
