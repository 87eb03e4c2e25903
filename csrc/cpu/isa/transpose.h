// Short rows of a matrix with one row per lane: what is done along a row is then done for as many rows at once as a vector
// has lanes, without a step across lanes. For elements of 4 and 8 bytes.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

// Elements; longer rows fill vectors well enough by themselves.
constexpr int64_t kShortRow = kVectorBytes >= 32 ? 128 : 32;

template <class T>
constexpr bool kTransposable = sizeof(T) == 4 || sizeof(T) == 8;

// In every 16 bytes of Ints: {a0, b0, a1, b1} and {a2, b2, a3, b3}. (Templates, so that only one of the shuffles is looked at.)
template <class V>
inline V interleave_low(V a, V b) {
  if constexpr (kVectorBytes == 64)
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
  else if constexpr (kVectorBytes == 32)
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
  else
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
template <class V>
inline V interleave_high(V a, V b) {
  if constexpr (kVectorBytes == 64)
    return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  else if constexpr (kVectorBytes == 32)
    return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  else
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}

// A square of blocks of 16 bytes: block j of v[i * step] changes places with block i of v[j * step].
template <class V>
inline void transpose_blocks(V* v, int step) {
  if constexpr (kVectorBytes == 64) {
    const V a = v[0], b = v[step], c = v[2 * step], d = v[3 * step];
    const V ab01 = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    const V ab23 = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    const V cd01 = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11);
    const V cd23 = __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    v[0] = __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5, 8, 9, 12, 13);
    v[step] = __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7, 10, 11, 14, 15);
    v[2 * step] = __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5, 8, 9, 12, 13);
    v[3 * step] = __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7, 10, 11, 14, 15);
  } else if constexpr (kVectorBytes == 32) {
    const V a = v[0], b = v[step];
    v[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    v[step] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  }
}

// Lane j of v[i] changes places with lane i of v[j].
template <class T>
inline void transpose(Vector<T>* v) {
  constexpr int kVectorLanes = kLanes<T>, kInBlock = 16 / static_cast<int>(sizeof(T));
  Pairs w[kVectorLanes];
#pragma GCC unroll 16
  for (int i = 0; i < kVectorLanes; i++) w[i] = bits_of<Pairs>(v[i]);
#pragma GCC unroll 16
  for (int i = 0; i < kInBlock; i++) transpose_blocks(w + i, kInBlock);
#pragma GCC unroll 16
  for (int i = 0; i < kVectorLanes; i += kInBlock) {
    if constexpr (kInBlock == 2) {
      v[i] = bits_of<Vector<T>>(even_pairs(w[i], w[i + 1]));
      v[i + 1] = bits_of<Vector<T>>(odd_pairs(w[i], w[i + 1]));
    } else {
      const Ints a = bits_of<Ints>(w[i]), b = bits_of<Ints>(w[i + 1]), c = bits_of<Ints>(w[i + 2]), d = bits_of<Ints>(w[i + 3]);
      const Pairs ab_low = bits_of<Pairs>(interleave_low(a, b)), ab_high = bits_of<Pairs>(interleave_high(a, b));
      const Pairs cd_low = bits_of<Pairs>(interleave_low(c, d)), cd_high = bits_of<Pairs>(interleave_high(c, d));
      v[i] = bits_of<Vector<T>>(even_pairs(ab_low, cd_low));
      v[i + 1] = bits_of<Vector<T>>(odd_pairs(ab_low, cd_low));
      v[i + 2] = bits_of<Vector<T>>(even_pairs(ab_high, cd_high));
      v[i + 3] = bits_of<Vector<T>>(odd_pairs(ab_high, cd_high));
    }
  }
}

// A vector's worth of columns of `rows` rows of n elements: lane j of columns[i] is x[j * n + i]. What is beyond the rows is
// zero, what is beyond a row is anything. Reads nothing from `end` on.
template <class T>
inline void load_columns(Vector<T>* columns, const T* x, int64_t n, int rows, int count, const T* end) {
  constexpr int kVectorLanes = kLanes<T>;
  T copy[kVectorLanes * kVectorLanes];
  if (rows < kVectorLanes || end - x < (kVectorLanes - 1) * n + kVectorLanes) {
    for (int r = 0; r < kVectorLanes; r++) {
      Vector<T> row{};
      if (r < rows) row = count < kVectorLanes ? load_first(x + r * n, count) : load(x + r * n);
      store(copy + r * kVectorLanes, row);
    }
    x = copy;
    n = kVectorLanes;
  }
  Vector<T> v[kVectorLanes];
#pragma GCC unroll 16
  for (int r = 0; r < kVectorLanes; r++) v[r] = load(x + r * n);
  transpose<T>(v);
#pragma GCC unroll 16
  for (int c = 0; c < kVectorLanes; c++) columns[c] = v[c];
}

// The way back for n columns, which are destroyed. Rows are written in ascending order, whole vectors at a time: what goes
// beyond a row is overwritten by the next one. Writes nothing from `end` on.
template <class T>
inline void store_rows(T* y, int64_t n, Vector<T>* columns, int rows, const T* end) {
  constexpr int kVectorLanes = kLanes<T>;
  for (int64_t c = 0; c < n; c += kVectorLanes) {
    Vector<T> v[kVectorLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kVectorLanes; i++) v[i] = columns[c + i];
    transpose<T>(v);
#pragma GCC unroll 16
    for (int i = 0; i < kVectorLanes; i++) columns[c + i] = v[i];
  }
  for (int r = 0; r < rows; r++, y += n) {
    for (int64_t c = 0; c < n; c += kVectorLanes) {
      if (end - (y + c) >= kVectorLanes)
        store(y + c, columns[c + r]);
      else
        store_first(y + c, columns[c + r], static_cast<int>(smaller<int64_t>(kVectorLanes, n - c)));
    }
  }
}

}  // namespace
}  // namespace nnstack
