// Places of windows over images; see WindowParams.
#pragma once
#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

__host__ __device__ inline int64_t product(const int64_t (&values)[3]) { return values[0] * values[1] * values[2]; }

struct Place {
  int64_t at[3];
};

// Index i of row-major sizes.
__device__ inline Place unflatten(int64_t i, const int64_t (&sizes)[3]) {
  return {{i / (sizes[1] * sizes[2]), i / sizes[2] % sizes[1], i % sizes[2]}};
}

// The row-major index of the input place that window place `tap` of output place `output` looks at; -1 outside.
__device__ inline int64_t input_place(const WindowParams& w, const Place& output, const Place& tap) {
  int64_t index = 0;
  NN_UNROLL
  for (int d = 0; d < 3; ++d) {
    int64_t at = output.at[d] * w.stride[d] - w.before[d] + tap.at[d] * w.dilation[d];
    if (at < 0 || at >= w.input[d]) return -1;
    index = index * w.input[d] + at;
  }
  return index;
}

// The row-major index of the output place that looks at `input` through `tap`; -1 if there is none.
__device__ inline int64_t output_place(const WindowParams& w, const Place& input, const Place& tap) {
  int64_t index = 0;
  NN_UNROLL
  for (int d = 0; d < 3; ++d) {
    int64_t at = input.at[d] + w.before[d] - tap.at[d] * w.dilation[d];
    if (at < 0 || at % w.stride[d] != 0 || at / w.stride[d] >= w.output[d]) return -1;
    index = index * w.output[d] + at / w.stride[d];
  }
  return index;
}

}  // namespace nnstack::cuda
