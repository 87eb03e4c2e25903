#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

template <class Wide>
Wide combine(ReduceOp op, Wide a, Wide b) {
  if constexpr (std::is_floating_point_v<Wide>) {
    if (op == ReduceOp::sum) return a + b;
    if (op == ReduceOp::product) return a * b;
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<Wide>::quiet_NaN();
  } else {
    const uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    if (op == ReduceOp::sum) return static_cast<Wide>(x + y);
    if (op == ReduceOp::product) return static_cast<Wide>(x * y);
  }
  return op == ReduceOp::maximum ? (a > b ? a : b) : (a < b ? a : b);
}

template <class T>
T start(ReduceOp op) {
  using Limits = std::numeric_limits<T>;
  switch (op) {
    case ReduceOp::sum: return 0;
    case ReduceOp::product: return 1;
    case ReduceOp::maximum: return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    case ReduceOp::minimum: return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
  return 0;
}

template <class T>
void reduce_typed(const T* x, T* out, const ReduceParams& p) {
  using Wide = typename WideOf<T>::type;
  int64_t elements = 1, outputs = 1;
  for (int i = 0; i < p.rank; i++) {
    elements *= p.dims[i];
    outputs *= p.reduced[i] ? 1 : p.dims[i];
  }
  std::vector<Wide> totals(static_cast<size_t>(outputs),
                           p.type == DType::b8 ? Wide(p.op == ReduceOp::minimum) : Wide(start<T>(p.op)));
  for (int64_t element = 0; element < elements; element++) {
    int64_t left = element, output = 0, stride = 1;
    for (int dim = p.rank - 1; dim >= 0; dim--) {
      if (!p.reduced[dim]) {
        output += left % p.dims[dim] * stride;
        stride *= p.dims[dim];
      }
      left /= p.dims[dim];
    }
    Wide& total = totals[static_cast<size_t>(output)];
    total = combine(p.op, total, static_cast<Wide>(x[element]));
  }
  const bool scaled = p.op == ReduceOp::sum && std::is_floating_point_v<T>;
  for (int64_t i = 0; i < outputs; i++) {
    const Wide total = totals[static_cast<size_t>(i)];
    out[i] = scaled ? static_cast<T>(total * static_cast<Wide>(p.scale)) : static_cast<T>(total);
  }
}

template <class T>
bool wins(T candidate, T best, bool minimum) {
  if (best != best) return false;
  return candidate != candidate || (minimum ? candidate < best : candidate > best);
}

}  // namespace

void reduce(void* const* operands, const void* raw_params, const KernelContext&) {
  const ReduceParams& params = *static_cast<const ReduceParams*>(raw_params);
  with_type(params.type, [&](auto zero) {
    using T = decltype(zero);
    reduce_typed(static_cast<const T*>(operands[0]), static_cast<T*>(operands[1]), params);
  });
}

void arg_reduce(void* const* operands, const void* raw_params, const KernelContext&) {
  const ArgReduceParams& p = *static_cast<const ArgReduceParams*>(raw_params);
  with_type(p.type, [&](auto zero) {
    using T = decltype(zero);
    int64_t* out = static_cast<int64_t*>(operands[1]);
    for (int64_t o = 0; o < p.outer; o++) {
      for (int64_t j = 0; j < p.inner; j++) {
        const T* x = static_cast<const T*>(operands[0]) + o * p.n * p.inner + j;
        int64_t best = 0;
        for (int64_t i = 1; i < p.n; i++) best = wins(x[i * p.inner], x[best * p.inner], p.minimum) ? i : best;
        *out++ = best;
      }
    }
  });
}

}  // namespace nnstack::reference
