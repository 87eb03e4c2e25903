// Panels of B as the tile reads them: `steps` rows of `panel_columns` elements, zeros where B has no more columns.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

template <class T>
void pack_panel(T* panel, int64_t panel_columns, const T* b, int64_t b_step, int64_t steps, int64_t columns) {
  constexpr int kVectorLanes = kLanes<T>;
  for (int64_t k = 0; k < steps; k++, b += b_step, panel += panel_columns) {
    for (int64_t j = 0; j < panel_columns; j += kVectorLanes) {
      const int64_t left = columns - j;
      store(panel + j, left >= kVectorLanes ? load(b + j) : load_first(b + j, left > 0 ? static_cast<int>(left) : 0));
    }
  }
}

typedef float Quad __attribute__((vector_size(16)));

// One vector whose 16-byte parts are four elements each of rows first, first + 4, first + 8 ...
inline Floats load_quads(const float* first, int64_t row) {
#if defined(__AVX512F__)
  if constexpr (kVectorBytes == 64) {
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(first));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(first + 4 * row), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(first + 8 * row), 2);
    return bits_of<Floats>(_mm512_insertf32x4(v, _mm_loadu_ps(first + 12 * row), 3));
  }
#elif defined(__AVX__)
  if constexpr (kVectorBytes == 32) {
    return bits_of<Floats>(_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(first)), _mm_loadu_ps(first + 4 * row), 1));
  }
#endif
  Floats value{};
  for (int q = 0; q < kVectorBytes / 16; q++)
    __builtin_memcpy(reinterpret_cast<char*>(&value) + 16 * q, first + 4 * q * row, 16);
  return value;
}

// Interleaves within each 16-byte part: low gives a0 b0 a1 b1, high gives a2 b2 a3 b3; the pair forms move two at a time.
template <int... I>
struct Lanes {};
template <int N, int... I>
struct MakeLanes : MakeLanes<N - 1, N - 1, I...> {};
template <int... I>
struct MakeLanes<0, I...> {
  using type = Lanes<I...>;
};
using AllLanes = typename MakeLanes<kLanes<float>>::type;

template <int First, int... I>
inline Floats unpack(Floats a, Floats b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (I / 4 * 4 + First + I % 4 / 2 + I % 2 * kLanes<float>)...);
}
template <int First, int... I>
inline Floats unpack_pairs(Floats a, Floats b, Lanes<I...>) {
  return __builtin_shufflevector(a, b, (I / 4 * 4 + First + I % 2 + I % 4 / 2 * kLanes<float>)...);
}

// Four steps of one vector of columns out of a transposed B, whose columns are `row` apart.
inline void transpose_quads(float* panel, int64_t panel_columns, const float* b, int64_t row) {
  const Floats r0 = load_quads(b, row), r1 = load_quads(b + row, row), r2 = load_quads(b + 2 * row, row),
               r3 = load_quads(b + 3 * row, row);
  const Floats low01 = unpack<0>(r0, r1, AllLanes()), high01 = unpack<2>(r0, r1, AllLanes());
  const Floats low23 = unpack<0>(r2, r3, AllLanes()), high23 = unpack<2>(r2, r3, AllLanes());
  store(panel, unpack_pairs<0>(low01, low23, AllLanes()));
  store(panel + panel_columns, unpack_pairs<2>(low01, low23, AllLanes()));
  store(panel + 2 * panel_columns, unpack_pairs<0>(high01, high23, AllLanes()));
  store(panel + 3 * panel_columns, unpack_pairs<2>(high01, high23, AllLanes()));
}

// All steps of one vector of columns.
inline void transpose_columns(float* panel, int64_t panel_columns, const float* b, int64_t row, int64_t steps) {
  int64_t k = 0;
  for (; k + 4 <= steps; k += 4) transpose_quads(panel + k * panel_columns, panel_columns, b + k, row);
  for (; k < steps; k++) {
    for (int64_t j = 0; j < kLanes<float>; j++) panel[k * panel_columns + j] = b[j * row + k];
  }
}

// The same for a B that is stored [columns, steps], `b_column` from column to column.
template <class T>
void pack_panel_transposed(T* panel, int64_t panel_columns, const T* b, int64_t b_column, int64_t steps, int64_t columns) {
  int64_t done = 0;
  if constexpr (sizeof(T) == 4) {
    for (; done + kLanes<T> <= columns; done += kLanes<T>) {
      transpose_columns(panel + done, panel_columns, b + done * b_column, b_column, steps);
    }
    constexpr int kBlock = kLanes<T>;
    for (; done < columns; done += kBlock) {  // too few columns for whole vectors: by way of a block that has enough
      alignas(64) T block[kBlock][kBlock] = {};
      for (int64_t k = 0; k < steps; k += kBlock) {
        const int64_t length = smaller<int64_t>(kBlock, steps - k);
        for (int64_t j = 0; j < columns - done; j++) {
          const T* from = b + (done + j) * b_column + k;
          store(block[j], length == kBlock ? load(from) : load_first(from, static_cast<int>(length)));
        }
        transpose_columns(panel + k * panel_columns + done, panel_columns, block[0], kBlock, length);
      }
    }
  }
  for (int64_t j = done; j < panel_columns; j++) {
    const T* from = b + j * b_column;
    for (int64_t k = 0; k < steps; k++) panel[k * panel_columns + j] = j < columns ? from[k] : T{0};
  }
}

}  // namespace
}  // namespace nnstack
