// The one header through which kernel files and the plug-in's host files see CUDA: the toolkit under nvcc, the emulation of
// tests/emu under g++ -DNN_CUDA_EMU. Kernel files keep to the macros below, so that one source compiles both ways:
//   NN_SHARED(float, tile, [32][33]) for __shared__, NN_UNROLL and NN_UNROLL_BY(4) for #pragma unroll,
//   NN_NOINLINE for __noinline__, launch() for <<<>>>.
#pragma once
#ifdef NN_CUDA_EMU
#include "cuda_on_cpu.h"
#else
#include <cuda_runtime.h>

#include <utility>
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define NN_UNROLL _Pragma("unroll")
#define NN_PRAGMA(text) _Pragma(#text)
#define NN_UNROLL_BY(count) NN_PRAGMA(unroll count)
#define NN_NOINLINE __noinline__
#define NN_SHARED(T, name, ...) __shared__ T name __VA_ARGS__

template <class... P, class... A>
cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream, A&&... arguments) {
  // clang-format off: it takes <<< for comparisons
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<P>(std::forward<A>(arguments))...);
  // clang-format on
  return cudaGetLastError();
}
#endif
#endif
