// A contiguous array on a device, shared by reference.
#pragma once
#include <memory>

#include "base/device.h"
#include "base/shape.h"

namespace nnstack {

// One block of device memory: its own, or a part of something that `owner` keeps alive (a mapped file).
class Storage {
 public:
  Storage(Device& device, size_t bytes) : device_(device), bytes_(bytes), data_(device.allocate(bytes)) {}
  Storage(Device& device, size_t bytes, void* data, std::shared_ptr<const void> owner)
      : device_(device), bytes_(bytes), data_(data), owner_(std::move(owner)) {}
  ~Storage() {
    if (!owner_) device_.release(data_);
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Device& device() const { return device_; }
  size_t bytes() const { return bytes_; }
  void* data() const { return data_; }

 private:
  Device& device_;
  size_t bytes_;
  void* data_;
  std::shared_ptr<const void> owner_;
};

struct Tensor {
  TensorType type;
  std::shared_ptr<Storage> storage;

  Tensor() = default;
  explicit Tensor(const TensorType& t, Device& device = cpu_device())
      : type(t), storage(std::make_shared<Storage>(device, static_cast<size_t>(t.bytes()))) {}

  explicit operator bool() const { return storage != nullptr; }
  void* data() const { return storage->data(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(storage->data());
  }
  size_t bytes() const { return static_cast<size_t>(type.bytes()); }
  Device& device() const { return storage->device(); }
};

Tensor on_device(const Tensor& tensor, Device& device);  // a copy there, or the same where it is there already
Tensor scalar_tensor(DType dtype, double value);
// The integers of an integer tensor (any integer type, host memory).
Dims integers(const Tensor& tensor);
// A number at an index of a host tensor, whatever its type (f16 and bf16 excluded).
double number_at(const Tensor& tensor, int64_t index);

}  // namespace nnstack
