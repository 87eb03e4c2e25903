// Rows of a table by index. Rows move in the widest words that divide them.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

// `words` words make up result[o, j, :].
template <class Word, class Index>
__global__ void __launch_bounds__(kThreads)
    gather(const GatherParams p, int64_t words, const Word* source, const Index* index, Word* result, int32_t* error) {
  int64_t total = p.outer * p.count * words;
  for (int64_t i = first_item(); i < total; i += item_step()) {
    int64_t row = i / words, word = i % words;
    auto from = static_cast<int64_t>(index[row % p.count]);
    bool good = from >= 0 && from < p.rows;
    if (!good) atomicCAS(error, 0, static_cast<int32_t>(KernelError::index_out_of_range));
    result[i] = good ? source[(row / p.count * p.rows + from) * words + word] : Word{};
  }
}

template <class Word>
void run(void* const* operands, const GatherParams& p, int64_t row_bytes, const KernelContext& context) {
  int64_t words = row_bytes / static_cast<int64_t>(sizeof(Word));
  auto source = static_cast<const Word*>(operands[0]);
  auto result = static_cast<Word*>(operands[2]);
  auto error = reinterpret_cast<int32_t*>(context.error);
  dim3 grid = blocks(grid_for(context, p.outer * p.count * words, kThreads));
  if (p.index_type == DType::i64) {
    launch_on(context, gather<Word, int64_t>, grid, kThreads, p, words, source, static_cast<const int64_t*>(operands[1]),
              result, error);
  } else {
    launch_on(context, gather<Word, int32_t>, grid, kThreads, p, words, source, static_cast<const int32_t*>(operands[1]),
              result, error);
  }
}

}  // namespace

void run_gather(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const GatherParams*>(params);
  int64_t row_bytes = p.inner * p.element_size;
  if (p.outer * p.count * row_bytes == 0) return;
  if (row_bytes % 16 == 0) return run<uint4>(operands, p, row_bytes, context);
  if (row_bytes % 8 == 0) return run<uint64_t>(operands, p, row_bytes, context);
  if (row_bytes % 4 == 0) return run<uint32_t>(operands, p, row_bytes, context);
  if (row_bytes % 2 == 0) return run<uint16_t>(operands, p, row_bytes, context);
  run<uint8_t>(operands, p, row_bytes, context);
}

}  // namespace nnstack::cuda
