#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  const Shape& in = i.inputs[0].shape;
  const auto& permutation = i.attributes.integers("permutation");
  i.require(static_cast<int>(permutation.size()) == in.rank(),
            [&] { return "permutation " + text(Attribute(permutation)) + " does not fit shape " + text(in); });
  std::vector<bool> seen(permutation.size());
  Shape out;
  for (int64_t axis : permutation) {
    i.require(axis >= 0 && axis < in.rank() && !seen[static_cast<size_t>(axis)],
              [&] { return "permutation " + text(Attribute(permutation)) + " is not one"; });
    seen[static_cast<size_t>(axis)] = true;
    out.push_back(in[static_cast<int>(axis)]);
  }
  return {{i.inputs[0].dtype, out}};
}

void lower(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  const auto& permutation = l.attributes.integers("permutation");
  // Moving only dimensions of 1 leaves the order of the elements as it is.
  int64_t last = -1;
  bool ordered = true;
  for (int64_t axis : permutation) {
    if (in[static_cast<int>(axis)] == 1) continue;
    ordered = ordered && axis > last;
    last = axis;
  }
  if (ordered) return l.alias(0);
  CopyParams p{};
  p.element_size = static_cast<int32_t>(size_of(l.inputs[0].dtype));
  p.rank = out.rank();
  const auto from = strides_of(in), to = strides_of(out);
  for (int k = 0; k < out.rank(); k++) {
    p.dims[k] = out[k];
    p.source_strides[k] = from[static_cast<size_t>(permutation[static_cast<size_t>(k)])];
    p.destination_strides[k] = to[static_cast<size_t>(k)];
  }
  l.call(KernelId::copy, p, {0});
}

Values gradient(const GradientQuery& q) {
  const auto& permutation = q.node.attributes.integers("permutation");
  std::vector<int64_t> inverse(permutation.size());
  for (size_t k = 0; k < permutation.size(); k++) inverse[static_cast<size_t>(permutation[k])] = static_cast<int64_t>(k);
  return {emit("transpose", {q.gradients[0]}, {{"permutation", inverse}})};
}

}  // namespace

std::vector<Op> transpose_ops() {
  return {{.name = "transpose",
           .attributes = {{"permutation", std::vector<int64_t>{}}},
           .infer = infer,
           .gradient = gradient,
           .lower = lower}};
}

}  // namespace nnstack
