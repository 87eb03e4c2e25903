// Over the last axis, stable: the maximum is subtracted first.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  i.require(i.inputs[0].dtype == DType::f32 || i.inputs[0].dtype == DType::f64,
            [&] { return std::string("needs float32 or float64, got ") + name_of(i.inputs[0].dtype); });
  i.require(i.inputs[0].shape.rank() >= 1, "needs at least one dimension");
  return {i.inputs[0]};
}

void lower(Lowering& l) {
  const Shape& in = l.inputs[0].shape;
  const Dim columns = in.back();
  l.call(KernelId::softmax,
         SoftmaxParams{l.inputs[0].dtype, l.op.name == "log_softmax", columns > 0 ? in.elements() / columns : 0, columns}, {0});
}

Value sum_last(const Value& x) { return emit("sum", {x}, {{"axes", std::vector<int64_t>{-1}}, {"keepdims", true}}); }

Values softmax_gradient(const GradientQuery& q) {
  const Value &y = q.outputs[0], &g = q.gradients[0];
  return {y * (g - sum_last(g * y))};
}

Values log_softmax_gradient(const GradientQuery& q) {
  const Value& g = q.gradients[0];
  return {g - emit("exp", {q.outputs[0]}) * sum_last(g)};
}

}  // namespace

std::vector<Op> softmax_ops() {
  return {{.name = "softmax", .infer = infer, .gradient = softmax_gradient, .lower = lower},
          {.name = "log_softmax", .infer = infer, .gradient = log_softmax_gradient, .lower = lower}};
}

}  // namespace nnstack
