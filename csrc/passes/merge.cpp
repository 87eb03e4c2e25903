#include "passes/merge.h"

#include <algorithm>

namespace nnstack {

int StepMerger::first_reader(int value, int after) const {
  const auto& readers = uses_.consumers[static_cast<size_t>(draft_.root(value))];
  const auto found = std::upper_bound(readers.begin(), readers.end(), after);
  return found == readers.end() ? -1 : *found;
}

bool StepMerger::can_sink(int step, int at) const {
  for (int id : draft_.steps[static_cast<size_t>(step)].outputs)
    for (int reader : uses_.consumers[static_cast<size_t>(draft_.root(id))])
      if (reader != step && reader < at) return false;
  return true;
}

bool StepMerger::can_hoist(int step, int at) const {
  for (int id : draft_.steps[static_cast<size_t>(step)].inputs) {
    const int made = producer(id);
    if (made > at) return false;
  }
  return true;
}

void StepMerger::replace(int earlier, int later, int at, DraftStep merged) {
  const int gone = at == earlier ? later : earlier;
  for (const int old : {earlier, later}) {
    for (int id : draft_.steps[static_cast<size_t>(old)].inputs) {
      auto& readers = uses_.consumers[static_cast<size_t>(draft_.root(id))];
      readers.erase(std::remove(readers.begin(), readers.end(), old), readers.end());
    }
  }
  draft_.steps[static_cast<size_t>(gone)].dead = true;
  for (int id : merged.inputs) {
    auto& readers = uses_.consumers[static_cast<size_t>(draft_.root(id))];
    readers.insert(std::upper_bound(readers.begin(), readers.end(), at), at);
  }
  for (int id : merged.outputs) {
    uses_.producer[static_cast<size_t>(draft_.root(id))] = at;
    uses_.first_writer[static_cast<size_t>(draft_.root(id))] = at;
  }
  draft_.steps[static_cast<size_t>(at)] = std::move(merged);
}

bool StepMerger::reads_directly(DraftStep& step, int value) const {
  const Shape& shape = draft_.values[static_cast<size_t>(value)].type.shape;
  for (DraftInstruction& instruction : step.code) {
    for (int& source : instruction.sources) {
      if (source < 0 || draft_.root(source) != draft_.root(value)) continue;
      if (draft_.values[static_cast<size_t>(source)].type.shape != shape) return false;
      source = value;
    }
  }
  for (int& id : step.inputs)
    if (draft_.root(id) == draft_.root(value)) id = value;
  return true;
}

bool StepMerger::read_only_by(int value, int step) const {
  const auto root = static_cast<size_t>(draft_.root(value));
  const auto& readers = uses_.consumers[root];
  return !uses_.kept[root] && std::all_of(readers.begin(), readers.end(), [step](int reader) { return reader == step; });
}

void StepMerger::keep_visible_outputs(DraftStep& step, int earlier, int later) const {
  std::erase_if(step.outputs, [&](int id) {
    const auto root = static_cast<size_t>(draft_.root(id));
    if (uses_.kept[root]) return false;
    return std::all_of(uses_.consumers[root].begin(), uses_.consumers[root].end(),
                       [&](int reader) { return reader == earlier || reader == later; });
  });
}

}  // namespace nnstack
