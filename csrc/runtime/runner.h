// Runs plans: an arena, a stream and a table of pointers. For one thread at a time; after bind() a run allocates nothing.
#pragma once
#include <memory>
#include <vector>

#include "runtime/plan.h"

namespace nnstack {

struct StepTime {
  int64_t calls = 0;
  double seconds = 0;
};

class Runner {
 public:
  explicit Runner(Device& device) : device_(device), stream_(device.make_stream()) {}

  void bind(std::shared_ptr<const Plan> plan, const std::vector<std::shared_ptr<Variable>>& variables);
  const Plan* plan() const { return plan_.get(); }

  // Host pointers, one per input and output of the program, of the plan's types. The caller holds the variables' guard.
  void run(const void* const* inputs, void* const* outputs);

  void synchronize() { stream_->synchronize(); }  // all runs so far are done, also for other streams
  void profile(bool on) { profiling_ = on; }
  const std::vector<StepTime>& times() const { return times_; }
  void clear_times() { times_.assign(times_.size(), {}); }
  void* staging(size_t input, size_t bytes);  // host memory for gathered rows, kept and grown

 private:
  struct Patch {
    int32_t operand, slot;
  };
  void execute();
  void execute_profiled();
  void check(const PlanStep& step);

  Device& device_;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<const Plan> plan_;
  std::unique_ptr<Storage> arena_;
  std::vector<void*> pointers_;
  std::vector<Patch> input_patches_, output_patches_, variable_patches_;
  std::vector<Variable*> variables_;
  std::vector<std::unique_ptr<Storage>> staging_;
  std::vector<StepTime> times_;
  bool profiling_ = false;
};

}  // namespace nnstack
