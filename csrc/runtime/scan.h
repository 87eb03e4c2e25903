// A loop that is a step of a plan: the body's plan, run once per step on other pointers. Nothing is allocated, slices are
// read and stacks written where they lie, and a state goes from one of two buffers to the other.
#pragma once
#include "runtime/plan.h"

namespace nnstack {

class ScanPlan {
 public:
  ScanPlan(ScanDraft& draft, Device& device, const PassSwitches& passes);

  const Plan& body() const { return body_; }
  int64_t length() const { return length_; }
  int64_t workspace_bytes() const { return workspace_bytes_; }
  bool may_fail() const;

  // A KernelFunction. Operands: the scan's inputs, those of its outputs that are in use, the workspace. Params: the ScanPlan.
  static void run(void* const* operands, const void* params, const KernelContext& context);

 private:
  struct Copier {
    KernelFunction run;
    CopyParams params;
    void operator()(const void* from, void* to, const KernelContext& context) const;
  };
  struct State {
    int64_t bytes;
    int last, prior;     // operands, -1 where nobody reads them
    int64_t buffers[2];  // in the workspace
    Copier copy;
    bool in_place;  // slices of the stack of states may be the states themselves
  };
  struct Slice {  // of a sequence or a stack
    int operand;  // -1: nobody reads the stack
    int64_t bytes;
    int64_t buffer;
    Copier copy;
    bool in_place;
  };
  struct Patch {
    int operand, slot;
  };

  void loop(void* const* operands, const KernelContext& context) const;
  Slice slice_of(const TensorType& type, int operand);
  int64_t reserve(int64_t bytes);

  Plan body_;
  const Device& device_;
  KernelFunction copy_;
  int64_t length_, workspace_bytes_;
  bool reverse_;
  int inputs_;
  std::vector<State> states_;
  std::vector<Slice> sequences_, stacks_;
  std::vector<Patch> input_patches_, output_patches_;
};

}  // namespace nnstack
