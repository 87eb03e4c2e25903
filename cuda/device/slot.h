// One element of any type in 64 bits, for programs that mix types.
#pragma once
#include "base/kernel.h"
#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

// A float or double is held as its bits. Integers and bools are held as int64; so are the bits of f16 and bf16, which are only
// moved and cast.
struct Slot {
  int64_t bits;

  template <class T>
  __device__ T get() const {
    T value;
    memcpy(static_cast<void*>(&value), &bits, sizeof(T));
    return value;
  }
  template <class T>
  __device__ static Slot of(T value) {
    Slot slot = {0};
    memcpy(&slot.bits, static_cast<const void*>(&value), sizeof(T));
    return slot;
  }
};

__device__ inline Slot read_one(DType type, const void* data, int64_t at) {
  switch (type) {
    case DType::f32: return Slot::of(static_cast<const float*>(data)[at]);
    case DType::f64: return Slot::of(static_cast<const double*>(data)[at]);
    case DType::f16:
    case DType::bf16: return {static_cast<const uint16_t*>(data)[at]};
    case DType::i8: return {static_cast<const int8_t*>(data)[at]};
    case DType::i16: return {static_cast<const int16_t*>(data)[at]};
    case DType::i32: return {static_cast<const int32_t*>(data)[at]};
    case DType::i64: return {static_cast<const int64_t*>(data)[at]};
    case DType::u8:
    case DType::b8: return {static_cast<const uint8_t*>(data)[at]};
  }
  return {0};
}

__device__ inline void write_one(DType type, void* data, int64_t at, Slot value) {
  switch (type) {
    case DType::f32: static_cast<float*>(data)[at] = value.get<float>(); break;
    case DType::f64: static_cast<double*>(data)[at] = value.get<double>(); break;
    case DType::f16:
    case DType::bf16: static_cast<uint16_t*>(data)[at] = static_cast<uint16_t>(value.bits); break;
    case DType::i8: static_cast<int8_t*>(data)[at] = static_cast<int8_t>(value.bits); break;
    case DType::i16: static_cast<int16_t*>(data)[at] = static_cast<int16_t>(value.bits); break;
    case DType::i32: static_cast<int32_t*>(data)[at] = static_cast<int32_t>(value.bits); break;
    case DType::i64: static_cast<int64_t*>(data)[at] = value.bits; break;
    case DType::u8:
    case DType::b8: static_cast<uint8_t*>(data)[at] = static_cast<uint8_t>(value.bits); break;
  }
}

__device__ inline int64_t wrapped(DType type, int64_t value) {
  switch (type) {
    case DType::i8: return static_cast<int8_t>(value);
    case DType::i16: return static_cast<int16_t>(value);
    case DType::i32: return static_cast<int32_t>(value);
    case DType::u8: return static_cast<uint8_t>(value);
    case DType::b8: return value != 0;
    default: return value;
  }
}

__device__ inline double to_double(DType type, Slot value) {
  switch (type) {
    case DType::f32: return static_cast<double>(value.get<float>());
    case DType::f64: return value.get<double>();
    case DType::f16: return static_cast<double>(__half2float(value.get<__half>()));
    case DType::bf16: return static_cast<double>(__bfloat162float(value.get<__nv_bfloat16>()));
    default: return static_cast<double>(value.bits);
  }
}

// A double holds every value of the narrower floating types, so going through it rounds once.
__device__ inline Slot cast_one(DType from, DType to, Slot value) {
  switch (to) {
    case DType::f32:
      return Slot::of(is_floating(from) ? static_cast<float>(to_double(from, value)) : static_cast<float>(value.bits));
    case DType::f64: return Slot::of(to_double(from, value));
    case DType::f16: return Slot::of(__double2half(to_double(from, value)));
    case DType::bf16: return Slot::of(__double2bfloat16(to_double(from, value)));
    case DType::b8: return {is_floating(from) ? to_double(from, value) != 0.0 : value.bits != 0};
    default: return {wrapped(to, is_floating(from) ? static_cast<int64_t>(to_double(from, value)) : value.bits)};
  }
}

}  // namespace nnstack::cuda
