// Builds elementwise programs for the tests.
#pragma once
#include <cstring>
#include <utility>
#include <vector>

#include "base/kernel.h"

namespace nnstack::test {

// Slots are numbered as base/kernel.h says: inputs, outputs, temporaries, so operands come first.
class Program {
 public:
  explicit Program(std::vector<int64_t> dims) {
    std::memset(&params_, 0, sizeof params_);
    params_.rank = static_cast<int32_t>(dims.size());
    params_.size = 1;
    for (size_t d = 0; d < dims.size(); ++d) params_.size *= params_.dims[d] = dims[d];
  }
  explicit Program(int64_t size) : Program(std::vector<int64_t>{size}) {}

  int16_t input(DType type, Access access = Access::contiguous, std::vector<int64_t> strides = {}) {
    ElementwiseOperand& operand = params_.operands[params_.inputs];
    operand.type = type;
    operand.access = access;
    for (size_t d = 0; d < strides.size(); ++d) operand.strides[d] = strides[d];
    return static_cast<int16_t>(params_.inputs++);
  }
  int16_t output(DType type) {
    ElementwiseOperand& operand = params_.operands[params_.inputs + params_.outputs];
    operand.type = type;
    operand.access = Access::contiguous;
    return static_cast<int16_t>(params_.inputs + params_.outputs++);
  }
  int16_t temporary() { return static_cast<int16_t>(params_.inputs + params_.outputs + params_.temporaries++); }
  void add(ElementwiseOp op, DType type, DType result, int16_t destination, int16_t a = -1, int16_t b = -1, int16_t c = -1,
           uint32_t stream = 0) {
    params_.code[params_.instructions++] = {op, type, result, 0, destination, a, b, c, stream};
  }
  const ElementwiseParams& params() const { return params_; }

 private:
  ElementwiseParams params_;
};

}  // namespace nnstack::test
