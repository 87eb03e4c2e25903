// Compiles CUDA kernel source with g++ and runs it on the CPU, for correctness tests without a GPU.
// Every CUDA thread is a fiber; blocks run one after another; a barrier or warp collective suspends the fiber.
// Works plain, with -fsanitize=address (out-of-bounds), -fsanitize=thread (data races), -fsanitize=undefined (alignment).
// Vector types, half, bfloat16 and the runtime's types come from the CUDA toolkit's own headers (-I.../cuda/include).
// Environment: COC_ORDER = fwd|rev|<seed> (thread and block order), COC_STRICT=1 (host access to device memory faults).
#pragma once
// the toolkit's host_defines.h keeps these when they are defined first
#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __shared__ static_assert(false, "declare shared memory with NN_SHARED / NN_DYN_SHARED"),
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector_functions.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>
#ifndef __x86_64__
#error "the stack switch is written for x86-64"
#endif
#define NN_UNROLL
#define NN_UNROLL_BY(count)
#define NN_NOINLINE __attribute__((noinline))
#undef __launch_bounds__
#define __launch_bounds__(...)
// NN_SHARED(float, tile, [32][33]);   NN_SHARED(int, flag);   NN_DYN_SHARED(float, buf);
#define NN_SHARED(T, name, ...)    \
  using name##_t_ = T __VA_ARGS__; \
  static char name##_tag_;         \
  auto& name = *reinterpret_cast<name##_t_*>(coc::shared(&name##_tag_, sizeof(name##_t_), alignof(name##_t_)))
#define NN_DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(coc::S.shm.base + coc::RED)
#define COC_RAW __attribute__((no_sanitize("thread", "address"), optimize("no-tree-loop-distribute-patterns")))
#define COC_ASAN(x)
#define COC_TSAN(x)
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#undef COC_ASAN
#define COC_ASAN(x) x
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#undef COC_TSAN
#define COC_TSAN(x) x
#endif

#include "cuda_on_cpu_intrinsics.h"

// ---- launch ----------------------------------------------------------------------------------------------------------
template <class... P, class... A>
cudaError_t launch(void (*k)(P...), dim3 g, dim3 b, size_t smem, cudaStream_t stream, A&&... a) {
  size_t n = size_t(b.x) * b.y * b.z;
  if (!g.x || !g.y || !g.z || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535 || !n || n > 1024 || b.z > 64)
    return coc::ret(cudaErrorInvalidConfiguration);
  size_t limit = 48 * 1024, cap = limit;
  {
    std::lock_guard<std::mutex> lock(coc::scheduler_mutex);
    auto it = coc::dyn_limit.find((const void*)k);
    if (it != coc::dyn_limit.end()) limit = (size_t)it->second, cap = 232448;
  }
  if (smem > limit) return coc::ret(cudaErrorInvalidValue);
  struct Call {
    void (*k)(P...);
    std::tuple<P...> args;
  };
  auto run = [g, b, smem, cap, call = Call{k, {static_cast<P>(std::forward<A>(a))...}}] {
    std::lock_guard<std::mutex> lock(coc::scheduler_mutex);
    coc::S.shm.cap = cap;
    coc::S.grid = g;
    coc::S.block = b;
    coc::S.arg = &call;
    coc::S.body = [](const void* p) {
      auto& c = *(const Call*)p;
      std::apply(c.k, c.args);
    };
    coc::device_open(true);
    struct Close {
      ~Close() { coc::device_open(false); }
    } close;
    coc::run_grid(smem);
  };
  if (!coc::record(stream, run)) run();
  return cudaSuccess;
}
#include "cuda_on_cpu_runtime.h"
