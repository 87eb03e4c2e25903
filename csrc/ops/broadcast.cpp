#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  const TensorType& shape = i.inputs[1];
  const Shape& in = i.inputs[0].shape;
  i.require(shape.dtype == DType::i64 && shape.shape.rank() == 1 && shape.shape.known(),
            [&] { return "the shape must be an int64 vector, got " + text(shape); });
  Shape out(i.contents[1].any ? i.contents[1].values : Dims(static_cast<size_t>(shape.shape[0]), kUnknown));
  i.require(in.rank() <= out.rank(), [&] { return "cannot broadcast " + text(in) + " to " + text(out); });
  for (int k = 0; k < in.rank(); k++) {
    const Dim to = out[out.rank() - in.rank() + k];
    i.require(in[k] == to || in[k] == 1 || in[k] < 0 || to < 0,
              [&] { return "cannot broadcast " + text(in) + " to " + text(out); });
  }
  return {{i.inputs[0].dtype, out}};
}

void lower(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  if (in == out || in.elements() == out.elements()) return l.alias(0);
  CopyParams p{};
  p.element_size = static_cast<int32_t>(size_of(l.inputs[0].dtype));
  p.rank = out.rank();
  const auto from = strides_of(in), to = strides_of(out);
  const int offset = out.rank() - in.rank();
  for (int k = 0; k < out.rank(); k++) {
    p.dims[k] = out[k];
    p.destination_strides[k] = to[static_cast<size_t>(k)];
    p.source_strides[k] = k < offset || in[k - offset] == 1 ? 0 : from[static_cast<size_t>(k - offset)];
  }
  l.call(KernelId::copy, p, {0});
}

}  // namespace

std::vector<Op> broadcast_ops() {
  return {{.name = "broadcast_to",
           .least_inputs = 2,
           .most_inputs = 2,
           .infer = infer,
           .gradient = [](const GradientQuery& q) -> Values { return {sum_to_shape_of(q.gradients[0], q.input(0)), nullptr}; },
           .lower = lower}};
}

}  // namespace nnstack
