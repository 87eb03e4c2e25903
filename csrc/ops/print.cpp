// print: its input as it is. A Program that was made from a graph with such nodes hands their values to the print sink after
// every run (runtime/print.h).
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {

std::vector<Op> print_ops() {
  return {{.name = "print",
           .attributes = {{"message", std::string()}, {"summarize", int64_t{3}}},
           .infer = [](const Inference& i) -> std::vector<TensorType> { return {i.inputs[0]}; },
           .gradient = [](const GradientQuery& q) -> Values { return {q.gradients[0]}; },
           .lower = [](Lowering& l) { l.alias(0); }}};
}

}  // namespace nnstack
