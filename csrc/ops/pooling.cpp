// Pools over windows of 1 to 3 spatial dimensions of [n, *input, channels]. Padding counts for nothing: a maximum does not see
// it, and an average divides by the places that are inside.
//
// max_pool(x) is max_pool(x, x): the values of the second input at the places of the first maxima of the first. In that form it
// is linear in the values and max_pool_gradient is its transpose, so derivatives of any order are one of the two.
#include "ops/build.h"
#include "ops/lowering.h"
#include "ops/window.h"

namespace nnstack {
namespace {

Windows checked_windows(const Inference& i) {
  const Windows w = windows_of(i);
  const auto& size = i.attributes.integers("sizes");
  i.require(size.size() == w.strides.size(), "needs a window size for each stride");
  for (int64_t n : size) i.require(n >= 1, [&] { return "window sizes must be at least 1, got " + std::to_string(n); });
  const DType type = i.inputs[0].dtype;
  i.require(type == DType::f32 || type == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(type); });
  return w;
}

Shape pooled(const Inference& i, const Shape& x) {
  const Windows w = checked_windows(i);
  i.require(x.rank() == w.rank() + 2, [&] {
    return "expected an input of " + std::to_string(w.rank() + 2) + " dimensions for " + std::to_string(w.rank()) +
           " strides, got shape " + text(x);
  });
  Shape y = x;
  for (int d = 0; d < w.rank(); d++)
    y[d + 1] = places(i, w, d, x[d + 1], i.attributes.integers("sizes")[static_cast<size_t>(d)]);
  return y;
}

// What is known of either of two shapes that must be the same.
Shape same_shape(const Inference& i, const Shape& a, const Shape& b, const char* what) {
  i.require(a.rank() == b.rank(), [&] { return std::string(what) + ": shapes " + text(a) + " and " + text(b); });
  Shape both = a;
  for (int d = 0; d < a.rank(); d++) {
    i.require(a[d] < 0 || b[d] < 0 || a[d] == b[d],
              [&] { return std::string(what) + ": shapes " + text(a) + " and " + text(b); });
    if (a[d] < 0) both[d] = b[d];
  }
  return both;
}

void same_type(const Inference& i) {
  const DType a = i.inputs[0].dtype, b = i.inputs[1].dtype;
  i.require(a == b, [&] {
    return std::string("inputs have different dtypes: ") + name_of(a) + " and " + name_of(b) + "; cast one of them";
  });
}

std::vector<TensorType> infer_max(const Inference& i) {
  if (i.inputs.size() == 1) return {{i.inputs[0].dtype, pooled(i, i.inputs[0].shape)}};
  same_type(i);
  return {{i.inputs[0].dtype, pooled(i, same_shape(i, i.inputs[0].shape, i.inputs[1].shape, "input and values differ"))}};
}
std::vector<TensorType> infer_max_gradient(const Inference& i) {
  same_type(i);
  same_shape(i, i.inputs[1].shape, pooled(i, i.inputs[0].shape), "the gradient does not have the output's shape");
  return {i.inputs[0]};
}
std::vector<TensorType> infer_average(const Inference& i) { return {{i.inputs[0].dtype, pooled(i, i.inputs[0].shape)}}; }
std::vector<TensorType> infer_average_gradient(const Inference& i) {
  const TensorType& shape = i.inputs[1];
  i.require(shape.dtype == DType::i64 && shape.shape.rank() == 1 && shape.shape.known(),
            [&] { return "the shape must be an int64 vector, got " + text(shape); });
  const Shape x(i.contents[1].any ? i.contents[1].values : Dims(static_cast<size_t>(shape.shape[0]), kUnknown));
  same_shape(i, i.inputs[0].shape, pooled(i, x), "the gradient does not have the output's shape");
  return {{i.inputs[0].dtype, x}};
}

void lower(Lowering& l, PoolOp op, const Shape& x, const Shape& y, std::vector<int> inputs) {
  PoolParams p{};
  p.type = l.inputs[0].dtype;
  p.op = op;
  p.at = window_params(windows_of(l.attributes), x[0], spatial_of(x), l.attributes.integers("sizes"), spatial_of(y));
  p.channels = x.back();
  l.call(KernelId::pool, p, std::move(inputs));
}

Values max_gradient(const GradientQuery& q) {
  const Value dv = emit("max_pool_gradient", {q.input(0), q.gradients[0]}, q.node.attributes);
  return q.node.inputs.size() == 1 ? Values{dv} : Values{nullptr, dv};
}

const std::vector<std::pair<std::string, Attribute>> kAttributes = {
    {"sizes", std::vector<int64_t>{}}, {"strides", std::vector<int64_t>{}}, {"padding", std::string("valid")}};

}  // namespace

std::vector<Op> pooling_ops() {
  return {{.name = "max_pool",
           .least_inputs = 1,
           .most_inputs = 2,
           .attributes = kAttributes,
           .infer = infer_max,
           .gradient = max_gradient,
           .lower =
               [](Lowering& l) {
                 const int values = static_cast<int>(l.inputs.size()) - 1;
                 lower(l, PoolOp::maximum, l.inputs[0].shape, l.outputs[0].shape, {0, values});
               }},
          {.name = "max_pool_gradient",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = kAttributes,
           .infer = infer_max_gradient,
           .gradient = [](const GradientQuery& q) -> Values {
             return {nullptr, emit("max_pool", {q.input(0), q.gradients[0]}, q.node.attributes)};
           },
           .lower = [](Lowering& l) { lower(l, PoolOp::maximum_gradient, l.inputs[0].shape, l.inputs[1].shape, {0, 1}); }},
          {.name = "average_pool",
           .attributes = kAttributes,
           .infer = infer_average,
           .gradient = [](const GradientQuery& q) -> Values {
             return {emit("average_pool_gradient", {q.gradients[0], shape_of(q.input(0))}, q.node.attributes)};
           },
           .lower = [](Lowering& l) { lower(l, PoolOp::average, l.inputs[0].shape, l.outputs[0].shape, {0}); }},
          {.name = "average_pool_gradient",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = kAttributes,
           .infer = infer_average_gradient,
           .gradient = [](const GradientQuery& q) -> Values {
             return {emit("average_pool", {q.gradients[0]}, q.node.attributes), nullptr};
           },
           .lower = [](Lowering& l) { lower(l, PoolOp::average_gradient, l.outputs[0].shape, l.inputs[0].shape, {0}); }}};
}

}  // namespace nnstack
