#include "runtime/runner.h"

#include <chrono>

namespace nnstack {

void Runner::bind(std::shared_ptr<const Plan> plan, const std::vector<std::shared_ptr<Variable>>& variables) {
  if (!arena_ || static_cast<int64_t>(arena_->bytes()) < plan->arena_bytes()) {
    arena_.reset();
    arena_ = std::make_unique<Storage>(device_, static_cast<size_t>(plan->arena_bytes()));
  }
  plan_ = std::move(plan);
  times_.assign(plan_->steps().size(), {});
  variables_.clear();
  for (const auto& variable : variables) variables_.push_back(variable.get());
  pointers_.assign(plan_->operands().size(), nullptr);
  input_patches_.clear();
  output_patches_.clear();
  variable_patches_.clear();
  auto* base = static_cast<std::byte*>(arena_->data());
  const bool staged = !device_.host_memory();
  for (size_t i = 0; i < pointers_.size(); i++) {
    const OperandPlace& operand = plan_->operands()[i];
    const auto slot = static_cast<size_t>(operand.at);
    const Patch patch{static_cast<int32_t>(i), static_cast<int32_t>(operand.at)};
    switch (operand.place) {
      case Place::arena: pointers_[i] = base + operand.at; break;
      case Place::constant: pointers_[i] = plan_->constants()[slot].data(); break;
      case Place::variable: variable_patches_.push_back(patch); break;
      case Place::input:
        if (staged)
          pointers_[i] = base + plan_->staged_inputs()[slot];
        else
          input_patches_.push_back(patch);
        break;
      case Place::output:
        if (staged)
          pointers_[i] = base + plan_->staged_outputs()[slot];
        else
          output_patches_.push_back(patch);
        break;
      case Place::none: throw RuntimeError("plan: a value has no memory");
    }
  }
}

void Runner::run(const void* const* inputs, void* const* outputs) {
  auto* base = static_cast<std::byte*>(arena_->data());
  for (const Patch& p : variable_patches_)
    pointers_[static_cast<size_t>(p.operand)] = variables_[static_cast<size_t>(p.slot)]->data();
  // Kernels do not write inputs; the table of operands has one type for all.
  for (const Patch& p : input_patches_) pointers_[static_cast<size_t>(p.operand)] = const_cast<void*>(inputs[p.slot]);
  for (const Patch& p : output_patches_) pointers_[static_cast<size_t>(p.operand)] = outputs[p.slot];
  for (size_t i = 0; i < plan_->staged_inputs().size(); i++)
    stream_->upload(base + plan_->staged_inputs()[i], inputs[i], static_cast<size_t>(plan_->inputs()[i].bytes()));
  if (profiling_)
    execute_profiled();
  else
    execute();
  for (size_t i = 0; i < plan_->staged_outputs().size(); i++)
    stream_->download(outputs[i], base + plan_->staged_outputs()[i], static_cast<size_t>(plan_->outputs()[i].bytes()));
}

void Runner::execute() {
  const KernelContext context = stream_->context(static_cast<std::byte*>(arena_->data()) + plan_->scratch_offset());
  for (const PlanStep& step : plan_->steps()) {
    step.run(&pointers_[static_cast<size_t>(step.first_operand)], step.params, context);
    if (step.may_fail) check(step);
  }
}

void Runner::execute_profiled() {
  using Clock = std::chrono::steady_clock;
  const KernelContext context = stream_->context(static_cast<std::byte*>(arena_->data()) + plan_->scratch_offset());
  for (size_t s = 0; s < plan_->steps().size(); s++) {
    const PlanStep& step = plan_->steps()[s];
    const auto start = Clock::now();
    step.run(&pointers_[static_cast<size_t>(step.first_operand)], step.params, context);
    stream_->synchronize();
    times_[s].seconds += std::chrono::duration<double>(Clock::now() - start).count();
    times_[s].calls++;
    if (step.may_fail) check(step);
  }
}

// Bad data stops the run here, before any variable is written: see mark_in_place.
void Runner::check(const PlanStep& step) {
  if (!device_.host_memory()) stream_->synchronize();
  if (stream_->take_error() == KernelError::none) return;
  throw ValueError(step.label + (step.layer.empty() ? "" : " (layer \"" + step.layer + "\")") +
                   ": an index is negative or too large for the table it reads");
}

void* Runner::staging(size_t input, size_t bytes) {
  if (staging_.size() <= input) staging_.resize(input + 1);
  if (!staging_[input] || staging_[input]->bytes() < bytes) staging_[input] = std::make_unique<Storage>(cpu_device(), bytes);
  return staging_[input]->data();
}

}  // namespace nnstack
