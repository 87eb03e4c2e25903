// What an op is: checks and types, gradient rule, kernel calls. One table entry each; csrc/ops holds them.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/kernel.h"
#include "graph/value.h"

namespace nnstack {

class Lowering;

// What inference may look at. Shapes may hold unknown dimensions; when a Plan is made the same rule runs on known ones.
struct Inference {
  const Op& op;
  const Attributes& attributes;
  std::vector<TensorType> inputs;
  std::vector<Content> contents;  // of integer inputs

  // ValueError in the one voice, "conv2d: <text>"; the layer's name is put in front by emit.
  [[noreturn]] void fail(const std::string& text) const;
  // `text`: a string, or a function that makes it where it is needed: plans infer every node.
  template <class Text>
  void require(bool holds, const Text& text) const {
    if (holds) return;
    if constexpr (std::is_invocable_v<const Text&>)
      fail(text());
    else
      fail(text);
  }
};

// Gradients of the inputs, given those of the outputs (a null output gradient means zero; a null result too).
struct GradientQuery {
  const Node& node;
  const Values& outputs;    // the node's own outputs
  const Values& gradients;  // same length as outputs
  // The reverse walk itself, for a rule that differentiates a composition.
  Values (*differentiate)(const Values& ys, const Values& xs, const Values& grad_ys);
  const Value& input(size_t i) const { return node.inputs[i]; }
};

struct Op {
  std::string name;
  int least_inputs = 1, most_inputs = 1;                        // most -1: any number
  std::vector<std::pair<std::string, Attribute>> attributes{};  // names and defaults; the default's type is the type
  std::vector<TensorType> (*infer)(const Inference&) = nullptr;
  Values (*gradient)(const GradientQuery&) = nullptr;  // null: the gradient is zero
  void (*lower)(Lowering&) = nullptr;                  // null for leaves and elementwise ops
  std::optional<ElementwiseOp> elementwise{};
  Content (*content)(const Inference&) = nullptr;  // for integer arithmetic on shapes
};

const Op& op_named(const std::string& name);  // ValueError with the nearest name
const std::vector<const Op*>& all_ops();

}  // namespace nnstack
