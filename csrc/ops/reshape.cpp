// The same elements in the same order under another shape: never a copy.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer_reshape(const Inference& i) {
  const TensorType& shape = i.inputs[1];
  i.require(shape.dtype == DType::i64 && shape.shape.rank() == 1 && shape.shape.known(),
            [&] { return "the shape must be an int64 vector, got " + text(shape); });
  const Shape& in = i.inputs[0].shape;
  if (!i.contents[1].any) return {{i.inputs[0].dtype, Shape(Dims(static_cast<size_t>(shape.shape[0]), kUnknown))}};
  // -1 asks for the dimension that makes the sizes agree; kUnknown looks the same and means "not known yet".
  Shape out(i.contents[1].values);
  int open = -1, unknown = 0;
  int64_t elements = 1;
  for (int k = 0; k < out.rank(); k++) {
    i.require(out[k] >= -1, [&] { return "dimension " + std::to_string(out[k]) + " is negative"; });
    if (out[k] < 0) {
      open = k;
      unknown++;
    } else {
      elements = checked_multiply(elements, out[k]);
    }
  }
  if (!in.known()) return {{i.inputs[0].dtype, out}};
  if (unknown == 0) {
    i.require(elements == in.elements(), [&] {
      return "cannot reshape " + text(in) + " to " + text(out) + ": " + std::to_string(in.elements()) + " elements, not " +
             std::to_string(elements);
    });
  } else if (unknown == 1) {
    i.require(elements > 0 ? in.elements() % elements == 0 : in.elements() == 0,
              [&] { return "cannot reshape " + text(in) + " to " + text(out); });
    out[open] = elements > 0 ? in.elements() / elements : 0;
  }
  return {{i.inputs[0].dtype, out}};
}

std::vector<TensorType> infer_expand(const Inference& i) {
  const Shape& in = i.inputs[0].shape;
  const auto& axes = i.attributes.integers("axes");
  const int rank = in.rank() + static_cast<int>(axes.size());
  std::vector<bool> added(static_cast<size_t>(rank));
  for (int64_t axis : axes) {
    const auto at = static_cast<size_t>(normalize_axis("expand_dims", axis, rank));
    i.require(!added[at], [&] { return "axis " + std::to_string(axis) + " is given twice"; });
    added[at] = true;
  }
  Shape out;
  for (int k = 0, from = 0; k < rank; k++) out.push_back(added[static_cast<size_t>(k)] ? 1 : in[from++]);
  return {{i.inputs[0].dtype, out}};
}

std::vector<TensorType> infer_squeeze(const Inference& i) {
  const Shape& in = i.inputs[0].shape;
  std::vector<bool> dropped(static_cast<size_t>(in.rank()));
  for (int64_t axis : i.attributes.integers("axes")) {
    const int at = normalize_axis("squeeze", axis, in.rank());
    i.require(in[at] == 1 || in[at] < 0, [&] {
      return "axis " + std::to_string(axis) + " has size " + std::to_string(in[at]) + ", not 1; input shape " + text(in);
    });
    dropped[static_cast<size_t>(at)] = true;
  }
  Shape out;
  for (int k = 0; k < in.rank(); k++)
    if (!dropped[static_cast<size_t>(k)]) out.push_back(in[k]);
  return {{i.inputs[0].dtype, out}};
}

Values back_to_input(const GradientQuery& q) {
  Values gradients(q.node.inputs.size());
  gradients[0] = reshape_to_shape_of(q.gradients[0], q.input(0));
  return gradients;
}

void lower(Lowering& l) { l.alias(0); }
Content same_content(const Inference& i) { return i.contents[0]; }

}  // namespace

std::vector<Op> reshape_ops() {
  return {{.name = "reshape",
           .least_inputs = 2,
           .most_inputs = 2,
           .infer = infer_reshape,
           .gradient = back_to_input,
           .lower = lower,
           .content = same_content},
          {.name = "expand_dims",
           .attributes = {{"axes", std::vector<int64_t>{}}},
           .infer = infer_expand,
           .gradient = back_to_input,
           .lower = lower,
           .content = same_content},
          {.name = "squeeze",
           .attributes = {{"axes", std::vector<int64_t>{}}},
           .infer = infer_squeeze,
           .gradient = back_to_input,
           .lower = lower,
           .content = same_content}};
}

}  // namespace nnstack
