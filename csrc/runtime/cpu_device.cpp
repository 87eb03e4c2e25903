#include "runtime/cpu_device.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/device.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "cpu/kernels.h"
#include "runtime/cuda_device.h"

namespace nnstack {
namespace {

std::atomic<int64_t> allocations{0};

class CpuStream final : public Stream {
 public:
  KernelContext context(void* scratch) override {
    const auto parallel = [](void* pool, int64_t chunks, void (*body)(void*, int64_t), void* arg) {
      static_cast<ThreadPool*>(pool)->parallel(chunks, body, arg);
    };
    return {parallel, &ThreadPool::shared(), scratch, &error_, nullptr};
  }
  void upload(void* device, const void* host, size_t bytes) override { std::memcpy(device, host, bytes); }
  void download(void* host, const void* device, size_t bytes) override { std::memcpy(host, device, bytes); }
  void copy(void* to, const void* from, size_t bytes) override { std::memmove(to, from, bytes); }
  void synchronize() override {}
  KernelError take_error() override { return std::exchange(error_, KernelError::none); }

 private:
  KernelError error_ = KernelError::none;
};

class CpuDevice final : public Device {
 public:
  const std::string& name() const override { return name_; }
  bool host_memory() const override { return true; }
  void* allocate(size_t bytes) override {
    allocations.fetch_add(1, std::memory_order_relaxed);
    void* memory = bytes < SIZE_MAX / 2 ? std::aligned_alloc(64, (bytes + 127) / 64 * 64) : nullptr;
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  void release(void* memory) noexcept override { std::free(memory); }
  const KernelTable& kernels() const override { return cpu_kernels(); }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<CpuStream>(); }

 private:
  std::string name_ = "cpu";
};

}  // namespace

Device& cpu_device() {
  static CpuDevice* device = new CpuDevice;  // outlives every static that holds tensors
  return *device;
}

int64_t cpu_allocations() { return allocations.load(std::memory_order_relaxed); }

std::vector<std::string> list_devices() {
  std::vector<std::string> names{"cpu"};
  for (int i = 0; i < cuda_device_count(); i++) names.push_back("cuda:" + std::to_string(i));
  return names;
}

Device& device_named(const std::string& name) {
  if (name == "cpu" || name == "cpu:0") return cpu_device();
  if (name == "cuda") return cuda_device(0);
  if (name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
      name.find_first_not_of("0123456789", 5) == std::string::npos)
    return cuda_device(std::stoi(name.substr(5)));
  throw ValueError("unknown device \"" + name + "\"; expected cpu, cuda or cuda:N");
}

}  // namespace nnstack
