// Vectors of one register, and the little that vector extensions lack. Every file in this folder is compiled once per
// instruction set: no standard headers, templates and helpers in anonymous namespaces only, because a weak symbol compiled
// for AVX-512 could be the copy that the linker keeps for everybody.
#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>  // always inlined: leaves no symbols
#endif

#ifndef NNSTACK_ISA_NAME
#define NNSTACK_ISA_NAME baseline
#endif
#ifndef NNSTACK_VECTOR_BYTES
#define NNSTACK_VECTOR_BYTES 16
#endif

// Before a loop whose iterations may be done at once.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"  // some loops stay scalar, which is no mistake
#define NNSTACK_NO_LOOP_DEPENDENCE _Pragma("clang loop vectorize(assume_safety)")
#else
#define NNSTACK_NO_LOOP_DEPENDENCE _Pragma("GCC ivdep")
#endif

namespace nnstack {
namespace {

constexpr int kVectorBytes = NNSTACK_VECTOR_BYTES;

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

using Floats = Vector<float>;
using Ints = Vector<int32_t>;
using Pairs = Vector<int64_t>;  // of 32-bit lanes

template <class V, class T>
inline V load_as(const T* at) {
  V value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
inline Vector<T> load(const T* at) {
  return load_as<Vector<T>>(at);
}
template <class T, class V>
inline void store(T* at, V value) {
  __builtin_memcpy(at, &value, sizeof value);
}

// Keeps g++ from loading a value anew for each use: where it lies across two cache lines each load counts twice.
template <class V>
inline void keep_in_register(V& value) {
#if defined(__x86_64__)
  asm("" : "+x"(value));
#elif defined(__aarch64__)
  asm("" : "+w"(value));
#endif
}

template <class T>
inline Vector<T> splat(T value) {
  return value - Vector<T>{};  // x - 0 is x for every x, and so for -0
}

template <class To, class From>
inline To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From), "a change of type, not of size");
  To result;
  __builtin_memcpy(&result, &value, sizeof result);
  return result;
}

// The first `count` < lanes elements; the others are zero, and are neither read nor written in memory.
template <class T>
inline Vector<T> load_first(const T* at, int count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && kVectorBytes == 64) {
    return bits_of<Vector<T>>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << count) - 1), at));
  } else if constexpr (sizeof(T) == 8 && kVectorBytes == 64) {
    return bits_of<Vector<T>>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << count) - 1), at));
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && kVectorBytes == 32) {
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return bits_of<Vector<T>>(_mm256_maskload_epi32(reinterpret_cast<const int*>(at), mask));
  }
#endif
  Vector<T> value{};
  if constexpr (kLanes<T> == 4) {  // without a way through memory
    if (count == 1) value = Vector<T>{at[0], 0, 0, 0};
    if (count == 2) value = Vector<T>{at[0], at[1], 0, 0};
    if (count == 3) value = Vector<T>{at[0], at[1], at[2], 0};
  } else {
    for (int i = 0; i < count; i++) value[i] = at[i];
  }
  return value;
}
template <class T>
inline void store_first(T* at, Vector<T> value, int count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && kVectorBytes == 64) {
    _mm512_mask_storeu_epi32(at, static_cast<__mmask16>((1u << count) - 1), bits_of<__m512i>(value));
    return;
  } else if constexpr (sizeof(T) == 8 && kVectorBytes == 64) {
    _mm512_mask_storeu_epi64(at, static_cast<__mmask8>((1u << count) - 1), bits_of<__m512i>(value));
    return;
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && kVectorBytes == 32) {
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_maskstore_epi32(reinterpret_cast<int*>(at), mask, bits_of<__m256i>(value));
    return;
  }
#endif
  if constexpr (kLanes<T> == 4) {
    if (count > 0) at[0] = value[0];
    if (count > 1) at[1] = value[1];
    if (count > 2) at[2] = value[2];
    if (count > 3) at[3] = value[3];
  } else {
    for (int i = 0; i < count; i++) at[i] = value[i];
  }
}

// {a0, b0, a2, b2 ...} and {a1, b1, a3, b3 ...} of Pairs. (A template, so that only one of the shuffles is looked at.)
template <class V>
inline V even_pairs(V a, V b) {
  if constexpr (kVectorBytes == 64)
    return __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
  else if constexpr (kVectorBytes == 32)
    return __builtin_shufflevector(a, b, 0, 4, 2, 6);
  else
    return __builtin_shufflevector(a, b, 0, 2);
}
template <class V>
inline V odd_pairs(V a, V b) {
  if constexpr (kVectorBytes == 64)
    return __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  else if constexpr (kVectorBytes == 32)
    return __builtin_shufflevector(a, b, 1, 5, 3, 7);
  else
    return __builtin_shufflevector(a, b, 1, 3);
}

// The lanes joined pairwise: the upper half to the lower one, until one is left.
template <class T, class V, class Join>
inline T fold_lanes(V value, Join join) {
  constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(T));
  if constexpr (lanes == 16)
    return fold_lanes<T>(join(__builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7),
                              __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15)),
                         join);
  else if constexpr (lanes == 8)
    return fold_lanes<T>(
        join(__builtin_shufflevector(value, value, 0, 1, 2, 3), __builtin_shufflevector(value, value, 4, 5, 6, 7)), join);
  else if constexpr (lanes == 4) {
    value = join(value, __builtin_shufflevector(value, value, 2, 3, 2, 3));  // half of it would be no register
    return join(value, __builtin_shufflevector(value, value, 1, 1, 1, 1))[0];
  } else
    return join(value, __builtin_shufflevector(value, value, 1, 1))[0];
}
template <class T>
inline T sum_lanes(Vector<T> value) {
  return fold_lanes<T>(value, [](auto a, auto b) __attribute__((always_inline)) { return a + b; });
}
// That of NaN may be any.
template <class T>
inline T maximum_lane(Vector<T> value) {
  return fold_lanes<T>(value, [](auto a, auto b) __attribute__((always_inline)) { return a > b ? a : b; });
}

template <class T>
inline T smaller(T a, T b) {
  return a < b ? a : b;
}
template <class T>
inline T larger(T a, T b) {
  return a > b ? a : b;
}
constexpr int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }
constexpr int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

}  // namespace
}  // namespace nnstack
