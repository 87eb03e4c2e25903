// Two instructions of an elementwise program in one pass over the tile: what the first one makes stays in a register, where
// a pass of its own would write and read it again. The result has the bits of two passes: this file is compiled without
// contraction, so that a product and a sum are rounded one after the other. A comparison and a cast of it give 0 or 1.
#include "cpu/isa/elementwise.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

struct Add {
  static Floats apply(Floats a, Floats b) { return a + b; }
};
struct Subtract {
  static Floats apply(Floats a, Floats b) { return a - b; }
};
struct SubtractFrom {
  static Floats apply(Floats a, Floats b) { return b - a; }
};
struct Multiply {
  static Floats apply(Floats a, Floats b) { return a * b; }
};
struct Equal {
  static Floats apply(Floats a, Floats b) { return a == b ? splat(1.0f) : Floats{}; }
};
struct Keep {
  static Floats apply(Floats a, Floats) { return a; }
};
struct Relu {
  static Floats apply(Floats a, Floats) { return a < 0 ? Floats{} : a; }  // NaN stays
};

// An operand of a vector at a time, or one number for all.
template <bool Scalar>
struct Operand {
  explicit Operand(const char* from) : at(reinterpret_cast<const float*>(from)), value() {
    if constexpr (Scalar) value = splat(*at);
  }
  Floats vector(int64_t i) const {
    if constexpr (Scalar) return value;
    return load(at + i);
  }
  Floats first(int64_t i, int count) const {
    if constexpr (Scalar) return value;
    return load_first(at + i, count);
  }
  const float* at;
  Floats value;
};

template <class First, class Second, int Scalars>
void pair(char* destination, const char* a, const char* b, const char* c, int64_t n) {
  const Operand<(Scalars & 1) != 0> x(a);
  const Operand<(Scalars & 2) != 0> y(b);
  const Operand<(Scalars & 4) != 0> z(c);
  float* d = reinterpret_cast<float*>(destination);
  constexpr int kVectorLanes = kLanes<float>, kUnrolled = 4;
  int64_t i = 0;
  for (; i + kUnrolled * kVectorLanes <= n; i += kUnrolled * kVectorLanes) {
#pragma GCC unroll 4
    for (int k = 0; k < kUnrolled; k++) {
      const int64_t at = i + k * kVectorLanes;
      store(d + at, Second::apply(First::apply(x.vector(at), y.vector(at)), z.vector(at)));
    }
  }
  for (; i < n; i += kVectorLanes) {
    const int64_t left = n - i;
    if (left >= kVectorLanes) {
      store(d + i, Second::apply(First::apply(x.vector(i), y.vector(i)), z.vector(i)));
    } else {
      const int count = static_cast<int>(left);
      store_first(d + i, Second::apply(First::apply(x.first(i, count), y.first(i, count)), z.first(i, count)), count);
    }
  }
}

constexpr int kScalarForms = 8;
struct Forms {
  ElementwiseFunction of[kScalarForms];  // bit i of the index: operand i is one number
};
template <class First, class Second>
constexpr Forms kForms{{pair<First, Second, 0>, pair<First, Second, 1>, pair<First, Second, 2>, pair<First, Second, 3>,
                        pair<First, Second, 4>, pair<First, Second, 5>, pair<First, Second, 6>, pair<First, Second, 7>}};

template <class First>
const Forms* forms_after(ElementwiseOp second, bool from) {
  switch (second) {
    case ElementwiseOp::add: return &kForms<First, Add>;
    case ElementwiseOp::subtract: return from ? &kForms<First, SubtractFrom> : &kForms<First, Subtract>;
    case ElementwiseOp::multiply: return &kForms<First, Multiply>;
    case ElementwiseOp::relu: return &kForms<First, Relu>;
    default: return nullptr;
  }
}

}  // namespace

ElementwiseFunction pair_function(ElementwiseOp first, ElementwiseOp second, bool from, int scalars) {
  const Forms* forms = nullptr;
  if (first == ElementwiseOp::add) forms = forms_after<Add>(second, from);
  if (first == ElementwiseOp::subtract) forms = forms_after<Subtract>(second, from);
  if (first == ElementwiseOp::equal && second == ElementwiseOp::cast) forms = &kForms<Equal, Keep>;
  if (first == ElementwiseOp::multiply || first == ElementwiseOp::square) forms = forms_after<Multiply>(second, from);
  return forms != nullptr ? forms->of[scalars] : nullptr;
}

}  // namespace nnstack::NNSTACK_ISA_NAME
