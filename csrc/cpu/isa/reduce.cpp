// Sums, products and extremes over some dimensions. Sums are pairwise: leaves of a fixed number of elements, combined like
// the digits of a binary counter, so that their tree depends on the shape alone.
#include "cpu/isa/kernels.h"
#include "cpu/isa/transpose.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int kLevels = 40;             // of the binary counter
constexpr int64_t kLeafElements = 512;  // one after the other, in four vectors of sums
constexpr int64_t kLeafRows = 32;
constexpr int64_t kWorthForking = 128 * 1024;
constexpr int64_t kMostParts = 16;

struct Sum {
  template <class V>
  static V apply(V a, V b) {
    return a + b;
  }
};
struct Product {
  template <class V>
  static V apply(V a, V b) {
    return a * b;
  }
};
struct Maximum {
  template <class V>
  static V apply(V a, V b) {
    return ((a > b) | (a != a)) ? a : b;
  }
};
struct Minimum {
  template <class V>
  static V apply(V a, V b) {
    return ((a < b) | (a != a)) ? a : b;
  }
};

template <class Op, class T>
inline T combine(T a, T b) {
  return static_cast<T>(Op::apply(a, b));
}
template <class T>
struct Limits;
template <>
struct Limits<float> {
  static constexpr float low = -__builtin_inff(), high = __builtin_inff();
};
template <>
struct Limits<double> {
  static constexpr double low = -__builtin_inf(), high = __builtin_inf();
};
template <>
struct Limits<int8_t> {
  static constexpr int8_t low = INT8_MIN, high = INT8_MAX;
};
template <>
struct Limits<int16_t> {
  static constexpr int16_t low = INT16_MIN, high = INT16_MAX;
};
template <>
struct Limits<int32_t> {
  static constexpr int32_t low = INT32_MIN, high = INT32_MAX;
};
template <>
struct Limits<int64_t> {
  static constexpr int64_t low = INT64_MIN, high = INT64_MAX;
};
template <>
struct Limits<uint8_t> {
  static constexpr uint8_t low = 0, high = UINT8_MAX;
};
template <class Op, class T>
struct Start {
  static constexpr T value = 0;
};
template <class T>
struct Start<Product, T> {
  static constexpr T value = 1;
};
template <class T>
struct Start<Maximum, T> {
  static constexpr T value = Limits<T>::low;
};
template <class T>
struct Start<Minimum, T> {
  static constexpr T value = Limits<T>::high;
};

template <class Op, class T>
T reduce_leaf(const T* x, int64_t n) {
  constexpr int kVectorLanes = kLanes<T>;
  T result = Start<Op, T>::value;
  int64_t i = 0;
  if (n >= kVectorLanes) {
    Vector<T> part[4];
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) part[p] = splat(Start<Op, T>::value);
    for (; i + 4 * kVectorLanes <= n; i += 4 * kVectorLanes) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) part[p] = Op::apply(part[p], load(x + i + p * kVectorLanes));
    }
    for (; i + kVectorLanes <= n; i += kVectorLanes) part[0] = Op::apply(part[0], load(x + i));
    const Vector<T> all = Op::apply(Op::apply(part[0], part[1]), Op::apply(part[2], part[3]));
    T lanes[kVectorLanes];
    store(lanes, all);
#pragma GCC unroll 8
    for (int half = kVectorLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 32
      for (int j = 0; j < half; j++) lanes[j] = combine<Op>(lanes[j], lanes[j + half]);
    }
    result = lanes[0];
  }
  for (; i < n; i++) result = combine<Op>(result, x[i]);
  return result;
}

// Up to one short row per lane, in four partial results each. The array ends at `end`.
template <class Op, class T>
void reduce_lanes(T* out, const T* x, int64_t n, int rows, const T* end) {
  constexpr int kVectorLanes = kLanes<T>;
  Vector<T> columns[kShortRow], part[4];
  for (int64_t c = 0; c < n; c += kVectorLanes) {
    load_columns<T>(columns + c, x + c, n, rows, static_cast<int>(smaller<int64_t>(kVectorLanes, n - c)), end);
  }
#pragma GCC unroll 4
  for (int p = 0; p < 4; p++) part[p] = p < n ? columns[p] : splat(Start<Op, T>::value);
  int64_t c = 4;
  for (; c + 4 <= n; c += 4) {
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) part[p] = Op::apply(part[p], columns[c + p]);
  }
  for (; c < n; c++) part[0] = Op::apply(part[0], columns[c]);
  const Vector<T> all = Op::apply(Op::apply(part[0], part[1]), Op::apply(part[2], part[3]));
  if (rows == kVectorLanes)
    store(out, all);
  else
    store_first(out, all, rows);
}

template <class Op, class T>
class Counter {  // a binary counter of partial results
 public:
  void add(T value) {
    uint64_t count = count_++;
    int level = 0;
    for (; count & 1; count >>= 1, level++) value = combine<Op>(parts_[level], value);
    parts_[level] = value;
  }
  T total() const {
    T value = Start<Op, T>::value;
    int level = 0;
    for (uint64_t digits = count_; digits != 0; digits >>= 1, level++) {
      if (digits & 1) value = combine<Op>(parts_[level], value);
    }
    return value;
  }

 private:
  uint64_t count_ = 0;
  T parts_[kLevels];
};

// The dimensions of one job: strides of the input, kept and reduced apart.
struct Plan {
  int kept = 0, reduced = 0;
  int64_t kept_dims[kMaxRank], kept_strides[kMaxRank];
  int64_t reduced_dims[kMaxRank], reduced_strides[kMaxRank];
  int64_t outputs = 1, reductions = 1;
};
Plan make_plan(const ReduceParams& params) {
  Plan plan;
  int64_t strides[kMaxRank], stride = 1;
  for (int i = params.rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= params.dims[i];
  }
  for (int i = 0; i < params.rank; i++) {
    if (params.reduced[i]) {
      plan.reduced_dims[plan.reduced] = params.dims[i];
      plan.reduced_strides[plan.reduced++] = strides[i];
      plan.reductions *= params.dims[i];
    } else {
      plan.kept_dims[plan.kept] = params.dims[i];
      plan.kept_strides[plan.kept++] = strides[i];
      plan.outputs *= params.dims[i];
    }
  }
  return plan;
}
int64_t offset_of(int64_t index, int count, const int64_t* dims, const int64_t* strides) {
  int64_t offset = 0;
  for (int i = count - 1; i >= 0; i--) {
    const int64_t next = index / dims[i];
    offset += (index - next * dims[i]) * strides[i];
    index = next;
  }
  return offset;
}

// One output: the last dimension is reduced, runs of `run` elements lie side by side.
template <class Op, class T>
T reduce_runs(const T* x, const Plan& plan, int64_t run) {
  if (plan.reduced == 1 && run <= kLeafElements) return reduce_leaf<Op>(x, run);
  Counter<Op, T> counter;
  const int64_t runs = plan.reductions / run;
  for (int64_t r = 0; r < runs; r++) {
    const T* from = x + offset_of(r, plan.reduced - 1, plan.reduced_dims, plan.reduced_strides);
    for (int64_t i = 0; i < run; i += kLeafElements) counter.add(reduce_leaf<Op>(from + i, smaller(kLeafElements, run - i)));
  }
  return counter.total();
}

// Width vectors of neighbouring outputs: the last dimension is kept, rows are added to rows. Only `columns` are stored.
template <class Op, class T, int Width>
void reduce_strip(T* out, const T* x, const Plan& plan, int columns) {
  using V = Vector<T>;
  constexpr int kVectorLanes = kLanes<T>;
  const bool part = columns < Width * kVectorLanes;  // then Width is 1
  const int64_t rows = plan.reduced_dims[plan.reduced - 1], row = plan.reduced_strides[plan.reduced - 1];
  const int64_t groups = plan.reductions / rows;
  V levels[kLevels][Width];
  uint64_t count = 0;
  for (int64_t group = 0; group < groups; group++) {
    const T* from = x + offset_of(group, plan.reduced - 1, plan.reduced_dims, plan.reduced_strides);
    for (int64_t first = 0; first < rows; first += kLeafRows) {
      const int64_t last = smaller(first + kLeafRows, rows);
      V sum[Width];
#pragma GCC unroll 8
      for (int j = 0; j < Width; j++) sum[j] = splat(Start<Op, T>::value);
      if (part) {
        for (int64_t r = first; r < last; r++) sum[0] = Op::apply(sum[0], load_first(from + r * row, columns));
      } else {
        for (int64_t r = first; r < last; r++) {
#pragma GCC unroll 8
          for (int j = 0; j < Width; j++) sum[j] = Op::apply(sum[j], load(from + r * row + j * kVectorLanes));
        }
      }
      int level = 0;
      for (uint64_t digits = count++; digits & 1; digits >>= 1, level++) {
        for (int j = 0; j < Width; j++) sum[j] = Op::apply(levels[level][j], sum[j]);
      }
      for (int j = 0; j < Width; j++) levels[level][j] = sum[j];
    }
  }
  for (int j = 0; j < Width; j++) {
    V total = splat(Start<Op, T>::value);
    int level = 0;
    for (uint64_t digits = count; digits != 0; digits >>= 1, level++) {
      if (digits & 1) total = Op::apply(levels[level][j], total);
    }
    if (part)
      store_first(out, total, columns);
    else
      store(out + j * kVectorLanes, total);
  }
}

// Outputs [begin, end) of `plan`.
template <class Op, class T>
void reduce_range(T* out, const T* x, const Plan& plan, bool rows_kept, int64_t begin, int64_t end) {
  if (plan.reductions == 0) {
    for (int64_t i = begin; i < end; i++) out[i] = Start<Op, T>::value;
  } else if (plan.reduced == 0) {
    for (int64_t i = begin; i < end; i++) out[i] = x[i];
  } else if (!rows_kept) {
    const int64_t run = plan.reduced_dims[plan.reduced - 1];
    if constexpr (kTransposable<T>) {
      if (plan.kept == 1 && plan.reduced == 1 && run <= kShortRow) {
        for (int64_t i = begin; i < end; i += kLanes<T>) {
          const int rows = static_cast<int>(smaller<int64_t>(kLanes<T>, end - i));
          reduce_lanes<Op>(out + i, x + i * run, run, rows, x + plan.outputs * run);
        }
        return;
      }
    }
    for (int64_t i = begin; i < end; i++) {
      out[i] = reduce_runs<Op>(x + offset_of(i, plan.kept, plan.kept_dims, plan.kept_strides), plan, run);
    }
  } else {
    const int64_t width = plan.kept_dims[plan.kept - 1];
    for (int64_t i = begin; i < end;) {
      const int64_t left = smaller(width - i % width, end - i);
      const T* from = x + offset_of(i, plan.kept, plan.kept_dims, plan.kept_strides);
      if (left >= 4 * kLanes<T>) {
        reduce_strip<Op, T, 4>(out + i, from, plan, 4 * kLanes<T>);
        i += 4 * kLanes<T>;
      } else {
        const int columns = static_cast<int>(smaller<int64_t>(left, kLanes<T>));
        reduce_strip<Op, T, 1>(out + i, from, plan, columns);
        i += columns;
      }
    }
  }
}

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
