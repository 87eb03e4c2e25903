#pragma once
#include <cstdint>

namespace nnstack {

int64_t cpu_allocations();  // blocks taken since the process began: the steady state takes none

}  // namespace nnstack
