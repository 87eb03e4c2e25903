#include "cuda/runtime/stream.h"

#include <utility>

#include "cuda/runtime/allocator.h"
#include "cuda/runtime/cublaslt.h"
#include "cuda/runtime/failure.h"

namespace nnstack::cuda {

Stream::Stream(int device) : device_(device) {
  static std::atomic<uint64_t> next_serial{1};
  serial_ = next_serial++;
  check(cudaSetDevice(device), "cudaSetDevice");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  multiprocessors_ = properties.multiProcessorCount;
  error_ = static_cast<int32_t*>(Allocator::of(device).allocate(sizeof(int32_t)));
  try {
    check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreate");
    check(cudaMemsetAsync(error_, 0, sizeof(int32_t), handle_), "cudaMemset");
  } catch (...) {
    if (handle_) cudaStreamDestroy(handle_);
    Allocator::of(device).release(error_);
    throw;
  }
  Allocator::of(device).add(this);
}

Stream::~Stream() {
  Allocator& allocator = Allocator::of(device_);
  if (cudaSetDevice(device_) == cudaSuccess) cudaStreamSynchronize(handle_);
  allocator.remove(this);
  allocator.release(error_);
  allocator.release(workspace_);
  cudaStreamDestroy(handle_);
}

void Stream::use() {
  check(cudaSetDevice(device_), "cudaSetDevice");
  if (failed()) throw std::runtime_error(std::exchange(failure_, {}));
}

void Stream::upload(void* device_memory, const void* host, size_t bytes) {
  use();
  if (bytes == 0) return;
  check(cudaMemcpyAsync(device_memory, host, bytes, cudaMemcpyHostToDevice, handle_), "upload");
  // Pageable memory has been staged when the call returns; page-locked memory is still being read.
  cudaPointerAttributes attributes;
  if (cudaPointerGetAttributes(&attributes, host) != cudaSuccess) {
    cudaGetLastError();
  } else if (attributes.type == cudaMemoryTypeUnregistered) {
    return;
  }
  check(cudaStreamSynchronize(handle_), "upload");
}

void Stream::download(void* host, const void* device_memory, size_t bytes) {
  use();
  if (bytes == 0) return;
  check(cudaMemcpyAsync(host, device_memory, bytes, cudaMemcpyDeviceToHost, handle_), "download");
  check(cudaStreamSynchronize(handle_), "download");
}

void Stream::copy(void* to, const void* from, size_t bytes) {
  use();
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, handle_), "copy");
}

void Stream::synchronize() {
  use();
  check(cudaStreamSynchronize(handle_), "synchronize");
}

int32_t Stream::take_error() {
  int32_t error = 0;
  download(&error, error_, sizeof error);
  if (error != 0) check(cudaMemsetAsync(error_, 0, sizeof error, handle_), "take_error");
  return error;
}

void Stream::begin_capture() {
  if (cublaslt::library().functions) workspace();  // neither is to happen while capturing
  synchronize();
  // Thread-local: other threads may go on allocating and uploading.
  check(cudaStreamBeginCapture(handle_, cudaStreamCaptureModeThreadLocal), "begin_capture");
  capturing_ = true;
}

cudaGraphExec_t Stream::end_capture() {
  cudaGraph_t graph = nullptr;
  capturing_ = false;
  check(cudaStreamEndCapture(handle_, &graph), "end_capture");
  cudaGraphExec_t executable = nullptr;
  cudaError_t status = failed() ? cudaSuccess : cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  use();
  check(status, "cudaGraphInstantiate");
  return executable;
}

void Stream::launch(cudaGraphExec_t graph) {
  use();
  check(cudaGraphLaunch(graph, handle_), "launch_graph");
}

void* Stream::workspace() {
  if (!workspace_ && !capturing_) {
    try {
      workspace_ = Allocator::of(device_).allocate(kWorkspaceBytes);
    } catch (const std::exception&) {
      return nullptr;
    }
  }
  return workspace_;
}

}  // namespace nnstack::cuda
