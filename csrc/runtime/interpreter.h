// Op by op, without passes: the meaning that every pass is tested against, and what eager execution and folding use.
#pragma once
#include <optional>

#include "passes/flat_graph.h"

namespace nnstack {

std::vector<Tensor> run_node(const Op& op, const Attributes& attributes, const std::vector<Tensor>& inputs);

// Values on given placeholders; concrete values and variables are read where they are.
std::vector<Tensor> interpret(const Values& inputs, const Values& outputs, const std::vector<Tensor>& arrays,
                              std::optional<bool> learning_phase = {});

// Emits and, where every input is concrete, computes at once. Under an open tape the results keep their producers.
Values emit_now(const std::string& op, Values inputs, Attributes attributes = {});
void tape_begin();
void tape_end();
Value read_variable(const std::shared_ptr<Variable>& variable, const Value& leaf);

}  // namespace nnstack
