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

struct FlatBody;

struct FlatNode {
  const Op* op;
  Attributes attributes;
  std::vector<int> inputs, outputs;
  std::shared_ptr<const std::string> layer;
  std::shared_ptr<const FlatBody> body{};  // of a scan
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

// The step of a loop, and how it is wired: inputs are states, slices of sequences, constants; outputs the next states, then
// what is stacked. A scan's own outputs are the last states, the stacks, and the stacked states before each step.
struct FlatBody {
  FlatGraph graph;
  int states = 0, sequences = 0;
  bool reverse = false;
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

// Removes nodes nobody needs, also from the bodies of loops.
void remove_dead(FlatGraph& graph);
// Reduces a scan to what is needed for those of its outputs that somebody reads.
void prune_body(FlatNode& scan, const std::vector<bool>& read);

}  // namespace nnstack
