// One element from and to memory, and Philox, for the reference kernels.
#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/dtype.h"

namespace nnstack::reference {

// 16-bit floats with `exponent_bits`: 5 is float16, 8 is bfloat16.
inline double from_short_float(uint16_t bits, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits & 0x7fff) >> mantissa_bits, mantissa = bits & ((1 << mantissa_bits) - 1);
  double size = 0;
  if (exponent == (1 << exponent_bits) - 1) {
    size = mantissa != 0 ? std::nan("") : INFINITY;
  } else if (exponent == 0) {
    size = std::ldexp(mantissa, 1 - bias - mantissa_bits);
  } else {
    size = std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  }
  return bits & 0x8000 ? -size : size;
}
inline uint16_t to_short_float(double x, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const int infinity = ((1 << exponent_bits) - 1) << mantissa_bits;
  if (std::isnan(x)) return static_cast<uint16_t>(sign | infinity | 1 << (mantissa_bits - 1));
  const double size = std::fabs(x);
  if (size == 0) return sign;
  int exponent = std::isinf(size) ? 5000 : std::ilogb(size);
  exponent = exponent < 1 - bias ? 1 - bias : exponent;
  if (exponent > bias) return static_cast<uint16_t>(sign | infinity);
  const int mantissa = static_cast<int>(std::nearbyint(std::ldexp(size, mantissa_bits - exponent)));  // 2^bits included
  const int result = ((exponent + bias - 1) << mantissa_bits) + mantissa;  // a carry moves into the exponent
  return static_cast<uint16_t>(sign | (result > infinity ? infinity : result));
}

template <class T>
T read_element(const void* from, int64_t i) {
  T value;
  std::memcpy(&value, static_cast<const char*>(from) + i * static_cast<int64_t>(sizeof(T)), sizeof value);
  return value;
}
template <class T>
void write_element(void* to, int64_t i, T value) {
  std::memcpy(static_cast<char*>(to) + i * static_cast<int64_t>(sizeof(T)), &value, sizeof value);
}

// Words of the block `counter` under `key`.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; round++) {
    const uint64_t first = uint64_t{0xD2511F53} * counter[0], second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
               static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}
inline double uniform(const int64_t* state, uint32_t stream, int64_t i, bool single) {
  const uint64_t seed = static_cast<uint64_t>(state[0]), count = static_cast<uint64_t>(state[1]);
  const uint64_t block = static_cast<uint64_t>(single ? i / 4 : i / 2);
  const auto words =
      philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(count), stream},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32) ^ static_cast<uint32_t>(count >> 32)});
  if (single) return (words[static_cast<size_t>(i % 4)] >> 8) * 0x1p-24;
  const size_t w = 2 * static_cast<size_t>(i % 2);
  return static_cast<double>((uint64_t{words[w + 1]} << 32 | words[w]) >> 11) * 0x1p-53;
}

}  // namespace nnstack::reference
