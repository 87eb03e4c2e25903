// Runs models that Python exported with model.export("file.nnstack"). C++17; no build flags; no Python.
//
//   const auto model = nnstack::Model::load("digits.nnstack");
//   auto session = model.session();                              // one per thread
//   std::vector<float> probabilities = session.predict(pixels);  // rows one after another
//
// A Model is immutable and may be shared by any number of threads; sessions of one model share its weights.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nnstack/error.h"
#include "nnstack/export.h"

namespace nnstack {

struct TensorInfo {
  std::string name;                 // of an input; empty for outputs
  std::string dtype;                // numpy's name: "float32", "int64", ...
  std::vector<std::int64_t> shape;  // -1: any size
};

class Session;

class NNSTACK_API Model {
 public:
  // The weights are mapped from the file, not read. Throws ValueError that says what is wrong with the file, RuntimeError
  // where it cannot be opened or the device is missing. Devices: "cpu", "cuda", "cuda:1".
  static Model load(const std::string& path, const std::string& device = "cpu");
  // The bytes are copied.
  static Model from_memory(const void* data, std::size_t size, const std::string& device = "cpu");

  std::vector<std::string> functions() const;  // "predict", ...
  const std::vector<TensorInfo>& inputs(const std::string& function = "predict") const;
  const std::vector<TensorInfo>& outputs(const std::string& function = "predict") const;
  Session session(const std::string& function = "predict") const;

  // Runs the inputs recorded at export and compares with the outputs recorded there: the largest absolute difference.
  double verify() const;

  struct Impl;

 private:
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// One function of a model with memory to run in. For one thread at a time.
class NNSTACK_API Session {
 public:
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // For functions of one float32 input and one float32 output: `values` holds whole rows; so does the result.
  std::vector<float> predict(const std::vector<float>& values);
  // The same without allocating: `rows` rows from `input` to `output`, which has room for rows * output_row() values.
  void predict(const float* input, std::int64_t rows, float* output);
  std::int64_t input_row() const;  // values in one row
  std::int64_t output_row() const;

  // Any function. An input is read during run() and must stay valid until then.
  void set_input(std::size_t index, const void* data, const std::vector<std::int64_t>& shape);
  void run();
  const void* output(std::size_t index) const;  // valid until the next run
  std::vector<std::int64_t> output_shape(std::size_t index) const;

  struct Impl;

 private:
  friend class Model;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The one pool of threads of the library: how many work on one call, the caller included. Default: the cores of the process.
NNSTACK_API void set_num_threads(int count);
NNSTACK_API int get_num_threads();
NNSTACK_API const char* version();

}  // namespace nnstack
