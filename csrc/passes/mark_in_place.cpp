//   before: w2 = program { w - rate * g }; ... ; w <- w2      after: the program writes into w itself
// Allowed where nobody reads the old value afterwards, where inside one program no element is read after it is written, and
// where no later step can find bad data: a run that fails leaves all variables as they were. Everything else is written to
// the arena and copied when all is done.
#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

#include "passes/in_place.h"

namespace nnstack {

// An output may lie on an input only where each element is read before it is written, and by the same position.
bool may_overwrite(const Draft& draft, const DraftStep& step, int output, int input) {
  if (step.code.empty()) return false;
  const DraftValue& to = draft.values[static_cast<size_t>(output)];
  size_t written = step.code.size();
  for (size_t c = 0; c < step.code.size(); c++)
    if (step.code[c].destination == output) written = c;
  if (written == step.code.size()) return false;  // the product, not the program's result
  const size_t first_operand = is_product(step.kernel) ? 2 : 0;
  for (size_t k = 0; k < first_operand; k++)
    if (draft.root(step.inputs[k]) == draft.root(input)) return false;  // an operand of the product itself
  for (size_t c = 0; c < step.code.size(); c++) {
    for (int source : step.code[c].sources) {
      if (source < 0 || draft.root(source) != draft.root(input)) continue;
      const DraftValue& from = draft.values[static_cast<size_t>(source)];
      if (c > written || from.type.dtype != to.type.dtype || from.type.shape.elements() != step.space.elements()) return false;
      if (step.code[c].op == ElementwiseOp::random_uniform) return false;
    }
  }
  return true;
}

namespace {

// Finds the steps that may meet an index out of range, and returns the position of the last one, or -1. An index that an
// earlier step has used for as many rows is known to be good: the gradient of a gather never fails.
int mark_failing(Draft& draft) {
  std::set<std::tuple<int, int64_t>> good;
  int last = -1;
  for (size_t s = 0; s < draft.steps.size(); s++) {
    DraftStep& step = draft.steps[s];
    int64_t rows = 0;
    if (step.kernel == KernelId::scan) {
      if (step.may_fail) last = static_cast<int>(s);
      continue;
    }
    if (step.kernel == KernelId::gather) {
      GatherParams params;
      std::memcpy(&params, step.params.data(), sizeof params);
      rows = params.rows;
    } else if (step.kernel == KernelId::scatter_add) {
      ScatterAddParams params;
      std::memcpy(&params, step.params.data(), sizeof params);
      rows = params.rows;
    } else if (step.kernel == KernelId::ctc || step.kernel == KernelId::ctc_beams) {
      step.may_fail = true;
      last = static_cast<int>(s);
      continue;
    } else {
      continue;
    }
    const int index = step.inputs[step.kernel == KernelId::gather ? 1 : 0];
    step.may_fail = good.emplace(draft.root(index), rows).second;
    if (step.may_fail) last = static_cast<int>(s);
  }
  return last;
}

bool can_write_variable(const Draft& draft, const Uses& uses, const std::vector<int>& leaves, int root, int last_failing) {
  const int at = uses.first_writer[static_cast<size_t>(root)];
  if (at <= last_failing) return false;
  if (at != uses.producer[static_cast<size_t>(root)]) return false;  // written in parts
  for (int leaf : leaves) {
    for (int reader : uses.consumers[static_cast<size_t>(leaf)]) {
      if (reader < at) continue;
      if (reader > at) return false;
      const DraftStep& step = draft.steps[static_cast<size_t>(at)];
      if (!may_overwrite(draft, step, root, leaf)) return false;
    }
  }
  return true;
}

}  // namespace

void mark_in_place(Draft& draft, bool enabled) {
  std::vector<DraftStep> copies;
  const int last_failing = mark_failing(draft);
  {
    const Uses uses(draft);
    std::vector<std::vector<int>> leaves(draft.graph.variables.size());
    for (size_t id = 0; id < draft.values.size(); id++) {
      const DraftValue& value = draft.values[id];
      if (value.root == static_cast<int>(id) && value.place == Place::variable)
        leaves[static_cast<size_t>(value.at)].push_back(static_cast<int>(id));
    }
    for (const FlatUpdate& update : draft.updates) {
      const std::vector<int>& own = leaves[static_cast<size_t>(update.variable)];
      DraftValue& result = draft.values[static_cast<size_t>(update.value)];
      if (enabled && result.place == Place::none && can_write_variable(draft, uses, own, update.value, last_failing)) {
        result.place = Place::variable;
        result.at = update.variable;
        continue;
      }
      const int target = draft.add_value(draft.values[static_cast<size_t>(update.value)].type);
      draft.values.back().place = Place::variable;
      draft.values.back().at = update.variable;
      DraftStep copy{KernelId::elementwise, {}, {update.value}, {target}, {}, draft.values.back().type.shape, {}};
      DraftInstruction instruction{ElementwiseOp::copy, draft.values.back().type.dtype, draft.values.back().type.dtype};
      instruction.destination = target;
      instruction.sources[0] = update.value;
      copy.code.push_back(instruction);
      copies.push_back(std::move(copy));
    }
  }
  for (DraftStep& copy : copies) draft.steps.push_back(std::move(copy));
}

}  // namespace nnstack
