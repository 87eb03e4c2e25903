// Leaves have no inputs and no kernels: Programs bind them.
#include "graph/op.h"

namespace nnstack {

std::vector<Op> leaf_ops() {
  std::vector<Op> ops;
  for (const char* name : {"placeholder", "constant", "variable"}) {
    ops.push_back(
        {.name = name, .least_inputs = 0, .most_inputs = 0, .infer = [](const Inference& i) -> std::vector<TensorType> {
           i.fail("is a leaf and cannot be emitted");
         }});
  }
  return ops;
}

}  // namespace nnstack
