// The linear recurrence c = a c + b along one axis: cumulative sums and products, and their gradients.
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kStrip = 64;  // neighbouring columns done at once
constexpr int64_t kRows = 8;    // rows done at once where the axis is the last: so many additions overlap
constexpr int64_t kWorthForking = 32 * 1024;

template <class T>
struct CarryOf {
  using type = uint64_t;  // wraps around
};
template <>
struct CarryOf<float> {
  using type = double;
};
template <>
struct CarryOf<double> {
  using type = double;
};

struct Job {
  const CumulativeParams* params;
  const void *factor, *term;
  void* out;
  int64_t chunk;  // units: strips, or groups of rows
};

// `lanes` recurrences side by side, `stride` elements from each other; one step of them is `step` elements further.
template <class T, bool HasFactor, bool HasTerm, bool Columns>
void run_lanes(const Job& job, int64_t first, int64_t lanes, int64_t step, int64_t row_stride) {
  using Carry = typename CarryOf<T>::type;
  const CumulativeParams& p = *job.params;
  const int64_t stride = Columns ? 1 : row_stride;
  const T* factors = static_cast<const T*>(job.factor) + first;
  const T* terms = static_cast<const T*>(job.term) + first;
  T* out = static_cast<T*>(job.out) + first;
  Carry carry[Columns ? kStrip : kRows];
  for (int64_t l = 0; l < lanes; l++) carry[l] = HasTerm ? 0 : 1;
  for (int64_t k = 0; k < p.n; k++) {
    const int64_t at = (p.reverse ? p.n - 1 - k : k) * step;
    const auto each = [&](auto visit) __attribute__((always_inline)) {
      NNSTACK_NO_LOOP_DEPENDENCE
      for (int64_t l = 0; l < lanes; l++) {
        const int64_t i = at + l * stride;
        const Carry a = HasFactor ? static_cast<Carry>(factors[i]) : Carry(1);
        const Carry b = HasTerm ? static_cast<Carry>(terms[i]) : Carry(0);
        out[i] = static_cast<T>(visit(carry[l], a, b));
      }
    };
    switch (p.order) {
      case CumulativeOrder::before:
        each([](Carry& c, Carry a, Carry b) {
          const Carry given = c;
          c = a * c + b;
          return given;
        });
        break;
      case CumulativeOrder::after: each([](Carry& c, Carry a, Carry b) { return c = a * c + b; }); break;
      case CumulativeOrder::between:
        each([](Carry& c, Carry a, Carry b) {
          const Carry given = c + b;
          c = a * given;
          return given;
        });
        break;
    }
  }
}

template <class T, bool HasFactor, bool HasTerm>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const CumulativeParams& p = *job.params;
  const bool columns = p.inner > 1;
  const int64_t strips = divide_up(p.inner, kStrip);
  const int64_t units = columns ? p.outer * strips : divide_up(p.outer, kRows);
  const int64_t end = smaller((chunk + 1) * job.chunk, units);
  for (int64_t unit = chunk * job.chunk; unit < end; unit++) {
    if (columns) {
      const int64_t column = unit % strips * kStrip;
      const int64_t first = unit / strips * p.n * p.inner + column;
      run_lanes<T, HasFactor, HasTerm, true>(job, first, smaller(kStrip, p.inner - column), p.inner, 1);
    } else {
      const int64_t row = unit * kRows;
      run_lanes<T, HasFactor, HasTerm, false>(job, row * p.n, smaller(kRows, p.outer - row), 1, p.n);
    }
  }
}

template <class T>
void start(Job& job, const KernelContext& context) {
  const CumulativeParams& p = *job.params;
  const bool columns = p.inner > 1;
  const int64_t units = columns ? p.outer * divide_up(p.inner, kStrip) : divide_up(p.outer, kRows);
  const int64_t work = p.outer * p.n * p.inner;
  job.chunk = work < 2 * kWorthForking ? units : larger<int64_t>(1, kWorthForking * units / work);
  const auto body =
      p.has_factor ? (p.has_term ? run_chunk<T, true, true> : run_chunk<T, true, false>) : run_chunk<T, false, true>;
  context.parallel(context.pool, divide_up(units, job.chunk), body, &job);
}

}  // namespace

void cumulative(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CumulativeParams& params = *static_cast<const CumulativeParams*>(raw_params);
  if (params.outer * params.n * params.inner == 0) return;
  Job job{&params, operands[0], operands[params.has_factor && params.has_term ? 1 : 0],
          operands[params.has_factor + params.has_term], 0};
  switch (params.type) {
    case DType::f32: return start<float>(job, context);
    case DType::f64: return start<double>(job, context);
    case DType::i8: return start<int8_t>(job, context);
    case DType::i16: return start<int16_t>(job, context);
    case DType::i32: return start<int32_t>(job, context);
    case DType::i64: return start<int64_t>(job, context);
    default: return start<uint8_t>(job, context);
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
