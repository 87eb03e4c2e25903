// The operations of elementwise programs on one element. Types: float, double and int64_t, which stands for all integer types
// (the caller wraps the result to the real one).
#pragma once
#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

// The functions of the C library under one name for both widths.
struct Single {
  __device__ static float exp(float x) { return expf(x); }
  __device__ static float expm1(float x) { return expm1f(x); }
  __device__ static float log(float x) { return logf(x); }
  __device__ static float log1p(float x) { return log1pf(x); }
  __device__ static float sin(float x) { return sinf(x); }
  __device__ static float cos(float x) { return cosf(x); }
  __device__ static float tanh(float x) { return tanhf(x); }
  __device__ static float erf(float x) { return erff(x); }
  __device__ static float sqrt(float x) { return sqrtf(x); }
  __device__ static float floor(float x) { return floorf(x); }
  __device__ static float ceil(float x) { return ceilf(x); }
  __device__ static float round(float x) { return rintf(x); }
  __device__ static float absolute(float x) { return fabsf(x); }
  __device__ static float modulo(float x, float y) { return fmodf(x, y); }
  __device__ static float power(float x, float y) { return powf(x, y); }
  __device__ static float with_sign(float x, float y) { return copysignf(x, y); }
};
struct Double {
  __device__ static double exp(double x) { return ::exp(x); }
  __device__ static double expm1(double x) { return ::expm1(x); }
  __device__ static double log(double x) { return ::log(x); }
  __device__ static double log1p(double x) { return ::log1p(x); }
  __device__ static double sin(double x) { return ::sin(x); }
  __device__ static double cos(double x) { return ::cos(x); }
  __device__ static double tanh(double x) { return ::tanh(x); }
  __device__ static double erf(double x) { return ::erf(x); }
  __device__ static double sqrt(double x) { return ::sqrt(x); }
  __device__ static double floor(double x) { return ::floor(x); }
  __device__ static double ceil(double x) { return ::ceil(x); }
  __device__ static double round(double x) { return ::rint(x); }
  __device__ static double absolute(double x) { return ::fabs(x); }
  __device__ static double modulo(double x, double y) { return ::fmod(x, y); }
  __device__ static double power(double x, double y) { return ::pow(x, y); }
  __device__ static double with_sign(double x, double y) { return ::copysign(x, y); }
};
template <class T>
struct Functions;
template <>
struct Functions<float> : Single {};
template <>
struct Functions<double> : Double {};

constexpr bool is_predicate(ElementwiseOp op) {
  using enum ElementwiseOp;
  return (op >= logical_not && op <= is_finite) || (op >= equal && op <= logical_xor);
}

template <ElementwiseOp op, class T>
__device__ bool predicate(T a, T b) {
  using enum ElementwiseOp;
  constexpr bool floating = T(0.5) != T(0);
  if constexpr (op == equal) return a == b;
  if constexpr (op == not_equal) return a != b;
  if constexpr (op == less) return a < b;
  if constexpr (op == less_equal) return a <= b;
  if constexpr (op == greater) return a > b;
  if constexpr (op == greater_equal) return a >= b;
  if constexpr (op == logical_not) return a == T(0);
  if constexpr (op == logical_and) return a != T(0) && b != T(0);
  if constexpr (op == logical_or) return a != T(0) || b != T(0);
  if constexpr (op == logical_xor) return (a != T(0)) != (b != T(0));
  if constexpr (op == is_nan) return a != a;
  if constexpr (op == is_inf) return floating && a == a && a - a != T(0);
  if constexpr (op == is_finite) return !floating || a - a == T(0);
  return false;
}

template <ElementwiseOp op, class T>
__device__ T arithmetic_float(T a, T b) {
  using enum ElementwiseOp;
  using F = Functions<T>;
  if constexpr (op == negative) return -a;
  if constexpr (op == abs) return F::absolute(a);
  if constexpr (op == sign) return a > T(0) ? T(1) : a < T(0) ? T(-1) : a;
  if constexpr (op == square) return a * a;
  if constexpr (op == reciprocal) return T(1) / a;
  if constexpr (op == sqrt) return F::sqrt(a);
  if constexpr (op == rsqrt) return T(1) / F::sqrt(a);
  if constexpr (op == exp) return F::exp(a);
  if constexpr (op == expm1) return F::expm1(a);
  if constexpr (op == log) return F::log(a);
  if constexpr (op == log1p) return F::log1p(a);
  if constexpr (op == sin) return F::sin(a);
  if constexpr (op == cos) return F::cos(a);
  if constexpr (op == tanh) return F::tanh(a);
  if constexpr (op == sigmoid) {
    T e = F::exp(-F::absolute(a));  // no overflow
    return (a < T(0) ? e : T(1)) / (T(1) + e);
  }
  if constexpr (op == softplus) return (a < T(0) ? T(0) : a) + F::log1p(F::exp(-F::absolute(a)));
  if constexpr (op == erf) return F::erf(a);
  if constexpr (op == floor) return F::floor(a);
  if constexpr (op == ceil) return F::ceil(a);
  if constexpr (op == round) return F::round(a);
  if constexpr (op == relu) return a < T(0) ? T(0) : a;
  if constexpr (op == add) return a + b;
  if constexpr (op == subtract) return a - b;
  if constexpr (op == multiply) return a * b;
  if constexpr (op == divide) return a / b;
  if constexpr (op == modulo || op == floor_divide) {
    T rest = F::modulo(a, b);
    bool adjust = rest != T(0) && (rest < T(0)) != (b < T(0));
    if constexpr (op == modulo) return rest == T(0) ? F::with_sign(T(0), b) : adjust ? rest + b : rest;
    if (b == T(0)) return a / b;
    T quotient = (a - rest) / b - (adjust ? T(1) : T(0));
    if (quotient == T(0)) return F::with_sign(T(0), a / b);
    T whole = F::floor(quotient);  // off by a rounding error from a whole number
    return quotient - whole > T(0.5) ? whole + T(1) : whole;
  }
  if constexpr (op == power) return F::power(a, b);
  if constexpr (op == maximum) return a > b || a != a ? a : b;
  if constexpr (op == minimum) return a < b || a != a ? a : b;
  return a;  // copy
}

// Unsigned arithmetic wraps around.
template <ElementwiseOp op>
__device__ int64_t arithmetic_integer(int64_t a, int64_t b) {
  using enum ElementwiseOp;
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  if constexpr (op == negative) return static_cast<int64_t>(0 - ua);
  if constexpr (op == abs) return a < 0 ? static_cast<int64_t>(0 - ua) : a;
  if constexpr (op == sign) return (a > 0) - (a < 0);
  if constexpr (op == square) return static_cast<int64_t>(ua * ua);
  if constexpr (op == relu) return a < 0 ? 0 : a;
  if constexpr (op == add) return static_cast<int64_t>(ua + ub);
  if constexpr (op == subtract) return static_cast<int64_t>(ua - ub);
  if constexpr (op == multiply) return static_cast<int64_t>(ua * ub);
  if constexpr (op == reciprocal) return a == 1 || a == -1 ? a : 0;
  if constexpr (op == divide || op == floor_divide) {
    if (b == 0) return 0;
    if (b == -1) return static_cast<int64_t>(0 - ua);
    int64_t quotient = a / b;
    return op == floor_divide && a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
  }
  if constexpr (op == modulo) {
    if (b == 0 || b == -1) return 0;
    int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  if constexpr (op == power) {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
    uint64_t result = 1;
    for (; b > 0; b >>= 1, ua *= ua) {
      if (b & 1) result *= ua;
    }
    return static_cast<int64_t>(result);
  }
  if constexpr (op == maximum) return a > b ? a : b;
  if constexpr (op == minimum) return a < b ? a : b;
  return a;  // copy, floor, ceil, round
}

template <ElementwiseOp op>
__device__ float arithmetic(float a, float b) {
  return arithmetic_float<op>(a, b);
}
template <ElementwiseOp op>
__device__ double arithmetic(double a, double b) {
  return arithmetic_float<op>(a, b);
}
template <ElementwiseOp op>
__device__ int64_t arithmetic(int64_t a, int64_t b) {
  return arithmetic_integer<op>(a, b);
}

// Calls visitor.run<op>() for the op at hand.
template <class Visitor>
__device__ void visit(ElementwiseOp op, const Visitor& visitor) {
  using enum ElementwiseOp;
  switch (op) {
    case random_uniform: return visitor.template run<random_uniform>();
    case copy: return visitor.template run<copy>();
    case cast: return visitor.template run<cast>();
    case negative: return visitor.template run<negative>();
    case abs: return visitor.template run<abs>();
    case sign: return visitor.template run<sign>();
    case square: return visitor.template run<square>();
    case reciprocal: return visitor.template run<reciprocal>();
    case sqrt: return visitor.template run<sqrt>();
    case rsqrt: return visitor.template run<rsqrt>();
    case exp: return visitor.template run<exp>();
    case expm1: return visitor.template run<expm1>();
    case log: return visitor.template run<log>();
    case log1p: return visitor.template run<log1p>();
    case sin: return visitor.template run<sin>();
    case cos: return visitor.template run<cos>();
    case tanh: return visitor.template run<tanh>();
    case sigmoid: return visitor.template run<sigmoid>();
    case softplus: return visitor.template run<softplus>();
    case erf: return visitor.template run<erf>();
    case floor: return visitor.template run<floor>();
    case ceil: return visitor.template run<ceil>();
    case round: return visitor.template run<round>();
    case relu: return visitor.template run<relu>();
    case logical_not: return visitor.template run<logical_not>();
    case is_nan: return visitor.template run<is_nan>();
    case is_inf: return visitor.template run<is_inf>();
    case is_finite: return visitor.template run<is_finite>();
    case add: return visitor.template run<add>();
    case subtract: return visitor.template run<subtract>();
    case multiply: return visitor.template run<multiply>();
    case divide: return visitor.template run<divide>();
    case floor_divide: return visitor.template run<floor_divide>();
    case modulo: return visitor.template run<modulo>();
    case power: return visitor.template run<power>();
    case maximum: return visitor.template run<maximum>();
    case minimum: return visitor.template run<minimum>();
    case equal: return visitor.template run<equal>();
    case not_equal: return visitor.template run<not_equal>();
    case less: return visitor.template run<less>();
    case less_equal: return visitor.template run<less_equal>();
    case greater: return visitor.template run<greater>();
    case greater_equal: return visitor.template run<greater_equal>();
    case logical_and: return visitor.template run<logical_and>();
    case logical_or: return visitor.template run<logical_or>();
    case logical_xor: return visitor.template run<logical_xor>();
    case select: return visitor.template run<select>();
    case count: return;
  }
}

}  // namespace nnstack::cuda
