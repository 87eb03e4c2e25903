#include "runtime/rows.h"

#include <cstring>

#include "base/with_type.h"

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
  with_type(type, function,
            [type] { return std::string("rows of ") + name_of(type) + " cannot be cast; convert the array first"; });
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
