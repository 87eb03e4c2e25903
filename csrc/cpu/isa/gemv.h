// Matrix times vector, in its two forms. Both keep eight or more independent sums; their order depends on the sizes alone.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

// y[j] = sum over k of x[k] * rows[k][j] for columns [begin, end); Width vectors of columns, Phases interleaved sums.
template <class T, int Width, int Phases>
inline void combine_strip(T* y, const T* x, const T* rows, int64_t row, int64_t k, int columns) {
  constexpr int kVectorLanes = kLanes<T>;
  const int rest = columns - (Width - 1) * kVectorLanes;
  Vector<T> sum[Phases][Width] = {};
  int64_t i = 0;
  auto add = [&](int phase, int64_t step) __attribute__((always_inline)) {
    const T* from = rows + step * row;
    const T scale = x[step];
#pragma GCC unroll 4
    for (int j = 0; j < Width - 1; j++) sum[phase][j] += scale * load(from + j * kVectorLanes);
    const T* last = from + (Width - 1) * kVectorLanes;
    sum[phase][Width - 1] += scale * (Width == 1 && rest < kVectorLanes ? load_first(last, rest) : load(last));
  };
  for (; i + Phases <= k; i += Phases) {
#pragma GCC unroll 8
    for (int p = 0; p < Phases; p++) add(p, i + p);
  }
  for (; i < k; i++) add(0, i);
#pragma GCC unroll 4
  for (int half = Phases / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int p = 0; p < half; p++) {
#pragma GCC unroll 4
      for (int j = 0; j < Width; j++) sum[p][j] += sum[p + half][j];
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < Width - 1; j++) store(y + j * kVectorLanes, sum[0][j]);
  T* last = y + (Width - 1) * kVectorLanes;
  if (Width == 1 && rest < kVectorLanes)
    store_first(last, sum[0][Width - 1], rest);
  else
    store(last, sum[0][Width - 1]);
}

// y += Rows rows, each scaled by its element of x: along the rows, as prefetchers like it.
template <class T, int Rows>
inline void add_rows(T* y, const T* x, const T* rows, int64_t row, int64_t columns) {
  constexpr int kVectorLanes = kLanes<T>;
  for (int64_t j = 0; j < columns; j += kVectorLanes) {
    const int count = static_cast<int>(smaller<int64_t>(columns - j, kVectorLanes));
    const bool whole = count == kVectorLanes;
    Vector<T> even = whole ? load(y + j) : load_first(y + j, count), odd = {};
#pragma GCC unroll 8
    for (int r = 0; r < Rows; r++) {
      const T* from = rows + r * row + j;
      (r % 2 == 0 ? even : odd) += x[r] * (whole ? load(from) : load_first(from, count));
    }
    even += odd;
    if (whole)
      store(y + j, even);
    else
      store_first(y + j, even, count);
  }
}

constexpr int64_t kStreamedBytes = 512 * 1024;  // a matrix larger than this comes from beyond the second-level cache

// The sum of rows, each scaled by its element of x. `begin` is a multiple of 4 vectors.
template <class T>
void combine_rows(T* y, const T* x, const T* rows, int64_t row, int64_t k, int64_t begin, int64_t end) {
  constexpr int kVectorLanes = kLanes<T>;
  if (k * row * static_cast<int64_t>(sizeof(T)) > kStreamedBytes) {
    for (int64_t j = begin; j < end; j++) y[j] = 0;
    int64_t i = 0;
    for (; i + 8 <= k; i += 8) add_rows<T, 8>(y + begin, x + i, rows + i * row + begin, row, end - begin);
    for (; i < k; i++) add_rows<T, 1>(y + begin, x + i, rows + i * row + begin, row, end - begin);
    return;
  }
  constexpr int kPhases = kVectorBytes == 64 ? 4 : 2;  // 16 or 8 sums
  int64_t j = begin;
  for (; j + 4 * kVectorLanes <= end; j += 4 * kVectorLanes) {
    combine_strip<T, 4, kPhases>(y + j, x, rows + j, row, k, 4 * kVectorLanes);
  }
  for (; j < end; j += kVectorLanes) {
    combine_strip<T, 1, 8>(y + j, x, rows + j, row, k, static_cast<int>(smaller<int64_t>(end - j, kVectorLanes)));
  }
}

template <class T, int Rows, int Phases>
inline void dot_strip(T* y, const T* x, const T* rows, int64_t row, int64_t k) {
  constexpr int kVectorLanes = kLanes<T>;
  Vector<T> sum[Rows][Phases] = {};
  int64_t i = 0;
  for (; i + Phases * kVectorLanes <= k; i += Phases * kVectorLanes) {
#pragma GCC unroll 8
    for (int p = 0; p < Phases; p++) {
      const Vector<T> v = load(x + i + p * kVectorLanes);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; r++) sum[r][p] += v * load(rows + r * row + i + p * kVectorLanes);
    }
  }
  for (; i + kVectorLanes <= k; i += kVectorLanes) {
    const Vector<T> v = load(x + i);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; r++) sum[r][0] += v * load(rows + r * row + i);
  }
  if (const int rest = static_cast<int>(k - i)) {
    const Vector<T> v = load_first(x + i, rest);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; r++) sum[r][0] += v * load_first(rows + r * row + i, rest);
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 8
    for (int p = 1; p < Phases; p++) sum[r][0] += sum[r][p];
    y[r] = sum_lanes<T>(sum[r][0]);
  }
}

// y[j] = dot product of x and row j, for rows [begin, end). A row's sum does not depend on its neighbours.
template <class T>
void dot_rows(T* y, const T* x, const T* rows, int64_t row, int64_t k, int64_t begin, int64_t end) {
  int64_t j = begin;
  for (; j + 4 <= end; j += 4) dot_strip<T, 4, 2>(y + j, x, rows + j * row, row, k);
  for (; j < end; j++) dot_strip<T, 1, 2>(y + j, x, rows + j * row, row, k);
}

}  // namespace
}  // namespace nnstack
