/** The room of music: four voices are composed while they sing, on a piano roll that grows. */

import { opening, Piece, plan, VOICES } from "../codecs/grid.js";
import { rowKey } from "../runtime/model.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../words.js";
import { NAMES, Player } from "./player.js";

const METERS = { "4/4": [4, 4], "3/4": [3, 4], "2/4": [2, 4], "6/8": [6, 8] };
const MOST = 200; // bars

export function enter(section, models, open) {
  const temperature = dial(t("temperature"), [0, 1.5, 0.05], 0.85, t("cold"));
  const topP = dial(t("topP"), [0.05, 1, 0.05], 1, t("fewest"));
  const meter = choice(t("meter"), Object.keys(METERS)), bars = number(t("bars"), 8, "", 1, MOST);
  const seed = number(t("seed"), 0, t("sameSeed"));
  const status = statusLine(), player = new Player(() => `chorale-${seed.value}`);
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, running = null;

  const compose = button(t("compose"), () => running ? stop() : begin(), { className: "main" });
  put(section, dials(named, temperature, topP, player.tempo, meter, player.key, bars, seed),
    buttons(compose, button(t("another"), () => { stop(); seed.value++; begin(); }, { title: t("nextSeed") }), ...player.controls),
    status, player.roll,
    make("p", { className: "legend" }, ...VOICES.flatMap((name, part) => [make("i", { className: `voice${part}` }), ` ${t(name)} `])));
  shortcuts(section, { escape: stop });

  function told() {
    compose.textContent = t(running ? "stop" : "compose");
    compose.disabled = !model;
  }

  function loaded(given) {
    model = given;
    player.key.element.hidden = !model.codec.ranges;
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
    const given = player.asked === null ? [] : opening(player.asked, over);
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
    status.textContent = piece.key === null ? t("composed", piece.bars.length, piece.notes.length, seed.value)
      : t("composedIn", piece.bars.length, piece.notes.length, NAMES[piece.key], seed.value);
  }

  named.load();
}
