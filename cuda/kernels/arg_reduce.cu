// Index of the first largest or smallest element; NaN counts as the extreme one.
#include "cuda/device/lanes.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

template <class T>
struct Candidate {
  T value;
  int64_t index;  // -1: none yet
};

// Whatever the order in which candidates meet, the same one wins.
template <class T>
struct Better {
  bool minimum;
  __device__ Candidate<T> operator()(const Candidate<T>& a, const Candidate<T>& b) const {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    bool tie = a_nan || b_nan ? a_nan && b_nan : a.value == b.value;
    if (tie) return a.index < b.index ? a : b;
    bool a_wins = a_nan || b_nan ? a_nan : minimum ? a.value < b.value : a.value > b.value;
    return a_wins ? a : b;
  }
};

template <class T>
__global__ void __launch_bounds__(kTeamThreads)
    arg_reduce(const ArgReduceParams p, Teams teams, const T* source, int64_t* result) {
  Better<T> better{p.minimum};
  int64_t outputs = p.outer * p.inner;
  for (int64_t first = int64_t(blockIdx.x) * teams.outputs(); first < outputs; first += int64_t(gridDim.x) * teams.outputs()) {
    int64_t output = first + teams.output();
    Candidate<T> best = {T(0), -1};
    if (output < outputs) {
      const T* base = source + output / p.inner * p.n * p.inner + output % p.inner;
      for (int64_t i = teams.lane(); i < p.n; i += teams.lanes) best = better(best, {base[i * p.inner], i});
    }
    best = team_reduce(teams, best, better);
    if (teams.lane() == 0 && output < outputs) result[output] = best.index < 0 ? 0 : best.index;
  }
}

template <class T>
void run(void* const* operands, const ArgReduceParams& p, const KernelContext& context) {
  int64_t outputs = p.outer * p.inner;
  if (outputs == 0) return;
  int32_t lanes = lanes_for((p.n + 3) / 4);
  bool lanes_first = p.inner == 1;
  if (!lanes_first) lanes = std::min(lanes, kTeamThreads / std::min(lanes_for(outputs), 32));
  launch_on(context, arg_reduce<T>, blocks(grid_for(context, outputs, kTeamThreads / lanes)), kTeamThreads, p,
            Teams{lanes, lanes_first}, static_cast<const T*>(operands[0]), static_cast<int64_t*>(operands[1]));
}

}  // namespace

void run_arg_reduce(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const ArgReduceParams*>(params);
  switch (p.type) {
    case DType::f32: return run<float>(operands, p, context);
    case DType::f64: return run<double>(operands, p, context);
    case DType::i8: return run<int8_t>(operands, p, context);
    case DType::i16: return run<int16_t>(operands, p, context);
    case DType::i32: return run<int32_t>(operands, p, context);
    case DType::i64: return run<int64_t>(operands, p, context);
    case DType::u8:
    case DType::b8: return run<uint8_t>(operands, p, context);
    case DType::f16:
    case DType::bf16: stream_of(context).fail("arg_reduce: float16 and bfloat16 must be cast to float32 first");
  }
}

}  // namespace nnstack::cuda
