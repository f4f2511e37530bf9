/** Voices that sing a piece, as the package's own synthesiser has them (seqgen/domains/music/showing/synth.py): no samples. */

import { banded, drum, stroke } from "../codecs/drums.js";
import { DRUMS } from "../codecs/midi.js";
import { layersOf, rung, timbre } from "../codecs/timbres.js";
import { wav } from "../codecs/wav.js";
import { frame } from "../ui.js";

// Seconds that are planned before they sound.
const AHEAD = 0.4;
const SHORTEST = 0.04, LONGEST = 6, TAIL = 1.8, FADE = 0.1;
const LOUD = 0.16, PEAK = 0.9, LIFT = 3; // of a file
const LIVE = 2; // times as loud where nothing is levelled
const ROOM = 0.2, HALL = [[150, 900, 1.5], [900, 3000, 1.1], [3000, 7000, 0.6]]; // bands in Hz, and seconds until each is still
const CHOIR = 52, VELOCITY = 80, VIBRATO = 5.3;
const RATE = 44100; // of a file
const CURVE = 64; // places of a rise

export class Sound {
  constructor(context = new AudioContext()) {
    this.context = context;
    const { sampleRate: rate } = context, random = noise();
    this.master = new DynamicsCompressorNode(context); // of what is heard at once nobody knows how loud it will be; a file is levelled
    if (context instanceof OfflineAudioContext) this.master = new GainNode(context);
    this.master.connect(context.destination);
    const hall = new AudioBuffer({ length: Math.round(1.3 * rate), numberOfChannels: 2, sampleRate: rate });
    for (const channel of [0, 1]) hall.copyToChannel(echoes(random, hall.length, rate), channel);
    this.dry = new GainNode(context, { gain: context instanceof OfflineAudioContext ? 1 : LIVE });
    this.dry.connect(this.master);
    this.dry.connect(new ConvolverNode(context, { buffer: hall, disableNormalization: true, channelCount: 1, channelCountMode: "explicit" })).connect(this.master);
    this.random = random;
    this.tones = new Map();
    this.made = new Map(); // waves and buffers, by what they are of
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
    const late = this.at + 1 - piece.steps, now = this.context.currentTime;
    if (piece.grows && late > 0) this.origin += late * this.step;
    for (const note of piece.notes) {
      const [from, to] = note.played ?? [note.start, note.end], start = this.origin + from * this.step;
      if (!this.tones.has(note) && start > now - 0.05 && start < now + AHEAD) this.#sing(note, start, place(note, piece), to === null ? LONGEST : (to - from) * this.step);
      const tone = this.tones.get(note);
      if (tone && to !== null && !tone.ends) this.#end(tone, this.origin + to * this.step);
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
    const length = Math.ceil(RATE * (piece.steps * step + TAIL)), context = new OfflineAudioContext(2, length, RATE), sound = new Sound(context);
    for (const note of piece.notes) {
      const [from, to] = note.played ?? [note.start, note.end];
      sound.#end(sound.#sing(note, from * step, place(note, piece), (to - from) * step), to * step);
    }
    const heard = await context.startRendering(), channels = [0, 1].map(channel => heard.getChannelData(channel));
    const peak = channels.flat().reduce((most, own) => own.reduce((so, value) => Math.max(so, Math.abs(value)), most), 0);
    const louder = peak ? Math.min(PEAK / peak, LIFT) : 1, end = FADE * RATE;
    return wav(channels.map(own => own.map((value, i) => louder * value * (0.5 - 0.5 * Math.cos(Math.PI * Math.min((length - i) / end, 1))))), RATE);
  }

  /** A short tone now, or at another time of `context`. */
  strike(pitch, program = CHOIR, when = this.context.currentTime) {
    this.context.resume();
    this.#end(this.#sing({ pitch, program }, when, 0, 0.25), when + 0.25);
  }

  silence() {
    for (const tone of this.tones.values()) for (const source of tone.sources) source.stop();
    this.tones.clear();
  }

  /** Begins a note at a place between left, -1, and right; lasts: how many seconds it is held. */
  #sing(note, start, pan, lasts) {
    const { context } = this, { pitch, program = CHOIR, velocity = VELOCITY } = note, beats = program === DRUMS, begin = Math.max(start, context.currentTime);
    const kind = beats ? drum(pitch) : timbre(program), force = (velocity / 127) ** 1.6 * kind.level * LOUD;
    const rise = new GainNode(context), fall = new GainNode(context, { gain: force * (beats ? 3 : Math.SQRT2 * 10 ** (0.004 * (60 - pitch))) });
    const sources = beats || kind.decay ? [this.#struck(kind, pitch, program, velocity, lasts + kind.release)] : this.#held(kind, pitch, program, velocity, begin);
    for (const { source, share = 1 } of sources) source.connect(new GainNode(context, { gain: share })).connect(rise);
    rise.connect(fall).connect(new StereoPannerNode(context, { pan: Math.min(Math.max(beats ? kind.pan : pan, -1), 1) })).connect(this.dry);
    if (!beats) rise.gain.setValueCurveAtTime(curve(1), begin, kind.attack);
    const tone = { sources: sources.map(({ source }) => source), fall, release: beats ? 0 : kind.release, begin, ends: beats };
    for (const source of tone.sources) source.start(begin);
    this.tones.set(note, tone);
    return tone;
  }

  /** What rings by itself: a buffer of it, as long as it is wanted or longer. */
  #struck(kind, pitch, program, velocity, lasts) {
    const { context } = this, { sampleRate } = context, seconds = program === DRUMS ? 0 : Math.min(2 ** Math.ceil(Math.log2(lasts)), LONGEST);
    const bright = program === DRUMS ? 0 : velocity >> 5, id = `${program} ${pitch} ${bright} ${seconds}`;
    if (!this.made.has(id)) {
      const samples = kind.decay ? rung(layersOf(kind, pitch, bright, sampleRate).flat(), Math.ceil(seconds * sampleRate), sampleRate) : stroke(kind, this.random, sampleRate);
      const buffer = new AudioBuffer({ length: samples.length, sampleRate });
      buffer.copyToChannel(samples, 0);
      this.made.set(id, buffer);
    }
    return { source: new AudioBufferSourceNode(context, { buffer: this.made.get(id) }) };
  }

  /** What sounds as long as it is held: an oscillator a layer, which have the same wave, the first with vibrato. */
  #held(kind, pitch, program, velocity, begin) {
    const { context } = this, id = `${program} ${pitch} ${velocity >> 5}`, frequency = 440 * 2 ** ((pitch - 69) / 12);
    if (!this.made.has(id)) { // it takes longer than all else
      const real = new Float32Array(42), imag = new Float32Array(42); // of harmonics
      for (const { ratio, strength, phase } of layersOf(kind, pitch, velocity >> 5, context.sampleRate)[0]) {
        [real[ratio], imag[ratio]] = [strength * Math.sin(phase), strength * Math.cos(phase)];
      }
      this.made.set(id, new PeriodicWave(context, { real, imag, disableNormalization: true }));
    }
    return kind.layers.map(([detune, share], i) => {
      const source = new OscillatorNode(context, { frequency, detune, periodicWave: this.made.get(id) });
      if (!i && kind.vibrato) {
        const shaking = new OscillatorNode(context, { frequency: VIBRATO });
        shaking.connect(new GainNode(context, { gain: kind.vibrato })).connect(source.detune);
        shaking.start(begin);
        source.onended = () => shaking.stop();
      }
      return { source, share };
    });
  }

  #end(tone, when) {
    if (tone.ends) return;
    const end = Math.max(when, tone.begin + SHORTEST, this.context.currentTime);
    tone.ends = true;
    tone.fall.gain.setValueCurveAtTime(curve(-1).map(value => value * tone.fall.gain.value), end, tone.release);
    for (const source of tone.sources) source.stop(end + tone.release);
  }
}

/** Where a note stands: parts beside one another, high ones a little to the right. */
function place({ part, pitch, program }, { notes }) {
  const parts = [...new Set(notes.filter(note => note.program !== DRUMS).map(note => note.part))].sort((a, b) => a - b);
  return program === DRUMS ? 0 : (parts.length > 1 ? 0.6 * (parts.indexOf(part) / (parts.length - 1) - 0.5) : 0) + (0.3 * (pitch - 64)) / 64;
}

/** Half a cosine, up or down. */
const curve = sign => Float32Array.from({ length: CURVE }, (_, i) => 0.5 - 0.5 * sign * Math.cos((Math.PI * i) / (CURVE - 1)));

/** The answer of a small hall to a clap: noise that fades, the treble sooner than the bass. */
function echoes(random, length, rate) {
  const bands = HALL.map(([low, high, seconds]) => banded(Float32Array.from({ length }, () => random() - 0.5), [low, high], rate)
    .map((value, i) => value * Math.sqrt(high - low) * Math.exp((-Math.log(1000) / seconds) * (i / rate))));
  const answer = bands[0].map((value, i) => (value + bands[1][i] + bands[2][i]) * Math.min(Math.max((i / rate - 0.008) / 0.02, 0), 1) * Math.min((length - i) / (0.3 * rate), 1));
  const energy = Math.sqrt(answer.reduce((total, value) => total + value * value, 0));
  return answer.map(value => (ROOM * value) / energy);
}

/** The same numbers from 0 to 1 each time (Park and Miller's generator). */
function noise() {
  let state = 7;
  return () => (state = (48271 * state) % 2147483647) / 2147483647;
}
