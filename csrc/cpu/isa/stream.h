// Copies past the caches, for arrays so large that no cache would keep them: an ordinary store reads the line first.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

#if defined(__x86_64__)
constexpr bool kCanStream = true;
#else
constexpr bool kCanStream = false;  // then stream() is a copy
#endif

// `to` is aligned to a vector.
inline void stream(char* to, const char* from, int64_t bytes) {
  int64_t i = 0;
#if defined(__x86_64__)
  for (; i + kVectorBytes <= bytes; i += kVectorBytes) {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
#elif defined(__AVX2__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
#else
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
#endif
  }
#endif
  __builtin_memcpy(to + i, from + i, static_cast<size_t>(bytes - i));
}

// Before another thread may read what was streamed.
inline void finish_streams() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace nnstack
