// A Program on known input shapes: every kernel chosen, every parameter filled in, every byte placed. Immutable and shared.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "passes/draft.h"

namespace nnstack {

struct OperandPlace {
  Place place;
  int64_t at;  // offset in the arena, or slot
};

struct PlanStep {
  KernelFunction run;
  const void* params;
  int32_t first_operand, operands;
  KernelId kernel;
  bool may_fail;         // reads data that may be out of range
  int64_t flops, bytes;  // work, for explain and the profiler
  std::string label, layer;
  const char* implementation;  // of those the kernel has, or null
};

class Plan {
 public:
  Plan(const FlatGraph& graph, const std::vector<Shape>& input_shapes, Device& device, const PassSwitches& passes);
  Plan(Draft draft, Device& device, const PassSwitches& passes);  // of a loop's body: inputs and outputs lie on the device
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const std::vector<Shape>& input_shapes() const { return input_shapes_; }
  const std::vector<TensorType>& inputs() const { return inputs_; }
  const std::vector<TensorType>& outputs() const { return outputs_; }
  const std::vector<PlanStep>& steps() const { return steps_; }
  const std::vector<OperandPlace>& operands() const { return operands_; }
  const std::vector<Tensor>& constants() const { return constants_; }
  int64_t arena_bytes() const {
    return arena_bytes_;
  }  // values, then scratch; on a device without host memory also inputs and outputs
  int64_t scratch_offset() const { return scratch_offset_; }
  int64_t scratch_bytes() const { return scratch_bytes_; }
  const std::vector<int64_t>& staged_inputs() const { return staged_inputs_; }  // offsets, where the device needs copies
  const std::vector<int64_t>& staged_outputs() const { return staged_outputs_; }
  // One line a step: what was fused into it, the implementation chosen, its layers, work and traffic; its time where `seconds`
  // (per call, of each step) says it.
  std::string explain(const std::vector<double>& seconds = {}) const;

 private:
  void plan_loops(Draft& draft, Device& device, const PassSwitches& passes);
  void add_step(const Draft& draft, const DraftStep& step, const KernelTable& kernels);
  const void* keep(const void* bytes, size_t size);

  std::vector<Shape> input_shapes_;
  std::vector<TensorType> inputs_, outputs_;
  std::vector<PlanStep> steps_;
  std::vector<OperandPlace> operands_;
  const char* kernels_name_ = "";
  std::vector<Tensor> constants_;
  std::vector<std::unique_ptr<std::byte[]>> params_;
  std::vector<std::shared_ptr<const ScanPlan>> loops_;
  std::vector<int64_t> staged_inputs_, staged_outputs_;
  int64_t arena_bytes_ = 0, scratch_offset_ = 0, scratch_bytes_ = 0;
};

}  // namespace nnstack
