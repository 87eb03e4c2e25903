#include "runtime/plan.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

#include "runtime/scan.h"

namespace nnstack {
namespace {

const char* kernel_name(KernelId id) {
  constexpr const char* names[kKernels + 1] = {"elementwise",
                                               "matmul",
                                               "reduce",
                                               "arg_reduce",
                                               "copy",
                                               "fill",
                                               "gather",
                                               "scatter_add",
                                               "softmax",
                                               "convolution",
                                               "pool",
                                               "cumulative",
                                               "sort",
                                               "ctc",
                                               "ctc_beams",
                                               "recurrence",
                                               "recurrence_gradient",
                                               "normalize",
                                               "normalize_gradient",
                                               "scan"};
  return names[static_cast<int>(id)];
}

// How many pairs of instructions a kernel may run in one pass.
std::string pairs_of(const DraftStep& step) {
  const auto joined = std::count_if(step.code.begin(), step.code.end(), [](const auto& code) { return code.joins_next; });
  return joined == 0 ? "" : " " + std::to_string(joined) + (joined == 1 ? " pair" : " pairs");
}

std::string label_of(const Draft& draft, const DraftStep& step) {
  std::string label = kernel_name(step.kernel);
  if (step.scan) return label + " {" + std::to_string(step.scan->length) + " steps}";
  if (step.nodes.empty()) return label;
  label += " {";
  for (size_t i = 0; i < step.nodes.size(); i++)
    label += (i ? " " : "") + draft.graph.nodes[static_cast<size_t>(step.nodes[i])].op->name;
  return label + "}" + pairs_of(step);
}

std::string layers_of(const Draft& draft, const DraftStep& step) {
  std::set<std::string> names;
  for (int n : step.nodes)
    if (const auto& layer = draft.graph.nodes[static_cast<size_t>(n)].layer; layer && !layer->empty()) names.insert(*layer);
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string indented(const std::string& lines) {
  std::string out;
  for (size_t from = 0, to; (to = lines.find('\n', from)) != std::string::npos; from = to + 1)
    out += "    " + lines.substr(from, to + 1 - from);
  return out;
}

std::string microseconds(double seconds) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f us", seconds * 1e6);
  return digits;
}

int64_t flops_of(const MatmulParams& p) { return 2 * p.batch * p.m * p.n * p.k; }
int64_t flops_of(const ConvolutionParams& p) {  // the padding's included
  int64_t pairs = p.at.batch * (p.channels / p.groups) * p.filters;
  for (int d = 0; d < 3; d++) pairs *= p.at.output[d] * p.at.window[d];
  return 2 * pairs;
}

}  // namespace

Plan::Plan(const FlatGraph& graph, const std::vector<Shape>& input_shapes, Device& device, const PassSwitches& passes)
    : Plan(make_draft(graph, input_shapes), device, passes) {
  input_shapes_ = input_shapes;
  if (device.host_memory()) return;
  const auto stage = [this](const std::vector<TensorType>& types, std::vector<int64_t>& offsets) {
    for (const TensorType& type : types) {
      arena_bytes_ = (arena_bytes_ + 255) / 256 * 256;
      offsets.push_back(arena_bytes_);
      arena_bytes_ += type.bytes();
    }
  };
  stage(inputs_, staged_inputs_);
  stage(outputs_, staged_outputs_);
}

Plan::~Plan() = default;

Plan::Plan(Draft draft, Device& device, const PassSwitches& passes) {
  const FlatGraph& graph = draft.graph;
  if (passes.elementwise) group_elementwise(draft);
  if (passes.epilogue) attach_epilogues(draft);
  if (passes.join) join_instructions(draft);
  plan_loops(draft, device, passes);
  mark_in_place(draft, passes.in_place);
  plan_memory(draft, passes.memory);

  for (int id : graph.inputs) inputs_.push_back(draft.values[static_cast<size_t>(id)].type);
  for (int id : graph.outputs) outputs_.push_back(draft.values[static_cast<size_t>(id)].type);
  for (const Tensor& constant : draft.constants) constants_.push_back(on_device(constant, device));
  scratch_offset_ = draft.arena_bytes;
  kernels_name_ = device.kernels().name;
  for (const DraftStep& step : draft.steps) {
    add_step(draft, step, device.kernels());
    if (step.scan) {
      scratch_bytes_ = std::max(scratch_bytes_, step.scan->plan->body().scratch_bytes());
      continue;
    }
    const KernelEntry& entry = device.kernels().entries[static_cast<int>(step.kernel)];
    if (entry.scratch_bytes) scratch_bytes_ = std::max(scratch_bytes_, entry.scratch_bytes(steps_.back().params));
  }
  arena_bytes_ = scratch_offset_ + scratch_bytes_;
}

// The bodies of loops come first: then the memory is known that they work in.
void Plan::plan_loops(Draft& draft, Device& device, const PassSwitches& passes) {
  for (DraftStep& step : draft.steps) {
    if (!step.scan) continue;
    loops_.push_back(std::make_shared<const ScanPlan>(*step.scan, device, passes));
    step.scan->plan = loops_.back();
    step.may_fail = loops_.back()->may_fail();
    draft.values[static_cast<size_t>(step.outputs.back())].type.shape = {loops_.back()->workspace_bytes()};
  }
}

const void* Plan::keep(const void* bytes, size_t size) {
  params_.push_back(std::make_unique<std::byte[]>(size));
  std::memcpy(params_.back().get(), bytes, size);
  return params_.back().get();
}

void Plan::add_step(const Draft& draft, const DraftStep& step, const KernelTable& kernels) {
  PlanStep made{step.scan ? &ScanPlan::run : kernels.entries[static_cast<int>(step.kernel)].run,
                nullptr,
                static_cast<int32_t>(operands_.size()),
                0,
                step.kernel,
                step.may_fail,
                0,
                0,
                label_of(draft, step),
                layers_of(draft, step),
                nullptr};
  const auto operand = [&](int id) {
    const DraftValue& root = draft.values[static_cast<size_t>(draft.root(id))];
    operands_.push_back({root.place, root.at});
    made.bytes += draft.values[static_cast<size_t>(id)].type.bytes();
  };
  if (step.kernel == KernelId::elementwise) {
    const BuiltProgram built = build_elementwise(draft, step);
    for (int id : built.inputs) operand(id);
    for (int id : built.outputs) operand(id);
    made.params = keep(&built.params, sizeof built.params);
    made.flops = built.params.size * built.params.instructions;
  } else if (is_product(step.kernel)) {
    const ElementwiseParams* epilogue = nullptr;
    operand(step.inputs[0]);
    operand(step.inputs[1]);
    operand(step.outputs[0]);
    if (!step.code.empty()) {
      DraftStep program = step;  // the product is its input, not its output
      program.outputs.erase(program.outputs.begin());
      const BuiltProgram built = build_elementwise(draft, program, step.outputs[0]);
      for (size_t i = 1; i < built.inputs.size(); i++) operand(built.inputs[i]);
      for (int id : built.outputs) operand(id);
      epilogue = static_cast<const ElementwiseParams*>(keep(&built.params, sizeof built.params));
      made.flops += built.params.size * built.params.instructions;
    }
    const auto finish = [&](auto params) {
      std::memcpy(&params, step.params.data(), sizeof params);
      params.epilogue = epilogue;
      params.product_is_temporary = step.product_is_temporary;
      made.flops += flops_of(params);
      made.params = keep(&params, sizeof params);
    };
    step.kernel == KernelId::matmul ? finish(MatmulParams{}) : finish(ConvolutionParams{});
  } else if (step.scan) {
    for (int id : step.inputs) operand(id);
    for (int id : step.outputs) operand(id);
    for (const PlanStep& inner : step.scan->plan->body().steps()) made.flops += step.scan->length * inner.flops;
    made.params = step.scan->plan.get();
  } else {
    for (int id : step.inputs) operand(id);
    for (int id : step.outputs) operand(id);
    made.params = keep(step.params.data(), step.params.size());
  }
  if (!step.scan) {
    const auto choice = kernels.entries[static_cast<int>(step.kernel)].implementation;
    made.implementation = choice ? choice(made.params) : nullptr;
  }
  made.operands = static_cast<int32_t>(operands_.size()) - made.first_operand;
  steps_.push_back(std::move(made));
}

std::string Plan::explain(const std::vector<double>& seconds) const {
  std::string out = "inputs";
  auto loop = loops_.begin();
  for (const TensorType& type : inputs_) out += " " + text(type);
  out += "; arena " + std::to_string(arena_bytes_) + " bytes; " + std::to_string(steps_.size()) + " steps; kernels " +
         kernels_name_ + "\n";
  for (size_t s = 0; s < steps_.size(); s++) {
    const PlanStep& step = steps_[s];
    out += std::to_string(s) + ": " + step.label + (step.implementation ? std::string(" by ") + step.implementation : "") +
           (step.layer.empty() ? "" : " (" + step.layer + ")") + " " + std::to_string(step.flops) + " flop, " +
           std::to_string(step.bytes) + " bytes" + (s < seconds.size() ? ", " + microseconds(seconds[s]) : "") + "\n";
    if (step.kernel == KernelId::scan) out += indented((*loop++)->body().explain());
  }
  return out;
}

}  // namespace nnstack
