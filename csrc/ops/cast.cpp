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
  const DType to = dtype_named(i.attributes.string("dtype"));
  if (to != DType::i64 && to != DType::i32) return {};
  Content out = i.contents[0];
  for (Dim& value : out.values) value = as_size(value, to);
  return out;
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
