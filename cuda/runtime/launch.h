// Starting a kernel from a KernelFunction, which must not throw: failures stay with the stream.
#pragma once
#include <algorithm>
#include <exception>
#include <string>

#include "cuda/runtime/stream.h"

namespace nnstack::cuda {

constexpr int kThreads = 256;  // of a block, where a kernel does not say otherwise

inline Stream& stream_of(const KernelContext& context) { return *static_cast<Stream*>(context.stream); }

// As many blocks as `items` need, `per_block` items each, but no more than fill the device some times over: kernels started
// with this walk on by the size of the grid.
inline int64_t grid_for(const KernelContext& context, int64_t items, int64_t per_block) {
  return std::min((items + per_block - 1) / per_block, int64_t(stream_of(context).multiprocessors()) * 16);
}

template <class... Parameters, class... Arguments>
void launch_on(const KernelContext& context, void (*kernel)(Parameters...), dim3 grid, int threads, Arguments&&... arguments) {
  Stream& stream = stream_of(context);
  if (stream.failed()) return;
  try {
    cudaError_t status = cudaSetDevice(stream.device());
    if (status == cudaSuccess) {
      status =
          launch(kernel, grid, dim3(static_cast<unsigned>(threads)), 0, stream.handle(), std::forward<Arguments>(arguments)...);
    }
    if (status != cudaSuccess) stream.fail(std::string("starting a kernel: ") + cudaGetErrorString(status));
  } catch (const std::exception& error) {  // the emulation reports faults inside a kernel this way
    stream.fail(error.what());
  }
}

inline dim3 blocks(int64_t count) { return dim3(static_cast<unsigned>(count)); }

}  // namespace nnstack::cuda
