// concat, and concat_part: the slice of a concatenation that one input was (its gradient).
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  Shape out = i.inputs[0].shape;
  const int axis = normalize_axis("concat", i.attributes.integer("axis"), out.rank());
  for (size_t n = 1; n < i.inputs.size(); n++) {
    const Shape& in = i.inputs[n].shape;
    i.require(i.inputs[n].dtype == i.inputs[0].dtype, "inputs have different dtypes; cast them");
    bool fits = in.rank() == out.rank();
    for (int k = 0; fits && k < out.rank(); k++) {
      if (k == axis) {
        const bool known = out[k] >= 0 && in[k] >= 0;
        out[k] = known ? add_sizes(out[k], in[k]) : kUnknown;
        i.require(!known || out[k] >= 0, [&] { return "the sizes along axis " + std::to_string(axis) + " overflow 64 bits"; });
      } else {
        fits = out[k] == in[k] || out[k] < 0 || in[k] < 0;
        if (out[k] < 0) out[k] = in[k];
      }
    }
    i.require(fits, [&] {
      return "shapes " + text(i.inputs[0].shape) + " and " + text(in) + " do not fit along axis " + std::to_string(axis);
    });
  }
  return {{i.inputs[0].dtype, out}};
}

CopyParams part(const TensorType& whole, const Shape& piece) {
  CopyParams p{};
  p.element_size = static_cast<int32_t>(size_of(whole.dtype));
  p.rank = piece.rank();
  for (int k = 0; k < piece.rank(); k++) p.dims[k] = piece[k];
  return p;
}

void lower(Lowering& l) {
  if (l.inputs.size() == 1) return l.alias(0);
  const int axis = normalize_axis("concat", l.attributes.integer("axis"), l.outputs[0].shape.rank());
  const auto to = strides_of(l.outputs[0].shape);
  int64_t offset = 0;
  for (size_t n = 0; n < l.inputs.size(); n++) {
    const Shape& in = l.inputs[n].shape;
    CopyParams p = part(l.outputs[0], in);
    const auto from = strides_of(in);
    std::copy(from.begin(), from.end(), p.source_strides);
    std::copy(to.begin(), to.end(), p.destination_strides);
    p.destination_offset = offset * to[static_cast<size_t>(axis)];
    offset += in[axis];
    l.call(KernelId::copy, p, {static_cast<int>(n)});
  }
}

Values gradient(const GradientQuery& q) {
  Values shapes;
  for (const Value& input : q.node.inputs) shapes.push_back(shape_of(input));
  Values gradients;
  for (size_t n = 0; n < q.node.inputs.size(); n++) {
    Values inputs{q.gradients[0]};
    inputs.insert(inputs.end(), shapes.begin(), shapes.end());
    gradients.push_back(
        emit("concat_part", inputs, {{"axis", q.node.attributes.integer("axis")}, {"part", static_cast<int64_t>(n)}}));
  }
  return gradients;
}

Content content(const Inference& i) {
  Content out{true, {}};
  for (size_t n = 0; n < i.inputs.size(); n++) {
    if (i.inputs[n].shape.rank() != 1 || !i.inputs[n].shape.known()) return {};
    const Content& part_content = i.contents[n];
    if (part_content.any)
      out.values.insert(out.values.end(), part_content.values.begin(), part_content.values.end());
    else
      out.values.insert(out.values.end(), static_cast<size_t>(i.inputs[n].shape[0]), kUnknown);
  }
  return out;
}

std::vector<TensorType> infer_part(const Inference& i) {
  const auto n = static_cast<size_t>(i.attributes.integer("part"));
  i.require(n + 1 < i.inputs.size(), [&] { return "there is no part " + std::to_string(n); });
  const Content& shape = i.contents[n + 1];
  Shape out = i.inputs[0].shape;
  if (shape.any)
    out = Shape(shape.values);
  else
    out[normalize_axis("concat_part", i.attributes.integer("axis"), out.rank())] = kUnknown;
  return {{i.inputs[0].dtype, out}};
}

void lower_part(Lowering& l) {
  const int axis = normalize_axis("concat_part", l.attributes.integer("axis"), l.outputs[0].shape.rank());
  const auto n = static_cast<size_t>(l.attributes.integer("part"));
  int64_t offset = 0;
  for (size_t k = 0; k < n; k++) offset += l.contents[k + 1].values[static_cast<size_t>(axis)];
  const auto from = strides_of(l.inputs[0].shape), to = strides_of(l.outputs[0].shape);
  CopyParams p = part(l.outputs[0], l.outputs[0].shape);
  std::copy(from.begin(), from.end(), p.source_strides);
  std::copy(to.begin(), to.end(), p.destination_strides);
  p.source_offset = offset * from[static_cast<size_t>(axis)];
  l.call(KernelId::copy, p, {0});
}

// The transpose of taking a part: the gradient between zeros of the other parts' shapes.
Values part_gradient(const GradientQuery& q) {
  const auto n = static_cast<size_t>(q.node.attributes.integer("part"));
  Values parts;
  for (size_t k = 1; k < q.node.inputs.size(); k++) {
    parts.push_back(k == n + 1 ? q.gradients[0] : emit("broadcast_to", {scalar_like(q.gradients[0], 0), q.input(k)}));
  }
  Values gradients(q.node.inputs.size());
  gradients[0] = emit("concat", parts, {{"axis", q.node.attributes.integer("axis")}});
  return gradients;
}

}  // namespace

std::vector<Op> concat_ops() {
  return {{.name = "concat",
           .least_inputs = 1,
           .most_inputs = -1,
           .attributes = {{"axis", int64_t{-1}}},
           .infer = infer,
           .gradient = gradient,
           .lower = lower,
           .content = content},
          {.name = "concat_part",
           .least_inputs = 2,
           .most_inputs = -1,
           .attributes = {{"axis", int64_t{-1}}, {"part", int64_t{0}}},
           .infer = infer_part,
           .gradient = part_gradient,
           .lower = lower_part}};
}

}  // namespace nnstack
