// Reductions over any dimensions. A team of threads (device/lanes.h) walks through the elements of one output; where outputs
// are few and long, several blocks take a segment each and a second launch combines these. Borders depend on the shape alone,
// and nothing is added atomically: results are the same in every run. Floating types are summed in double, integers in
// int64, which wraps like any narrower sum.
#include "cuda/device/indexing.h"
#include "cuda/device/lanes.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

// The iteration space split into outputs (kept dimensions) and what is reduced for each.
struct Layout {
  int64_t outputs, reduced;
  int32_t kept_rank, reduced_rank;
  int64_t kept_dims[kMaxRank], kept_strides[kMaxRank];
  int64_t reduced_dims[kMaxRank], reduced_strides[kMaxRank];
  Teams teams;
  int64_t segments, segment;  // number and length; segment * segments >= reduced
};

template <ReduceOp op>
struct Combine {
  template <class T>
  __device__ T operator()(T a, T b) const {
    if constexpr (op == ReduceOp::maximum) return a > b || a != a ? a : b;  // NaN wins
    if constexpr (op == ReduceOp::minimum) return a < b || a != a ? a : b;
    return plus_or_times(a, b);
  }
  __device__ static double plus_or_times(double a, double b) { return op == ReduceOp::sum ? a + b : a * b; }
  __device__ static int64_t plus_or_times(int64_t a, int64_t b) {
    auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
    return static_cast<int64_t>(op == ReduceOp::sum ? ua + ub : ua * ub);
  }
};

template <ReduceOp op, class In, class Sum, class Out>
__global__ void __launch_bounds__(kTeamThreads)
    reduce(const __grid_constant__ Layout layout, const In* source, Out* result, Sum start, double scale) {
  Combine<op> combine;
  const Teams& teams = layout.teams;
  int64_t items = (layout.outputs + teams.outputs() - 1) / teams.outputs() * layout.segments;
  for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
    int64_t output = item / layout.segments * teams.outputs() + teams.output();
    int64_t part = item % layout.segments;
    Sum sum = start;
    if (output < layout.outputs) {
      const In* base = source + element_offset(output, layout.outputs, layout.kept_dims, layout.kept_strides, layout.kept_rank);
      int64_t end = (part + 1) * layout.segment < layout.reduced ? (part + 1) * layout.segment : layout.reduced;
      for (int64_t i = part * layout.segment + teams.lane(); i < end; i += teams.lanes) {
        int64_t at = element_offset(i, layout.reduced, layout.reduced_dims, layout.reduced_strides, layout.reduced_rank);
        sum = combine(sum, static_cast<Sum>(base[at]));
      }
    }
    sum = team_reduce(teams, sum, combine);
    if (teams.lane() == 0 && output < layout.outputs) {
      if constexpr (Sum(0.5) != Sum(0)) sum *= scale;
      result[output * layout.segments + part] = static_cast<Out>(sum);
    }
  }
}

Layout layout_of(const ReduceParams& p) {
  Layout layout = {};
  layout.outputs = layout.reduced = 1;
  int64_t stride = 1;
  bool lanes_first = p.rank > 0 && p.reduced[p.rank - 1];
  for (int d = p.rank - 1; d >= 0; stride *= p.dims[d--]) (p.reduced[d] ? layout.reduced : layout.outputs) *= p.dims[d];
  for (int d = 0; d < p.rank; ++d) {
    stride = p.dims[d] > 0 ? stride / p.dims[d] : 0;
    int64_t* dims = p.reduced[d] ? layout.reduced_dims : layout.kept_dims;
    int64_t* strides = p.reduced[d] ? layout.reduced_strides : layout.kept_strides;
    int32_t& rank = p.reduced[d] ? layout.reduced_rank : layout.kept_rank;
    dims[rank] = p.dims[d];
    strides[rank++] = stride;
  }
  // Where outputs lie side by side, 32 threads read a row of them; with fewer outputs more lanes keep the block busy.
  int32_t wanted = lanes_for((layout.reduced + 3) / 4);
  if (!lanes_first) wanted = std::min(wanted, kTeamThreads / std::min(lanes_for(layout.outputs), 32));
  layout.teams = {wanted, lanes_first};
  int64_t groups = (layout.outputs + kTeamThreads / wanted - 1) / (kTeamThreads / wanted);
  int64_t per_lane = (layout.reduced + wanted - 1) / wanted;
  // Segments of at least 32 elements a lane, until there are about 1024 blocks.
  layout.segments = groups > 0 ? std::max<int64_t>(1, std::min(per_lane / 32, 1024 / groups)) : 1;
  layout.segment = (layout.reduced + layout.segments - 1) / layout.segments;
  return layout;
}

// The second launch: as many numbers for each output as there were segments.
Layout combine_layout(const Layout& first) {
  Layout layout = {};
  layout.outputs = first.outputs;
  layout.reduced = layout.segment = first.segments;
  layout.kept_rank = layout.reduced_rank = 1;
  layout.kept_dims[0] = first.outputs;
  layout.kept_strides[0] = layout.reduced_dims[0] = first.segments;
  layout.reduced_strides[0] = layout.segments = 1;
  layout.teams = {lanes_for(first.segments), true};
  return layout;
}

int64_t block_count(const KernelContext& context, const Layout& layout) {
  int64_t outputs = kTeamThreads / layout.teams.lanes;
  return grid_for(context, (layout.outputs + outputs - 1) / outputs * layout.segments, 1);
}

template <ReduceOp op, class T, class Sum>
void run(void* const* operands, const ReduceParams& p, const KernelContext& context, Sum start) {
  Layout layout = layout_of(p);
  if (layout.outputs == 0) return;
  auto source = static_cast<const T*>(operands[0]);
  auto result = static_cast<T*>(operands[1]);
  double scale = op == ReduceOp::sum ? p.scale : 1.0;
  if (layout.segments == 1) {
    launch_on(context, reduce<op, T, Sum, T>, blocks(block_count(context, layout)), kTeamThreads, layout, source, result, start,
              scale);
    return;
  }
  auto parts = static_cast<Sum*>(context.scratch);
  Layout second = combine_layout(layout);
  launch_on(context, reduce<op, T, Sum, Sum>, blocks(block_count(context, layout)), kTeamThreads, layout, source, parts, start,
            1.0);
  launch_on(context, reduce<op, Sum, Sum, T>, blocks(block_count(context, second)), kTeamThreads, second,
            static_cast<const Sum*>(parts), result, start, scale);
}

template <class T, class Sum>
void run_type(void* const* operands, const ReduceParams& p, const KernelContext& context, Sum lowest, Sum highest) {
  switch (p.op) {
    case ReduceOp::sum: return run<ReduceOp::sum, T>(operands, p, context, Sum(0));
    case ReduceOp::product: return run<ReduceOp::product, T>(operands, p, context, Sum(1));
    case ReduceOp::maximum: return run<ReduceOp::maximum, T>(operands, p, context, lowest);
    case ReduceOp::minimum: return run<ReduceOp::minimum, T>(operands, p, context, highest);
  }
}

template <class T>
void run_integer(void* const* operands, const ReduceParams& p, const KernelContext& context, int64_t lowest, int64_t highest) {
  run_type<T, int64_t>(operands, p, context, lowest, highest);
}

}  // namespace

void run_reduce(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const ReduceParams*>(params);
  switch (p.type) {
    case DType::f32: return run_type<float, double>(operands, p, context, -HUGE_VAL, HUGE_VAL);
    case DType::f64: return run_type<double, double>(operands, p, context, -HUGE_VAL, HUGE_VAL);
    case DType::i8: return run_integer<int8_t>(operands, p, context, INT8_MIN, INT8_MAX);
    case DType::i16: return run_integer<int16_t>(operands, p, context, INT16_MIN, INT16_MAX);
    case DType::i32: return run_integer<int32_t>(operands, p, context, INT32_MIN, INT32_MAX);
    case DType::i64: return run_integer<int64_t>(operands, p, context, INT64_MIN, INT64_MAX);
    case DType::u8: return run_integer<uint8_t>(operands, p, context, 0, UINT8_MAX);
    case DType::b8: return run_integer<uint8_t>(operands, p, context, 0, 1);
    case DType::f16:
    case DType::bf16: stream_of(context).fail("reduce: float16 and bfloat16 must be cast to float32 first");
  }
}

int64_t reduce_scratch(const void* params) {
  Layout layout = layout_of(*static_cast<const ReduceParams*>(params));
  return layout.segments == 1 ? 0 : layout.outputs * layout.segments * static_cast<int64_t>(sizeof(double));
}

}  // namespace nnstack::cuda
