// A CUDA stream with what kernels need on it. Never the default stream, so that work of other libraries is not waited for.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

class Stream {
 public:
  explicit Stream(int device);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int device() const { return device_; }
  int multiprocessors() const { return multiprocessors_; }
  cudaStream_t handle() const { return handle_; }
  uint64_t serial() const { return serial_; }
  int32_t* error() const { return error_; }
  bool capturing() const { return capturing_; }

  void upload(void* device_memory, const void* host, size_t bytes);
  void download(void* host, const void* device_memory, size_t bytes);
  void copy(void* to, const void* from, size_t bytes);
  void synchronize();
  int32_t take_error();

  void begin_capture();
  cudaGraphExec_t end_capture();
  void launch(cudaGraphExec_t graph);

  // Memory for cuBLASLt, made at the first use: null if there is none left.
  static constexpr size_t kWorkspaceBytes = size_t(32) << 20;
  void* workspace();

  // Kernels must not throw: the first launch that failed is kept and thrown by the next call above.
  bool failed() const { return !failure_.empty(); }
  void fail(const std::string& text) {
    if (failure_.empty()) failure_ = text;
  }

 private:
  void use();  // makes the device current; throws what a kernel launch left behind

  int device_, multiprocessors_ = 1;
  uint64_t serial_;
  cudaStream_t handle_ = nullptr;
  int32_t* error_ = nullptr;
  void* workspace_ = nullptr;
  std::atomic<bool> capturing_{false};
  std::string failure_;
};

}  // namespace nnstack::cuda
