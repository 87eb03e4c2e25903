// Layer and batch normalisation in training, forward and backward: see base/kernel.h. By column one walk finds mean and
// variance: those of a block of rows that is in the cache, joined to what came before (Chan, Golub and LeVeque 1979), all of
// them of distances from the first row.
#include "cpu/isa/each_vector.h"
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kMostBlockRows = 64;        // summed in the type itself; blocks are summed in double
constexpr int64_t kLeaf = 1024;               // elements of a row, likewise
constexpr int64_t kWorthForking = 32 * 1024;  // elements
constexpr int64_t kMostParts = 16;

// Rows are cut into parts, whole blocks each; a part keeps two sums for every column.
int64_t block_rows(const NormalizeParams& p) {
  return smaller(kMostBlockRows, larger<int64_t>(8, 2 * kWorthForking / larger<int64_t>(p.columns, 1)));
}
int64_t blocks_of(const NormalizeParams& p) { return divide_up(p.rows, block_rows(p)); }
int64_t parts_of(const NormalizeParams& p) {
  const int64_t most = smaller(kMostParts, blocks_of(p));
  return larger<int64_t>(1, smaller(most, p.rows * p.columns / kWorthForking));
}

template <class T>
struct Scratch {  // of every part two sums of columns; of every part two sums of the block at hand; four factors for all
  static int64_t bytes(const NormalizeParams& p) {
    const auto wide = static_cast<int64_t>(sizeof(double)), narrow = static_cast<int64_t>(sizeof(T));
    return p.columns * (parts_of(p) * 2 * (wide + narrow) + 4 * narrow);
  }
  Scratch(const NormalizeParams& p, void* memory)
      : columns(p.columns),
        totals(static_cast<double*>(memory)),
        blocks(reinterpret_cast<T*>(totals + parts_of(p) * 2 * columns)),
        factors(blocks + parts_of(p) * 2 * columns) {}
  double* total(int64_t part, int which) const { return totals + (part * 2 + which) * columns; }
  T* block(int64_t part, int which) const { return blocks + (part * 2 + which) * columns; }
  T* factor(int which) const { return factors + which * columns; }

  int64_t columns;
  double* totals;
  T *blocks, *factors;
};

template <class T>
T scale_of(const NormalizeParams& p, T variance) {
  return static_cast<T>(1 / __builtin_sqrt(static_cast<double>(variance) + p.epsilon));
}

// total[i] = the sums that term(sums, elements) makes of the rows `from`: elements[k] of from[k], a vector or a number.
template <class T, int Count, int Arrays, class Term>
inline void sum_row(double (&total)[Count], const T* const (&from)[Arrays], int64_t n, Term term) {
  constexpr int kVectorLanes = kLanes<T>, kPhases = kStripVectors<T>;
  for (int i = 0; i < Count; i++) total[i] = 0;
  for (int64_t first = 0; first < n; first += kLeaf) {
    const int64_t last = smaller(first + kLeaf, n);
    Vector<T> sums[kPhases][Count] = {};
    const auto add = [&](int phase, int64_t j) __attribute__((always_inline)) {
      Vector<T> elements[Arrays];
#pragma GCC unroll 4
      for (int k = 0; k < Arrays; k++) elements[k] = load(from[k] + j);
      term(sums[phase], elements);
    };
    int64_t j = first;
    for (; j + kPhases * kVectorLanes <= last; j += kPhases * kVectorLanes) {
#pragma GCC unroll 4
      for (int phase = 0; phase < kPhases; phase++) add(phase, j + phase * kVectorLanes);
    }
    for (; j + kVectorLanes <= last; j += kVectorLanes) add(0, j);
    T rest[Count] = {};
    for (; j < last; j++) {
      T elements[Arrays];
      for (int k = 0; k < Arrays; k++) elements[k] = from[k][j];
      term(rest, elements);
    }
    for (int i = 0; i < Count; i++) {
      for (int phase = 1; phase < kPhases; phase++) sums[0][i] += sums[phase][i];
      total[i] += sum_lanes<T>(sums[0][i]) + rest[i];
    }
  }
}

template <class T>
struct Job {
  const NormalizeParams& p;
  const T *x, *gamma, *beta, *dy;
  T *mean, *variance, *y, *dx;
  Scratch<T> scratch;
  int64_t parts;

  int64_t border(int64_t part) const { return smaller(blocks_of(p) * part / parts * block_rows(p), p.rows); }

  template <void (Job::*Do)(int64_t) const>
  static void call(void* arg, int64_t part) {
    (static_cast<const Job*>(arg)->*Do)(part);
  }
  template <void (Job::*Do)(int64_t) const>
  void run(const KernelContext& context) {
    context.parallel(context.pool, parts, call<Do>, this);
  }

  template <class Function>  // of every block of rows of a part: begin, end
  void each_block(int64_t part, Function function) const {
    const int64_t end = border(part + 1), step = block_rows(p);
    for (int64_t row = border(part); row < end; row += step) function(row, smaller(row + step, end));
  }

  // ---- by row --------------------------------------------------------------------------------------------------------
  void forward_rows(int64_t part) const {
    const int64_t n = p.columns;
    for (int64_t row = border(part); row < border(part + 1); row++) {
      const T* from = x + row * n;
      double sum[1];
      sum_row<T>(sum, {from}, n, [](auto* s, const auto* e) { s[0] += e[0]; });
      const T centre = static_cast<T>(sum[0] / static_cast<double>(n));
      sum_row<T>(sum, {from}, n, [centre](auto* s, const auto* e) { s[0] += (e[0] - centre) * (e[0] - centre); });
      mean[row] = centre;
      variance[row] = static_cast<T>(sum[0] / static_cast<double>(n));
      const T scale = scale_of(p, variance[row]);
      each_vector<T>(n, [&](int64_t j, auto part_of) __attribute__((always_inline)) {
        part_of(y + row * n + j, (part_of(from + j) - centre) * (scale * part_of(gamma + j)) + part_of(beta + j));
      });
    }
  }

  void backward_rows(int64_t part) const {
    const int64_t n = p.columns;
    double *const of_gamma = scratch.total(part, 0), *const of_beta = scratch.total(part, 1);
    T *const block_gamma = scratch.block(part, 0), *const block_beta = scratch.block(part, 1);
    clear(of_gamma, 2 * n);
    each_block(part, [&](int64_t begin, int64_t end) {
      clear(block_gamma, 2 * n);
      for (int64_t row = begin; row < end; row++) backward_row(row, block_gamma, block_beta);
      for (int64_t j = 0; j < n; j++) of_gamma[j] += block_gamma[j];
      for (int64_t j = 0; j < n; j++) of_beta[j] += block_beta[j];
    });
  }

  void backward_row(int64_t row, T* block_gamma, T* block_beta) const {
    const int64_t n = p.columns;
    const T *const from = x + row * n, *const given = dy + row * n;
    const T centre = mean[row], scale = scale_of(p, variance[row]);
    double sum[2];
    sum_row<T>(sum, {from, given, gamma}, n, [centre, scale](auto* s, const auto* e) {
      const auto g = e[1] * e[2];
      s[0] += g;
      s[1] += g * ((e[0] - centre) * scale);
    });
    const T first = static_cast<T>(sum[0] / static_cast<double>(n)), second = static_cast<T>(sum[1] / static_cast<double>(n));
    each_vector<T>(n, [&](int64_t j, auto part_of) __attribute__((always_inline)) {
      const Vector<T> normal = (part_of(from + j) - centre) * scale, d = part_of(given + j);
      part_of(dx + row * n + j, (d * part_of(gamma + j) - first - normal * second) * scale);
      part_of(block_gamma + j, part_of(static_cast<const T*>(block_gamma + j)) + d * normal);
      part_of(block_beta + j, part_of(static_cast<const T*>(block_beta + j)) + d);
    });
  }

  // ---- by column -----------------------------------------------------------------------------------------------------
  void statistics(int64_t part) const {
    const int64_t n = p.columns;
    double *const means = scratch.total(part, 0), *const squares = scratch.total(part, 1);
    T *const block_mean = scratch.block(part, 0), *const block_squares = scratch.block(part, 1);
    clear(means, 2 * n);
    double seen = 0;
    each_block(part, [&](int64_t begin, int64_t end) {
      const T* const from = x + begin * n;
      const int64_t rows = end - begin;
      const T each = 1 / static_cast<T>(rows);
      each_strip<T>(n, [&](int64_t j, auto width, auto part_of) __attribute__((always_inline)) {
        Vector<T> near[width.vectors], sum[width.vectors] = {}, square[width.vectors] = {};
        for (int k = 0; k < width.vectors; k++) near[k] = part_of(x + j + k * kLanes<T>);
        each_row(from + j, rows, width, part_of,
                 [&](int k, Vector<T> e) __attribute__((always_inline)) { sum[k] += e - near[k]; });
        for (int k = 0; k < width.vectors; k++) sum[k] *= each;
        each_row(from + j, rows, width, part_of, [&](int k, Vector<T> e) __attribute__((always_inline)) {
          const Vector<T> distance = (e - near[k]) - sum[k];
          square[k] += distance * distance;
        });
        for (int k = 0; k < width.vectors; k++) {
          part_of(block_mean + j + k * kLanes<T>, sum[k]);
          part_of(block_squares + j + k * kLanes<T>, square[k]);
        }
      });
      join(means, squares, seen, block_mean, block_squares, static_cast<double>(rows));
    });
  }

  // Calls function(k, vector) for the vectors of a strip, row after row.
  template <class Width, class Part, class Function>
  void each_row(const T* from, int64_t rows, Width width, Part part_of, Function function) const {
    for (int64_t r = 0; r < rows; r++, from += p.columns) {
#pragma GCC unroll 4
      for (int k = 0; k < width.vectors; k++) function(k, part_of(from + k * kLanes<T>));
    }
  }

  template <class U>
  void join(double* means, double* squares, double& seen, const U* more_means, const U* more_squares, double count) const {
    const double share = count / (seen + count), both = seen * share;
    for (int64_t j = 0; j < p.columns; j++) {
      const double delta = static_cast<double>(more_means[j]) - means[j];
      means[j] += delta * share;
      squares[j] += static_cast<double>(more_squares[j]) + delta * delta * both;
    }
    seen += count;
  }

  void finish_statistics() const {
    double* const means = scratch.total(0, 0);
    double* const squares = scratch.total(0, 1);
    double seen = static_cast<double>(border(1));
    for (int64_t part = 1; part < parts; part++)
      join(means, squares, seen, scratch.total(part, 0), scratch.total(part, 1),
           static_cast<double>(border(part + 1) - border(part)));
    for (int64_t j = 0; j < p.columns; j++) {
      mean[j] = static_cast<T>(seen > 0 ? static_cast<double>(x[j]) + means[j] : __builtin_nan(""));
      variance[j] = static_cast<T>(squares[j] / seen);
      scratch.factor(0)[j] = scale_of(p, variance[j]) * gamma[j];
    }
  }

  void forward_columns(int64_t part) const {
    const T *const factor = scratch.factor(0), *const centre = mean;
    for (int64_t row = border(part); row < border(part + 1); row++) {
      const T* const from = x + row * p.columns;
      each_vector<T>(p.columns, [&](int64_t j, auto part_of) __attribute__((always_inline)) {
        part_of(y + row * p.columns + j, (part_of(from + j) - part_of(centre + j)) * part_of(factor + j) + part_of(beta + j));
      });
    }
  }

  void sum_columns(int64_t part) const {  // dy (x - mean) and dy
    const int64_t n = p.columns;
    T* const block[2] = {scratch.block(part, 0), scratch.block(part, 1)};
    clear(scratch.total(part, 0), 2 * n);
    each_block(part, [&](int64_t begin, int64_t end) {
      each_strip<T>(n, [&](int64_t column, auto width, auto part_of) __attribute__((always_inline)) {
        Vector<T> sums[2][width.vectors] = {}, centre[width.vectors];
        for (int k = 0; k < width.vectors; k++) centre[k] = part_of(static_cast<const T*>(mean + column + k * kLanes<T>));
        for (int64_t row = begin; row < end; row++) {
#pragma GCC unroll 4
          for (int k = 0; k < width.vectors; k++) {
            const int64_t at = row * n + column + k * kLanes<T>;
            const Vector<T> d = part_of(dy + at);
            sums[0][k] += d * (part_of(x + at) - centre[k]);
            sums[1][k] += d;
          }
        }
        for (int i = 0; i < 2; i++)
          for (int k = 0; k < width.vectors; k++) part_of(block[i] + column + k * kLanes<T>, sums[i][k]);
      });
      for (int i = 0; i < 2; i++)
        for (int64_t j = 0; j < n; j++) scratch.total(part, i)[j] += block[i][j];
    });
  }

  void backward_columns(int64_t part) const {  // dx = a (dy - b) - (x - mean) c
    const T *const a = scratch.factor(0), *const b = scratch.factor(1), *const c = scratch.factor(2), *const centre = mean;
    for (int64_t row = border(part); row < border(part + 1); row++) {
      const T *const from = x + row * p.columns, *const given = dy + row * p.columns;
      each_vector<T>(p.columns, [&](int64_t j, auto part_of) __attribute__((always_inline)) {
        const Vector<T> from_mean = part_of(from + j) - part_of(centre + j);
        part_of(dx + row * p.columns + j, (part_of(given + j) - part_of(b + j)) * part_of(a + j) - from_mean * part_of(c + j));
      });
    }
  }

  // The sums over all parts, and by column what the gradient of x needs of them.
  void finish_sums(T* gamma_gradient, T* beta_gradient) const {
    for (int64_t part = 1; part < parts; part++)
      for (int64_t j = 0; j < 2 * p.columns; j++) scratch.totals[j] += scratch.total(part, 0)[j];
    for (int64_t j = 0; j < p.columns; j++) {
      double of_gamma = scratch.total(0, 0)[j], of_beta = scratch.total(0, 1)[j];
      if (p.by_column && p.rows > 0) {
        const double scale = scale_of(p, variance[j]), a = scale * gamma[j], count = static_cast<double>(p.rows);
        of_gamma *= scale;
        scratch.factor(0)[j] = static_cast<T>(a);
        scratch.factor(1)[j] = static_cast<T>(of_beta / count);
        scratch.factor(2)[j] = static_cast<T>(a * scale * of_gamma / count);
      }
      gamma_gradient[j] = static_cast<T>(of_gamma);
      beta_gradient[j] = static_cast<T>(of_beta);
    }
  }

  template <class U>
  static void clear(U* at, int64_t count) {
    for (int64_t i = 0; i < count; i++) at[i] = 0;
  }
};

template <class T>
void forward(void* const* operands, const NormalizeParams& p, const KernelContext& context) {
  const auto in = [&](int i) { return static_cast<T*>(operands[i]); };
  Job<T> job{p, in(0), in(1), in(2), nullptr, in(4), in(5), in(3), nullptr, {p, context.scratch}, parts_of(p)};
  using J = Job<T>;
  if (!p.by_column) return job.template run<&J::forward_rows>(context);
  job.template run<&J::statistics>(context);
  job.finish_statistics();
  job.template run<&J::forward_columns>(context);
}

template <class T>
void backward(void* const* operands, const NormalizeParams& p, const KernelContext& context) {
  const auto in = [&](int i) { return static_cast<T*>(operands[i]); };
  Job<T> job{p, in(0), in(1), nullptr, in(4), in(2), in(3), nullptr, in(5), {p, context.scratch}, parts_of(p)};
  using J = Job<T>;
  p.by_column ? job.template run<&J::sum_columns>(context) : job.template run<&J::backward_rows>(context);
  job.finish_sums(in(6), in(7));
  if (p.by_column) job.template run<&J::backward_columns>(context);
}

}  // namespace

void normalize(void* const* operands, const void* raw_params, const KernelContext& context) {
  const NormalizeParams& p = *static_cast<const NormalizeParams*>(raw_params);
  p.type == DType::f64 ? forward<double>(operands, p, context) : forward<float>(operands, p, context);
}

void normalize_gradient(void* const* operands, const void* raw_params, const KernelContext& context) {
  const NormalizeParams& p = *static_cast<const NormalizeParams*>(raw_params);
  p.type == DType::f64 ? backward<double>(operands, p, context) : backward<float>(operands, p, context);
}

int64_t normalize_scratch(const void* raw_params) {
  const NormalizeParams& p = *static_cast<const NormalizeParams*>(raw_params);
  return p.type == DType::f64 ? Scratch<double>::bytes(p) : Scratch<float>::bytes(p);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
