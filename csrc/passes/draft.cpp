#include "passes/draft.h"

namespace nnstack {
namespace {

std::vector<int> count_readers(const Draft& draft) {  // of each root
  std::vector<int> readers(draft.values.size());
  for (const DraftStep& step : draft.steps)
    for (int id : step.inputs) readers[static_cast<size_t>(draft.root(id))] += step.dead ? 0 : 1;
  return readers;
}

}  // namespace

Uses::Uses(const Draft& draft)
    : producer(draft.values.size(), -1),
      first_writer(draft.values.size(), -1),
      consumers(draft.values.size()),
      kept(draft.values.size()) {
  const std::vector<int> readers = count_readers(draft);
  for (size_t r = 0; r < readers.size(); r++)
    if (readers[r] > 0) consumers[r].reserve(static_cast<size_t>(readers[r]));
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
  std::vector<int> readers = count_readers(draft);
  for (int id : draft.outputs) readers[static_cast<size_t>(draft.root(id))]++;
  for (const FlatUpdate& update : draft.updates) readers[static_cast<size_t>(draft.root(update.value))]++;
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
