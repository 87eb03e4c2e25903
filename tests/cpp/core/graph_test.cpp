// Shapes, attributes, contents, registry and the release of deep graphs.
#include <thread>

#include "base/shape.h"
#include "check.h"
#include "graph/op.h"
#include "ops/build.h"

using namespace nnstack;
using nnstack_test::check;
using nnstack_test::check_equal;
using nnstack_test::check_throws;
using nnstack_test::Register;

static void shapes() {
  check_equal(text(Shape{kUnknown, 64}), "(None, 64)", "two dimensions");
  check_equal(text(Shape{3}), "(3,)", "one dimension");
  check_equal(text(Shape{}), "()", "a scalar");
  check_equal(Shape({2, 3, 4}).elements(), int64_t{24}, "elements");
  check_equal(Shape({2, 0, 4}).elements(), int64_t{0}, "elements of an empty shape");
  check_equal(Shape{}.elements(), int64_t{1}, "elements of a scalar");
  check(Shape({2, 3}) == Shape({2, 3}) && !(Shape({2, 3}) == Shape({2})) && !(Shape({2, 3}) == Shape({3, 2})), "equality");
  check(!Shape({2, kUnknown}).known() && Shape({2, 0}).known(), "known");
  check_throws<ValueError>([] { Shape({int64_t{1} << 40, int64_t{1} << 40}).elements(); }, "overflows 64 bits", "overflow");
  check_throws<ValueError>([] { Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}); }, "at most 8 dimensions", "too many dimensions");
  check_equal(normalize_axis("sum", -1, 3), 2, "an axis from behind");
  check_throws<ValueError>([] { normalize_axis("sum", 3, 3); }, "sum: axis 3 is out of range", "an axis too large");
  check_throws<ValueError>([] { dtype_named("float"); }, "unknown dtype \"float\"", "an unknown dtype");
}
static const Register kShapes("shapes", shapes);

static void attributes() {
  const Attributes a{{"b", int64_t{2}}, {"a", std::vector<int64_t>{1, kNone}}};
  const Attributes b{{"a", std::vector<int64_t>{1, kNone}}, {"b", int64_t{2}}};
  check(a == b, "order of writing does not matter");
  check_equal(a.hash(), b.hash(), "equal attributes have equal hashes");
  check(!(a == Attributes{{"a", std::vector<int64_t>{1, 2}}, {"b", int64_t{2}}}), "another list");
  check(!(Attributes{{"a", int64_t{1}}} == Attributes{{"a", 1.0}}), "types are told apart");
  check_equal(text(*a.find("a")), "[1, None]", "printing");
  check(a.find("c") == nullptr, "a missing one");
  check_throws<ValueError>([&] { a.integer("c"); }, "\"c\" is missing", "reading a missing one");
  check_throws<TypeError>([&] { a.flag("b"); }, "wrong type", "reading another type");
}
static const Register kAttributes("attributes", attributes);

// Against the compiler's knowledge of the formats: 1 + 2^-11 is half way between two float16 and goes to the even one.
static void sixteen_bits() {
  const auto bits = [](DType dtype, double value) { return static_cast<int>(*scalar_tensor(dtype, value).as<uint16_t>()); };
  check_equal(bits(DType::f16, 1), 0x3c00, "1");
  check_equal(bits(DType::f16, -2.5), 0xc100, "-2.5");
  check_equal(bits(DType::f16, 0), 0, "0");
  check_equal(bits(DType::f16, -0.0), 0x8000, "-0");
  check_equal(bits(DType::f16, 1 + std::ldexp(1, -11)), 0x3c00, "half way down");
  check_equal(bits(DType::f16, 1 + 3 * std::ldexp(1, -11)), 0x3c02, "half way up");
  check_equal(bits(DType::f16, 65504), 0x7bff, "the largest");
  check_equal(bits(DType::f16, 65520), 0x7c00, "beyond the largest");
  check_equal(bits(DType::f16, std::ldexp(1, -24)), 1, "the smallest");
  check_equal(bits(DType::f16, std::ldexp(1023.75, -24)), 0x0400, "a subnormal that rounds to a normal number");
  check_equal(bits(DType::f16, INFINITY), 0x7c00, "infinity");
  check_equal(bits(DType::f16, NAN) & 0x7e00, 0x7e00, "not a number");
  check_equal(bits(DType::bf16, 1), 0x3f80, "1 in bfloat16");
  check_equal(bits(DType::bf16, 3.3), 0x4053, "3.3 in bfloat16");
  check_equal(bits(DType::bf16, -1e39), 0xff80, "beyond the largest bfloat16");
}
static const Register kSixteenBits("sixteen_bits", sixteen_bits);

static void emitting() {
  const Value x = placeholder({DType::f32, {kUnknown, 3}}, "x");
  check_equal(text((x * scalar_like(x, 2))->type), "float32(None, 3)", "type of a product");
  check_throws<ValueError>([&] { emit("summ", {x}); }, "nearest name is \"sum\"", "an unknown op");
  check_throws<ValueError>([&] { emit("placeholder", {}); }, "is a leaf", "a leaf cannot be emitted");
  check_throws<TypeError>([&] { emit("sum", {x}, {{"axes", int64_t{1}}}); }, "attribute \"axes\" cannot be 1", "a wrong type");
  const auto previous = set_layer(std::make_shared<const std::string>("dense_1"));
  check_throws<ValueError>([&] { emit("matmul", {x, constant(DType::f32, 1)}); },
                           "matmul (layer \"dense_1\"): expected matrices", "the layer is named");
  set_layer(previous);
}
static const Register kEmitting("emitting", emitting);

static void contents() {
  const Value x = placeholder({DType::f32, {kUnknown, 3}}, "x");
  const Content shape = content(shape_of(x) * constant(Dims{2, 2}));
  check(shape.any && shape.values == Dims{kUnknown, 6}, "arithmetic on a shape");
  const Value column = emit("reshape", {constant(Dims{1, 2}), constant(Dims{2, 1})});
  const Value row = emit("reshape", {constant(Dims{1, 2}), constant(Dims{1, 2})});
  check(!content(column + row).any, "nothing is claimed of matrices");
  const Value huge = constant(Dims{INT64_MAX, 2});
  check(content(huge + huge).values[0] == kUnknown, "a sum that does not fit is no size");
}
static const Register kContents("contents", contents);

// On a small stack: neither a chain nor a ladder of shared values may be released by recursion.
static void deep() {
  std::thread([] {
    Value x = placeholder({DType::f32, {2}}, "x");
    for (int i = 0; i < 300000; i++) x = i % 2 ? x * x : -x;
    check(x.use_count() == 1, "one owner");
  }).join();
}
static const Register kDeep("deep", deep);

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
