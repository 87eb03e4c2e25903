// float32 functions on whole vectors, at most 2 ulp from the true value with FMA (tests/cpp/kernels measures them), with
// IEEE's special values. Polynomials: weighted minimax fits of our own; argument reduction after Cody and Waite; log1p and
// expm1 carry their rounding errors along as in W. Kahan, "Branch Cuts for Complex Elementary Functions" (1987).
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

constexpr float kInfinity = __builtin_inff();
constexpr float kNan = __builtin_nanf("");
constexpr float kLog2e = 1.44269504f;
constexpr float kLn2High = 0.693359375f;  // few bits: exact when multiplied by an exponent, also without FMA
constexpr float kLn2Low = -2.12194440e-4f;
constexpr float kRoundingMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer that lies in the low bits

inline Floats absolute(Floats x) { return bits_of<Floats>(bits_of<Ints>(x) & 0x7fffffff); }
inline Floats copy_sign(Floats x, Floats sign) {
  return bits_of<Floats>((bits_of<Ints>(x) & 0x7fffffff) | (bits_of<Ints>(sign) & static_cast<int32_t>(0x80000000u)));
}
// The larger of x and the bound; NaN where x is NaN.
inline Floats at_least(Floats x, Floats bound) {
#if defined(__AVX512F__)
  return bits_of<Floats>(_mm512_max_ps(bits_of<__m512>(bound), bits_of<__m512>(x)));
#elif defined(__AVX2__)
  return bits_of<Floats>(_mm256_max_ps(bits_of<__m256>(bound), bits_of<__m256>(x)));
#elif defined(__x86_64__)
  return bits_of<Floats>(_mm_max_ps(bits_of<__m128>(bound), bits_of<__m128>(x)));
#else
  return x < bound ? bound : x;
#endif
}
// The smaller of the two, likewise.
inline Floats at_most(Floats x, Floats bound) {
#if defined(__AVX512F__)
  return bits_of<Floats>(_mm512_min_ps(bits_of<__m512>(bound), bits_of<__m512>(x)));
#elif defined(__AVX2__)
  return bits_of<Floats>(_mm256_min_ps(bits_of<__m256>(bound), bits_of<__m256>(x)));
#elif defined(__x86_64__)
  return bits_of<Floats>(_mm_min_ps(bits_of<__m128>(bound), bits_of<__m128>(x)));
#else
  return x > bound ? bound : x;
#endif
}

inline Floats power_of_two(Ints exponent) { return bits_of<Floats>((exponent + 127) << 23); }

struct Reduced {
  Floats remainder;  // in [-ln2 / 2, ln2 / 2]
  Floats multiple;   // of ln2
  Ints exponent;     // the same
};
// x = exponent * ln2 + remainder
inline Reduced reduce_by_ln2(Floats x) {
  const Floats shifted = x * kLog2e + kRoundingMagic;
  const Floats n = shifted - kRoundingMagic;
  const Floats remainder = (x - n * kLn2High) - n * kLn2Low;
  return {remainder, n, bits_of<Ints>(shifted) - bits_of<int32_t>(kRoundingMagic)};
}

inline Floats exp(Floats x) {
  x = at_least(at_most(x, splat(89.0f)), splat(-104.0f));  // e^89 overflows, e^-104 is below half of the smallest denormal
  const Reduced r = reduce_by_ln2(x);
  const Floats v = r.remainder;
  Floats q = 1.381443268e-03f * v + 8.368796733e-03f;
  q = q * v + 4.166839581e-02f;
  q = q * v + 1.666651997e-01f;
  q = q * v + 4.999999340e-01f;
  const Floats p = 1.0f + (v + v * v * q);
#if defined(__AVX512F__)
  return bits_of<Floats>(_mm512_scalef_ps(bits_of<__m512>(p), bits_of<__m512>(r.multiple)));
#else
  const Ints half = r.exponent >> 1;  // in two steps, because 2^n itself may be out of range
  return p * power_of_two(half) * power_of_two(r.exponent - half);
#endif
}

inline Floats expm1(Floats x) {
  const Floats start = x;
  x = at_least(at_most(x, splat(89.0f)), splat(-20.0f));
  const Reduced r = reduce_by_ln2(x);
  const Floats v = r.remainder;
  Floats q = 1.388250660e-03f * v + 8.366595672e-03f;
  q = q * v + 4.166720228e-02f;
  q = q * v + 1.666654306e-01f;
  q = q * v + 4.999999814e-01f;
  const Floats p = v + v * v * q;
  const Floats scale = power_of_two(r.exponent - 1);  // half of 2^n, which is out of range for n = 128
  const Floats result = (p * scale + (scale - 0.5f)) * 2.0f;
  return start == 0.0f ? start : (r.exponent == 0 ? p : result);
}

// mantissa - 1 in [sqrt(1/2) - 1, sqrt(2) - 1] and exponent of a positive finite number
struct Split {
  Floats fraction;
  Floats exponent;
};
inline Split split(Floats x) {
  const auto denormal = x < 1.17549435e-38f;
  const Ints bits = bits_of<Ints>(denormal ? x * 8388608.0f : x);
  // Less the bits of sqrt(1/2); unsigned, because those of a negative x (whose result is not used) wrap around.
  const Ints above = bits_of<Ints>(bits_of<Vector<uint32_t>>(bits) - 0x3f3504f3u);
  const Floats mantissa = bits_of<Floats>((above & 0x007fffff) + 0x3f3504f3);
  const Ints exponent = (above >> 23) - (denormal & 23);
  return {mantissa - 1.0f, __builtin_convertvector(exponent, Floats)};
}
// log(1 + f) - f
inline Floats log_tail(Floats f) {
  Floats p = 6.747722179e-02f * f - 1.167751345e-01f;
  p = p * f + 1.188869947e-01f;
  p = p * f - 1.240534065e-01f;
  p = p * f + 1.421945275e-01f;
  p = p * f - 1.666800514e-01f;
  p = p * f + 2.000212347e-01f;
  p = p * f - 2.500000951e-01f;
  p = p * f + 3.333331254e-01f;
  const Floats square = f * f;
  return p * (square * f) - 0.5f * square;
}

inline Floats log(Floats x) {
  const Split s = split(x);
  const Floats tail = s.exponent * kLn2Low + log_tail(s.fraction);
  Floats result = s.exponent * kLn2High + (s.fraction + tail);
  result = x > 0.0f ? result : (x == 0.0f ? splat(-kInfinity) : splat(kNan));
  return x == kInfinity ? x : result;
}

inline Floats log1p(Floats x) {
  const Floats u = 1.0f + x;
  const Floats lost = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);  // of x in the rounding of u
  const Split s = split(u);
  const Floats tail = (s.exponent * kLn2Low + lost / u) + log_tail(s.fraction);
  Floats result = s.exponent * kLn2High + (s.fraction + tail);
  result = u > 0.0f ? result : (u == 0.0f ? splat(-kInfinity) : splat(kNan));
  return ((x == 0.0f) | (x == kInfinity)) ? x : result;
}

inline Floats tanh(Floats x) {
  const Floats size = absolute(x);
  const Floats square = x * x;
  Floats p = -5.698906131e-03f * square + 2.063385717e-02f;
  p = p * square - 5.373818258e-02f;
  p = p * square + 1.333142476e-01f;
  p = p * square - 3.333328134e-01f;
  const Floats small = x + x * (square * p);
  const Floats capped = at_most(size, splat(10.0f));  // tanh is 1 from 9.02 on
  const Floats large = 1.0f - 2.0f / (exp(capped + capped) + 1.0f);
  return x != x ? x : copy_sign(size < 0.625f ? small : large, x);
}

inline Floats sigmoid(Floats x) {
  const Floats e = exp(-absolute(x));
  const Floats sum = 1.0f + e;
  const Floats lost = e - (sum - 1.0f);  // in the rounding of the sum
  const Floats quotient = (x < 0.0f ? e : splat(1.0f)) / sum;
  const Floats reciprocal = x < 0.0f ? 1.0f - quotient : quotient;
  return quotient - quotient * (lost * reciprocal);
}

inline Floats softplus(Floats x) { return (((x > 0.0f) | (x != x)) ? x : Floats{}) + log1p(exp(-absolute(x))); }

inline Floats erf(Floats x) {
  const Floats square = x * x;
  Floats p = 8.509484389e-05f * square - 8.174825260e-04f;
  p = p * square + 5.203790950e-03f;
  p = p * square - 2.686048232e-02f;
  p = p * square + 1.128371458e-01f;
  p = p * square - 3.761263495e-01f;
  p = p * square + 1.283791668e-01f;
  const Floats small = x + x * p;
  const Floats size = absolute(x);
  const Floats v = at_most(size, splat(4.0f));          // erf is 1 from 3.92 on
  Floats q = -2.081444161e-05f * v + 4.312308813e-04f;  // log(erfc(v))
  q = q * v - 4.155473304e-03f;
  q = q * v + 2.507857761e-02f;
  q = q * v - 1.082172637e-01f;
  q = q * v - 6.334036543e-01f;
  q = q * v - 1.129487036e+00f;
  q = q * v + 1.689239295e-04f;
  return size < 0.9f ? small : (x != x ? x : copy_sign(1.0f - exp(q), x));
}

#if defined(__AVX512F__)
// 1 / sqrt(x) from the 14-bit estimate, which is the same on every processor, and one step of third order: 1 ulp. Division
// and square root take several times as long.
inline Floats reciprocal_square_root(Floats x) {
  const Floats estimate = bits_of<Floats>(_mm512_rsqrt14_ps(bits_of<__m512>(x)));
  const Floats error = 1.0f - (x * estimate) * estimate;
  const Floats better = estimate + estimate * error * (0.5f + 0.375f * error);
  return error == error ? better : estimate;  // 0 and infinity: the estimate is exact, the step is not
}
#endif

}  // namespace
}  // namespace nnstack
