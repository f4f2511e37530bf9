/** A tune as it is played, beside a clock that clicks; and keys to play it on with a finger or a mouse. */

import { frame, make } from "../ui.js";

// Quarters that click before the first bar; what they sound like, and what a first one does.
const COUNTED = 4, LEAD = 0.1, CLICK = 84, FIRST = 91, WOOD = 115;
// Semitones above C of two octaves that the keys show, and which of an octave are black.
const KEYS = 25, LOWEST = 60, BLACK = [1, 3, 6, 8, 10];

export class Recorder {
  /** tune: what is played becomes its notes; sound(): what clicks and is heard; step(): seconds of a sixteenth; told: hears of a begin and an end. */
  constructor({ tune, sound, step, told }) {
    Object.assign(this, { tune, sound, step, told, turn: null, note: null });
  }

  /** From the click of the first bar to the end of the last one, or until it is stopped. */
  async begin() {
    const { tune } = this, sound = this.sound(), { context } = sound, seconds = this.step(), turn = this.turn = {}, quarters = COUNTED + Math.ceil(tune.steps / 4);
    tune.show(tune.steps, []);
    this.seconds = seconds;
    this.origin = performance.now() + 1000 * (LEAD + 4 * seconds * COUNTED);
    this.told();
    await context.resume();
    const first = context.currentTime + (this.origin - performance.now()) / 1000;
    for (let i = 0; i < quarters; i++) sound.strike((i - COUNTED) % (tune.bar / 4) ? CLICK : FIRST, WOOD, first + 4 * seconds * (i - COUNTED));
    this.origin += 1000 * (context.outputLatency || 0); // what is heard was due so much earlier
    while (this.turn === turn && this.#at(performance.now()) < tune.steps) {
      tune.clock(this.#at(performance.now()));
      await frame();
    }
    if (this.turn === turn) this.stop();
  }

  stop() {
    if (!this.turn) return;
    this.turn = null;
    this.released(this.note?.pitch);
    this.tune.clock(null);
    this.sound().silence();
    this.told();
  }

  /** A key goes down: of a tune that is recorded, or else a note more. */
  pressed(pitch, now = performance.now()) {
    if (!this.turn) {
      this.tune.play(pitch);
      return;
    }
    this.released(this.note?.pitch, now);
    this.sound().strike(pitch);
    const from = this.#at(now);
    if (from > -2) this.note = { pitch, from: Math.max(from, 0) };
  }

  released(pitch, now = performance.now()) {
    if (!this.note || this.note.pitch !== pitch) return;
    this.tune.record({ ...this.note, to: this.#at(now) });
    this.note = null;
  }

  /** The time of an event in sixteenths. */
  #at(now) {
    return (now - this.origin) / 1000 / this.seconds;
  }
}

/** Keys of two octaves from C on for a finger or a mouse; who has keys of a computer needs none of these. */
export function piano(recorder) {
  const keys = Array.from({ length: KEYS }, (_, i) => make("i", {
    className: BLACK.includes(i % 12) ? "black" : "",
    onpointerdown: event => { event.preventDefault(); recorder.pressed(LOWEST + i, event.timeStamp); },
    onpointerup: event => recorder.released(LOWEST + i, event.timeStamp),
    onpointerleave: event => recorder.released(LOWEST + i, event.timeStamp),
  }));
  return make("div", { className: "piano", aria: { hidden: "true" } }, ...keys);
}
