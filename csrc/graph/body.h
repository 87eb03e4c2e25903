// The step of a loop: results as a function of parameters, and of nothing else. An op holds it as an attribute.
#pragma once
#include "graph/value.h"

namespace nnstack {

struct Body {
  Values parameters;  // placeholders
  Values results;
};

struct ClosedBody {
  BodyPointer body;
  Values captured;  // values from outside, which the body takes as further parameters
};

// Makes a body of what was recorded. Whatever does not depend on the parameters stays outside: it is computed once and
// handed in. Constants stay inside.
ClosedBody close_body(const Values& parameters, const Values& results);

}  // namespace nnstack
