#include "runtime/scan.h"

#include <algorithm>

namespace nnstack {
namespace {

constexpr int64_t kDeviceAlignment = 256;  // what libraries on devices may ask of a matrix

// Tables of pointers, kept by the thread: a loop in a loop takes the next one.
class Frame {
 public:
  explicit Frame(size_t size) : depth_(depth++) {
    if (tables.size() <= depth_) tables.emplace_back();
    if (tables[depth_].size() < size) tables[depth_].resize(size);
  }
  ~Frame() { depth--; }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  void** data() const { return tables[depth_].data(); }

 private:
  static thread_local size_t depth;
  static thread_local std::vector<std::vector<void*>> tables;
  size_t depth_;
};
thread_local size_t Frame::depth = 0;
thread_local std::vector<std::vector<void*>> Frame::tables;

std::byte* at(void* base, int64_t offset) { return static_cast<std::byte*>(base) + offset; }

}  // namespace

void ScanPlan::Copier::operator()(const void* from, void* to, const KernelContext& context) const {
  void* const operands[] = {const_cast<void*>(from), to};  // the table of operands has one type for all
  run(operands, &params, context);
}

int64_t ScanPlan::reserve(int64_t bytes) {
  const int64_t offset = (workspace_bytes_ + kDeviceAlignment - 1) / kDeviceAlignment * kDeviceAlignment;
  workspace_bytes_ = offset + bytes;
  return offset;
}

ScanPlan::Slice ScanPlan::slice_of(const TensorType& type, int operand) {
  CopyParams copy{};
  copy.element_size = static_cast<int32_t>(size_of(type.dtype));
  copy.rank = 1;
  copy.dims[0] = type.shape.elements();
  copy.source_strides[0] = copy.destination_strides[0] = 1;
  const int64_t bytes = type.bytes();
  const bool in_place = device_.host_memory() || bytes % kDeviceAlignment == 0;
  return {operand, bytes, in_place ? 0 : reserve(bytes), {copy_, copy}, in_place};
}

ScanPlan::ScanPlan(ScanDraft& draft, Device& device, const PassSwitches& passes)
    : body_(std::move(draft.body), device, passes),
      device_(device),
      copy_(device.kernels().entries[static_cast<int>(KernelId::copy)].run),
      length_(draft.length),
      workspace_bytes_(body_.scratch_offset()),
      reverse_(draft.flat->reverse),
      inputs_(static_cast<int>(body_.inputs().size())) {
  const auto states = static_cast<size_t>(draft.flat->states), sequences = static_cast<size_t>(draft.flat->sequences);
  const size_t stacks = body_.outputs().size() - states;
  const auto operand = [&](size_t output) { return draft.outputs[output] < 0 ? -1 : inputs_ + draft.outputs[output]; };
  for (size_t k = 0; k < states; k++) {
    const Slice stack = slice_of(body_.inputs()[k], operand(states + stacks + k));
    states_.push_back(
        {stack.bytes, operand(k), stack.operand, {reserve(stack.bytes), reserve(stack.bytes)}, stack.copy, stack.in_place});
  }
  for (size_t k = 0; k < sequences; k++)
    sequences_.push_back(slice_of(body_.inputs()[states + k], static_cast<int>(states + k)));
  for (size_t k = 0; k < stacks; k++) stacks_.push_back(slice_of(body_.outputs()[states + k], operand(states + k)));
  for (Slice& stack : stacks_)
    if (stack.operand < 0 && stack.in_place) stack.buffer = reserve(stack.bytes);  // it must be written somewhere
  for (size_t i = 0; i < body_.operands().size(); i++) {
    const OperandPlace& place = body_.operands()[i];
    if (place.place == Place::input) input_patches_.push_back({static_cast<int>(i), static_cast<int>(place.at)});
    if (place.place == Place::output) output_patches_.push_back({static_cast<int>(i), static_cast<int>(place.at)});
  }
}

bool ScanPlan::may_fail() const {
  return std::any_of(body_.steps().begin(), body_.steps().end(), [](const PlanStep& step) { return step.may_fail; });
}

void ScanPlan::run(void* const* operands, const void* params, const KernelContext& context) {
  static_cast<const ScanPlan*>(params)->loop(operands, context);
}

void ScanPlan::loop(void* const* operands, const KernelContext& context) const {
  const size_t calls = body_.operands().size(), outputs = body_.outputs().size();
  const Frame frame(calls + static_cast<size_t>(inputs_) + outputs);
  void **pointers = frame.data(), **in = pointers + calls, **out = in + inputs_;
  int used = 0;  // operands before the workspace
  for (const State& state : states_) used += (state.last >= 0) + (state.prior >= 0);
  for (const Slice& stack : stacks_) used += stack.operand >= 0;
  void* workspace = operands[inputs_ + used];
  for (size_t i = 0; i < calls; i++) {
    const OperandPlace& place = body_.operands()[i];
    if (place.place == Place::arena) pointers[i] = at(workspace, place.at);
    if (place.place == Place::constant) pointers[i] = body_.constants()[static_cast<size_t>(place.at)].data();
  }
  std::copy(operands, operands + inputs_, in);

  const auto index = [&](int64_t t) { return reverse_ ? length_ - 1 - t : t; };
  for (const State& state : states_) {  // operands[k] of state k: the initial one
    const void* initial = operands[&state - states_.data()];
    if (state.prior >= 0 && length_ > 0) state.copy(initial, at(operands[state.prior], index(0) * state.bytes), context);
    if (state.last >= 0 && length_ == 0) state.copy(initial, operands[state.last], context);
  }
  for (int64_t t = 0; t < length_; t++) {
    for (size_t k = 0; k < states_.size(); k++) {
      const State& state = states_[k];
      if (t > 0) in[k] = out[k];
      const bool ends = t + 1 == length_;
      if (ends && state.last >= 0)
        out[k] = operands[state.last];
      else if (!ends && state.prior >= 0 && state.in_place)
        out[k] = at(operands[state.prior], index(t + 1) * state.bytes);
      else
        out[k] = at(workspace, state.buffers[t % 2]);
    }
    for (size_t k = 0; k < sequences_.size(); k++) {
      const Slice& slice = sequences_[k];
      void* from = at(operands[slice.operand], index(t) * slice.bytes);
      void*& to = in[states_.size() + k];
      to = slice.in_place ? from : at(workspace, slice.buffer);
      if (!slice.in_place) slice.copy(from, to, context);
    }
    for (size_t k = 0; k < stacks_.size(); k++) {
      const Slice& slice = stacks_[k];
      const bool direct = slice.in_place && slice.operand >= 0;
      out[states_.size() + k] = direct ? at(operands[slice.operand], index(t) * slice.bytes) : at(workspace, slice.buffer);
    }
    for (const Patch& p : input_patches_) pointers[p.operand] = in[p.slot];
    for (const Patch& p : output_patches_) pointers[p.operand] = out[p.slot];
    for (const PlanStep& step : body_.steps()) step.run(pointers + step.first_operand, step.params, context);
    for (size_t k = 0; k < states_.size(); k++) {
      const State& state = states_[k];
      if (!state.in_place && state.prior >= 0 && t + 1 < length_)
        state.copy(out[k], at(operands[state.prior], index(t + 1) * state.bytes), context);
    }
    for (size_t k = 0; k < stacks_.size(); k++) {
      const Slice& slice = stacks_[k];
      if (!slice.in_place && slice.operand >= 0)
        slice.copy(out[states_.size() + k], at(operands[slice.operand], index(t) * slice.bytes), context);
    }
  }
}

}  // namespace nnstack
