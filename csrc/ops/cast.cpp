#include "ops/build.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) { return {{dtype_named(i.attributes.string("dtype")), i.inputs[0].shape}}; }

Values gradient(const GradientQuery& q) {
  const DType from = q.input(0)->type.dtype;
  if (!is_floating(from) || !is_floating(q.outputs[0]->type.dtype)) return {nullptr};
  return {cast(q.gradients[0], from)};
}

Content content(const Inference& i) {
  return is_integer(dtype_named(i.attributes.string("dtype"))) ? i.contents[0] : Content{};
}

}  // namespace

std::vector<Op> cast_ops() {
  return {{.name = "cast",
           .attributes = {{"dtype", std::string("float32")}},
           .infer = infer,
           .gradient = gradient,
           .elementwise = ElementwiseOp::cast,
           .content = content}};
}

}  // namespace nnstack
