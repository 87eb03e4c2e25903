// result[index[j], :] += updates[j, :], in ascending j for every row and so equal in every run: positions are sorted by
// index (stable), then a team of threads adds up each run of equal indices. No atomic additions.
#include "cuda/device/indexing.h"
#include "cuda/device/lanes.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/device/radix_sort.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

int64_t chunk_count(const ScatterAddParams& p) { return (p.count + kRadixChunk - 1) / kRadixChunk; }

// Rows that do not exist get the key `rows`, behind all others.
template <class Index>
__global__ void __launch_bounds__(kThreads)
    make_keys(const ScatterAddParams p, const Index* index, uint32_t* keys, uint32_t* positions, int32_t* error) {
  for (int64_t j = first_item(); j < p.count; j += item_step()) {
    auto row = static_cast<int64_t>(index[j]);
    bool good = row >= 0 && row < p.rows;
    if (!good) atomicCAS(error, 0, static_cast<int32_t>(KernelError::index_out_of_range));
    keys[j] = static_cast<uint32_t>(good ? row : p.rows);
    positions[j] = static_cast<uint32_t>(j);
  }
}

__device__ inline float plus(float a, float b) { return a + b; }
__device__ inline double plus(double a, double b) { return a + b; }
template <class T>
__device__ T plus(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));  // wraps around
}

template <class T>
__global__ void __launch_bounds__(kTeamThreads) add_runs(const ScatterAddParams p, Teams teams, const uint32_t* keys,
                                                         const uint32_t* positions, const T* updates, T* result) {
  for (int64_t first = int64_t(blockIdx.x) * teams.outputs(); first < p.count; first += int64_t(gridDim.x) * teams.outputs()) {
    int64_t begin = first + teams.output();
    if (begin >= p.count || keys[begin] >= p.rows || (begin > 0 && keys[begin - 1] == keys[begin])) continue;
    for (int64_t i = teams.lane(); i < p.inner; i += teams.lanes) {
      T sum = T(0);
      for (int64_t j = begin; j < p.count && keys[j] == keys[begin]; ++j) sum = plus(sum, updates[positions[j] * p.inner + i]);
      result[keys[begin] * p.inner + i] = sum;
    }
  }
}

template <class T>
void add(void* const* operands, const ScatterAddParams& p, const uint32_t* keys, const uint32_t* positions,
         const KernelContext& context) {
  int32_t lanes = lanes_for(p.inner);
  launch_on(context, add_runs<T>, blocks(grid_for(context, p.count, kTeamThreads / lanes)), kTeamThreads, p, Teams{lanes, true},
            keys, positions, static_cast<const T*>(operands[1]), static_cast<T*>(operands[2]));
}

}  // namespace

void run_scatter_add(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const ScatterAddParams*>(params);
  Stream& stream = stream_of(context);
  if (p.rows * p.inner > 0) {
    auto bytes = static_cast<size_t>(p.rows * p.inner * size_of(p.type));
    cudaError_t status = cudaMemsetAsync(operands[2], 0, bytes, stream.handle());
    if (status != cudaSuccess) stream.fail(std::string("scatter_add: ") + cudaGetErrorString(status));
  }
  if (p.count == 0) return;
  if (p.rows >= UINT32_MAX || p.count > UINT32_MAX) return stream.fail("scatter_add: more than 2^32 - 2 rows or updates");

  auto* keys = static_cast<uint32_t*>(context.scratch);
  uint32_t *positions = keys + p.count, *other_keys = positions + p.count, *other_positions = other_keys + p.count;
  uint32_t* counts = other_positions + p.count;
  auto error = reinterpret_cast<int32_t*>(context.error);
  dim3 grid = blocks(grid_for(context, p.count, kThreads));
  if (p.index_type == DType::i64) {
    launch_on(context, make_keys<int64_t>, grid, kThreads, p, static_cast<const int64_t*>(operands[0]), keys, positions, error);
  } else {
    launch_on(context, make_keys<int32_t>, grid, kThreads, p, static_cast<const int32_t*>(operands[0]), keys, positions, error);
  }
  if (p.inner == 0) return;
  dim3 chunks = blocks(chunk_count(p));
  for (int shift = 0; shift < 32 && p.rows >> shift > 0; shift += 8) {
    launch_on(context, radix_count, chunks, kRadixThreads, keys, p.count, shift, counts);
    launch_on(context, running_sum, blocks(1), kRadixThreads, counts, kRadixThreads * chunk_count(p));
    launch_on(context, radix_move, chunks, kRadixThreads, keys, positions, p.count, shift, counts, other_keys, other_positions);
    std::swap(keys, other_keys);
    std::swap(positions, other_positions);
  }
  switch (p.type) {
    case DType::f32: return add<float>(operands, p, keys, positions, context);
    case DType::f64: return add<double>(operands, p, keys, positions, context);
    case DType::i8: return add<int8_t>(operands, p, keys, positions, context);
    case DType::i16: return add<int16_t>(operands, p, keys, positions, context);
    case DType::i32: return add<int32_t>(operands, p, keys, positions, context);
    case DType::i64: return add<int64_t>(operands, p, keys, positions, context);
    case DType::u8: return add<uint8_t>(operands, p, keys, positions, context);
    default: stream.fail("scatter_add: float16, bfloat16 and bool must be cast first");
  }
}

int64_t scatter_add_scratch(const void* params) {
  const auto& p = *static_cast<const ScatterAddParams*>(params);
  return static_cast<int64_t>(sizeof(uint32_t)) * (4 * p.count + kRadixThreads * chunk_count(p));
}

}  // namespace nnstack::cuda
