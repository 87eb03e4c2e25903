#include "runtime/interpreter.h"

#include <algorithm>
#include <unordered_map>

#include "runtime/runner.h"

namespace nnstack {
namespace {

thread_local int open_tapes = 0;

bool all_concrete(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](const Value& v) { return static_cast<bool>(v->data); });
}

}  // namespace

std::vector<Tensor> run_node(const Op& op, const Attributes& attributes, const std::vector<Tensor>& inputs) {
  // A graph of this one node whose inputs are constants: shapes given as values are then known.
  FlatGraph graph;
  FlatNode node{&op, attributes, {}, {}, nullptr};
  Inference inference{op, attributes, {}, {}};
  for (size_t i = 0; i < inputs.size(); i++) {
    graph.constants.push_back(on_device(inputs[i], cpu_device()));
    graph.values.push_back({inputs[i].type, Source::constant, static_cast<int>(i)});
    node.inputs.push_back(static_cast<int>(i));
    inference.inputs.push_back(inputs[i].type);
    const bool small = is_integer(inputs[i].type.dtype) && inputs[i].type.shape.elements() <= 4 * kMaxRank;
    inference.contents.push_back(small ? Content{true, integers(graph.constants.back())} : Content{});
  }
  for (const TensorType& type : op.infer(inference)) {
    node.outputs.push_back(static_cast<int>(graph.values.size()));
    graph.outputs.push_back(node.outputs.back());
    graph.values.push_back({type, Source::computed, 0});
  }
  graph.nodes.push_back(std::move(node));

  const PassSwitches none{false, false, false, false, false};
  const auto plan = std::make_shared<const Plan>(graph, std::vector<Shape>{}, cpu_device(), none);
  Runner runner(cpu_device());
  runner.bind(plan, {});
  std::vector<Tensor> results;
  std::vector<void*> pointers;
  for (const TensorType& type : plan->outputs()) {
    results.emplace_back(type);
    pointers.push_back(results.back().data());
  }
  runner.run(nullptr, pointers.data());
  return results;
}

std::vector<Tensor> interpret(const Values& inputs, const Values& outputs, const std::vector<Tensor>& arrays,
                              std::optional<bool> phase) {
  std::unordered_map<const ValueData*, Tensor> known;
  for (size_t i = 0; i < inputs.size(); i++) known[inputs[i].get()] = arrays[i];
  if (phase) known.emplace(learning_phase().get(), scalar_tensor(DType::b8, *phase ? 1 : 0));
  std::unordered_map<const Node*, std::vector<Tensor>> computed;
  std::vector<const ValueData*> stack;
  for (const Value& output : outputs) stack.push_back(output.get());
  while (!stack.empty()) {
    const ValueData* top = stack.back();
    const Node& node = *top->node;
    if (known.count(top)) {
      stack.pop_back();
      continue;
    }
    if (top->data) {
      known[top] = on_device(top->data, cpu_device());
    } else if (node.variable) {
      known[top] = node.variable->read();
    } else if (is_leaf(node, "placeholder")) {
      throw ValueError("a result depends on placeholder \"" + node.name + "\" " + text(top->type.shape) +
                       ", which is not among the inputs");
    } else {
      bool ready = true;
      for (const Value& input : node.inputs) {
        if (known.count(input.get())) continue;
        stack.push_back(input.get());
        ready = false;
      }
      if (!ready) continue;
      auto& results = computed[&node];
      if (results.empty()) {
        std::vector<Tensor> operands;
        for (const Value& input : node.inputs) operands.push_back(known.at(input.get()));
        results = run_node(*node.op, node.attributes, operands);
      }
      known[top] = results[static_cast<size_t>(top->index)];
    }
    stack.pop_back();
  }
  std::vector<Tensor> results;
  for (const Value& output : outputs) results.push_back(known.at(output.get()));
  return results;
}

Values emit_now(const std::string& op, Values inputs, Attributes attributes) {
  const bool now = !inputs.empty() && all_concrete(inputs);
  Values outputs = emit_all(op, std::move(inputs), std::move(attributes));
  if (!now) return outputs;
  Node& node = *outputs[0]->node;
  std::vector<Tensor> operands;
  for (const Value& input : node.inputs) operands.push_back(input->data);
  const std::vector<Tensor> results = run_node(*node.op, node.attributes, operands);
  for (size_t i = 0; i < outputs.size(); i++) {
    outputs[i]->data = results[i];
    outputs[i]->type = results[i].type;
    if (open_tapes > 0) continue;
    outputs[i] = constant(results[i]);  // forgets where it came from
  }
  return outputs;
}

void tape_begin() { open_tapes++; }
void tape_end() {
  if (open_tapes == 0) throw RuntimeError("tape_end: no tape is open");
  open_tapes--;
}

// Gradients flow to the variable: an identity of its leaf that carries the data.
Value read_variable(const std::shared_ptr<Variable>& variable, const Value& leaf) {
  const Tensor snapshot = variable->read();
  if (open_tapes == 0) return constant(snapshot);
  const Value value = emit("identity", {leaf});
  value->data = snapshot;
  return value;
}

}  // namespace nnstack
