//   before: a = multiply(x, y)      after: c = program { t = x * y; c = tanh(t + z) } in one walk over the elements
//           b = add(a, z)
//           c = tanh(b)
// Two steps are merged where one feeds the other, both walk the same space, and one of them can move to the other's place.
// First producers sink to their readers, then what is left is hoisted to its producers.
#include <algorithm>

#include "passes/merge.h"

namespace nnstack {
namespace {

bool is_elementwise(const DraftStep& step) { return !step.dead && step.kernel == KernelId::elementwise; }

// The merged program, or nothing where the kernel's limits forbid it.
std::optional<DraftStep> merged(const Draft& draft, const StepMerger& merger, int producer, int reader, int value) {
  const DraftStep& first = draft.steps[static_cast<size_t>(producer)];
  DraftStep second = draft.steps[static_cast<size_t>(reader)];
  if (!merger.reads_directly(second, value)) return {};
  for (int made : first.outputs)
    if (made != value && !merger.reads_directly(second, made)) return {};
  DraftStep both{KernelId::elementwise, {}, first.inputs, first.outputs, first.code, first.space, first.nodes};
  for (int id : second.inputs) {
    const bool made_inside = std::find(first.outputs.begin(), first.outputs.end(), id) != first.outputs.end();
    if (!made_inside && std::find(both.inputs.begin(), both.inputs.end(), id) == both.inputs.end()) both.inputs.push_back(id);
  }
  both.outputs.insert(both.outputs.end(), second.outputs.begin(), second.outputs.end());
  both.code.insert(both.code.end(), second.code.begin(), second.code.end());
  both.nodes.insert(both.nodes.end(), second.nodes.begin(), second.nodes.end());
  merger.keep_visible_outputs(both, producer, reader);
  if (!fits_elementwise(both)) return {};
  return both;
}

// The value through which `reader` may be merged with an earlier elementwise step over the same space, or -1.
int mergeable_input(const Draft& draft, const StepMerger& merger, int reader, size_t& from) {
  const DraftStep& step = draft.steps[static_cast<size_t>(reader)];
  for (; from < step.inputs.size(); from++) {
    const int id = step.inputs[from];
    const int producer = merger.producer(id);
    if (producer < 0 || producer == reader) continue;
    const DraftStep& maker = draft.steps[static_cast<size_t>(producer)];
    if (!is_elementwise(maker) || maker.space != step.space || draft.values[static_cast<size_t>(id)].type.shape != step.space)
      continue;
    for (int made : maker.outputs)
      if (draft.root(made) == draft.root(id) && draft.values[static_cast<size_t>(made)].type.shape == step.space) return made;
  }
  return -1;
}

void merge_all(Draft& draft, StepMerger& merger, bool sink) {
  for (int reader = 0; reader < static_cast<int>(draft.steps.size()); reader++) {
    if (!is_elementwise(draft.steps[static_cast<size_t>(reader)])) continue;
    for (size_t from = 0;;) {
      const int value = mergeable_input(draft, merger, reader, from);
      if (value < 0) break;
      const int producer = merger.producer(value);
      const int at = sink ? reader : producer;
      const bool legal = sink ? merger.can_sink(producer, reader) : merger.can_hoist(reader, producer);
      std::optional<DraftStep> both = legal ? merged(draft, merger, producer, reader, value) : std::nullopt;
      if (!both) {
        from++;
        continue;
      }
      merger.replace(producer, reader, at, std::move(*both));
      if (!sink) break;  // the reader is gone
      from = 0;
    }
  }
}

}  // namespace

void group_elementwise(Draft& draft) {
  StepMerger merger(draft);
  merge_all(draft, merger, true);
  merge_all(draft, merger, false);
  std::erase_if(draft.steps, [](const DraftStep& step) { return step.dead; });
}

}  // namespace nnstack
