// From a dtype known at run time to a C++ type: calls function(T{}) with the type's zero.
#pragma once
#include <string>

#include "base/shape.h"

namespace nnstack {

// TypeError(complaint()) for the sixteen-bit floating types, which C++20 has no arithmetic for.
template <class Function, class Complaint>
auto with_type(DType dtype, Function function, Complaint complaint) {
  switch (dtype) {
    case DType::f32: return function(float{});
    case DType::f64: return function(double{});
    case DType::i8: return function(int8_t{});
    case DType::i16: return function(int16_t{});
    case DType::i32: return function(int32_t{});
    case DType::i64: return function(int64_t{});
    case DType::u8: return function(uint8_t{});
    case DType::b8: return function(bool{});
    default: throw TypeError(complaint());
  }
}

template <class Function>
auto with_type(DType dtype, Function function) {
  return with_type(dtype, function, [dtype] { return std::string("no scalar arithmetic in ") + name_of(dtype); });
}

}  // namespace nnstack
