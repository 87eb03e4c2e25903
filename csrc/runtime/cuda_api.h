// The C interface between the core and its CUDA plug-in, libnnstack_cuda.so: one exported function that returns a table of
// functions. The core holds no CUDA; it opens the plug-in when a CUDA device is first asked for (cuda_device.cpp).
//
// Functions that can fail return 0 for success; error() then tells the calling thread what went wrong. Any thread may call;
// a stream belongs to one thread at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

namespace nnstack {

// Raised by one whenever this table, a parameter struct of base/kernel.h or the meaning of either changes.
constexpr int kCudaAbi = 5;

struct CudaApi {
  int abi;
  const char* (*error)();

  int (*device_count)();                    // 0 with the driver's reason in error() where there is none
  const char* (*description)(int device);   // "NVIDIA H200, driver 13.0, runtime 13.0, products: cuBLASLt 13.1.1 from ..."
  void (*add_library_folder)(const char*);  // where to look for libcublasLt.so.13, before the loader's own places
  const KernelTable* (*kernels)();

  // Blocks come from a cache and return to it; release_cached() gives the unused ones back to the driver.
  int (*allocate)(int device, size_t bytes, void** memory);
  void (*release)(int device, void* memory);
  void (*memory)(int device, int64_t* used_bytes, int64_t* cached_bytes);
  void (*release_cached)(int device);

  int (*make_stream)(int device, void** stream);
  void (*destroy_stream)(void* stream);
  void* (*stream_error)(void* stream);  // KernelContext::error of this stream, in device memory
  int (*upload)(void* stream, void* device, const void* host, size_t bytes);
  int (*download)(void* stream, void* host, const void* device, size_t bytes);
  int (*copy)(void* stream, void* to, const void* from, size_t bytes);
  int (*synchronize)(void* stream);
  int (*take_error)(void* stream, int32_t* kernel_error);

  // Everything the stream is given between begin and end is recorded, not run. Only kernels, copy() and launches may come
  // in between: no allocation, upload, download or synchronize. The memory they use must outlive the graph.
  int (*begin_capture)(void* stream);
  int (*end_capture)(void* stream, void** graph);
  int (*launch_graph)(void* graph, void* stream);
  void (*destroy_graph)(void* graph);
};

// Null if the plug-in was built for another ABI.
using CudaApiFunction = const CudaApi* (*)(int abi);

}  // namespace nnstack

extern "C" __attribute__((visibility("default"))) const nnstack::CudaApi* nn_cuda_api(int abi);
