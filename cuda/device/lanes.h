// Blocks whose threads work in teams: `lanes` threads (a power of two) share one output and combine what they found in shared
// memory, in a tree whose shape depends on `lanes` alone. Consecutive threads are the lanes of one output where the reduced
// elements lie side by side, else they are consecutive outputs with the same lane; either way they read side by side.
#pragma once
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

constexpr int kTeamThreads = 256;  // of every block that uses teams

struct Teams {
  int32_t lanes;
  bool lanes_first;

  __device__ int outputs() const { return kTeamThreads / lanes; }
  __device__ int lane() const { return static_cast<int>(lanes_first ? threadIdx.x % lanes : threadIdx.x / outputs()); }
  __device__ int output() const { return static_cast<int>(lanes_first ? threadIdx.x / lanes : threadIdx.x % outputs()); }
};

// The team's values combined, in every lane. All threads of the block must call.
template <class T, class Combine>
__device__ T team_reduce(const Teams& teams, T value, Combine combine) {
  NN_SHARED(T, values, [kTeamThreads]);
  int step = teams.lanes_first ? 1 : teams.outputs();
  int first = static_cast<int>(threadIdx.x) - teams.lane() * step;
  __syncthreads();  // whoever still reads the last result
  values[threadIdx.x] = value;
  for (int half = teams.lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (teams.lane() < half) values[threadIdx.x] = combine(values[threadIdx.x], values[threadIdx.x + half * step]);
  }
  __syncthreads();
  return values[first];
}

// The smallest power of two that is at least `count`, at most the threads of a block.
inline int32_t lanes_for(int64_t count) {
  int32_t lanes = 1;
  while (lanes < count && lanes < kTeamThreads) lanes *= 2;
  return lanes;
}

}  // namespace nnstack::cuda
