#include <cmath>
#include <limits>
#include <type_traits>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

template <class T>
void multiply(void* const* operands, const MatmulParams& p) {
  const T* a = static_cast<const T*>(operands[0]);
  const T* b = static_cast<const T*>(operands[1]);
  T* product = static_cast<T*>(operands[2]);
  for (int64_t batch = 0; batch < p.batch; batch++, a += p.a_batch_stride, b += p.b_batch_stride) {
    for (int64_t i = 0; i < p.m; i++) {
      for (int64_t j = 0; j < p.n; j++) {
        typename WideOf<T>::type sum = 0;
        for (int64_t k = 0; k < p.k; k++) {
          sum += static_cast<decltype(sum)>(p.transpose_a ? a[k * p.m + i] : a[i * p.k + k]) *
                 (p.transpose_b ? b[j * p.k + k] : b[k * p.n + j]);
        }
        *product++ = static_cast<T>(sum);
      }
    }
  }
}

template <class T>
void softmax_rows(void* const* operands, const SoftmaxParams& p) {
  using Wide = typename WideOf<T>::type;
  for (int64_t row = 0; row < p.rows; row++) {
    const T* x = static_cast<const T*>(operands[0]) + row * p.columns;
    T* y = static_cast<T*>(operands[1]) + row * p.columns;
    Wide top = -std::numeric_limits<Wide>::infinity(), sum = 0;
    for (int64_t i = 0; i < p.columns; i++) top = x[i] > top || std::isnan(x[i]) ? x[i] : top;
    for (int64_t i = 0; i < p.columns; i++) sum += std::exp(x[i] - top);
    for (int64_t i = 0; i < p.columns; i++) {
      y[i] = static_cast<T>(p.logarithm ? (x[i] - top) - std::log(sum) : std::exp(x[i] - top) / sum);
    }
  }
}

}  // namespace

void matmul(void* const* operands, const void* raw_params, const KernelContext& context) {
  const MatmulParams& params = *static_cast<const MatmulParams*>(raw_params);
  if (params.type == DType::f64)
    multiply<double>(operands, params);
  else
    multiply<float>(operands, params);
  if (params.epilogue != nullptr) elementwise(operands + 2, params.epilogue, context);
}

void softmax(void* const* operands, const void* raw_params, const KernelContext&) {
  const SoftmaxParams& params = *static_cast<const SoftmaxParams*>(raw_params);
  if (params.type == DType::f64)
    softmax_rows<double>(operands, params);
  else
    softmax_rows<float>(operands, params);
}

}  // namespace nnstack::reference
