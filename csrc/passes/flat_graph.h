// A Program's graph: values and nodes by number, in an order in which inputs come before users. Free of sizes: dimensions
// may be unknown.
#pragma once
#include <functional>
#include <optional>

#include "graph/op.h"

namespace nnstack {

enum class Source : uint8_t { input, variable, constant, computed };

struct FlatValue {
  TensorType type;
  Source source = Source::computed;
  int slot = 0;  // which input, variable or constant
};

struct FlatNode {
  const Op* op;
  Attributes attributes;
  std::vector<int> inputs, outputs;
  std::shared_ptr<const std::string> layer;
};

struct FlatUpdate {
  int variable;  // slot
  int value;
};

struct FlatGraph {
  std::vector<FlatValue> values;
  std::vector<FlatNode> nodes;
  std::vector<int> inputs, outputs;  // values
  std::vector<std::string> input_names;
  std::vector<FlatUpdate> updates;
  std::vector<std::shared_ptr<Variable>> variables;
  std::vector<Tensor> constants;
};

struct ProgramSpec {
  Values inputs, outputs;
  std::vector<std::pair<std::shared_ptr<Variable>, Value>> updates;
  std::optional<bool> learning_phase;
  bool fold = true;
};

// Computes one node on host tensors; fold asks the interpreter.
using Evaluate = std::function<std::vector<Tensor>(const Op&, const Attributes&, const std::vector<Tensor>&)>;

// Numbers the graph, taking the branches that known conditions name. Where `fold` is on it is simplified on the way:
// constants are folded, equal nodes merged, multiplications by one dropped, dead nodes removed.
FlatGraph flatten(const ProgramSpec& spec, const Evaluate& evaluate);

// Removes nodes nobody needs.
void remove_dead(FlatGraph& graph);

}  // namespace nnstack
