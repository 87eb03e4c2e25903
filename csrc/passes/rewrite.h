// What the passes on a FlatGraph share.
#pragma once
#include "passes/flat_graph.h"

namespace nnstack {

// Appends a node with one result, whose type its op infers; gives the result's number. `output`: an existing value to make.
int append_node(FlatGraph& graph, const char* op, std::vector<int> inputs, Attributes attributes = {},
                std::shared_ptr<const std::string> layer = nullptr, int output = -1);
int append_constant(FlatGraph& graph, const Dims& values);  // an int64 vector

// Values that weights alone decide: variables that the program does not assign and what is computed from them, the same
// in each run until somebody else assigns a variable. `bytes`: how large the variables are together, 0 for constants.
struct FixedValues {
  explicit FixedValues(const FlatGraph& graph);
  std::vector<bool> fixed;
  std::vector<bool> computed;  // not a variable or a constant under another shape
  std::vector<int64_t> bytes;
};

// Chains of additions and multiplications by what is fixed become one of each.
void fold_batch_norm(FlatGraph& graph);
// Transpositions move behind what does not care for the order of axes, until they meet their inverse or the end.
void sink_transposes(FlatGraph& graph);
// Takes what weights alone decide out of the graph; gives the program, without inputs, that computes it into new variables.
std::optional<FlatGraph> keep_fixed(FlatGraph& graph, Device& device);

}  // namespace nnstack
