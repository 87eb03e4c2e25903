// float32 functions that are computed in double precision: half a vector of floats at a time. Argument reduction needs no
// care then, and the result is the rounded true value but for rare ties.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

using Doubles = Vector<double>;
using Longs = Vector<int64_t>;
constexpr int kWideLanes = kLanes<double>;
typedef float HalfFloats __attribute__((vector_size(kVectorBytes / 2)));

inline Doubles widen(const float* at) { return __builtin_convertvector(load_as<HalfFloats>(at), Doubles); }
inline void narrow(float* at, Doubles value) { store(at, __builtin_convertvector(value, HalfFloats)); }

constexpr double kWideMagic = 6755399441055744.0;  // 1.5 * 2^52
constexpr double kSineLimit = 1e6;                 // above, the reduction below loses digits: the library's function is used

// sin(x + quarter * pi / 2)
inline Doubles sine(Doubles x, int64_t quarter) {
  const Doubles shifted = x * 0.63661977236758134308 + kWideMagic;
  const Doubles n = shifted - kWideMagic;
  const Doubles r = (x - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;  // pi/2 in two parts
  const Longs turns = bits_of<Longs>(shifted) + quarter;
  const Doubles s = r * r;
  Doubles odd = 1.0 / 6227020800 * s - 1.0 / 39916800;
  odd = odd * s + 1.0 / 362880;
  odd = odd * s - 1.0 / 5040;
  odd = odd * s + 1.0 / 120;
  odd = odd * s - 1.0 / 6;
  Doubles even = 1.0 / 479001600 * s - 1.0 / 3628800;
  even = even * s + 1.0 / 40320;
  even = even * s - 1.0 / 720;
  even = even * s + 1.0 / 24;
  even = even * s - 0.5;
  const Doubles value = (turns & 1) != 0 ? 1.0 + even * s : r + odd * s * r;
  return bits_of<Doubles>(bits_of<Longs>(value) ^ ((turns & 2) << 62));
}

// log2 of a positive finite number that is a float: never denormal as a double
inline Doubles log2_wide(Doubles x) {
  const Longs bits = bits_of<Longs>(x);
  const Longs above = bits - 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  const Doubles m = bits_of<Doubles>((above & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd);
  // the exponent as a double without a conversion of 64-bit integers, which AVX2 lacks
  const Vector<uint64_t> exponent = bits_of<Vector<uint64_t>>(above + (1024ll << 52)) >> 52;
  const Doubles e = bits_of<Doubles>(exponent | 0x4330000000000000u) - (4503599627370496.0 + 1024.0);
  const Doubles s = (m - 1.0) / (m + 1.0);
  const Doubles q = s * s;
  Doubles p = 1.0 / 17 * q + 1.0 / 15;  // 2 atanh(s) = log(m)
  p = p * q + 1.0 / 13;
  p = p * q + 1.0 / 11;
  p = p * q + 1.0 / 9;
  p = p * q + 1.0 / 7;
  p = p * q + 1.0 / 5;
  p = p * q + 1.0 / 3;
  return e + (s + s * q * p) * 2.88539008177792681472;
}

inline Doubles exp2_wide(Doubles x) {
  x = x > 200.0 ? Doubles{} + 200.0 : x;
  x = x < -200.0 ? Doubles{} - 200.0 : x;
  const Doubles shifted = x + kWideMagic;
  const Doubles r = (x - (shifted - kWideMagic)) * 0.69314718055994530942;
  Doubles p = 1.0 / 3628800 * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const Longs exponent = bits_of<Longs>(shifted) - bits_of<int64_t>(kWideMagic);
  return p * bits_of<Doubles>((exponent + 1023) << 52);
}

}  // namespace
}  // namespace nnstack
