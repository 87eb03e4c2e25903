// Rows sorted: a block for each row, a bitonic network on the numbers of its columns (K. Batcher, "Sorting networks and their
// applications", 1968). Equal elements are ordered by their columns, which makes it stable.
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

constexpr int64_t kMostBlocks = 256;

int64_t padded(int64_t columns) {
  int64_t size = 1;
  while (size < columns) size *= 2;
  return size;
}

// Columns beyond the row come last.
template <class T>
struct Before {
  const T* x;
  int64_t columns;
  bool descending;
  __device__ bool operator()(int64_t i, int64_t j) const {
    if (i >= columns || j >= columns) return i < j;
    T a = descending ? x[j] : x[i], b = descending ? x[i] : x[j];
    bool less = a == a && (b != b || a < b), greater = b == b && (a != a || b < a);
    return less || (!greater && i < j);
  }
};

// One block a processor is enough: by default nvcc saves registers for more, and spills.
template <class T>
__global__ void __launch_bounds__(kThreads, 1)
    sort(const SortParams p, int64_t size, const T* source, T* values, int64_t* columns, int64_t* scratch) {
  int64_t* order = scratch + int64_t(blockIdx.x) * size;
  for (int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    Before<T> before{source + row * p.columns, p.columns, p.descending};
    for (int64_t i = threadIdx.x; i < size; i += blockDim.x) order[i] = i;
    __syncthreads();
    for (int64_t run = 2; run <= size; run *= 2) {
      for (int64_t distance = run / 2; distance > 0; distance /= 2) {
        for (int64_t pair = threadIdx.x; pair < size / 2; pair += blockDim.x) {
          int64_t low = pair / distance * distance * 2 + pair % distance, high = low + distance;
          int64_t a = order[low], b = order[high];
          bool upwards = (low & run) == 0;
          if (before(b, a) == upwards) {
            order[low] = b;
            order[high] = a;
          }
        }
        __syncthreads();
      }
    }
    for (int64_t k = threadIdx.x; k < p.count; k += blockDim.x) {
      columns[row * p.count + k] = order[k];
      values[row * p.count + k] = before.x[order[k]];
    }
    __syncthreads();
  }
}

template <class T>
void run(void* const* operands, const SortParams& p, const KernelContext& context) {
  if (p.rows * p.count == 0) return;
  launch_on(context, sort<T>, blocks(std::min(p.rows, kMostBlocks)), kThreads, p, padded(p.columns),
            static_cast<const T*>(operands[0]), static_cast<T*>(operands[1]), static_cast<int64_t*>(operands[2]),
            static_cast<int64_t*>(context.scratch));
}

}  // namespace

int64_t sort_scratch(const void* params) {
  const auto& p = *static_cast<const SortParams*>(params);
  return std::min(p.rows, kMostBlocks) * padded(p.columns) * int64_t(sizeof(int64_t));
}

void run_sort(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const SortParams*>(params);
  switch (p.type) {
    case DType::f32: return run<float>(operands, p, context);
    case DType::f64: return run<double>(operands, p, context);
    case DType::i8: return run<int8_t>(operands, p, context);
    case DType::i16: return run<int16_t>(operands, p, context);
    case DType::i32: return run<int32_t>(operands, p, context);
    case DType::i64: return run<int64_t>(operands, p, context);
    case DType::u8:
    case DType::b8: return run<uint8_t>(operands, p, context);
    case DType::f16:
    case DType::bf16: stream_of(context).fail("sort: float16 and bfloat16 must be cast to float32 first");
  }
}

}  // namespace nnstack::cuda
