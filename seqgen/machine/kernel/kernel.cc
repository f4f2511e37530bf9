// The LSTM's window, `update` in lstm.py without layer norm, and the products around it, for `seqgen.native`, which
// compiles this file: in f32, and with operands of products rounded to bf16; all else, sums and cells too, is f32.

#include <functional>
#include <new>
#include <string>
#include <type_traits>

#include "product.h"
#include "threads.h"
#include "vectors.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;
using F1 = ffi::Buffer<ffi::F32, 1>;
using F2 = ffi::Buffer<ffi::F32, 2>;
using F3 = ffi::Buffer<ffi::F32, 3>;
using Out2 = ffi::Result<F2>;
using Out3 = ffi::Result<F3>;

namespace {

// What a handler answers in place of the exception in flight: one that left it would end the process.
ffi::Error failure() noexcept {
  int64_t bytes = 0;
  try {
    throw;
  } catch (const OutOfMemory& error) {
    bytes = error.bytes;
  } catch (const std::bad_alloc&) {
  } catch (...) {
    return ffi::Error(ffi::ErrorCode::kInternal, "kernel failed");
  }
  try {
    std::string size = bytes > 0 ? std::to_string(ceil_div(bytes, 1 << 20)) + " MB of memory" : "memory";
    return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                      "the compiled kernel could not get " + size + " for a layer's products; take fewer rows or a "
                      "shorter window, or set SEQGEN_NATIVE=off");
  } catch (const std::bad_alloc&) {  // what follows is short enough for a string to hold without more memory
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "out of memory");
  }
}

// left [M, K] x right [K, N] + bias [N], or [0] for none -> [M, N]; where marked, an operand lies transposed in memory.
template <class P>
ffi::Error Product(ffi::ThreadPool pool, F2 left, F2 right, F1 bias, Out2 result, bool left_transposed,
                   bool right_transposed) try {
  int64_t m = result->dimensions()[0], n = result->dimensions()[1];
  int64_t depth = left.dimensions()[left_transposed ? 0 : 1];
  Matrix a{left.typed_data(), left_transposed ? 1 : depth, left_transposed ? m : 1};
  Matrix b{right.typed_data(), right_transposed ? 1 : n, right_transposed ? depth : 1};
  product<P>(pool, a, b, bias.element_count() > 0 ? bias.typed_data() : nullptr, m, n, depth, result->typed_data());
  return ffi::Error::Success();
} catch (...) {
  return failure();
}

// A piece of work is COLUMNS units of some of the rows: with as many pieces as tiles, 25 say, a thread often waits.
constexpr int64_t PARTS = 2;

// Blocks of rows that are multiplied at once: of nearly the same height, as many in each part, and none without a row,
// for a product reads one row at least.
int64_t blocks_of(int64_t rows) { return std::min(ceil_div(ceil_div(rows, ROWS), PARTS) * PARTS, rows); }

// What a few rows read and write beside their products comes while they are computed: COLUMNS values here and there.
template <int WRITTEN = 0>
inline void fetch(const float* data, int64_t rows, int64_t stride, int64_t parts = 1, int64_t apart = 0) {
  for (int64_t b = 0; b < rows; b++)
    for (int64_t g = 0; g < parts; g++)
      for (int64_t line = 0; line < COLUMNS; line += 16)
        __builtin_prefetch(data + b * stride + g * apart + line, WRITTEN);
}

// Values from here and there that are needed after a product, brought side by side while it goes on, a vector at a time:
// rows a power of two apart would push each other out of the cache before they are used.
class Errands {
 public:
  static constexpr int64_t EVERY = 4;
  void add(const float* from, int64_t values) {  // COLUMNS of them, zeros past `values`
    for (int64_t i = 0; i < COLUMNS; i += LANES, count++) {
      places[count] = {from + i, values - i};
      if (count < AHEAD) __builtin_prefetch(from + i);
    }
  }
  bool left() const { return next < count; }
  void run() {
    if (next + AHEAD < count) __builtin_prefetch(places[next + AHEAD].from);
    store(brought + next * LANES, load(places[next].from, places[next].values));
    next++;
  }
  const float* operator[](int64_t i) const { return brought + i * COLUMNS; }  // what the i-th `add` asked for

 private:
  static constexpr int64_t SIZE = 6 * ROWS * COLUMNS / LANES, AHEAD = 24;
  struct Place { const float* from; int64_t values; };
  alignas(64) float brought[SIZE * LANES];
  Place places[SIZE];
  int64_t count = 0, next = 0;
};

// Rows that the position after, or before, multiplies, as words; in f32 they are those that are stored anyway.
template <class P>
class Operands {
 public:
  Operands(int64_t rows, int64_t values, float* stored) : words(words_of<P>(values)), rows(rows), data(stored) {
    if constexpr (!AS_STORED) {
      static thread_local Buffer kept;
      data = kept.at_least(2 * rows * words);
      std::memset(data, 0, 2 * rows * words * sizeof(float));
    }
  }
  float* row(int64_t t, int64_t b) const { return data + ((AS_STORED ? t : t % 2) * rows + b) * words; }
  void keep(int64_t t, int64_t b, int64_t at, vec values, int64_t count) const {
    if constexpr (!AS_STORED) store_row<P>(row(t, b), at, values, count);
  }
  const int64_t words;

 private:
  static constexpr bool AS_STORED = std::is_same_v<P, F32>;
  int64_t rows;
  float* data;
};

// xs [T B, 4 H], kernel [H, 4 H] -> gates [T B, 4 H], the carry before every position, features, the carry at the
// end. start, ahead and valid: `recurrence.Masks`; `ahead` and `valid` are empty where there are none.
template <class P>
ffi::Error Forward(ffi::ThreadPool pool, F2 xs, F2 kernel, F2 hidden, F2 cell, F2 start_hidden, F2 start_cell, F2 ahead,
                   F2 valid, Out2 gates, Out3 hiddens, Out3 cells, Out3 ys, Out2 end_hidden, Out2 end_cell) try {
  int64_t steps = cells->dimensions()[0], rows = hidden.dimensions()[0], units = kernel.dimensions()[0];
  int64_t size = rows * units, tiles = ceil_div(units, COLUMNS), wide = 4 * COLUMNS, blocks = blocks_of(rows);
  if (size == 0) return ffi::Error::Success();  // no result has a value
  Operands<P> operands(rows, units, hiddens->typed_data());
  int64_t across = COLUMNS * operands.words;
  bool masked = ahead.element_count() > 0;
  thread_local Buffer packed;
  float* weights = packed.at_least(tiles * 4 * across);
  auto hidden_at = [&](int64_t t) { return t < steps ? hiddens->typed_data() + t * size : end_hidden->typed_data(); };
  auto cell_at = [&](int64_t t) { return t < steps ? cells->typed_data() + t * size : end_cell->typed_data(); };
  std::memcpy(hidden_at(0), hidden.typed_data(), size * sizeof(float));
  std::memcpy(cell_at(0), cell.typed_data(), size * sizeof(float));
  for (int64_t b = 0; b < rows; b++)
    for (int64_t j = 0; j < units; j += LANES)
      operands.keep(0, b, j, load(hidden_at(0) + b * units + j, units - j), units - j);

  parallel(pool, steps + 1, tiles * PARTS, [&](int64_t phase, int64_t piece) {
    int64_t tile = piece / PARTS, part = piece % PARTS;
    int64_t unit = tile * COLUMNS, here = std::min(COLUMNS, units - unit), t = phase - 1;
    float* panel = weights + tile * 4 * across;
    if (phase == 0) {
      for (int64_t g = 0; g < 4 && part == 0; g++)
        Packing<P, COLUMNS>{{kernel.typed_data() + g * units, 4 * units, 1}, 0, operands.words, units, unit, units,
                            panel + g * across}.finish();
      return;
    }
    float sums[ROWS * 4 * COLUMNS];
    for (int64_t p = part * blocks / PARTS; p < (part + 1) * blocks / PARTS; p++) {
      int64_t top = p * rows / blocks, below = (p + 1) * rows / blocks, count = below - top;
      fetch(xs.typed_data() + (t * rows + top) * 4 * units + unit, count, 4 * units, 4, units);
      fetch(cell_at(t) + top * units + unit, count, units);
      fetch<1>(ys->typed_data() + (t * rows + top) * units + unit, count, units);
      fetch<1>(hidden_at(t + 1) + top * units + unit, count, units);
      fetch<1>(cell_at(t + 1) + top * units + unit, count, units);
      for (int64_t g = 0; g < 4; g++)
        multiply_rows<P>(operands.row(t, top), panel + g * across, count, operands.words, sums + g * COLUMNS, wide, Nothing{});
      for (int64_t b = top; b < below; b++) {
        int64_t at = t * rows + b;
        bool passes = masked && !(valid.typed_data()[at] > 0), opens = masked && ahead.typed_data()[at] > 0;
        for (int64_t j = 0; j < here; j += LANES) {
          int64_t n = here - j, place = b * units + unit + j;
          const float *x = xs.typed_data() + at * 4 * units + unit + j, *sum = sums + (b - top) * wide + j;
          float* out = gates->typed_data() + at * 4 * units + unit + j;
          vec i = sigmoid(load(x, n) + load(sum));
          vec f = sigmoid(load(x + units, n) + load(sum + COLUMNS));
          vec g = hyperbolic_tangent(load(x + 2 * units, n) + load(sum + 2 * COLUMNS));
          vec o = sigmoid(load(x + 3 * units, n) + load(sum + 3 * COLUMNS));
          store(out, i, n), store(out + units, f, n), store(out + 2 * units, g, n), store(out + 3 * units, o, n);
          vec c = f * load(cell_at(t) + place, n) + i * g, h = o * hyperbolic_tangent(c);
          store(ys->typed_data() + t * size + place, passes ? vec{} : h, n);
          if (passes) h = load(hidden_at(t) + place, n), c = load(cell_at(t) + place, n);
          if (opens) h = load(start_hidden.typed_data() + place, n), c = load(start_cell.typed_data() + place, n);
          store(hidden_at(t + 1) + place, h, n), store(cell_at(t + 1) + place, c, n);
          operands.keep(t + 1, b, unit + j, h, n);
        }
      }
    }
  });
  return ffi::Error::Success();
} catch (...) {
  return failure();
}

// What `Forward` kept, and the gradients of features and of the carry at the end, back to the gradients of xs, of the
// carry it began with and of the one that masks may have put in its place.
template <class P>
ffi::Error Backward(ffi::ThreadPool pool, F2 kernel, F2 gates, F3 cells, F2 ahead, F2 valid, F3 d_ys, F2 d_end_hidden,
                    F2 d_end_cell, Out2 d_xs, Out2 d_hidden, Out2 d_cell, Out2 d_start_hidden, Out2 d_start_cell) try {
  int64_t steps = cells.dimensions()[0], rows = cells.dimensions()[1], units = kernel.dimensions()[0];
  int64_t tiles = ceil_div(units, COLUMNS), depth = 4 * units, blocks = blocks_of(rows);
  if (rows * units == 0) return ffi::Error::Success();
  Operands<P> operands(rows, depth, d_xs->typed_data());
  bool masked = ahead.element_count() > 0;
  thread_local Buffer packed;
  float* weights = packed.at_least(tiles * COLUMNS * operands.words);
  size_t size = rows * units * sizeof(float);
  // What reaches a position from the ones after it, but for what comes through the kernel.
  float *state_h = d_hidden->typed_data(), *state_c = d_cell->typed_data();
  float *opened_h = d_start_hidden->typed_data(), *opened_c = d_start_cell->typed_data();
  std::memcpy(state_h, d_end_hidden.typed_data(), size), std::memcpy(state_c, d_end_cell.typed_data(), size);
  std::memset(opened_h, 0, size), std::memset(opened_c, 0, size);

  parallel(pool, steps + 2, tiles * PARTS, [&](int64_t phase, int64_t piece) {
    int64_t tile = piece / PARTS, part = piece % PARTS;
    int64_t unit = tile * COLUMNS, here = std::min(COLUMNS, units - unit), t = steps - phase;
    float* panel = weights + tile * COLUMNS * operands.words;
    if (phase == 0) {
      if (part == 0)
        Packing<P, COLUMNS>{{kernel.typed_data(), 1, depth}, 0, operands.words, depth, unit, units, panel}.finish();
      return;
    }
    float sums[ROWS * COLUMNS];
    for (int64_t p = part * blocks / PARTS; p < (part + 1) * blocks / PARTS; p++) {
      int64_t top = p * rows / blocks, below = (p + 1) * rows / blocks, count = below - top;
      Errands read;  // of each row four gates, the cell before and the gradient of its feature
      for (int64_t b = top; b < below && t >= 0; b++) {
        int64_t at = (t * rows + b) * units + unit;
        for (int64_t g = 0; g < 4; g++) read.add(gates.typed_data() + ((t * rows + b) * 4 + g) * units + unit, here);
        read.add(cells.typed_data() + at, here), read.add(d_ys.typed_data() + at, here);
      }
      if (t + 1 == steps) std::memset(sums, 0, sizeof sums);
      else multiply_rows<P>(operands.row(t + 1, top), panel, count, operands.words, sums, COLUMNS, read);
      while (read.left()) read.run();
      for (int64_t b = top; b < below; b++) {
        int64_t at = t * rows + b;
        bool passes = t >= 0 && masked && !(valid.typed_data()[at] > 0);
        bool opens = t >= 0 && masked && ahead.typed_data()[at] > 0;
        for (int64_t j = 0; j < here; j += LANES) {
          int64_t n = here - j, place = b * units + unit + j;
          vec d_h = load(state_h + place, n) + load(sums + (b - top) * COLUMNS + j), d_c = load(state_c + place, n);
          if (t < 0) {
            store(state_h + place, d_h, n);
            continue;
          }
          if (opens) {
            store(opened_h + place, load(opened_h + place, n) + d_h, n);
            store(opened_c + place, load(opened_c + place, n) + d_c, n);
            d_h = d_c = vec{};
          }
          const float* x = read[6 * (b - top)] + j;
          float* out = d_xs->typed_data() + at * depth + unit + j;
          vec d_i = {}, d_f = {}, d_g = {}, d_o = {};
          if (!passes) {
            vec i = load(x), f = load(x + COLUMNS), g = load(x + 2 * COLUMNS), o = load(x + 3 * COLUMNS);
            vec c = load(x + 4 * COLUMNS), seen = hyperbolic_tangent(f * c + i * g);
            d_h += load(x + 5 * COLUMNS);
            d_c += d_h * o * (1.0f - seen * seen);
            d_i = d_c * g * i * (1.0f - i), d_f = d_c * c * f * (1.0f - f);
            d_g = d_c * i * (1.0f - g * g), d_o = d_h * seen * o * (1.0f - o);
            d_h = vec{}, d_c *= f;
          }
          store(state_h + place, d_h, n), store(state_c + place, d_c, n);
          vec made[] = {d_i, d_f, d_g, d_o};
          for (int64_t g = 0; g < 4; g++) {
            store(out + g * units, made[g], n);
            operands.keep(t, b, g * units + unit + j, made[g], n);
          }
        }
      }
    }
  });
  return ffi::Error::Success();
} catch (...) {
  return failure();
}

auto PRODUCT = ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F2>().Arg<F2>().Arg<F1>().Ret<F2>()
                         .Attr<bool>("left_transposed").Attr<bool>("right_transposed");
auto FORWARD = ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F2>().Arg<F2>().Arg<F2>().Arg<F2>().Arg<F2>()
                         .Arg<F2>().Arg<F2>().Arg<F2>().Ret<F2>().Ret<F3>().Ret<F3>().Ret<F3>().Ret<F2>().Ret<F2>();
auto BACKWARD = ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F2>().Arg<F2>().Arg<F3>().Arg<F2>().Arg<F2>()
                          .Arg<F3>().Arg<F2>().Arg<F2>().Ret<F2>().Ret<F2>().Ret<F2>().Ret<F2>().Ret<F2>();

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_product_f32, Product<F32>, PRODUCT);
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_forward_f32, Forward<F32>, FORWARD);
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_backward_f32, Backward<F32>, BACKWARD);
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_product_bf16, Product<BF16>, PRODUCT);
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_forward_bf16, Forward<BF16>, FORWARD);
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_backward_bf16, Backward<BF16>, BACKWARD);
