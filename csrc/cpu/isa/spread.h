// Operands of elementwise programs on their way to and from a tile.
#pragma once
#include "base/kernel.h"
#include "cpu/isa/vector.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

// Elements after which an operand that depends only on the innermost dimensions repeats; 0 if it is not of that kind.
int64_t period_of(const ElementwiseParams& params, const ElementwiseOperand& operand) {
  int64_t period = 1;
  int dim = params.rank - 1;
  for (; dim >= 0 && (operand.strides[dim] == period || params.dims[dim] == 1); dim--) period *= params.dims[dim];
  for (int outer = dim; outer >= 0; outer--) {
    if (operand.strides[outer] != 0 && params.dims[outer] != 1) return 0;
  }
  return period;
}

void copy_elements(char* to, const char* from, int64_t stride, int bytes, int64_t count) {
  switch (bytes) {
    case 1:
      for (int64_t i = 0; i < count; i++) to[i] = from[i * stride];
      break;
    case 2:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int16_t*>(to)[i] = reinterpret_cast<const int16_t*>(from)[i * stride];
      break;
    case 4:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int32_t*>(to)[i] = reinterpret_cast<const int32_t*>(from)[i * stride];
      break;
    default:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int64_t*>(to)[i] = reinterpret_cast<const int64_t*>(from)[i * stride];
  }
}

// To memory around the caches, whose lines need not be read first then.
void stream_bytes(char* to, const char* from, int64_t bytes) {
  int64_t i = 0;
#if defined(__x86_64__)
  if (reinterpret_cast<uintptr_t>(to) % kVectorBytes == 0) {
    for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
#if defined(__AVX512F__)
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), load_as<__m512i>(from + i));
#elif defined(__AVX2__)
      _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i), load_as<__m256i>(from + i));
#else
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), load_as<__m128i>(from + i));
#endif
    }
  }
#endif
  if (i < bytes) __builtin_memcpy(to + i, from + i, static_cast<size_t>(bytes - i));
}
inline void end_streams() {  // before another thread is told
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
