#pragma once
#include "passes/draft.h"

namespace nnstack {

// Whether `step` may write its value `output` into the memory of `input`, which dies there.
bool may_overwrite(const Draft& draft, const DraftStep& step, int output, int input);

}  // namespace nnstack
