//   before: t = g * g; u = m * a; v = t * b; w = u + v      after: t = g * g |> v = t * b; u = m * a |> w = u + v
// Within the code of a step, an instruction whose result one other instruction reads moves to just before it; the two are
// marked, and a kernel may do them in one pass over the data. No instruction changes, hence no bit of the result.
#include <algorithm>

#include "passes/draft.h"

namespace nnstack {
namespace {

using Code = std::vector<DraftInstruction>;

// Pairs that kernels know: arithmetic of float32, and a comparison that becomes a number.
bool joins(const DraftInstruction& first, const DraftInstruction& second) {
  using E = ElementwiseOp;
  if (first.type != DType::f32) return false;
  if (second.op == E::cast) return first.op == E::equal && second.result == DType::f32;
  const bool arithmetic = first.op == E::add || first.op == E::subtract || first.op == E::multiply || first.op == E::square;
  return arithmetic && second.type == DType::f32 &&
         (second.op == E::add || second.op == E::subtract || second.op == E::multiply || second.op == E::relu);
}

// How often the code reads the value.
int64_t reads_of(const Code& code, int value) {
  int64_t reads = 0;
  for (const DraftInstruction& instruction : code)
    reads += std::count(std::begin(instruction.sources), std::end(instruction.sources), value);
  return reads;
}

// Where the instruction is made whose result `reader` can take over, or -1: the latest one, which moves least.
int partner_of(const DraftStep& step, int reader) {
  const DraftInstruction& second = step.code[static_cast<size_t>(reader)];
  for (int at = reader - 1; at >= 0; at--) {
    const DraftInstruction& first = step.code[static_cast<size_t>(at)];
    if (!joins(first, second)) continue;
    if (std::find(std::begin(second.sources), std::end(second.sources), first.destination) == std::end(second.sources))
      continue;
    const bool seen = std::find(step.outputs.begin(), step.outputs.end(), first.destination) != step.outputs.end();
    if (!seen && reads_of(step.code, first.destination) == 1) return at;
  }
  return -1;
}

}  // namespace

void join_instructions(Draft& draft) {
  for (DraftStep& step : draft.steps) {
    for (int reader = static_cast<int>(step.code.size()) - 1; reader > 0; reader--) {
      const int partner = partner_of(step, reader);
      if (partner < 0) continue;
      std::rotate(step.code.begin() + partner, step.code.begin() + partner + 1, step.code.begin() + reader);
      step.code[static_cast<size_t>(--reader)].joins_next = true;
    }
  }
}

}  // namespace nnstack
