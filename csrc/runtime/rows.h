// Rows of a data set on their way into a batch: gathered by index and cast to the input's type.
#pragma once
#include <cstdint>

#include "base/dtype.h"

namespace nnstack {

// destination[i] = source[order[first + i]] (or source[first + i] where order is null) for `count` rows of `width` elements.
void gather_rows(const void* source, DType source_type, const int64_t* order, int64_t first, int64_t count, int64_t width,
                 void* destination, DType type);

}  // namespace nnstack
