// The prefix search of base/ctc_beams.h: a thread for each sample.
#include "base/ctc_beams.h"
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/device/scalar_ops.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

constexpr int64_t kMostSearches = 1024;
constexpr int kSearchThreads = 32;

__host__ __device__ inline int64_t padded_bytes(const CtcBeamsParams& p) { return (prefix_search_bytes(p) + 63) / 64 * 64; }

template <class T>
__global__ void ctc_beams(const CtcBeamsParams p, const T* logs, const int32_t* step_counts, int64_t* labels, T* scores,
                          char* scratch, KernelError* error) {
  for (int64_t sample = first_item(); sample < p.samples; sample += item_step()) {
    int64_t steps = step_counts[sample];
    bool good = steps >= 0 && steps <= p.steps;
    if (!good) *error = KernelError::index_out_of_range;
    PrefixSearch<T, Functions<double>> search(p, scratch + first_item() * padded_bytes(p));
    search.run(logs + sample * p.steps * p.classes, good ? steps : 0, labels + sample * p.paths * p.steps,
               scores + sample * p.paths);
  }
}

int64_t searches(const CtcBeamsParams& p) {
  return std::min((p.samples + kSearchThreads - 1) / kSearchThreads * kSearchThreads, kMostSearches);
}

template <class T>
void run(void* const* operands, const CtcBeamsParams& p, const KernelContext& context) {
  launch_on(context, ctc_beams<T>, blocks(searches(p) / kSearchThreads), kSearchThreads, p, static_cast<const T*>(operands[0]),
            static_cast<const int32_t*>(operands[1]), static_cast<int64_t*>(operands[2]), static_cast<T*>(operands[3]),
            static_cast<char*>(context.scratch), context.error);
}

}  // namespace

int64_t ctc_beams_scratch(const void* params) {
  const auto& p = *static_cast<const CtcBeamsParams*>(params);
  return searches(p) * padded_bytes(p);
}

void run_ctc_beams(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const CtcBeamsParams*>(params);
  if (p.samples == 0) return;
  p.type == DType::f64 ? run<double>(operands, p, context) : run<float>(operands, p, context);
}

}  // namespace nnstack::cuda
