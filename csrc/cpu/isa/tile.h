// The register tile of all products: Rows x (Width vectors) of C (+)= sum over steps of A's column times B's row. Operands
// are strided, so the transposed forms and packed copies are the same call.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

// As many rows as leave registers for two vectors of B and one broadcast element of A.
#if defined(__x86_64__)
constexpr int kTileRows = kVectorBytes == 64 ? 14 : kVectorBytes == 32 ? 6 : 4;
#else
constexpr int kTileRows = 12;
#endif

constexpr int kPackAhead = 24;  // steps: rows of B that are being packed lie too far apart for hardware prefetchers

template <class T>
struct TileArguments {
  const T* a;
  int64_t a_stride;  // from row to row, or from step to step where A is stored transposed; the other stride is 1
  const T* b;
  int64_t b_step;
  T* c;
  int64_t c_row;
  int64_t steps;
  int columns;  // that are stored, at most Width vectors; B is read in whole vectors
  bool start;   // from zero, not from what is in C
  T* packed;    // for the tiles that pack: where the panel of B goes, one step after the other
  // After every `steps` A goes on `a_jump` elements further, so that rows of an image make one long sum; B just goes on.
  int64_t segments = 1, a_jump = 0;
  // What is wanted next: each segment asks for `ahead_count` times two lines of it, `ahead_pitch` elements apart.
  const T* ahead = nullptr;
  int64_t ahead_pitch = 0, ahead_count = 0;
};

template <class T>
using TileFunction = void (*)(const TileArguments<T>& arguments);

// g++ 12 keeps the accumulators in registers only if every loop over them is unrolled.
// A tile that packs leaves the panel of B behind as the tiles after it read it: the stores cost nothing beside the sums.
template <class T, int Rows, int Width, bool Transposed, bool Packs = false>
__attribute__((noinline)) void tile(const TileArguments<T>& t) {
  constexpr int kVectorLanes = kLanes<T>;
  Vector<T> sum[Rows][Width];
  const int rest = t.columns - (Width - 1) * kVectorLanes;  // in the last vector
  const int64_t c_row = t.c_row;
  if (t.start) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < Width; j++) sum[i][j] = Vector<T>{};
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < Width - 1; j++) sum[i][j] = load(t.c + i * c_row + j * kVectorLanes);
      const T* last = t.c + i * c_row + (Width - 1) * kVectorLanes;
      sum[i][Width - 1] = rest == kVectorLanes ? load(last) : load_first(last, rest);
    }
  }
  // By rows there is a pointer to every third one, the others are one indexed address away; the empty asm keeps g++ from
  // holding an offset for each row instead, more than there are registers.
  constexpr int kGroups = Transposed ? 1 : (Rows + 2) / 3;
  const int64_t a_stride = t.a_stride, b_step = t.b_step;
  const T* a[kGroups];
#pragma GCC unroll 8
  for (int g = 0; g < kGroups; g++) a[g] = t.a + 3 * g * a_stride;
  const T* b = t.b;
  T* packed = t.packed;
  constexpr bool kAhead = Width == 2 && !Transposed && sizeof(T) == 4;  // where it has a use
  const T* ahead = t.ahead;
  for (int64_t segment = t.segments;;) {
    if constexpr (kAhead) {
      for (int64_t i = t.ahead_count; i > 0; i--, ahead += t.ahead_pitch) {
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 64 / sizeof(T));
      }
    }
    for (int64_t step = t.steps; step > 0; step--) {  // not unrolled: g++ would mix the steps and run out of registers
      Vector<T> right[Width];
#pragma GCC unroll 4
      for (int j = 0; j < Width; j++) right[j] = load(b + j * kVectorLanes);
      if constexpr (Packs) {
#pragma GCC unroll 4
        for (int j = 0; j < Width; j++) {
          store(packed + j * kVectorLanes, right[j]);
          __builtin_prefetch(b + kPackAhead * b_step + j * kVectorLanes);
        }
        packed += Width * kVectorLanes;
      }
#pragma GCC unroll 16
      for (int i = 0; i < Rows; i++) {
        const T left = Transposed ? a[0][i] : a[Transposed ? 0 : i / 3][i % 3 * a_stride];
#pragma GCC unroll 4
        for (int j = 0; j < Width; j++) sum[i][j] += left * right[j];
      }
      b += b_step;
#pragma GCC unroll 8
      for (int g = 0; g < kGroups; g++) {
        a[g] += Transposed ? a_stride : 1;
        asm volatile("" : "+r"(a[g]));
      }
    }
    if (--segment <= 0) break;
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; g++) a[g] += t.a_jump;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < Width - 1; j++) store(t.c + i * c_row + j * kVectorLanes, sum[i][j]);
    T* last = t.c + i * c_row + (Width - 1) * kVectorLanes;
    if (rest == kVectorLanes)
      store(last, sum[i][Width - 1]);
    else
      store_first(last, sum[i][Width - 1], rest);
  }
}

template <class T>
struct TileTable {
  TileFunction<T> functions[2][kTileRows][2];  // [transposed][rows - 1][width - 1]
  TileFunction<T> packing[2][kTileRows];       // [transposed][rows - 1], of two vectors
  constexpr TileTable() : functions(), packing() { add<kTileRows>(); }

 private:
  template <int Rows>
  constexpr void add() {
    functions[0][Rows - 1][0] = tile<T, Rows, 1, false>;
    functions[0][Rows - 1][1] = tile<T, Rows, 2, false>;
    functions[1][Rows - 1][0] = tile<T, Rows, 1, true>;
    functions[1][Rows - 1][1] = tile<T, Rows, 2, true>;
    packing[0][Rows - 1] = tile<T, Rows, 2, false, true>;
    packing[1][Rows - 1] = tile<T, Rows, 2, true, true>;
    if constexpr (Rows > 1) add<Rows - 1>();
  }
};
template <class T>
constexpr TileTable<T> kTiles{};

}  // namespace
}  // namespace nnstack
