// Shapes and tensor types. A dimension may be unknown until data comes.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/error.h"
#include "base/kernel.h"

namespace nnstack {

using Dim = int64_t;
constexpr Dim kUnknown = -1;
using Dims = std::vector<Dim>;

// a * b, or ValueError where the product leaves 63 bits.
inline int64_t checked_multiply(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    throw ValueError("shape arithmetic overflows 64 bits: " + std::to_string(a) + " * " + std::to_string(b));
  return product;
}

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<Dim> dims) : Shape(std::span<const Dim>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const Dim> dims) {
    if (dims.size() > kMaxRank)
      throw ValueError("a tensor has at most " + std::to_string(kMaxRank) + " dimensions, got " + std::to_string(dims.size()));
    for (Dim d : dims) push_back(d);
  }
  explicit Shape(const Dims& dims) : Shape(std::span<const Dim>(dims)) {}

  int rank() const { return rank_; }
  Dim operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  Dim& operator[](int i) { return dims_[static_cast<size_t>(i)]; }
  const Dim* begin() const { return dims_.data(); }
  const Dim* end() const { return dims_.data() + rank_; }
  Dim back() const { return dims_[static_cast<size_t>(rank_ - 1)]; }
  void push_back(Dim d) {
    if (rank_ == kMaxRank) throw ValueError("a tensor has at most " + std::to_string(kMaxRank) + " dimensions");
    dims_[static_cast<size_t>(rank_++)] = d;
  }
  bool known() const {
    for (Dim d : *this)
      if (d < 0) return false;
    return true;
  }
  int64_t elements() const {  // of a known shape
    int64_t n = 1;
    for (Dim d : *this) n = checked_multiply(n, d);
    return n;
  }
  Dims dims() const { return Dims(begin(), end()); }
  bool operator==(const Shape& other) const { return rank_ == other.rank_ && std::equal(begin(), end(), other.begin()); }

 private:
  std::array<Dim, kMaxRank> dims_{};
  int rank_ = 0;
};

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  int64_t bytes() const { return checked_multiply(shape.elements(), size_of(dtype)); }
  bool operator==(const TensorType&) const = default;
};

std::string text(const Shape& shape);  // as Python writes it: "(None, 64)", "(3,)", "()"
std::string text(const TensorType& type);
const char* name_of(DType dtype);            // numpy's names, and "bfloat16"
DType dtype_named(const std::string& name);  // ValueError for others

// The axis counted from the front; ValueError that names `what` where it is out of range.
int normalize_axis(const char* what, int64_t axis, int rank);

}  // namespace nnstack
