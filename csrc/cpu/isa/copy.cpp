// Strided copies. After merging dimensions four forms remain: whole runs, a transposition, each element several times, and
// everything else.
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kWorthForking = 128 * 1024;  // elements
constexpr int64_t kBlock = 16;                 // of a transposition

struct Shape {
  int rank = 0;
  int64_t dims[kMaxRank], source[kMaxRank], destination[kMaxRank];
};

// Without dimensions of 1, neighbours merged where both sides allow it.
Shape simplify(const CopyParams& params) {
  Shape shape;
  for (int i = 0; i < params.rank; i++) {
    if (params.dims[i] == 1) continue;
    const int last = shape.rank - 1;
    if (last >= 0 && shape.source[last] == params.source_strides[i] * params.dims[i] &&
        shape.destination[last] == params.destination_strides[i] * params.dims[i]) {
      shape.dims[last] *= params.dims[i];
      shape.source[last] = params.source_strides[i];
      shape.destination[last] = params.destination_strides[i];
    } else {
      shape.dims[shape.rank] = params.dims[i];
      shape.source[shape.rank] = params.source_strides[i];
      shape.destination[shape.rank++] = params.destination_strides[i];
    }
  }
  return shape;
}

template <class T>
void copy_run(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t n) {
  if (to_stride == 1 && from_stride == 1) {
    if (n >= 64)
      __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    else
      for (int64_t i = 0; i < n; i++) to[i] = from[i];
  } else if (to_stride == 1 && from_stride == 0) {
    const T value = *from;
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else if (to_stride == 1) {
    for (int64_t i = 0; i < n; i++) to[i] = from[i * from_stride];
  } else {
    for (int64_t i = 0; i < n; i++) to[i * to_stride] = from[i * from_stride];
  }
}

// to[i * to_row + j] = from[j * from_row + i] for i < rows, j < columns, in blocks that use whole cache lines on both sides.
template <class T>
void transpose(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t columns) {
  for (int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    const int64_t i1 = smaller(i0 + kBlock, rows);
    for (int64_t j0 = 0; j0 < columns; j0 += kBlock) {
      const int64_t j1 = smaller(j0 + kBlock, columns);
      if (i1 - i0 == kBlock && j1 - j0 == kBlock) {
        T block[kBlock][kBlock];
        for (int64_t j = 0; j < kBlock; j++) __builtin_memcpy(block[j], from + (j0 + j) * from_row + i0, sizeof block[j]);
#pragma GCC unroll 16
        for (int64_t i = 0; i < kBlock; i++) {
#pragma GCC unroll 16
          for (int64_t j = 0; j < kBlock; j++) to[(i0 + i) * to_row + j0 + j] = block[j][i];
        }
      } else {
        for (int64_t i = i0; i < i1; i++) {
          for (int64_t j = j0; j < j1; j++) to[i * to_row + j] = from[j * from_row + i];
        }
      }
    }
  }
}

// Each element `times` times.
template <int Times, class T>
void repeat(T* __restrict to, const T* __restrict from, int64_t n, int64_t times) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t k = 0; k < (Times > 0 ? Times : times); k++) to[i * (Times > 0 ? Times : times) + k] = from[i];
  }
}

struct Job {
  Shape shape;
  const char* source;
  char* destination;
  int64_t outer;  // indices of the dimensions that are walked through one by one
  int64_t chunk;
  bool transposed, repeated;  // the last two dimensions

  int inner() const { return transposed || repeated ? 2 : 1; }
};

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const Shape& s = job.shape;
  const int inner = job.inner();
  const int64_t end = smaller((chunk + 1) * job.chunk, job.outer);
  for (int64_t index = chunk * job.chunk; index < end; index++) {
    int64_t left = index, from = 0, to = 0;
    for (int i = s.rank - inner - 1; i >= 0; i--) {
      const int64_t next = left / s.dims[i], digit = left - next * s.dims[i];
      from += digit * s.source[i];
      to += digit * s.destination[i];
      left = next;
    }
    const T* source = reinterpret_cast<const T*>(job.source) + from;
    T* destination = reinterpret_cast<T*>(job.destination) + to;
    const int last = s.rank - 1;
    if (job.repeated) {
      const auto times = s.dims[last];
      (times == 2 ? repeat<2, T> : times == 4 ? repeat<4, T> : repeat<0, T>)(destination, source, s.dims[last - 1], times);
    } else if (job.transposed) {
      transpose(destination, s.destination[last - 1], source, s.source[last], s.dims[last - 1], s.dims[last]);
    } else {
      copy_run(destination, s.destination[last], source, s.source[last], s.dims[last]);
    }
  }
}

template <class T>
void copy_typed(void* const* operands, const CopyParams& params, const KernelContext& context) {
  Job job;
  job.shape = simplify(params);
  Shape& s = job.shape;
  int64_t elements = 1;
  for (int i = 0; i < params.rank; i++) elements *= params.dims[i];
  if (elements == 0) return;
  if (s.rank == 0) {
    s.rank = 1;
    s.dims[0] = 1;
    s.source[0] = s.destination[0] = 1;
  }
  job.source = reinterpret_cast<const char*>(static_cast<const T*>(operands[0]) + params.source_offset);
  job.destination = reinterpret_cast<char*>(static_cast<T*>(operands[1]) + params.destination_offset);
  job.transposed = job.repeated = false;
  const int last = s.rank - 1;
  if (last >= 1 && s.destination[last] == 1 && s.source[last] != 1 && s.source[last] != 0) {
    for (int i = last - 1; i >= 0; i--) {
      if (s.source[i] != 1 || s.dims[i] < 4) continue;
      const int64_t dim = s.dims[i], destination = s.destination[i];  // move it beside the last one
      for (int j = i; j < last - 1; j++) {
        s.dims[j] = s.dims[j + 1];
        s.source[j] = s.source[j + 1];
        s.destination[j] = s.destination[j + 1];
      }
      s.dims[last - 1] = dim;
      s.source[last - 1] = 1;
      s.destination[last - 1] = destination;
      job.transposed = true;
      break;
    }
  }
  job.repeated = last >= 1 && s.source[last] == 0 && s.destination[last] == 1 && s.source[last - 1] == 1 &&
                 s.destination[last - 1] == s.dims[last] && s.dims[last] <= kBlock;
  const bool cut = elements >= 2 * kWorthForking;
  if (cut && s.rank < kMaxRank) {  // so that there is something to share out: halve the longest run or row until it is short
    const int split = job.inner() == 2 ? last - 1 : last;
    const int64_t per_index = job.inner() == 2 ? s.dims[last] : 1;
    int64_t pieces = 1;
    while (s.dims[split] % (2 * pieces) == 0 && s.dims[split] / pieces * per_index > kWorthForking) pieces *= 2;
    if (pieces > 1) {
      for (int j = s.rank; j > split; j--) {
        s.dims[j] = s.dims[j - 1];
        s.source[j] = s.source[j - 1];
        s.destination[j] = s.destination[j - 1];
      }
      s.rank++;
      s.dims[split + 1] /= pieces;
      s.dims[split] = pieces;
      s.source[split] *= s.dims[split + 1];
      s.destination[split] *= s.dims[split + 1];
    }
  }
  job.outer = 1;
  for (int i = 0; i < s.rank - job.inner(); i++) job.outer *= s.dims[i];
  job.chunk = cut ? larger<int64_t>(1, kWorthForking / 2 / (elements / job.outer)) : job.outer;
  context.parallel(context.pool, divide_up(job.outer, job.chunk), run_chunk<T>, &job);
}

struct FillJob {
  char* to;
  int64_t size, chunk;
  uint64_t bits;
};
template <class T>
void fill_chunk(void* arg, int64_t chunk) {
  const FillJob& job = *static_cast<const FillJob*>(arg);
  T* to = reinterpret_cast<T*>(job.to);
  const T value = static_cast<T>(job.bits);
  const int64_t end = smaller((chunk + 1) * job.chunk, job.size);
  for (int64_t i = chunk * job.chunk; i < end; i++) to[i] = value;
}

}  // namespace

void copy(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CopyParams& params = *static_cast<const CopyParams*>(raw_params);
  switch (params.element_size) {
    case 1: return copy_typed<uint8_t>(operands, params, context);
    case 2: return copy_typed<uint16_t>(operands, params, context);
    case 4: return copy_typed<uint32_t>(operands, params, context);
    default: return copy_typed<uint64_t>(operands, params, context);
  }
}

void fill(void* const* operands, const void* raw_params, const KernelContext& context) {
  const FillParams& params = *static_cast<const FillParams*>(raw_params);
  const int64_t chunk = params.size < 2 * kWorthForking ? larger<int64_t>(params.size, 1) : kWorthForking;
  FillJob job{static_cast<char*>(operands[0]), params.size, chunk, params.bits};
  const auto body = params.element_size == 1   ? fill_chunk<uint8_t>
                    : params.element_size == 2 ? fill_chunk<uint16_t>
                    : params.element_size == 4 ? fill_chunk<uint32_t>
                                               : fill_chunk<uint64_t>;
  context.parallel(context.pool, divide_up(params.size, chunk), body, &job);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
