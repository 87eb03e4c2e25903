//   before: p = matmul(x, w)             after: y = matmul(x, w) { y = relu(p + b) }
//           y = program { relu(p + b) }  the program runs on rows of p that were just computed and are still in cache
// Likewise for convolutions.
#include "passes/merge.h"

namespace nnstack {
namespace {

// The step that reads the product first, if it is an elementwise one over the whole of it; else -1.
int first_program_on(const Draft& draft, const StepMerger& merger, int matmul, int product) {
  const int reader = merger.first_reader(product, matmul);
  if (reader < 0) return -1;
  const DraftStep& step = draft.steps[static_cast<size_t>(reader)];
  const bool whole =
      step.kernel == KernelId::elementwise && step.space == draft.values[static_cast<size_t>(product)].type.shape;
  return whole ? reader : -1;
}

bool attach(Draft& draft, StepMerger& merger, int matmul) {
  DraftStep& product_step = draft.steps[static_cast<size_t>(matmul)];
  const int product = product_step.outputs[0];
  const int program = first_program_on(draft, merger, matmul, product);
  if (program < 0) return false;
  const bool sink = merger.can_sink(matmul, program);
  if (!sink && !merger.can_hoist(program, matmul)) return false;
  DraftStep code = draft.steps[static_cast<size_t>(program)];
  if (!merger.reads_directly(code, product) || !fits_elementwise(code, product)) return false;

  DraftStep both = product_step;
  for (int id : code.inputs)
    if (id != product) both.inputs.push_back(id);
  both.outputs.insert(both.outputs.end(), code.outputs.begin(), code.outputs.end());
  both.code = code.code;
  both.space = code.space;
  both.nodes.insert(both.nodes.end(), code.nodes.begin(), code.nodes.end());
  both.product_is_temporary = merger.read_only_by(product, program);
  merger.replace(matmul, program, sink ? program : matmul, std::move(both));
  return true;
}

}  // namespace

void attach_epilogues(Draft& draft) {
  StepMerger merger(draft);
  const int count = static_cast<int>(draft.steps.size());
  for (int s = 0; s < count; s++) {
    const DraftStep& step = draft.steps[static_cast<size_t>(s)];
    if (!step.dead && is_product(step.kernel) && step.code.empty()) attach(draft, merger, s);
  }
  std::erase_if(draft.steps, [](const DraftStep& step) { return step.dead; });
}

}  // namespace nnstack
