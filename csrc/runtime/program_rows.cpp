// Many runs per native call over the rows of data sets: training epochs and predictions.
#include <algorithm>
#include <chrono>

#include "runtime/program.h"
#include "runtime/rows.h"

namespace nnstack {
namespace {

// The inputs of one run: pointers into the sources where rows lie as they are needed, else copies in the runner's staging.
class Batch {
 public:
  Batch(const Program& program, const std::vector<ArrayView>& sources, const int64_t* order)
      : program_(program), sources_(sources), order_(order), shapes_(sources.size()), pointers_(sources.size()) {
    if (sources.size() != program.inputs()) {
      throw ValueError("program \"" + program.name() + "\": expected " + std::to_string(program.inputs()) + " arrays, got " +
                       std::to_string(sources.size()));
    }
    for (size_t i = 0; i < sources.size(); i++) {
      if (sources[i].type.shape.rank() == 0) throw ValueError("an array of rows needs at least one dimension");
      TensorType row = sources[i].type;
      row.dtype = type_of(i).dtype;
      row.shape[0] = type_of(i).shape.rank() > 0 && type_of(i).shape[0] >= 0 ? type_of(i).shape[0] : row.shape[0];
      program.check_input(i, row);
    }
  }

  const std::vector<Shape>& shapes(int64_t count) {
    for (size_t i = 0; i < sources_.size(); i++) {
      shapes_[i] = sources_[i].type.shape;
      shapes_[i][0] = count;
      program_.check_input(i, {type_of(i).dtype, shapes_[i]});
    }
    return shapes_;
  }

  const void* const* rows(Runner& runner, int64_t first, int64_t count) {
    for (size_t i = 0; i < sources_.size(); i++) {
      const ArrayView& source = sources_[i];
      int64_t width = 1;
      for (int k = 1; k < source.type.shape.rank(); k++) width *= source.type.shape[k];
      if (!order_ && source.type.dtype == type_of(i).dtype) {
        pointers_[i] = static_cast<const char*>(source.data) + first * width * size_of(source.type.dtype);
        continue;
      }
      void* staging = runner.staging(i, static_cast<size_t>(count * width * size_of(type_of(i).dtype)));
      gather_rows(source.data, source.type.dtype, order_, first, count, width, staging, type_of(i).dtype);
      pointers_[i] = staging;
    }
    return pointers_.data();
  }

 private:
  const TensorType& type_of(size_t i) const {
    return program_.graph().values[static_cast<size_t>(program_.graph().inputs[i])].type;
  }

  const Program& program_;
  const std::vector<ArrayView>& sources_;
  const int64_t* order_;
  std::vector<Shape> shapes_;
  std::vector<const void*> pointers_;
};

}  // namespace

int64_t Program::run_steps(const std::vector<ArrayView>& sources, const int64_t* order, int64_t rows, int64_t first,
                           int64_t batch, int64_t steps, double seconds) const {
  using Clock = std::chrono::steady_clock;
  if (batch <= 0) throw ValueError("the batch size must be positive, got " + std::to_string(batch));
  if (first < 0 || steps < 0)
    throw ValueError("run_steps: first and steps must not be negative, got " + std::to_string(first) + " and " +
                     std::to_string(steps));
  Batch inputs(*this, sources, order);
  const auto start = Clock::now();
  Session session(*this);
  std::vector<Tensor> dropped;
  std::vector<void*> outputs;
  int64_t planned = -1, step = 0;
  while (step < steps) {
    const int64_t begin = (first + step) * batch;
    const int64_t count = std::min(batch, rows - begin);
    if (count <= 0) break;
    if (count != planned) {
      dropped.clear();
      outputs.clear();
      for (const TensorType& type : session.prepare(inputs.shapes(count)).outputs()) {
        dropped.emplace_back(type);
        outputs.push_back(dropped.back().data());
      }
      planned = count;
    }
    session.run(inputs.rows(session.runner(), begin, count), outputs.data());
    step++;
    if (std::chrono::duration<double>(Clock::now() - start).count() >= seconds) break;
  }
  session.finish();
  return step;
}

bool Program::run_batches(const std::vector<ArrayView>& sources, int64_t rows, int64_t batch, const std::vector<void*>& results,
                          const std::vector<int64_t>& row_bytes) const {
  if (batch <= 0) throw ValueError("the batch size must be positive, got " + std::to_string(batch));
  Batch inputs(*this, sources, nullptr);
  for (const int64_t count : {std::min(batch, rows), rows % batch}) {
    if (count == 0) continue;
    const std::vector<TensorType>& types = prepare(inputs.shapes(count))->outputs();
    for (size_t i = 0; i < results.size(); i++)
      if (types[i].bytes() != count * row_bytes[i]) return false;
  }
  Session session(*this);
  std::vector<void*> outputs(results.size());
  for (int64_t begin = 0; begin < rows; begin += batch) {
    const int64_t count = std::min(batch, rows - begin);
    session.prepare(inputs.shapes(count));
    for (size_t i = 0; i < results.size(); i++) outputs[i] = static_cast<char*>(results[i]) + begin * row_bytes[i];
    session.run(inputs.rows(session.runner(), begin, count), outputs.data());
  }
  session.finish();
  return true;
}

}  // namespace nnstack
