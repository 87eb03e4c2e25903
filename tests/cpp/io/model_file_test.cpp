// The exported file: what is saved comes back, threads share a model, and no damaged or hostile file does harm.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "autodiff/gradients.h"
#include "check.h"
#include "graph/body.h"
#include "io/format.h"
#include "io/load.h"
#include "io/save.h"
#include "nnstack/c_api.h"
#include "nnstack/model.h"
#include "ops/build.h"
#include "runtime/interpreter.h"

using namespace nnstack;
using nnstack_test::check;
using nnstack_test::check_close;
using nnstack_test::check_equal;
using nnstack_test::check_throws;

namespace {

Tensor filled(const Shape& shape, float step) {
  Tensor tensor({DType::f32, shape});
  for (int64_t i = 0; i < shape.elements(); i++) tensor.as<float>()[i] = step * static_cast<float>(i % 7 - 3);
  return tensor;
}

std::string temporary(const char* name) {
  return (std::filesystem::temp_directory_path() / (std::to_string(getpid()) + name)).string();
}

// y = softmax(x w + b), and a step that moves w against the gradient of the mean of -log y[:, 0].
struct Example {
  Value x = placeholder({DType::f32, {kUnknown, 3}}, "x");
  std::shared_ptr<Variable> w = std::make_shared<Variable>("w", filled({3, 4}, 0.25f));
  std::shared_ptr<Variable> b = std::make_shared<Variable>("b", filled({4}, 0.5f));
  Value y = emit("softmax", {emit("matmul", {x, variable_leaf(w)}) + variable_leaf(b)});
  Tensor rows = filled({5, 3}, 1.0f);

  std::vector<Tensor> expected() const { return interpret({x}, {y}, {rows}); }
  void save(const std::string& path) const {
    const SavedFunction predict{"predict", flatten({{x}, {y}, {}, false, true}, run_node)};
    const Value step = variable_leaf(w) - emit("multiply", {constant(DType::f32, 0.5), variable_leaf(w)});
    const SavedFunction train{"decay", flatten({{}, {}, {{w, step}}, true, true}, run_node)};
    const Values loop = running();
    const SavedFunction running_sums{"loop", flatten({{x}, loop, {}, false, true}, run_node)};
    save_model(path, {predict, train, running_sums}, {{0, {rows}, expected()}, {2, {rows}, interpret({x}, loop, {rows})}});
  }
  // tanh of running sums along the rows times w, and the gradient of x.
  Values running() const {
    const Value state = placeholder({DType::f32, {4}}, "state"), row = placeholder({DType::f32, {3}}, "row");
    const Value product = emit("matmul", {emit("expand_dims", {row}, {{"axes", std::vector<int64_t>{0}}}), variable_leaf(w)});
    const Value next = emit("tanh", {state + emit("squeeze", {product}, {{"axes", std::vector<int64_t>{0}}})});
    const ClosedBody closed = close_body({state, row}, {next, next * next});
    Values inputs{variable_leaf(b), x};
    inputs.insert(inputs.end(), closed.captured.begin(), closed.captured.end());
    const Values outputs =
        emit_all("scan", inputs, {{"body", closed.body}, {"states", int64_t{1}}, {"sequences", int64_t{1}}, {"reverse", true}});
    return {outputs[0], outputs[1], gradients({outputs[1]}, {x})[0]};
  }
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void round_trip() {
  const Example example;
  const std::string path = temporary("round.nnstack");
  example.save(path);
  const Model model = Model::load(path);
  check_equal(model.functions().size(), size_t{3}, "functions");
  check_equal(model.inputs()[0].name, std::string("x"), "input name");
  check_equal(model.inputs()[0].shape[0], int64_t{-1}, "any number of rows");
  check_equal(model.outputs()[0].shape[1], int64_t{4}, "output columns");
  check_close(model.verify(), 0, 1e-6, "recorded samples");
  const std::vector<float> in(example.rows.as<float>(), example.rows.as<float>() + 15);
  const std::vector<float> out = model.session().predict(in);
  const Tensor wanted = example.expected()[0];
  for (size_t i = 0; i < out.size(); i++) check_close(out[i], wanted.as<float>()[i], 1e-6, "prediction");
  std::remove(path.c_str());
}

void updates_stay_in_memory() {  // functions share variables; the file itself is never written
  const Example example;
  const std::string path = temporary("update.nnstack");
  example.save(path);
  const std::string before = bytes_of(path);
  const Model model = Model::load(path);
  Session predict = model.session();
  const std::vector<float> in(example.rows.as<float>(), example.rows.as<float>() + 3);
  const std::vector<float> first = predict.predict(in);
  for (int i = 0; i < 60; i++) model.session("decay").run();
  const std::vector<float> later = predict.predict(in);
  const float scale = std::exp(-1.5f) + std::exp(-1.0f) + std::exp(-0.5f) + 1;  // only the bias is left
  check_close(later[0], std::exp(-1.5f) / scale, 1e-6, "after the weights have decayed");
  check(std::abs(first[0] - later[0]) > 1e-3f, "the update is seen by the other function");
  check(bytes_of(path) == before, "the file has not changed");
  std::remove(path.c_str());
}

void errors_of_sessions() {
  const Example example;
  const std::string path = temporary("errors.nnstack");
  example.save(path);
  const Model model = Model::load(path);
  Session session = model.session();
  check_throws<ValueError>([&] { session.predict(std::vector<float>(4)); }, "4 values are not whole rows of 3", "ragged rows");
  check_throws<ValueError>([&] { model.session("train"); }, "no function \"train\"; it has: decay, loop, predict",
                           "unknown function");
  check_throws<RuntimeError>([&] { model.session().run(); }, "input 0 is not set", "run without input");
  check_throws<ValueError>([&] { session.set_input(0, nullptr, {2, 5}); },
                           "input \"x\": expected float32(None, 3), got float32(2, 5)", "shape");
  check_throws<RuntimeError>([] { Model::load("/nonexistent/model.nnstack"); }, "cannot be opened", "missing file");
  std::remove(path.c_str());
}

void runner_threads_share_one_model() {
  const Example example;
  const std::string path = temporary("threads.nnstack");
  example.save(path);
  const Model model = Model::load(path);
  const Tensor wanted = example.expected()[0];
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      Session session = model.session();
      float out[20];
      for (int i = 0; i < 200; i++) {
        session.predict(example.rows.as<float>(), 5, out);
        for (int k = 0; k < 20; k++) wrong += std::abs(out[k] - wanted.as<float>()[k]) > 1e-6f;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check_equal(wrong.load(), 0, "wrong results");
  std::remove(path.c_str());
}

// Loads and runs whatever it is given; the only acceptable end of a bad file is an Error.
void try_bytes(const std::string& bytes) {
  try {
    const Model model = Model::from_memory(bytes.data(), bytes.size());
    model.verify();
  } catch (const Error&) {
  }
}

void damaged_files() {
  const Example example;
  const std::string path = temporary("damaged.nnstack");
  example.save(path);
  const std::string good = bytes_of(path);
  std::remove(path.c_str());
  const auto message = [](const std::string& bytes, const char* part, const char* what) {
    check_throws<ValueError>([&] { Model::from_memory(bytes.data(), bytes.size()); }, part, what);
  };
  message("", "too short", "empty");
  message(std::string(200, 'x'), "not an nnstack model", "foreign");
  message(good.substr(0, good.size() - 1), "truncated", "one byte short");
  message(good + "x", "truncated or extended", "one byte more");
  std::string version = good;
  version[8] = 9;
  message(version, "format version 9", "version");
  std::string flipped = good;
  flipped[80] = static_cast<char>(flipped[80] ^ 1);
  message(flipped, "checksum", "a flipped bit in the graph");
  for (size_t length = 0; length < good.size(); length += 7) try_bytes(good.substr(0, length));
}

// The checksum is no protection against malice: with it made right again, every byte of the graph is changed in turn.
void hostile_graphs() {
  const Example example;
  const std::string path = temporary("hostile.nnstack");
  example.save(path);
  const std::string good = bytes_of(path);
  std::remove(path.c_str());
  FileHeader header;
  std::memcpy(&header, good.data(), sizeof header);
  std::mt19937 random(1);
  for (uint64_t at = 0; at < header.graph_size; at++) {
    for (int variant = 0; variant < 3; variant++) {
      std::string bad = good;
      bad[header.graph_offset + at] = variant == 0 ? '\xff' : static_cast<char>(random());
      FileHeader fixed = header;
      fixed.graph_checksum = checksum(bad.data() + header.graph_offset, header.graph_size);
      std::memcpy(bad.data(), &fixed, sizeof fixed);
      try_bytes(bad);
    }
  }
  for (int variant = 0; variant < 2000; variant++) {  // and random header fields
    std::string bad = good;
    bad[16 + random() % 48] = static_cast<char>(random());
    try_bytes(bad);
  }
  check(true, "survived");
}

void saving_replaces_whole_files() {
  const Example example;
  const std::string folder = temporary("folder");
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/model.nnstack";
  example.save(path);
  const std::string first = bytes_of(path);
  example.save(path);
  check(bytes_of(path) == first, "the same model gives the same bytes");
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) files++;
  check_equal(files, 1, "nothing is left beside the file");
  check_throws<RuntimeError>([&] { example.save(folder + "/missing/model.nnstack"); }, "cannot be created", "missing folder");
  std::filesystem::remove_all(folder);
}

void c_interface() {
  const Example example;
  const std::string path = temporary("c.nnstack");
  example.save(path);
  nnstack_model* model = nullptr;
  nnstack_session* session = nullptr;
  check_equal(nnstack_model_load(path.c_str(), &model), 0, "load");
  check_equal(nnstack_session_new(model, "predict", &session), 0, "session");
  nnstack_model_free(model);
  float out[20];
  check_equal(nnstack_output_row(session), int64_t{4}, "row");
  check_equal(nnstack_predict(session, example.rows.as<float>(), 5, out), 0, "predict");
  check_close(out[19], example.expected()[0].as<float>()[19], 1e-6, "prediction");
  nnstack_session_free(session);
  check_equal(nnstack_model_load("/nonexistent", &model), 1, "a missing file");
  check(std::string(nnstack_error()).find("cannot be opened") != std::string::npos, "its message");
  std::remove(path.c_str());
}

const nnstack_test::Register kTests[] = {{"round_trip", round_trip},
                                         {"updates_stay_in_memory", updates_stay_in_memory},
                                         {"errors_of_sessions", errors_of_sessions},
                                         {"runner_threads_share_one_model", runner_threads_share_one_model},
                                         {"damaged_files", damaged_files},
                                         {"hostile_graphs", hostile_graphs},
                                         {"saving_replaces_whole_files", saving_replaces_whole_files},
                                         {"c_interface", c_interface}};

}  // namespace

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
