// sort: the first `count` of the last axis in order, and where they were.
#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

std::vector<TensorType> infer(const Inference& i) {
  Shape out = i.inputs[0].shape;
  i.require(out.rank() >= 1, "needs at least one dimension");
  const int64_t count = i.attributes.integer("count");
  i.require(count >= -1, [&] { return "count must be -1 (all) or at least 0, got " + std::to_string(count); });
  i.require(out.back() < 0 || count <= out.back(), [&] {
    return "count is " + std::to_string(count) + ", but the last axis has " + std::to_string(out.back()) + " elements; input " +
           text(i.inputs[0]);
  });
  i.require(out.back() <= INT64_C(0xffffffff), [&] { return "the last axis is too long; input " + text(i.inputs[0]); });
  if (count >= 0) out[out.rank() - 1] = count;
  return {{i.inputs[0].dtype, out}, {DType::i64, out}};
}

void lower(Lowering& l) {
  const Shape &in = l.inputs[0].shape, &out = l.outputs[0].shape;
  SortParams p{l.inputs[0].dtype, l.attributes.flag("descending"), 1, in.back(), out.back()};
  for (int k = 0; k + 1 < in.rank(); k++) p.rows *= in[k];
  l.call(KernelId::sort, p, {0}, {0, 1});
}

// Each value goes back to where it came from. Rows are told apart by what precedes them: row * columns, a running sum.
Values gradient(const GradientQuery& q) {
  const Value& x = q.input(0);
  if (!q.gradients[0]) return {nullptr};
  const Value columns = emit_all("sort", {x}, q.node.attributes)[1];
  std::vector<int64_t> all, others;
  for (int k = 0; k < x->type.shape.rank(); k++) all.push_back(k);
  others.assign(all.begin(), all.end() - 1);
  const auto count = [&](const std::vector<int64_t>& axes) {
    return emit("count", {x}, {{"axes", axes}, {"dtype", std::string("int64")}});
  };
  const Value one = constant(Dims{1});
  const Value rows = emit("reshape", {count(others), one}), total = emit("reshape", {count(all), one});
  const Value width = count({static_cast<int64_t>(all.size()) - 1});
  const Value starts = emit("cumulative_sum", {emit("broadcast_to", {width, rows})}, {{"order", std::string("before")}});
  const Value by_row = emit("concat", {rows, constant(Dims{-1})}, {{"axis", int64_t{0}}});
  const Value places = emit("reshape", {columns, by_row}) + emit("expand_dims", {starts}, {{"axes", std::vector<int64_t>{1}}});
  const Value given = emit("reshape", {q.gradients[0], by_row});
  return {reshape_to_shape_of(emit("scatter_add", {places, given, total}), x)};
}

}  // namespace

std::vector<Op> sort_ops() {
  return {{.name = "sort",
           .attributes = {{"count", int64_t{-1}}, {"descending", false}},
           .infer = infer,
           .gradient = gradient,
           .lower = lower}};
}

}  // namespace nnstack
