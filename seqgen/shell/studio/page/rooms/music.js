/** The room of music: four voices are composed while they sing, on a piano roll that grows. */

import { opening, Piece, plan, VOICES } from "../codecs/grid.js";
import { endsOnTonic } from "../codecs/leading.js";
import { rowKey } from "../runtime/model.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../words.js";
import { Player } from "./player.js";

const METERS = { "4/4": [4, 4], "3/4": [3, 4], "2/4": [2, 4], "6/8": [6, 8] };
// Bars.
const MOST = 200;
// Of a piece that is to end on its tonic.
const TRIES = 8;

export function enter(section, models, open) {
  const temperature = dial(t("temperature"), [0, 1.5, 0.05], 0.8, t("cold"));
  const topP = dial("Top-p", [0.05, 1, 0.05], 1, t("fewest"));
  const minP = dial("Min-p", [0, 0.5, 0.01], 0.1, t("unlikely"));
  const meter = choice(t("meter"), Object.keys(METERS)), bars = number(t("bars"), 8, "", 1, MOST);
  const seed = number(t("seed"), 0, t("sameSeed"));
  const status = statusLine(), player = new Player(() => `chorale-${seed.value}`, "off");
  // Of models that know keys.
  const end = choice(t("end"), [t("free"), t("tonic")]);
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, running = null;

  const compose = button(t("compose"), () => running ? stop() : begin(), { className: "main" });
  put(section, dials(named, temperature, topP, minP, player.tempo, meter, player.key, player.leading, end, bars, seed),
    buttons(compose, button(t("another"), () => { stop(); seed.value++; begin(); }, { title: t("nextSeed") }), ...player.controls),
    status, player.roll,
    make("p", { className: "legend" }, ...VOICES.flatMap((name, part) => [make("i", { className: `voice${part}` }), ` ${t(name)} `])));
  shortcuts(section, { escape: stop });

  end.element.hidden = true;

  function told() {
    compose.textContent = t(running ? "stop" : "compose");
    compose.disabled = !model;
  }

  function loaded(given) {
    model = given;
    player.key.element.hidden = end.element.hidden = !model.codec.ranges;
    told();
  }

  function stop() {
    if (running) {
      player.ended();
      status.textContent = "";
    }
    running = null;
    player.stop();
    told();
  }

  async function begin() {
    if (!model || running) return;
    const run = running = {}, over = METERS[meter.value], first = seed.value, tonic = !end.element.hidden && end.index === 1;
    let piece;
    told();
    for (let attempt = 0; attempt < (tonic ? TRIES : 1); attempt++) {
      piece = new Piece();
      player.show(piece, over, bars.value * (over[0] * 16) / over[1]);
      if (!tonic) player.perform(); // else once it is known how it ends
      if (!await grow(piece, over, rowKey(first, 0, attempt ? [attempt] : []), () => running === run)) return;
      player.ended();
      if (endsOnTonic(piece)) break;
    }
    running = null;
    told();
    player.tell(status, first);
    if (tonic) player.perform();
  }

  /** Composes a piece; whether it came to its end, while it was `wanted`. */
  function grow(piece, over, key, wanted) {
    const composer = model, { rule } = player, given = player.asked === null ? [] : opening(player.asked, over);
    const rows = plan(over, bars.value, composer.codec.ranges, given.length > 0);
    let state = composer.begin(key), known = rule?.start;
    for (const symbol of given) {
      state = composer.told(state, symbol);
      piece.add(symbol);
    }
    return steadily(() => {
      const { carry, said } = composer.ask(state), options = { temperature: temperature.value, topP: topP.value, minP: minP.value, allowed: rows[state.position] };
      const symbol = composer.draw(state, rule ? rule.bend(known, said) : said, options);
      state = composer.after(state, carry, symbol);
      known = rule?.read(known, symbol);
      piece.add(symbol);
      return state.position < rows.length;
    }, wanted, () => { player.composing(status, state.position / rows.length); });
  }

  named.load();
}
