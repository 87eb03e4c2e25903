// The reference kernels: plain loops, written from csrc/base/kernel.h alone, as the oracle of tests. Floating sums are in
// double (float64 in long double). Nothing here is meant to be fast.
#pragma once
#include "base/kernel.h"

namespace nnstack::reference {

void elementwise(void* const* operands, const void* params, const KernelContext& context);
void matmul(void* const* operands, const void* params, const KernelContext& context);
void reduce(void* const* operands, const void* params, const KernelContext& context);
void arg_reduce(void* const* operands, const void* params, const KernelContext& context);
void copy(void* const* operands, const void* params, const KernelContext& context);
void fill(void* const* operands, const void* params, const KernelContext& context);
void gather(void* const* operands, const void* params, const KernelContext& context);
void scatter_add(void* const* operands, const void* params, const KernelContext& context);
void softmax(void* const* operands, const void* params, const KernelContext& context);
void convolution(void* const* operands, const void* params, const KernelContext& context);
void pool(void* const* operands, const void* params, const KernelContext& context);
void cumulative(void* const* operands, const void* params, const KernelContext& context);
void sort(void* const* operands, const void* params, const KernelContext& context);
void ctc(void* const* operands, const void* params, const KernelContext& context);
void ctc_beams(void* const* operands, const void* params, const KernelContext& context);
void recurrence(void* const* operands, const void* params, const KernelContext& context);
void recurrence_gradient(void* const* operands, const void* params, const KernelContext& context);
void normalize(void* const* operands, const void* params, const KernelContext& context);
void normalize_gradient(void* const* operands, const void* params, const KernelContext& context);

// Wide enough for the sums of T.
template <class T>
struct WideOf {
  using type = int64_t;
};
template <>
struct WideOf<float> {
  using type = double;
};
template <>
struct WideOf<double> {
  using type = long double;
};

// Calls function(T{}) with the C++ type of `type`; f16 and bf16 are storage only and not among them.
template <class Function>
void with_type(DType type, Function function) {
  switch (type) {
    case DType::f32: return function(float{});
    case DType::f64: return function(double{});
    case DType::i8: return function(int8_t{});
    case DType::i16: return function(int16_t{});
    case DType::i32: return function(int32_t{});
    case DType::i64: return function(int64_t{});
    default: return function(uint8_t{});
  }
}

}  // namespace nnstack::reference
