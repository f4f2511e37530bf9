/** The room of music: four voices, or songs, are composed while they sound, on a piano roll that grows. */

import { composing, written } from "../codecs/composing.js";
import { VOICES } from "../codecs/grid.js";
import { refill } from "../codecs/refilling.js";
import { endsOnTonic } from "../codecs/leading.js";
import { rowKey } from "../runtime/model.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../language.js";
import { Player } from "./player.js";

const METERS = { "4/4": [4, 4], "3/4": [3, 4], "2/4": [2, 4], "6/8": [6, 8] };
// Of songs, which models say themselves where nobody does.
const TEMPOS = [50, 60, 72, 80, 90, 100, 112, 120, 132, 152, 180];
// Bars.
const MOST = 200;
// Ways that are tried side by side where something is given.
const PARTICLES = 8;
// Of a piece that is to end on its tonic.
const TRIES = 8;

export function enter(section, models, open) {
  const temperature = dial(t("temperature"), [0, 1.5, 0.05], 0.8, t("cold"));
  const topP = dial("Top-p", [0.05, 1, 0.05], 1, t("fewest"));
  const minP = dial("Min-p", [0, 0.5, 0.01], 0.1, t("unlikely"));
  const meter = choice(t("meter"), Object.keys(METERS)), bars = number(t("bars"), 8, "", 1, MOST);
  const seed = number(t("seed"), 0, t("sameSeed"));
  const status = statusLine(), player = new Player(() => `${written(model) ? "song" : "chorale"}-${seed.value}`, "off");
  // Of models that know keys.
  const end = choice(t("end"), [t("free"), t("tonic")]);
  const anyMeter = choice(t("meter"), [t("any"), ...Object.keys(METERS)]), anyTempo = choice(t("tempo"), [t("any"), ...TEMPOS.map(String)]);
  const own = dials();
  const legend = make("p", { className: "legend" }, ...VOICES.flatMap((name, part) => [make("i", { className: `voice${part}` }), ` ${t(name)} `]));
  // Of four voices: which of them sing anew, in which bars.
  const chosen = VOICES.map((name, part) => make("input", { type: "checkbox", checked: part > 0 }));
  const first = number(t("fromBar"), 1, "", 1, MOST), last = number(t("toBar"), MOST, "", 1, MOST);
  const singing = button(t("singAnew"), () => again(), { title: t("restStays") });
  const anew = make("details", { hidden: true }, make("summary", {}, t("writeAnew")), dials(first, last,
    ...VOICES.map((name, part) => make("label", {}, chosen[part], ` ${t(name)}`))), buttons(singing));
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  let model = null, running = null;

  const compose = button(t("compose"), () => running ? stop() : begin(), { className: "main" });
  put(section, dials(named, temperature, topP, minP, own, bars, seed),
    buttons(compose, button(t("another"), () => { stop(); seed.value++; begin(); }, { title: t("nextSeed") }), ...player.controls),
    status, player.roll, legend, anew);
  shortcuts(section, { escape: stop });

  function told() {
    compose.textContent = t(running ? "stop" : "compose");
    compose.disabled = !model;
    singing.disabled = running || !player.piece || player.piece.grows;
  }

  function loaded(given) {
    model = given;
    const song = written(model), keyed = !!model.codec.ranges;
    player.key.element.hidden = !song && !keyed;
    legend.hidden = anew.hidden = song;
    player.show(null);
    own.replaceChildren(...(song ? [anyTempo, anyMeter, player.key] : [player.tempo, meter, player.key, player.leading, ...(keyed ? [end] : [])])
      .map(({ element }) => element));
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
    const run = running = {}, song = written(model), over = METERS[(song ? anyMeter : meter).value] ?? null, first = seed.value;
    const tonic = end.element.isConnected && end.index === 1, bpm = anyTempo.index ? Number(anyTempo.value) : null;
    const length = song ? Infinity : bars.value * (over[0] * 16) / over[1], options = () => ({ temperature: temperature.value, topP: topP.value, minP: minP.value });
    let piece;
    told();
    for (let attempt = 0; attempt < (tonic ? TRIES : 1); attempt++) {
      const making = composing(model, rowKey(first, 0, attempt ? [attempt] : []), { meter: over, bars: bars.value, tonality: player.asked, bpm, rule: player.rule });
      ({ piece } = making);
      player.show(piece, over ?? [4, 4], length);
      if (!tonic) player.perform(); // else once it is known how it ends
      if (!await steadily(() => making.step(options()), () => running === run, () => { player.composing(status, making.part); })) return;
      player.ended();
      if (endsOnTonic(piece)) break;
    }
    running = null;
    told();
    player.tell(status, first);
    last.value = piece.bars.length;
    if (tonic) player.perform();
  }

  /** The chosen voices in the chosen bars, under and over what the others sing. */
  async function again() {
    const { piece, meter } = player, parts = VOICES.map((_, part) => part).filter(part => chosen[part].checked), count = piece.bars.length;
    const bars = [Math.min(first.value, count), Math.min(Math.max(first.value, last.value), count)], from = seed.value;
    if (!parts.length) return;
    const run = running = {};
    player.stop();
    told();
    const filling = refill(model, piece, { meter, voices: parts, bars, rule: player.rule, seed: from, particles: PARTICLES, temperature: temperature.value });
    let now = {};
    if (!await steadily(() => !(now = filling.next()).done, () => running === run, () => { if (!now.done) player.composing(status, now.value); })) return;
    running = null;
    player.show(now.value, meter, now.value.steps);
    player.ended();
    told();
    player.tell(status, from);
    player.perform();
  }

  named.load();
}
