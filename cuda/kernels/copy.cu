// Strided copies: transpose, slice, broadcast, concatenate, pad. The host side merges dimensions and widens elements first,
// so that a slice of rows moves 16 bytes at a time; a transposition goes through a tile in shared memory, so that both its
// reads and its writes are side by side.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

template <class Word>
__global__ void __launch_bounds__(kThreads)
    copy(const __grid_constant__ CopyParams p, int64_t size, const Word* source, Word* destination) {
  for (int64_t i = first_item(); i < size; i += item_step()) {
    int64_t from = element_offset(i, size, p.dims, p.source_strides, p.rank);
    int64_t to = element_offset(i, size, p.dims, p.destination_strides, p.rank);
    destination[to] = source[from];
  }
}

constexpr int kTile = 32;

// The last two dimensions lie side by side in the source and in the destination, in this order.
template <class Word>
__global__ void __launch_bounds__(kThreads)
    transpose(const __grid_constant__ CopyParams p, int64_t batch, const Word* source, Word* destination) {
  NN_SHARED(Word, tile, [kTile][kTile + 1]);
  constexpr int kRows = kThreads / kTile;
  int x = static_cast<int>(threadIdx.x) % kTile, y = static_cast<int>(threadIdx.x) / kTile;
  int u = p.rank - 2, v = p.rank - 1;
  int64_t tiles_u = (p.dims[u] + kTile - 1) / kTile, tiles_v = (p.dims[v] + kTile - 1) / kTile;
  for (int64_t item = blockIdx.x; item < batch * tiles_u * tiles_v; item += gridDim.x) {
    int64_t first_v = item % tiles_v * kTile, first_u = item / tiles_v % tiles_u * kTile, b = item / tiles_v / tiles_u;
    const Word* from = source + element_offset(b, batch, p.dims, p.source_strides, p.rank - 2);
    Word* to = destination + element_offset(b, batch, p.dims, p.destination_strides, p.rank - 2);
    for (int j = y; j < kTile; j += kRows) {
      if (first_u + x < p.dims[u] && first_v + j < p.dims[v]) {
        tile[j][x] = from[first_u + x + (first_v + j) * p.source_strides[v]];
      }
    }
    __syncthreads();
    for (int j = y; j < kTile; j += kRows) {
      if (first_u + j < p.dims[u] && first_v + x < p.dims[v]) {
        to[(first_u + j) * p.destination_strides[u] + first_v + x] = tile[x][j];
      }
    }
    __syncthreads();
  }
}

// Without dimensions of one element, neighbours merged where both sides allow it.
CopyParams merged(const CopyParams& p) {
  CopyParams result = p;
  result.rank = 0;
  for (int d = 0; d < p.rank; ++d) {
    if (p.dims[d] == 1) continue;
    int last = result.rank - 1;
    if (last >= 0 && result.source_strides[last] == p.source_strides[d] * p.dims[d] &&
        result.destination_strides[last] == p.destination_strides[d] * p.dims[d]) {
      result.dims[last] *= p.dims[d];
    } else {
      result.dims[++last] = p.dims[d];
      result.rank = last + 1;
    }
    result.source_strides[last] = p.source_strides[d];
    result.destination_strides[last] = p.destination_strides[d];
  }
  return result;
}

// Pairs of elements become one, as long as all borders and steps are even.
void widen(CopyParams& p) {
  int last = p.rank - 1;
  if (last < 0 || p.source_strides[last] != 1 || p.destination_strides[last] != 1) return;
  while (p.element_size < 16) {
    int64_t bits = p.dims[last] | p.source_offset | p.destination_offset;
    for (int d = 0; d < last; ++d) bits |= p.source_strides[d] | p.destination_strides[d];
    if (bits % 2 != 0) return;
    p.element_size *= 2;
    p.dims[last] /= 2;
    p.source_offset /= 2;
    p.destination_offset /= 2;
    for (int d = 0; d < last; ++d) {
      p.source_strides[d] /= 2;
      p.destination_strides[d] /= 2;
    }
  }
}

// Brings a dimension in which the source lies side by side next to the last one, in which the destination does.
bool is_transposition(CopyParams& p) {
  int last = p.rank - 1;
  if (p.element_size > 8 || last < 1 || p.destination_strides[last] != 1 || p.source_strides[last] == 1) return false;
  for (int d = 0; d < last; ++d) {
    if (p.source_strides[d] != 1 || p.dims[d] < 8 || p.dims[last] < 8) continue;
    for (int i = d; i < last - 1; ++i) {
      std::swap(p.dims[i], p.dims[i + 1]);
      std::swap(p.source_strides[i], p.source_strides[i + 1]);
      std::swap(p.destination_strides[i], p.destination_strides[i + 1]);
    }
    return true;
  }
  return false;
}

template <class Word>
void run(void* const* operands, CopyParams& p, int64_t size, const KernelContext& context) {
  auto source = static_cast<const Word*>(operands[0]) + p.source_offset;
  auto destination = static_cast<Word*>(operands[1]) + p.destination_offset;
  if (is_transposition(p)) {
    int64_t batch = size / (p.dims[p.rank - 2] * p.dims[p.rank - 1]);
    int64_t tiles = batch * ((p.dims[p.rank - 2] + kTile - 1) / kTile) * ((p.dims[p.rank - 1] + kTile - 1) / kTile);
    launch_on(context, transpose<Word>, blocks(grid_for(context, tiles, 1)), kThreads, p, batch, source, destination);
  } else {
    launch_on(context, copy<Word>, blocks(grid_for(context, size, kThreads)), kThreads, p, size, source, destination);
  }
}

}  // namespace

void run_copy(void* const* operands, const void* params, const KernelContext& context) {
  CopyParams p = merged(*static_cast<const CopyParams*>(params));
  widen(p);
  int64_t size = 1;
  for (int d = 0; d < p.rank; ++d) size *= p.dims[d];
  if (size == 0) return;
  switch (p.element_size) {
    case 1: return run<uint8_t>(operands, p, size, context);
    case 2: return run<uint16_t>(operands, p, size, context);
    case 4: return run<uint32_t>(operands, p, size, context);
    case 8: return run<uint64_t>(operands, p, size, context);
    default: return run<uint4>(operands, p, size, context);
  }
}

}  // namespace nnstack::cuda
