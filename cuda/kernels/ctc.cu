// Connectionist temporal classification: a block for each sample, a thread for each state, step by step; see
// csrc/cpu/isa/ctc.cpp.
#include "cuda/device/nn_cuda.h"
#include "cuda/device/scalar_ops.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

constexpr int64_t kMostBlocks = 256;

// Not inlined: its logarithm and exponential would take the registers of the loops around it.
__device__ NN_NOINLINE double add_logs(double a, double b) {
  using F = Functions<double>;
  double high = a > b ? a : b, low = a > b ? b : a;
  return high == -HUGE_VAL ? high : high + F::log1p(F::exp(low - high));
}

struct Spelling {
  const int32_t* labels;
  int64_t blank;
  __device__ int64_t class_of(int64_t s) const { return s % 2 == 0 ? blank : labels[s / 2]; }
  __device__ bool may_skip_to(int64_t s) const { return s % 2 == 1 && s >= 3 && labels[s / 2] != labels[s / 2 - 1]; }
};

__host__ __device__ inline int64_t sample_numbers(const CtcParams& p) { return (p.steps + 2) * (2 * p.labels + 1); }

template <class T>
__global__ void __launch_bounds__(kThreads)
    ctc(const CtcParams p, const T* logs, const int32_t* all_labels, const int32_t* all_steps, const int32_t* label_counts,
        T* losses, T* gradients, double* scratch, KernelError* error) {
  double* forward = scratch + int64_t(blockIdx.x) * sample_numbers(p);
  double* backward = forward + p.steps * (2 * p.labels + 1);
  double* next = backward + 2 * p.labels + 1;
  for (int64_t sample = blockIdx.x; sample < p.samples; sample += gridDim.x) {
    const T* y = logs + sample * p.steps * p.classes;
    T* gradient = gradients + sample * p.steps * p.classes;
    int64_t steps = all_steps[sample], labels = label_counts[sample], states = 2 * labels + 1;
    Spelling spelling{all_labels + sample * p.labels, p.classes - 1};
    for (int64_t i = threadIdx.x; i < p.steps * p.classes; i += blockDim.x) gradient[i] = 0;
    bool good = steps >= 0 && steps <= p.steps && labels >= 0 && labels <= p.labels;
    for (int64_t l = 0; good && l < labels; ++l) good = spelling.labels[l] >= 0 && spelling.labels[l] < spelling.blank;
    if (!good || steps == 0) {  // the whole block agrees
      if (threadIdx.x == 0) {
        if (!good) *error = KernelError::index_out_of_range;
        losses[sample] = static_cast<T>(!good ? NAN : labels == 0 ? 0 : HUGE_VAL);
      }
      continue;
    }
    for (int64_t t = 0; t < steps; ++t) {
      double* now = forward + t * states;
      const double* before = now - states;
      for (int64_t s = threadIdx.x; s < states; s += blockDim.x) {
        double ways = t > 0 ? before[s] : s < 2 ? 0 : -HUGE_VAL;
        if (t > 0 && s > 0) ways = add_logs(ways, before[s - 1]);
        if (t > 0 && spelling.may_skip_to(s)) ways = add_logs(ways, before[s - 2]);
        now[s] = ways + static_cast<double>(y[t * p.classes + spelling.class_of(s)]);
      }
      __syncthreads();
    }
    const double* last = forward + (steps - 1) * states;
    double total = states > 1 ? add_logs(last[states - 1], last[states - 2]) : last[0];
    if (threadIdx.x == 0) losses[sample] = static_cast<T>(-total);
    for (int64_t s = threadIdx.x; s < states; s += blockDim.x) backward[s] = s + 2 >= states ? 0 : -HUGE_VAL;
    __syncthreads();
    for (int64_t t = steps - 1; t >= 0 && total > -HUGE_VAL; --t) {
      const T* at = y + t * p.classes;
      // One thread adds up all states of a class, so that the order is always the same.
      for (int64_t c = threadIdx.x; c < p.classes; c += blockDim.x) {
        double share = 0;
        for (int64_t s = 0; s < states; ++s)
          if (spelling.class_of(s) == c) share += Functions<double>::exp(forward[t * states + s] + backward[s] - total);
        gradient[t * p.classes + c] = static_cast<T>(-share);
      }
      const auto onwards = [&](int64_t s) { return backward[s] + static_cast<double>(at[spelling.class_of(s)]); };
      for (int64_t s = threadIdx.x; s < states; s += blockDim.x) {
        double ways = onwards(s);
        if (s + 1 < states) ways = add_logs(ways, onwards(s + 1));
        if (s + 2 < states && spelling.may_skip_to(s + 2)) ways = add_logs(ways, onwards(s + 2));
        next[s] = ways;
      }
      __syncthreads();
      for (int64_t s = threadIdx.x; s < states; s += blockDim.x) backward[s] = next[s];
      __syncthreads();
    }
  }
}

template <class T>
void run(void* const* operands, const CtcParams& p, const KernelContext& context) {
  const auto numbers = [operands](int i) { return static_cast<const int32_t*>(operands[i]); };
  launch_on(context, ctc<T>, blocks(std::min(p.samples, kMostBlocks)), kThreads, p, static_cast<const T*>(operands[0]),
            numbers(1), numbers(2), numbers(3), static_cast<T*>(operands[4]), static_cast<T*>(operands[5]),
            static_cast<double*>(context.scratch), context.error);
}

}  // namespace

int64_t ctc_scratch(const void* params) {
  const auto& p = *static_cast<const CtcParams*>(params);
  return std::min(p.samples, kMostBlocks) * sample_numbers(p) * int64_t(sizeof(double));
}

void run_ctc(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const CtcParams*>(params);
  if (p.samples == 0) return;
  p.type == DType::f64 ? run<double>(operands, p, context) : run<float>(operands, p, context);
}

}  // namespace nnstack::cuda
