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

struct Blocks {
  Words word[4];
};

// Blocks first, first + 1 ... of the sequence that state and stream name.
inline Blocks philox(const int64_t* state, uint32_t stream, uint64_t first) {
  const uint64_t seed = static_cast<uint64_t>(state[0]), counter = static_cast<uint64_t>(state[1]);
  Words block{};
  for (int j = 0; j < kBlocks; j++) block[j] = first + static_cast<uint64_t>(j);
  Words x0 = block & kLow, x1 = block >> 32, x2 = Words{} + (counter & kLow), x3 = Words{} + stream;
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32) ^ static_cast<uint32_t>(counter >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    const Words p0 = multiply_low(x0, Words{} + 0xD2511F53u);
    const Words p1 = multiply_low(x2, Words{} + 0xCD9E8D57u);
    x0 = (p1 >> 32) ^ x1 ^ static_cast<uint64_t>(key0);  // only low halves are ever used
    x2 = (p0 >> 32) ^ x3 ^ static_cast<uint64_t>(key1);
    x1 = p1;
    x3 = p0;
    x1 &= kLow;
    x3 &= kLow;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{x0, x1, x2, x3}};
}

inline void uniform(float* out, const Blocks& blocks) {
#pragma GCC unroll 4
  for (int w = 0; w < 4; w++) {
    uint64_t words[kBlocks];
    store(words, blocks.word[w]);
    for (int j = 0; j < kBlocks; j++) {
      out[4 * j + w] = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(words[j]) >> 8)) * 0x1p-24f;
    }
  }
}
inline void uniform(double* out, const Blocks& blocks) {
#pragma GCC unroll 2
  for (int w = 0; w < 2; w++) {
    uint64_t words[kBlocks];
    store(words, (blocks.word[2 * w + 1] << 32 | (blocks.word[2 * w] & kLow)) >> 11);
    for (int j = 0; j < kBlocks; j++) out[2 * j + w] = static_cast<double>(static_cast<int64_t>(words[j])) * 0x1p-53;
  }
}

template <class T>
void fill(T* out, const int64_t* state, uint32_t stream, int64_t begin, int64_t count) {
  constexpr int kPerBlock = 16 / sizeof(T), kBatch = kPerBlock * kBlocks;
  T numbers[kBatch];
  int64_t done = 0;
  int64_t skip = begin % kPerBlock;
  uint64_t block = static_cast<uint64_t>(begin / kPerBlock);
  while (done < count) {
    const int64_t left = count - done;
    if (skip == 0 && left >= kBatch) {
      uniform(out + done, philox(state, stream, block));
      done += kBatch;
    } else {
      uniform(numbers, philox(state, stream, block));
      const int64_t take = smaller<int64_t>(left, kBatch - skip);
      for (int64_t i = 0; i < take; i++) out[done + i] = numbers[skip + i];
      done += take;
      skip = 0;
    }
    block += kBlocks;
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
