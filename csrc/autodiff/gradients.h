// Reverse-mode differentiation: one walk over the graph; the rules live with the ops.
#pragma once
#include "graph/value.h"

namespace nnstack {

// d(sum of ys weighted by grad_ys) / d xs. A null entry of grad_ys (or an empty list) means ones. The result is null where
// ys do not depend on x. The gradients are graph values again and can be differentiated.
Values gradients(const Values& ys, const Values& xs, const Values& grad_ys = {});

}  // namespace nnstack
