/** The room of one's own hand: given lines are written with a pen, checked by the recogniser, and saved for `adopt`. */

import { linesOf } from "../codecs/offsets.js";
import { Reader } from "../codecs/reader.js";
import { sent } from "../models.js";
import { button, buttons, make, put, save, shortcuts, statusLine } from "../ui.js";
import { t } from "../language.js";
import { inkJson, Pad } from "./pad.js";

// All signs of a keyboard that a letter needs, each letter more than once.
const TEXT = "The quick brown fox jumps over a lazy dog; five wizards boxed all night. Pack my box with 12 jugs, please! Why not? He had 34 zebras & apes. "
  + "Jack quietly moved up front, and seized the big ball of wax: 5.60. Dear Ann, I'll be there by 7:30. \"Even so,\" said Lucy, \"we go.\" "
  + "Mr. Vane (Oxford) paid $89 for it. Kindly reply; Sam Grey waits under the elms, where nobody ever asks who wrote the letter.";
// Pixels: a screen on which a line is half as long.
const NARROW = 600;
// Lines that a hand is learned from.
const FEWEST = 3;
// Milliseconds after a stroke: more may come.
const PAUSE = 300;
const FILE = "my_hand.json";

export function enter(section, models, open, entries) {
  const recogniser = entries.find(({ domain, codec }) => domain === "handwriting" && codec === "features");
  const small = innerWidth < NARROW, texts = linesOf(TEXT, small ? 15 : 32), written = texts.map(() => []);
  const pad = new Pad(changed, small ? 20 : 32);
  const text = make("input", { type: "text", className: "given-line", maxLength: 60, oninput: () => { texts[at] = text.value; changed(); } });
  const place = make("p", { className: "status" });
  const check = statusLine();
  const back = button(t("back"), () => turn(at - 1)), next = button(t("next"), () => turn(at + 1), { className: "main" });
  const undo = button(t("undoStroke"), () => pad.undo()), clear = button(t("clear"), () => pad.clear());
  const kept = entries.find(({ takes }) => takes), commands = make("code", {}), told = statusLine();
  const show = file => commands.replaceChildren(`seqgen handwriting adopt ${file} --out mine.style\nseqgen handwriting write "Dear Ann," --hand mine.style`);
  const keep = button(t("saveHand"), async () => {
    const lines = written.flatMap((strokes, i) => strokes.length && texts[i].trim() ? [{ text: texts[i].trim(), strokes }] : []), ink = inkJson(lines, "mine");
    saved = true;
    const answer = kept && await sent(kept.takes, ink);
    if (answer?.ok) {
      const { path, quoted } = await answer.json();
      told.say("keptAs", path);
      show(quoted);
      return;
    }
    if (kept) told.say("notKept", answer?.status ?? "–");
    save(FILE, ink, "application/json");
    show(FILE);
  }, { title: kept ? t("keptIn", kept.name) : "" });
  let at = 0, reader = null, timer = 0, saved = true;

  put(section,
    make("p", {}, t("asAlways")),
    make("label", { className: "prompt" }, make("span", {}, t("thisLine")), text), pad,
    buttons(back, next, undo, clear, keep), place, check, told,
    make("p", {}, t("withFile")),
    make("pre", {}, commands));
  show(FILE);
  shortcuts(section, { "Control+z": () => pad.undo() });
  addEventListener("beforeunload", event => { if (!saved) event.preventDefault(); });

  function turn(to) {
    at = (to + texts.length) % texts.length;
    text.value = texts[at];
    pad.resume(written[at]);
  }

  function changed() {
    const now = pad.written;
    if (now.length !== written[at].length) saved = false;
    written[at] = now;
    const done = written.filter((strokes, i) => strokes.length && texts[i].trim()).length;
    place.textContent = t("lineOf", at + 1, texts.length, done, done < FEWEST ? t("needed", FEWEST - done) : "");
    undo.disabled = clear.disabled = !pad.strokes.length;
    keep.disabled = done < FEWEST;
    check.textContent = "";
    clearTimeout(timer);
    if (pad.strokes.length) timer = setTimeout(read, PAUSE);
  }

  /** What it seems to say: whoever left a word out sees it. */
  async function read() {
    const mine = at, strokes = pad.written;
    if (!recogniser || pad.open) return;
    reader ??= new Reader(await open(recogniser));
    if (mine !== at || strokes.length !== pad.strokes.length) return;
    const found = reader.read(strokes.map(stroke => stroke.map(([x, y]) => [x, y]))).text;
    check.textContent = found === texts[at].trim() ? t("asItShould") : t("readsOther", found);
  }

  turn(0);
}
