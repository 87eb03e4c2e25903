// Pools. One thread makes one element of the result, and gradients look for the windows that a place is in: no atomics, so the
// same bits in every run.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/device/windows.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

// The input place of the window's first maximum; NaN is larger than all. -1 where the window has no place inside.
template <class T>
__device__ int64_t maximum_place(const PoolParams& p, const T* x, const Place& output, int64_t channel) {
  int64_t best = -1, taps = product(p.at.window);
  T most = T(0);
  for (int64_t k = 0; k < taps; ++k) {
    int64_t i = input_place(p.at, output, unflatten(k, p.at.window));
    if (i < 0) continue;
    T value = x[i * p.channels + channel];
    if (best >= 0 && !(value > most) && !(value != value && most == most)) continue;
    best = i;
    most = value;
  }
  return best;
}

__device__ inline int64_t count_inside(const WindowParams& w, const Place& output) {
  int64_t count = 1;
  NN_UNROLL
  for (int d = 0; d < 3; ++d) {
    int64_t inside = 0, first = output.at[d] * w.stride[d] - w.before[d];
    for (int64_t k = 0; k < w.window[d]; ++k) inside += first + k >= 0 && first + k < w.input[d];
    count *= inside;
  }
  return count;
}

template <class T>
__global__ void __launch_bounds__(kThreads) pool(const PoolParams p, const T* x, const T* other, T* result) {
  int64_t inputs = product(p.at.input), outputs = product(p.at.output), taps = product(p.at.window);
  bool forward = p.op == PoolOp::maximum || p.op == PoolOp::average;
  int64_t places = forward ? outputs : inputs, total = p.at.batch * places * p.channels;
  for (int64_t e = first_item(); e < total; e += item_step()) {
    int64_t channel = e % p.channels, place = e / p.channels % places, image = e / p.channels / places;
    Place at = unflatten(place, forward ? p.at.output : p.at.input);
    T sum = T(0);
    if (p.op == PoolOp::maximum) {
      int64_t best = maximum_place(p, x + image * inputs * p.channels, at, channel);
      result[e] = best < 0 ? T(0) : other[(image * inputs + best) * p.channels + channel];
      continue;
    }
    for (int64_t k = 0; k < taps; ++k) {
      Place tap = unflatten(k, p.at.window);
      int64_t seen = forward ? input_place(p.at, at, tap) : output_place(p.at, at, tap);
      if (seen < 0) continue;
      if (p.op == PoolOp::average) {
        sum += x[(image * inputs + seen) * p.channels + channel];
        continue;
      }
      Place window = unflatten(seen, p.at.output);
      T dy = other[(image * outputs + seen) * p.channels + channel];
      if (p.op == PoolOp::average_gradient)
        sum += dy / T(count_inside(p.at, window));
      else if (maximum_place(p, x + image * inputs * p.channels, window, channel) == place)
        sum += dy;
    }
    if (p.op == PoolOp::average) sum /= T(count_inside(p.at, at));
    result[e] = sum;
  }
}

template <class T>
void run(void* const* operands, const PoolParams& p, const KernelContext& context) {
  bool maximum = p.op == PoolOp::maximum || p.op == PoolOp::maximum_gradient;
  bool forward = p.op == PoolOp::maximum || p.op == PoolOp::average;
  int64_t total = p.at.batch * product(forward ? p.at.output : p.at.input) * p.channels;
  if (total == 0) return;
  launch_on(context, pool<T>, blocks(grid_for(context, total, kThreads)), kThreads, p, static_cast<const T*>(operands[0]),
            static_cast<const T*>(operands[maximum ? 1 : 0]), static_cast<T*>(operands[maximum ? 2 : 1]));
}

}  // namespace

void run_pool(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const PoolParams*>(params);
  p.type == DType::f64 ? run<double>(operands, p, context) : run<float>(operands, p, context);
}

}  // namespace nnstack::cuda
