// Where tensors live and kernels run. The CPU is one implementation, the CUDA plug-in's host side another; everything
// above sees this interface alone.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/kernel.h"

namespace nnstack {

// One ordered queue of work on a device, with what kernels need to run on it. One per Runner; used by one thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual KernelContext context(void* scratch) = 0;
  virtual void upload(void* device, const void* host, size_t bytes) = 0;    // returns when `host` may be reused
  virtual void download(void* host, const void* device, size_t bytes) = 0;  // returns when `host` is filled
  virtual void copy(void* to, const void* from, size_t bytes) = 0;          // within the device
  virtual void synchronize() = 0;
  virtual KernelError take_error() = 0;  // after synchronize: the first error of a kernel since the last call, then none
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const std::string& name() const = 0;  // "cpu", "cuda:0"
  virtual bool host_memory() const = 0;         // pointers can be read and written by the host
  virtual void* allocate(size_t bytes) = 0;     // 64-byte aligned (256 on CUDA); throws std::bad_alloc
  virtual void release(void* memory) noexcept = 0;
  virtual const KernelTable& kernels() const = 0;
  virtual std::unique_ptr<Stream> make_stream() = 0;
};

// Devices live as long as the process.
Device& cpu_device();
Device& cuda_device(int index);                 // RuntimeError that says what was looked for and where
std::vector<std::string> list_devices();        // "cpu", then "cuda:0" ... where they are
std::string why_no_cuda();                      // empty where a CUDA device is usable
Device& device_named(const std::string& name);  // "cpu", "cuda", "cuda:1"; ValueError for other names

}  // namespace nnstack
