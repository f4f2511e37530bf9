/** The room of reading: one writes with a pen, a finger or a mouse, and sees what the recogniser reads, letter by letter. */

import { ComposedLine, linesOf, Offsets } from "../codecs/offsets.js";
import { Reader } from "../codecs/reader.js";
import { button, buttons, field, make, modelChoice, percent, put, save, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../language.js";
import { fileField, inkJson, Pad, readInk } from "./pad.js";

// Milliseconds after a stroke: more may come.
const PAUSE = 250;
const SPACE = "␣";

export function enter(section, models, open, entries) {
  const writer = entries.find(({ domain, codec }) => domain === "handwriting" && codec === "offsets");
  const pad = new Pad(changed);
  const status = statusLine();
  const said = make("p", { className: "said", lang: "", aria: { live: "polite" } });
  const letters = make("ol", { className: "letters-read", aria: { label: t("letters") } });
  const others = make("p", { className: "status" });
  const words = make("input", { type: "text", value: "Read this", maxLength: 40 });
  const undo = button(t("undoStroke"), () => pad.undo()), clear = button(t("clear"), () => pad.clear(), { className: "main" });
  const keep = button(t("saveInk"), () => save("ink.json", inkJson([{ text: said.textContent || null, strokes: pad.written }]), "application/json"), { title: t("inkAbout") });
  const named = modelChoice(models, open, status, () => { reader = null; }, model => { reader = new Reader(model); changed(); });
  let reader = null, timer = 0, turn = 0;

  put(section,
    make("p", {}, t("writeWord")), pad,
    buttons(clear, undo, keep, named, fileField(t("inkFile"), opened)),
    ...(writer ? [buttons(field(t("haveWritten"), words),
      button(t("write"), write, { title: t("writtenBy", writer.name) }))] : []),
    said, letters, others, status);
  shortcuts(section, { "Control+z": () => pad.undo(), escape: () => pad.clear() });
  words.addEventListener("keydown", ({ key }) => { if (key === "Enter") write(); });
  changed();

  function changed() {
    const empty = !pad.strokes.length;
    for (const one of [undo, clear, keep]) one.disabled = empty;
    clearTimeout(timer);
    timer = setTimeout(read, PAUSE);
  }

  async function read() {
    if (pad.open) return; // of the next stroke
    letters.replaceChildren();
    others.textContent = said.textContent = "";
    if (!reader || !pad.strokes.length) return;
    const strokes = pad.written.map(stroke => stroke.map(([x, y]) => [x, y])), began = performance.now();
    const found = reader.read(strokes);
    said.textContent = found.text;
    letters.replaceChildren(...found.letters.map(({ letter, likely, first, last }, i) => {
      // A network knows a letter by a few of its points: its part goes half-way to those of its neighbours.
      const { last: before } = found.letters[i - 1] ?? { last: -first }, { first: after } = found.letters[i + 1] ?? { first: 2 * found.points.length };
      const show = () => pad.mark(found.points.slice((before + first) >> 1, (last + after) >> 1));
      return make("li", { tabIndex: 0, onmouseenter: show, onfocus: show, onmouseleave: () => pad.mark([]), onblur: () => pad.mark([]) },
        make("b", {}, letter === " " ? SPACE : letter),
        ...likely.slice(0, 3).filter(({ odds }, i) => !i || odds >= 0.001).map(({ letter: other, odds }) => make("span", {}, `${other === " " ? SPACE : other} ${percent(odds)}`)));
    }));
    const rest = found.others.slice(1, 4).filter(({ odds }) => odds >= 0.001);
    others.textContent = rest.length ? t("sure", percent(found.others[0].odds), rest.map(({ text, odds }) => t("quoted", text, percent(odds))).join(t("comma"))) : "";
    status.say("read", found.points.length, Math.round(performance.now() - began));
  }

  function opened(text) {
    try {
      const [{ strokes, pressures }] = readInk(text);
      pad.show(strokes, pressures);
    } catch (error) {
      status.textContent = error.message;
    }
  }

  /** By the model that writes, in a hand and from a seed of chance. */
  async function write() {
    const mine = ++turn, model = await open(writer), codec = new Offsets(model.codec), line = linesOf(words.value)[0];
    const unknown = codec.unknown(words.value);
    if (unknown || !line) {
      status.textContent = unknown ? t("unknown", writer.name, unknown) : t("type");
      return;
    }
    const hand = codec.hands[Math.floor(Math.random() * codec.hands.length)];
    const writing = new ComposedLine(model, codec, line, { hand: { [hand]: 1 }, seed: Math.floor(Math.random() * 2 ** 32) });
    const strokes = [[]];
    await steadily(() => writing.step({ bias: 1 }), () => mine === turn);
    const whole = await steadily(() => {
      const { x, y, lifts } = writing.next({ bias: 1 });
      strokes.at(-1).push([x, y]);
      if (lifts) strokes.push([]);
      return !writing.done;
    }, () => mine === turn);
    if (whole) pad.show(strokes.filter(stroke => stroke.length));
  }

  named.load();
}
