/** The room of harmony: one draws or plays a tune, and three voices are composed under it. */

import { given, NAMES, Piece } from "../codecs/grid.js";
import { fill } from "../runtime/particles.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { Player } from "./player.js";
import { Tune } from "./tune.js";

const METER = [4, 4], BAR = 16, MOST = 32, TEMPERATURE = 0.85, ANY = "any";
const LENGTHS = { quarter: 4, eighth: 2, half: 8, sixteenth: 1 };
const EXAMPLE = [67, 67, 69, 67, 72, 71, 69, 67, 69, 71, 72, 74, 71, 69, 67, 67];

export function enter(section, models, open) {
  const length = choice("A note is a", Object.keys(LENGTHS)), key = choice("Key", [ANY, ...NAMES]);
  const bars = number("Bars", 4, "", 1, MOST), seed = number("Seed", 0, "the same seed writes the same voices");
  const particles = dial("Tries side by side", [1, 32, 1], 8, "more fit the tune better, and take longer");
  const status = statusLine(), player = new Player(() => `harmony-${seed.value}`);
  const tune = new Tune({ heard: pitch => player.sound.strike(pitch), changed: told, length: () => LENGTHS[length.value] });
  const main = button("Harmonise", () => running ? stop() : harmonise(), { className: "main" });
  const another = button("Another", () => { stop(); seed.value++; harmonise(); }, { title: "the next seed" });
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, running = null;

  put(section, dials(named, length, bars, key, player.tempo, particles, seed),
    make("p", { className: "status" }, "Draw a tune, or play it on the keys A to K."), tune,
    buttons(main, another, ...player.controls,
      button("An example", () => { bars.value = 4; extend(EXAMPLE.map((pitch, i) => ({ start: 4 * i, end: 4 * i + 4, pitch }))); }),
      button("Clear", () => { stop(); player.show(null); extend([]); })),
    status, player.roll);
  bars.input.addEventListener("change", () => extend());
  shortcuts(section, { escape: stop });
  key.element.hidden = true;
  extend();

  function extend(notes) {
    tune.show(BAR * bars.value, notes, BAR);
  }

  function told() {
    main.textContent = running ? "Stop" : "Harmonise";
    main.disabled = another.disabled = !model || !tune.notes.length;
  }

  function loaded(given) {
    model = given;
    key.element.hidden = !model.codec.ranges;
    told();
  }

  function stop() {
    running = null;
    player.stop();
    told();
  }

  async function harmonise() {
    if (!model || running || !tune.notes.length) return;
    stop();
    const run = running = {}, { ranges } = model.codec, count = Math.ceil(Math.max(...tune.notes.map(({ end }) => end)) / BAR);
    const asked = given(METER, count, tune.cells, ranges, ranges && key.value !== ANY ? NAMES.indexOf(key.value) : null);
    const filling = fill(model, { ...asked, seed: seed.value, particles: particles.value, temperature: TEMPERATURE });
    let now = {};
    told();
    const whole = await steadily(() => !(now = filling.next()).done, () => running === run, () => {
      if (!now.done) status.textContent = `Composing: ${Math.round(100 * now.value)} %`;
    });
    if (!whole) return;
    const piece = new Piece();
    now.value.forEach(symbol => piece.add(symbol));
    running = null;
    player.show(piece, METER, piece.steps);
    player.ended();
    told();
    status.textContent = `${piece.bars.length} bars, ${piece.notes.length} notes. Seed ${seed.value}.`;
    player.perform();
  }

  named.load();
}
