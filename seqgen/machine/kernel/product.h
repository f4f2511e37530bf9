// The product of two matrices, over packed panels of ROWS x COLUMNS held in registers (Goto & van de Geijn 2008).
//
// Every sum has one order, whatever the number of threads, so results have the same bits on one core and on many.

#pragma once

#include <type_traits>

#include "threads.h"
#include "vectors.h"

#ifdef __AVX512F__
constexpr int64_t ROWS = 12;  // 24 accumulators of 32 registers
#else
constexpr int64_t ROWS = 6;  // 12 accumulators of 16 registers
#endif
constexpr int64_t COLUMNS = 2 * LANES;  // a panel of the right operand
constexpr int64_t DEPTH = 8192 / COLUMNS;  // words of a column that are multiplied at once: a panel of them is 32 KB

inline int64_t padded(int64_t rows) { return ceil_div(rows, ROWS) * ROWS; }

// --- precisions: what a word of a panel holds, 4 bytes, and what becomes of two words; all sums are f32

struct F32 {
  static constexpr int64_t VALUES = 1;
  static vec words(vec values) { return values; }
  static vec add_product(vec sum, vec left, vec right) { return sum + left * right; }
};

// Values rounded to bf16; where a CPU multiplies them, two that follow one another in depth are a word.
struct BF16 {
#ifdef __AVX512BF16__
  static constexpr int64_t VALUES = 2;
  static vec words(vec first, vec second) {  // of two rows
    typedef uint16_t narrow __attribute__((vector_size(32)));
    ivec low = __builtin_convertvector((narrow)row(first), ivec), high = __builtin_convertvector((narrow)row(second), ivec);
    return (vec)(low | high << 16);
  }
  static __m256i row(vec values) { return (__m256i)_mm512_cvtneps_pbh(values); }
  static vec add_product(vec sum, vec left, vec right) {
    return _mm512_dpbf16_ps(sum, (__m512bh)left, (__m512bh)right);
  }
#else
  static constexpr int64_t VALUES = 1;
  static vec words(vec values) {
    ivec bits = (ivec)values, odd = (bits >> 16) & 1, kept = bits | 0x400000;
    bits = (values == values) ? bits + 0x7fff + odd : kept;
    return (vec)(bits & (int32_t)0xffff0000);
  }
  static vec add_product(vec sum, vec left, vec right) { return sum + left * right; }
#endif
};

// How many words hold a row of `values`.
template <class P>
constexpr int64_t words_of(int64_t values) { return (values + P::VALUES - 1) / P::VALUES; }

// `count` of a vector's values as words, at place `at` of a row, a multiple of LANES.
template <class P>
inline void store_row(float* row, int64_t at, vec values, int64_t count) {
  if constexpr (P::VALUES == 1) {
    store(row + at, P::words(values), count);
  } else {
    auto narrow = P::row(values);
    std::memcpy(reinterpret_cast<char*>(row) + 2 * at, &narrow, 2 * std::min(count, LANES));
  }
}

// --- the product of packed panels

// What a product does meanwhile, piece by piece, EVERY so many words: bring what is needed next, for memory is slow.
struct Nothing {
  static constexpr int64_t EVERY = 1;
  bool left() const { return false; }
  void run() {}
};

// What a product is added to, if to anything: value [i, j] at data[i * row + j].
struct Base {
  const float* data = nullptr;
  int64_t row = 0;
};

// c[HEIGHT, COLUMNS] = base + the product of rows, which word k of row i lies at rows[i][k * STEP], and b[depth, COLUMNS].
template <class P, int64_t STEP, int HEIGHT = ROWS, class Meanwhile>
inline void multiply(int64_t depth, const float* const* rows, const float* b, float* c, int64_t stride, Base base,
                     Meanwhile&& meanwhile) {
  constexpr int64_t EVERY = std::remove_reference_t<Meanwhile>::EVERY;
  vec sum[HEIGHT][2] = {};
  auto some = [&](int64_t from, int64_t to) {
#pragma GCC unroll 2
    for (int64_t k = from; k < to; k++, b += COLUMNS) {
      vec left = load(b), right = load(b + LANES);
#pragma GCC unroll 12
      for (int i = 0; i < HEIGHT; i++) {
        vec word = BY_LANE(set1)(rows[i][k * STEP]);
        sum[i][0] = P::add_product(sum[i][0], word, left);
        sum[i][1] = P::add_product(sum[i][1], word, right);
      }
    }
  };
  int64_t k = 0;
  for (; meanwhile.left() && k + EVERY <= depth; k += EVERY) {
    meanwhile.run();
    some(k, k + EVERY);
  }
  some(k, depth);
#pragma GCC unroll 12
  for (int i = 0; i < HEIGHT; i++) {
    const float* to = base.data + i * base.row;
    float* row = c + i * stride;
    store(row, base.data ? load(to) + sum[i][0] : sum[i][0]);
    store(row + LANES, base.data ? load(to + LANES) + sum[i][1] : sum[i][1]);
  }
}

// One panel of columns for at most ROWS rows of words: out[count, stride] = left[count, depth] x panel[depth, COLUMNS].
template <class P, int HEIGHT = ROWS, class Meanwhile>
void multiply_rows(const float* left, const float* panel, int64_t count, int64_t depth, float* out, int64_t stride,
                   Meanwhile&& meanwhile) {
  if constexpr (HEIGHT > 1)
    if (count < HEIGHT) return multiply_rows<P, HEIGHT - 1>(left, panel, count, depth, out, stride, meanwhile);
  const float* from[HEIGHT];
  for (int i = 0; i < HEIGHT; i++) from[i] = left + i * depth;
  multiply<P, 1, HEIGHT>(depth, from, panel, out, stride, Base{}, meanwhile);
}

// A matrix as it lies in memory: value [i, j] at data[i * row + j * column].
struct Matrix {
  const float* data;
  int64_t row, column;
  const float* at(int64_t i, int64_t j) const { return data + i * row + j * column; }
  Matrix transposed() const { return {data, column, row}; }
};

// LANES values beside each other, [i, j] the first; zeros past `count` of them, and where the matrix has no such row.
inline vec some_of(Matrix m, int64_t i, int64_t j, int64_t rows, int64_t count) {
  if (i >= rows) return vec{};
  if (m.column == 1) return load(m.at(i, j), count);
  float values[LANES] = {};
  for (int64_t l = 0; l < std::min(count, LANES); l++) values[l] = *m.at(i, j + l);
  return load(values);
}

// Brings `depth` words of each of the columns [column, column + WIDTH) of m, whose shape is [rows, columns], from word
// `from` on, into a panel [depth, WIDTH], with zeros where m ends.
template <class P, int64_t WIDTH>
struct Packing {
  static constexpr int64_t EVERY = 16, AHEAD = 6;
  Matrix m;
  int64_t from, depth, rows, column, columns;
  float* panel;
  int64_t k = 0;
  float turned[LANES * WIDTH] = {};  // of a matrix that lies transposed the next LANES rows

  bool left() const { return k < depth; }
  void run() {  // the next word of each column
    int64_t i = (from + k) * P::VALUES;
    if (m.column == 1) {
      for (int64_t v = AHEAD * P::VALUES; v < (AHEAD + 1) * P::VALUES && i + v < rows; v++)
        for (int64_t j = 0; j < WIDTH && column + j < columns; j += 16) __builtin_prefetch(m.at(i + v, column + j));
    } else if (k * P::VALUES % LANES == 0) {
      turn(i);
    }
    for (int64_t j = 0; j < WIDTH; j += LANES) {
      vec words;
      if constexpr (P::VALUES == 1) words = P::words(some(i, j));
      else words = P::words(some(i, j), some(i + 1, j));
      // All lanes are faster to store than a few; what is too many is overwritten by the next word, but for the last.
      store(panel + k * WIDTH + j, words, k + 1 < depth ? LANES : WIDTH - j);
    }
    k++;
  }
  void finish() {
    while (left()) run();
  }

 private:
  vec some(int64_t i, int64_t j) const {
    if (m.column != 1) return load(turned + (i - from * P::VALUES) % LANES * WIDTH + j, WIDTH - j);
    return i < rows ? load(m.at(i, column + j), std::min(WIDTH - j, columns - column - j)) : vec{};
  }
  // A line of memory holds LANES rows or more of one column: were it asked for at each of them, it would long have been
  // pushed out of the cache by the lines of the other columns, which lie a power of two apart.
  void turn(int64_t i) {
    for (int64_t j = 0; j < WIDTH; j++) {
      float values[LANES];
      store(values, column + j < columns ? load(m.at(i, column + j), rows - i) : vec{});
      for (int64_t l = 0; l < LANES; l++) turned[l * WIDTH + j] = values[l];
      if (i + LANES < rows && column + j < columns) __builtin_prefetch(m.at(i + LANES, column + j));
    }
  }
};

// Row i of m, `columns` values, as words.
template <class P>
void pack_row(Matrix m, int64_t i, int64_t columns, float* row) {
  for (int64_t j = 0; j < columns; j += LANES)
    store_row<P>(row, j, some_of(m, i, j, i + 1, columns - j), words_of<P>(columns) * P::VALUES - j);
}

// c[m, n] at one panel's place = base, there too, + ROWS rows of words x panel[depth, COLUMNS], as far as c reaches.
template <class P, int64_t STEP, class Meanwhile>
void multiply_panel(const float* rows, int64_t stride, const float* panel, int64_t depth, float* c, int64_t m, int64_t n,
                    int64_t row, int64_t column, Base base, Meanwhile&& meanwhile) {
  const float* from[ROWS];
  for (int64_t i = 0; i < ROWS; i++) from[i] = rows + i * stride;
  if (base.data != nullptr) base.data += row * base.row + column;
  c += row * n + column;
  if (row + ROWS <= m && column + COLUMNS <= n) return multiply<P, STEP>(depth, from, panel, c, n, base, meanwhile);
  alignas(64) float edge[ROWS * COLUMNS];
  multiply<P, STEP>(depth, from, panel, edge, COLUMNS, Base{}, meanwhile);
  for (int64_t i = 0; i < std::min(ROWS, m - row); i++)
    for (int64_t j = 0; j < std::min(COLUMNS, n - column); j++)
      c[i * n + j] = edge[i * COLUMNS + j] + (base.data != nullptr ? base.data[i * base.row + j] : 0.0f);
}

// Many rows: all of b is packed first, then each thread packs a few rows of a and computes theirs.
template <class P>
void product_of_rows(xla::ffi::ThreadPool& pool, Matrix a, Matrix b, const float* bias, int64_t m, int64_t n,
                     int64_t depth, float* c) {
  int64_t threads = std::max<int64_t>(pool.num_threads(), 1), panels = ceil_div(n, COLUMNS), words = words_of<P>(depth);
  // Tiles low enough that one's result stays in a cache while it grows, as many for each thread as for the others.
  int64_t blocks = ceil_div(m, ROWS), tiles = ceil_div(blocks, 8 * threads) * threads;
  thread_local Buffer block;
  float* packed = block.at_least(panels * COLUMNS * words);
  parallel(pool, 2, tiles, [&](int64_t phase, int64_t tile) {
    if (phase == 0) {
      for (int64_t p = tile * panels / tiles; p < (tile + 1) * panels / tiles; p++)
        Packing<P, COLUMNS>{b, 0, words, depth, p * COLUMNS, n, packed + p * COLUMNS * words}.finish();
      return;
    }
    int64_t first = tile * blocks / tiles * ROWS, last = std::min((tile + 1) * blocks / tiles * ROWS, m);
    thread_local Buffer rows;
    float* mine = rows.at_least(padded(last - first) * words);
    for (int64_t row = first; row < last; row++) pack_row<P>(a, row, depth, mine + (row - first) * words);
    for (int64_t k = 0; k < words; k += DEPTH)
      for (int64_t p = 0; p < panels; p++)
        for (int64_t row = first; row < last; row += ROWS)
          multiply_panel<P, 1>(mine + (row - first) * words + k, words, packed + (p * words + k) * COLUMNS,
                               std::min(DEPTH, words - k), c, m, n, row, p * COLUMNS, k > 0 ? Base{c, n} : Base{bias},
                               Nothing{});
  });
}

// Long sums: DEPTH words of each at a time. Those of a are packed while the ones before are multiplied, those of b by the
// thread that multiplies them, a panel at a time, while it multiplies the panel before.
template <class P>
void product_of_depth(xla::ffi::ThreadPool& pool, Matrix a, Matrix b, const float* bias, int64_t m, int64_t n,
                      int64_t depth, float* c) {
  int64_t panels = ceil_div(n, COLUMNS), words = words_of<P>(depth);
  int64_t stages = ceil_div(words, DEPTH), some = 8 * ROWS, packs = ceil_div(m, some), size = padded(m) * DEPTH;
  thread_local Buffer block;
  float* packed = block.at_least(2 * size);
  struct Ahead {  // what a thread has packed for the piece that it will likely take next
    alignas(64) float panels[2][DEPTH * COLUMNS];
    int64_t call = 0, stage, piece;
  };
  static std::atomic<int64_t> calls{0};
  const int64_t call = ++calls;
  parallel(pool, stages + 1, panels + packs, [&](int64_t stage, int64_t piece) {
    if (piece >= panels) {
      int64_t row = (piece - panels) * some, from = stage * DEPTH;
      for (int64_t last = stage < stages ? std::min(row + some, m) : row; row < last; row += ROWS)
        Packing<P, ROWS>{a.transposed(), from, std::min(DEPTH, words - from), depth, row, m,
                         packed + stage % 2 * size + row * DEPTH}.finish();
      return;
    }
    if (stage-- == 0) return;
    int64_t from = stage * DEPTH, here = std::min(DEPTH, words - from), column = piece * COLUMNS;
    thread_local Ahead ahead;
    float *panel = ahead.panels[piece % 2], *other = ahead.panels[(piece + 1) % 2];
    if (ahead.call != call || ahead.stage != stage || ahead.piece != piece)
      Packing<P, COLUMNS>{b, from, here, depth, column, n, panel}.finish();
    Packing<P, COLUMNS> next{b, from, piece + 1 < panels ? here : 0, depth, column + COLUMNS, n, other};
    for (int64_t row = 0; row < m; row += ROWS)
      multiply_panel<P, ROWS>(packed + stage % 2 * size + row * DEPTH, 1, panel, here, c, m, n, row, piece * COLUMNS,
                              from > 0 ? Base{c, n} : Base{bias}, next);
    next.finish();
    ahead.call = call, ahead.stage = stage, ahead.piece = piece + 1;
  });
}

template <class P>
void product(xla::ffi::ThreadPool& pool, Matrix a, Matrix b, const float* bias, int64_t m, int64_t n, int64_t depth,
             float* c) {
  if (m * n * depth == 0) {
    for (int64_t i = 0; i < m * n; i++) c[i] = bias != nullptr ? bias[i % n] : 0.0f;
  } else if (depth > m) {
    product_of_depth<P>(pool, a, b, bias, m, n, depth, c);
  } else {
    product_of_rows<P>(pool, a, b, bias, m, n, depth, c);
  }
}
