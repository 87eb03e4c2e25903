// Ops that compute each element by itself. One table; gradients are rules written with the same ops. All of them run
// through the one elementwise kernel.
#include "ops/build.h"

namespace nnstack {

Shape broadcast_shapes(const Inference& inference, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int offset = out.rank() - shorter.rank();
  for (int i = 0; i < shorter.rank(); i++) {
    const Dim x = out[offset + i], y = shorter[i];
    if (x == y || y == 1) continue;
    if (x != 1 && x >= 0 && y >= 0) inference.fail("shapes " + text(a) + " and " + text(b) + " cannot be broadcast together");
    out[offset + i] = x == 1 || x < 0 ? y : x;
    if ((x < 0 && y < 0) || (x < 0 && y == 1)) out[offset + i] = kUnknown;
  }
  return out;
}

namespace {

using Rule = Values (*)(const GradientQuery&);

Shape common_shape(const Inference& inference, size_t first) {
  Shape shape = inference.inputs[first].shape;
  for (size_t i = first + 1; i < inference.inputs.size(); i++)
    shape = broadcast_shapes(inference, shape, inference.inputs[i].shape);
  return shape;
}

void same_dtypes(const Inference& inference, size_t first) {
  for (size_t i = first + 1; i < inference.inputs.size(); i++) {
    inference.require(inference.inputs[i].dtype == inference.inputs[first].dtype, [&] {
      return std::string("inputs have different dtypes: ") + name_of(inference.inputs[first].dtype) + " and " +
             name_of(inference.inputs[i].dtype) + "; cast one of them";
    });
  }
}

std::vector<TensorType> infer_numeric(const Inference& i) {
  same_dtypes(i, 0);
  i.require(i.inputs[0].dtype != DType::b8, "bool has no arithmetic; cast it first");
  return {{i.inputs[0].dtype, common_shape(i, 0)}};
}
std::vector<TensorType> infer_floating(const Inference& i) {
  i.require(is_floating(i.inputs[0].dtype),
            [&] { return std::string("needs a floating dtype, got ") + name_of(i.inputs[0].dtype); });
  return infer_numeric(i);
}
std::vector<TensorType> infer_comparison(const Inference& i) {
  same_dtypes(i, 0);
  return {{DType::b8, common_shape(i, 0)}};
}
std::vector<TensorType> infer_test(const Inference& i) {
  i.require(is_floating(i.inputs[0].dtype),
            [&] { return std::string("needs a floating dtype, got ") + name_of(i.inputs[0].dtype); });
  return {{DType::b8, i.inputs[0].shape}};
}
std::vector<TensorType> infer_logical(const Inference& i) {
  for (const TensorType& t : i.inputs)
    i.require(t.dtype == DType::b8, [&] { return std::string("needs bool, got ") + name_of(t.dtype); });
  return {{DType::b8, common_shape(i, 0)}};
}
std::vector<TensorType> infer_select(const Inference& i) {
  i.require(i.inputs[0].dtype == DType::b8,
            [&] { return std::string("the condition must be bool, got ") + name_of(i.inputs[0].dtype); });
  same_dtypes(i, 1);
  return {{i.inputs[1].dtype, common_shape(i, 0)}};
}

// Integer arithmetic on shapes (scalars and vectors), element by element; an unknown operand makes an unknown result.
template <class Function>
Content combine(const Inference& i, Function function) {
  const Content &a = i.contents[0], &b = i.contents[1];
  if (!a.any || !b.any || !holds_sizes(i.inputs[0]) || !holds_sizes(i.inputs[1])) return {};
  const size_t n = std::max(a.values.size(), b.values.size());
  if ((a.values.size() != n && a.values.size() != 1) || (b.values.size() != n && b.values.size() != 1)) return {};
  Content out{true, Dims(n)};
  for (size_t k = 0; k < n; k++) {
    const Dim x = a.values[a.values.size() == 1 ? 0 : k], y = b.values[b.values.size() == 1 ? 0 : k];
    out.values[k] = x < 0 || y < 0 ? kUnknown : as_size(function(x, y), i.inputs[0].dtype);
  }
  return out;
}

// ---- gradient rules: q.gradients[0] is the gradient of the result ----
const Value& g(const GradientQuery& q) { return q.gradients[0]; }
const Value& x(const GradientQuery& q) { return q.input(0); }
const Value& y(const GradientQuery& q) { return q.outputs[0]; }
Value number(const GradientQuery& q, double value) { return scalar_like(q.outputs[0], value); }

// Gradients of both inputs of a binary op, summed back to their shapes.
Values both(const GradientQuery& q, const Value& a, const Value& b) {
  return {a ? sum_to_shape_of(a, q.input(0)) : nullptr, b ? sum_to_shape_of(b, q.input(1)) : nullptr};
}

Values add_gradient(const GradientQuery& q) { return both(q, g(q), g(q)); }
Values subtract_gradient(const GradientQuery& q) { return both(q, g(q), -g(q)); }
Values multiply_gradient(const GradientQuery& q) { return both(q, g(q) * q.input(1), g(q) * q.input(0)); }
Values divide_gradient(const GradientQuery& q) {
  const Value a = g(q) / q.input(1);
  return both(q, a, -(a * y(q)));
}
// d/da a^b = b a^(b-1); d/db a^b = a^b log a, taken as zero where a <= 0 (as TensorFlow has it).
Values power_gradient(const GradientQuery& q) {
  const Value &a = q.input(0), &b = q.input(1);
  const Value positive = emit("greater", {a, scalar_like(a, 0)});
  const Value safe = emit("log", {select(positive, a, scalar_like(a, 1))});
  return both(q, g(q) * b * emit("power", {a, b - scalar_like(b, 1)}), g(q) * y(q) * safe);
}
Values modulo_gradient(const GradientQuery& q) {
  return both(q, g(q), -(g(q) * emit("floor_divide", {q.input(0), q.input(1)})));
}
template <const char* const& Comparison>
Values extreme_gradient(const GradientQuery& q) {  // a tie belongs to the first input
  const Value first = emit(Comparison, {q.input(0), q.input(1)});
  const Value zero = number(q, 0);
  return both(q, select(first, g(q), zero), select(first, zero, g(q)));
}
const char* const kGreaterEqual = "greater_equal";
const char* const kLessEqual = "less_equal";

Values select_gradient(const GradientQuery& q) {
  const Value zero = number(q, 0);
  return {nullptr, sum_to_shape_of(select(q.input(0), g(q), zero), q.input(1)),
          sum_to_shape_of(select(q.input(0), zero, g(q)), q.input(2))};
}

struct Row {
  const char* name;
  ElementwiseOp op;
  int inputs;
  std::vector<TensorType> (*infer)(const Inference&);
  Rule gradient;
  Content (*content)(const Inference&) = nullptr;
};

const Row kRows[] = {
    {"negative", ElementwiseOp::negative, 1, infer_numeric, [](const GradientQuery& q) -> Values { return {-g(q)}; }},
    {"abs", ElementwiseOp::abs, 1, infer_numeric,
     [](const GradientQuery& q) -> Values { return {g(q) * emit("sign", {x(q)})}; }},
    {"sign", ElementwiseOp::sign, 1, infer_numeric, nullptr},
    {"square", ElementwiseOp::square, 1, infer_numeric,
     [](const GradientQuery& q) -> Values { return {g(q) * (number(q, 2) * x(q))}; }},
    {"reciprocal", ElementwiseOp::reciprocal, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {-(g(q) * emit("square", {y(q)}))}; }},
    {"sqrt", ElementwiseOp::sqrt, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * number(q, 0.5) / y(q)}; }},
    {"rsqrt", ElementwiseOp::rsqrt, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * number(q, -0.5) * (y(q) / x(q))}; }},
    {"exp", ElementwiseOp::exp, 1, infer_floating, [](const GradientQuery& q) -> Values { return {g(q) * y(q)}; }},
    {"expm1", ElementwiseOp::expm1, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * (y(q) + number(q, 1))}; }},
    {"log", ElementwiseOp::log, 1, infer_floating, [](const GradientQuery& q) -> Values { return {g(q) / x(q)}; }},
    {"log1p", ElementwiseOp::log1p, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) / (x(q) + number(q, 1))}; }},
    {"sin", ElementwiseOp::sin, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * emit("cos", {x(q)})}; }},
    {"cos", ElementwiseOp::cos, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {-(g(q) * emit("sin", {x(q)}))}; }},
    {"tanh", ElementwiseOp::tanh, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * (number(q, 1) - emit("square", {y(q)}))}; }},
    {"sigmoid", ElementwiseOp::sigmoid, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * (y(q) * (number(q, 1) - y(q)))}; }},
    {"softplus", ElementwiseOp::softplus, 1, infer_floating,
     [](const GradientQuery& q) -> Values { return {g(q) * emit("sigmoid", {x(q)})}; }},
    {"erf", ElementwiseOp::erf, 1, infer_floating,
     [](const GradientQuery& q) -> Values {
       return {g(q) * (number(q, 1.1283791670955126) * emit("exp", {-emit("square", {x(q)})}))};
     }},
    {"floor", ElementwiseOp::floor, 1, infer_floating, nullptr},
    {"ceil", ElementwiseOp::ceil, 1, infer_floating, nullptr},
    {"round", ElementwiseOp::round, 1, infer_floating, nullptr},
    {"relu", ElementwiseOp::relu, 1, infer_numeric,
     [](const GradientQuery& q) -> Values { return {select(emit("greater", {y(q), number(q, 0)}), g(q), number(q, 0))}; }},
    {"identity", ElementwiseOp::copy, 1, [](const Inference& i) -> std::vector<TensorType> { return {i.inputs[0]}; },
     [](const GradientQuery& q) -> Values { return {g(q)}; }, [](const Inference& i) { return i.contents[0]; }},
    {"stop_gradient", ElementwiseOp::copy, 1, [](const Inference& i) -> std::vector<TensorType> { return {i.inputs[0]}; },
     nullptr, [](const Inference& i) { return i.contents[0]; }},
    {"logical_not", ElementwiseOp::logical_not, 1, infer_logical, nullptr},
    {"is_nan", ElementwiseOp::is_nan, 1, infer_test, nullptr},
    {"is_inf", ElementwiseOp::is_inf, 1, infer_test, nullptr},
    {"is_finite", ElementwiseOp::is_finite, 1, infer_test, nullptr},
    {"add", ElementwiseOp::add, 2, infer_numeric, add_gradient, [](const Inference& i) { return combine(i, add_sizes); }},
    {"subtract", ElementwiseOp::subtract, 2, infer_numeric, subtract_gradient,
     [](const Inference& i) { return combine(i, [](Dim a, Dim b) { return a >= b ? a - b : kUnknown; }); }},
    {"multiply", ElementwiseOp::multiply, 2, infer_numeric, multiply_gradient,
     [](const Inference& i) { return combine(i, multiply_sizes); }},
    {"divide", ElementwiseOp::divide, 2, infer_floating, divide_gradient},
    {"floor_divide", ElementwiseOp::floor_divide, 2, infer_numeric, nullptr,
     [](const Inference& i) { return combine(i, [](Dim a, Dim b) { return b > 0 ? a / b : kUnknown; }); }},
    {"modulo", ElementwiseOp::modulo, 2, infer_numeric, modulo_gradient},
    {"power", ElementwiseOp::power, 2, infer_numeric, power_gradient},
    {"maximum", ElementwiseOp::maximum, 2, infer_numeric, extreme_gradient<kGreaterEqual>,
     [](const Inference& i) { return combine(i, [](Dim a, Dim b) { return std::max(a, b); }); }},
    {"minimum", ElementwiseOp::minimum, 2, infer_numeric, extreme_gradient<kLessEqual>,
     [](const Inference& i) { return combine(i, [](Dim a, Dim b) { return std::min(a, b); }); }},
    {"equal", ElementwiseOp::equal, 2, infer_comparison, nullptr},
    {"not_equal", ElementwiseOp::not_equal, 2, infer_comparison, nullptr},
    {"less", ElementwiseOp::less, 2, infer_comparison, nullptr},
    {"less_equal", ElementwiseOp::less_equal, 2, infer_comparison, nullptr},
    {"greater", ElementwiseOp::greater, 2, infer_comparison, nullptr},
    {"greater_equal", ElementwiseOp::greater_equal, 2, infer_comparison, nullptr},
    {"logical_and", ElementwiseOp::logical_and, 2, infer_logical, nullptr},
    {"logical_or", ElementwiseOp::logical_or, 2, infer_logical, nullptr},
    {"logical_xor", ElementwiseOp::logical_xor, 2, infer_logical, nullptr},
    {"select", ElementwiseOp::select, 3, infer_select, select_gradient},
    // Like select with one condition for all; compiling a Program keeps only the branch that a known condition names.
    {"switch", ElementwiseOp::select, 3,
     [](const Inference& i) {
       i.require(i.inputs[0].shape.rank() == 0,
                 [&] { return "the condition must be a scalar, got shape " + text(i.inputs[0].shape) + "; use select"; });
       return infer_select(i);
     },
     select_gradient},
};

}  // namespace

std::vector<Op> elementwise_ops() {
  std::vector<Op> ops;
  for (const Row& row : kRows) {
    ops.push_back({.name = row.name,
                   .least_inputs = row.inputs,
                   .most_inputs = row.inputs,
                   .infer = row.infer,
                   .gradient = row.gradient,
                   .elementwise = row.op,
                   .content = row.content});
  }
  return ops;
}

}  // namespace nnstack
