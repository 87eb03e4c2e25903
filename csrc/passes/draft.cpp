#include "passes/draft.h"

namespace nnstack {

Uses::Uses(const Draft& draft)
    : producer(draft.values.size(), -1),
      first_writer(draft.values.size(), -1),
      consumers(draft.values.size()),
      kept(draft.values.size()) {
  for (size_t s = 0; s < draft.steps.size(); s++) {
    const DraftStep& step = draft.steps[s];
    if (step.dead) continue;
    for (int id : step.inputs) consumers[static_cast<size_t>(draft.root(id))].push_back(static_cast<int>(s));
    for (int id : step.outputs) {
      const auto root = static_cast<size_t>(draft.root(id));
      if (first_writer[root] < 0) first_writer[root] = static_cast<int>(s);
      producer[root] = static_cast<int>(s);
    }
  }
  for (int id : draft.outputs) kept[static_cast<size_t>(draft.root(id))] = true;
  for (const FlatUpdate& update : draft.updates) kept[static_cast<size_t>(draft.root(update.value))] = true;
}

void remove_dead_steps(Draft& draft) {
  const Uses uses(draft);
  std::vector<int> readers(draft.values.size());
  for (size_t r = 0; r < readers.size(); r++) readers[r] = static_cast<int>(uses.consumers[r].size()) + (uses.kept[r] ? 1 : 0);
  for (auto step = draft.steps.rbegin(); step != draft.steps.rend(); ++step) {
    bool read = false;
    for (int id : step->outputs) read = read || readers[static_cast<size_t>(draft.root(id))] > 0;
    if (read) continue;
    step->dead = true;
    for (int id : step->inputs) readers[static_cast<size_t>(draft.root(id))]--;
  }
  std::erase_if(draft.steps, [](const DraftStep& step) { return step.dead; });
}

}  // namespace nnstack
