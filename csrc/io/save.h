// Writes Programs to one model file.
#pragma once
#include "passes/flat_graph.h"

namespace nnstack {

struct SavedFunction {
  std::string name;
  FlatGraph graph;
};
struct SavedSample {
  size_t function;
  std::vector<Tensor> inputs, outputs;
};

// Written beside `path`, flushed, then renamed: the old file or the new one is there, whole.
void save_model(const std::string& path, const std::vector<SavedFunction>& functions, const std::vector<SavedSample>& samples);

}  // namespace nnstack
