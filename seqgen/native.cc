// The LSTM's window and the matrix product around it, in f32 on a CPU, for `seqgen.native`, which compiles this file.
//
// Products run over packed panels of ROWS x COLUMNS held in registers (Goto & van de Geijn 2008). Every sum has one
// order, whatever the number of threads, so results have the same bits on one core and on many.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <thread>

#include <immintrin.h>

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;
using F2 = ffi::Buffer<ffi::F32, 2>;
using F3 = ffi::Buffer<ffi::F32, 3>;
using Out2 = ffi::Result<F2>;
using Out3 = ffi::Result<F3>;

namespace {

#ifdef __AVX512F__
constexpr int64_t LANES = 16, ROWS = 12;  // 24 accumulators of 32 registers
#define BY_LANE(operation) _mm512_##operation##_ps
#else
constexpr int64_t LANES = 8, ROWS = 6;  // 12 accumulators of 16 registers
#define BY_LANE(operation) _mm256_##operation##_ps
#endif
constexpr int64_t COLUMNS = 2 * LANES;  // a panel of the right operand
constexpr int64_t DEPTH = 512;          // rows of a panel that are multiplied before their sums are put away

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t padded(int64_t rows) { return ceil_div(rows, ROWS) * ROWS; }

inline vec load(const float* p) {
  vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline vec load(const float* p, int64_t count) {
  if (count >= LANES) return load(p);
  float some[LANES] = {};
  std::memcpy(some, p, count * sizeof(float));
  return load(some);
}

inline void store(float* p, vec v, int64_t count = LANES) {
  if (count >= LANES) std::memcpy(p, &v, sizeof v);
  else std::memcpy(p, &v, count * sizeof(float));
}

// --- elementwise, to a relative 4e-7; a NaN stays a NaN

inline vec within(vec x, float low, float high) {
  return BY_LANE(min)(vec{} + high, BY_LANE(max)(vec{} + low, x));  // of a number and a NaN they take the second
}

struct Exponential {  // e^x = scale + scale * more
  vec scale, more;
};

inline Exponential exponential(vec x) {
  x = within(x, -87.0f, 88.0f);
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which lies in the lowest bits
  vec shifted = x * 1.44269504f + shift;
  vec whole = shifted - shift;
  vec r = x - whole * 0.693359375f + whole * 2.12194440e-4f;  // ln 2 in two parts
  vec p = r * 1.3941122e-3f + 8.3751315e-3f;  // Chebyshev interpolation on +-ln(2) / 2, off by 2.5e-9
  p = p * r + 4.1666347e-2f;
  p = p * r + 1.6666416e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  return {(vec)(((ivec)shifted << 23) + 0x3f800000), p * r};
}

inline vec sigmoid(vec x) {
  auto [scale, more] = exponential(-x);
  return 1.0f / (1.0f + scale + scale * more);
}

inline vec hyperbolic_tangent(vec x) {
  auto [scale, more] = exponential(x + x);
  vec less = scale - 1.0f + scale * more;  // e^2x - 1, whose digits do not go near 0
  return less / (less + 2.0f);
}

// --- memory and threads

struct Buffer {  // grows, and is kept by its thread for the next call
  float* data = nullptr;
  int64_t size = 0;
  float* at_least(int64_t count) {
    if (count > size) {
      std::free(data);
      size = ceil_div(count, 16) * 16;
      data = static_cast<float*>(std::aligned_alloc(64, size * sizeof(float)));
      if (data == nullptr) { size = 0; throw std::bad_alloc(); }
    }
    return data;
  }
  ~Buffer() { std::free(data); }
};

// `phases` times `tiles` pieces of work, each phase after the one before it. Whoever is free takes the next piece, in
// order, and waits until the phases before are done: the caller alone would finish, so no thread is waited for that
// the pool has not got round to starting.
struct Team {
  std::atomic<int64_t> next{0}, done{0};
  int64_t phases, tiles;
  const std::function<void(int64_t, int64_t)>* work;  // gone when all is done; a late thread does not look at it

  void wait_for(int64_t count) const {
    for (int spins = 0; done.load(std::memory_order_acquire) < count; spins++) {
      if (spins < 4000) _mm_pause();
      else std::this_thread::yield();
    }
  }
  void join() {
    for (int64_t ticket; (ticket = next.fetch_add(1)) < phases * tiles;) {
      wait_for(ticket / tiles * tiles);
      (*work)(ticket / tiles, ticket % tiles);
      done.fetch_add(1, std::memory_order_release);
    }
  }
};

void parallel(ffi::ThreadPool& pool, int64_t phases, int64_t tiles, std::function<void(int64_t, int64_t)> work) {
  auto team = std::make_shared<Team>();
  team->phases = phases, team->tiles = tiles, team->work = &work;
  int64_t helpers = std::min(pool.num_threads(), tiles) - 1;
  for (int64_t i = 0; i < helpers; i++) pool.Schedule([team] { team->join(); });
  team->join();
  team->wait_for(phases * tiles);
}

// --- the product of packed panels

// c[HEIGHT, COLUMNS] (+)= the product of rows, which value k of row i lies at rows[i][k * STEP], and b[depth, COLUMNS].
template <int64_t STEP, int HEIGHT = ROWS>
inline void multiply(int64_t depth, const float* const* rows, const float* b, float* c, int64_t stride, bool add) {
  vec sum[HEIGHT][2] = {};
#pragma GCC unroll 2
  for (int64_t k = 0; k < depth; k++, b += COLUMNS) {
    vec left = load(b), right = load(b + LANES);
#pragma GCC unroll 12
    for (int i = 0; i < HEIGHT; i++) {
      float value = rows[i][k * STEP];
      sum[i][0] += value * left;
      sum[i][1] += value * right;
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < HEIGHT; i++) {
    float* row = c + i * stride;
    store(row, add ? load(row) + sum[i][0] : sum[i][0]);
    store(row + LANES, add ? load(row + LANES) + sum[i][1] : sum[i][1]);
  }
}

// A matrix as it lies in memory: value [i, j] at data[i * row + j * column].
struct Matrix {
  const float* data;
  int64_t row, column;
};

// Rows [from, from + depth) of columns [column, column + COLUMNS), zeros where the matrix ends: [depth, COLUMNS].
void pack_columns(Matrix m, int64_t from, int64_t depth, int64_t column, int64_t columns, float* panel) {
  int64_t count = std::min(COLUMNS, columns - column);
  for (int64_t k = 0; k < depth; k++, panel += COLUMNS) {
    const float* row = m.data + (from + k) * m.row + column * m.column;
    if (m.column == 1 && count == COLUMNS) std::memcpy(panel, row, COLUMNS * sizeof(float));
    else for (int64_t j = 0; j < count; j++) panel[j] = row[j * m.column];
    for (int64_t j = count; j < COLUMNS; j++) panel[j] = 0;
  }
}

// The same of the left operand, whose panels hold ROWS rows: [depth, ROWS].
void pack_rows(Matrix m, int64_t from, int64_t depth, int64_t row, int64_t rows, float* panel) {
  int64_t count = std::min(ROWS, rows - row);
  if (count < ROWS) std::memset(panel, 0, depth * ROWS * sizeof(float));
  const float* first = m.data + row * m.row + from * m.column;
  if (m.row == 1 && count == ROWS)
    for (int64_t k = 0; k < depth; k++) std::memcpy(panel + k * ROWS, first + k * m.column, ROWS * sizeof(float));
  else
    for (int64_t i = 0; i < count; i++)
      for (int64_t k = 0; k < depth; k++) panel[k * ROWS + i] = first[i * m.row + k * m.column];
}

// c[m, n] at one panel's place (+)= packed rows[depth, ROWS] x panel[depth, COLUMNS], as far as c reaches.
void multiply_panel(const float* rows, const float* panel, int64_t depth, float* c, int64_t m, int64_t n, int64_t row,
                    int64_t column, bool add) {
  const float* from[ROWS];
  for (int64_t i = 0; i < ROWS; i++) from[i] = rows + i;
  if (row + ROWS <= m && column + COLUMNS <= n)
    return multiply<ROWS>(depth, from, panel, c + row * n + column, n, add);
  alignas(64) float edge[ROWS * COLUMNS];
  multiply<ROWS>(depth, from, panel, edge, COLUMNS, false);
  for (int64_t i = 0; i < std::min(ROWS, m - row); i++)
    for (int64_t j = 0; j < std::min(COLUMNS, n - column); j++) {
      float& sum = c[(row + i) * n + column + j];
      sum = add ? sum + edge[i * COLUMNS + j] : edge[i * COLUMNS + j];
    }
}

// Many rows: all of b is packed first, then each thread packs a few rows of a and computes theirs.
void product_of_rows(ffi::ThreadPool& pool, Matrix a, Matrix b, int64_t m, int64_t n, int64_t depth, float* c) {
  int64_t threads = std::max<int64_t>(pool.num_threads(), 1), panels = ceil_div(n, COLUMNS);
  // Tiles low enough that one's result stays in a cache while it grows, as many for each thread as for the others.
  int64_t blocks = ceil_div(m, ROWS), tiles = ceil_div(blocks, 8 * threads) * threads;
  thread_local Buffer block;
  float* packed = block.at_least(panels * COLUMNS * depth);
  parallel(pool, 2, tiles, [&](int64_t phase, int64_t tile) {
    if (phase == 0) {
      for (int64_t p = tile * panels / tiles; p < (tile + 1) * panels / tiles; p++)
        pack_columns(b, 0, depth, p * COLUMNS, n, packed + p * COLUMNS * depth);
      return;
    }
    int64_t first = tile * blocks / tiles * ROWS, last = std::min((tile + 1) * blocks / tiles * ROWS, m);
    thread_local Buffer rows;
    float* mine = rows.at_least(padded(last - first) * depth);
    for (int64_t row = first; row < last; row += ROWS) pack_rows(a, 0, depth, row, m, mine + (row - first) * depth);
    for (int64_t k = 0; k < depth; k += DEPTH)
      for (int64_t p = 0; p < panels; p++)
        for (int64_t row = first; row < last; row += ROWS)
          multiply_panel(mine + (row - first) * depth + k * ROWS, packed + (p * depth + k) * COLUMNS,
                         std::min(DEPTH, depth - k), c, m, n, row, p * COLUMNS, k > 0);
  });
}

// Long sums: DEPTH values of each at a time; those of a are packed while the ones before are multiplied, those of b by
// the thread that multiplies them, a panel at a time, which spares a way to memory and back.
void product_of_depth(ffi::ThreadPool& pool, Matrix a, Matrix b, int64_t m, int64_t n, int64_t depth, float* c) {
  int64_t threads = std::max<int64_t>(pool.num_threads(), 1), panels = ceil_div(n, COLUMNS);
  int64_t stages = ceil_div(depth, DEPTH), some = 8 * ROWS, packs = ceil_div(m, some), size = padded(m) * DEPTH;
  thread_local Buffer block;
  float* packed = block.at_least(2 * size);
  parallel(pool, stages + 1, panels + packs, [&](int64_t stage, int64_t piece) {
    if (piece >= panels) {
      int64_t row = (piece - panels) * some, from = stage * DEPTH;
      for (int64_t last = stage < stages ? std::min(row + some, m) : row; row < last; row += ROWS)
        pack_rows(a, from, std::min(DEPTH, depth - from), row, m, packed + stage % 2 * size + row * DEPTH);
      return;
    }
    if (stage-- == 0) return;
    int64_t from = stage * DEPTH, here = std::min(DEPTH, depth - from), column = piece * COLUMNS, fetched = 0;
    int64_t ahead = column + threads * COLUMNS;
    alignas(64) float panel[DEPTH * COLUMNS];
    pack_columns(b, from, here, column, n, panel);
    for (int64_t row = 0; row < m; row += ROWS) {
      for (; ahead < n && fetched < (row + ROWS) * here / padded(m); fetched++)  // what will likely be the next panel
        __builtin_prefetch(b.data + (from + fetched) * b.row + ahead * b.column, 0, 2);
      multiply_panel(packed + stage % 2 * size + row * DEPTH, panel, here, c, m, n, row, column, from > 0);
    }
  });
}

// left [M, K] x right [K, N] -> [M, N]; where marked, an operand lies transposed in memory.
ffi::Error Product(ffi::ThreadPool pool, F2 left, F2 right, Out2 result, bool left_transposed, bool right_transposed) {
  int64_t m = result->dimensions()[0], n = result->dimensions()[1];
  int64_t depth = left.dimensions()[left_transposed ? 0 : 1];
  Matrix a{left.typed_data(), left_transposed ? 1 : depth, left_transposed ? m : 1};
  Matrix b{right.typed_data(), right_transposed ? 1 : n, right_transposed ? depth : 1};
  float* c = result->typed_data();
  if (m * n * depth == 0) std::memset(c, 0, m * n * sizeof(float));
  else if (depth > m) product_of_depth(pool, a, b, m, n, depth, c);
  else product_of_rows(pool, a, b, m, n, depth, c);
  return ffi::Error::Success();
}

// --- the recurrence: `update` in lstm.py without layer norm, at every position of a window

// A piece of work is COLUMNS units of some of the rows: with as many pieces as tiles, 25 say, a thread often waits.
constexpr int64_t PARTS = 2;

// What a few rows read and write beside their products, 64 bytes here and there, comes while they are computed.
template <int WRITTEN = 0>
inline void fetch(const float* data, int64_t rows, int64_t stride, int64_t parts = 1, int64_t apart = 0) {
  for (int64_t b = 0; b < rows; b++)
    for (int64_t g = 0; g < parts; g++) __builtin_prefetch(data + b * stride + g * apart, WRITTEN);
}

// One panel of columns for at most ROWS rows: out[count, stride] = left[count, depth] x panel[depth, COLUMNS].
template <int HEIGHT = ROWS>
void multiply_rows(const float* left, const float* panel, int64_t count, int64_t depth, float* out, int64_t stride) {
  if constexpr (HEIGHT > 1)
    if (count < HEIGHT) return multiply_rows<HEIGHT - 1>(left, panel, count, depth, out, stride);
  const float* from[HEIGHT];
  for (int i = 0; i < HEIGHT; i++) from[i] = left + i * depth;
  multiply<1, HEIGHT>(depth, from, panel, out, stride, false);
}

// xs [T, B, 4 H], kernel [H, 4 H] -> gates [T, B, 4 H], the carry before every position, features, the carry at the
// end. start, ahead and valid: `recurrence.Masks`; `ahead` and `valid` are empty where there are none.
ffi::Error Forward(ffi::ThreadPool pool, F3 xs, F2 kernel, F2 hidden, F2 cell, F2 start_hidden, F2 start_cell, F2 ahead,
                   F2 valid, Out3 gates, Out3 hiddens, Out3 cells, Out3 ys, Out2 end_hidden, Out2 end_cell) {
  int64_t steps = xs.dimensions()[0], rows = xs.dimensions()[1], units = kernel.dimensions()[0];
  int64_t tiles = ceil_div(units, COLUMNS), wide = 4 * COLUMNS, across = COLUMNS * units;
  int64_t size = rows * units, blocks = ceil_div(rows, ROWS);
  bool masked = ahead.element_count() > 0;
  thread_local Buffer packed;
  float* weights = packed.at_least(tiles * wide * units);
  auto hidden_at = [&](int64_t t) { return t < steps ? hiddens->typed_data() + t * size : end_hidden->typed_data(); };
  auto cell_at = [&](int64_t t) { return t < steps ? cells->typed_data() + t * size : end_cell->typed_data(); };
  std::memcpy(hidden_at(0), hidden.typed_data(), size * sizeof(float));
  std::memcpy(cell_at(0), cell.typed_data(), size * sizeof(float));

  parallel(pool, steps + 1, tiles * PARTS, [&](int64_t phase, int64_t piece) {
    int64_t tile = piece / PARTS, part = piece % PARTS;
    int64_t unit = tile * COLUMNS, here = std::min(COLUMNS, units - unit), t = phase - 1;
    float* panel = weights + tile * wide * units;
    if (phase == 0) {
      for (int64_t g = 0; g < 4 && part == 0; g++)
        pack_columns({kernel.typed_data() + g * units, 4 * units, 1}, 0, units, unit, units, panel + g * across);
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
        multiply_rows(hidden_at(t) + top * units, panel + g * across, count, units, sums + g * COLUMNS, wide);
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
        }
      }
    }
  });
  return ffi::Error::Success();
}

// What `Forward` kept, and the gradients of features and of the carry at the end, back to the gradients of xs, of the
// carry it began with and of the one that masks may have put in its place.
ffi::Error Backward(ffi::ThreadPool pool, F2 kernel, F3 gates, F3 cells, F2 ahead, F2 valid, F3 d_ys, F2 d_end_hidden,
                    F2 d_end_cell, Out3 d_xs, Out2 d_hidden, Out2 d_cell, Out2 d_start_hidden, Out2 d_start_cell) {
  int64_t steps = gates.dimensions()[0], rows = gates.dimensions()[1], units = kernel.dimensions()[0];
  int64_t tiles = ceil_div(units, COLUMNS), depth = 4 * units, blocks = ceil_div(rows, ROWS);
  bool masked = ahead.element_count() > 0;
  thread_local Buffer packed;
  float* weights = packed.at_least(tiles * COLUMNS * depth);
  size_t size = rows * units * sizeof(float);
  // What reaches a position from the ones after it, but for what comes through the kernel.
  float *state_h = d_hidden->typed_data(), *state_c = d_cell->typed_data();
  float *opened_h = d_start_hidden->typed_data(), *opened_c = d_start_cell->typed_data();
  std::memcpy(state_h, d_end_hidden.typed_data(), size), std::memcpy(state_c, d_end_cell.typed_data(), size);
  std::memset(opened_h, 0, size), std::memset(opened_c, 0, size);

  parallel(pool, steps + 2, tiles * PARTS, [&](int64_t phase, int64_t piece) {
    int64_t tile = piece / PARTS, part = piece % PARTS;
    int64_t unit = tile * COLUMNS, here = std::min(COLUMNS, units - unit), t = steps - phase;
    float* panel = weights + tile * COLUMNS * depth;
    if (phase == 0) {
      if (part == 0) pack_columns({kernel.typed_data(), 1, depth}, 0, depth, unit, units, panel);
      return;
    }
    float sums[ROWS * COLUMNS];
    for (int64_t p = part * blocks / PARTS; p < (part + 1) * blocks / PARTS; p++) {
      int64_t top = p * rows / blocks, below = (p + 1) * rows / blocks, count = below - top;
      if (t >= 0) {
        fetch(gates.typed_data() + (t * rows + top) * depth + unit, count, depth, 4, units);
        fetch(cells.typed_data() + (t * rows + top) * units + unit, count, units);
        fetch(d_ys.typed_data() + (t * rows + top) * units + unit, count, units);
      }
      fetch<1>(state_h + top * units + unit, count, units);
      fetch<1>(state_c + top * units + unit, count, units);
      if (t + 1 == steps) std::memset(sums, 0, sizeof sums);
      else multiply_rows(d_xs->typed_data() + ((t + 1) * rows + top) * depth, panel, count, depth, sums, COLUMNS);
      for (int64_t b = top; b < below; b++) {
        int64_t at = t * rows + b;
        bool passes = t >= 0 && masked && !(valid.typed_data()[at] > 0);
        bool opens = t >= 0 && masked && ahead.typed_data()[at] > 0;
        for (int64_t j = 0; j < here; j += LANES) {
          int64_t n = here - j, place = b * units + unit + j, kept = t * rows * units + place;
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
          const float* gate = gates.typed_data() + at * depth + unit + j;
          float* out = d_xs->typed_data() + at * depth + unit + j;
          vec d_i = {}, d_f = {}, d_g = {}, d_o = {};
          if (!passes) {
            vec i = load(gate, n), f = load(gate + units, n);
            vec g = load(gate + 2 * units, n), o = load(gate + 3 * units, n);
            vec c = load(cells.typed_data() + kept, n), seen = hyperbolic_tangent(f * c + i * g);
            d_h += load(d_ys.typed_data() + kept, n);
            d_c += d_h * o * (1.0f - seen * seen);
            d_i = d_c * g * i * (1.0f - i), d_f = d_c * c * f * (1.0f - f);
            d_g = d_c * i * (1.0f - g * g), d_o = d_h * seen * o * (1.0f - o);
            d_h = vec{}, d_c *= f;
          }
          store(state_h + place, d_h, n), store(state_c + place, d_c, n);
          store(out, d_i, n), store(out + units, d_f, n);
          store(out + 2 * units, d_g, n), store(out + 3 * units, d_o, n);
        }
      }
    }
  });
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_product, Product,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F2>().Arg<F2>().Ret<F2>()
                                  .Attr<bool>("left_transposed").Attr<bool>("right_transposed"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_forward, Forward,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F3>().Arg<F2>().Arg<F2>().Arg<F2>()
                                  .Arg<F2>().Arg<F2>().Arg<F2>().Arg<F2>().Ret<F3>().Ret<F3>().Ret<F3>().Ret<F3>()
                                  .Ret<F2>().Ret<F2>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(seqgen_backward, Backward,
                              ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Arg<F2>().Arg<F3>().Arg<F3>().Arg<F2>()
                                  .Arg<F2>().Arg<F3>().Arg<F2>().Arg<F2>().Ret<F3>().Ret<F2>().Ret<F2>().Ret<F2>()
                                  .Ret<F2>());
