/** A piece as it is seen, heard and kept: its roll, its tempo, and the buttons that play and save it. */

import { LEADING } from "../codecs/leading.js";
import { midi } from "../codecs/midi.js";
import { musicXml } from "../codecs/musicxml.js";
import { button, choice, dial, make, save } from "../ui.js";
import { t } from "../language.js";
import { Roll } from "./roll.js";
import { Sound } from "./sound.js";

const TONES = ["C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"];
const SCORE = "MusicXML";
/** Of keys, as models number them. */
export const NAMES = ["major", "minor"].flatMap(mode => TONES.map(tone => t("tonality", t(tone), t(mode))));

export class Player {
  /** name: what a file of the piece is called; leading: of voices, as a rule. */
  constructor(name, leading) {
    this.piece = null;
    this.turn = null;
    this.tempo = dial(t("tempo"), [40, 200, 5], 100, t("quarters"));
    this.key = choice(t("key"), [t("any"), ...NAMES]); // of models that know keys
    this.leading = choice(t("leading"), Object.keys(LEADING).map(name => t(name)), () => {}, t(leading));
    this.roll = new Roll();
    this.play = button(t("play"), () => this.turn ? this.stop() : this.perform());
    this.keep = button("MIDI", () => save(`${name()}.mid`, midi(this.said), "audio/midi"));
    this.wave = button("WAV", async () => save(`${name()}.wav`, await Sound.file(this.piece, this.step), "audio/wav"));
    this.score = button(SCORE, () => save(`${name()}.musicxml`, musicXml(this.said), "application/xml"));
    this.looped = make("input", { type: "checkbox" });
    this.controls = [this.play, this.keep, this.wave, this.score, make("label", {}, this.looped, ` ${t("loop")}`)];
    this.key.element.hidden = true;
    this.#tell();
  }

  /** The piece with what is said of it. */
  get said() {
    return { tempos: [[0, this.tempo.value]], meters: [[0, ...this.meter]], keys: [], ...this.piece };
  }

  /** Seconds of a sixteenth. */
  get step() {
    return 15 / this.said.tempos[0][1];
  }

  get sound() {
    // Only once somebody has asked for one, or the browser refuses it.
    return (this.made ??= new Sound());
  }

  /** The number of the key that is asked for; null for any. */
  get asked() {
    return this.key.element.hidden || !this.key.index ? null : this.key.index - 1;
  }

  /** How voices are led, as `fill` takes it. */
  get rule() {
    return Object.values(LEADING)[this.leading.index];
  }

  /** Takes the place of the piece before; length: the sixteenths that it has, or will have; null for no piece. */
  show(piece, meter, length) {
    this.stop();
    Object.assign(this, { piece, meter });
    if (piece) this.roll.begin(piece, length);
    this.#tell();
  }

  async perform() {
    const turn = this.turn = {};
    this.#tell();
    await this.sound.perform(this.piece, this.roll, () => this.step, () => this.turn === turn, () => this.looped.checked);
    if (this.turn === turn) this.stop();
  }

  stop() {
    this.turn = null;
    this.made?.silence();
    this.#tell();
  }

  /** The piece is whole: it can be played again, and kept. */
  ended() {
    this.piece.close();
    this.roll.draw(this.turn ? Math.max(this.sound.at, 0) : 0);
    this.#tell();
  }

  /** How much of it is composed, 0 to 1, by tenths: somebody may listen to all that is said. */
  composing(status, part) {
    status.say("composing", 10 * Math.round(10 * part));
  }

  /** What the piece is, and of which seed. */
  tell(status, seed) {
    const { bars, notes, key, tempos } = this.piece, told = [...(key === null ? [] : [NAMES[key]]), ...(tempos ? [`♩ = ${tempos[0][1]}`] : [])];
    status.say("composed", bars.length, notes.length, told.map(one => t("comma") + one).join(""), seed);
  }

  #tell() {
    const grows = !this.piece || this.piece.grows;
    this.play.textContent = t(this.turn && !grows ? "stop" : "play");
    for (const one of [this.play, this.keep, this.wave, this.score]) one.disabled = grows;
  }
}
