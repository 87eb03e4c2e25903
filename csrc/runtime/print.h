// Where the values of print nodes go. The core itself writes to no stream: without a sink nothing is printed.
#pragma once
#include <functional>
#include <string>

#include "base/tensor.h"

namespace nnstack {

struct PrintedLine {
  std::string message;
  int64_t summarize;  // how many elements of either end of a long axis to show
};

using PrintSink = std::function<void(const PrintedLine& line, const Tensor& value)>;

PrintSink& print_sink();

}  // namespace nnstack
