// What models say of given sequences: ask.mjs runs it in Node, test_parity.py in the page itself. load: imports a module of it.

// What the head reads at each step of a given sequence; simple: without the module in WebAssembly.
export async function read(load, { model, steps, source, mixed, simple = false }) {
  const { kernel } = model.head.heads?.[0] ?? model.head;
  if (kernel instanceof Float32Array !== simple) throw new Error("the other way was taken");
  const { rowKey } = await load("runtime/model.js");
  const vector = mixed ? model.network.vector(model.codec.hands ?? model.codec.labels, mixed) : null;
  const context = model.network.context({ source, vector });
  let state = model.begin(rowKey(0), context);
  return steps.map(step => {
    const { carry, said } = model.ask(state);
    state = model.after(state, carry, step);
    return said;
  });
}

// Ink of any unit: as the recogniser sees it, what it says of every place, and what it reads.
export async function recognise(load, { model, strokes }) {
  const { Reader } = await load("codecs/reader.js");
  const { inXHeights } = await load("codecs/features.js");
  const reader = new Reader(model), dense = inXHeights(strokes), { steps } = reader.codec.encode(dense);
  return { dense, steps, ...reader.read(strokes), logProbs: reader.logProbs(steps) };
}

export const plain = value => ArrayBuffer.isView(value) ? [...value] : Array.isArray(value) ? value.map(plain)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, own]) => [key, plain(own)])) : value;
