#include <cmath>
#include <type_traits>
#include <vector>

#include "cpu/reference/convert.h"
#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

using Op = ElementwiseOp;

// Any element: floats exactly as double, integers as int64.
struct Number {
  double real;
  int64_t integer;
};

Number read(DType type, const void* from, int64_t i) {
  auto real = [](double x) { return Number{x, 0}; };
  auto integer = [](int64_t x) { return Number{static_cast<double>(x), x}; };
  switch (type) {
    case DType::f32: return real(read_element<float>(from, i));
    case DType::f64: return real(read_element<double>(from, i));
    case DType::f16: return real(from_short_float(read_element<uint16_t>(from, i), 5));
    case DType::bf16: return real(from_short_float(read_element<uint16_t>(from, i), 8));
    case DType::i8: return integer(read_element<int8_t>(from, i));
    case DType::i16: return integer(read_element<int16_t>(from, i));
    case DType::i32: return integer(read_element<int32_t>(from, i));
    case DType::i64: return integer(read_element<int64_t>(from, i));
    case DType::u8: return integer(read_element<uint8_t>(from, i));
    case DType::b8: return integer(read_element<uint8_t>(from, i) != 0);
  }
  return {};
}

void write_real(DType type, void* to, int64_t i, double x) {
  switch (type) {
    case DType::f32: return write_element(to, i, static_cast<float>(x));
    case DType::f64: return write_element(to, i, x);
    case DType::f16: return write_element(to, i, to_short_float(x, 5));
    case DType::bf16: return write_element(to, i, to_short_float(x, 8));
    case DType::i32: return write_element(to, i, static_cast<int32_t>(x));
    case DType::i64: return write_element(to, i, static_cast<int64_t>(x));
    case DType::i8: return write_element(to, i, static_cast<int8_t>(static_cast<int32_t>(x)));
    case DType::i16: return write_element(to, i, static_cast<int16_t>(static_cast<int32_t>(x)));
    case DType::u8: return write_element(to, i, static_cast<uint8_t>(static_cast<int32_t>(x)));
    case DType::b8: return write_element(to, i, static_cast<uint8_t>(x != 0));
  }
}
void write_integer(DType type, void* to, int64_t i, int64_t x) {
  switch (type) {
    case DType::i8:
    case DType::u8: return write_element(to, i, static_cast<uint8_t>(x));
    case DType::i16: return write_element(to, i, static_cast<uint16_t>(x));
    case DType::i32: return write_element(to, i, static_cast<uint32_t>(x));
    case DType::i64: return write_element(to, i, x);
    case DType::b8: return write_element(to, i, static_cast<uint8_t>(x != 0));
    case DType::f32: return write_element(to, i, static_cast<float>(x));  // from int64 at once, not by way of double
    default: return write_real(type, to, i, static_cast<double>(x));
  }
}

double floor_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

// Of one type, float or double: T matters for operations that round.
template <class T>
double calculate_real(Op op, T a, T b) {
  switch (op) {
    case Op::negative: return -a;
    case Op::abs: return std::fabs(a);
    case Op::sign: return a > 0 ? 1 : a < 0 ? -1 : a;
    case Op::square: return a * a;
    case Op::reciprocal: return 1 / a;
    case Op::sqrt: return std::sqrt(a);
    case Op::rsqrt: return 1 / std::sqrt(static_cast<double>(a));
    case Op::exp: return std::exp(static_cast<double>(a));
    case Op::expm1: return std::expm1(static_cast<double>(a));
    case Op::log: return std::log(static_cast<double>(a));
    case Op::log1p: return std::log1p(static_cast<double>(a));
    case Op::sin: return std::sin(static_cast<double>(a));
    case Op::cos: return std::cos(static_cast<double>(a));
    case Op::tanh: return std::tanh(static_cast<double>(a));
    case Op::sigmoid: {
      const double e = std::exp(-std::fabs(static_cast<double>(a)));
      return (a < 0 ? e : 1) / (1 + e);
    }
    case Op::softplus: return (a > 0 || std::isnan(a) ? a : 0.0) + std::log1p(std::exp(-std::fabs(static_cast<double>(a))));
    case Op::erf: return std::erf(static_cast<double>(a));
    case Op::floor: return std::floor(a);
    case Op::ceil: return std::ceil(a);
    case Op::round: return std::nearbyint(a);
    case Op::relu: return a < 0 ? 0 : a;
    case Op::is_nan: return std::isnan(a);
    case Op::is_inf: return std::isinf(a);
    case Op::is_finite: return std::isfinite(a);
    case Op::add: return a + b;
    case Op::subtract: return a - b;
    case Op::multiply: return a * b;
    case Op::divide: return a / b;
    case Op::modulo: return floor_modulo(a, b);
    case Op::floor_divide: {
      if (b == 0) return a / b;
      const T rest = std::fmod(a, b);
      const T exact = (a - rest) / b - (rest != 0 && (rest < 0) != (b < 0));
      return exact == 0 ? std::copysign(T{0}, a / b) : std::round(exact);
    }
    case Op::power: return std::pow(static_cast<double>(a), static_cast<double>(b));
    case Op::maximum: return a > b || std::isnan(a) ? a : b;
    case Op::minimum: return a < b || std::isnan(a) ? a : b;
    case Op::equal: return a == b;
    case Op::not_equal: return a != b;
    case Op::less: return a < b;
    case Op::less_equal: return a <= b;
    case Op::greater: return a > b;
    case Op::greater_equal: return a >= b;
    default: return std::nan("");
  }
}

int64_t floor_quotient(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return static_cast<int64_t>(0 - static_cast<uint64_t>(a));
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
int64_t calculate_integer(Op op, int64_t a, int64_t b) {
  const uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  auto wrapped = [](uint64_t x) { return static_cast<int64_t>(x); };
  switch (op) {
    case Op::negative: return wrapped(0 - ua);
    case Op::abs: return a < 0 ? wrapped(0 - ua) : a;
    case Op::sign: return (a > 0) - (a < 0);
    case Op::square: return wrapped(ua * ua);
    case Op::relu: return a < 0 ? 0 : a;
    case Op::logical_not: return a == 0;
    case Op::add: return wrapped(ua + ub);
    case Op::subtract: return wrapped(ua - ub);
    case Op::multiply: return wrapped(ua * ub);
    case Op::divide: return b == 0 ? 0 : b == -1 ? wrapped(0 - ua) : a / b;
    case Op::floor_divide: return floor_quotient(a, b);
    case Op::modulo: return b == 0 ? 0 : wrapped(ua - static_cast<uint64_t>(floor_quotient(a, b)) * ub);
    case Op::power: {
      if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0;
      uint64_t result = 1;
      for (int64_t i = 0; i < b; i++) result *= ua;
      return wrapped(result);
    }
    case Op::maximum: return a > b ? a : b;
    case Op::minimum: return a < b ? a : b;
    case Op::equal: return a == b;
    case Op::not_equal: return a != b;
    case Op::less: return a < b;
    case Op::less_equal: return a <= b;
    case Op::greater: return a > b;
    case Op::greater_equal: return a >= b;
    case Op::logical_and: return a != 0 && b != 0;
    case Op::logical_or: return a != 0 || b != 0;
    case Op::logical_xor: return (a != 0) != (b != 0);
    default: return 0;
  }
}

// What the instruction reads and writes for one element: an address and an index there.
struct Place {
  void* at;
  int64_t index;
};

void run_instruction(const ElementwiseInstruction& code, Place to, Place a, Place b, Place c, int64_t element) {
  if (code.op == Op::random_uniform) {
    const double value = uniform(static_cast<const int64_t*>(a.at), code.stream, element, code.result == DType::f32);
    return write_real(code.result, to.at, to.index, value);
  }
  if (code.op == Op::cast) {
    const Number x = read(code.type, a.at, a.index);
    return is_floating(code.type) ? write_real(code.result, to.at, to.index, x.real)
                                  : write_integer(code.result, to.at, to.index, x.integer);
  }
  if (code.op == Op::select || code.op == Op::copy) {
    const Place from = code.op == Op::copy ? a : read_element<uint8_t>(a.at, a.index) != 0 ? b : c;
    const int64_t bytes = size_of(code.type);
    std::memmove(static_cast<char*>(to.at) + to.index * bytes, static_cast<const char*>(from.at) + from.index * bytes,
                 static_cast<size_t>(bytes));
    return;
  }
  const bool gives_bool = (code.op >= Op::equal && code.op <= Op::logical_xor) || code.op == Op::logical_not ||
                          (code.op >= Op::is_nan && code.op <= Op::is_finite);
  const DType result = gives_bool ? DType::b8 : code.type;
  const Number x = read(code.type, a.at, a.index), y = b.at != nullptr ? read(code.type, b.at, b.index) : Number{};
  if (code.type == DType::f32) {
    write_real(result, to.at, to.index, calculate_real<float>(code.op, static_cast<float>(x.real), static_cast<float>(y.real)));
  } else if (code.type == DType::f64) {
    write_real(result, to.at, to.index, calculate_real<double>(code.op, x.real, y.real));
  } else {
    write_integer(result, to.at, to.index, calculate_integer(code.op, x.integer, y.integer));
  }
}

}  // namespace

void elementwise(void* const* operands, const void* raw_params, const KernelContext&) {
  const ElementwiseParams& p = *static_cast<const ElementwiseParams*>(raw_params);
  const int count = p.inputs + p.outputs;
  alignas(8) unsigned char temporaries[kMaxElementwiseTemporaries][8];
  for (int64_t element = 0; element < p.size; element++) {
    auto place = [&](int slot) -> Place {
      if (slot < 0) return {nullptr, 0};
      if (slot >= count) return {temporaries[slot - count], 0};
      const ElementwiseOperand& operand = p.operands[slot];
      if (operand.access == Access::contiguous) return {operands[slot], element};
      int64_t index = 0;
      if (operand.access == Access::broadcast) {
        int64_t left = element;
        for (int dim = p.rank - 1; dim >= 0; dim--) {
          index += left % p.dims[dim] * operand.strides[dim];
          left /= p.dims[dim];
        }
      }
      return {operands[slot], index};
    };
    for (int i = 0; i < p.instructions; i++) {
      const ElementwiseInstruction& code = p.code[i];
      run_instruction(code, place(code.destination), place(code.a), place(code.b), place(code.c), element);
    }
  }
}

}  // namespace nnstack::reference
