// normalize: (x - mean) / sqrt(variance + epsilon) * gamma + beta, the statistics those of x itself. Its meaning is a
// composition (compose), which second derivatives use; kernels compute it and its first derivative.
//
//   normalize           x, gamma, beta -> y, mean, variance
//   normalize_gradient  x, gamma, beta, mean, variance, gradient of y -> gradients of x, gamma, beta
//
// gamma and beta have the shape of x's last axes, as many as they have themselves. by_column: statistics are over all other
// axes, and have the shape of gamma (batch normalisation); else over those very axes, and have the shape of the other ones
// (layer normalisation).
#include "autodiff/gradients.h"
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

int others_of(const Shape& x, const Shape& gamma) { return x.rank() - gamma.rank(); }

Shape statistics_shape(const Attributes& attributes, const Shape& x, const Shape& gamma) {
  if (attributes.flag("by_column")) return gamma;
  return Shape(std::span<const Dim>(x.begin(), x.begin() + others_of(x, gamma)));
}

void check(const Inference& i, size_t count) {
  const TensorType &x = i.inputs[0], &gamma = i.inputs[1];
  i.require(x.dtype == DType::f32 || x.dtype == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(x.dtype); });
  i.require(others_of(x.shape, gamma.shape) >= 0,
            [&] { return "gamma has more axes than the input; gamma " + text(gamma) + ", input " + text(x); });
  for (int k = 0; k < gamma.shape.rank(); k++) {
    const Dim of_x = x.shape[others_of(x.shape, gamma.shape) + k], own = gamma.shape[k];
    i.require(own >= 0 && (of_x < 0 || of_x == own), [&] {
      return "gamma must have the known sizes of the input's last axes; gamma " + text(gamma) + ", input " + text(x);
    });
  }
  i.require(gamma.dtype == x.dtype,
            [&] { return "gamma and the input must have one dtype, got " + text(gamma) + " and " + text(x); });
  i.require(i.inputs[2] == gamma, [&] { return "beta must be as gamma, " + text(gamma) + ", got " + text(i.inputs[2]); });
  i.require(i.inputs.size() == count,
            [&] { return "expected " + std::to_string(count) + " inputs, got " + std::to_string(i.inputs.size()); });
}

std::vector<TensorType> infer(const Inference& i) {
  check(i, 3);
  const TensorType& x = i.inputs[0];
  const TensorType statistics{x.dtype, statistics_shape(i.attributes, x.shape, i.inputs[1].shape)};
  return {x, statistics, statistics};
}

std::vector<TensorType> infer_gradient(const Inference& i) {
  check(i, 6);
  return {i.inputs[0], i.inputs[1], i.inputs[2]};
}

NormalizeParams params_of(const Lowering& l) {
  NormalizeParams p{l.inputs[0].dtype, l.attributes.flag("by_column"), 1, l.inputs[1].shape.elements(),
                    l.attributes.number("epsilon")};
  for (int k = 0; k < others_of(l.inputs[0].shape, l.inputs[1].shape); k++) p.rows *= l.inputs[0].shape[k];
  return p;
}

void lower(Lowering& l) { l.call(KernelId::normalize, params_of(l), {0, 1, 2}, {0, 1, 2}); }
void lower_gradient(Lowering& l) { l.call(KernelId::normalize_gradient, params_of(l), {0, 1, 3, 4, 5}, {0, 1, 2}); }

struct Composed {
  Value y, mean, variance;
};

Composed compose(const Node& node, const Value& x, const Value& gamma, const Value& beta) {
  const int others = others_of(x->type.shape, gamma->type.shape);
  const bool by_column = node.attributes.flag("by_column");
  std::vector<int64_t> axes;
  for (int k = 0; k < x->type.shape.rank(); k++)
    if ((k < others) == by_column) axes.push_back(k);
  const auto mean_of = [&](const Value& v) { return emit("mean", {v}, {{"axes", axes}, {"keepdims", true}}); };
  const auto squeezed = [&](const Value& v) { return axes.empty() ? v : emit("squeeze", {v}, {{"axes", axes}}); };
  const Value mean = mean_of(x), centred = x - mean;
  const Value variance = mean_of(emit("square", {centred}));
  const Value scale = emit("rsqrt", {variance + scalar_like(x, node.attributes.number("epsilon"))});
  return {centred * scale * gamma + beta, squeezed(mean), squeezed(variance)};
}

Values gradient(const GradientQuery& q) {
  const auto given = [&](size_t o) { return o < q.gradients.size() ? q.gradients[o] : nullptr; };
  if (given(1) || given(2)) {  // of the statistics: only unusual graphs ask
    const Values own = identities(q.node.inputs);
    const Composed made = compose(q.node, own[0], own[1], own[2]);
    const Value outputs[] = {made.y, made.mean, made.variance};
    Values ys, grads;
    for (size_t o = 0; o < 3; o++) {
      if (!given(o)) continue;
      ys.push_back(outputs[o]);
      grads.push_back(given(o));
    }
    return gradients(ys, own, grads);
  }
  Values inputs = q.node.inputs;
  const TensorType statistics{inputs[0]->type.dtype,
                              statistics_shape(q.node.attributes, inputs[0]->type.shape, inputs[1]->type.shape)};
  inputs.insert(inputs.end(), {own_output(q, 1, statistics), own_output(q, 2, statistics), given(0)});
  return emit_all("normalize_gradient", inputs, q.node.attributes);
}

// Mean and variance follow from x: nothing flows to them.
Values gradient_of_gradient(const GradientQuery& q) {
  const Values own = identities({q.input(0), q.input(1), q.input(2), q.input(5)});
  const Composed made = compose(q.node, own[0], own[1], own[2]);
  const Values first = gradients({made.y}, {own[0], own[1], own[2]}, {own[3]});
  Values firsts, weights;
  for (size_t o = 0; o < 3; o++) {
    if (o >= q.gradients.size() || !q.gradients[o] || !first[o]) continue;
    firsts.push_back(first[o]);
    weights.push_back(q.gradients[o]);
  }
  Values found(q.node.inputs.size());
  if (firsts.empty()) return found;
  const Values second = gradients(firsts, own, weights);
  for (size_t k = 0; k < 3; k++) found[k] = second[k];
  found[5] = second[3];
  return found;
}

std::vector<std::pair<std::string, Attribute>> attributes() { return {{"by_column", false}, {"epsilon", 1e-3}}; }

}  // namespace

std::vector<Op> normalize_ops() {
  return {{.name = "normalize",
           .least_inputs = 3,
           .most_inputs = 3,
           .attributes = attributes(),
           .infer = infer,
           .gradient = gradient,
           .lower = lower},
          {.name = "normalize_gradient",
           .least_inputs = 6,
           .most_inputs = 6,
           .attributes = attributes(),
           .infer = infer_gradient,
           .gradient = gradient_of_gradient,
           .lower = lower_gradient}};
}

}  // namespace nnstack
