// Vectors of floats as wide as this CPU has them, and the LSTM's nonlinear functions of them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <immintrin.h>

#ifdef __AVX512F__
constexpr int64_t LANES = 16;
#define BY_LANE(operation) _mm512_##operation##_ps
#else
constexpr int64_t LANES = 8;
#define BY_LANE(operation) _mm256_##operation##_ps
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

inline vec load(const float* p) {
  vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline vec load(const float* p, int64_t count) {  // zeros from `count` on
  if (count >= LANES) return load(p);
#ifdef __AVX512F__
  return _mm512_maskz_loadu_ps((1u << std::max<int64_t>(count, 0)) - 1, p);
#else
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lanes));
#endif
}

inline void store(float* p, vec v, int64_t count = LANES) {
  if (count >= LANES) std::memcpy(p, &v, sizeof v);
  else std::memcpy(p, &v, std::max<int64_t>(count, 0) * sizeof(float));
}

// --- to a relative 4e-7; a NaN stays a NaN

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
