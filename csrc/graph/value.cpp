#include "graph/value.h"

#include <mutex>

#include "graph/op.h"

namespace nnstack {
namespace {

thread_local std::shared_ptr<const std::string> current_layer;

Value leaf(const char* op, const TensorType& type) {
  auto node = std::make_shared<Node>();
  node->op = &op_named(op);
  node->layer = current_layer;
  auto value = std::make_shared<ValueData>();
  value->node = std::move(node);
  value->type = type;
  return value;
}

std::string where(const std::string& op) {
  return current_layer && !current_layer->empty() ? op + " (layer \"" + *current_layer + "\")" : op;
}

Attributes complete(const Op& op, const Attributes& given) {
  Attributes all;
  for (const auto& [name, fallback] : op.attributes) {
    const Attribute* value = given.find(name.c_str());
    if (!value) {
      all.set(name, fallback);
    } else if (value->index() == fallback.index()) {
      all.set(name, *value);
    } else if (std::holds_alternative<double>(fallback) && std::holds_alternative<int64_t>(*value)) {
      all.set(name, static_cast<double>(std::get<int64_t>(*value)));
    } else {
      throw TypeError(where(op.name) + ": attribute \"" + name + "\" cannot be " + text(*value));
    }
  }
  for (const auto& [name, value] : given.entries())
    if (!all.find(name.c_str())) throw ValueError(where(op.name) + ": unknown attribute \"" + name + "\"");
  return all;
}

}  // namespace

// A long chain of nodes would otherwise be released by recursion as deep as the graph.
Node::~Node() {
  thread_local std::vector<std::shared_ptr<Node>>* pending = nullptr;
  std::vector<std::shared_ptr<Node>> own;
  const bool outermost = pending == nullptr;
  if (outermost) pending = &own;
  for (Value& input : inputs) {
    const Value last = std::move(input);  // one at a time: an input given twice becomes unique on the way
    if (last.use_count() == 1 && last->node && !last->node->inputs.empty()) pending->push_back(std::move(last->node));
  }
  if (!outermost) return;
  while (!own.empty()) {
    const std::shared_ptr<Node> next = std::move(own.back());
    own.pop_back();
  }
  pending = nullptr;
}

Value placeholder(const TensorType& type, const std::string& name) {
  Value value = leaf("placeholder", type);
  value->node->name = name;
  return value;
}

Value constant(Tensor data) {
  Value value = leaf("constant", data.type);
  value->data = std::move(data);
  return value;
}

Value constant(DType dtype, double value) { return constant(scalar_tensor(dtype, value)); }

Value constant(const Dims& values) {
  Tensor tensor({DType::i64, {static_cast<Dim>(values.size())}});
  std::copy(values.begin(), values.end(), tensor.as<int64_t>());
  return constant(std::move(tensor));
}

Value variable_leaf(const std::shared_ptr<Variable>& variable) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (Value known = variable->leaf.lock()) return known;
  Value value = leaf("variable", variable->type());
  value->node->variable = variable;
  value->node->name = variable->name;
  variable->leaf = value;
  return value;
}

Value learning_phase() {
  static const Value phase = placeholder({DType::b8, {}}, "keras_learning_phase");
  return phase;
}

void require_values(const Values& values, const std::string& what) {
  for (size_t i = 0; i < values.size(); i++)
    if (!values[i]) throw TypeError(what + " " + std::to_string(i) + " is None, expected a value of the graph");
}

Values emit_all(const std::string& op_name, Values inputs, Attributes attributes) {
  const Op& op = op_named(op_name);
  const auto count = static_cast<int>(inputs.size());
  if (count < op.least_inputs || (op.most_inputs >= 0 && count > op.most_inputs)) {
    throw ValueError(where(op_name) + ": expected " + std::to_string(op.least_inputs) + " inputs, got " +
                     std::to_string(count));
  }
  require_values(inputs, where(op_name) + ": input");
  auto node = std::make_shared<Node>();
  node->op = &op;
  node->attributes = complete(op, attributes);
  node->inputs = std::move(inputs);
  node->layer = current_layer;
  Inference inference{op, node->attributes, {}, {}};
  for (const Value& input : node->inputs) {
    inference.inputs.push_back(input->type);
    inference.contents.push_back(is_integer(input->type.dtype) ? content(input) : Content{});
  }
  std::vector<TensorType> types = op.infer(inference);
  Values outputs;
  for (size_t i = 0; i < types.size(); i++) {
    outputs.push_back(std::make_shared<ValueData>());
    outputs.back()->node = node;
    outputs.back()->index = static_cast<int>(i);
    outputs.back()->type = types[i];
  }
  if (op.content && is_integer(types[0].dtype)) outputs[0]->content = op.content(inference);
  return outputs;
}

Value emit(const std::string& op, Values inputs, Attributes attributes) {
  return emit_all(op, std::move(inputs), std::move(attributes)).front();
}

Content content(const Value& value) {
  if (value->data && is_integer(value->type.dtype)) {
    if (value->type.shape.elements() > 4 * kMaxRank || !value->data.device().host_memory()) return {};
    return {true, integers(value->data)};
  }
  return value->content;
}

void Inference::fail(const std::string& message) const { throw ValueError(where(op.name) + ": " + message); }

std::shared_ptr<const std::string> set_layer(std::shared_ptr<const std::string> layer) {
  std::swap(layer, current_layer);
  return layer;
}

const std::string& layer_of(const Node& node) {
  static const std::string none;
  return node.layer ? *node.layer : none;
}

bool is_leaf(const Node& node, const char* leaf_op) { return node.op->name == leaf_op; }

}  // namespace nnstack
