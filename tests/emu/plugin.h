// The plug-in as the tests use it: opened from NNSTACK_CUDA_PLUGIN, arrays on the device, kernels by their id.
#pragma once
#include <dlfcn.h>

#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/cuda_api.h"

namespace nnstack::test {

inline void* plugin_library() {
  static void* library = [] {
    const char* path = std::getenv("NNSTACK_CUDA_PLUGIN");
    if (!path) throw std::runtime_error("NNSTACK_CUDA_PLUGIN names the plug-in to test; it is not set");
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw std::runtime_error(dlerror());
    return handle;
  }();
  return library;
}

inline CudaApiFunction plugin_function() {
  auto function = reinterpret_cast<CudaApiFunction>(dlsym(plugin_library(), "nn_cuda_api"));
  if (!function) throw std::runtime_error("the plug-in exports no nn_cuda_api");
  return function;
}

inline const CudaApi& api() {
  static const CudaApi& one = []() -> const CudaApi& {
    const CudaApi* table = plugin_function()(kCudaAbi);
    if (!table) throw std::runtime_error("the plug-in was built for another ABI");
    return *table;
  }();
  return one;
}

inline void require(int status) {
  if (status != 0) throw std::runtime_error(api().error());
}

// One stream for all tests of a program.
inline void* stream() {
  static void* one = [] {
    void* made = nullptr;
    require(api().make_stream(0, &made));
    return made;
  }();
  return one;
}

template <class T>
class Array {
 public:
  explicit Array(size_t count) : count_(count) { require(api().allocate(0, count * sizeof(T), &memory_)); }
  explicit Array(const std::vector<T>& values) : Array(values.size()) { set(values); }
  ~Array() { api().release(0, memory_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  void set(const std::vector<T>& values) { require(api().upload(stream(), memory_, values.data(), values.size() * sizeof(T))); }
  std::vector<T> get() const {
    std::vector<T> values(count_);
    require(api().download(stream(), values.data(), memory_, count_ * sizeof(T)));
    return values;
  }
  void* data() const { return memory_; }

 private:
  size_t count_;
  void* memory_ = nullptr;
};

// Queues the kernel with scratch memory of the size that it asks for.
inline void run(KernelId id, const std::vector<void*>& operands, const void* params) {
  const KernelEntry& entry = api().kernels()->entries[static_cast<int>(id)];
  Array<char> scratch(static_cast<size_t>(entry.scratch_bytes ? entry.scratch_bytes(params) : 0));
  KernelContext context = {nullptr, nullptr, scratch.data(), static_cast<KernelError*>(api().stream_error(stream())), stream()};
  entry.run(operands.data(), params, context);
  require(api().synchronize(stream()));
}

inline int32_t take_error() {
  int32_t error = 0;
  require(api().take_error(stream(), &error));
  return error;
}

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, int8_t>) return DType::i8;
  if constexpr (std::is_same_v<T, int16_t>) return DType::i16;
  if constexpr (std::is_same_v<T, int32_t>) return DType::i32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  return DType::u8;
}

// Reproducible: floats from [-2, 2), integers from [-9, 9] (unsigned from [0, 9]).
template <class T>
std::vector<T> numbers(int64_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) {
    double unit = random() * 0x1p-32;
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(4 * unit - 2);
    } else {
      value = static_cast<T>(std::is_signed_v<T> ? static_cast<int>(unit * 19) - 9 : static_cast<int>(unit * 10));
    }
  }
  return values;
}

}  // namespace nnstack::test
