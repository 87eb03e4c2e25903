// The kernel tables of the CPU: one per instruction set, and the reference that tests compare them with.
#pragma once
#include <vector>

#include "base/kernel.h"

namespace nnstack {

// The best table for this CPU. NNSTACK_ISA = sse, avx2, avx512 (baseline elsewhere than on x86-64) or reference forces one
// that is available; other values are ignored. The choice is made once.
const KernelTable& cpu_kernels();
const KernelTable& reference_kernels();
// Those this CPU can run, the best first; without the reference.
std::vector<const KernelTable*> available_cpu_kernels();

}  // namespace nnstack
