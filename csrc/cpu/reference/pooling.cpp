#include <vector>

#include "cpu/reference/windows.h"

namespace nnstack::reference {
namespace {

template <class T>
void pool_images(void* const* operands, const PoolParams& p) {
  using Wide = typename WideOf<T>::type;
  const int64_t inputs = product(p.at.input), outputs = product(p.at.output);
  const bool maximum = p.op == PoolOp::maximum || p.op == PoolOp::maximum_gradient;
  const bool forward = p.op == PoolOp::maximum || p.op == PoolOp::average;
  for (int64_t n = 0; n < p.at.batch; n++) {
    const T* x = static_cast<const T*>(operands[0]) + n * (p.op == PoolOp::average_gradient ? outputs : inputs) * p.channels;
    const T* other = maximum ? static_cast<const T*>(operands[1]) + n * (forward ? inputs : outputs) * p.channels : x;
    T* result = static_cast<T*>(operands[maximum ? 2 : 1]) + n * (forward ? outputs : inputs) * p.channels;
    std::vector<int64_t> best(static_cast<size_t>(outputs * p.channels), -1), count(static_cast<size_t>(outputs));
    std::vector<Wide> sums(static_cast<size_t>((forward ? outputs : inputs) * p.channels));
    for_each_pair(p.at, [&](int64_t i, int64_t, int64_t o) {
      count[static_cast<size_t>(o)]++;
      for (int64_t c = 0; maximum && c < p.channels; c++) {
        int64_t& at = best[static_cast<size_t>(o * p.channels + c)];
        const T value = x[i * p.channels + c];
        if (at < 0 || value > x[at] || (value != value && x[at] == x[at])) at = i * p.channels + c;
      }
    });
    for (size_t e = 0; maximum && e < best.size(); e++) {
      if (best[e] >= 0 && forward) sums[e] = other[best[e]];
      if (best[e] >= 0 && !forward) sums[static_cast<size_t>(best[e])] += other[e];
    }
    for_each_pair(p.at, [&](int64_t i, int64_t, int64_t o) {
      for (int64_t c = 0; !maximum && c < p.channels; c++) {
        const Wide places = static_cast<Wide>(count[static_cast<size_t>(o)]);
        if (forward)
          sums[static_cast<size_t>(o * p.channels + c)] += x[i * p.channels + c] / places;
        else
          sums[static_cast<size_t>(i * p.channels + c)] += other[o * p.channels + c] / places;
      }
    });
    for (const Wide sum : sums) *result++ = static_cast<T>(sum);
  }
}

}  // namespace

void pool(void* const* operands, const void* raw_params, const KernelContext&) {
  const PoolParams& params = *static_cast<const PoolParams*>(raw_params);
  if (params.type == DType::f64)
    pool_images<double>(operands, params);
  else
    pool_images<float>(operands, params);
}

}  // namespace nnstack::reference
