// Puts the emulated CUDA kernels in the place of the CPU's in the programs of tests/cpp/kernels, which compare every kernel
// with the reference. The emulation reads and writes host memory, so operands need not be moved.
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/support.h"
#include "plugin.h"

namespace nnstack {
namespace {

template <int id>
void run_kernel(void* const* operands, const void* params, const KernelContext& context) {
  KernelContext here = context;
  here.stream = test::stream();
  test::api().kernels()->entries[id].run(operands, params, here);
  if (test::api().synchronize(test::stream()) != 0) nnstack_test::fail(test::api().error());
}

template <int... ids>
KernelTable make_table(std::integer_sequence<int, ids...>) {
  const KernelTable& cuda = *test::api().kernels();
  return {cuda.name, {{run_kernel<ids>, cuda.entries[ids].scratch_bytes}...}};
}

}  // namespace

// The programs are compiled with this name for available_cpu_kernels().
std::vector<const KernelTable*> emulated_cuda_kernels() {
  static const KernelTable table = make_table(std::make_integer_sequence<int, kKernels>());
  return {&table};
}

}  // namespace nnstack
