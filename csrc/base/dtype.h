// Element types. No standard headers: this file is also read by nvcc and by the kernel files that are compiled once per
// instruction set.
#pragma once
#include <stdint.h>

namespace nnstack {

enum class DType : uint8_t { f32, f64, f16, bf16, i8, i16, i32, i64, u8, b8 };
constexpr int kDTypes = 10;

constexpr int64_t size_of(DType type) {
  constexpr int64_t bytes[kDTypes] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 1};
  return bytes[static_cast<int>(type)];
}
constexpr bool is_floating(DType type) { return type <= DType::bf16; }
constexpr bool is_integer(DType type) { return type >= DType::i8 && type <= DType::u8; }

}  // namespace nnstack
