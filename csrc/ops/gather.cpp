// gather takes rows by index; scatter_add is its transpose.
#include <numeric>

#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

bool is_index(DType dtype) { return dtype == DType::i32 || dtype == DType::i64; }

std::vector<TensorType> infer(const Inference& i) {
  i.require(is_index(i.inputs[1].dtype),
            [&] { return std::string("indices must be int32 or int64, got ") + name_of(i.inputs[1].dtype); });
  const Shape &in = i.inputs[0].shape, &index = i.inputs[1].shape;
  const int axis = normalize_axis("gather", i.attributes.integer("axis"), in.rank());
  Shape out;
  for (int k = 0; k < axis; k++) out.push_back(in[k]);
  for (Dim d : index) out.push_back(d);
  for (int k = axis + 1; k < in.rank(); k++) out.push_back(in[k]);
  return {{i.inputs[0].dtype, out}};
}

void lower(Lowering& l) {
  const Shape& in = l.inputs[0].shape;
  const int axis = normalize_axis("gather", l.attributes.integer("axis"), in.rank());
  GatherParams p{l.inputs[1].dtype,           static_cast<int32_t>(size_of(l.inputs[0].dtype)), 1, in[axis], 1,
                 l.inputs[1].shape.elements()};
  for (int k = 0; k < axis; k++) p.outer *= in[k];
  for (int k = axis + 1; k < in.rank(); k++) p.inner *= in[k];
  l.call(KernelId::gather, p, {0, 1});
}

// scatter_add works on the first axis; other axes are moved there and back.
Values gradient(const GradientQuery& q) {
  const Value &x = q.input(0), &index = q.input(1), &g = q.gradients[0];
  const int rank = x->type.shape.rank(), index_rank = index->type.shape.rank();
  const int axis = normalize_axis("gather", q.node.attributes.integer("axis"), rank);
  if (axis == 0) return {emit("scatter_add", {index, g, shape_of(x)}), nullptr};
  std::vector<int64_t> front, moved, back(static_cast<size_t>(rank));
  for (int k = 0; k < index_rank; k++) front.push_back(axis + k);
  for (int k = 0; k < axis; k++) front.push_back(k);
  for (int k = axis + index_rank; k < g->type.shape.rank(); k++) front.push_back(k);
  moved.push_back(axis);
  for (int k = 0; k < rank; k++)
    if (k != axis) moved.push_back(k);
  for (size_t k = 0; k < moved.size(); k++) back[static_cast<size_t>(moved[k])] = static_cast<int64_t>(k);
  const Value rows = emit("transpose", {g}, {{"permutation", front}});
  const Value shape = emit("gather", {shape_of(x), constant(Dims(moved.begin(), moved.end()))}, {{"axis", int64_t{0}}});
  return {emit("transpose", {emit("scatter_add", {index, rows, shape})}, {{"permutation", back}}), nullptr};
}

Content content(const Inference& i) {
  if (!i.contents[0].any || !i.contents[1].any || i.inputs[0].shape.rank() != 1) return {};
  Content out{true, {}};
  for (Dim index : i.contents[1].values) {
    if (index < 0 || index >= static_cast<Dim>(i.contents[0].values.size())) return {};
    out.values.push_back(i.contents[0].values[static_cast<size_t>(index)]);
  }
  return out;
}

std::vector<TensorType> infer_scatter(const Inference& i) {
  i.require(is_index(i.inputs[0].dtype),
            [&] { return std::string("indices must be int32 or int64, got ") + name_of(i.inputs[0].dtype); });
  i.require(i.inputs[2].dtype == DType::i64 && i.inputs[2].shape.rank() == 1 && i.inputs[2].shape.known(),
            "the shape must be an int64 vector");
  const Shape out(i.contents[2].any ? i.contents[2].values : Dims(static_cast<size_t>(i.inputs[2].shape[0]), kUnknown));
  const int index_rank = i.inputs[0].shape.rank();
  const Shape& updates = i.inputs[1].shape;
  i.require(updates.rank() == index_rank + out.rank() - 1, [&] {
    return "updates " + text(updates) + " do not fit indices " + text(i.inputs[0].shape) + " and result " + text(out);
  });
  for (int k = 1; k < out.rank(); k++) {
    const Dim d = updates[index_rank + k - 1];
    i.require(d == out[k] || d < 0 || out[k] < 0,
              [&] { return "updates " + text(updates) + " do not fit the rows of result " + text(out); });
  }
  return {{i.inputs[1].dtype, out}};
}

void lower_scatter(Lowering& l) {
  const Shape& out = l.outputs[0].shape;
  ScatterAddParams p{l.inputs[0].dtype, l.inputs[1].dtype, out[0], 1, l.inputs[0].shape.elements()};
  for (int k = 1; k < out.rank(); k++) p.inner *= out[k];
  l.call(KernelId::scatter_add, p, {0, 1});
}

}  // namespace

std::vector<Op> gather_ops() {
  return {{.name = "gather",
           .least_inputs = 2,
           .most_inputs = 2,
           .attributes = {{"axis", int64_t{0}}},
           .infer = infer,
           .gradient = gradient,
           .lower = lower,
           .content = content},
          {.name = "scatter_add",
           .least_inputs = 3,
           .most_inputs = 3,
           .infer = infer_scatter,
           .gradient = [](const GradientQuery& q) -> Values {
             return {nullptr, emit("gather", {q.gradients[0], q.input(0)}, {{"axis", int64_t{0}}}), nullptr};
           },
           .lower = lower_scatter}};
}

}  // namespace nnstack
