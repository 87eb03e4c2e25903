// Elementwise operations that the compiler vectorises from plain loops.
#include "cpu/isa/arithmetic_ops.h"
#include "cpu/isa/elementwise.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

// The loops. Their iterations are independent because the destination is an operand or nowhere near one.
template <class Op, class T>
void one(char* destination, const char* a, const char*, const char*, int64_t n) {
  using R = decltype(Op::apply(T{}));
  R* d = reinterpret_cast<R*>(destination);
  const T* x = reinterpret_cast<const T*>(a);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = Op::apply(x[i]);
}
template <class Op, class T>
void two(char* destination, const char* a, const char* b, const char*, int64_t n) {
  using R = decltype(Op::apply(T{}, T{}));
  R* d = reinterpret_cast<R*>(destination);
  const T* x = reinterpret_cast<const T*>(a);
  const T* y = reinterpret_cast<const T*>(b);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = Op::apply(x[i], y[i]);
}
template <class Op, class T>
void scalar_and_array(char* destination, const char* a, const char* b, const char*, int64_t n) {
  using R = decltype(Op::apply(T{}, T{}));
  R* d = reinterpret_cast<R*>(destination);
  const T x = *reinterpret_cast<const T*>(a);
  const T* y = reinterpret_cast<const T*>(b);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = Op::apply(x, y[i]);
}
template <class Op, class T>
void array_and_scalar(char* destination, const char* a, const char* b, const char*, int64_t n) {
  using R = decltype(Op::apply(T{}, T{}));
  R* d = reinterpret_cast<R*>(destination);
  const T* x = reinterpret_cast<const T*>(a);
  const T y = *reinterpret_cast<const T*>(b);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = Op::apply(x[i], y);
}
template <class T>
void choose(char* destination, const char* a, const char* b, const char* c, int64_t n) {
  T* d = reinterpret_cast<T*>(destination);
  const uint8_t* condition = reinterpret_cast<const uint8_t*>(a);
  const T* x = reinterpret_cast<const T*>(b);
  const T* y = reinterpret_cast<const T*>(c);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = condition[i] != 0 ? x[i] : y[i];
}

constexpr int at(DType type) { return static_cast<int>(type); }

template <class Op>
constexpr void add_one_float(ElementwiseForms* row) {
  row[at(DType::f32)].arrays = one<Op, float>;
  row[at(DType::f64)].arrays = one<Op, double>;
}
template <class Op>
constexpr void add_one(ElementwiseForms* row) {
  add_one_float<Op>(row);
  row[at(DType::i8)].arrays = one<Op, int8_t>;
  row[at(DType::i16)].arrays = one<Op, int16_t>;
  row[at(DType::i32)].arrays = one<Op, int32_t>;
  row[at(DType::i64)].arrays = one<Op, int64_t>;
  row[at(DType::u8)].arrays = one<Op, uint8_t>;
}
template <class Op, class T>
constexpr ElementwiseForms two_forms() {
  return {two<Op, T>, scalar_and_array<Op, T>, array_and_scalar<Op, T>};
}
template <class Op>
constexpr void add_two_integer(ElementwiseForms* row) {
  row[at(DType::i8)] = two_forms<Op, int8_t>();
  row[at(DType::i16)] = two_forms<Op, int16_t>();
  row[at(DType::i32)] = two_forms<Op, int32_t>();
  row[at(DType::i64)] = two_forms<Op, int64_t>();
  row[at(DType::u8)] = two_forms<Op, uint8_t>();
}
template <class Op>
constexpr void add_two(ElementwiseForms* row) {
  row[at(DType::f32)] = two_forms<Op, float>();
  row[at(DType::f64)] = two_forms<Op, double>();
  add_two_integer<Op>(row);
}
template <class Op>
constexpr void add_two_and_bool(ElementwiseForms* row) {
  add_two<Op>(row);
  row[at(DType::b8)] = two_forms<Op, uint8_t>();
}

constexpr ElementwiseTable make_table() {
  ElementwiseTable table{};
  auto row = [&table](ElementwiseOp op) { return table.forms[static_cast<int>(op)]; };
  using E = ElementwiseOp;
  add_one<Copy>(row(E::copy));
  row(E::copy)[at(DType::b8)].arrays = one<Copy, uint8_t>;
  row(E::copy)[at(DType::f16)].arrays = one<Copy, int16_t>;
  row(E::copy)[at(DType::bf16)].arrays = one<Copy, int16_t>;
  add_one<Negative>(row(E::negative));
  add_one<Abs>(row(E::abs));
  add_one<Sign>(row(E::sign));
  add_one<Square>(row(E::square));
  add_one_float<Reciprocal>(row(E::reciprocal));
  add_one_float<Sqrt>(row(E::sqrt));
  add_one_float<Rsqrt>(row(E::rsqrt));
#if defined(__AVX512F__)
  row(E::rsqrt)[at(DType::f32)] = {};  // among the functions
#endif
  add_one_float<Floor>(row(E::floor));
  add_one_float<Ceil>(row(E::ceil));
  add_one_float<Round>(row(E::round));
  add_one<Relu>(row(E::relu));
  row(E::logical_not)[at(DType::b8)].arrays = one<LogicalNot, uint8_t>;
  add_one_float<IsNan>(row(E::is_nan));
  add_one_float<IsInf>(row(E::is_inf));
  add_one_float<IsFinite>(row(E::is_finite));
  add_two<Add>(row(E::add));
  add_two<Subtract>(row(E::subtract));
  add_two<Multiply>(row(E::multiply));
  add_two<Divide>(row(E::divide));
  add_two<FloorDivide>(row(E::floor_divide));
  add_two<Modulo>(row(E::modulo));
  add_two_integer<Power>(row(E::power));
  add_two_and_bool<Maximum>(row(E::maximum));
  add_two_and_bool<Minimum>(row(E::minimum));
  add_two_and_bool<Equal>(row(E::equal));
  add_two_and_bool<NotEqual>(row(E::not_equal));
  add_two_and_bool<Less>(row(E::less));
  add_two_and_bool<LessEqual>(row(E::less_equal));
  add_two_and_bool<Greater>(row(E::greater));
  add_two_and_bool<GreaterEqual>(row(E::greater_equal));
  row(E::logical_and)[at(DType::b8)] = two_forms<LogicalAnd, uint8_t>();
  row(E::logical_or)[at(DType::b8)] = two_forms<LogicalOr, uint8_t>();
  row(E::logical_xor)[at(DType::b8)] = two_forms<LogicalXor, uint8_t>();
  ElementwiseForms* select = row(E::select);
  select[at(DType::f32)].arrays = choose<float>;
  select[at(DType::f64)].arrays = choose<double>;
  select[at(DType::i8)].arrays = select[at(DType::u8)].arrays = select[at(DType::b8)].arrays = choose<uint8_t>;
  select[at(DType::i16)].arrays = select[at(DType::f16)].arrays = select[at(DType::bf16)].arrays = choose<int16_t>;
  select[at(DType::i32)].arrays = choose<int32_t>;
  select[at(DType::i64)].arrays = choose<int64_t>;
  return table;
}

}  // namespace

constexpr ElementwiseTable kTable = make_table();
const ElementwiseTable kArithmeticTable = kTable;

}  // namespace nnstack::NNSTACK_ISA_NAME
