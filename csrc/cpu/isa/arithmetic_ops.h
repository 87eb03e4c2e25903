// Elementwise operations on one number: what arithmetic.cpp makes loops of. Integers wrap around.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

template <class T>
constexpr bool kFloating = false;
template <>
constexpr bool kFloating<float> = true;
template <>
constexpr bool kFloating<double> = true;

// The type to calculate in, so that integers wrap around instead of being undefined.
template <class T>
struct Wrapping {
  using type = T;
};
template <>
struct Wrapping<int8_t> {
  using type = uint8_t;
};
template <>
struct Wrapping<int16_t> {
  using type = uint16_t;
};
template <>
struct Wrapping<int32_t> {
  using type = uint32_t;
};
template <>
struct Wrapping<int64_t> {
  using type = uint64_t;
};
template <class T>
using W = typename Wrapping<T>::type;

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }
inline float round_down(float x) { return __builtin_floorf(x); }
inline double round_down(double x) { return __builtin_floor(x); }
inline float round_up_to_integer(float x) { return __builtin_ceilf(x); }
inline double round_up_to_integer(double x) { return __builtin_ceil(x); }
inline float round_even(float x) { return __builtin_rintf(x); }
inline double round_even(double x) { return __builtin_rint(x); }
inline float size_of_number(float x) { return __builtin_fabsf(x); }
inline double size_of_number(double x) { return __builtin_fabs(x); }

struct Copy {
  template <class T>
  static T apply(T a) {
    return a;
  }
};
struct Negative {
  template <class T>
  static T apply(T a) {
    if constexpr (kFloating<T>)
      return -a;
    else
      return static_cast<T>(W<T>{0} - static_cast<W<T>>(a));
  }
};
struct Abs {
  template <class T>
  static T apply(T a) {
    if constexpr (kFloating<T>)
      return size_of_number(a);
    else
      return a < 0 ? Negative::apply(a) : a;
  }
};
struct Sign {
  template <class T>
  static T apply(T a) {
    const T unit = static_cast<T>(static_cast<T>(a > 0) - static_cast<T>(a < 0));
    if constexpr (kFloating<T>)
      return a == 0 || a != a ? a : unit;
    else
      return unit;
  }
};
struct Square {
  template <class T>
  static T apply(T a) {
    return static_cast<T>(static_cast<uint64_t>(static_cast<W<T>>(a)) * static_cast<W<T>>(a));
  }
  static float apply(float a) { return a * a; }
  static double apply(double a) { return a * a; }
};
struct Reciprocal {
  template <class T>
  static T apply(T a) {
    return 1 / a;
  }
};
struct Sqrt {
  template <class T>
  static T apply(T a) {
    return square_root(a);
  }
};
struct Rsqrt {
  template <class T>
  static T apply(T a) {
    return 1 / square_root(a);
  }
};
struct Floor {
  template <class T>
  static T apply(T a) {
    return round_down(a);
  }
};
struct Ceil {
  template <class T>
  static T apply(T a) {
    return round_up_to_integer(a);
  }
};
struct Round {
  template <class T>
  static T apply(T a) {
    return round_even(a);
  }
};
struct Relu {
  template <class T>
  static T apply(T a) {
    return a < 0 ? T{0} : a;
  }  // NaN stays
};
struct LogicalNot {
  static uint8_t apply(uint8_t a) { return a == 0; }
};
struct IsNan {
  template <class T>
  static uint8_t apply(T a) {
    return a != a;
  }
};
struct IsInf {
  template <class T>
  static uint8_t apply(T a) {
    return size_of_number(a) == static_cast<T>(__builtin_inf());
  }
};
struct IsFinite {
  template <class T>
  static uint8_t apply(T a) {
    return size_of_number(a) < static_cast<T>(__builtin_inf());
  }
};

struct Add {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<W<T>>(a) + static_cast<W<T>>(b));
  }
};
struct Subtract {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<W<T>>(a) - static_cast<W<T>>(b));
  }
};
struct Multiply {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (sizeof(T) == 2)
      return static_cast<T>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
    else
      return static_cast<T>(static_cast<W<T>>(a) * static_cast<W<T>>(b));
  }
};
struct Divide {  // integers: towards zero
  template <class T>
  static T apply(T a, T b) {
    if constexpr (kFloating<T>)
      return a / b;
    else if (b == 0)
      return 0;
    else if (b == static_cast<T>(-1))
      return static_cast<T>(-1) < 0 ? Negative::apply(a) : static_cast<T>(a / b);
    else
      return static_cast<T>(a / b);
  }
};
struct Modulo {  // the sign of b, as in Python
  template <class T>
  static T apply(T a, T b) {
    if constexpr (kFloating<T>) {
      T rest;
      if constexpr (sizeof(T) == 4)
        rest = __builtin_fmodf(a, b);
      else
        rest = __builtin_fmod(a, b);
      if (rest == 0) return __builtin_copysign(T{0}, b);
      return (rest < 0) != (b < 0) ? rest + b : rest;
    } else {
      if (b == 0 || b == static_cast<T>(-1)) return b == 0 || static_cast<T>(-1) < 0 ? T{0} : static_cast<T>(a % b);
      const T rest = static_cast<T>(a % b);
      return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
    }
  }
};
struct FloorDivide {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (kFloating<T>) {
      if (b == 0) return a / b;
      T rest;
      if constexpr (sizeof(T) == 4)
        rest = __builtin_fmodf(a, b);
      else
        rest = __builtin_fmod(a, b);
      T quotient = (a - rest) / b;
      if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
      if (quotient == 0) return __builtin_copysign(T{0}, a / b);
      const T down = round_down(quotient);
      return quotient - down > T{0.5} ? down + 1 : down;
    } else {
      const T quotient = Divide::apply(a, b);
      const bool inexact = b != 0 && b != static_cast<T>(-1) && a % b != 0;
      return inexact && (a < 0) != (b < 0) ? static_cast<T>(quotient - 1) : quotient;
    }
  }
};
struct Power {  // of integers; a negative exponent gives the integer part
  template <class T>
  static T apply(T a, T b) {
    if (b < 0) return a == 1 ? T{1} : (a == static_cast<T>(-1) ? (b & 1 ? a : T{1}) : T{0});
    uint64_t result = 1, base = static_cast<uint64_t>(a);
    for (W<T> left = static_cast<W<T>>(b); left != 0; left = static_cast<W<T>>(left >> 1), base *= base) {
      if (left & 1) result *= base;
    }
    return static_cast<T>(result);
  }
};
struct Maximum {
  template <class T>
  static T apply(T a, T b) {
    return ((a > b) | (a != a)) ? a : b;
  }
};
struct Minimum {
  template <class T>
  static T apply(T a, T b) {
    return ((a < b) | (a != a)) ? a : b;
  }
};
struct Equal {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a != b;
  }
};
struct Less {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <class T>
  static uint8_t apply(T a, T b) {
    return a >= b;
  }
};
struct LogicalAnd {
  static uint8_t apply(uint8_t a, uint8_t b) { return (a != 0) & (b != 0); }
};
struct LogicalOr {
  static uint8_t apply(uint8_t a, uint8_t b) { return (a | b) != 0; }
};
struct LogicalXor {
  static uint8_t apply(uint8_t a, uint8_t b) { return (a != 0) != (b != 0); }
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
