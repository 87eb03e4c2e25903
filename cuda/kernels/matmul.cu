// Matrix products: cuBLASLt where it is there, else the tiled kernel below, which also serves the emulation. Then the
// epilogue, an elementwise program over the product.
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/blas.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

constexpr int kTile = 64;   // of the product, rows and columns
constexpr int kDepth = 16;  // of k at a time
constexpr int kEach = 4;    // a thread computes kEach x kEach elements
static_assert(kTile / kEach * (kTile / kEach) == kThreads);

// Element (i, k) of op(a), element (k, j) of op(b).
struct Strides {
  int64_t a_row, a_column, b_row, b_column;
};

// One tile of op(matrix) into shared memory; what lies outside is zero. Consecutive threads read what lies side by side.
template <class T>
__device__ void load_tile(T (&tile)[kDepth][kTile + 1], const T* matrix, int64_t first, int64_t count, int64_t stride,
                          int64_t first_k, int64_t k, int64_t k_stride) {
  NN_UNROLL_BY(1)  // the addresses of several rounds at once would spill
  for (int e = static_cast<int>(threadIdx.x); e < kTile * kDepth; e += kThreads) {
    int i = k_stride == 1 ? e / kDepth : e % kTile, kk = k_stride == 1 ? e % kDepth : e / kTile;
    bool inside = first + i < count && first_k + kk < k;
    tile[kk][i] = inside ? matrix[(first + i) * stride + (first_k + kk) * k_stride] : T(0);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) matmul(const MatmulParams p, Strides strides, const T* a, const T* b, T* product) {
  NN_SHARED(T, a_tile, [kDepth][kTile + 1]);
  NN_SHARED(T, b_tile, [kDepth][kTile + 1]);
  int64_t tiles_n = (p.n + kTile - 1) / kTile;
  int64_t first_m = blockIdx.x / tiles_n * kTile, first_n = blockIdx.x % tiles_n * kTile;
  int row = static_cast<int>(threadIdx.x) / (kTile / kEach), column = static_cast<int>(threadIdx.x) % (kTile / kEach);
  for (int64_t batch = blockIdx.y; batch < p.batch; batch += gridDim.y) {
    T sums[kEach][kEach] = {};
    for (int64_t first_k = 0; first_k < p.k; first_k += kDepth) {
      load_tile(a_tile, a + batch * p.a_batch_stride, first_m, p.m, strides.a_row, first_k, p.k, strides.a_column);
      load_tile(b_tile, b + batch * p.b_batch_stride, first_n, p.n, strides.b_column, first_k, p.k, strides.b_row);
      __syncthreads();
      NN_UNROLL_BY(4)  // in full it would spill
      for (int kk = 0; kk < kDepth; ++kk) {
        T left[kEach], right[kEach];
        NN_UNROLL
        for (int i = 0; i < kEach; ++i) {
          left[i] = a_tile[kk][row + i * (kTile / kEach)];
          right[i] = b_tile[kk][column + i * (kTile / kEach)];
        }
        NN_UNROLL
        for (int i = 0; i < kEach; ++i) {
          NN_UNROLL
          for (int j = 0; j < kEach; ++j) sums[i][j] += left[i] * right[j];
        }
      }
      __syncthreads();
    }
    NN_UNROLL
    for (int i = 0; i < kEach; ++i) {
      NN_UNROLL
      for (int j = 0; j < kEach; ++j) {
        int64_t m = first_m + row + i * (kTile / kEach), n = first_n + column + j * (kTile / kEach);
        if (m < p.m && n < p.n) product[(batch * p.m + m) * p.n + n] = sums[i][j];
      }
    }
  }
}

template <class T>
void run_tiled(void* const* operands, const MatmulParams& p, const KernelContext& context) {
  Strides strides = {p.transpose_a ? 1 : p.k, p.transpose_a ? p.m : 1, p.transpose_b ? 1 : p.n, p.transpose_b ? p.k : 1};
  int64_t tiles = ((p.m + kTile - 1) / kTile) * ((p.n + kTile - 1) / kTile);
  dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(std::min<int64_t>(p.batch, 65535)));
  launch_on(context, matmul<T>, grid, kThreads, p, strides, static_cast<const T*>(operands[0]),
            static_cast<const T*>(operands[1]), static_cast<T*>(operands[2]));
}

}  // namespace

void run_matmul(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const MatmulParams*>(params);
  if (p.batch == 0 || p.m == 0 || p.n == 0) return;
  Stream& stream = stream_of(context);
  if (stream.failed()) return;
  if (p.k == 0 || !blas_matmul(stream, p, operands[0], operands[1], operands[2])) {
    p.type == DType::f64 ? run_tiled<double>(operands, p, context) : run_tiled<float>(operands, p, context);
  }
  if (p.epilogue) run_elementwise(operands + 2, p.epilogue, context);
}

}  // namespace nnstack::cuda
