// What a reduction does with two numbers, and with as many as are summed one after the other.
#pragma once
#include "cpu/isa/kernels.h"
#include "cpu/isa/transpose.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kLeafElements = 512;  // one after the other, in four vectors of sums

struct Sum {
  template <class V>
  static V apply(V a, V b) {
    return a + b;
  }
};
struct Product {
  template <class V>
  static V apply(V a, V b) {
    return a * b;
  }
};
struct Maximum {
  template <class V>
  static V apply(V a, V b) {
    return ((a > b) | (a != a)) ? a : b;
  }
};
struct Minimum {
  template <class V>
  static V apply(V a, V b) {
    return ((a < b) | (a != a)) ? a : b;
  }
};

template <class Op, class T>
inline T combine(T a, T b) {
  return static_cast<T>(Op::apply(a, b));
}
template <class T>
struct Limits;
template <>
struct Limits<float> {
  static constexpr float low = -__builtin_inff(), high = __builtin_inff();
};
template <>
struct Limits<double> {
  static constexpr double low = -__builtin_inf(), high = __builtin_inf();
};
template <>
struct Limits<int8_t> {
  static constexpr int8_t low = INT8_MIN, high = INT8_MAX;
};
template <>
struct Limits<int16_t> {
  static constexpr int16_t low = INT16_MIN, high = INT16_MAX;
};
template <>
struct Limits<int32_t> {
  static constexpr int32_t low = INT32_MIN, high = INT32_MAX;
};
template <>
struct Limits<int64_t> {
  static constexpr int64_t low = INT64_MIN, high = INT64_MAX;
};
template <>
struct Limits<uint8_t> {
  static constexpr uint8_t low = 0, high = UINT8_MAX;
};
template <class Op, class T>
struct Start {
  static constexpr T value = 0;
};
template <class T>
struct Start<Product, T> {
  static constexpr T value = 1;
};
template <class T>
struct Start<Maximum, T> {
  static constexpr T value = Limits<T>::low;
};
template <class T>
struct Start<Minimum, T> {
  static constexpr T value = Limits<T>::high;
};

template <class Op>
constexpr bool kRepeatable = __is_same(Op, Maximum) || __is_same(Op, Minimum);  // an element may count twice

template <class Op, class T>
T reduce_leaf(const T* x, int64_t n) {
  constexpr int kVectorLanes = kLanes<T>;
  T result = Start<Op, T>::value;
  int64_t i = 0;
  if (n >= kVectorLanes) {
    Vector<T> part[4];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) part[p] = splat(Start<Op, T>::value);
    for (; i + 4 * kVectorLanes <= n; i += 4 * kVectorLanes) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) part[p] = Op::apply(part[p], load(x + i + p * kVectorLanes));
    }
    for (; i + kVectorLanes <= n; i += kVectorLanes) part[0] = Op::apply(part[0], load(x + i));
    if constexpr (Start<Op, T>::value == 0) {  // what is left, by one vector more where zeros or repetitions do not count
      if (i < n) part[1] = Op::apply(part[1], load_first(x + i, static_cast<int>(n - i)));
      i = n;
    } else if constexpr (kRepeatable<Op>) {
      if (i < n) part[1] = Op::apply(part[1], load(x + n - kVectorLanes));
      i = n;
    }
    const Vector<T> all = Op::apply(Op::apply(part[0], part[1]), Op::apply(part[2], part[3]));
    if constexpr (kVectorLanes <= 16) {
      result = fold_lanes<T>(all, [](auto a, auto b) __attribute__((always_inline)) { return Op::apply(a, b); });
    } else {
      T lanes[kVectorLanes];
      store(lanes, all);
#pragma GCC unroll 8
      for (int half = kVectorLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 32
        for (int j = 0; j < half; j++) lanes[j] = combine<Op>(lanes[j], lanes[j + half]);
      }
      result = lanes[0];
    }
  }
  for (; i < n; i++) result = combine<Op>(result, x[i]);
  return result;
}

// Up to one short row per lane, in four partial results each. The array ends at `end`.
template <class Op, class T>
void reduce_lanes(T* out, const T* x, int64_t n, int rows, const T* end) {
  constexpr int kVectorLanes = kLanes<T>;
  Vector<T> columns[kShortRow], part[4];
  for (int64_t c = 0; c < n; c += kVectorLanes) {
    load_columns<T>(columns + c, x + c, n, rows, static_cast<int>(smaller<int64_t>(kVectorLanes, n - c)), end);
  }
#pragma GCC unroll 4
  for (int p = 0; p < 4; p++) part[p] = p < n ? columns[p] : splat(Start<Op, T>::value);
  int64_t c = 4;
  for (; c + 4 <= n; c += 4) {
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) part[p] = Op::apply(part[p], columns[c + p]);
  }
  for (; c < n; c++) part[0] = Op::apply(part[0], columns[c]);
  const Vector<T> all = Op::apply(Op::apply(part[0], part[1]), Op::apply(part[2], part[3]));
  if (rows == kVectorLanes)
    store(out, all);
  else
    store_first(out, all, rows);
}

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
