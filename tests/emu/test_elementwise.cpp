// Elementwise programs against plain loops: every operation and type, access modes, in place, random numbers, long programs.
#include <memory>

#include "check.h"
#include "plugin.h"
#include "program.h"

using namespace nnstack;
using namespace nnstack::test;
using E = ElementwiseOp;

namespace {

const std::vector<int64_t> kSizes = {0, 1, 3, 4, 5, 127, 1030, 9001};

template <class T>
std::vector<T> unary(E op, const std::vector<T>& x) {
  Program program(static_cast<int64_t>(x.size()));
  DType type = dtype_of<T>();
  int16_t a = program.input(type), result = program.output(type);
  program.add(op, type, type, result, a);
  Array<T> in(x), out(x.size());
  run(KernelId::elementwise, {in.data(), out.data()}, &program.params());
  return out.get();
}

template <class T, class R = T>
std::vector<R> binary(E op, const std::vector<T>& x, const std::vector<T>& y, DType type = dtype_of<T>(),
                      DType result_type = dtype_of<R>()) {
  Program program(static_cast<int64_t>(x.size()));
  int16_t a = program.input(type), b = program.input(type), result = program.output(result_type);
  program.add(op, type, result_type, result, a, b);
  Array<T> left(x), right(y);
  Array<R> out(x.size());
  run(KernelId::elementwise, {left.data(), right.data(), out.data()}, &program.params());
  return out.get();
}

template <class T, class F>
auto map(const std::vector<T>& x, F f) {
  std::vector<decltype(f(x[0]))> result;
  for (T value : x) result.push_back(f(value));
  return result;
}
template <class T, class F>
auto map(const std::vector<T>& x, const std::vector<T>& y, F f) {
  std::vector<decltype(f(x[0], y[0]))> result;
  for (size_t i = 0; i < x.size(); ++i) result.push_back(f(x[i], y[i]));
  return result;
}

template <class T>
void check_float_functions(double tolerance) {
  for (int64_t size : kSizes) {
    std::vector<T> x = numbers<T>(size), positive = map(x, [](T v) { return std::fabs(v) + T(0.01); });
    auto same = [&](E op, const std::vector<T>& in, auto f, const char* name) {
      check_close(unary(op, in), map(in, f), tolerance, name);
    };
    same(E::copy, x, [](T v) { return v; }, "copy");
    same(E::negative, x, [](T v) { return -v; }, "negative");
    same(E::abs, x, [](T v) { return std::fabs(v); }, "abs");
    same(E::sign, x, [](T v) { return T((v > 0) - (v < 0)); }, "sign");
    same(E::square, x, [](T v) { return v * v; }, "square");
    same(E::reciprocal, positive, [](T v) { return 1 / v; }, "reciprocal");
    same(E::sqrt, positive, [](T v) { return std::sqrt(v); }, "sqrt");
    same(E::rsqrt, positive, [](T v) { return 1 / std::sqrt(v); }, "rsqrt");
    same(E::exp, x, [](T v) { return std::exp(v); }, "exp");
    same(E::expm1, x, [](T v) { return std::expm1(v); }, "expm1");
    same(E::log, positive, [](T v) { return std::log(v); }, "log");
    same(E::log1p, positive, [](T v) { return std::log1p(v); }, "log1p");
    same(E::sin, x, [](T v) { return std::sin(v); }, "sin");
    same(E::cos, x, [](T v) { return std::cos(v); }, "cos");
    same(E::tanh, x, [](T v) { return std::tanh(v); }, "tanh");
    same(E::sigmoid, x, [](T v) { return 1 / (1 + std::exp(-v)); }, "sigmoid");
    same(E::softplus, x, [](T v) { return std::log1p(std::exp(v)); }, "softplus");
    same(E::erf, x, [](T v) { return std::erf(v); }, "erf");
    same(E::floor, x, [](T v) { return std::floor(v); }, "floor");
    same(E::ceil, x, [](T v) { return std::ceil(v); }, "ceil");
    same(E::round, x, [](T v) { return std::nearbyint(v); }, "round");
    same(E::relu, x, [](T v) { return v > 0 ? v : T(0); }, "relu");
    std::vector<T> y = numbers<T>(size, 2);
    check_close(binary(E::add, x, y), map(x, y, [](T a, T b) { return a + b; }), 0, "add");
    check_close(binary(E::subtract, x, y), map(x, y, [](T a, T b) { return a - b; }), 0, "subtract");
    check_close(binary(E::multiply, x, y), map(x, y, [](T a, T b) { return a * b; }), 0, "multiply");
    check_close(binary(E::divide, x, positive), map(x, positive, [](T a, T b) { return a / b; }), tolerance, "divide");
    check_close(binary(E::floor_divide, x, positive), map(x, positive, [](T a, T b) { return std::floor(a / b); }), tolerance,
                "floor_divide");
    check_close(binary(E::modulo, x, y),
                map(x, y,
                    [](T a, T b) {
                      T r = std::fmod(a, b);
                      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
                    }),
                tolerance, "modulo");
    check_close(binary(E::power, positive, y), map(positive, y, [](T a, T b) { return std::pow(a, b); }), tolerance, "power");
    check_close(binary(E::maximum, x, y), map(x, y, [](T a, T b) { return std::fmax(a, b); }), 0, "maximum");
    check_close(binary(E::minimum, x, y), map(x, y, [](T a, T b) { return std::fmin(a, b); }), 0, "minimum");
  }
}

void check_special_floats() {
  float nan = std::nanf(""), inf = HUGE_VALF;
  std::vector<float> x = {nan, inf, -inf, 0.5f, 1.5f, 2.5f, -0.5f}, y = {1, nan, nan, nan, 1, 2, 3};
  check_equal(binary(E::maximum, x, y), {nan, nan, nan, nan, 1.5f, 2.5f, 3}, "maximum with NaN");
  check_equal(binary(E::minimum, x, y), {nan, nan, nan, nan, 1, 2, -0.5f}, "minimum with NaN");
  check_equal(unary(E::round, x), {nan, inf, -inf, 0, 2, 2, -0.0f}, "round half to even");
  check_equal(unary(E::relu, x), {nan, inf, 0, 0.5f, 1.5f, 2.5f, 0}, "relu with NaN");
  check_equal(unary<float>(E::sigmoid, {-200.0f, 200.0f}), {0.0f, 1.0f}, "sigmoid far out");
  check_equal(unary<float>(E::softplus, {-200.0f, 200.0f, nan}), {0.0f, 200.0f, nan}, "softplus far out");
  check_equal(binary<float>(E::floor_divide, {-7.0f, 7.0f, 1.0f}, {2.0f, -2.0f, 0.0f}), {-4.0f, -4.0f, inf},
              "floor_divide signs");
  check_equal(binary<float>(E::modulo, {-7.0f, 7.0f, 5.0f}, {2.0f, -2.0f, 3.0f}), {1.0f, -1.0f, 2.0f}, "modulo signs");
  auto test = [&](E op, std::vector<uint8_t> expected, const char* name) {
    Program program(static_cast<int64_t>(x.size()));
    int16_t a = program.input(DType::f32), result = program.output(DType::b8);
    program.add(op, DType::f32, DType::b8, result, a);
    Array<float> in(x);
    Array<uint8_t> out(x.size());
    run(KernelId::elementwise, {in.data(), out.data()}, &program.params());
    check_equal(out.get(), expected, name);
  };
  test(E::is_nan, {1, 0, 0, 0, 0, 0, 0}, "is_nan");
  test(E::is_inf, {0, 1, 1, 0, 0, 0, 0}, "is_inf");
  test(E::is_finite, {0, 0, 0, 1, 1, 1, 1}, "is_finite");
}

template <class T>
void check_integers(const char* name) {
  for (int64_t size : kSizes) {
    std::vector<T> x = numbers<T>(size), y = numbers<T>(size, 2);
    auto wide = [](T v) { return static_cast<int64_t>(v); };
    auto wrap = [](int64_t v) { return static_cast<T>(v); };
    auto floored = [](int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); };
    std::string text = name;
    check_equal(unary(E::negative, x), map(x, [=](T v) { return wrap(-wide(v)); }), text + " negative");
    check_equal(unary(E::abs, x), map(x, [=](T v) { return wrap(std::abs(wide(v))); }), text + " abs");
    check_equal(unary(E::square, x), map(x, [=](T v) { return wrap(wide(v) * wide(v)); }), text + " square");
    check_equal(binary(E::add, x, y), map(x, y, [=](T a, T b) { return wrap(wide(a) + wide(b)); }), text + " add");
    check_equal(binary(E::subtract, x, y), map(x, y, [=](T a, T b) { return wrap(wide(a) - wide(b)); }), text + " subtract");
    check_equal(binary(E::multiply, x, y), map(x, y, [=](T a, T b) { return wrap(wide(a) * wide(b)); }), text + " multiply");
    check_equal(binary(E::divide, x, y), map(x, y, [=](T a, T b) { return wrap(b == 0 ? 0 : wide(a) / wide(b)); }),
                text + " divide");
    check_equal(binary(E::floor_divide, x, y), map(x, y, [=](T a, T b) { return wrap(b == 0 ? 0 : floored(a, b)); }),
                text + " floor_divide");
    check_equal(binary(E::modulo, x, y), map(x, y, [=](T a, T b) { return wrap(b == 0 ? 0 : a - floored(a, b) * b); }),
                text + " modulo");
    check_equal(binary(E::maximum, x, y), map(x, y, [](T a, T b) { return a > b ? a : b; }), text + " maximum");
    check_equal(binary<T, uint8_t>(E::less, x, y, dtype_of<T>(), DType::b8), map(x, y, [](T a, T b) { return uint8_t(a < b); }),
                text + " less");
  }
  check_equal(binary<T>(E::power, {2, 3, 1, 2, 0}, {3, 0, 5, 100, 2}), std::vector<T>{8, 1, 1, 0, 0}, "power");
}

void check_comparisons() {
  std::vector<float> x = {1, 2, 3, 1, 2}, y = {2, 2, 2, 1, 0};
  auto test = [&](E op, std::vector<uint8_t> expected, const char* name) {
    check_equal(binary<float, uint8_t>(op, x, y, DType::f32, DType::b8), expected, name);
  };
  test(E::equal, {0, 1, 0, 1, 0}, "equal");
  test(E::not_equal, {1, 0, 1, 0, 1}, "not_equal");
  test(E::less, {1, 0, 0, 0, 0}, "less");
  test(E::less_equal, {1, 1, 0, 1, 0}, "less_equal");
  test(E::greater, {0, 0, 1, 0, 1}, "greater");
  test(E::greater_equal, {0, 1, 1, 1, 1}, "greater_equal");
  std::vector<uint8_t> p = {0, 0, 1, 1}, q = {0, 1, 0, 1};
  auto logic = [&](E op) { return binary<uint8_t>(op, p, q, DType::b8, DType::b8); };
  check_equal(logic(E::logical_and), {0, 0, 0, 1}, "logical_and");
  check_equal(logic(E::logical_or), {0, 1, 1, 1}, "logical_or");
  check_equal(logic(E::logical_xor), {0, 1, 1, 0}, "logical_xor");
}

template <class From, class To>
std::vector<To> cast(const std::vector<From>& x, DType from = dtype_of<From>(), DType to = dtype_of<To>()) {
  Program program(static_cast<int64_t>(x.size()));
  int16_t a = program.input(from), result = program.output(to);
  program.add(E::cast, from, to, result, a);
  Array<From> in(x);
  Array<To> out(x.size());
  run(KernelId::elementwise, {in.data(), out.data()}, &program.params());
  return out.get();
}

void check_casts() {
  std::vector<float> x = {1.75f, -1.75f, 0.0f, 100.0f, 0.1f, 65519.0f, 1e-7f};
  check_equal(cast<float, double>(x), map(x, [](float v) { return static_cast<double>(v); }), "f32 to f64");
  check_equal(cast<float, int32_t>(x), {1, -1, 0, 100, 0, 65519, 0}, "f32 to i32");
  check_equal(cast<float, int64_t>(x), {1, -1, 0, 100, 0, 65519, 0}, "f32 to i64");
  check_equal(cast<float, uint8_t>(x, DType::f32, DType::b8), {1, 1, 0, 1, 1, 1, 1}, "f32 to b8");
  check_equal(cast<int64_t, int8_t>({1, -1, 300}), std::vector<int8_t>{1, -1, 44}, "i64 to i8 wraps");
  check_equal(cast<uint8_t, float>({0, 1, 255}), {0.0f, 1.0f, 255.0f}, "u8 to f32");
  check_equal(cast<uint8_t, float>({0, 1}, DType::b8), {0.0f, 1.0f}, "b8 to f32");
  check_equal(cast<int64_t, float>({(1LL << 53) + 1, -3}), {9007199254740992.0f, -3.0f}, "i64 to f32");
  // Bit patterns of IEEE half and bfloat16; 0.1 is not exact in either, 65519 rounds to the largest half.
  std::vector<uint16_t> half = cast<float, uint16_t>(x, DType::f32, DType::f16);
  check_equal(half, {0x3f00, 0xbf00, 0x0000, 0x5640, 0x2e66, 0x7bff, 0x0002}, "f32 to f16");
  std::vector<uint16_t> brain = cast<float, uint16_t>({1.75f, -1.75f, 0.1f, 1e30f}, DType::f32, DType::bf16);
  check_equal(brain, {0x3fe0, 0xbfe0, 0x3dcd, 0x714a}, "f32 to bf16");
  check_equal(cast<uint16_t, float>({0x3f00, 0xbf00, 0x0002}, DType::f16), {1.75f, -1.75f, 0x1p-23f}, "f16 to f32");
  check_equal(cast<uint16_t, double>({0x3fe0, 0x3dcd}, DType::bf16), {1.75, 0.10009765625}, "bf16 to f64");
}

// sum[i, j, k] = a[i, j, k] + row[k] + column[i, 1, 1] * scalar, for shapes that merge four by four and that do not.
template <class T>
void check_broadcast(int64_t d0, int64_t d1, int64_t d2) {
  Program program(std::vector<int64_t>{d0, d1, d2});
  DType type = dtype_of<T>();
  int16_t a = program.input(type), row = program.input(type, Access::broadcast, {0, 0, 1});
  int16_t column = program.input(type, Access::broadcast, {1, 0, 0}), scalar = program.input(type, Access::scalar);
  int16_t out = program.output(type), scaled = program.temporary(), sum = program.temporary();
  program.add(E::multiply, type, type, scaled, column, scalar);
  program.add(E::add, type, type, sum, a, row);
  program.add(E::add, type, type, out, sum, scaled);
  std::vector<T> x = numbers<T>(d0 * d1 * d2), r = numbers<T>(d2, 2), c = numbers<T>(d0, 3), s = {T(3)}, expected;
  for (int64_t i = 0; i < d0 * d1 * d2; ++i) {
    expected.push_back(x[size_t(i)] + r[size_t(i % d2)] + c[size_t(i / d2 / d1)] * s[0]);
  }
  Array<T> in(x), rows(r), columns(c), scalars(s), result(x.size());
  run(KernelId::elementwise, {in.data(), rows.data(), columns.data(), scalars.data(), result.data()}, &program.params());
  check_close(result.get(), expected, 1e-6, "broadcast " + std::to_string(d2));
}

// relu and its mask in one program, in place: the first output is the first input's array.
void check_in_place_and_select() {
  for (int64_t size : kSizes) {
    Program program(size);
    int16_t x = program.input(DType::f32), y = program.input(DType::f32), out = program.output(DType::f32),
            mask = program.output(DType::b8);
    int16_t difference = program.temporary();
    program.add(E::subtract, DType::f32, DType::f32, difference, x, y);
    program.add(E::greater, DType::f32, DType::b8, mask, x, y);
    program.add(E::select, DType::f32, DType::f32, out, mask, difference, x);  // x is read after out could have been written
    std::vector<float> a = numbers<float>(size), b = numbers<float>(size, 2);
    Array<float> left(a), right(b);
    Array<uint8_t> flags(a.size());
    run(KernelId::elementwise, {left.data(), right.data(), left.data(), flags.data()}, &program.params());
    check_equal(left.get(), map(a, b, [](float u, float v) { return u > v ? u - v : u; }), "in place");
    check_equal(flags.get(), map(a, b, [](float u, float v) { return uint8_t(u > v); }), "mask");
  }
}

// As many operands, temporaries and instructions as a program may have.
void check_long_program() {
  int64_t size = 77;
  Program program(size);
  std::vector<int16_t> inputs, temporaries;
  for (int i = 0; i < kMaxElementwiseOperands - 1; ++i) inputs.push_back(program.input(DType::f32));
  int16_t out = program.output(DType::f32);
  for (int i = 0; i < kMaxElementwiseTemporaries; ++i) temporaries.push_back(program.temporary());
  program.add(E::copy, DType::f32, DType::f32, temporaries[0], inputs[0]);
  for (int i = 1; i < kMaxElementwiseInstructions - 1; ++i) {
    program.add(E::add, DType::f32, DType::f32, temporaries[size_t(i % kMaxElementwiseTemporaries)],
                temporaries[size_t((i - 1) % kMaxElementwiseTemporaries)], inputs[size_t(i) % inputs.size()]);
  }
  program.add(E::copy, DType::f32, DType::f32, out,
              temporaries[(kMaxElementwiseInstructions - 2) % kMaxElementwiseTemporaries]);
  std::vector<std::vector<float>> values;
  std::vector<std::unique_ptr<Array<float>>> arrays;
  std::vector<void*> operands;
  for (size_t i = 0; i < inputs.size(); ++i) {
    values.push_back(numbers<float>(size, unsigned(i)));
    arrays.push_back(std::make_unique<Array<float>>(values.back()));
    operands.push_back(arrays.back()->data());
  }
  Array<float> result(static_cast<size_t>(size));
  operands.push_back(result.data());
  std::vector<float> expected = values[0];
  for (int k = 1; k < kMaxElementwiseInstructions - 1; ++k) {
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += values[size_t(k) % values.size()][i];
  }
  run(KernelId::elementwise, operands, &program.params());
  check_equal(result.get(), expected, "longest program");
}

// An independent Philox4x32-10, written from the paper.
struct Random {
  uint32_t counter[4], key[2];
  void round() {
    uint64_t p = uint64_t{0xD2511F53} * counter[0], q = uint64_t{0xCD9E8D57} * counter[2];
    uint32_t next[4] = {uint32_t(q >> 32) ^ counter[1] ^ key[0], uint32_t(q), uint32_t(p >> 32) ^ counter[3] ^ key[1],
                        uint32_t(p)};
    std::memcpy(counter, next, sizeof next);
  }
  void all() {
    for (int i = 0; i < 10; ++i, key[0] += 0x9E3779B9, key[1] += 0xBB67AE85) round();
  }
};
Random random_block(const std::vector<int64_t>& state, uint64_t block, uint32_t stream) {
  auto seed = uint64_t(state[0]), count = uint64_t(state[1]);
  Random random = {{uint32_t(block), uint32_t(block >> 32), uint32_t(count), stream},
                   {uint32_t(seed), uint32_t(seed >> 32) ^ uint32_t(count >> 32)}};
  random.all();
  return random;
}

template <class T>
std::vector<T> uniform(int64_t size, const std::vector<int64_t>& state, uint32_t stream, bool general) {
  Program program(size);
  int16_t raw = program.input(DType::i64, Access::raw), out = program.output(dtype_of<T>());
  program.add(E::random_uniform, dtype_of<T>(), dtype_of<T>(), out, raw, -1, -1, stream);
  int16_t flag = general ? program.output(DType::i32) : int16_t(0);  // an integer sends the program to the general kernel
  if (general) program.add(E::cast, dtype_of<T>(), DType::i32, flag, out);
  Array<int64_t> states(state);
  Array<T> result(static_cast<size_t>(size));
  Array<int32_t> flags(static_cast<size_t>(size));
  run(KernelId::elementwise, {states.data(), result.data(), flags.data()}, &program.params());
  return result.get();
}

void check_random() {
  // The known answer of the Random123 library for a zero key and counter.
  Random known = random_block({0, 0}, 0, 0);
  check(known.counter[0] == 0x6627e8d5 && known.counter[1] == 0xe169c58d && known.counter[2] == 0xbc57ac4c &&
            known.counter[3] == 0x9b00dbd8,
        "the known answer of Philox4x32-10");
  std::vector<int64_t> state = {0x123456789abcdefLL, 0x7000000003LL};
  for (int64_t size : kSizes) {
    std::vector<float> singles;
    std::vector<double> doubles;
    for (int64_t i = 0; i < size; ++i) {
      singles.push_back(float(random_block(state, uint64_t(i / 4), 7).counter[i % 4] >> 8) * 0x1p-24f);
      Random random = random_block(state, uint64_t(i / 2), 7);
      doubles.push_back(double((uint64_t(random.counter[i % 2 * 2 + 1]) << 32 | random.counter[i % 2 * 2]) >> 11) * 0x1p-53);
    }
    check_equal(uniform<float>(size, state, 7, false), singles, "random f32");
    check_equal(uniform<float>(size, state, 7, true), singles, "random f32, general kernel");
    check_equal(uniform<double>(size, state, 7, false), doubles, "random f64");
  }
}

}  // namespace

int main() {
  check_float_functions<float>(4e-6);
  check_float_functions<double>(1e-13);
  check_special_floats();
  check_integers<int8_t>("i8");
  check_integers<int16_t>("i16");
  check_integers<int32_t>("i32");
  check_integers<int64_t>("i64");
  check_integers<uint8_t>("u8");
  check_comparisons();
  check_casts();
  for (int64_t last : {1, 3, 4, 8, 33}) {
    check_broadcast<float>(3, 5, last);
    check_broadcast<double>(3, 5, last);
  }
  check_in_place_and_select();
  check_long_program();
  check_random();
  return passed();
}
