#include "base/shape.h"

namespace nnstack {
namespace {
constexpr const char* kNames[kDTypes] = {"float32", "float64", "float16", "bfloat16", "int8",
                                         "int16",   "int32",   "int64",   "uint8",    "bool"};
}

std::string text(const Shape& shape) {
  std::string out = "(";
  for (int i = 0; i < shape.rank(); i++) {
    if (i > 0) out += ", ";
    out += shape[i] < 0 ? "None" : std::to_string(shape[i]);
  }
  return out + (shape.rank() == 1 ? ",)" : ")");
}

std::string text(const TensorType& type) { return std::string(name_of(type.dtype)) + text(type.shape); }

const char* name_of(DType dtype) { return kNames[static_cast<int>(dtype)]; }

DType dtype_named(const std::string& name) {
  for (int i = 0; i < kDTypes; i++)
    if (name == kNames[i]) return static_cast<DType>(i);
  throw ValueError("unknown dtype \"" + name +
                   "\"; known are float32, float64, float16, bfloat16, int8, int16, int32, int64, uint8, bool");
}

int normalize_axis(const char* what, int64_t axis, int rank) {
  const int64_t from_front = axis < 0 ? axis + rank : axis;
  if (from_front < 0 || from_front >= rank)
    throw ValueError(std::string(what) + ": axis " + std::to_string(axis) + " is out of range for a tensor of " +
                     std::to_string(rank) + " dimensions");
  return static_cast<int>(from_front);
}

}  // namespace nnstack
