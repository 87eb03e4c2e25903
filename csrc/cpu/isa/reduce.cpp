// Sums, products and extremes over some dimensions. Sums are pairwise: leaves of a fixed number of elements, combined like
// the digits of a binary counter, so that their tree depends on the shape alone.
#include "cpu/isa/kernels.h"
#include "cpu/isa/reduce_range.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kWorthForking = 128 * 1024;
constexpr int64_t kMostParts = 16;

// Parts into which the first dimension is cut where there are too few outputs to share out.
int64_t parts_of(const ReduceParams& params) {
  int64_t elements = 1, outputs = 1;
  for (int i = 0; i < params.rank; i++) {
    elements *= params.dims[i];
    if (!params.reduced[i]) outputs *= params.dims[i];
  }
  if (params.rank == 0 || !params.reduced[0] || elements < 2 * kWorthForking || outputs * 64 > elements) return 1;
  const int64_t parts = smaller(smaller(elements / kWorthForking, kMostParts), params.dims[0] / 16);
  return larger<int64_t>(parts, 1);
}

struct Job {
  const ReduceParams* params;
  const char* x;
  char* out;  // of the job, or the scratch of its parts
  int64_t parts, chunk;
};

template <class Op, class T>
void run_chunk(void* arg, int64_t index) {
  const Job& job = *static_cast<const Job*>(arg);
  const ReduceParams& params = *job.params;
  const bool rows_kept = params.rank > 0 && !params.reduced[params.rank - 1];
  const T* x = reinterpret_cast<const T*>(job.x);
  T* out = reinterpret_cast<T*>(job.out);
  if (job.parts == 1) {
    const Plan plan = make_plan(params);
    reduce_range<Op>(out, x, plan, rows_kept, index * job.chunk, smaller((index + 1) * job.chunk, plan.outputs));
    return;
  }
  ReduceParams part = params;
  const int64_t first = params.dims[0] * index / job.parts, last = params.dims[0] * (index + 1) / job.parts;
  part.dims[0] = last - first;
  const Plan plan = make_plan(part);
  const int64_t row = plan.reduced_strides[0];
  reduce_range<Op>(out + index * plan.outputs, x + first * row, plan, rows_kept, 0, plan.outputs);
}

template <class Op, class T>
void reduce_typed(void* const* operands, const ReduceParams& params, const KernelContext& context) {
  const Plan plan = make_plan(params);
  if (plan.outputs == 0) return;
  T* out = static_cast<T*>(operands[1]);
  Job job{&params, static_cast<const char*>(operands[0]), reinterpret_cast<char*>(out), parts_of(params), plan.outputs};
  if (job.parts > 1) {
    job.out = static_cast<char*>(context.scratch);
    context.parallel(context.pool, job.parts, run_chunk<Op, T>, &job);
    const T* partial = static_cast<const T*>(context.scratch);
    for (int64_t i = 0; i < plan.outputs; i++) out[i] = partial[i];
    for (int64_t p = 1; p < job.parts; p++) {
      for (int64_t i = 0; i < plan.outputs; i++) out[i] = combine<Op>(out[i], partial[p * plan.outputs + i]);
    }
  } else if (plan.outputs * plan.reductions < 2 * kWorthForking) {
    run_chunk<Op, T>(&job, 0);
  } else {
    const int64_t unit = 4 * kLanes<T>;  // whole strips
    job.chunk = round_up(larger<int64_t>(1, kWorthForking / 2 / larger<int64_t>(plan.reductions, 1)), unit);
    context.parallel(context.pool, divide_up(plan.outputs, job.chunk), run_chunk<Op, T>, &job);
  }
}

// An integer type that wraps around, with the order of T where the order matters.
template <class Op>
void reduce_wrapping(void* const* operands, const ReduceParams& params, const KernelContext& context) {
  switch (size_of(params.type)) {
    case 1: return reduce_typed<Op, uint8_t>(operands, params, context);
    case 2: return reduce_typed<Op, uint16_t>(operands, params, context);
    case 4: return reduce_typed<Op, uint32_t>(operands, params, context);
    default: return reduce_typed<Op, uint64_t>(operands, params, context);
  }
}
template <class Op>
void reduce_ordered(void* const* operands, const ReduceParams& params, const KernelContext& context) {
  switch (params.type) {
    case DType::i8: return reduce_typed<Op, int8_t>(operands, params, context);
    case DType::i16: return reduce_typed<Op, int16_t>(operands, params, context);
    case DType::i32: return reduce_typed<Op, int32_t>(operands, params, context);
    case DType::i64: return reduce_typed<Op, int64_t>(operands, params, context);
    default: return reduce_typed<Op, uint8_t>(operands, params, context);
  }
}
template <class Op>
void reduce_any(void* const* operands, const ReduceParams& params, const KernelContext& context) {
  if (params.type == DType::f32) return reduce_typed<Op, float>(operands, params, context);
  if (params.type == DType::f64) return reduce_typed<Op, double>(operands, params, context);
  if constexpr (__is_same(Op, Sum) || __is_same(Op, Product))
    reduce_wrapping<Op>(operands, params, context);
  else
    reduce_ordered<Op>(operands, params, context);
}

template <class T>
void scale_outputs(T* out, int64_t outputs, double scale) {
  for (int64_t i = 0; i < outputs; i++) out[i] = static_cast<T>(out[i] * static_cast<T>(scale));
}

int64_t outputs_of(const ReduceParams& params) {
  int64_t outputs = 1;
  for (int i = 0; i < params.rank; i++) outputs *= params.reduced[i] ? 1 : params.dims[i];
  return outputs;
}

}  // namespace

void reduce(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ReduceParams& params = *static_cast<const ReduceParams*>(raw_params);
  switch (params.op) {
    case ReduceOp::sum: reduce_any<Sum>(operands, params, context); break;
    case ReduceOp::product: reduce_any<Product>(operands, params, context); break;
    case ReduceOp::maximum: reduce_any<Maximum>(operands, params, context); break;
    case ReduceOp::minimum: reduce_any<Minimum>(operands, params, context); break;
  }
  if (params.type == DType::b8 && params.op == ReduceOp::minimum) {  // nothing to reduce: the highest truth value is 1
    uint8_t* out = static_cast<uint8_t*>(operands[1]);
    for (int64_t i = 0; i < outputs_of(params); i++) out[i] = out[i] != 0;
  }
  if (params.op != ReduceOp::sum || params.scale == 1.0) return;
  if (params.type == DType::f32) scale_outputs(static_cast<float*>(operands[1]), outputs_of(params), params.scale);
  if (params.type == DType::f64) scale_outputs(static_cast<double*>(operands[1]), outputs_of(params), params.scale);
}

int64_t reduce_scratch(const void* raw_params) {
  const ReduceParams& params = *static_cast<const ReduceParams*>(raw_params);
  const int64_t parts = parts_of(params);
  return parts > 1 ? parts * outputs_of(params) * size_of(params.type) : 0;
}

}  // namespace nnstack::NNSTACK_ISA_NAME
