// The linear recurrence c = a c + b along one axis: a thread for each line, so that sums have the order of the CPU's.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

template <class T, class Carry>
__global__ void cumulative(const CumulativeParams p, const T* factors, const T* terms, T* out) {
  for (int64_t line = first_item(); line < p.outer * p.inner; line += item_step()) {
    int64_t first = line / p.inner * p.n * p.inner + line % p.inner;
    Carry carry = p.has_term ? 0 : 1;
    for (int64_t k = 0; k < p.n; ++k) {
      int64_t at = first + (p.reverse ? p.n - 1 - k : k) * p.inner;
      Carry a = p.has_factor ? static_cast<Carry>(factors[at]) : Carry(1);
      Carry b = p.has_term ? static_cast<Carry>(terms[at]) : Carry(0);
      Carry given = p.order == CumulativeOrder::before ? carry : carry + b;
      carry = p.order == CumulativeOrder::between ? a * given : a * carry + b;
      out[at] = static_cast<T>(p.order == CumulativeOrder::after ? carry : given);
    }
  }
}

template <class T, class Carry>
void run(void* const* operands, const CumulativeParams& p, const KernelContext& context) {
  int64_t lines = p.outer * p.inner;
  if (lines * p.n == 0) return;
  int result = p.has_factor + p.has_term;
  launch_on(context, cumulative<T, Carry>, blocks(grid_for(context, lines, 64)), 64, p, static_cast<const T*>(operands[0]),
            static_cast<const T*>(operands[result - 1]), static_cast<T*>(operands[result]));
}

}  // namespace

void run_cumulative(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const CumulativeParams*>(params);
  switch (p.type) {
    case DType::f32: return run<float, double>(operands, p, context);
    case DType::f64: return run<double, double>(operands, p, context);
    case DType::i8: return run<int8_t, uint64_t>(operands, p, context);
    case DType::i16: return run<int16_t, uint64_t>(operands, p, context);
    case DType::i32: return run<int32_t, uint64_t>(operands, p, context);
    case DType::i64: return run<int64_t, uint64_t>(operands, p, context);
    case DType::u8: return run<uint8_t, uint64_t>(operands, p, context);
    default: stream_of(context).fail("cumulative: this type must be cast first");
  }
}

}  // namespace nnstack::cuda
