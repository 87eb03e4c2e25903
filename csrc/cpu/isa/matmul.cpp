// Matrix products. The sizes alone decide on blocks, chunks and order of summation, hence the bits of the result. Blocks of
// k keep a panel of B in the first-level cache while the tiles of a block of rows pass over it.
#include "cpu/blas.h"
#include "cpu/isa/elementwise.h"
#include "cpu/isa/gemv.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/strips.h"
#include "cpu/isa/tile.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kLongestStep = kVectorBytes == 64 ? 256 : 384;  // a panel of B is 2 vectors wide: 32 kB, 24 kB or 12 kB
constexpr double kChunkWork = 16e6;
constexpr int64_t kLongestRowBlock = 256;
constexpr int64_t kRowsWorthPacking = 48;
constexpr double kWorthBlas = 2e9;  // from here on OpenBLAS's second level of blocking pays: 1.0 to 1.3 times our speed
constexpr int64_t kLeastBlasSize = 512;
constexpr int64_t kBlasBlock = 512;

constexpr int64_t kColumnsWorthCopying = 128;  // for which a copy of A is worth its time
constexpr int64_t kAliasBytes = 2048;          // rows this far apart, or a multiple, fall into few sets of the cache
constexpr int64_t kAliasPadding = 16;

struct Split {  // of one product into chunks
  int64_t row_blocks, row_block, column_blocks, column_block, products_per_chunk, chunks;
};

bool uses_blas(const MatmulParams& p) {
  const int64_t least = smaller(p.m, smaller(p.n, p.k)), most = larger(p.m, larger(p.n, p.k));
  return work_of(p) >= kWorthBlas && least >= kLeastBlasSize && most < INT32_MAX && blas() != nullptr &&
         blas()->vector_bytes >= kVectorBytes;
}

template <class T>
Split split_work(const MatmulParams& p) {
  const double work = work_of(p);
  const int64_t panel = 4 * kLanes<T>;  // what combine_rows() and whole panels ask of borders
  Split s{1, p.m, 1, p.n, p.batch, 1};
  if (work * static_cast<double>(p.batch) < kWorthForking) return s;
  if (work <= kChunkWork / 2 && p.batch > 1) {
    s.products_per_chunk = larger<int64_t>(1, static_cast<int64_t>(kChunkWork / 2 / larger(work, 1.0)));
    s.chunks = divide_up(p.batch, s.products_per_chunk);
    return s;
  }
  s.products_per_chunk = 1;
  if (uses_blas(p)) {
    s.row_block = round_up(divide_up(p.m, divide_up(p.m, kBlasBlock)), panel);
    s.column_block = round_up(divide_up(p.n, divide_up(p.n, kBlasBlock)), panel);
    s.row_blocks = divide_up(p.m, s.row_block);
    s.column_blocks = divide_up(p.n, s.column_block);
    s.chunks = p.batch * s.row_blocks * s.column_blocks;
    return s;
  }
  s.row_blocks = divide_up(p.m, kLongestRowBlock);
  s.row_block = round_up(divide_up(p.m, s.row_blocks), p.n == 1 ? panel : kTileRows);
  s.row_blocks = divide_up(p.m, s.row_block);
  const double per_column = 2.0 * static_cast<double>(s.row_block) * static_cast<double>(p.k);
  const int64_t columns = round_up(larger<int64_t>(1, static_cast<int64_t>(kChunkWork / larger(per_column, 1.0))), panel);
  s.column_block = smaller(larger(columns, panel), 512 / panel * panel);
  s.column_block = round_up(divide_up(p.n, divide_up(p.n, s.column_block)), panel);
  s.column_blocks = divide_up(p.n, s.column_block);
  s.chunks = p.batch * s.row_blocks * s.column_blocks;
  return s;
}

// Steps of a packed tile of A are this far apart.
template <class T>
constexpr int64_t kPackedRows = round_up(kTileRows, kLanes<T>);

// A is copied where its strides would be slow: a transposed one tile by tile, in the order in which tiles read it; one whose
// rows collide in the cache with padded rows. Otherwise tiles are fastest straight from A.
bool copies_a(const MatmulParams& p) {
  if (!p.transpose_a && p.k * size_of(p.type) % kAliasBytes != 0) return false;
  return p.n >= kColumnsWorthCopying && p.m > 3 && p.k > 1 && (p.batch == 1 || p.a_batch_stride == 0) &&
         work_of(p) >= kWorthForking && !uses_blas(p);
}

template <class T>
struct Job {
  const MatmulParams* params;
  Split split;
  const T* a;
  const T* b;
  T* c;
  T* copy_of_a;  // [tile of rows][k][kPackedRows] of a transposed one, else [m][k + kAliasPadding]; or null
  void* const* operands;
  bool blas;
};

template <class T>
void multiply_block(const Job<T>& job, const T* a, const T* b, T* c, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  const MatmulParams& p = *job.params;
  constexpr int64_t kPanel = 2 * kLanes<T>;
  alignas(64) T packed[kLongestStep * kPanel];
  const int64_t rows = m1 - m0;
  const int64_t tiles = divide_up(rows, kTileRows);
  const int64_t steps = divide_up(p.k, larger<int64_t>(1, divide_up(p.k, kLongestStep)));
  const bool transposed = p.transpose_b && p.k != 1;  // [n, 1] is [1, n]
  TileArguments<T> t;
  const bool tiles_of_a = p.transpose_a && job.copy_of_a != nullptr;
  if (!p.transpose_a)
    t.a_stride = job.copy_of_a != nullptr ? p.k + kAliasPadding : p.k;
  else
    t.a_stride = tiles_of_a ? kPackedRows<T> : p.m;
  if (!p.transpose_a && job.copy_of_a != nullptr) a = job.copy_of_a;
  const auto& functions = kTiles<T>.functions[p.transpose_a ? 1 : 0];
  t.c_row = p.n;
  int64_t k = 0;
  do {
    const int64_t block = smaller(steps, p.k - k);
    t.segments = block > 0 && block % kSegment == 0 && !p.transpose_a ? block / kSegment : 1;
    t.steps = block / t.segments;
    t.start = k == 0;
    for (int64_t j = n0; j < n1; j += kPanel) {
      const int64_t columns = smaller(kPanel, n1 - j);
      const int64_t vectors = divide_up(columns, kLanes<T>);
      const int64_t width = vectors * kLanes<T>;
      t.columns = static_cast<int>(columns);
      t.b = packed;
      t.b_step = width;
      const bool packs = !transposed && columns == kPanel && rows >= kRowsWorthPacking;  // the first tile does it
      if (packs) {
        t.packed = packed;
      } else if (transposed) {
        pack_panel_transposed(packed, width, b + j * p.k + k, p.k, block, columns);
      } else if (columns < width || rows >= kRowsWorthPacking) {
        pack_panel(packed, width, b + k * p.n + j, p.n, block, columns);
      } else {
        t.b = b + k * p.n + j;
        t.b_step = p.n;
      }
      // While they compute, the tiles ask for the rows of B that are packed next.
      const bool more = j + kPanel < n1;
      const T* next_b = more ? b + k * p.n + j + kPanel : b + (k + block) * p.n + n0;
      int64_t wanted = packs && t.segments > 1 && (more || k + block < p.k) ? block : 0;
      t.ahead_pitch = p.n;
      t.ahead_count = divide_up(wanted, tiles * t.segments);
      int64_t row = m0;
      for (int64_t i = 0; i < tiles; i++) {
        t.ahead = next_b;
        next_b += t.segments * t.ahead_count * p.n;
        wanted -= t.segments * t.ahead_count;
        const int64_t next = m0 + tile_border(rows, i + 1);
        if (tiles_of_a)
          t.a = job.copy_of_a + ((m0 / kTileRows + i) * p.k + k) * kPackedRows<T>;
        else
          t.a = p.transpose_a ? a + k * t.a_stride + row : a + row * t.a_stride + k;
        t.c = c + row * p.n + j;
        if (packs && i == 0) {
          t.b = b + k * p.n + j;
          t.b_step = p.n;
          kTiles<T>.packing[p.transpose_a ? 1 : 0][next - row - 1](t);
          t.b = packed;
          t.b_step = width;
        } else {
          functions[next - row - 1][vectors - 1](t);
        }
        if (wanted <= 0) t.ahead_count = 0;
        row = next;
      }
    }
    k += block;
  } while (k < p.k);
}

// Products with one row or one column.
template <class T>
bool multiply_vector(const MatmulParams& p, const T* a, const T* b, T* c, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  if (p.n == 1) {
    if (p.transpose_a && p.m != 1)
      combine_rows(c, b, a, p.m, p.k, m0, m1);
    else
      dot_rows(c, b, a, p.k, p.k, m0, m1);
    return true;
  }
  if (p.m == 1) {
    if (p.transpose_b)
      dot_rows(c, a, b, p.k, p.k, n0, n1);
    else
      combine_rows(c, a, b, p.n, p.k, n0, n1);
    return true;
  }
  if (p.transpose_b && !p.transpose_a && p.m <= 3 && p.k != 1) {  // too few rows to pay for a transposition
    for (int64_t row = m0; row < m1; row++) dot_rows(c + row * p.n, a + row * p.k, b, p.k, p.k, n0, n1);
    return true;
  }
  return false;
}

template <class T>
void multiply_with_blas(const MatmulParams& p, const T* a, const T* b, T* c, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  const T* from_a = p.transpose_a ? a + m0 : a + m0 * p.k;
  const T* from_b = p.transpose_b ? b + n0 * p.k : b + n0;
  const int form_a = p.transpose_a ? kBlasTransposed : kBlasPlain, form_b = p.transpose_b ? kBlasTransposed : kBlasPlain;
  const int m = static_cast<int>(m1 - m0), n = static_cast<int>(n1 - n0), k = static_cast<int>(p.k);
  const int a_row = static_cast<int>(p.transpose_a ? p.m : p.k), b_row = static_cast<int>(p.transpose_b ? p.k : p.n);
  const auto gemm = [] {
    if constexpr (sizeof(T) == 4)
      return blas()->sgemm;
    else
      return blas()->dgemm;
  }();
  gemm(kBlasRowMajor, form_a, form_b, m, n, k, 1, from_a, a_row, from_b, b_row, 0, c + m0 * p.n + n0, static_cast<int>(p.n));
}

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  const Job<T>& job = *static_cast<const Job<T>*>(arg);
  const MatmulParams& p = *job.params;
  const Split& s = job.split;
  const int64_t blocks = s.row_blocks * s.column_blocks;
  const int64_t first = chunk / blocks * s.products_per_chunk, last = smaller(first + s.products_per_chunk, p.batch);
  const int64_t block = chunk % blocks;
  const int64_t m0 = block / s.column_blocks * s.row_block, n0 = block % s.column_blocks * s.column_block;
  const int64_t m1 = smaller(m0 + s.row_block, p.m), n1 = smaller(n0 + s.column_block, p.n);
  for (int64_t i = first; i < last; i++) {
    const T* a = job.a + i * p.a_batch_stride;
    const T* b = job.b + i * p.b_batch_stride;
    T* c = job.c + i * p.m * p.n;
    if (job.blas)
      multiply_with_blas(p, a, b, c, m0, m1, n0, n1);
    else if (!multiply_vector(p, a, b, c, m0, m1, n0, n1))
      multiply_block(job, a, b, c, m0, m1, n0, n1);
  }
  if (p.epilogue == nullptr) return;
  const bool whole_rows = n0 == 0 && n1 == p.n;
  const int64_t begin = (first * p.m + m0) * p.n, end = ((last - 1) * p.m + m1) * p.n;
  ElementwiseRun epilogue(*p.epilogue, job.operands + 2, whole_rows ? end - begin : n1 - n0);
  if (whole_rows) {
    epilogue.run(begin, end);
  } else {
    for (int64_t row = first * p.m + m0; row < (last - 1) * p.m + m1; row++) epilogue.run(row * p.n + n0, row * p.n + n1);
  }
}

template <class T>
void copy_tile_of_a(void* arg, int64_t index) {
  const Job<T>& job = *static_cast<const Job<T>*>(arg);
  const MatmulParams& p = *job.params;
  if (p.transpose_a) {
    const int64_t m0 = index * kTileRows / job.split.row_block * job.split.row_block;  // of the block of rows
    const int64_t rows = smaller(job.split.row_block, p.m - m0);
    const int64_t row = m0 + tile_border(rows, index - m0 / kTileRows);
    T* to = job.copy_of_a + index * p.k * kPackedRows<T>;
    pack_panel(to, kPackedRows<T>, job.a + row, p.m, p.k, smaller(kPackedRows<T>, p.m - row));
  } else {
    const int64_t end = smaller((index + 1) * kTileRows, p.m);
    for (int64_t row = index * kTileRows; row < end; row++) {
      __builtin_memcpy(job.copy_of_a + row * (p.k + kAliasPadding), job.a + row * p.k, static_cast<size_t>(p.k) * sizeof(T));
    }
  }
}

template <class T>
void multiply(void* const* operands, const MatmulParams& p, const KernelContext& context) {
  if (by_strips<T>(p) && !uses_blas(p)) return multiply_by_strips<T>(operands, p, context);
  Job<T> job;
  job.params = &p;
  job.split = split_work<T>(p);
  job.a = static_cast<const T*>(operands[0]);
  job.b = static_cast<const T*>(operands[1]);
  job.c = static_cast<T*>(operands[2]);
  job.copy_of_a = copies_a(p) ? static_cast<T*>(context.scratch) : nullptr;
  job.operands = operands;
  job.blas = uses_blas(p);
  if (job.copy_of_a != nullptr) context.parallel(context.pool, divide_up(p.m, kTileRows), copy_tile_of_a<T>, &job);
  if (job.split.chunks == 1) {
    run_chunk<T>(&job, 0);
  } else {
    context.parallel(context.pool, job.split.chunks, run_chunk<T>, &job);
  }
}

}  // namespace

void matmul(void* const* operands, const void* raw_params, const KernelContext& context) {
  const MatmulParams& params = *static_cast<const MatmulParams*>(raw_params);
  if (params.batch == 0 || params.m == 0 || params.n == 0) return;
  if (params.type == DType::f64)
    multiply<double>(operands, params, context);
  else
    multiply<float>(operands, params, context);
}

const char* matmul_implementation(const void* raw_params) {
  const MatmulParams& p = *static_cast<const MatmulParams*>(raw_params);
  if (uses_blas(p)) return "OpenBLAS";
  if (p.type == DType::f64 ? by_strips<double>(p) : by_strips<float>(p)) return "strips";
  return p.m == 1 || p.n == 1 ? "vector" : "tiles";
}

int64_t matmul_scratch(const void* raw_params) {
  const MatmulParams& params = *static_cast<const MatmulParams*>(raw_params);
  const bool wide = params.type == DType::f64;
  if (!uses_blas(params) && (wide ? by_strips<double>(params) : by_strips<float>(params))) {
    return wide ? strips_scratch<double>(params) : strips_scratch<float>(params);
  }
  if (!copies_a(params)) return 0;
  if (!params.transpose_a) return params.m * (params.k + kAliasPadding) * size_of(params.type);
  const int64_t rows = params.type == DType::f64 ? kPackedRows<double> : kPackedRows<float>;
  return divide_up(params.m, kTileRows) * params.k * rows * size_of(params.type);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
