//   before: Values of the user's graph              after: numbered, folded, deduplicated
//   x ── mul ── add ── y                            %0 = input x; %1 = constant 6
//   2 ── mul ──┘                                    %2 = add(multiply(%0, ...), ...)
#include <map>
#include <unordered_map>
#include <utility>

#include "graph/body.h"
#include "passes/flat_graph.h"

namespace nnstack {
namespace {

constexpr int64_t kLargestFolded = 1 << 16;  // elements; larger constants are cheaper to compute than to keep
constexpr size_t kLargestMerged = 64;        // bytes; larger constants are seldom equal

struct NodeKey {
  const Op* op;
  Attributes attributes;
  std::vector<int> inputs;
  bool operator==(const NodeKey&) const = default;
};
struct NodeKeyHash {
  size_t operator()(const NodeKey& key) const {
    size_t h = key.attributes.hash() ^ reinterpret_cast<size_t>(key.op);
    for (int i : key.inputs) h = h * 1000003 + static_cast<size_t>(i);
    return h;
  }
};

class Flattener {
 public:
  Flattener(const ProgramSpec& spec, const Evaluate& evaluate) : spec_(spec), evaluate_(evaluate) {}

  FlatGraph run() {
    for (const Value& input : spec_.inputs) {
      if (!is_leaf(*input->node, "placeholder"))
        throw ValueError("program: an input must be a placeholder, got the result of " + input->node->op->name);
      add_input(input);
    }
    for (const Value& output : spec_.outputs) graph_.outputs.push_back(visit(output));
    std::unordered_map<const Variable*, size_t> last;  // of several updates of one variable the last one counts
    for (size_t k = 0; k < spec_.updates.size(); k++) last[spec_.updates[k].first.get()] = k;
    for (size_t k = 0; k < spec_.updates.size(); k++) {
      const auto& [variable, value] = spec_.updates[k];
      if (last.at(variable.get()) != k) continue;
      if (value->type.dtype != variable->type().dtype) {
        throw ValueError("variable \"" + variable->name + "\": an update of " + std::string(name_of(variable->type().dtype)) +
                         " got " + name_of(value->type.dtype));
      }
      const int id = visit(value);
      graph_.updates.push_back({variable_slot(variable), id});
    }
    if (spec_.fold) remove_dead(graph_);
    advance_random_states();
    return std::move(graph_);
  }

 private:
  int add(const TensorType& type, Source source, int slot) {
    graph_.values.push_back({type, source, slot});
    return static_cast<int>(graph_.values.size()) - 1;
  }

  int variable_slot(const std::shared_ptr<Variable>& variable) {
    const auto [at, fresh] = slots_.emplace(variable.get(), static_cast<int>(graph_.variables.size()));
    if (fresh) graph_.variables.push_back(variable);
    return at->second;
  }

  // Small constants that hold the same bits are one value, else nodes that use them could not be merged.
  int add_constant(const Tensor& tensor) {
    std::string key;
    if (spec_.fold && tensor.bytes() <= kLargestMerged && tensor.device().host_memory()) {
      key = text(tensor.type) + std::string(tensor.as<char>(), tensor.bytes());
      if (const auto known = constants_.find(key); known != constants_.end()) return known->second;
    }
    graph_.constants.push_back(tensor);
    const int id = add(tensor.type, Source::constant, static_cast<int>(graph_.constants.size()) - 1);
    if (!key.empty()) constants_.emplace(std::move(key), id);
    return id;
  }

  // Depth first without recursion: graphs may be very deep.
  int visit(const Value& value) {
    std::vector<const ValueData*> stack{value.get()};
    while (!stack.empty()) {
      const ValueData* top = stack.back();
      if (ids_.count(top)) {
        stack.pop_back();
        continue;
      }
      const size_t before = stack.size();
      if (!top->data) push_unnumbered(top->node->inputs, *top, stack);
      if (stack.size() > before) continue;
      stack.pop_back();
      number(*top);
    }
    return ids_.at(value.get());
  }

  // What must be numbered before `value`. Of a switch whose condition is known only the branch it names is looked at: the
  // other one may depend on what is not there, and must not advance random states.
  void push_unnumbered(const Values& inputs, const ValueData& value, std::vector<const ValueData*>& stack) {
    const auto push = [&](const Value& input) {
      if (!ids_.count(input.get())) stack.push_back(input.get());
    };
    if (!is_switch(value)) {
      for (auto input = inputs.rbegin(); input != inputs.rend(); ++input) push(*input);
    } else if (!ids_.count(inputs[0].get())) {
      push(inputs[0]);
    } else if (const std::optional<size_t> branch = taken_branch(value)) {
      push(inputs[*branch]);
    } else {
      push(inputs[2]);
      push(inputs[1]);
    }
  }

  static bool is_switch(const ValueData& value) { return value.node->op->name == "switch"; }

  // Input 1 or 2 of a switch whose (numbered) condition is known; nothing where the branch would have to be broadcast.
  std::optional<size_t> taken_branch(const ValueData& value) const {
    const Tensor* condition = constant_of(ids_.at(value.node->inputs[0].get()));
    if (!condition) return {};
    const size_t branch = number_at(*condition, 0) != 0 ? 1 : 2;
    if (value.node->inputs[branch]->type.shape != value.type.shape) return {};
    return branch;
  }

  void number(const ValueData& value) {
    const Node& node = *value.node;
    if (value.data) {
      ids_[&value] = add_constant(value.data);
    } else if (node.variable) {
      const int slot = variable_slot(node.variable);
      const auto [at, fresh] = leaves_.emplace(slot, -1);
      if (fresh) at->second = add(value.type, Source::variable, slot);
      ids_[&value] = at->second;
    } else if (is_leaf(node, "placeholder")) {
      number_placeholder(value);
    } else {
      number_computed(value);
    }
  }

  void number_placeholder(const ValueData& value) {
    if (&value == learning_phase().get() && spec_.learning_phase) {
      ids_[&value] = add_constant(scalar_tensor(DType::b8, *spec_.learning_phase ? 1 : 0));
      return;
    }
    throw ValueError("program: a result depends on placeholder \"" + value.node->name + "\" " + text(value.type.shape) +
                     ", which is not among the inputs");
  }

  void number_computed(const ValueData& value) {
    const Node& node = *value.node;
    if (is_switch(value)) {
      if (const std::optional<size_t> branch = taken_branch(value)) {
        ids_[&value] = ids_.at(node.inputs[*branch].get());
        return;
      }
    }
    NodeKey key{node.op, node.attributes, {}};
    for (const Value& input : node.inputs) key.inputs.push_back(ids_.at(input.get()));
    if (spec_.fold) {
      if (const std::optional<int> same = simplified(key, value)) {
        ids_[&value] = *same;
        return;
      }
      const auto known = nodes_.find(key);
      if (known != nodes_.end()) {
        ids_[&value] = output_of(known->second, value);
        return;
      }
    } else if (const auto made = by_node_.find(&node); made != by_node_.end()) {
      ids_[&value] = output_of(made->second, value);
      return;
    }
    const int index = static_cast<int>(graph_.nodes.size());
    graph_.nodes.push_back({node.op, node.attributes, key.inputs, {}, node.layer});
    if (const Attribute* body = node.attributes.find("body")) flatten_body(graph_.nodes.back(), *std::get<BodyPointer>(*body));
    by_node_.emplace(&node, index);
    nodes_.emplace(std::move(key), index);
    ids_[&value] = output_of(index, value);
  }

  // A loop's body is a graph of its own. Scalars that are known outside are known inside: a branch is chosen once, not at
  // each step.
  void flatten_body(FlatNode& node, const Body& body) {
    const ProgramSpec spec{{}, body.results, {}, spec_.learning_phase, spec_.fold};
    Flattener inner(spec, evaluate_);
    FlatBody flat{{},
                  static_cast<int>(node.attributes.integer("states")),
                  static_cast<int>(node.attributes.integer("sequences")),
                  node.attributes.flag("reverse")};
    const std::vector<int> given = std::exchange(node.inputs, {});
    for (size_t i = 0; i < given.size(); i++) {
      const Value& parameter = body.parameters[i];
      const Tensor* known = static_cast<int>(i) < flat.states + flat.sequences ? nullptr : constant_of(given[i]);
      if (known && known->type.shape.elements() == 1) {
        inner.ids_.emplace(parameter.get(), inner.add_constant(*known));
        continue;
      }
      inner.add_input(parameter);
      node.inputs.push_back(given[i]);
    }
    flat.graph = inner.run();
    node.body = std::make_shared<const FlatBody>(std::move(flat));
  }

  void add_input(const Value& input) {
    if (!ids_.emplace(input.get(), add(input->type, Source::input, static_cast<int>(graph_.inputs.size()))).second)
      throw ValueError("program: input \"" + input->node->name + "\" is given twice");
    graph_.inputs.push_back(ids_.at(input.get()));
    graph_.input_names.push_back(input->node->name);
  }

  int output_of(int node, const ValueData& value) {
    auto& outputs = graph_.nodes[static_cast<size_t>(node)].outputs;
    while (outputs.size() <= static_cast<size_t>(value.index)) outputs.push_back(-1);
    int& id = outputs[static_cast<size_t>(value.index)];
    if (id < 0) id = add(value.type, Source::computed, 0);
    return id;
  }

  const Tensor* constant_of(int id) const {
    const FlatValue& value = graph_.values[static_cast<size_t>(id)];
    return value.source == Source::constant ? &graph_.constants[static_cast<size_t>(value.slot)] : nullptr;
  }

  bool is_scalar(int id, double number) const {
    const Tensor* tensor = constant_of(id);
    return tensor && tensor->type.shape.rank() == 0 && tensor->type.dtype != DType::f16 && tensor->type.dtype != DType::bf16 &&
           number_at(*tensor, 0) == number;
  }

  std::optional<int> simplified(const NodeKey& key, const ValueData& value) {
    const std::string& name = key.op->name;
    if (name == "identity" || name == "stop_gradient") return key.inputs[0];
    if (name == "multiply" && is_scalar(key.inputs[1], 1)) return key.inputs[0];
    if (name == "multiply" && is_scalar(key.inputs[0], 1)) return key.inputs[1];
    if (name == "divide" && is_scalar(key.inputs[1], 1)) return key.inputs[0];
    return folded(key, value);
  }

  std::optional<int> folded(const NodeKey& key, const ValueData& value) {
    if (key.inputs.empty() || !value.type.shape.known() || value.type.shape.elements() > kLargestFolded ||
        value.node->op->name == "random_uniform" || value.node->op->name == "scan" || value.node->op->name == "print")
      return {};
    std::vector<Tensor> inputs;
    for (int id : key.inputs) {
      const Tensor* tensor = constant_of(id);
      if (!tensor) return {};
      inputs.push_back(*tensor);
    }
    return add_constant(evaluate_(*key.op, key.attributes, inputs)[static_cast<size_t>(value.index)]);
  }

  // A random state that is read moves on by one per run, unless the step itself assigns it.
  void advance_random_states() {
    std::vector<bool> read(graph_.values.size());
    for (const FlatNode& node : graph_.nodes)
      for (int id : node.inputs) read[static_cast<size_t>(id)] = true;
    const std::map<int, int> ordered(leaves_.begin(), leaves_.end());  // so that the same graph makes the same plan
    for (const auto& [slot, leaf] : ordered) {
      if (!read[static_cast<size_t>(leaf)]) continue;
      const auto& variable = graph_.variables[static_cast<size_t>(slot)];
      if (!variable->random_state()) continue;
      bool assigned = false;
      for (const FlatUpdate& update : graph_.updates) assigned = assigned || update.variable == slot;
      if (assigned) continue;
      Tensor one({DType::i64, {2}});
      one.as<int64_t>()[0] = 0;
      one.as<int64_t>()[1] = 1;
      const int result = add(variable->type(), Source::computed, 0);
      graph_.nodes.push_back({&op_named("add"), {}, {leaf, add_constant(one)}, {result}, nullptr});
      graph_.updates.push_back({slot, result});
    }
  }

  const ProgramSpec& spec_;
  const Evaluate& evaluate_;
  FlatGraph graph_;
  std::unordered_map<const ValueData*, int> ids_;
  std::unordered_map<const Variable*, int> slots_;
  std::unordered_map<int, int> leaves_;             // variable slot -> value
  std::unordered_map<std::string, int> constants_;  // small ones by type and bits
  std::unordered_map<NodeKey, int, NodeKeyHash> nodes_;
  std::unordered_map<const Node*, int> by_node_;
};

}  // namespace

FlatGraph flatten(const ProgramSpec& spec, const Evaluate& evaluate) {
  require_values(spec.inputs, "program: input");
  require_values(spec.outputs, "program: output");
  for (const auto& [variable, value] : spec.updates)
    if (!variable || !value) throw TypeError("program: an update is None, expected (variable, value)");
  return Flattener(spec, evaluate).run();
}

void remove_dead(FlatGraph& graph) {
  std::vector<bool> needed(graph.values.size());
  for (int id : graph.outputs) needed[static_cast<size_t>(id)] = true;
  for (const FlatUpdate& update : graph.updates) needed[static_cast<size_t>(update.value)] = true;
  std::vector<FlatNode> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool used = false;
    for (int id : node->outputs) used = used || (id >= 0 && needed[static_cast<size_t>(id)]);
    if (!used) continue;
    for (int& id : node->outputs)
      if (id >= 0 && !needed[static_cast<size_t>(id)]) id = -1;
    if (node->body) prune_body(*node, needed);
    for (int id : node->inputs) needed[static_cast<size_t>(id)] = true;
    kept.push_back(std::move(*node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

}  // namespace nnstack
