// The public C++ API over Programs.
#include "nnstack/model.h"

#include <cstring>

#include "base/thread_pool.h"
#include "io/load.h"

namespace nnstack {

struct Model::Impl {
  LoadedModel model;
  std::map<std::string, std::pair<std::vector<TensorInfo>, std::vector<TensorInfo>>> infos;

  const Program& function(const std::string& name) const {
    const auto found = model.functions.find(name);
    if (found != model.functions.end()) return *found->second;
    std::string known;
    for (const auto& [other, program] : model.functions) known += (known.empty() ? "" : ", ") + other;
    throw ValueError("the model has no function \"" + name + "\"; it has: " + known);
  }
};

namespace {

TensorInfo info(const std::string& name, const TensorType& type) { return {name, name_of(type.dtype), type.shape.dims()}; }

std::shared_ptr<const Model::Impl> describe(LoadedModel model) {
  auto impl = std::make_shared<Model::Impl>();
  impl->model = std::move(model);
  for (const auto& [name, program] : impl->model.functions) {
    auto& [inputs, outputs] = impl->infos[name];
    const FlatGraph& graph = program->graph();
    for (size_t i = 0; i < graph.inputs.size(); i++)
      inputs.push_back(info(graph.input_names[i], graph.values[static_cast<size_t>(graph.inputs[i])].type));
    for (int id : graph.outputs) outputs.push_back(info("", graph.values[static_cast<size_t>(id)].type));
  }
  return impl;
}

}  // namespace

Model Model::load(const std::string& path, const std::string& device) {
  return Model(describe(load_model(map_model(path), device_named(device))));
}

Model Model::from_memory(const void* data, std::size_t size, const std::string& device) {
  return Model(describe(load_model(copy_model(data, size), device_named(device))));
}

std::vector<std::string> Model::functions() const {
  std::vector<std::string> names;
  for (const auto& [name, program] : impl_->model.functions) names.push_back(name);
  return names;
}

const std::vector<TensorInfo>& Model::inputs(const std::string& function) const {
  impl_->function(function);
  return impl_->infos.at(function).first;
}

const std::vector<TensorInfo>& Model::outputs(const std::string& function) const {
  impl_->function(function);
  return impl_->infos.at(function).second;
}

double Model::verify() const {
  double worst = 0;
  for (const LoadedSample& sample : impl_->model.samples) {
    const std::vector<Tensor> outputs = impl_->function(sample.function).run(sample.inputs);
    if (outputs.size() != sample.outputs.size())
      throw ValueError("verify: function \"" + sample.function + "\" has another number of outputs than its sample");
    for (size_t o = 0; o < outputs.size(); o++) {
      if (outputs[o].type != sample.outputs[o].type)
        throw ValueError("verify: function \"" + sample.function + "\" gives " + text(outputs[o].type) + ", the sample has " +
                         text(sample.outputs[o].type));
      for (int64_t i = 0; i < outputs[o].type.shape.elements(); i++) {
        const double difference = std::abs(number_at(outputs[o], i) - number_at(sample.outputs[o], i));
        if (!(difference <= worst)) worst = difference;
      }
    }
  }
  return worst;
}

// A runner of its own, bound again only when shapes change; the variables' guard is taken for each run.
struct Session::Impl {
  std::shared_ptr<const Model::Impl> model;
  const Program* program;
  std::vector<Shape> shapes;
  std::vector<const void*> inputs;
  std::vector<Tensor> outputs;
  std::vector<void*> output_pointers;
  int64_t input_row = 0, output_row = 0;  // of functions with one float32 input and output, else 0

  const Plan& run(void* const* results) {
    Program::Session session(*program);
    const Plan& plan = session.prepare(shapes);
    if (!results) {
      own_outputs(plan);
      results = output_pointers.data();
    }
    session.run(inputs.data(), results);
    session.finish();
    return plan;
  }

  void own_outputs(const Plan& plan) {
    for (size_t o = 0; o < plan.outputs().size(); o++) {
      if (outputs.size() <= o) outputs.emplace_back();
      if (!outputs[o] || outputs[o].type != plan.outputs()[o]) outputs[o] = Tensor(plan.outputs()[o]);
    }
    output_pointers.resize(outputs.size());
    for (size_t o = 0; o < outputs.size(); o++) output_pointers[o] = outputs[o].data();
  }
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Session Model::session(const std::string& function) const {
  auto impl = std::make_unique<Session::Impl>();
  impl->model = impl_;
  impl->program = &impl_->function(function);
  impl->shapes.resize(impl->program->inputs());
  impl->inputs.resize(impl->program->inputs());
  const auto row = [](const std::vector<TensorInfo>& infos) -> int64_t {
    if (infos.size() != 1 || infos[0].dtype != "float32" || infos[0].shape.empty() || infos[0].shape[0] >= 0) return 0;
    int64_t values = 1;
    for (size_t k = 1; k < infos[0].shape.size(); k++) {
      if (infos[0].shape[k] < 0) return 0;
      values *= infos[0].shape[k];
    }
    return values;
  };
  impl->input_row = row(inputs(function));
  impl->output_row = row(outputs(function));
  if (impl->input_row > 0) {
    impl->shapes[0] = Shape(inputs(function)[0].shape);
    impl->shapes[0][0] = 0;
  }
  return Session(std::move(impl));
}

std::int64_t Session::input_row() const { return impl_->input_row; }
std::int64_t Session::output_row() const { return impl_->output_row; }

void Session::predict(const float* input, std::int64_t rows, float* output) {
  if (impl_->input_row == 0 || impl_->output_row == 0)
    throw RuntimeError("predict: the function does not map rows of float32 to rows of float32; use set_input, run and output");
  if (rows < 0) throw ValueError("predict: " + std::to_string(rows) + " rows");
  impl_->shapes[0][0] = rows;
  impl_->inputs[0] = input;
  void* results[] = {output};
  impl_->run(results);
}

std::vector<float> Session::predict(const std::vector<float>& values) {
  const auto size = static_cast<int64_t>(values.size());
  if (impl_->input_row > 0 && size % impl_->input_row != 0) {
    throw ValueError("predict: " + std::to_string(size) + " values are not whole rows of " + std::to_string(impl_->input_row));
  }
  const int64_t rows = impl_->input_row > 0 ? size / impl_->input_row : 0;
  std::vector<float> result(static_cast<size_t>(rows * impl_->output_row));
  predict(values.data(), rows, result.data());
  return result;
}

void Session::set_input(std::size_t index, const void* data, const std::vector<std::int64_t>& shape) {
  if (index >= impl_->inputs.size())
    throw ValueError("set_input: there is no input " + std::to_string(index) + "; the function has " +
                     std::to_string(impl_->inputs.size()));
  const FlatGraph& graph = impl_->program->graph();
  const Shape given{std::span<const Dim>(shape)};
  if (!given.known()) throw ValueError("set_input: the shape has a negative dimension");
  impl_->program->check_input(index, {graph.values[static_cast<size_t>(graph.inputs[index])].type.dtype, given});
  impl_->shapes[index] = given;
  impl_->inputs[index] = data;
}

void Session::run() {
  for (size_t i = 0; i < impl_->inputs.size(); i++)
    if (!impl_->inputs[i]) throw RuntimeError("run: input " + std::to_string(i) + " is not set");
  impl_->run(nullptr);
}

const void* Session::output(std::size_t index) const {
  if (index >= impl_->outputs.size())
    throw RuntimeError("output " + std::to_string(index) + " does not exist, or run() was not called");
  return impl_->outputs[index].data();
}

std::vector<std::int64_t> Session::output_shape(std::size_t index) const {
  if (index >= impl_->outputs.size())
    throw RuntimeError("output " + std::to_string(index) + " does not exist, or run() was not called");
  return impl_->outputs[index].type.shape.dims();
}

void set_num_threads(int count) {
  if (count < 1) throw ValueError("set_num_threads: expected at least 1, got " + std::to_string(count));
  ThreadPool::shared().set_threads(count);
}
int get_num_threads() { return ThreadPool::shared().threads(); }
const char* version() { return NNSTACK_VERSION; }

}  // namespace nnstack
