#include "runtime/rows.h"

#include <cstring>
#include <string>

#include "base/shape.h"

namespace nnstack {
namespace {

template <class To, class From>
void cast_rows(const From* source, const int64_t* order, int64_t first, int64_t count, int64_t width, To* destination) {
  for (int64_t i = 0; i < count; i++) {
    const From* row = source + (order ? order[first + i] : first + i) * width;
    for (int64_t k = 0; k < width; k++) destination[i * width + k] = static_cast<To>(row[k]);
  }
}

template <class Function>
void dispatch(DType type, Function function) {
  switch (type) {
    case DType::f32: return function(float{});
    case DType::f64: return function(double{});
    case DType::i8: return function(int8_t{});
    case DType::i16: return function(int16_t{});
    case DType::i32: return function(int32_t{});
    case DType::i64: return function(int64_t{});
    case DType::u8: return function(uint8_t{});
    case DType::b8: return function(bool{});
    default: throw TypeError(std::string("rows of ") + name_of(type) + " cannot be cast; convert the array first");
  }
}

}  // namespace

void gather_rows(const void* source, DType source_type, const int64_t* order, int64_t first, int64_t count, int64_t width,
                 void* destination, DType type) {
  if (source_type == type) {
    const int64_t bytes = width * size_of(type);
    auto* to = static_cast<char*>(destination);
    for (int64_t i = 0; i < count; i++) {
      std::memcpy(to + i * bytes, static_cast<const char*>(source) + (order ? order[first + i] : first + i) * bytes,
                  static_cast<size_t>(bytes));
    }
    return;
  }
  dispatch(source_type, [&](auto from) {
    dispatch(type, [&](auto to) {
      cast_rows(static_cast<const decltype(from)*>(source), order, first, count, width,
                static_cast<decltype(to)*>(destination));
    });
  });
}

}  // namespace nnstack
