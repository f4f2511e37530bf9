/** Vectors times matrices, which take most of the time: by a module in WebAssembly where the browser has SIMD, else in JavaScript. */

// As seqgen/shell/studio/kernel.py makes it.
const MODULE = compiled("AGFzbQEAAAABCQFgBX9/f39/AAIGAQAAAgAAAwIBAAcEAQAAAArEAQHBAQIBfwV7A0AgA/0ABAAhByAD/QAEECEIIAP9AAQgIQkgA/0ABDAhCiAAIQUDQCAF/QkCACEGIAcgBiAC/QAEAP3mAf3kASEHIAggBiAC/QAEEP3mAf3kASEIIAkgBiAC/QAEIP3mAf3kASEJIAogBiAC/QAEMP3mAf3kASEKIAJBwABqIQIgBUEEaiIFIAFJDQALIAMgB/0LBAAgAyAI/QsEECADIAn9CwQgIAMgCv0LBDAgA0HAAGoiAyAESQ0ACws=");
// That it sums at once.
const COLUMNS = 16;
const FLOAT = 4, PAGE = 65536;

function compiled(text) {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)));
  } catch { // a browser without it, or a policy that forbids it
    return null;
  }
}

/** Adds the product of a vector and a kernel `[inputs, columns]` to `out`. */
export function addProduct(out, vector, kernel) {
  if (kernel instanceof Placed) return kernel.addProduct(out, vector);
  const columns = out.length, rows = vector.length;
  let row = 0, at = 0;
  // Four rows at once: what is summed is loaded and stored a fourth as often.
  for (; row + 4 <= rows; row += 4, at += 4 * columns) {
    const a = vector[row], b = vector[row + 1], c = vector[row + 2], d = vector[row + 3];
    const second = at + columns, third = second + columns, fourth = third + columns;
    for (let j = 0; j < columns; j++) {
      out[j] += a * kernel[at + j] + b * kernel[second + j] + c * kernel[third + j] + d * kernel[fourth + j];
    }
  }
  for (; row < rows; row++, at += columns) {
    const a = vector[row];
    for (let j = 0; j < columns; j++) out[j] += a * kernel[at + j];
  }
  return out;
}

/** The tensors of a model; its kernels, where there is a module, in one memory of it, in panels as wide as it takes them. */
export function placed(tensors) {
  const kernels = Object.entries(tensors).filter(([name, { shape }]) => name.endsWith("kernel") && shape.length === 2);
  const largest = axis => kernels.reduce((most, [, { shape }]) => Math.max(most, panels(shape[axis])), 0) * COLUMNS;
  const sums = largest(0), first = sums + largest(1);
  const floats = kernels.reduce((total, [, { shape }]) => total + shape[0] * panels(shape[1]) * COLUMNS, first);
  let memory, add;
  try {
    memory = new WebAssembly.Memory({ initial: Math.ceil(floats * FLOAT / PAGE) });
    add = new WebAssembly.Instance(MODULE, { "": { "": memory } }).exports[""];
  } catch { // no module, or no room
    return tensors;
  }
  const shared = { add, numbers: new Float32Array(memory.buffer), sums };
  let at = first;
  const moved = kernels.map(([name, tensor]) => {
    const kernel = new Placed(shared, at, tensor);
    at = kernel.end;
    return [name, { ...tensor, data: kernel }];
  });
  return { ...tensors, ...Object.fromEntries(moved) };
}

const panels = columns => Math.ceil(columns / COLUMNS);

/** A kernel in the memory of the module, at so many numbers from its beginning. */
class Placed {
  constructor(shared, at, { shape: [rows, columns], data }) {
    Object.assign(this, { shared, at, length: data.length, end: at + rows * panels(columns) * COLUMNS });
    for (let first = 0; first < columns; first += COLUMNS) {
      for (let row = 0; row < rows; row++, at += COLUMNS) {
        shared.numbers.set(data.subarray(row * columns + first, row * columns + Math.min(first + COLUMNS, columns)), at);
      }
    }
  }

  addProduct(out, vector) {
    const { add, numbers, sums } = this.shared;
    numbers.set(vector);
    numbers.set(out, sums);
    add(0, FLOAT * vector.length, FLOAT * this.at, FLOAT * sums, FLOAT * (sums + out.length));
    out.set(numbers.subarray(sums, sums + out.length));
    return out;
  }
}
