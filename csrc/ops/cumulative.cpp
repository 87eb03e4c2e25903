// Cumulative sums and products along an axis, and the linear recurrence c = a c + b that both are cases of. The derivatives of
// a recurrence are recurrences from the other end, right where factors are zero, too.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

CumulativeOrder order_of(const Inference& i) {
  const std::string& order = i.attributes.string("order");
  if (order == "before") return CumulativeOrder::before;
  if (order == "between") return CumulativeOrder::between;
  i.require(order == "after", [&] { return "the order must be before, after or between, got " + order; });
  return CumulativeOrder::after;
}

std::vector<TensorType> infer(const Inference& i) {
  TensorType out = i.inputs[0];
  i.require(out.dtype != DType::b8, "bool cannot be accumulated; cast it");
  normalize_axis(i.op.name.c_str(), i.attributes.integer("axis"), out.shape.rank());
  order_of(i);
  if (i.inputs.size() == 2) {
    const Shape& other = i.inputs[1].shape;
    bool fits = other.rank() == out.shape.rank() && i.inputs[1].dtype == out.dtype;
    for (int k = 0; fits && k < other.rank(); k++) {
      fits = other[k] == out.shape[k] || other[k] < 0 || out.shape[k] < 0;
      if (out.shape[k] < 0) out.shape[k] = other[k];
    }
    i.require(fits, [&] { return "factors and terms need one type, got " + text(i.inputs[0]) + " and " + text(i.inputs[1]); });
  }
  return {out};
}

void lower(Lowering& l) {
  const Shape& in = l.outputs[0].shape;
  const int axis = normalize_axis(l.op.name.c_str(), l.attributes.integer("axis"), in.rank());
  const bool recurrence = l.inputs.size() == 2;
  CumulativeParams p{l.inputs[0].dtype,
                     recurrence || l.op.name == "cumulative_product",
                     recurrence || l.op.name == "cumulative_sum",
                     order_of({l.op, l.attributes, l.inputs, {}}),
                     l.attributes.flag("reverse"),
                     1,
                     in[axis],
                     1};
  for (int k = 0; k < axis; k++) p.outer *= in[k];
  for (int k = axis + 1; k < in.rank(); k++) p.inner *= in[k];
  l.call(KernelId::cumulative, p, recurrence ? std::vector<int>{0, 1} : std::vector<int>{0});
}

// The same op or the recurrence, along the node's axis.
Value along(const GradientQuery& q, const char* op, Values inputs, const char* order, bool backwards) {
  const Attributes& of = q.node.attributes;
  return emit(op, std::move(inputs),
              {{"axis", of.integer("axis")}, {"reverse", of.flag("reverse") != backwards}, {"order", std::string(order)}});
}

Values sum_gradient(const GradientQuery& q) {
  return {along(q, "cumulative_sum", {q.gradients[0]}, q.node.attributes.string("order").c_str(), true)};
}

Values product_gradient(const GradientQuery& q) {
  const Value &x = q.input(0), &g = q.gradients[0];
  if (q.node.attributes.string("order") != "after")
    return {along(q, "linear_recurrence", {x, g}, "before", true) * q.outputs[0]};
  return {along(q, "linear_recurrence", {x, g}, "between", true) * along(q, "cumulative_product", {x}, "before", false)};
}

Values recurrence_gradient(const GradientQuery& q) {
  const Value &a = q.input(0), &b = q.input(1), &g = q.gradients[0];
  const std::string& order = q.node.attributes.string("order");
  const auto back = [&](const char* of) { return along(q, "linear_recurrence", {a, g}, of, true); };
  if (order == "after") {
    const Value shares = back("between");
    return {shares * along(q, "linear_recurrence", {a, b}, "before", false), shares};
  }
  const Value later = back("before");
  return {later * q.outputs[0], order == "before" ? later : back("after")};
}

Op cumulative(const char* name, int inputs, Values (*gradient)(const GradientQuery&)) {
  return {.name = name,
          .least_inputs = inputs,
          .most_inputs = inputs,
          .attributes = {{"axis", int64_t{0}}, {"reverse", false}, {"order", std::string("after")}},
          .infer = infer,
          .gradient = gradient,
          .lower = lower};
}

}  // namespace

std::vector<Op> cumulative_ops() {
  return {cumulative("cumulative_sum", 1, sum_gradient), cumulative("cumulative_product", 1, product_gradient),
          cumulative("linear_recurrence", 2, recurrence_gradient)};
}

}  // namespace nnstack
