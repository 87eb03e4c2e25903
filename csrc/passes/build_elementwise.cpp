// From instructions over values to the kernel's parameter struct: operands, merged dimensions, slots.
#include <algorithm>

#include "ops/lowering.h"
#include "passes/draft.h"

namespace nnstack {
namespace {

bool is_raw(const DraftInstruction& instruction, int source) {
  return instruction.op == ElementwiseOp::random_uniform && instruction.sources[0] == source;
}

struct Operands {
  std::vector<int> inputs, outputs, temporaries;
};

Operands collect(const DraftStep& step, int first) {
  Operands found;
  if (first >= 0) found.inputs.push_back(first);
  const auto has = [](const std::vector<int>& list, int id) { return std::find(list.begin(), list.end(), id) != list.end(); };
  for (const DraftInstruction& instruction : step.code) {
    for (int source : instruction.sources)
      if (source >= 0 && !has(found.inputs, source) && !has(found.outputs, source) && !has(found.temporaries, source))
        found.inputs.push_back(source);
    if (has(step.outputs, instruction.destination))
      found.outputs.push_back(instruction.destination);
    else
      found.temporaries.push_back(instruction.destination);
  }
  return found;
}

// Temporaries share slots once their last reader is past.
std::vector<int> assign_temporaries(const DraftStep& step, const std::vector<int>& temporaries, int& slots) {
  std::vector<int> slot_of(temporaries.size(), -1);
  std::vector<int> free;
  slots = 0;
  const auto index_of = [&](int id) {
    return static_cast<size_t>(std::find(temporaries.begin(), temporaries.end(), id) - temporaries.begin());
  };
  std::vector<size_t> last(temporaries.size());
  for (size_t c = 0; c < step.code.size(); c++)
    for (int source : step.code[c].sources)
      if (const size_t t = source < 0 ? temporaries.size() : index_of(source); t < temporaries.size()) last[t] = c;
  for (size_t c = 0; c < step.code.size(); c++) {
    const size_t made = index_of(step.code[c].destination);
    if (made < temporaries.size()) {
      if (free.empty()) free.push_back(slots++);
      slot_of[made] = free.back();
      free.pop_back();
    }
    for (size_t t = 0; t < temporaries.size(); t++)
      if (slot_of[t] >= 0 && last[t] == c && t != made) free.push_back(slot_of[t]);
  }
  return slot_of;
}

// Strides of an array of shape `from` seen through the space it is broadcast to.
void broadcast_strides(const Shape& from, const Shape& space, int64_t* strides) {
  const auto own = strides_of(from);
  const int offset = space.rank() - from.rank();
  for (int k = 0; k < space.rank(); k++) {
    const int at = k - offset;
    strides[k] = at < 0 || from[at] == 1 ? 0 : own[static_cast<size_t>(at)];
  }
}

void merge_dimensions(ElementwiseParams& p, const Shape& space) {
  p.rank = 0;
  for (int k = 0; k < space.rank(); k++) {
    if (space[k] == 1) continue;
    bool mergeable = p.rank > 0;
    for (int o = 0; mergeable && o < p.inputs; o++) {
      const ElementwiseOperand& operand = p.operands[o];
      if (operand.access == Access::broadcast) mergeable = operand.strides[p.rank - 1] == operand.strides[k] * space[k];
    }
    const int to = mergeable ? p.rank - 1 : p.rank++;
    p.dims[to] = mergeable ? p.dims[to] * space[k] : space[k];
    for (int o = 0; o < p.inputs; o++) p.operands[o].strides[to] = p.operands[o].strides[k];
  }
  for (int o = 0; o < p.inputs; o++)
    for (int k = p.rank; k < kMaxRank; k++) p.operands[o].strides[k] = 0;
  if (p.rank == 0) {
    p.rank = 1;
    p.dims[0] = 1;
  }
}

}  // namespace

bool fits_elementwise(const DraftStep& step, int first) {
  if (step.code.size() > kMaxElementwiseInstructions) return false;
  const Operands found = collect(step, first);
  if (found.inputs.size() + found.outputs.size() > kMaxElementwiseOperands) return false;
  // A random state is read whole; it cannot also be an ordinary operand, nor be made by the same program.
  for (const DraftInstruction& instruction : step.code) {
    if (instruction.op != ElementwiseOp::random_uniform) continue;
    const int state = instruction.sources[0];
    for (const DraftInstruction& other : step.code) {
      if (other.destination == state) return false;
      if (other.op != ElementwiseOp::random_uniform && std::find(other.sources, other.sources + 3, state) != other.sources + 3)
        return false;
    }
  }
  int slots = 0;
  assign_temporaries(step, found.temporaries, slots);
  return slots <= kMaxElementwiseTemporaries;
}

BuiltProgram build_elementwise(const Draft& draft, const DraftStep& step, int first) {
  const Operands found = collect(step, first);
  BuiltProgram built{{}, found.inputs, found.outputs};
  ElementwiseParams& p = built.params;
  p.size = step.space.elements();
  p.inputs = static_cast<int32_t>(found.inputs.size());
  p.outputs = static_cast<int32_t>(found.outputs.size());
  p.instructions = static_cast<int32_t>(step.code.size());
  for (size_t o = 0; o < found.inputs.size(); o++) {
    const int id = found.inputs[o];
    const TensorType& type = draft.values[static_cast<size_t>(id)].type;
    ElementwiseOperand& operand = p.operands[o];
    operand.type = type.dtype;
    const bool raw =
        std::any_of(step.code.begin(), step.code.end(), [id](const auto& instruction) { return is_raw(instruction, id); });
    operand.access = raw ? Access::raw : Access::contiguous;
    if (raw) continue;
    broadcast_strides(type.shape, step.space, operand.strides);
    const int64_t elements = type.shape.elements();
    if (elements == 1 && p.size != 1)
      operand.access = Access::scalar;
    else if (elements != p.size)
      operand.access = Access::broadcast;
  }
  merge_dimensions(p, step.space);
  for (size_t o = 0; o < found.outputs.size(); o++) {
    ElementwiseOperand& operand = p.operands[found.inputs.size() + o];
    operand.type = draft.values[static_cast<size_t>(found.outputs[o])].type.dtype;
    operand.access = Access::contiguous;
  }
  int slots = 0;
  const std::vector<int> temporaries = assign_temporaries(step, found.temporaries, slots);
  p.temporaries = slots;
  const auto slot = [&](int id) -> int16_t {
    if (id < 0) return -1;
    const auto position = [id](const std::vector<int>& list) {
      return static_cast<size_t>(std::find(list.begin(), list.end(), id) - list.begin());
    };
    if (const size_t at = position(found.inputs); at < found.inputs.size()) return static_cast<int16_t>(at);
    if (const size_t at = position(found.outputs); at < found.outputs.size())
      return static_cast<int16_t>(found.inputs.size() + at);
    return static_cast<int16_t>(found.inputs.size() + found.outputs.size() +
                                static_cast<size_t>(temporaries[position(found.temporaries)]));
  };
  for (size_t c = 0; c < step.code.size(); c++) {
    const DraftInstruction& from = step.code[c];
    p.code[c] = {from.op,
                 from.type,
                 from.result,
                 from.joins_next,
                 slot(from.destination),
                 slot(from.sources[0]),
                 slot(from.sources[1]),
                 slot(from.sources[2]),
                 from.stream};
  }
  return built;
}

}  // namespace nnstack
