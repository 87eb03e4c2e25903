#include "graph/body.h"

#include <unordered_map>
#include <unordered_set>

#include "graph/op.h"

namespace nnstack {
namespace {

class Closer {
 public:
  explicit Closer(const Values& parameters) : parameters_(parameters) {
    for (const Value& parameter : parameters) known_.emplace(parameter.get(), parameter);
  }

  Value close(const Value& result) {
    mark_dependent(*result);
    std::vector<const Node*> stack;
    const auto push = [&](const Value& value) {
      if (dependent_.count(value->node.get()) && !known_.count(value.get())) stack.push_back(value->node.get());
    };
    push(result);
    while (!stack.empty()) {  // depth first without recursion: graphs may be very deep
      const Node* top = stack.back();
      const size_t before = stack.size();
      if (!copies_.count(top))
        for (const Value& input : top->inputs)
          if (!copies_.count(input->node.get())) push(input);
      if (stack.size() > before) continue;
      stack.pop_back();
      if (!copies_.count(top)) copy(*top);
    }
    return inside(result);
  }

  ClosedBody finish(Values results) {
    Values parameters = parameters_;
    parameters.insert(parameters.end(), stand_ins_.begin(), stand_ins_.end());
    return {std::make_shared<const Body>(Body{std::move(parameters), std::move(results)}), captured_};
  }

 private:
  // Nodes from which a parameter can be reached.
  void mark_dependent(const ValueData& result) {
    struct Frame {
      const Node* node;
      size_t next = 0;
    };
    std::vector<Frame> stack;
    const auto push = [&](const ValueData& value) {
      if (!known_.count(&value) && seen_.insert(value.node.get()).second) stack.push_back({value.node.get()});
    };
    push(result);
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next < top.node->inputs.size()) {
        push(*top.node->inputs[top.next++]);
        continue;
      }
      for (const Value& input : top.node->inputs)
        if (known_.count(input.get()) || dependent_.count(input->node.get())) dependent_.insert(top.node);
      stack.pop_back();
    }
  }

  void copy(const Node& node) {
    Values inputs;
    for (const Value& input : node.inputs) inputs.push_back(inside(input));
    const auto previous = set_layer(node.layer);
    copies_.emplace(&node, emit_all(node.op->name, std::move(inputs), node.attributes));
    set_layer(previous);
  }

  Value inside(const Value& value) {
    if (const auto known = known_.find(value.get()); known != known_.end()) return known->second;
    if (const auto made = copies_.find(value->node.get()); made != copies_.end())
      return made->second[static_cast<size_t>(value->index)];
    if (value->data && is_leaf(*value->node, "constant")) return value;
    const Value stand_in = placeholder(value->type, "captured");
    stand_in->content = content(value);
    captured_.push_back(value);
    stand_ins_.push_back(stand_in);
    known_.emplace(value.get(), stand_in);
    return stand_in;
  }

  const Values& parameters_;
  std::unordered_map<const ValueData*, Value> known_;
  std::unordered_set<const Node*> seen_, dependent_;
  std::unordered_map<const Node*, Values> copies_;
  Values captured_, stand_ins_;
};

}  // namespace

ClosedBody close_body(const Values& parameters, const Values& results) {
  for (const Value& parameter : parameters)
    if (!is_leaf(*parameter->node, "placeholder"))
      throw ValueError("loop: a parameter of the body must be a placeholder, got the result of " + parameter->node->op->name);
  Closer closer(parameters);
  Values closed;
  for (const Value& result : results) closed.push_back(closer.close(result));
  return closer.finish(std::move(closed));
}

}  // namespace nnstack
