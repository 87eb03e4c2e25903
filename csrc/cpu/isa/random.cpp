// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), several blocks at a
// time: lane j of a vector of 64-bit words holds a 32-bit word of block j.
#include "cpu/isa/elementwise.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

using Words = Vector<uint64_t>;
constexpr int kBlocks = kLanes<uint64_t>;
constexpr uint64_t kLow = 0xffffffffu;

// The product of the low halves.
inline Words multiply_low(Words a, Words b) {
#if defined(__x86_64__)
  if constexpr (kVectorBytes == 16) return bits_of<Words>(_mm_mul_epu32(bits_of<__m128i>(a), bits_of<__m128i>(b)));
#endif
#if defined(__AVX512F__)
  // (masked, because g++ 12 warns about its own header otherwise)
  if constexpr (kVectorBytes == 64)
    return bits_of<Words>(_mm512_maskz_mul_epu32(0xff, bits_of<__m512i>(a), bits_of<__m512i>(b)));
#elif defined(__AVX2__)
  if constexpr (kVectorBytes == 32) return bits_of<Words>(_mm256_mul_epu32(bits_of<__m256i>(a), bits_of<__m256i>(b)));
#endif
  return (a & kLow) * (b & kLow);
}

inline Words exclusive_or(Words a, Words b, Words c) {
#if defined(__AVX512F__)
  if constexpr (kVectorBytes == 64)
    return bits_of<Words>(_mm512_ternarylogic_epi64(bits_of<__m512i>(a), bits_of<__m512i>(b), bits_of<__m512i>(c), 0x96));
#endif
  return a ^ b ^ c;
}

// Blocks are computed in kGroups chains, which overlap: each round waits for the multiplications of the one before. Four
// chains fill the registers of AVX-512.
constexpr int kGroups = kVectorBytes == 64 ? 4 : 2;
constexpr int kRounds = 10;

struct Keys {
  uint64_t word[kRounds][2];
};
inline Keys make_keys(const int64_t* state) {
  uint32_t key0 = static_cast<uint32_t>(state[0]);
  uint32_t key1 = static_cast<uint32_t>(static_cast<uint64_t>(state[0]) >> 32);
  key1 ^= static_cast<uint32_t>(static_cast<uint64_t>(state[1]) >> 32);
  Keys keys;
  for (int round = 0; round < kRounds; round++, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
    keys.word[round][0] = key0;
    keys.word[round][1] = key1;
  }
  return keys;
}

// Words 0 and 1 of each block as one number of 64 bits, and words 2 and 3. Even lanes hold the first half of a group's
// blocks and odd lanes the second half, so that even_pairs and odd_pairs bring them into order.
struct Blocks {
  Pairs low[kGroups], high[kGroups];
};

// Blocks first, first + 1 ... of the sequence that keys, counter and stream name.
inline Blocks philox(const Keys& keys, uint64_t counter, uint32_t stream, uint64_t first) {
  Words lane;
  for (int j = 0; j < kBlocks; j++) lane[j] = static_cast<uint64_t>(j / 2 + j % 2 * (kBlocks / 2));
  Words x0[kGroups], x1[kGroups], x2[kGroups], x3[kGroups];  // 32 bits each: what is above them is never used
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; g++) {
    x0[g] = lane + (first + static_cast<uint64_t>(g * kBlocks));
    x1[g] = x0[g] >> 32;
    x2[g] = Words{} + counter;
    x3[g] = Words{} + stream;
  }
#pragma GCC unroll 10
  for (int round = 0; round < kRounds; round++) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; g++) {
      const Words p0 = multiply_low(x0[g], Words{} + 0xD2511F53u);
      const Words p1 = multiply_low(x2[g], Words{} + 0xCD9E8D57u);
      x0[g] = exclusive_or(p1 >> 32, x1[g], Words{} + keys.word[round][0]);
      x2[g] = exclusive_or(p0 >> 32, x3[g], Words{} + keys.word[round][1]);
      x1[g] = p1;
      x3[g] = p0;
    }
  }
  Blocks blocks;
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; g++) {
    blocks.low[g] = bits_of<Pairs>(x1[g] << 32 | (x0[g] & kLow));
    blocks.high[g] = bits_of<Pairs>(x3[g] << 32 | (x2[g] & kLow));
  }
  return blocks;
}

inline void store_uniform(float* out, Pairs words) {
  const Ints top = bits_of<Ints>(bits_of<Vector<uint32_t>>(words) >> 8);
  store(out, __builtin_convertvector(top, Floats) * 0x1p-24f);
}
inline void store_uniform(double* out, Pairs pairs) {
  // The upper 32 bits and the next 21 as the low bits of a double each: the subtractions and the sum are exact.
  const Words words = bits_of<Words>(pairs);
  const Words upper = words >> 32 | bits_of<uint64_t>(0x1p20), lower = (words & kLow) >> 11 | bits_of<uint64_t>(0.5);
  store(out, (bits_of<Vector<double>>(upper) - 0x1p20) + (bits_of<Vector<double>>(lower) - 0.5));
}

template <class T>
inline void uniform(T* out, const Blocks& blocks) {
  constexpr int kVectorLanes = kLanes<T>;
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; g++) {
    store_uniform(out + 2 * g * kVectorLanes, even_pairs(blocks.low[g], blocks.high[g]));
    store_uniform(out + (2 * g + 1) * kVectorLanes, odd_pairs(blocks.low[g], blocks.high[g]));
  }
}

template <class T>
void fill(T* out, const int64_t* state, uint32_t stream, int64_t begin, int64_t count) {
  constexpr int kPerBlock = 16 / sizeof(T), kBatch = kPerBlock * kBlocks * kGroups;
  const Keys keys = make_keys(state);
  const uint64_t counter = static_cast<uint64_t>(state[1]);
  T numbers[kBatch];
  int64_t done = 0;
  int64_t skip = begin % kPerBlock;
  uint64_t block = static_cast<uint64_t>(begin / kPerBlock);
  while (done < count) {
    const int64_t left = count - done;
    if (skip == 0 && left >= kBatch) {
      uniform(out + done, philox(keys, counter, stream, block));
      done += kBatch;
    } else {
      uniform(numbers, philox(keys, counter, stream, block));
      const int64_t take = smaller<int64_t>(left, kBatch - skip);
      for (int64_t i = 0; i < take; i++) out[done + i] = numbers[skip + i];
      done += take;
      skip = 0;
    }
    block += kBlocks * kGroups;
  }
}

}  // namespace

void random_uniform(char* destination, const int64_t* state, uint32_t stream, DType type, int64_t begin, int64_t count) {
  if (type == DType::f32)
    fill(reinterpret_cast<float*>(destination), state, stream, begin, count);
  else
    fill(reinterpret_cast<double*>(destination), state, stream, begin, count);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
