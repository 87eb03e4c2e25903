// The prefix search of base/ctc_beams.h, samples in parallel.
#include "base/ctc_beams.h"

#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kMostChunks = 16;  // each needs memory for one search

struct Builtins {
  static double exp(double x) { return __builtin_exp(x); }
  static double log1p(double x) { return __builtin_log1p(x); }
};

struct Job {
  const CtcBeamsParams* params;
  void* const* operands;
  char* scratch;
  KernelError* error;
  int64_t chunk;
};

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const CtcBeamsParams& p = *job.params;
  const int64_t end = smaller((chunk + 1) * job.chunk, p.samples);
  for (int64_t sample = chunk * job.chunk; sample < end; sample++) {
    const int64_t steps = static_cast<const int32_t*>(job.operands[1])[sample];
    const bool good = steps >= 0 && steps <= p.steps;
    if (!good) *job.error = KernelError::index_out_of_range;
    PrefixSearch<T, Builtins> search(p, job.scratch + chunk * round_up(prefix_search_bytes(p), 64));
    search.run(static_cast<const T*>(job.operands[0]) + sample * p.steps * p.classes, good ? steps : 0,
               static_cast<int64_t*>(job.operands[2]) + sample * p.paths * p.steps,
               static_cast<T*>(job.operands[3]) + sample * p.paths);
  }
}

}  // namespace

int64_t ctc_beams_scratch(const void* raw_params) {
  const CtcBeamsParams& p = *static_cast<const CtcBeamsParams*>(raw_params);
  return smaller(p.samples, kMostChunks) * round_up(prefix_search_bytes(p), 64);
}

void ctc_beams(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CtcBeamsParams& params = *static_cast<const CtcBeamsParams*>(raw_params);
  if (params.samples == 0) return;
  Job job{&params, operands, static_cast<char*>(context.scratch), context.error,
          divide_up(params.samples, smaller(params.samples, kMostChunks))};
  const auto body = params.type == DType::f64 ? run_chunk<double> : run_chunk<float>;
  context.parallel(context.pool, divide_up(params.samples, job.chunk), body, &job);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
