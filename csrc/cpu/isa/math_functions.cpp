// exp, tanh, sin ... over arrays: float32 through our own vector functions, float64 through the C library.
#include "cpu/isa/elementwise.h"
#include "cpu/isa/math.h"
#include "cpu/isa/math_wide.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

template <Floats (*f)(Floats)>
void vectors(char* destination, const char* a, const char*, const char*, int64_t n) {
  float* d = reinterpret_cast<float*>(destination);
  const float* x = reinterpret_cast<const float*>(a);
  int64_t i = 0;
  for (; i + kLanes<float> <= n; i += kLanes<float>) store(d + i, f(load(x + i)));
  if (const int rest = static_cast<int>(n - i)) store_first(d + i, f(load_first(x + i, rest)), rest);
}

// Calls step(destination, sources) on whole half vectors; the last ones go through buffers.
template <class Step>
void half_vectors(float* d, const float* x, const float* y, int64_t n, Step step) {
  int64_t i = 0;
  for (; i + kWideLanes <= n; i += kWideLanes) step(d + i, x + i, y + i);
  if (const int rest = static_cast<int>(n - i)) {
    float results[kWideLanes], first[kWideLanes] = {}, second[kWideLanes] = {};
    for (int j = 0; j < rest; j++) first[j] = x[i + j], second[j] = y[i + j];
    step(results, first, second);
    for (int j = 0; j < rest; j++) d[i + j] = results[j];
  }
}

template <int quarter>
void sine_step(float* d, const float* x, const float*) {
  const Doubles wide = widen(x);
  bool near = true;
  for (int i = 0; i < kWideLanes; i++) near &= x[i] < kSineLimit && x[i] > -kSineLimit;
  const Doubles result = sine(wide, quarter);
  if (near) {
    narrow(d, quarter == 0 ? (wide == 0.0 ? wide : result) : result);
  } else {
    for (int i = 0; i < kWideLanes; i++) d[i] = quarter == 0 ? __builtin_sinf(x[i]) : __builtin_cosf(x[i]);
  }
}
template <int quarter>
void sines(char* destination, const char* a, const char*, const char*, int64_t n) {
  const float* x = reinterpret_cast<const float*>(a);
  half_vectors(reinterpret_cast<float*>(destination), x, x, n, sine_step<quarter>);
}

void power_step(float* d, const float* x, const float* y) {
  float bases[kWideLanes], exponents[kWideLanes];  // the destination may be an operand
  bool plain = true;
  for (int i = 0; i < kWideLanes; i++) {
    bases[i] = x[i], exponents[i] = y[i];
    plain &= x[i] > 0.0f && x[i] < __builtin_inff() && y[i] > -1e30f && y[i] < 1e30f;
  }
  if (plain) {
    narrow(d, exp2_wide(widen(exponents) * log2_wide(widen(bases))));
  } else {
    for (int i = 0; i < kWideLanes; i++) d[i] = __builtin_powf(bases[i], exponents[i]);
  }
}
void powers(char* destination, const char* a, const char* b, const char*, int64_t n) {
  half_vectors(reinterpret_cast<float*>(destination), reinterpret_cast<const float*>(a), reinterpret_cast<const float*>(b), n,
               power_step);
}

template <double (*f)(double)>
void library(char* destination, const char* a, const char*, const char*, int64_t n) {
  double* d = reinterpret_cast<double*>(destination);
  const double* x = reinterpret_cast<const double*>(a);
  for (int64_t i = 0; i < n; i++) d[i] = f(x[i]);
}
void library_power(char* destination, const char* a, const char* b, const char*, int64_t n) {
  double* d = reinterpret_cast<double*>(destination);
  const double* x = reinterpret_cast<const double*>(a);
  const double* y = reinterpret_cast<const double*>(b);
  for (int64_t i = 0; i < n; i++) d[i] = __builtin_pow(x[i], y[i]);
}

double exp_double(double x) { return __builtin_exp(x); }
double expm1_double(double x) { return __builtin_expm1(x); }
double log_double(double x) { return __builtin_log(x); }
double log1p_double(double x) { return __builtin_log1p(x); }
double sin_double(double x) { return __builtin_sin(x); }
double cos_double(double x) { return __builtin_cos(x); }
double tanh_double(double x) { return __builtin_tanh(x); }
double erf_double(double x) { return __builtin_erf(x); }
double sigmoid_double(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
double softplus_double(double x) { return (x > 0 || x != x ? x : 0) + __builtin_log1p(__builtin_exp(-__builtin_fabs(x))); }

}  // namespace

ElementwiseFunction math_function(ElementwiseOp op, DType type) {
  const bool single = type == DType::f32;
  switch (op) {
    case ElementwiseOp::exp: return single ? vectors<exp> : library<exp_double>;
    case ElementwiseOp::expm1: return single ? vectors<expm1> : library<expm1_double>;
    case ElementwiseOp::log: return single ? vectors<log> : library<log_double>;
    case ElementwiseOp::log1p: return single ? vectors<log1p> : library<log1p_double>;
    case ElementwiseOp::tanh: return single ? vectors<tanh> : library<tanh_double>;
    case ElementwiseOp::sigmoid: return single ? vectors<sigmoid> : library<sigmoid_double>;
    case ElementwiseOp::softplus: return single ? vectors<softplus> : library<softplus_double>;
    case ElementwiseOp::erf: return single ? vectors<erf> : library<erf_double>;
    case ElementwiseOp::sin: return single ? sines<0> : library<sin_double>;
    case ElementwiseOp::cos: return single ? sines<1> : library<cos_double>;
#if defined(__AVX512F__)
    case ElementwiseOp::rsqrt: return single ? vectors<reciprocal_square_root> : nullptr;
#endif
    case ElementwiseOp::power: return single ? powers : library_power;
    default: return nullptr;
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
