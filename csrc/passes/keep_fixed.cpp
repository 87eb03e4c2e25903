//   before: y = x * (rsqrt(v + e) * g) in each run       after: y = x * k in each run
//                                                               k <- rsqrt(v + e) * g when v or g has been assigned
// k is a variable that the Program owns (see Program::refresh). What is a variable under another shape stays, as it costs
// nothing, and so do integers, whose numbers shapes may follow from, and what would need more memory than the variables that it
// is made of.
#include <algorithm>

#include "passes/rewrite.h"

namespace nnstack {
namespace {

constexpr int64_t kAlwaysKept = 4096;  // bytes

// The nodes that `updates` need, with the values that they read, numbered anew.
FlatGraph cut_out(const FlatGraph& graph, const std::vector<FlatUpdate>& updates) {
  FlatGraph part;
  part.nodes = graph.nodes;
  part.values.resize(graph.values.size());
  part.updates = updates;
  remove_dead(part);
  std::vector<int> number(graph.values.size(), -1), slot(graph.variables.size(), -1);
  const auto slotted = [&](int variable) {
    int& at = slot[static_cast<size_t>(variable)];
    if (at >= 0) return at;
    part.variables.push_back(graph.variables[static_cast<size_t>(variable)]);
    return at = static_cast<int>(part.variables.size()) - 1;
  };
  part.values.clear();
  const auto numbered = [&](int id) {
    if (id < 0) return id;
    int& at = number[static_cast<size_t>(id)];
    if (at >= 0) return at;
    FlatValue value = graph.values[static_cast<size_t>(id)];
    if (value.source == Source::constant) {
      part.constants.push_back(graph.constants[static_cast<size_t>(value.slot)]);
      value.slot = static_cast<int>(part.constants.size()) - 1;
    } else if (value.source == Source::variable) {
      value.slot = slotted(value.slot);
    }
    part.values.push_back(value);
    return at = static_cast<int>(part.values.size()) - 1;
  };
  for (FlatNode& node : part.nodes) {
    for (int& id : node.inputs) id = numbered(id);
    for (int& id : node.outputs) id = numbered(id);
  }
  for (FlatUpdate& update : part.updates) update = {slotted(update.variable), numbered(update.value)};
  return part;
}

}  // namespace

std::optional<FlatGraph> keep_fixed(FlatGraph& graph, Device& device) {
  const FixedValues known(graph);
  std::vector<bool> read(graph.values.size());  // by what is not fixed
  bool others = false;
  for (const FlatNode& node : graph.nodes) {
    bool fixed = true;
    for (int id : node.outputs) fixed = fixed && (id < 0 || known.fixed[static_cast<size_t>(id)]);
    if (fixed) continue;
    others = true;
    for (int id : node.inputs) read[static_cast<size_t>(id)] = true;
  }
  if (!others) return {};
  std::vector<FlatUpdate> kept;
  for (size_t id = 0; id < graph.values.size(); id++) {
    const FlatValue& value = graph.values[id];
    if (!read[id] || !known.fixed[id] || !known.computed[id] || value.source != Source::computed || known.bytes[id] == 0)
      continue;
    if (!is_floating(value.type.dtype) || !value.type.shape.known() ||
        value.type.bytes() > std::max(kAlwaysKept, known.bytes[id]))
      continue;
    kept.push_back({static_cast<int>(graph.variables.size()), static_cast<int>(id)});
    graph.variables.push_back(std::make_shared<Variable>("kept", on_device(Tensor(value.type), device)));
  }
  if (kept.empty()) return {};
  FlatGraph apart = cut_out(graph, kept);
  for (const FlatUpdate& update : kept) {
    FlatValue& value = graph.values[static_cast<size_t>(update.value)];
    value.source = Source::variable;
    value.slot = update.variable;
  }
  for (FlatNode& node : graph.nodes)
    for (int& id : node.outputs)
      if (id >= 0 && graph.values[static_cast<size_t>(id)].source == Source::variable) id = -1;
  remove_dead(graph);
  return apart;
}

}  // namespace nnstack
