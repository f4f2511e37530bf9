// Runs the page's own modules in Node: what a test asks for comes as JSON on standard input, the answer leaves as JSON.
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { plain, read, recognise } from "./laws.mjs";

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
if (asked.simple) delete globalThis.WebAssembly;
const load = path => import(new URL(path, pathToFileURL(`${asked.page}/`)));
const { Model, rowKey } = await load("runtime/model.js");

function opened(folder) {
  const file = fs.readFileSync(`${folder}/model.safetensors`);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  return new Model(JSON.parse(fs.readFileSync(`${folder}/config.json`, "utf8")), bytes);
}

const VERBS = {
  read: asked => read(load, asked),
  recognise: asked => recognise(load, asked),

  async text({ model, prompt, length, seed, options, mixed = {} }) {
    const { Characters } = await load("codecs/characters.js");
    const codec = new Characters(model.codec);
    let state = model.begin(rowKey(seed), model.network.context({ vector: model.network.vector(codec.labels, mixed) }));
    for (const id of codec.encode(prompt)) state = model.after(state, model.ask(state).carry, id, false);
    const drawn = [];
    while (drawn.length < length && drawn.at(-1) !== codec.end) {
      const { carry, said } = model.ask(state);
      drawn.push(model.draw(state, said, { ...options, allowed: codec.writable() }));
      state = model.after(state, carry, drawn.at(-1));
    }
    return codec.decode(drawn).join("");
  },

  // From a tree, which knows what was there: `longest` repeat, and options with penalties.
  async grown({ model, prompt, length, seed = 0, longest = 0, options }) {
    const { Characters } = await load("codecs/characters.js");
    const { Tree, unrepeated } = await load("runtime/tree.js");
    const codec = new Characters(model.codec), tree = new Tree(model, rowKey(seed)), allowed = codec.writable();
    let node = codec.encode(prompt).reduce((before, id) => tree.choose(before, id, true), tree.root);
    const given = node.depth;
    while (node.depth < given + length) node = tree.grow(node, { ...options, allowed: longest ? unrepeated(node, allowed, longest) : allowed });
    return codec.decode(tree.path(node).slice(given).map(({ symbol }) => symbol)).join("");
  },

  // Documents one after the other: how each begins, by the odds of its first symbol, and the same from states computed again.
  async after({ model, seed, mixed, count }) {
    const { Characters } = await load("codecs/characters.js");
    const { Tree } = await load("runtime/tree.js");
    const codec = new Characters(model.codec), allowed = codec.writable(), tree = new Tree(model, rowKey(seed), codec.end);
    tree.begin("calm", model.network.context({ vector: model.network.vector(codec.labels, mixed) }));
    let node = tree.root, ends = 0;
    while (ends < count) {
      node = tree.grow(node, { allowed });
      ends += node.symbol === codec.end;
    }
    const path = tree.path(node), at = path.findIndex(({ symbol }) => symbol === codec.end);
    const drawn = path.map(({ symbol }) => symbol), from = path[at - 1];
    for (const one of path.slice(at - 1)) one.state = null;
    from.children = [];
    node = from;
    while (node.depth < path.length) node = tree.grow(node, { allowed });
    const odds = one => one.top.map(({ symbol, odds }) => [symbol, odds]);
    return { ends, drawn, again: tree.path(node).map(({ symbol }) => symbol), first: odds(path[0]), second: odds(path[at + 1]) };
  },

  // Writes, goes back to the middle, takes another symbol there and goes on: how surprising each of the second text is.
  async branch({ model, prompt, length, seed }) {
    const { Characters } = await load("codecs/characters.js");
    const { Tree } = await load("runtime/tree.js");
    const codec = new Characters(model.codec), tree = new Tree(model, rowKey(seed)), allowed = codec.writable();
    const grown = (node, count) => Array.from({ length: count }).reduce(from => tree.grow(from, { allowed }), node);
    const begun = codec.encode(prompt).reduce((node, id) => tree.choose(node, id, true), tree.root);
    const tip = grown(begun, length), middle = tree.path(tip).at(-Math.floor(length / 2));
    const other = middle.top.find(({ symbol }) => symbol !== middle.symbol).symbol;
    const step = model.network.step;
    let computed = 0;
    model.network.step = (...all) => { computed++; return step.apply(model.network, all); };
    const chosen = tree.choose(middle.parent, other), forChoice = computed;
    const end = grown(chosen, length), path = tree.path(end);
    const again = tree.path(grown(begun, length)).map(({ symbol }) => symbol);
    // The same text as a prompt, in this tree and in one that knows nothing.
    const prompted = [tree, new Tree(model, rowKey(seed))].map(one => {
      const from = tree.path(tip).reduce((node, { symbol }) => one.choose(node, symbol, true), one.root);
      const drawn = Array.from({ length: 20 }).reduce(node => one.grow(node, { allowed }), from);
      const symbols = one.path(drawn).map(({ symbol }) => symbol).join();
      one.prune(drawn);
      return symbols;
    });
    const ends = tree.leaves().length;
    tree.prune(end);
    return {
      text: codec.decode(path.map(({ symbol }) => symbol)).join(""), nats: path.map(({ nats }) => nats),
      odds: path.map(({ symbol, top }) => top.find(one => one.symbol === symbol)?.odds ?? null),
      same: again.join() === tree.path(tip).map(({ symbol }) => symbol).join(), ends, left: middle.parent.children.length === 1 && tree.leaves().length,
      forChoice, prompted: prompted[0] === prompted[1], kept: path.filter(({ state }) => state).length,
    };
  },

  // How the instruments and drums sound.
  async sounds({ programs, pitches, rate }) {
    const { layersOf, rung, timbre } = await load("codecs/timbres.js"), { drum } = await load("codecs/drums.js");
    const tones = programs.flatMap(program => pitches.map(pitch => layersOf(timbre(program), pitch, program % 4, rate).flat()));
    return { tones, waves: tones.map(tone => rung(tone, 2000, rate)), timbres: programs.map(timbre), drums: Array.from({ length: 128 }, (_, pitch) => drum(pitch)) };
  },

  async compose({ model, meter = null, bars, seed, out, bpm = null, temperature, minP, key = null, leading = "off", tries = 1 }) {
    const { composing } = await load("codecs/composing.js");
    const { endsOnTonic, LEADING } = await load("codecs/leading.js");
    const { midi } = await load("codecs/midi.js");
    const { musicXml } = await load("codecs/musicxml.js");
    let piece;
    for (let attempt = 0; attempt < tries && !(attempt && endsOnTonic(piece)); attempt++) {
      const making = composing(model, rowKey(seed, 0, attempt ? [attempt] : []), { meter, bars, tonality: key, bpm, rule: LEADING[leading] });
      ({ piece } = making);
      while (making.step({ temperature, minP }));
      piece.close();
    }
    const said = { tempos: [[0, bpm]], meters: [[0, ...meter ?? []]], keys: [], ...piece };
    fs.writeFileSync(out, midi(said));
    fs.writeFileSync(`${out}.musicxml`, musicXml(said));
    return piece;
  },

  // notes: of the tune, whose key's tonic chord shall stand under the last of them if `tonic`.
  async harmonise({ model, meter, bars, tune, notes, seed, particles, temperature, leading = "off", tonic = false }) {
    const { given } = await load("codecs/grid.js");
    const { ending, keyOf, LEADING, triad } = await load("codecs/leading.js");
    const { fill } = await load("runtime/particles.js");
    const asked = given(meter, bars, (voice, at) => voice ? -1 : tune[at] ?? 256, model.codec.ranges, keyOf(notes));
    const bias = tonic ? ending(asked, triad(keyOf(notes, true)), notes.at(-1)) : [];
    const filling = fill(model, { ...asked, bias, rule: LEADING[leading], seed, particles, temperature });
    for (let { done, value } = filling.next(); ; ({ done, value } = filling.next())) if (done) return value;
  },

  // A piece composed, then these voices in these bars written anew: notes before and after.
  async anew({ model, bars, seeds, temperature, minP, voices, anew, particles }) {
    const { composing } = await load("codecs/composing.js");
    const { refill } = await load("codecs/refilling.js");
    const { LEADING } = await load("codecs/leading.js");
    const making = composing(model, rowKey(seeds[0]), { meter: [4, 4], bars });
    while (making.step({ temperature, minP }));
    making.piece.close();
    const filling = refill(model, making.piece, { meter: [4, 4], voices, bars: anew, rule: LEADING.soft, seed: seeds[1], particles, temperature });
    for (let { done, value } = filling.next(); ; ({ done, value } = filling.next())) if (done) return { before: making.piece, after: value };
  },

  async key({ notes, ends }) {
    const { keyOf } = await load("codecs/leading.js");
    return keyOf(notes, ends);
  },

  async named({ all }) {
    const { named } = await load("language.js");
    return all.map(one => named(...one));
  },

  async leans({ texts, weak }) {
    const { leans } = await load("codecs/leaning.js");
    return texts.map(text => leans(text, weak));
  },

  async write({ model, text, hand, seed, bias }) {
    const { ComposedLine, Offsets, linesOf } = await load("codecs/offsets.js");
    const codec = new Offsets(model.codec);
    return linesOf(text).map((words, number) => {
      const line = new ComposedLine(model, codec, words, { hand, seed, number });
      const points = [];
      while (line.step({ bias }));
      while (!line.done) {
        const { x, y, lifts } = line.next({ bias });
        points.push([x, y, lifts ? 1 : 0]);
      }
      return points;
    });
  },
};

console.log(JSON.stringify(plain(await VERBS[asked.verb]({ ...asked, model: opened(asked.folder) })) ?? null));
