/** The room of music: four voices are composed while they sing, on a piano roll that grows. */

import { NAMES, opening, Piece, plan, VOICES } from "../codecs/grid.js";
import { midi } from "../codecs/midi.js";
import { rowKey } from "../runtime/model.js";
import { button, choice, dial, frame, make, modelChoice, number, save, shortcuts } from "../ui.js";
import { Sound } from "./sound.js";
import { Roll } from "./roll.js";

const METERS = { "4/4": [4, 4], "3/4": [3, 4], "2/4": [2, 4], "6/8": [6, 8] };
const ANY = "any";
const MOST = 200; // bars
const SLICE = 12; // milliseconds of composing between two pictures of the page

export function enter(section, models, open) {
  const temperature = dial("Temperature", { min: 0, max: 1.5, step: 0.05, value: 0.85, about: "0: the likeliest each time; 1: as learned" });
  const topP = dial("Top-p", { min: 0.05, max: 1, step: 0.05, value: 1, about: "the fewest symbols whose odds reach this" });
  const bpm = dial("Tempo", { min: 40, max: 200, step: 5, value: 100, about: "quarters a minute" });
  const meter = choice("Meter", Object.keys(METERS));
  const bars = number("Bars", 8, "", 1, MOST);
  const key = choice("Key", [ANY, ...NAMES]); // of models that know keys
  const seed = number("Seed", 0, "the same seed makes the same piece, here and on the command line");
  const status = make("p", { className: "status", role: "status" });
  const roll = new Roll();
  key.element.hidden = true;
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model, piece = null, made = null, sound = null, composing = false, playing = false;

  const compose = button("Compose", () => composing ? stop() : begin(), { className: "main" });
  const again = button("Play", () => playing ? stop() : replay());
  const kept = button("MIDI", () => save(`chorale-${seed.value}.mid`, midi(piece, made.bpm, made.meter), "audio/midi"));
  const looped = make("input", { type: "checkbox" });
  section.append(
    make("div", { className: "dials" }, named.element, temperature.element, topP.element, bpm.element, meter.element, key.element, bars.element, seed.element),
    make("div", { className: "buttons" }, compose, again,
      button("Another", () => { stop(); seed.value = seed.value + 1; begin(); }, { title: "the next seed" }), kept,
      make("label", {}, looped, " over and over")),
    status, roll.element,
    make("p", { className: "legend" }, ...VOICES.flatMap((name, part) => [make("i", { className: `voice${part}` }), ` ${name} `])));
  shortcuts(section, { escape: stop });
  buttons();

  function buttons() {
    compose.textContent = composing ? "Stop" : "Compose";
    again.textContent = playing && !composing ? "Stop" : "Play";
    compose.disabled = !model;
    again.disabled = composing || !piece;
    kept.disabled = composing || !piece;
  }

  function loaded(given) {
    model = given;
    key.element.hidden = !model.codec.ranges;
    buttons();
  }

  function stop() {
    composing = playing = false;
    sound?.silence();
    piece?.close();
    buttons();
  }

  async function begin() {
    if (!model || composing) return;
    const over = METERS[meter.value], count = bars.value, { ranges } = model.codec;
    const given = ranges && key.value !== ANY ? opening(NAMES.indexOf(key.value), over) : [];
    const rows = plan(over, count, ranges, given.length > 0);
    made = { meter: over, bpm: bpm.value };
    const growing = piece = new Piece();
    roll.begin(piece, count * (over[0] * 16) / over[1]);
    composing = true;
    let state = model.begin(rowKey(seed.value));
    for (const symbol of given) {
      state = model.after(state, model.ask(state).carry, symbol, false);
      piece.add(symbol);
    }
    play();
    while (composing && piece === growing && state.position < rows.length) {
      const until = performance.now() + SLICE;
      do {
        const { carry, said } = model.ask(state);
        const symbol = model.draw(state, said, { temperature: temperature.value, topP: topP.value, allowed: rows[state.position] });
        state = model.after(state, carry, symbol);
        piece.add(symbol);
      } while (state.position < rows.length && performance.now() < until);
      await frame();
    }
    if (piece !== growing) return;
    piece.close();
    composing = false;
    buttons();
    status.textContent = `${piece.bars.length} bars, ${piece.notes.length} notes${piece.key === null ? "" : `, ${NAMES[piece.key]}`}. Seed ${seed.value}.`;
  }

  function replay() {
    made.bpm = bpm.value;
    play();
  }

  async function play() {
    sound ??= new Sound();
    const mine = piece;
    playing = true;
    sound.begin(15 / made.bpm);
    buttons();
    while (playing && piece === mine) {
      sound.plan(piece, composing);
      roll.draw(Math.max(sound.at, 0));
      if (!composing && sound.at > piece.steps + 2) {
        if (!looped.checked) break;
        sound.begin(15 / made.bpm);
      }
      await frame();
    }
    if (piece !== mine) return;
    playing = false;
    buttons();
  }

  named.load();
}
