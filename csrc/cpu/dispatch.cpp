#include <cstdlib>
#include <cstring>

#include "cpu/kernels.h"

namespace nnstack {

#if defined(__x86_64__)
namespace sse {
extern const KernelTable kernel_table;
}
#if !defined(NNSTACK_SSE_ONLY)
namespace avx2 {
extern const KernelTable kernel_table;
}
namespace avx512 {
extern const KernelTable kernel_table;
}
#endif

std::vector<const KernelTable*> available_cpu_kernels() {
  __builtin_cpu_init();
  std::vector<const KernelTable*> tables;
#if !defined(NNSTACK_SSE_ONLY)
  if (__builtin_cpu_supports("x86-64-v4")) tables.push_back(&avx512::kernel_table);
  if (__builtin_cpu_supports("x86-64-v3")) tables.push_back(&avx2::kernel_table);
#endif
  tables.push_back(&sse::kernel_table);
  return tables;
}
#else
namespace baseline {
extern const KernelTable kernel_table;
}

std::vector<const KernelTable*> available_cpu_kernels() { return {&baseline::kernel_table}; }
#endif

const KernelTable& cpu_kernels() {
  static const KernelTable* const chosen = [] {
    const std::vector<const KernelTable*> tables = available_cpu_kernels();
    if (const char* name = std::getenv("NNSTACK_ISA")) {
      if (std::strcmp(name, "reference") == 0) return &reference_kernels();
      for (const KernelTable* table : tables) {
        if (std::strcmp(name, table->name) == 0) return table;
      }
    }
    return tables.front();
  }();
  return *chosen;
}

}  // namespace nnstack
