// Walks over rows of numbers by whole vectors and a last part of one, which is neither read nor written beyond its end.
#pragma once
#include "cpu/isa/vector.h"

namespace nnstack {
namespace {

template <class T>
struct WholeVector {
  Vector<T> operator()(const T* at) const { return load(at); }
  void operator()(T* at, Vector<T> value) const { store(at, value); }
};
template <class T>
struct PartVector {
  int count;
  Vector<T> operator()(const T* at) const { return load_first(at, count); }
  void operator()(T* at, Vector<T> value) const { store_first(at, value, count); }
};

// Calls function(j, part) for every vector of `count` elements; `part` loads and stores it.
template <class T, class Function>
inline void each_vector(int64_t count, Function function) {
  int64_t j = 0;
  for (; j + kLanes<T> <= count; j += kLanes<T>) function(j, WholeVector<T>{});
  if (j < count) function(j, PartVector<T>{static_cast<int>(count - j)});
}

template <class T>
constexpr int kStripVectors = sizeof(T) == 4 ? 4 : 1;  // float64 is for checks: less code

// The same for strips of so many neighbouring vectors as fill the registers well, then of one, then of a part.
template <int Vectors>
struct Width {
  static constexpr int vectors = Vectors;
};
template <class T, class Function>
inline void each_strip(int64_t count, Function function) {
  int64_t j = 0;
  if constexpr (kStripVectors<T> > 1) {
    constexpr int64_t kStrip = kStripVectors<T> * kLanes<T>;
    for (; j + kStrip <= count; j += kStrip) function(j, Width<kStripVectors<T>>{}, WholeVector<T>{});
  }
  for (; j + kLanes<T> <= count; j += kLanes<T>) function(j, Width<1>{}, WholeVector<T>{});
  if (j < count) function(j, Width<1>{}, PartVector<T>{static_cast<int>(count - j)});
}

}  // namespace
}  // namespace nnstack
