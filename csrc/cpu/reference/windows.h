// What reference kernels over windows share.
#pragma once
#include <stddef.h>

#include "cpu/reference/reference.h"

namespace nnstack::reference {

inline int64_t product(const int64_t (&values)[3]) { return values[0] * values[1] * values[2]; }

// Calls visit(input place, window place, output place), row-major indices, for every pair inside of the input.
template <class Visit>
void for_each_pair(const WindowParams& w, Visit visit) {
  const int64_t outputs = product(w.output), windows = product(w.window);
  for (int64_t o = 0; o < outputs; o++) {
    const int64_t at[3] = {o / (w.output[1] * w.output[2]), o / w.output[2] % w.output[1], o % w.output[2]};
    for (int64_t k = 0; k < windows; k++) {
      const int64_t tap[3] = {k / (w.window[1] * w.window[2]), k / w.window[2] % w.window[1], k % w.window[2]};
      int64_t input = 0;
      bool inside = true;
      for (int d = 0; d < 3; d++) {
        const int64_t i = at[d] * w.stride[d] - w.before[d] + tap[d] * w.dilation[d];
        inside = inside && i >= 0 && i < w.input[d];
        input = input * w.input[d] + i;
      }
      if (inside) visit(input, k, o);
    }
  }
}

}  // namespace nnstack::reference
