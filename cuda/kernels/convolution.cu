// Convolutions as products of a matrix that is never made: its rows are places (for the gradient of the kernel: window places
// and channels), its columns are what is summed over, and every element is found in the image when a tile is loaded. The tile
// is that of matmul.cu. Sums run in a fixed order and no atomics are used: the same bits in every run.
#include "cuda/device/nn_cuda.h"
#include "cuda/device/windows.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

constexpr int kTile = 64;   // of the product, rows and columns
constexpr int kDepth = 16;  // of the sum at a time
constexpr int kEach = 4;    // a thread computes kEach x kEach elements
static_assert(kTile / kEach * (kTile / kEach) == kThreads);

// What is multiplied, for one group: m x k by k x n.
struct Sizes {
  int64_t m, n, k;
  int64_t inputs, outputs, channels, filters;  // places; channels and filters of one group
};

// Element (row, kk) of the left and (kk, column) of the right matrix. Each division is by a number that is the same for
// all threads of a launch.
template <class T, ConvolutionPass Pass>
__device__ T left_element(const ConvolutionParams& p, const Sizes& s, const T* a, int64_t group, int64_t row, int64_t kk) {
  if (Pass == ConvolutionPass::forward) {  // row: image and output place; kk: tap and channel
    int64_t place = input_place(p.at, unflatten(row % s.outputs, p.at.output), unflatten(kk / s.channels, p.at.window));
    if (place < 0) return T(0);
    return a[(row / s.outputs * s.inputs + place) * p.channels + group * s.channels + kk % s.channels];
  }
  if (Pass == ConvolutionPass::input_gradient) {  // row: image and input place; kk: tap and filter
    int64_t place = output_place(p.at, unflatten(row % s.inputs, p.at.input), unflatten(kk / s.filters, p.at.window));
    if (place < 0) return T(0);
    return a[(row / s.inputs * s.outputs + place) * p.filters + group * s.filters + kk % s.filters];
  }
  // row: tap and channel; kk: image and output place
  int64_t place = input_place(p.at, unflatten(kk % s.outputs, p.at.output), unflatten(row / s.channels, p.at.window));
  if (place < 0) return T(0);
  return a[(kk / s.outputs * s.inputs + place) * p.channels + group * s.channels + row % s.channels];
}

template <class T, ConvolutionPass Pass>
__device__ T right_element(const ConvolutionParams& p, const Sizes& s, const T* b, int64_t group, int64_t kk, int64_t column) {
  if (Pass == ConvolutionPass::input_gradient)  // w[tap, channel, filter]
    return b[(kk / s.filters * s.channels + column) * p.filters + group * s.filters + kk % s.filters];
  return b[kk * p.filters + group * s.filters + column];  // w[tap and channel, filter], or dy[place, filter]
}

template <class T, ConvolutionPass Pass>
__device__ int64_t result_index(const ConvolutionParams& p, const Sizes& s, int64_t group, int64_t row, int64_t column) {
  if (Pass == ConvolutionPass::input_gradient) return row * p.channels + group * s.channels + column;
  return row * p.filters + group * s.filters + column;
}

// blockIdx.z: the part of the sum that this block does, into parts[z] (Parts: only the kernel's gradient has more than one).
template <class T, ConvolutionPass Pass>
__global__ void __launch_bounds__(kThreads) convolve(const ConvolutionParams p, const Sizes s, int64_t part_size,
                                                     int64_t part_elements, const T* a, const T* b, T* result) {
  NN_SHARED(T, a_tile, [kDepth][kTile + 1]);
  NN_SHARED(T, b_tile, [kDepth][kTile + 1]);
  int64_t tiles_n = (s.n + kTile - 1) / kTile;
  int64_t first_m = blockIdx.x / tiles_n * kTile, first_n = blockIdx.x % tiles_n * kTile;
  int64_t group = blockIdx.y, begin = blockIdx.z * part_size, end = begin + part_size < s.k ? begin + part_size : s.k;
  int row = static_cast<int>(threadIdx.x) / (kTile / kEach), column = static_cast<int>(threadIdx.x) % (kTile / kEach);
  T sums[kEach][kEach] = {};
  for (int64_t first_k = begin; first_k < end; first_k += kDepth) {
    NN_UNROLL_BY(1)
    for (int e = static_cast<int>(threadIdx.x); e < kTile * kDepth; e += kThreads) {
      // Neighbouring threads read what lies side by side: channels, which are columns here and rows in the kernel's gradient.
      bool by_rows = Pass == ConvolutionPass::kernel_gradient;
      int i = by_rows ? e % kTile : e / kDepth, kk = by_rows ? e / kTile : e % kDepth;
      bool inside = first_m + i < s.m && first_k + kk < end;
      a_tile[kk][i] = inside ? left_element<T, Pass>(p, s, a, group, first_m + i, first_k + kk) : T(0);
      bool by_columns = Pass != ConvolutionPass::input_gradient;
      int j = by_columns ? e % kTile : e / kDepth, kb = by_columns ? e / kTile : e % kDepth;
      inside = first_n + j < s.n && first_k + kb < end;
      b_tile[kb][j] = inside ? right_element<T, Pass>(p, s, b, group, first_k + kb, first_n + j) : T(0);
    }
    __syncthreads();
    NN_UNROLL_BY(4)
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
      if (m < s.m && n < s.n) result[blockIdx.z * part_elements + result_index<T, Pass>(p, s, group, m, n)] = sums[i][j];
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) add_parts(int64_t elements, int64_t parts, const T* from, T* result) {
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < elements; i += int64_t(gridDim.x) * kThreads) {
    T sum = from[i];
    for (int64_t part = 1; part < parts; ++part) sum += from[part * elements + i];
    result[i] = sum;
  }
}

Sizes sizes_of(const ConvolutionParams& p) {
  Sizes s{};
  s.inputs = product(p.at.input);
  s.outputs = product(p.at.output);
  s.channels = p.channels / p.groups;
  s.filters = p.filters / p.groups;
  const int64_t taps = product(p.at.window);
  switch (p.pass) {
    case ConvolutionPass::forward: s.m = p.at.batch * s.outputs, s.n = s.filters, s.k = taps * s.channels; break;
    case ConvolutionPass::input_gradient: s.m = p.at.batch * s.inputs, s.n = s.channels, s.k = taps * s.filters; break;
    case ConvolutionPass::kernel_gradient: s.m = taps * s.channels, s.n = s.filters, s.k = p.at.batch * s.outputs; break;
  }
  return s;
}

int64_t tiles_of(const Sizes& s) { return ((s.m + kTile - 1) / kTile) * ((s.n + kTile - 1) / kTile); }

// The gradient of a kernel has few elements and long sums: parts of them are done at once, and added afterwards in order.
int64_t parts_of(const ConvolutionParams& p, const Sizes& s) {
  if (p.pass != ConvolutionPass::kernel_gradient) return 1;
  return std::max<int64_t>(1, std::min<int64_t>({512 / std::max<int64_t>(1, tiles_of(s) * p.groups), s.k / 256, 256}));
}
int64_t elements_of(const ConvolutionParams& p, const Sizes& s) { return s.m * s.n * p.groups; }

template <class T, ConvolutionPass Pass>
void run(void* const* operands, const ConvolutionParams& p, const KernelContext& context) {
  const Sizes s = sizes_of(p);
  const int64_t elements = elements_of(p, s), parts = parts_of(p, s);
  if (elements == 0) return;
  const int64_t part_size = ((s.k + parts - 1) / parts + kDepth - 1) / kDepth * kDepth;
  T* result = static_cast<T*>(operands[2]);
  dim3 grid(static_cast<unsigned>(tiles_of(s)), static_cast<unsigned>(p.groups), static_cast<unsigned>(parts));
  launch_on(context, convolve<T, Pass>, grid, kThreads, p, s, part_size, elements, static_cast<const T*>(operands[0]),
            static_cast<const T*>(operands[1]), parts == 1 ? result : static_cast<T*>(context.scratch));
  if (parts == 1) return;
  launch_on(context, add_parts<T>, blocks(grid_for(context, elements, kThreads)), kThreads, elements, parts,
            static_cast<const T*>(context.scratch), result);
}

template <class T>
void run(void* const* operands, const ConvolutionParams& p, const KernelContext& context) {
  switch (p.pass) {
    case ConvolutionPass::forward: return run<T, ConvolutionPass::forward>(operands, p, context);
    case ConvolutionPass::input_gradient: return run<T, ConvolutionPass::input_gradient>(operands, p, context);
    case ConvolutionPass::kernel_gradient: return run<T, ConvolutionPass::kernel_gradient>(operands, p, context);
  }
}

}  // namespace

void run_convolution(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const ConvolutionParams*>(params);
  p.type == DType::f64 ? run<double>(operands, p, context) : run<float>(operands, p, context);
  if (p.epilogue) run_elementwise(operands + 2, p.epilogue, context);
}

int64_t convolution_scratch(const void* params) {
  const auto& p = *static_cast<const ConvolutionParams*>(params);
  const Sizes s = sizes_of(p);
  const int64_t parts = parts_of(p, s);
  return parts == 1 ? 0 : parts * elements_of(p, s) * size_of(p.type);
}

}  // namespace nnstack::cuda
