#include "passes/rewrite.h"

#include <algorithm>
#include <set>

namespace nnstack {
namespace {

Content content_of(const FlatGraph& graph, int id) {
  const FlatValue& value = graph.values[static_cast<size_t>(id)];
  if (value.source != Source::constant || !is_integer(value.type.dtype) || value.type.shape.elements() > 4 * kMaxRank)
    return {};
  return {true, integers(graph.constants[static_cast<size_t>(value.slot)])};
}

}  // namespace

int append_node(FlatGraph& graph, const char* op, std::vector<int> inputs, Attributes attributes,
                std::shared_ptr<const std::string> layer, int output) {
  const Op& found = op_named(op);
  for (const auto& [name, value] : found.attributes)
    if (!attributes.find(name.c_str())) attributes.set(name, value);
  Inference inference{found, attributes, {}, {}};
  for (int id : inputs) {
    inference.inputs.push_back(graph.values[static_cast<size_t>(id)].type);
    inference.contents.push_back(content_of(graph, id));
  }
  if (output < 0) {
    output = static_cast<int>(graph.values.size());
    graph.values.push_back({found.infer(inference)[0], Source::computed, 0});
  }
  graph.nodes.push_back({&found, std::move(attributes), std::move(inputs), {output}, std::move(layer)});
  return output;
}

int append_constant(FlatGraph& graph, const Dims& values) {
  Tensor tensor({DType::i64, {static_cast<Dim>(values.size())}});
  std::copy(values.begin(), values.end(), tensor.as<int64_t>());
  graph.values.push_back({tensor.type, Source::constant, static_cast<int>(graph.constants.size())});
  graph.constants.push_back(std::move(tensor));
  return static_cast<int>(graph.values.size()) - 1;
}

// What is read on several ways counts on each: in a deep graph that doubles from node to node.
constexpr int64_t kMostBytes = int64_t{1} << 60;

FixedValues::FixedValues(const FlatGraph& graph)
    : fixed(graph.values.size()), computed(graph.values.size()), bytes(graph.values.size()) {
  std::set<int> assigned;
  for (const FlatUpdate& update : graph.updates) assigned.insert(update.variable);
  for (size_t id = 0; id < graph.values.size(); id++) {
    const FlatValue& value = graph.values[id];
    const auto slot = static_cast<size_t>(value.slot);
    if (value.source == Source::variable) {
      fixed[id] = !assigned.count(value.slot) && !graph.variables[slot]->random_state();
      bytes[id] = value.type.bytes();
    } else {
      fixed[id] = value.source == Source::constant;
    }
  }
  for (const FlatNode& node : graph.nodes) {
    const std::string& name = node.op->name;
    bool all = !node.inputs.empty() && !node.body && name != "print" && name != "random_uniform";
    bool made = name != "reshape" && name != "expand_dims" && name != "squeeze";
    int64_t read = 0;
    for (int id : node.inputs) {
      all = all && fixed[static_cast<size_t>(id)];
      made = made || computed[static_cast<size_t>(id)];
      read = std::min(read + bytes[static_cast<size_t>(id)], kMostBytes);
    }
    for (int id : node.outputs) {
      if (id < 0) continue;
      fixed[static_cast<size_t>(id)] = all;
      computed[static_cast<size_t>(id)] = made;
      bytes[static_cast<size_t>(id)] = read;
    }
  }
}

}  // namespace nnstack
