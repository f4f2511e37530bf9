/** What a model makes while it is being trained: always from the same seed, so that one sees what it has learned. */

import { Characters } from "../codecs/characters.js";
import { composing } from "../codecs/composing.js";
import { Line, Offsets } from "../codecs/offsets.js";
import { rowKey } from "../runtime/model.js";
import { button, make, steadily } from "../ui.js";
import { t } from "../language.js";
import { Sheet } from "./ink_sheet.js";
import { Roll } from "./roll.js";
import { Sound } from "./sound.js";

const LETTERS = 240, WORDS = "The quick brown fox jumps over it", BARS = 4, QUARTERS = 100;

/** An element that shows it, while it is being made; null where this page has no way to show what such a model makes. */
export function sample(model, alive) {
  const made = { characters: text, offsets: line, grid: bars, beats: bars }[(model.codec.level ?? model.codec).kind];
  return made ? made(model, alive) : null;
}

function text(model, alive) {
  const codec = new Characters(model.codec), decode = codec.decoder(), allowed = codec.writable();
  const element = make("p", { className: "sample", dir: "auto", lang: "" });
  let state = model.begin(rowKey(0), model.network.context({ vector: model.network.vector(codec.labels, { [codec.labels[0]]: 1 }) }));
  steadily(() => {
    state = model.drawn(state, { temperature: 0.8, minP: 0.05, allowed });
    element.append(decode([state.input])[0]);
    return state.position < LETTERS && state.input !== codec.end;
  }, alive);
  return element;
}

function line(model, alive) {
  const codec = new Offsets(model.codec), words = [...WORDS].filter(letter => codec.written.includes(letter)).join("").trim();
  if (!words) return null;
  const sheet = new Sheet(), hand = { [codec.hands[0]]: 1 };
  const writing = new Line(model, codec, words, { hand, seed: 0 });
  sheet.begin([words], {});
  steadily(() => {
    sheet.add(0, writing.next({ bias: 1 }));
    return !writing.done;
  }, alive);
  return sheet.element;
}

function bars(model, alive) {
  const making = composing(model, rowKey(0), { meter: [4, 4], bars: BARS }), { piece } = making, roll = new Roll();
  let sound = null, playing = 0;
  roll.begin(piece, BARS * 16);
  steadily(() => making.step({ temperature: 0.8, minP: 0.1 }), alive).then(() => {
    piece.close();
    roll.draw(0);
  });
  const play = button(t("play"), () => {
    const mine = ++playing;
    (sound ??= new Sound()).perform(piece, roll, () => 15 / (piece.tempos?.[0][1] ?? QUARTERS), () => mine === playing);
  });
  return make("div", { className: "sample" }, roll, play);
}
