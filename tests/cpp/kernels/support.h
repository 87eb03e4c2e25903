// What the kernel tests share: guarded arrays, random contents, one call of a kernel.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/kernel.h"
#include "base/thread_pool.h"
#include "check.h"
#include "cpu/kernels.h"

namespace nnstack_test {

using namespace nnstack;

// 64-byte aligned, with a guard on both sides that a kernel must not touch.
class Array {
 public:
  explicit Array(int64_t bytes) : bytes_(bytes), block_(allocate(bytes)) {
    std::memset(block_.get(), 0xA5, static_cast<size_t>(total(bytes)));
  }
  Array(const Array& other) : Array(other.bytes_) {
    std::memcpy(data<char>(), other.data<char>(), static_cast<size_t>(bytes_));
  }
  Array(Array&&) = default;
  Array& operator=(Array&&) = default;

  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(block_.get() + kGuard);
  }
  void* address() const { return block_.get() + kGuard; }
  int64_t bytes() const { return bytes_; }
  bool guards_intact() const {
    for (int64_t i = 0; i < kGuard; i++) {
      if (block_[static_cast<size_t>(i)] != 0xA5 || block_[static_cast<size_t>(kGuard + bytes_ + i)] != 0xA5) return false;
    }
    return true;
  }
  bool operator==(const Array& other) const {
    return bytes_ == other.bytes_ && std::memcmp(address(), other.address(), static_cast<size_t>(bytes_)) == 0;
  }

 private:
  static constexpr int64_t kGuard = 256;
  struct Free {
    void operator()(unsigned char* at) const { std::free(at); }
  };
  static int64_t total(int64_t bytes) { return (bytes + 2 * kGuard + 63) / 64 * 64; }
  static std::unique_ptr<unsigned char[], Free> allocate(int64_t bytes) {
    return std::unique_ptr<unsigned char[], Free>(
        static_cast<unsigned char*>(std::aligned_alloc(64, static_cast<size_t>(total(bytes)))));
  }
  int64_t bytes_;
  std::unique_ptr<unsigned char[], Free> block_;
};

inline std::mt19937_64& random_engine() {
  static std::mt19937_64 engine(1);
  return engine;
}
inline double random_real(double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random_engine());
}
inline int64_t random_integer(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_engine());
}

// Calls function(T{}) with the C++ type that stores `type` (f16 and bf16: uint16_t).
template <class Function>
void with_type(DType type, Function function) {
  switch (type) {
    case DType::f32: return function(float{});
    case DType::f64: return function(double{});
    case DType::i8: return function(int8_t{});
    case DType::i16: return function(int16_t{});
    case DType::i32: return function(int32_t{});
    case DType::i64: return function(int64_t{});
    case DType::u8:
    case DType::b8: return function(uint8_t{});
    default: return function(uint16_t{});
  }
}
inline const char* name_of(DType type) {
  constexpr const char* names[kDTypes] = {"f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "b8"};
  return names[static_cast<int>(type)];
}

// Small values, for integers small integers of both signs, for b8 truth values, for f16 and bf16 any bits.
inline Array random_array(DType type, int64_t n, double low = -3, double high = 3) {
  Array array(n * size_of(type));
  with_type(type, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < n; i++) {
      if (type == DType::b8)
        array.data<T>()[i] = static_cast<T>(random_integer(0, 1));
      else if (type == DType::u8)
        array.data<T>()[i] = static_cast<T>(random_integer(0, 255));
      else if (type == DType::f16 || type == DType::bf16)
        array.data<T>()[i] = static_cast<T>(random_integer(0, 65535));
      else if (is_integer(type))
        array.data<T>()[i] = static_cast<T>(random_integer(-120, 120));
      else
        array.data<T>()[i] = static_cast<T>(random_real(low, high));
    }
  });
  return array;
}

inline KernelError run(const KernelTable& table, KernelId id, std::vector<void*> operands, const void* params,
                       ThreadPool& pool) {
  const KernelEntry& entry = table.entries[static_cast<int>(id)];
  Array scratch(entry.scratch_bytes != nullptr ? entry.scratch_bytes(params) : 0);
  KernelError error = KernelError::none;
  entry.run(operands.data(), params, {ThreadPool::run, &pool, scratch.address(), &error, nullptr});
  check(scratch.guards_intact(), std::string(table.name) + " wrote beyond its scratch memory");
  return error;
}
inline ThreadPool& one_thread() {
  static ThreadPool pool(1);
  return pool;
}
inline std::string text_of(const std::vector<int64_t>& numbers) {
  std::string text;
  for (int64_t number : numbers) text += (text.empty() ? "" : "x") + std::to_string(number);
  return text;
}

// Element by element: floats within `relative` of the larger of the wanted size and `scale`, everything else equal.
inline bool check_arrays(DType type, const Array& found, const Array& wanted, double relative, double scale,
                         const std::string& message) {
  bool same = check(found.guards_intact(), message + ": wrote beyond the output");
  with_type(type, [&](auto zero) {
    using T = decltype(zero);
    const int64_t n = wanted.bytes() / static_cast<int64_t>(sizeof(T));
    for (int64_t i = 0; i < n && same; i++) {
      const double f = static_cast<double>(found.data<T>()[i]), w = static_cast<double>(wanted.data<T>()[i]);
      const double tolerance = std::is_floating_point_v<T> ? relative * std::max(std::fabs(w), scale) : 0;
      same = check_close(f, w, std::isfinite(tolerance) ? tolerance : 0, message + " at " + std::to_string(i));
    }
  });
  return same;
}

}  // namespace nnstack_test
