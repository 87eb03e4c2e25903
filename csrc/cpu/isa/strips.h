// Products with a short sum (weight gradients: k is the batch). All of B is packed once and stays in the second-level cache;
// strips of as many rows as a tile has pass over it, and the epilogue runs on each strip while it is in the first. A product
// that only the epilogue reads never leaves the strip's buffer.
#pragma once
#include "cpu/isa/elementwise.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr double kWorthForking = 2e6;   // floating point operations: about 20 us
constexpr int64_t kLongestStrip = 256;  // steps; a packed tile of A is 16 kB then
constexpr int64_t kSegment = 16;        // steps, after which a tile asks for some lines
constexpr int64_t kWidestStrip = 512;   // columns; the buffer is 28 kB then
constexpr int64_t kStripsPerChunk = 4;
constexpr int64_t kLargestPackedB = 512 * 1024;  // bytes

inline double work_of(const MatmulParams& p) {
  return 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
}

// Tiles share the rows of a block evenly.
inline int64_t tile_border(int64_t rows, int64_t index) { return rows * index / divide_up(rows, kTileRows); }

template <class T>
int64_t strips_scratch(const MatmulParams& p) {
  return p.k * round_up(p.n, kLanes<T>) * static_cast<int64_t>(sizeof(T));
}

template <class T>
bool by_strips(const MatmulParams& p) {
  return p.batch == 1 && p.m >= 4 * kTileRows && p.n >= 2 * kLanes<T> && p.k > 1 && p.k <= kLongestStrip &&
         work_of(p) >= kWorthForking && strips_scratch<T>(p) <= kLargestPackedB;
}

template <class T>
struct StripJob {
  const MatmulParams* params;
  void* const* operands;
  T* packed_b;  // panel after panel of two vectors, the last one perhaps of one
  static constexpr int64_t kPanel = 2 * kLanes<T>;

  int64_t panel_width(int64_t column) const { return smaller(kPanel, round_up(params->n - column, kLanes<T>)); }
};

template <class T>
void pack_panel_of_b(void* arg, int64_t index) {
  const StripJob<T>& job = *static_cast<const StripJob<T>*>(arg);
  const MatmulParams& p = *job.params;
  const T* b = static_cast<const T*>(job.operands[1]);
  const int64_t column = index * StripJob<T>::kPanel, columns = smaller(StripJob<T>::kPanel, p.n - column);
  T* to = job.packed_b + column * p.k;
  if (p.transpose_b)
    pack_panel_transposed(to, job.panel_width(column), b + column * p.k, p.k, p.k, columns);
  else
    pack_panel(to, job.panel_width(column), b + column, p.n, p.k, columns);
}

// What the epilogue will read and write comes from the third-level cache or memory; asked for while the tiles compute, it
// is there in time.
class EpilogueAhead {
 public:
  EpilogueAhead(const MatmulParams& p, void* const* operands) {
    if (p.epilogue == nullptr) return;
    const int count = p.epilogue->inputs + p.epilogue->outputs;
    for (int i = 1; i < count; i++) {
      const ElementwiseOperand& operand = p.epilogue->operands[i];
      const char* base = static_cast<const char*>(operands[2 + i]);
      bool known = operand.access != Access::contiguous;
      for (int other = 0; other < count_; other++) known |= bases_[other] == base;  // updated in place
      if (known) continue;
      bases_[count_] = base;
      bytes_[count_++] = size_of(operand.type);
    }
  }

  void fetch(int64_t begin, int64_t end) const {
    for (int i = 0; i < count_; i++) {
      for (const char* at = bases_[i] + begin * bytes_[i]; at < bases_[i] + end * bytes_[i]; at += 64)
        __builtin_prefetch(at, 1, 2);
    }
  }

 private:
  const char* bases_[kMaxElementwiseOperands];
  int64_t bytes_[kMaxElementwiseOperands];
  int count_ = 0;
};

template <class T>
void multiply_strip(const StripJob<T>& job, const EpilogueAhead& ahead, int64_t row, int64_t rows, T* packed_a, T* strip) {
  const MatmulParams& p = *job.params;
  const T* a = static_cast<const T*>(job.operands[0]);
  constexpr int64_t kPackedRows = round_up(kTileRows, kLanes<T>);
  TileArguments<T> t;
  if (p.transpose_a) {
    pack_panel(packed_a, kPackedRows, a + row, p.m, p.k, rows);
    t.a = packed_a;
    t.a_stride = kPackedRows;
  } else {
    t.a = a + row * p.k;
    t.a_stride = p.k;
  }
  t.segments = p.k % kSegment == 0 ? p.k / kSegment : 1;
  t.steps = p.k / t.segments;
  // Tiles ask for the next strip of A, each segment for its share of pairs of lines.
  constexpr int64_t kPair = 128 / sizeof(T);
  const int64_t panels = divide_up(p.n, StripJob<T>::kPanel), pairs = p.transpose_a ? 0 : divide_up(rows * p.k, kPair);
  t.ahead = a + (row + rows) * p.k;
  t.ahead_pitch = kPair;
  t.ahead_count = divide_up(pairs, panels * t.segments);
  t.start = true;
  t.c_row = p.n;
  for (int64_t column = 0; column < p.n; column += StripJob<T>::kPanel) {
    const int64_t width = job.panel_width(column);
    t.columns = static_cast<int>(smaller(width, p.n - column));
    t.b = job.packed_b + column * p.k;
    t.b_step = width;
    t.c = strip + column;
    const int64_t end = smaller(column + width, p.n);
    ahead.fetch(row * p.n + rows * column, row * p.n + rows * end);
    kTiles<T>.functions[p.transpose_a ? 1 : 0][rows - 1][width / kLanes<T> - 1](t);
    t.ahead += t.segments * t.ahead_count * kPair;
  }
}

template <class T>
void run_strips(void* arg, int64_t chunk) {
  const StripJob<T>& job = *static_cast<const StripJob<T>*>(arg);
  const MatmulParams& p = *job.params;
  alignas(64) T packed_a[kLongestStrip * round_up(kTileRows, kLanes<T>)];
  alignas(64) T buffer[kTileRows * kWidestStrip];
  T* const product = static_cast<T*>(job.operands[2]);
  const bool buffered = p.epilogue != nullptr && p.product_is_temporary && p.n <= kWidestStrip;
  const EpilogueAhead ahead(p, job.operands);
  const int64_t strips = divide_up(p.m, kTileRows);
  const int64_t first = chunk * kStripsPerChunk, last = smaller(first + kStripsPerChunk, strips);
  const auto run = [&](auto&& finish) {
    for (int64_t strip = first; strip < last; strip++) {
      const int64_t row = tile_border(p.m, strip), rows = tile_border(p.m, strip + 1) - row;
      T* const to = buffered ? buffer : product + row * p.n;
      multiply_strip(job, ahead, row, rows, packed_a, to);
      finish(to, row * p.n, (row + rows) * p.n);
    }
  };
  if (p.epilogue == nullptr) return run([](T*, int64_t, int64_t) {});
  ElementwiseRun epilogue(*p.epilogue, job.operands + 2, kTileRows * p.n);
  run([&](T* to, int64_t begin, int64_t end) {
    epilogue.move_operand(0, reinterpret_cast<char*>(to - begin));
    epilogue.run(begin, end);
  });
}

template <class T>
void multiply_by_strips(void* const* operands, const MatmulParams& p, const KernelContext& context) {
  StripJob<T> job{&p, operands, static_cast<T*>(context.scratch)};
  context.parallel(context.pool, divide_up(p.n, StripJob<T>::kPanel), pack_panel_of_b<T>, &job);
  context.parallel(context.pool, divide_up(divide_up(p.m, kTileRows), kStripsPerChunk), run_strips<T>, &job);
}

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
