// Conversions between all element types. float16 and bfloat16 are written with integers, without branches, so that the
// compiler vectorises them on every instruction set; both round to nearest, ties to even.
#include "cpu/isa/elementwise.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};
struct Bool {
  uint8_t value;
};

inline float to_float(Brain x) { return bits_of<float>(static_cast<uint32_t>(x.bits) << 16); }
inline float to_float(Half x) {
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000) << 16;
  const uint32_t rest = static_cast<uint32_t>(x.bits & 0x7fff) << 13;
  // Multiplying moves the exponent's bias and makes denormals normal; infinity and NaN need the rest of the exponent set.
  const uint32_t scaled = bits_of<uint32_t>(bits_of<float>(rest) * 5.192296858534828e+33f);  // 2^112
  const uint32_t special = rest >= 0x0f800000 ? 0x7f800000u : 0u;
  return bits_of<float>(sign | scaled | special);
}

inline Brain to_brain(float x) {
  const uint32_t bits = bits_of<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return {static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded)};
}
inline Half to_half(float x) {
  const uint32_t bits = bits_of<uint32_t>(x);
  const uint32_t size = bits & 0x7fffffff;
  const uint32_t normal = (size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13;
  // Denormal results: adding 0.5 puts the bits that remain at the low end, rounded by the addition.
  const uint32_t tiny = bits_of<uint32_t>(bits_of<float>(size) + 0.5f) - 0x3f000000;
  uint32_t result = size < 0x38800000 ? tiny : normal;
  result = size >= 0x47800000 ? 0x7c00 : result;
  result = size > 0x7f800000 ? 0x7e00 : result;
  return {static_cast<uint16_t>(result | ((bits >> 16) & 0x8000))};
}

// To float32 with the last bit set where digits were lost ("round to odd"): a second rounding is then exact.
inline float to_odd(double x) {
  const float near = static_cast<float>(x);
  const uint32_t bits = bits_of<uint32_t>(near);
  const double back = static_cast<double>(near);
  const bool inexact = back != x && x == x;
  const bool away = __builtin_fabs(back) > __builtin_fabs(x);
  const uint32_t toward_zero = bits - static_cast<uint32_t>(away);
  return bits_of<float>(inexact ? toward_zero | 1 : bits);
}

template <class To, class From>
struct Cast {
  static To apply(From x) { return static_cast<To>(x); }
};
// An integer of 8 or 16 bits from a float goes through int32: out of range it wraps around.
template <class To>
inline To narrow_integer(double x) {
  return static_cast<To>(static_cast<int32_t>(x));
}
template <class To>
inline To narrow_integer(float x) {
  return static_cast<To>(static_cast<int32_t>(x));
}
template <class From>
struct Cast<int8_t, From> {
  static int8_t apply(From x) {
    if constexpr (static_cast<From>(0.5) != 0)
      return narrow_integer<int8_t>(x);
    else
      return static_cast<int8_t>(x);
  }
};
template <class From>
struct Cast<int16_t, From> {
  static int16_t apply(From x) {
    if constexpr (static_cast<From>(0.5) != 0)
      return narrow_integer<int16_t>(x);
    else
      return static_cast<int16_t>(x);
  }
};
template <class From>
struct Cast<uint8_t, From> {
  static uint8_t apply(From x) {
    if constexpr (static_cast<From>(0.5) != 0)
      return narrow_integer<uint8_t>(x);
    else
      return static_cast<uint8_t>(x);
  }
};

template <class T>
struct IsSpecial {
  static constexpr bool value = false;
};
template <>
struct IsSpecial<Half> {
  static constexpr bool value = true;
};
template <>
struct IsSpecial<Brain> {
  static constexpr bool value = true;
};
template <>
struct IsSpecial<Bool> {
  static constexpr bool value = true;
};

inline float from_special(Half x) { return to_float(x); }
inline float from_special(Brain x) { return to_float(x); }
inline uint8_t from_special(Bool x) { return x.value != 0; }

template <class From>
inline float rounded_once(From x) {
  if constexpr (sizeof(From) >= 4 && !(sizeof(From) == 4 && static_cast<From>(0.5) != 0))
    return to_odd(static_cast<double>(x));
  else
    return static_cast<float>(x);
}

template <class To, class From>
inline To convert(From x) {
  if constexpr (IsSpecial<From>::value) {
    return convert<To>(from_special(x));
  } else if constexpr (__is_same(To, Bool)) {
    return Bool{static_cast<uint8_t>(x != 0)};
  } else if constexpr (__is_same(To, Half)) {
    return to_half(rounded_once(x));
  } else if constexpr (__is_same(To, Brain)) {
    return to_brain(rounded_once(x));
  } else {
    return Cast<To, From>::apply(x);
  }
}

template <class To, class From>
void cast_array(char* destination, const char* source, const char*, const char*, int64_t n) {
  To* d = reinterpret_cast<To*>(destination);
  const From* x = reinterpret_cast<const From*>(source);
  NNSTACK_NO_LOOP_DEPENDENCE
  for (int64_t i = 0; i < n; i++) d[i] = convert<To>(x[i]);
}

template <class From>
ElementwiseFunction cast_from(DType to) {
  constexpr ElementwiseFunction functions[kDTypes] = {
      cast_array<float, From>,   cast_array<double, From>,  cast_array<Half, From>,    cast_array<Brain, From>,
      cast_array<int8_t, From>,  cast_array<int16_t, From>, cast_array<int32_t, From>, cast_array<int64_t, From>,
      cast_array<uint8_t, From>, cast_array<Bool, From>};
  return functions[static_cast<int>(to)];
}

}  // namespace

ElementwiseFunction cast_function(DType from, DType to) {
  switch (from) {
    case DType::f32: return cast_from<float>(to);
    case DType::f64: return cast_from<double>(to);
    case DType::f16: return cast_from<Half>(to);
    case DType::bf16: return cast_from<Brain>(to);
    case DType::i8: return cast_from<int8_t>(to);
    case DType::i16: return cast_from<int16_t>(to);
    case DType::i32: return cast_from<int32_t>(to);
    case DType::i64: return cast_from<int64_t>(to);
    case DType::u8: return cast_from<uint8_t>(to);
    case DType::b8: return cast_from<Bool>(to);
  }
  return nullptr;
}

}  // namespace nnstack::NNSTACK_ISA_NAME
