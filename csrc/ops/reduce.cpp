// Reductions over any set of axes. One kernel; means are sums with a scale.
#include <algorithm>

#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<bool> reduced_axes(const Op& op, const Attributes& attributes, int rank) {
  std::vector<bool> reduced(static_cast<size_t>(rank));
  for (int64_t axis : attributes.integers("axes"))
    reduced[static_cast<size_t>(normalize_axis(op.name.c_str(), axis, rank))] = true;
  return reduced;
}

Shape reduced_shape(const Op& op, const Attributes& attributes, const Shape& in, bool keepdims) {
  const std::vector<bool> reduced = reduced_axes(op, attributes, in.rank());
  Shape out;
  for (int i = 0; i < in.rank(); i++) {
    if (!reduced[static_cast<size_t>(i)])
      out.push_back(in[i]);
    else if (keepdims)
      out.push_back(1);
  }
  return out;
}

std::vector<TensorType> infer(const Inference& i) {
  const DType dtype = i.inputs[0].dtype;
  const bool logical = i.op.name == "any" || i.op.name == "all";
  i.require(logical == (dtype == DType::b8), [&] {
    return std::string(logical ? "needs bool, got " : "bool cannot be reduced so; cast it, or use any / all; got ") +
           name_of(dtype);
  });
  i.require(i.op.name != "mean" || is_floating(dtype),
            [&] { return std::string("needs a floating dtype, got ") + name_of(dtype) + "; cast it first"; });
  return {{dtype, reduced_shape(i.op, i.attributes, i.inputs[0].shape, i.attributes.flag("keepdims"))}};
}

ReduceOp kernel_op(const std::string& name) {
  if (name == "sum" || name == "mean" || name == "sum_to") return ReduceOp::sum;
  if (name == "prod") return ReduceOp::product;
  return name == "max" || name == "any" ? ReduceOp::maximum : ReduceOp::minimum;
}

void lower_reduction(Lowering& l, const std::vector<bool>& reduced, bool mean) {
  const Shape& in = l.inputs[0].shape;
  ReduceParams p{};
  p.op = kernel_op(l.op.name);
  p.type = l.inputs[0].dtype;
  p.scale = 1;
  int64_t count = 1;
  for (int i = 0; i < in.rank(); i++) {
    const bool r = reduced[static_cast<size_t>(i)];
    if (r) count *= in[i];
    if (in[i] == 1) continue;
    if (p.rank > 0 && p.reduced[p.rank - 1] == r) {
      p.dims[p.rank - 1] *= in[i];
    } else {
      p.dims[p.rank] = in[i];
      p.reduced[p.rank++] = r;
    }
  }
  if (std::none_of(p.reduced, p.reduced + p.rank, [](bool r) { return r; })) return l.alias(0);
  if (mean) p.scale = 1.0 / static_cast<double>(count);
  l.call(KernelId::reduce, p, {0});
}

void lower(Lowering& l) { lower_reduction(l, reduced_axes(l.op, l.attributes, l.inputs[0].shape.rank()), l.op.name == "mean"); }

// The gradient of the result, with the reduced axes put back as ones.
Value restored(const GradientQuery& q, const Value& v) {
  if (q.node.attributes.flag("keepdims")) return v;
  const std::vector<bool> reduced = reduced_axes(*q.node.op, q.node.attributes, q.input(0)->type.shape.rank());
  std::vector<int64_t> axes;
  for (size_t i = 0; i < reduced.size(); i++)
    if (reduced[i]) axes.push_back(static_cast<int64_t>(i));
  return axes.empty() ? v : emit("expand_dims", {v}, {{"axes", axes}});
}

Values sum_gradient(const GradientQuery& q) { return {broadcast_to_shape_of(restored(q, q.gradients[0]), q.input(0))}; }

Values mean_gradient(const GradientQuery& q) {
  const Value count =
      emit("count", {q.input(0)},
           {{"axes", q.node.attributes.integers("axes")}, {"dtype", std::string(name_of(q.input(0)->type.dtype))}});
  return {broadcast_to_shape_of(restored(q, q.gradients[0] / count), q.input(0))};
}

// Shared evenly among equal extremes, as TensorFlow does.
Values extreme_gradient(const GradientQuery& q) {
  const Value& x = q.input(0);
  const Value here = cast(emit("equal", {x, restored(q, q.outputs[0])}), x->type.dtype);
  const Value ties = emit("sum", {here}, {{"axes", q.node.attributes.integers("axes")}, {"keepdims", true}});
  return {here * (restored(q, q.gradients[0]) / ties)};
}

// Product of the others = product / x, which needs x != 0. Beside one or two zeros it is written with their sum, whose value
// is zero and whose slope is right, so that the gradient of the gradient is right there too.
Values product_gradient(const GradientQuery& q) {
  const Value& x = q.input(0);
  const auto& axes = q.node.attributes.integers("axes");
  const Value zero = scalar_like(x, 0);
  const auto along_axes = [&](const char* op, const Value& v) { return emit(op, {v}, {{"axes", axes}, {"keepdims", true}}); };
  const Value is_zero = emit("equal", {x, zero});
  const Value safe = select(is_zero, scalar_like(x, 1), x);
  const Value zeros = along_axes("sum", cast(is_zero, x->type.dtype));
  const Value sum_of_zeros = along_axes("sum", select(is_zero, x, zero));
  const Value product = along_axes("prod", safe);
  const auto zeros_are = [&](double n) { return emit("equal", {zeros, scalar_like(x, n)}); };
  const Value of_zero = select(zeros_are(1), product, select(zeros_are(2), product * (sum_of_zeros - x), zero));
  const Value of_nonzero = select(zeros_are(0), product / safe, select(zeros_are(1), product / safe * sum_of_zeros, zero));
  return {restored(q, q.gradients[0]) * select(is_zero, of_zero, of_nonzero)};
}

// Shape arithmetic: the whole of a known integer vector.
template <int64_t (*Combine)(int64_t, int64_t), int64_t Start>
Content reduce_content(const Inference& i) {
  if (!i.contents[0].any || !holds_sizes(i.inputs[0]) || i.inputs[0].shape.rank() != 1 || i.attributes.integers("axes").empty())
    return {};
  Dim result = Start;
  for (Dim d : i.contents[0].values) {
    if (d < 0 || result < 0) return {true, {kUnknown}};
    result = as_size(Combine(result, d), i.inputs[0].dtype);
  }
  return {true, {result}};
}

std::vector<TensorType> infer_index(const Inference& i) {
  Shape out;
  const Shape& in = i.inputs[0].shape;
  const int axis = normalize_axis(i.op.name.c_str(), i.attributes.integer("axis"), in.rank());
  i.require(in[axis] != 0, [&] { return "axis " + std::to_string(axis) + " is empty; input shape " + text(in); });
  for (int k = 0; k < in.rank(); k++)
    if (k != axis) out.push_back(in[k]);
  return {{DType::i64, out}};
}

void lower_index(Lowering& l) {
  const Shape& in = l.inputs[0].shape;
  const int axis = normalize_axis(l.op.name.c_str(), l.attributes.integer("axis"), in.rank());
  ArgReduceParams p{l.inputs[0].dtype, l.op.name == "argmin", 1, in[axis], 1};
  for (int k = 0; k < axis; k++) p.outer *= in[k];
  for (int k = axis + 1; k < in.rank(); k++) p.inner *= in[k];
  l.call(KernelId::arg_reduce, p, {0});
}

// sum_to(x, shape): undoes a broadcast.
std::vector<TensorType> infer_sum_to(const Inference& i) {
  const Shape& in = i.inputs[0].shape;
  i.require(i.inputs[1].dtype == DType::i64 && i.inputs[1].shape.rank() == 1 && i.inputs[1].shape.known(),
            [&] { return "the shape must be an int64 vector, got " + text(i.inputs[1]); });
  Shape out(i.contents[1].any ? i.contents[1].values : Dims(static_cast<size_t>(i.inputs[1].shape[0]), kUnknown));
  i.require(out.rank() <= in.rank(), [&] { return "cannot sum " + text(in) + " to " + text(out); });
  for (int k = 0; k < out.rank(); k++) {
    const Dim from = in[in.rank() - out.rank() + k];
    i.require(out[k] == from || out[k] == 1 || out[k] < 0 || from < 0,
              [&] { return "cannot sum " + text(in) + " to " + text(out); });
  }
  return {{i.inputs[0].dtype, out}};
}

void lower_sum_to(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  std::vector<bool> reduced(static_cast<size_t>(in.rank()));
  const int offset = in.rank() - out.rank();
  for (int k = 0; k < in.rank(); k++) reduced[static_cast<size_t>(k)] = k < offset || (out[k - offset] == 1 && in[k] != 1);
  lower_reduction(l, reduced, false);
}

Op reduction(const char* name, Values (*gradient)(const GradientQuery&), Content (*content)(const Inference&) = nullptr) {
  return {.name = name,
          .attributes = {{"axes", std::vector<int64_t>{}}, {"keepdims", false}},
          .infer = infer,
          .gradient = gradient,
          .lower = lower,
          .content = content};
}

Op index(const char* name) {
  return {.name = name, .attributes = {{"axis", int64_t{-1}}}, .infer = infer_index, .lower = lower_index};
}

}  // namespace

std::vector<Op> reduce_ops() {
  return {reduction("sum", sum_gradient, reduce_content<add_sizes, 0>),
          reduction("mean", mean_gradient),
          reduction("prod", product_gradient, reduce_content<multiply_sizes, 1>),
          reduction("max", extreme_gradient),
          reduction("min", extreme_gradient),
          reduction("any", nullptr),
          reduction("all", nullptr),
          index("argmax"),
          index("argmin"),
          {.name = "sum_to",
           .least_inputs = 2,
           .most_inputs = 2,
           .infer = infer_sum_to,
           .gradient = [](const GradientQuery& q) -> Values {
             return {broadcast_to_shape_of(q.gradients[0], q.input(0)), nullptr};
           },
           .lower = lower_sum_to}};
}

}  // namespace nnstack
