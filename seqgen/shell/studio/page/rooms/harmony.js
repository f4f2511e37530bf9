/** The room of harmony: one draws or plays a tune, and three voices are composed under it. */

import { given, Piece, REST } from "../codecs/grid.js";
import { ending, keyOf, triad } from "../codecs/leading.js";
import { fill } from "../runtime/particles.js";
import { button, buttons, choice, dial, dials, make, modelChoice, number, put, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../language.js";
import { NAMES, Player } from "./player.js";
import { piano, Recorder } from "./recorder.js";
import { Tune } from "./tune.js";

const METER = [4, 4], BAR = 16, MOST = 32, TEMPERATURE = 0.8;
const LENGTHS = { quarter: 4, eighth: 2, half: 8, sixteenth: 1 };
// Of MIDI, on any channel.
const NOTE_OFF = 8, NOTE_ON = 9;
const ENDS = ["auto", "tonic", "free"];
const EXAMPLE = [67, 67, 69, 67, 72, 71, 69, 67, 69, 71, 72, 74, 71, 69, 67, 67];

export function enter(section, models, open) {
  const length = choice(t("noteIs"), Object.keys(LENGTHS).map(name => t(name)));
  const bars = number(t("bars"), 4, "", 1, MOST), seed = number(t("seed"), 0, t("sameSeed"));
  const particles = dial(t("tries"), [1, 32, 1], 8, t("triesAbout"));
  const status = statusLine(), player = new Player(() => `harmony-${seed.value}`, "soft");
  const end = choice(t("end"), ENDS.map(name => t(name)));
  const quantise = dial(t("quantise"), [0, 100, 5], 100, t("quantiseAbout"));
  const tune = new Tune({
    heard: pitch => player.sound.strike(pitch), changed: told, length: () => Object.values(LENGTHS)[length.index], strength: () => quantise.value / 100,
    pressed: (...key) => recorder.pressed(...key), released: (...key) => recorder.released(...key),
  });
  const recorder = new Recorder({ tune, sound: () => player.sound, step: () => 15 / player.tempo.value, told });
  const record = button(t("record"), () => {
    if (recorder.turn) recorder.stop();
    else {
      stop();
      player.show(null);
      recorder.begin();
      tune.element.focus();
    }
  }, { title: t("recordAbout") });
  const onward = make("input", { type: "checkbox" });
  const main = button(t("harmonise"), () => running ? stop() : harmonise(), { className: "main" });
  const another = button(t("another"), () => { stop(); seed.value++; harmonise(); }, { title: t("nextSeed") });
  const named = modelChoice(models, open, status, () => { model = null; stop(); }, loaded);
  const keyboard = button(t("keyboard"), connect);
  const undoing = button(t("undo"), () => tune.undo()), redoing = button(t("redo"), () => tune.redo());
  let model = null, running = null, access = null;

  put(section, dials(named, length, bars, player.key, player.leading, end, player.tempo, quantise, particles, seed, make("label", { title: t("allVoices") }, onward, ` ${t("onward")}`)),
    make("p", { className: "status" }, t("draw")), tune, piano(recorder),
    buttons(record, main, another, ...player.controls,
      button(t("example"), () => { bars.value = 4; extend(EXAMPLE.map((pitch, i) => ({ start: 4 * i, end: 4 * i + 4, pitch }))); }),
      keyboard, undoing, redoing, button(t("clear"), () => { stop(); player.show(null); extend([]); })),
    status, player.roll);
  quantise.input.addEventListener("input", () => tune.clock(null));
  bars.input.addEventListener("change", () => extend());
  keyboard.hidden = !navigator.requestMIDIAccess;
  shortcuts(section, { "Control+z": () => tune.undo(), "Control+Shift+z": () => tune.redo(), escape: stop });
  extend();

  function extend(notes) {
    tune.show(BAR * bars.value, notes, BAR);
  }

  /** Notes of all keyboards that are there, or come later, are notes of the tune. */
  async function connect() {
    const heard = await (access ??= navigator.requestMIDIAccess().catch(() => null));
    if (heard) {
      heard.onstatechange = listen;
      listen();
      status.say("keyboards", heard.inputs.size);
    } else {
      access = null;
      status.say("noKeyboard");
    }

    function listen() {
      for (const input of heard.inputs.values()) {
        input.onmidimessage = ({ data: [kind, pitch, force], timeStamp }) => {
          if (section.hidden) return;
          if (kind >> 4 === NOTE_ON && force) recorder.pressed(pitch, timeStamp);
          else if (kind >> 4 === NOTE_ON || kind >> 4 === NOTE_OFF) recorder.released(pitch, timeStamp);
        };
      }
    }
  }

  function told() {
    main.textContent = t(running ? "stop" : "harmonise");
    main.disabled = another.disabled = !model || !tune.notes.length || recorder.turn !== null;
    undoing.disabled = !tune.past.length;
    redoing.disabled = !tune.future.length;
    record.textContent = t(recorder.turn ? "stop" : "record");
  }

  function loaded(given) {
    model = given;
    player.key.element.hidden = !model.codec.ranges;
    told();
  }

  function stop() {
    if (running) status.textContent = "";
    running = null;
    recorder.stop();
    player.stop();
    told();
  }

  async function harmonise() {
    if (!model || running || !tune.notes.length) return;
    stop();
    const last = tune.notes.at(-1), first = seed.value, tonality = player.asked ?? keyOf(tune.notes, true), chord = triad(tonality), fits = chord.includes(last.pitch % 12);
    if (!fits && ENDS[end.index] === "tonic") {
      status.say(player.asked === null ? "noTonic" : "notTonic", NAMES[tonality]);
      return;
    }
    const run = running = {}, { ranges } = model.codec, { cells } = tune, stops = Math.max(...tune.notes.map(({ end }) => end));
    const further = onward.checked && stops < cells.length, count = further ? bars.value : Math.ceil(stops / BAR);
    const asked = given(METER, count, (voice, at) => voice || (further && at >= stops) ? -1 : cells[at] ?? REST, ranges, ranges && (player.asked ?? keyOf(tune.notes)));
    const bias = fits && !further && ENDS[end.index] !== "free" ? ending(asked, chord, last) : [];
    const filling = fill(model, { ...asked, bias, rule: player.rule, seed: first, particles: particles.value, temperature: TEMPERATURE });
    let now = {};
    told();
    const whole = await steadily(() => !(now = filling.next()).done, () => running === run, () => {
      if (!now.done) player.composing(status, now.value);
    });
    if (!whole) return;
    const piece = new Piece();
    now.value.forEach(symbol => piece.add(symbol));
    for (const note of piece.notes.filter(({ part }) => !part)) { // in its own time
      const own = tune.notes.find(({ start }) => start === note.start);
      if (own && "from" in own) note.played = tune.sounding(own);
    }
    running = null;
    player.show(piece, METER, piece.steps);
    player.ended();
    told();
    player.tell(status, first);
    player.perform();
  }

  named.load();
}
