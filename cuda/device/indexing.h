// From the number of an element to where it lies.
#pragma once
#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

// Offset of element i (row-major) of `dims` in an array with these strides. Divisions of 32 bits are several times faster.
template <class Unsigned>
__device__ int64_t offset_of(Unsigned i, const int64_t* dims, const int64_t* strides, int rank) {
  int64_t offset = 0;
  for (int d = rank - 1; d > 0; --d) {
    auto size = static_cast<Unsigned>(dims[d]);
    Unsigned rest = i / size;
    offset += static_cast<int64_t>(i - rest * size) * strides[d];
    i = rest;
  }
  return rank > 0 ? offset + static_cast<int64_t>(i) * strides[0] : 0;
}

__device__ inline int64_t element_offset(int64_t i, int64_t size, const int64_t* dims, const int64_t* strides, int rank) {
  return size <= UINT32_MAX ? offset_of(static_cast<uint32_t>(i), dims, strides, rank)
                            : offset_of(static_cast<uint64_t>(i), dims, strides, rank);
}

// First item and step of a thread that walks through more items than there are threads.
__device__ inline int64_t first_item() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t item_step() { return int64_t(gridDim.x) * blockDim.x; }

}  // namespace nnstack::cuda
