/** Weights: a file `model.safetensors` as float32 matrices by name, whatever they are stored in (seqgen/models/weights.py). */

import { t } from "../language.js";

const SCALES = "/scales"; // after the name of a matrix in 8 bits: those of its columns
const LONGEST_HEADER = 1 << 24;

/** The tensors `{name: {shape, data}}` of a file's bytes, an ArrayBuffer. Throws an Error for a file that is none. */
export function readTensors(buffer) {
  const view = new DataView(buffer);
  const length = buffer.byteLength > 8 ? Number(view.getBigUint64(0, true)) : LONGEST_HEADER;
  if (length >= LONGEST_HEADER || 8 + length > buffer.byteLength) throw new Error(t("damaged"));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const stored = {};
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (!(dtype in READERS)) throw new Error(t("strange", dtype));
    const bytes = buffer.slice(8 + length + begin, 8 + length + end); // a copy, so that it is aligned
    stored[name] = { shape, data: READERS[dtype](bytes) };
  }
  const tensors = {};
  for (const [name, tensor] of Object.entries(stored)) {
    if (name.endsWith(SCALES)) continue;
    const scales = stored[name + SCALES];
    tensors[name] = scales ? { shape: tensor.shape, data: scaled(tensor.data, scales.data) } : tensor;
  }
  return tensors;
}

const READERS = {
  F32: bytes => new Float32Array(bytes),
  F16: bytes => looked(new Uint16Array(bytes), halves()),
  BF16: bytes => {
    const words = Uint32Array.from(new Uint16Array(bytes), half => half << 16);
    return new Float32Array(words.buffer);
  },
  I8: bytes => Float32Array.from(new Int8Array(bytes)),
};

function looked(from, table) {
  const found = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) found[i] = table[from[i]];
  return found;
}

function scaled(whole, scales) {
  const columns = scales.length;
  for (let i = 0; i < whole.length; i++) whole[i] *= scales[i % columns];
  return whole;
}

let table16 = null;

/** The value of every half-precision number, by its bits: a table is faster than to take each apart. */
function halves() {
  if (table16) return table16;
  table16 = new Float32Array(1 << 16);
  for (let bits = 0; bits < 1 << 16; bits++) {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent === 31 ? (fraction ? NaN : Infinity)
      : exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    table16[bits] = bits >> 15 ? -size : size;
  }
  return table16;
}
