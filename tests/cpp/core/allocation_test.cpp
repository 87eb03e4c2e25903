// In the steady state a training step, a prediction and a run over rows take no memory from the heap: every form of
// operator new is counted, and so are the blocks of the CPU device.
#include <atomic>
#include <cstdlib>
#include <new>

#include "autodiff/gradients.h"
#include "check.h"
#include "ops/build.h"
#include "runtime/cpu_device.h"
#include "runtime/program.h"

namespace {
std::atomic<int64_t> heap_allocations{0};

void* counted(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
  heap_allocations++;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (!memory) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace nnstack;
using nnstack_test::check;
using nnstack_test::check_equal;
using nnstack_test::Register;

namespace {

Tensor filled(const Shape& shape, float scale) {
  Tensor tensor({DType::f32, shape});
  for (int64_t i = 0; i < shape.elements(); i++) tensor.as<float>()[i] = scale * static_cast<float>((i * 7919) % 101 - 50);
  return tensor;
}

// y = x W + b, mean squared error against t, one step of gradient descent on W and b.
struct Model {
  std::shared_ptr<Variable> weights = std::make_shared<Variable>("w", filled({33, 17}, 0.001f));
  std::shared_ptr<Variable> bias = std::make_shared<Variable>("b", filled({17}, 0.001f));
  Value x = placeholder({DType::f32, {kUnknown, 33}}, "x"), t = placeholder({DType::f32, {kUnknown, 17}}, "t");
  Value w = variable_leaf(weights), b = variable_leaf(bias);
  Value y = emit("tanh", {emit("matmul", {x, w}) + b});
  Value loss = emit("mean", {emit("square", {y - t})}, {{"axes", std::vector<int64_t>{0, 1}}});

  ProgramSpec training() const {
    const Values g = gradients({loss}, {w, b});
    return {{x, t}, {loss}, {{weights, w - scalar_like(w, 0.5) * g[0]}, {bias, b - scalar_like(b, 0.5) * g[1]}}, true};
  }
};

struct Allocations {
  int64_t heap = heap_allocations, device = cpu_allocations();
  void check_none(const char* what) const {
    const int64_t new_heap = heap_allocations - heap, new_device = cpu_allocations() - device;
    check_equal(new_heap, int64_t{0}, std::string(what) + ": operator new");
    check_equal(new_device, int64_t{0}, std::string(what) + ": blocks of the device");
  }
};

}  // namespace

static void training_steps() {
  const Model model;
  const Program program(model.training(), cpu_device());
  const Tensor x = filled({40, 33}, 0.01f), t = filled({40, 17}, 0.005f);
  const std::vector<Shape> shapes{x.type.shape, t.type.shape};
  const void* inputs[] = {x.data(), t.data()};
  float loss = 0, first = 0;
  void* outputs[] = {&loss};
  const auto step = [&] {
    Program::Session session(program);
    session.prepare(shapes);
    session.run(inputs, outputs);
  };
  step();
  first = loss;
  const Allocations before;
  for (int i = 0; i < 100; i++) step();
  before.check_none("100 training steps");
  check(loss < first, "the loss falls");
  check_equal(model.weights->version(), uint64_t{101}, "each step writes the weights");
}
static const Register kTrainingSteps("training_steps", training_steps);

static void predictions() {
  const Model model;
  const Program program({{model.x}, {model.y}, {}, false}, cpu_device());
  const Tensor x = filled({1, 33}, 0.01f);
  const std::vector<Shape> shapes{x.type.shape};
  const void* inputs[] = {x.data()};
  Tensor y({DType::f32, {1, 17}});
  void* outputs[] = {y.data()};
  const auto predict = [&] {
    Program::Session session(program);
    session.prepare(shapes);
    session.run(inputs, outputs);
  };
  predict();
  const Allocations before;
  for (int i = 0; i < 100; i++) predict();
  before.check_none("100 predictions");
  check_equal(model.weights->version(), uint64_t{0}, "a prediction writes nothing");
}
static const Register kPredictions("predictions", predictions);

// One call may take memory, for its shapes and pointers; the steps in it take none, gathered and cast rows included.
static void rows() {
  const Model model;
  const Program program(model.training(), cpu_device());
  const Tensor x = filled({400, 33}, 0.01f), t = filled({400, 17}, 0.005f);
  std::vector<int64_t> order(400);
  for (size_t i = 0; i < order.size(); i++) order[i] = static_cast<int64_t>((i * 77) % 400);
  const std::vector<ArrayView> sources{{x.data(), x.type}, {t.data(), t.type}};
  const auto steps = [&](int64_t count) {
    const int64_t before = heap_allocations;
    check_equal(program.run_steps(sources, order.data(), 400, 0, 40, count, 60), count, "steps done");
    return heap_allocations - before;
  };
  steps(10);
  check_equal(steps(10), steps(1), "allocations of ten steps and of one");
}
static const Register kRows("rows", rows);

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
