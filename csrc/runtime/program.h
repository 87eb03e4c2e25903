// inputs -> outputs, then variables are written: compiled once, planned once per input shape, run from any thread.
#pragma once
#include <list>
#include <mutex>

#include "runtime/print.h"
#include "runtime/runner.h"

namespace nnstack {

// A host array handed in by the caller; `strides` are not needed: arrays are contiguous.
struct ArrayView {
  const void* data;
  TensorType type;
};

struct ProfileRow {
  std::string step, layer;
  int64_t calls;
  double seconds;
};

class Program {
 public:
  Program(const ProgramSpec& spec, Device& device, const PassSwitches& passes = {}, std::string program_name = "");
  Program(FlatGraph graph, Device& device, const PassSwitches& passes = {}, std::string program_name = "");

  const FlatGraph& graph() const { return graph_; }
  const std::string& name() const { return name_; }
  Device& device() const { return device_; }
  size_t inputs() const { return graph_.inputs.size(); }
  size_t outputs() const { return graph_.outputs.size() - prints_.size(); }

  // ValueError that names the input, what was expected and what came.
  void check_input(size_t index, const TensorType& given) const;
  std::shared_ptr<const Plan> prepare(const std::vector<Shape>& shapes) const;

  // One run. The plan's outputs are the program's, then the values that print nodes show, which no caller needs to know.
  class Session;
  std::vector<Tensor> run(const std::vector<Tensor>& inputs) const;

  // Rows of whole data sets, many runs per call; see _core.pyi.
  int64_t run_steps(const std::vector<ArrayView>& sources, const int64_t* order, int64_t rows, int64_t first, int64_t batch,
                    int64_t steps, double seconds) const;
  bool run_batches(const std::vector<ArrayView>& sources, int64_t rows, int64_t batch, const std::vector<void*>& results,
                   const std::vector<int64_t>& row_bytes) const;

  std::string explain() const;
  void profile(bool on) const;
  std::vector<ProfileRow> profile_report() const;
  int64_t arena_bytes() const;
  size_t plans() const;
  size_t steps() const;

 private:
  friend class Session;
  void finish();
  bool stale() const;    // a variable has been assigned since its consequences were kept
  void refresh() const;  // computes them anew

  FlatGraph graph_;
  std::vector<PrintedLine> prints_;
  Device& device_;
  PassSwitches passes_;
  std::string name_;
  std::shared_ptr<Guard> guard_;
  bool writes_ = false;
  std::unique_ptr<const Program> kept_;          // computes what weights alone decide; see keep_fixed
  mutable std::vector<uint64_t> kept_versions_;  // of its variables when it last ran; under the guard

  mutable std::mutex mutex_;                              // of everything below
  mutable std::list<std::shared_ptr<const Plan>> plans_;  // most recent first, bounded
  mutable std::vector<std::unique_ptr<Runner>> idle_;
  mutable bool profiling_ = false;
  mutable std::vector<ProfileRow> profile_;
};

// Exclusive use of one Runner with the guard of the program's variables held.
class Program::Session {
 public:
  explicit Session(const Program& program);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Binds the plan for these shapes; cheap where they are the last ones.
  const Plan& prepare(const std::vector<Shape>& shapes);
  // `outputs` has memory for every output of the program.
  void run(const void* const* inputs, void* const* outputs);
  // Call after the last run: the next holder of the guard may use another stream.
  void finish() {
    if (!program_.device_.host_memory()) runner_->synchronize();
  }
  Runner& runner() { return *runner_; }

 private:
  void run_and_print(const void* const* inputs, void* const* outputs);

  const Program& program_;
  std::optional<SharedLock> shared_;
  std::optional<ExclusiveLock> exclusive_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace nnstack
