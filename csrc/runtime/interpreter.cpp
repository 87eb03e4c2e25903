#include "runtime/interpreter.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "graph/body.h"
#include "passes/draft.h"
#include "runtime/runner.h"

namespace nnstack {
namespace {

thread_local int open_tapes = 0;

bool all_concrete(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](const Value& v) { return static_cast<bool>(v->data); });
}

// The types of a body's results on concrete inputs.
std::vector<TensorType> types_of(const Body& body, const std::vector<Tensor>& inputs) {
  const FlatGraph graph = flatten({body.parameters, body.results, {}, {}, false}, run_node);
  std::vector<Shape> shapes;
  std::vector<Content> contents;
  for (const Tensor& input : inputs) {
    shapes.push_back(input.type.shape);
    const bool small = is_integer(input.type.dtype) && input.type.shape.elements() <= 4 * kMaxRank;
    contents.push_back(small ? Content{true, integers(input)} : Content{});
  }
  const Draft draft = make_draft(graph, shapes, contents);
  std::vector<TensorType> types;
  for (int id : graph.outputs) types.push_back(draft.values[static_cast<size_t>(id)].type);
  return types;
}

// Slice `index` along the first axis, in the memory of the whole.
Tensor slice_of(const Tensor& whole, int64_t index) {
  Tensor slice;
  slice.type = {whole.type.dtype, Shape(std::span<const Dim>(whole.type.shape.begin() + 1, whole.type.shape.end()))};
  const size_t bytes = slice.bytes();
  slice.storage =
      std::make_shared<Storage>(cpu_device(), bytes, whole.as<std::byte>() + static_cast<size_t>(index) * bytes, whole.storage);
  return slice;
}

Tensor stack_of(int64_t length, const TensorType& type) {
  Shape shape{length};
  for (Dim d : type.shape) shape.push_back(d);
  return Tensor({type.dtype, shape});
}

void store(const Tensor& value, const Tensor& stack, int64_t index) {
  std::memcpy(slice_of(stack, index).data(), value.data(), value.bytes());
}

// What ops/scan.cpp says, word for word.
std::vector<Tensor> run_scan(const Attributes& attributes, const std::vector<Tensor>& inputs) {
  const Body& body = *attributes.body("body");
  const auto states = static_cast<size_t>(attributes.integer("states")),
             sequences = static_cast<size_t>(attributes.integer("sequences"));
  const int64_t length = inputs[states].type.shape[0];
  for (size_t k = states; k < states + sequences; k++)
    if (inputs[k].type.shape[0] != length) throw ValueError("scan: the sequences have different numbers of steps");
  std::vector<Tensor> arguments = inputs;
  for (size_t k = states; k < states + sequences; k++) {
    arguments[k] = length > 0 ? slice_of(inputs[k], 0) : Tensor();
    if (length == 0)
      arguments[k].type = {inputs[k].type.dtype,
                           Shape(std::span<const Dim>(inputs[k].type.shape.begin() + 1, inputs[k].type.shape.end()))};
  }
  const std::vector<TensorType> types = types_of(body, arguments);
  std::vector<Tensor> stacks;
  for (size_t k = states; k < types.size(); k++) stacks.push_back(stack_of(length, types[k]));
  for (size_t k = 0; k < states; k++) {
    if (types[k] != inputs[k].type)
      throw ValueError("scan: a state is " + text(inputs[k].type) + " before a step and " + text(types[k]) + " after it");
    stacks.push_back(stack_of(length, types[k]));
  }
  for (int64_t t = 0; t < length; t++) {
    const int64_t index = attributes.flag("reverse") ? length - 1 - t : t;
    for (size_t k = states; k < states + sequences; k++) arguments[k] = slice_of(inputs[k], index);
    const std::vector<Tensor> results = interpret(body.parameters, body.results, arguments);
    for (size_t k = 0; k < states; k++) store(arguments[k], stacks[types.size() - states + k], index);
    for (size_t k = states; k < types.size(); k++) store(results[k], stacks[k - states], index);
    std::copy(results.begin(), results.begin() + static_cast<int64_t>(states), arguments.begin());
  }
  std::vector<Tensor> outputs(arguments.begin(), arguments.begin() + static_cast<int64_t>(states));
  outputs.insert(outputs.end(), stacks.begin(), stacks.end());
  return outputs;
}

}  // namespace

std::vector<Tensor> run_node(const Op& op, const Attributes& attributes, const std::vector<Tensor>& given) {
  std::vector<Tensor> inputs;
  for (const Tensor& input : given) inputs.push_back(on_device(input, cpu_device()));
  if (op.name == "scan") return run_scan(attributes, inputs);
  // A graph of this one node whose inputs are constants: shapes given as values are then known.
  FlatGraph graph;
  FlatNode node{&op, attributes, {}, {}, nullptr};
  Inference inference{op, attributes, {}, {}};
  for (size_t i = 0; i < inputs.size(); i++) {
    graph.constants.push_back(inputs[i]);
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
  require_values(inputs, op + ": input");
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
