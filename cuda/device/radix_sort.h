// Stable sort of 32-bit keys with their positions, 8 bits a pass, least significant first: count the digits of each chunk,
// sum these up over chunks, move every element to its place. Equal keys keep their order, so what is added up in sorted order
// is added in the same order in every run.
#pragma once
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

constexpr int kRadixThreads = 256;  // also the number of digits
constexpr int kRadixChunk = 4 * kRadixThreads;

__device__ inline int radix_digit(uint32_t key, int shift) { return static_cast<int>(key >> shift & 255); }

// counts[digit][chunk]; a block for each chunk.
__global__ static void __launch_bounds__(kRadixThreads)
    radix_count(const uint32_t* keys, int64_t count, int shift, uint32_t* counts) {
  NN_SHARED(uint32_t, found, [kRadixThreads]);
  found[threadIdx.x] = 0;
  __syncthreads();
  int64_t begin = int64_t(blockIdx.x) * kRadixChunk;
  for (int64_t i = begin + threadIdx.x; i < count && i < begin + kRadixChunk; i += kRadixThreads) {
    atomicAdd(&found[radix_digit(keys[i], shift)], 1u);
  }
  __syncthreads();
  counts[int64_t(threadIdx.x) * gridDim.x + blockIdx.x] = found[threadIdx.x];
}

// Exclusive running sum in place, by one block.
__global__ static void __launch_bounds__(kRadixThreads) running_sum(uint32_t* values, int64_t count) {
  NN_SHARED(uint32_t, sums, [kRadixThreads]);
  int64_t each = (count + kRadixThreads - 1) / kRadixThreads;
  int64_t begin = each * threadIdx.x, end = begin + each < count ? begin + each : count;
  uint32_t sum = 0;
  for (int64_t i = begin; i < end; ++i) sum += values[i];
  sums[threadIdx.x] = sum;
  for (int step = 1; step < kRadixThreads; step *= 2) {
    __syncthreads();
    uint32_t before = static_cast<int>(threadIdx.x) >= step ? sums[threadIdx.x - step] : 0;
    __syncthreads();
    sums[threadIdx.x] += before;
  }
  uint32_t at = sums[threadIdx.x] - sum;
  for (int64_t i = begin; i < end; ++i) {
    uint32_t value = values[i];
    values[i] = at;
    at += value;
  }
}

// A block for each chunk; `places` is the running sum over counts.
__global__ static void __launch_bounds__(kRadixThreads)
    radix_move(const uint32_t* keys, const uint32_t* positions, int64_t count, int shift, const uint32_t* places,
               uint32_t* sorted_keys, uint32_t* sorted_positions) {
  constexpr int kWarps = kRadixThreads / 32;
  NN_SHARED(uint32_t, next, [kRadixThreads]);             // place of the next element with this digit
  NN_SHARED(uint32_t, in_warp, [kWarps][kRadixThreads]);  // how many elements of this round a warp has for a digit
  int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  next[threadIdx.x] = places[int64_t(threadIdx.x) * gridDim.x + blockIdx.x];
  for (int w = 0; w < kWarps; ++w) in_warp[w][threadIdx.x] = 0;
  __syncthreads();
  for (int round = 0; round < kRadixChunk / kRadixThreads; ++round) {
    int64_t i = int64_t(blockIdx.x) * kRadixChunk + round * kRadixThreads + threadIdx.x;
    bool valid = i < count;
    uint32_t key = valid ? keys[i] : 0;
    int digit = radix_digit(key, shift);
    unsigned peers = __ballot_sync(0xffffffffu, valid);  // lanes with the same digit
    for (int bit = 0; bit < 8; ++bit) {
      bool set = digit >> bit & 1;
      unsigned same = __ballot_sync(0xffffffffu, set);
      peers &= set ? same : ~same;
    }
    unsigned earlier = peers & ((1u << lane) - 1);
    if (valid && earlier == 0) in_warp[warp][digit] = static_cast<uint32_t>(__popc(peers));
    __syncthreads();
    if (valid) {
      uint32_t place = next[digit] + static_cast<uint32_t>(__popc(earlier));
      for (int w = 0; w < warp; ++w) place += in_warp[w][digit];
      sorted_keys[place] = key;
      sorted_positions[place] = positions[i];
    }
    __syncthreads();
    for (int w = 0; w < kWarps; ++w) {
      next[threadIdx.x] += in_warp[w][threadIdx.x];
      in_warp[w][threadIdx.x] = 0;
    }
    __syncthreads();
  }
}

}  // namespace nnstack::cuda
