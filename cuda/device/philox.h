// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), with the key and counter that
// base/kernel.h lays down.
#pragma once
#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

struct RandomBlock {
  uint32_t word[4];
};

__device__ inline RandomBlock philox(const int64_t* state, uint64_t block, uint32_t stream) {
  auto seed = static_cast<uint64_t>(state[0]), count = static_cast<uint64_t>(state[1]);
  auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32) ^ static_cast<uint32_t>(count >> 32);
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32), c2 = static_cast<uint32_t>(count),
           c3 = stream;
  NN_UNROLL
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key0;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

__device__ inline float uniform_f32(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

__device__ inline double uniform_f64(const RandomBlock& random, int64_t i) {
  const uint32_t* pair = random.word + 2 * (i & 1);
  return static_cast<double>((uint64_t{pair[1]} << 32 | pair[0]) >> 11) * 0x1p-53;
}

}  // namespace nnstack::cuda
