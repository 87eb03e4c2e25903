// softmax and log_softmax over rows.
#include "cpu/isa/kernels.h"
#include "cpu/isa/math.h"
#include "cpu/isa/transpose.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kWorthForking = 32 * 1024;        // elements
constexpr int64_t kTransposed = 2 * kLanes<float>;  // rows up to this length are done side by side, one in each lane

// The last columns, with `other` in the lanes beyond them.
inline Floats load_rest(const float* x, int count, float other) {
  Ints lane;
  for (int i = 0; i < kLanes<float>; i++) lane[i] = i;
  return lane < count ? load_first(x, count) : splat(other);
}

// A NaN may be lost on the way to the maximum: the sum of the exponentials is NaN all the same.
void softmax_row(float* y, const float* x, int64_t n, bool logarithm) {
  constexpr int kVectorLanes = kLanes<float>;
  const int64_t whole = (n - 1) / kVectorLanes * kVectorLanes;
  const int rest = static_cast<int>(n - whole);  // 1 to a vector's worth, which stay in a register
  Floats last = rest == kVectorLanes ? load(x + whole) : load_rest(x + whole, rest, -kInfinity);
  Floats high[4] = {last, last, last, last};  // a comparison need not wait for the one before it
  int64_t at = 0;
  for (; at + 4 * kVectorLanes <= whole; at += 4 * kVectorLanes) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) high[k] = at_least(load(x + at + k * kVectorLanes), high[k]);
  }
  for (; at < whole; at += kVectorLanes) high[0] = at_least(load(x + at), high[0]);
  const float top = maximum_lane<float>(at_least(at_least(high[0], high[1]), at_least(high[2], high[3])));
  Floats sum{};
  for (int64_t i = 0; i < whole; i += kVectorLanes) {
    const Floats e = exp(load(x + i) - top);
    sum += e;
    if (!logarithm) store(y + i, e);
  }
  const Floats shifted = last - top;
  const Floats e = exp(shifted);
  Ints lane;
  for (int i = 0; i < kVectorLanes; i++) lane[i] = i;
  sum += lane < rest ? e : Floats{};
  last = logarithm ? shifted : e;
  const float total = sum_lanes<float>(sum);
  const Floats scale = logarithm ? log(splat(total)) : splat(1.0f / total);
  for (int64_t i = 0; i < whole; i += kVectorLanes) store(y + i, logarithm ? load(x + i) - top - scale : load(y + i) * scale);
  last = logarithm ? last - scale : last * scale;
  if (rest == kVectorLanes)
    store(y + whole, last);
  else
    store_first(y + whole, last, rest);
}

void softmax_row(double* y, const double* x, int64_t n, bool logarithm) {
  double top = -__builtin_inf();
  for (int64_t i = 0; i < n; i++) top = x[i] > top || x[i] != x[i] ? x[i] : top;
  double total = 0;
  for (int64_t i = 0; i < n; i++) {
    const double e = __builtin_exp(x[i] - top);
    total += e;
    y[i] = logarithm ? x[i] - top : e;
  }
  const double scale = logarithm ? __builtin_log(total) : 1 / total;
  for (int64_t i = 0; i < n; i++) y[i] = logarithm ? y[i] - scale : y[i] * scale;
}

// Up to one row per lane. The arrays end at x_end and y_end.
void softmax_lanes(float* y, const float* x, int64_t n, int rows, bool logarithm, const float* x_end, const float* y_end) {
  constexpr int kVectorLanes = kLanes<float>;
  Floats columns[kTransposed];
  for (int64_t c = 0; c < n; c += kVectorLanes) {
    const int count = static_cast<int>(smaller<int64_t>(kVectorLanes, n - c));
    load_columns<float>(columns + c, x + c, n, rows, count, x_end);
  }
  Floats high = columns[0];
  for (int64_t c = 1; c < n; c++) high = at_least(columns[c], high);
  Floats sum{};
  for (int64_t c = 0; c < n; c++) {
    const Floats shifted = columns[c] - high;
    const Floats e = exp(shifted);
    sum += e;
    columns[c] = logarithm ? shifted : e;
  }
  if (logarithm) {
    const Floats shift = log(sum);
    for (int64_t c = 0; c < n; c++) columns[c] -= shift;
  } else {
    const Floats scale = 1.0f / sum;
    for (int64_t c = 0; c < n; c++) columns[c] *= scale;
  }
  store_rows<float>(y, n, columns, rows, y_end);
}

void softmax_rows(float* y, const float* x, int64_t rows, int64_t n, bool logarithm) {
  if (n > kTransposed) {
    for (int64_t row = 0; row < rows; row++) softmax_row(y + row * n, x + row * n, n, logarithm);
    return;
  }
  for (int64_t row = 0; row < rows; row += kLanes<float>) {
    const int lanes = static_cast<int>(smaller<int64_t>(kLanes<float>, rows - row));
    softmax_lanes(y + row * n, x + row * n, n, lanes, logarithm, x + rows * n, y + rows * n);
  }
}
void softmax_rows(double* y, const double* x, int64_t rows, int64_t n, bool logarithm) {
  for (int64_t row = 0; row < rows; row++) softmax_row(y + row * n, x + row * n, n, logarithm);
}

struct Job {
  const SoftmaxParams* params;
  const void* x;
  void* y;
  int64_t chunk;  // rows
};

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const SoftmaxParams& p = *job.params;
  const int64_t first = chunk * job.chunk, rows = smaller(job.chunk, p.rows - first);
  softmax_rows(static_cast<T*>(job.y) + first * p.columns, static_cast<const T*>(job.x) + first * p.columns, rows, p.columns,
               p.logarithm);
}

}  // namespace

void softmax(void* const* operands, const void* raw_params, const KernelContext& context) {
  const SoftmaxParams& params = *static_cast<const SoftmaxParams*>(raw_params);
  if (params.rows == 0 || params.columns == 0) return;
  Job job{&params, operands[0], operands[1], params.rows};
  if (params.rows * params.columns >= 2 * kWorthForking) job.chunk = larger<int64_t>(1, kWorthForking / params.columns);
  const auto body = params.type == DType::f64 ? run_chunk<double> : run_chunk<float>;
  context.parallel(context.pool, divide_up(params.rows, job.chunk), body, &job);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
