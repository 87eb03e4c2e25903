#include "autodiff/gradients.h"

#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "ops/build.h"

namespace nnstack {
namespace {

// Nodes that ys depend on, inputs before users.
std::vector<std::shared_ptr<Node>> ordered(const Values& ys) {
  std::vector<std::shared_ptr<Node>> order;
  std::unordered_set<const Node*> seen;
  struct Frame {
    std::shared_ptr<Node> node;
    size_t next = 0;
  };
  std::vector<Frame> stack;
  for (const Value& y : ys) {
    if (seen.insert(y->node.get()).second) stack.push_back({y->node});
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next < top.node->inputs.size()) {
        const auto& input = top.node->inputs[top.next++]->node;
        if (seen.insert(input.get()).second) stack.push_back({input});
      } else {
        order.push_back(std::move(top.node));
        stack.pop_back();
      }
    }
  }
  return order;
}

}  // namespace

Values gradients(const Values& ys, const Values& xs, const Values& grad_ys) {
  require_values(ys, "gradients: y");
  require_values(xs, "gradients: x");
  const std::vector<std::shared_ptr<Node>> order = ordered(ys);

  // Only what lies between xs and ys has a gradient worth computing. Leaves of one variable are one thing, and so is an
  // output of a node, whichever Values name it.
  using Key = std::pair<const void*, int>;
  const auto key = [](const Value& v) -> Key {
    if (v->node->variable) return {v->node->variable.get(), 0};
    return {v->node.get(), v->index};
  };
  std::set<Key> wanted;
  for (const Value& x : xs) wanted.insert(key(x));
  std::unordered_set<const Node*> relevant;
  std::unordered_map<const Node*, Values> outputs_of;  // the values that somebody uses
  const auto note = [&](const Value& v) {
    Values& outputs = outputs_of[v->node.get()];
    if (outputs.size() <= static_cast<size_t>(v->index)) outputs.resize(static_cast<size_t>(v->index) + 1);
    outputs[static_cast<size_t>(v->index)] = v;
  };
  for (const Value& y : ys) note(y);
  for (const auto& node : order) {
    for (const Value& input : node->inputs) {
      note(input);
      if (wanted.count(key(input)) || relevant.count(input->node.get())) relevant.insert(node.get());
    }
  }

  std::map<Key, Value> gradient_of;
  const auto accumulate = [&](const Value& v, const Value& g) {
    Value& sum = gradient_of[key(v)];
    sum = sum ? sum + g : g;
  };
  for (size_t i = 0; i < ys.size(); i++) {
    if (!is_floating(ys[i]->type.dtype))
      throw TypeError(std::string("gradients: cannot differentiate a ") + name_of(ys[i]->type.dtype) + " value");
    const Value given = i < grad_ys.size() ? grad_ys[i] : nullptr;
    accumulate(ys[i], given ? given : broadcast_to_shape_of(scalar_like(ys[i], 1), ys[i]));
  }

  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const Node& node = **at;
    if (!relevant.count(&node) || !node.op->gradient) continue;
    Values& outputs = outputs_of[&node];
    Values output_gradients(outputs.size());
    bool any = false;
    for (size_t i = 0; i < outputs.size(); i++) {
      if (!outputs[i]) continue;
      const auto found = gradient_of.find(key(outputs[i]));
      if (found == gradient_of.end()) continue;
      output_gradients[i] = found->second;
      any = true;
    }
    if (!any) continue;
    const auto previous = set_layer(node.layer);
    const Values input_gradients = node.op->gradient({node, outputs, output_gradients, gradients});
    for (size_t i = 0; i < input_gradients.size(); i++) {
      const Value& input = node.inputs[i];
      if (input_gradients[i] && (wanted.count(key(input)) || relevant.count(input->node.get())))
        accumulate(input, input_gradients[i]);
    }
    set_layer(previous);
  }

  Values result;
  for (const Value& x : xs) {
    const auto found = gradient_of.find(key(x));
    result.push_back(found == gradient_of.end() ? nullptr : found->second);
  }
  return result;
}

}  // namespace nnstack
