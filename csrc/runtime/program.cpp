#include "runtime/program.h"

#include <algorithm>

#include "passes/rewrite.h"
#include "runtime/interpreter.h"

namespace nnstack {
namespace {

constexpr size_t kMostPlans = 64;
constexpr size_t kMostIdleRunners = 16;

}  // namespace

Program::Program(const ProgramSpec& spec, Device& device, const PassSwitches& passes, std::string program_name)
    : graph_(flatten(spec, run_node)), device_(device), passes_(passes), name_(std::move(program_name)) {
  for (const FlatNode& node : graph_.nodes) {
    if (node.op->name != "print") continue;
    graph_.outputs.push_back(node.outputs[0]);
    prints_.push_back({node.attributes.string("message"), node.attributes.integer("summarize")});
  }
  finish();
}

Program::Program(FlatGraph graph, Device& device, const PassSwitches& passes, std::string program_name)
    : graph_(std::move(graph)), device_(device), passes_(passes), name_(std::move(program_name)) {
  finish();
}

void Program::finish() {
  if (passes_.transposes) sink_transposes(graph_);
  if (passes_.batch_norm) fold_batch_norm(graph_);
  if (passes_.keep) {
    if (std::optional<FlatGraph> apart = keep_fixed(graph_, device_))
      kept_ = std::make_unique<const Program>(std::move(*apart), device_, passes_, name_);
  }
  for (const auto& variable : graph_.variables) {
    if (&variable->device() != &device_) {
      throw RuntimeError("variable \"" + variable->name + "\" lives on " + variable->device().name() +
                         ", the program runs on " + device_.name());
    }
  }
  guard_ = std::make_shared<Guard>();
  for (const auto& variable : graph_.variables) guard_ = Guard::merge(guard_, variable->guard());
  writes_ = !graph_.updates.empty();
}

void Program::check_input(size_t index, const TensorType& given) const {
  const TensorType& expected = graph_.values[static_cast<size_t>(graph_.inputs[index])].type;
  bool fits = given.dtype == expected.dtype && given.shape.rank() == expected.shape.rank();
  for (int k = 0; fits && k < expected.shape.rank(); k++) fits = expected.shape[k] < 0 || expected.shape[k] == given.shape[k];
  if (fits) return;
  throw ValueError("input \"" + graph_.input_names[index] + "\": expected " + text(expected) + ", got " + text(given));
}

std::shared_ptr<const Plan> Program::prepare(const std::vector<Shape>& shapes) const {
  const auto same = [&](const std::shared_ptr<const Plan>& plan) { return plan->input_shapes() == shapes; };
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(plans_.begin(), plans_.end(), same);
    if (found != plans_.end()) {
      plans_.splice(plans_.begin(), plans_, found);
      return plans_.front();
    }
  }
  auto plan = std::make_shared<const Plan>(graph_, shapes, device_, passes_);
  const std::lock_guard lock(mutex_);
  plans_.push_front(plan);
  if (plans_.size() > kMostPlans) plans_.pop_back();
  return plan;
}

bool Program::stale() const {
  if (!kept_) return false;
  const auto& variables = kept_->graph_.variables;
  if (kept_versions_.empty()) return true;
  for (size_t v = 0; v < variables.size(); v++)
    if (variables[v]->version() != kept_versions_[v]) return true;
  return false;
}

void Program::refresh() const {
  Session session(*kept_);
  session.prepare({});
  session.run(nullptr, nullptr);
  session.finish();
  kept_versions_.clear();
  for (const auto& variable : kept_->graph_.variables) kept_versions_.push_back(variable->version());
}

Program::Session::Session(const Program& program) : program_(program) {
  for (;;) {
    if (program.writes_)
      exclusive_.emplace(program.guard_);
    else
      shared_.emplace(program.guard_);
    if (!program.stale()) break;
    exclusive_.reset();
    shared_.reset();
    program.refresh();
  }
  const std::lock_guard lock(program.mutex_);
  if (!program.idle_.empty()) {
    runner_ = std::move(program.idle_.back());
    program.idle_.pop_back();
  } else {
    runner_ = std::make_unique<Runner>(program.device_);
  }
  runner_->profile(program.profiling_);
}

Program::Session::~Session() {
  const std::lock_guard lock(program_.mutex_);
  if (program_.profiling_ && runner_->plan()) {
    const Plan& plan = *runner_->plan();
    auto& rows = program_.profile_;
    if (rows.size() != plan.steps().size()) {
      rows.clear();
      for (const PlanStep& step : plan.steps()) rows.push_back({step.label, step.layer, 0, 0});
    }
    for (size_t s = 0; s < rows.size(); s++) {
      rows[s].calls += runner_->times()[s].calls;
      rows[s].seconds += runner_->times()[s].seconds;
    }
    runner_->clear_times();
  }
  if (program_.idle_.size() < kMostIdleRunners) program_.idle_.push_back(std::move(runner_));
}

const Plan& Program::Session::prepare(const std::vector<Shape>& shapes) {
  if (!runner_->plan() || runner_->plan()->input_shapes() != shapes)
    runner_->bind(program_.prepare(shapes), program_.graph_.variables);
  return *runner_->plan();
}

void Program::Session::run(const void* const* inputs, void* const* outputs) {
  if (program_.prints_.empty())
    runner_->run(inputs, outputs);
  else
    run_and_print(inputs, outputs);
  for (const FlatUpdate& update : program_.graph_.updates)
    program_.graph_.variables[static_cast<size_t>(update.variable)]->touch();
}

PrintSink& print_sink() {
  static PrintSink& sink = *new PrintSink;  // never destroyed: programs may run until the process ends
  return sink;
}

void Program::Session::run_and_print(const void* const* inputs, void* const* outputs) {
  const std::vector<TensorType>& types = runner_->plan()->outputs();
  std::vector<void*> pointers(outputs, outputs + program_.outputs());
  std::vector<Tensor> shown;
  for (size_t i = program_.outputs(); i < types.size(); i++) {
    shown.emplace_back(types[i]);
    pointers.push_back(shown.back().data());
  }
  runner_->run(inputs, pointers.data());
  finish();
  if (!print_sink()) return;
  for (size_t i = 0; i < shown.size(); i++) print_sink()(program_.prints_[i], shown[i]);
}

std::vector<Tensor> Program::run(const std::vector<Tensor>& inputs) const {
  if (inputs.size() != this->inputs()) {
    throw ValueError("program \"" + name_ + "\": expected " + std::to_string(this->inputs()) + " inputs, got " +
                     std::to_string(inputs.size()));
  }
  std::vector<Shape> shapes;
  std::vector<const void*> in;
  for (size_t i = 0; i < inputs.size(); i++) {
    check_input(i, inputs[i].type);
    shapes.push_back(inputs[i].type.shape);
    in.push_back(inputs[i].data());
  }
  Session session(*this);
  std::vector<Tensor> results;
  std::vector<void*> out;
  for (const TensorType& type : session.prepare(shapes).outputs()) {
    results.emplace_back(type);
    out.push_back(results.back().data());
  }
  session.run(in.data(), out.data());
  session.finish();
  results.resize(outputs());
  return results;
}

std::string Program::explain() const {
  const std::lock_guard lock(mutex_);
  if (plans_.empty()) return "not planned yet: run it once\n";
  std::vector<double> seconds;
  for (const ProfileRow& row : profile_) seconds.push_back(row.calls > 0 ? row.seconds / static_cast<double>(row.calls) : 0);
  const std::string out =
      plans_.front()->explain(seconds.size() == plans_.front()->steps().size() ? seconds : std::vector<double>{});
  return kept_ ? out + "when weights have changed: " + kept_->explain() : out;
}

void Program::profile(bool on) const {
  const std::lock_guard lock(mutex_);
  profiling_ = on;
  if (on) profile_.clear();
}

std::vector<ProfileRow> Program::profile_report() const {
  const std::lock_guard lock(mutex_);
  return profile_;
}

int64_t Program::arena_bytes() const {
  const std::lock_guard lock(mutex_);
  return plans_.empty() ? 0 : plans_.front()->arena_bytes();
}

size_t Program::plans() const {
  const std::lock_guard lock(mutex_);
  return plans_.size();
}

size_t Program::steps() const {
  const std::lock_guard lock(mutex_);
  return plans_.empty() ? 0 : plans_.front()->steps().size();
}

}  // namespace nnstack
