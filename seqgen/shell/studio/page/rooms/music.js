/** The room of music: four voices are composed while they sing, on a piano roll that grows. */

import { NAMES, opening, Piece, plan, VOICES } from "../codecs/grid.js";
import { rowKey } from "../runtime/model.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { Player } from "./player.js";

const METERS = { "4/4": [4, 4], "3/4": [3, 4], "2/4": [2, 4], "6/8": [6, 8] };
const ANY = "any";
const MOST = 200; // bars

export function enter(section, models, open) {
  const temperature = dial("Temperature", [0, 1.5, 0.05], 0.85, "0: the likeliest each time; 1: as learned");
  const topP = dial("Top-p", [0.05, 1, 0.05], 1, "the fewest symbols whose odds reach this");
  const meter = choice("Meter", Object.keys(METERS)), bars = number("Bars", 8, "", 1, MOST);
  const key = choice("Key", [ANY, ...NAMES]); // of models that know keys
  const seed = number("Seed", 0, "the same seed makes the same piece, here and on the command line");
  const status = statusLine(), player = new Player(() => `chorale-${seed.value}`);
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, running = null;

  const compose = button("Compose", () => running ? stop() : begin(), { className: "main" });
  put(section, dials(named, temperature, topP, player.tempo, meter, key, bars, seed),
    buttons(compose, button("Another", () => { stop(); seed.value++; begin(); }, { title: "the next seed" }), ...player.controls),
    status, player.roll,
    make("p", { className: "legend" }, ...VOICES.flatMap((name, part) => [make("i", { className: `voice${part}` }), ` ${name} `])));
  shortcuts(section, { escape: stop });
  key.element.hidden = true;

  function told() {
    compose.textContent = running ? "Stop" : "Compose";
    compose.disabled = !model;
  }

  function loaded(given) {
    model = given;
    key.element.hidden = !model.codec.ranges;
    told();
  }

  function stop() {
    if (running) player.ended();
    running = null;
    player.stop();
    told();
  }

  async function begin() {
    if (!model || running) return;
    const run = running = {}, over = METERS[meter.value], count = bars.value, { ranges } = model.codec;
    const given = ranges && key.value !== ANY ? opening(NAMES.indexOf(key.value), over) : [];
    const rows = plan(over, count, ranges, given.length > 0), piece = new Piece(), asked = model;
    let state = model.begin(rowKey(seed.value));
    for (const symbol of given) {
      state = model.told(state, symbol);
      piece.add(symbol);
    }
    player.show(piece, over, count * (over[0] * 16) / over[1]);
    player.perform();
    told();
    const whole = await steadily(() => {
      state = asked.drawn(state, { temperature: temperature.value, topP: topP.value, allowed: rows[state.position] });
      piece.add(state.input);
      return state.position < rows.length;
    }, () => running === run);
    if (!whole) return;
    running = null;
    player.ended();
    told();
    status.textContent = `${piece.bars.length} bars, ${piece.notes.length} notes${piece.key === null ? "" : `, ${NAMES[piece.key]}`}. Seed ${seed.value}.`;
  }

  named.load();
}
