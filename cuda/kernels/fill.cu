// The same bits into every element, 16 bytes at a time.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

__global__ void __launch_bounds__(kThreads) fill(uint8_t* result, int64_t bytes, uint64_t bits) {
  for (int64_t i = first_item() * 16; i < bytes; i += item_step() * 16) {
    if (i + 16 <= bytes) {
      *reinterpret_cast<ulonglong2*>(result + i) = make_ulonglong2(bits, bits);
    } else {
      for (int64_t j = i; j < bytes; ++j) result[j] = static_cast<uint8_t>(bits >> (j % 8 * 8));
    }
  }
}

}  // namespace

void run_fill(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const FillParams*>(params);
  int64_t bytes = p.size * p.element_size;
  if (bytes == 0) return;
  uint64_t bits = p.bits;
  for (int size = p.element_size; size < 8; size *= 2) {
    bits &= (uint64_t{1} << (size * 8)) - 1;
    bits |= bits << (size * 8);
  }
  launch_on(context, fill, blocks(grid_for(context, bytes, 16 * kThreads)), kThreads, static_cast<uint8_t*>(operands[0]), bytes,
            bits);
}

}  // namespace nnstack::cuda
