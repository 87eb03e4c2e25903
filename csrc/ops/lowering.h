// How an op, on known shapes, becomes kernel calls. An op's `lower` sees one Lowering and says what to run.
#pragma once
#include <cstddef>
#include <cstring>
#include <optional>
#include <vector>

#include "graph/op.h"

namespace nnstack {

struct KernelCall {
  KernelId kernel;
  std::vector<std::byte> params;
  std::vector<int> inputs, outputs;  // positions among the node's inputs and outputs
};

class Lowering {
 public:
  Lowering(const Op& node_op, const Attributes& node_attributes, std::vector<TensorType> in, std::vector<TensorType> out,
           std::vector<Content> known_inputs)
      : op(node_op),
        attributes(node_attributes),
        inputs(std::move(in)),
        outputs(std::move(out)),
        contents(std::move(known_inputs)) {}

  const Op& op;
  const Attributes& attributes;
  const std::vector<TensorType> inputs, outputs;
  const std::vector<Content> contents;

  template <class Params>
  void call(KernelId kernel, const Params& params, std::vector<int> in, std::vector<int> out = {0}) {
    std::vector<std::byte> bytes(sizeof(Params));
    std::memcpy(bytes.data(), &params, sizeof(Params));
    calls.push_back({kernel, std::move(bytes), std::move(in), std::move(out)});
  }
  bool used(size_t output) const { return output >= unused.size() || !unused[output]; }  // whether somebody may read it
  void alias(int input) { alias_of = input; }                // the output is the input's memory under another shape
  void known(Tensor tensor) { result = std::move(tensor); }  // the output needs no run: this is it

  std::vector<KernelCall> calls;
  std::optional<int> alias_of;
  std::vector<bool> unused;  // outputs that nobody reads
  Tensor result;
};

// Strides of a contiguous array, in elements.
inline std::array<int64_t, kMaxRank> strides_of(const Shape& shape) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; i--) {
    strides[static_cast<size_t>(i)] = stride;
    stride *= shape[i];
  }
  return strides;
}

}  // namespace nnstack
