// What the core offers about CUDA beyond the Device interface.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/device.h"

namespace nnstack {

// Opens the plug-in at the first call; 0 where it, the driver or a GPU is missing (why_no_cuda() says what).
int cuda_device_count();

// "NVIDIA H200, driver 13.0, ...": what runs there and with which libraries. RuntimeError where there is no such device.
std::string cuda_description(int index);

// A folder that holds libcublasLt.so.13, in front of those found otherwise. Call before the first matrix product.
void add_cuda_library_folder(const std::string& folder);

// Work recorded once and launched many times with the same memory (a CUDA graph).
class CudaGraph {
 public:
  virtual ~CudaGraph() = default;
  virtual void launch(Stream& stream) = 0;
};

// Records what `work` gives to `stream`, which is a stream of a CUDA device. `work` runs kernels and Stream::copy() only.
std::unique_ptr<CudaGraph> capture_cuda_graph(Stream& stream, const std::function<void()>& work);

}  // namespace nnstack
