// Values that are known as soon as shapes are: nothing runs for them.
#include <cstring>
#include <utility>

#include "ops/build.h"
#include "ops/lowering.h"

namespace nnstack {
namespace {

Tensor vector_of(const Dims& values) {
  Tensor tensor({DType::i64, {static_cast<Dim>(values.size())}});
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size() * sizeof(Dim));
  return tensor;
}

Dim count(const Inference& i) {
  Dim n = 1;
  const Shape& shape = i.inputs[0].shape;
  std::array<bool, kMaxRank> seen{};
  for (int64_t axis : i.attributes.integers("axes")) {
    const int at = normalize_axis("count", axis, shape.rank());
    if (std::exchange(seen[static_cast<size_t>(at)], true)) continue;  // reductions, too, take an axis given twice as one
    if (shape[at] < 0) return kUnknown;
    n = checked_multiply(n, shape[at]);
  }
  return n;
}

}  // namespace

std::vector<Op> shape_ops() {
  return {{.name = "shape_of",
           .infer = [](const Inference& i) -> std::vector<TensorType> { return {{DType::i64, {i.inputs[0].shape.rank()}}}; },
           .lower = [](Lowering& l) { l.known(vector_of(l.inputs[0].shape.dims())); },
           .content = [](const Inference& i) -> Content { return {true, i.inputs[0].shape.dims()}; }},
          {.name = "count",
           .attributes = {{"axes", std::vector<int64_t>{}}, {"dtype", std::string("int64")}},
           .infer = [](const Inference& i) -> std::vector<TensorType> {
             count(i);
             return {{dtype_named(i.attributes.string("dtype")), {}}};
           },
           .lower =
               [](Lowering& l) {
                 const Dim n = count({l.op, l.attributes, l.inputs, {}});
                 l.known(scalar_tensor(l.outputs[0].dtype, static_cast<double>(n)));
               },
           .content = [](const Inference& i) -> Content {
             return is_integer(dtype_named(i.attributes.string("dtype"))) ? Content{true, {count(i)}} : Content{};
           }}};
}

}  // namespace nnstack
