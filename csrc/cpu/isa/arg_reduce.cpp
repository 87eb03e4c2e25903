// Index of the first largest or smallest element along the middle of [outer, n, inner]; the first NaN wins over all.
#include "cpu/isa/kernels.h"
#include "cpu/isa/transpose.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kStrip = 64;
constexpr int64_t kWorthForking = 64 * 1024;

template <class T, bool Minimum>
inline bool better(T candidate, T best) {
  const bool wins = Minimum ? candidate < best : candidate > best;
  return (wins | (candidate != candidate)) & (best == best);
}

// inner is 1: the extreme value first, four at a time so that comparisons overlap, then the first place it is at.
template <class T, bool Minimum>
int64_t first_extreme(const T* x, int64_t n) {
  constexpr int64_t kParts = 4 * kLanes<T>;
  T best[kParts];
  const int64_t parts = smaller(n, kParts);
  for (int64_t p = 0; p < parts; p++) best[p] = x[p];
  int64_t i = parts;
  for (; i + kParts <= n; i += kParts) {
    NNSTACK_NO_LOOP_DEPENDENCE
    for (int64_t p = 0; p < kParts; p++) best[p] = better<T, Minimum>(x[i + p], best[p]) ? x[i + p] : best[p];
  }
  for (; i < n; i++) best[0] = better<T, Minimum>(x[i], best[0]) ? x[i] : best[0];
  T extreme = best[0];
  for (int64_t p = 1; p < parts; p++) extreme = better<T, Minimum>(best[p], extreme) ? best[p] : extreme;
  int64_t index = 0;
  while (!(x[index] == extreme || (extreme != extreme && x[index] != x[index]))) index++;
  return index;
}

template <int Bytes>
struct IndexOf {
  using type = int32_t;
};
template <>
struct IndexOf<8> {
  using type = int64_t;
};

// inner is 1, up to one row per lane. The array ends at `end`.
template <class T, bool Minimum>
void first_extremes(int64_t* out, const T* x, int64_t n, int rows, const T* end) {
  constexpr int kVectorLanes = kLanes<T>;
  using Index = typename IndexOf<sizeof(T)>::type;
  Vector<T> best{};
  Vector<Index> index{};
  for (int64_t first = 0; first < n; first += kVectorLanes) {
    const int count = static_cast<int>(smaller<int64_t>(kVectorLanes, n - first));
    Vector<T> columns[kVectorLanes];
    load_columns<T>(columns, x + first, n, rows, count, end);
    if (first == 0) best = columns[0];
    for (int c = 0; c < count; c++) {
      const Vector<T> value = columns[c];
      const auto loses = Minimum ? value >= best : value <= best;  // false for NaN
      const Vector<Index> wins = ~loses & (best == best);
      best = wins ? value : best;
      index = wins ? splat(static_cast<Index>(first + c)) : index;
    }
  }
  Index lanes[kVectorLanes];
  store(lanes, index);
  for (int r = 0; r < rows; r++) out[r] = lanes[r];
}

template <class T, bool Minimum>
void strip(int64_t* out, const T* x, int64_t n, int64_t inner, int64_t columns) {
  T best[kStrip];
  int64_t index[kStrip];
  for (int64_t j = 0; j < columns; j++) best[j] = x[j], index[j] = 0;
  for (int64_t i = 1; i < n; i++) {
    const T* row = x + i * inner;
    NNSTACK_NO_LOOP_DEPENDENCE
    for (int64_t j = 0; j < columns; j++) {
      const bool wins = better<T, Minimum>(row[j], best[j]);
      best[j] = wins ? row[j] : best[j];
      index[j] = wins ? i : index[j];
    }
  }
  for (int64_t j = 0; j < columns; j++) out[j] = index[j];
}

struct Job {
  const ArgReduceParams* params;
  const void* x;
  int64_t* out;
  int64_t chunk;  // units of work each: an outer index with inner 1, a strip otherwise
};

template <class T, bool Minimum>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const ArgReduceParams& p = *job.params;
  const T* x = static_cast<const T*>(job.x);
  const int64_t strips = divide_up(p.inner, kStrip);
  const int64_t end = smaller((chunk + 1) * job.chunk, p.outer * strips);
  int64_t unit = chunk * job.chunk;
  if constexpr (kTransposable<T>) {
    constexpr bool kFloating = static_cast<T>(0.5) != 0;  // NaN makes first_extreme slower than this even for long rows
    const bool lanes = p.inner == 1 && (p.n <= kShortRow || (kFloating && p.outer >= kLanes<T>));
    for (; lanes && unit < end; unit += kLanes<T>) {
      const int rows = static_cast<int>(smaller<int64_t>(kLanes<T>, end - unit));
      first_extremes<T, Minimum>(job.out + unit, x + unit * p.n, p.n, rows, x + p.outer * p.n);
    }
  }
  for (; unit < end; unit++) {
    const int64_t outer = unit / strips, column = unit % strips * kStrip;
    const T* from = x + outer * p.n * p.inner + column;
    int64_t* to = job.out + outer * p.inner + column;
    if (p.inner == 1)
      *to = first_extreme<T, Minimum>(from, p.n);
    else
      strip<T, Minimum>(to, from, p.n, p.inner, smaller(kStrip, p.inner - column));
  }
}

template <class T>
void arg_reduce_typed(Job& job, const KernelContext& context) {
  const ArgReduceParams& p = *job.params;
  const int64_t units = p.outer * divide_up(p.inner, kStrip);
  const int64_t work = p.n * smaller(p.inner, kStrip);
  const auto body = p.minimum ? run_chunk<T, true> : run_chunk<T, false>;
  job.chunk = units * work < kWorthForking ? units : larger<int64_t>(1, kWorthForking / 2 / work);
  context.parallel(context.pool, divide_up(units, job.chunk), body, &job);
}

}  // namespace

void arg_reduce(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ArgReduceParams& params = *static_cast<const ArgReduceParams*>(raw_params);
  Job job{&params, operands[0], static_cast<int64_t*>(operands[1]), 1};
  const int64_t outputs = params.outer * params.inner;
  if (outputs == 0) return;
  if (params.n == 0) {
    for (int64_t i = 0; i < outputs; i++) job.out[i] = 0;
    return;
  }
  switch (params.type) {
    case DType::f32: return arg_reduce_typed<float>(job, context);
    case DType::f64: return arg_reduce_typed<double>(job, context);
    case DType::i8: return arg_reduce_typed<int8_t>(job, context);
    case DType::i16: return arg_reduce_typed<int16_t>(job, context);
    case DType::i32: return arg_reduce_typed<int32_t>(job, context);
    case DType::i64: return arg_reduce_typed<int64_t>(job, context);
    default: return arg_reduce_typed<uint8_t>(job, context);
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
