/** Voices that sing a piece: oscillators of the page, no samples. */

import { wav } from "../codecs/wav.js";
import { frame } from "../ui.js";

// Seconds that are planned before they sound.
const AHEAD = 0.4;
const ATTACK = 0.04, RELEASE = 0.18, LOUD = 0.13;
// Programs below it are struck, and fade in so many seconds.
const STRUCK = 16, FADE = 0.8;
const USUAL = 80; // velocity
const PARTIALS = [0, 1, 0.55, 0.3, 0.16, 0.12, 0.05, 0.04, 0.02];
// Which no oscillator is.
const DRUMS = 128;
const RATE = 44100; // of a file
// Where the voices stand.
const SIDES = [-0.3, 0.25, -0.15, 0.1];

export class Sound {
  constructor(context = new AudioContext()) {
    this.context = context;
    this.wave = this.context.createPeriodicWave(new Float32Array(PARTIALS.length), Float32Array.from(PARTIALS));
    this.out = this.context.createDynamicsCompressor();
    this.out.connect(this.context.destination);
    this.tones = new Map();
  }

  #begin(step) {
    this.silence();
    this.context.resume();
    this.step = step;
    this.origin = this.context.currentTime + 0.15;
  }

  /** Where it is, in sixteenths. */
  get at() {
    return (this.context.currentTime - this.origin) / this.step;
  }

  /** Plans the notes of a piece that come soon; called again and again. Where the piece still grows, it waits for it. */
  #plan(piece) {
    const late = this.at + 1 - piece.steps;
    if (piece.grows && late > 0) this.origin += late * this.step;
    for (const note of piece.notes) {
      const start = this.origin + note.start * this.step;
      if (!this.tones.has(note) && note.program !== DRUMS && start > this.context.currentTime - 0.05 && start < this.context.currentTime + AHEAD) this.#sing(note, start);
      const tone = this.tones.get(note);
      if (tone && note.end !== null && !tone.ends) this.#end(tone, this.origin + note.end * this.step);
    }
  }

  /** A piece from its beginning, `step()` seconds a sixteenth, with the line of its roll: once, or as often as it is `again`,
   * and no longer than it is `wanted`. */
  async perform(piece, roll, step, wanted, again = () => false) {
    while (wanted() && piece.grows && !piece.notes.length) await frame(); // which say how fast they are
    this.#begin(step());
    while (wanted()) {
      if (!piece.grows && this.at > piece.steps + 2) {
        if (!again()) return;
        this.#begin(step());
      }
      this.#plan(piece);
      roll.draw(Math.max(this.at, 0));
      await frame();
    }
  }

  /** A whole piece as a file, `step` seconds a sixteenth, faster than it sounds. */
  static async file(piece, step) {
    const context = new OfflineAudioContext(2, Math.ceil(RATE * (piece.steps * step + 1)), RATE), sound = new Sound(context);
    for (const note of piece.notes.filter(({ program }) => program !== DRUMS)) {
      sound.#sing(note, note.start * step);
      sound.#end(sound.tones.get(note), note.end * step);
    }
    const heard = await context.startRendering();
    return wav([0, 1].map(channel => heard.getChannelData(channel)), RATE);
  }

  /** A short tone now. */
  strike(pitch) {
    this.context.resume();
    const note = { pitch, part: 0 }, now = this.context.currentTime;
    this.#sing(note, now);
    this.#end(this.tones.get(note), now + 0.25);
  }

  silence() {
    for (const tone of this.tones.values()) if (!tone.over) tone.oscillator.stop();
    this.tones.clear();
  }

  #sing(note, start) {
    const { pitch, part, program, velocity = USUAL } = note;
    const oscillator = new OscillatorNode(this.context, { frequency: 440 * 2 ** ((pitch - 69) / 12), periodicWave: this.wave });
    const gain = new GainNode(this.context, { gain: 0 }), pan = new StereoPannerNode(this.context, { pan: SIDES[part % 4] });
    gain.gain.setValueAtTime(0, Math.max(start, this.context.currentTime));
    gain.gain.linearRampToValueAtTime((LOUD * velocity) / USUAL, Math.max(start, this.context.currentTime) + ATTACK);
    if (program < STRUCK) gain.gain.setTargetAtTime(0, Math.max(start, this.context.currentTime) + ATTACK, FADE);
    oscillator.connect(gain).connect(pan).connect(this.out);
    oscillator.start(Math.max(start, this.context.currentTime));
    const tone = { oscillator, gain, ends: false, over: false };
    oscillator.onended = () => { tone.over = true; };
    this.tones.set(note, tone);
  }

  #end(tone, when) {
    const end = Math.max(when - 0.02, this.context.currentTime + ATTACK);
    tone.ends = true;
    tone.gain.gain.setTargetAtTime(0, end, RELEASE / 6);
    tone.oscillator.stop(end + RELEASE);
  }
}
