#include "runtime/program.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "bindings/module.h"

namespace nnstack {
namespace {

const TensorType& input_type(const Program& program, size_t i) {
  return program.graph().values[static_cast<size_t>(program.graph().inputs[i])].type;
}

bool usable_as_is(const py::array& array, DType dtype) {
  const auto* proxy = py::detail::array_proxy(array.ptr());
  constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((proxy->flags & wanted) != wanted || dtype == DType::bf16) return false;
  const auto* descriptor = py::detail::array_descriptor_proxy(proxy->descr);
  return descriptor->byteorder != '>' && dtype_of(array.dtype()) == dtype;
}

// The array as the program's input wants it: itself where it can be, else converted.
py::array as_input(const Program& program, size_t i, const py::handle& object) {
  const TensorType& type = input_type(program, i);
  if (py::isinstance<py::array>(object)) {
    auto array = py::reinterpret_borrow<py::array>(object);
    if (usable_as_is(array, type.dtype)) return array;
  }
  py::array array = as_array(object);
  TensorType given = type_of(array);
  given.dtype = type.dtype;
  program.check_input(i, given);  // complain about the shape before converting
  return py::array(array.attr("astype")(numpy_dtype(type.dtype)));
}

// Everything a call needs, on the stack for the usual few inputs and outputs.
class Call {
 public:
  explicit Call(const Program& program) : program_(program) {}

  void input(size_t i, const py::handle& object) {
    arrays_.push_back(as_input(program_, i, object));
    const TensorType given = type_of(arrays_.back());
    program_.check_input(i, given);
    shapes_.push_back(given.shape);
    pointers_.push_back(arrays_.back().data());
  }

  std::vector<py::array> run() {
    std::shared_ptr<const Plan> plan;
    std::vector<py::array> results;
    std::vector<void*> outputs;
    // Result arrays are made while the interpreter lock is held, so their shapes are needed first.
    plan = program_.prepare(shapes_);
    for (const TensorType& type : plan->outputs()) {
      results.emplace_back(numpy_dtype(type.dtype), type.shape.dims());
      outputs.push_back(results.back().mutable_data());
    }
    {
      const WithoutGil release;
      Program::Session session(program_);
      session.prepare(shapes_);
      session.run(pointers_.data(), outputs.data());
      session.finish();
    }
    results.resize(program_.outputs());  // without what was printed
    return results;
  }

 private:
  const Program& program_;
  std::vector<py::array> arrays_;
  std::vector<Shape> shapes_;
  std::vector<const void*> pointers_;
};

std::vector<py::array> run(const Program& program, const std::vector<py::object>& arrays) {
  if (arrays.size() != program.inputs()) {
    throw ValueError("program \"" + program.name() + "\": expected " + std::to_string(program.inputs()) + " inputs, got " +
                     std::to_string(arrays.size()));
  }
  Call call(program);
  for (size_t i = 0; i < arrays.size(); i++) call.input(i, arrays[i]);
  return call.run();
}

py::object call(const Program& program, const py::args& arrays) {
  if (arrays.size() != program.inputs()) {
    throw ValueError("program \"" + program.name() + "\": expected " + std::to_string(program.inputs()) + " inputs, got " +
                     std::to_string(arrays.size()));
  }
  Call made(program);
  for (size_t i = 0; i < arrays.size(); i++) made.input(i, PyTuple_GET_ITEM(arrays.ptr(), static_cast<py::ssize_t>(i)));
  std::vector<py::array> results = made.run();
  if (results.size() == 1) return std::move(results[0]);
  py::list list;
  for (py::array& array : results) list.append(std::move(array));
  return list;
}

struct Sources {
  std::vector<py::array> arrays;
  std::vector<ArrayView> views;
  int64_t rows = -1;

  explicit Sources(const std::vector<py::object>& objects) {
    for (const py::object& object : objects) {
      py::array array = as_array(object);
      views.push_back({array.data(), type_of(array)});
      if (array.ndim() == 0) throw ValueError("an array of rows needs at least one dimension");
      if (rows >= 0 && array.shape(0) != rows)
        throw ValueError("the arrays have " + std::to_string(rows) + " and " + std::to_string(array.shape(0)) + " rows");
      rows = array.shape(0);
      arrays.push_back(std::move(array));
    }
    if (rows < 0) rows = 0;
  }
};

int64_t run_steps(const Program& program, const std::vector<py::object>& arrays,
                  const std::optional<py::array_t<int64_t, py::array::c_style>>& order, int64_t first, int64_t batch,
                  int64_t steps, double seconds) {
  const Sources sources(arrays);
  int64_t rows = sources.rows;
  const int64_t* indices = nullptr;
  if (order) {
    rows = order->size();
    indices = order->data();
    if (first < 0 || batch < 1)
      throw ValueError("run_steps: first must not be negative and batch positive, got " + std::to_string(first) + " and " +
                       std::to_string(batch));
    for (int64_t i = first * batch; i < std::min(rows, (first + steps) * batch); i++) {
      if (indices[i] < 0 || indices[i] >= sources.rows)
        throw ValueError("run_steps: row " + std::to_string(indices[i]) + " is not among " + std::to_string(sources.rows) +
                         " rows");
    }
  }
  const WithoutGil release;
  return program.run_steps(sources.views, indices, rows, first, batch, steps, seconds);
}

bool run_batches(const Program& program, const std::vector<py::object>& arrays, int64_t batch,
                 const std::vector<py::array>& results) {
  const Sources sources(arrays);
  std::vector<void*> pointers;
  std::vector<int64_t> row_bytes;
  if (results.size() != program.outputs())
    throw ValueError("run_batches: expected " + std::to_string(program.outputs()) + " result arrays, got " +
                     std::to_string(results.size()));
  for (size_t i = 0; i < results.size(); i++) {
    const py::array& result = results[i];
    const DType wanted = program.graph().values[static_cast<size_t>(program.graph().outputs[i])].type.dtype;
    if (!(result.flags() & py::array::c_style) || !result.writeable() || result.ndim() == 0 ||
        result.shape(0) != sources.rows || dtype_of(result.dtype()) != wanted) {
      throw ValueError("run_batches: result " + std::to_string(i) + " must be a contiguous writable array of " +
                       std::string(name_of(wanted)) + " with " + std::to_string(sources.rows) + " rows");
    }
    pointers.push_back(const_cast<void*>(result.data()));
    row_bytes.push_back(sources.rows > 0 ? static_cast<int64_t>(result.nbytes()) / sources.rows : 0);
  }
  const WithoutGil release;
  return program.run_batches(sources.views, sources.rows, batch, pointers, row_bytes);
}

PassSwitches switches_from(const std::optional<std::map<std::string, bool>>& passes) {
  PassSwitches switches;
  if (!passes) return switches;
  const std::vector<std::pair<std::string, bool*>> known = {
      {"fold", &switches.fold}, {"transposes", &switches.transposes},   {"batch_norm", &switches.batch_norm},
      {"keep", &switches.keep}, {"elementwise", &switches.elementwise}, {"epilogue", &switches.epilogue},
      {"join", &switches.join}, {"in_place", &switches.in_place},       {"memory", &switches.memory}};
  for (const auto& [name, on] : *passes) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& entry) { return entry.first == name; });
    if (found == known.end()) {
      std::string names;
      for (const auto& [one, flag] : known) names += (names.empty() ? "" : ", ") + one;
      throw ValueError("unknown pass \"" + name + "\"; known are " + names);
    }
    *found->second = on;
  }
  return switches;
}

}  // namespace

void bind_program(py::module_& m) {
  m.def("set_print_sink", [](py::function show) {
    // Never released: a program may outlive the module.
    auto* const kept = new py::function(std::move(show));
    print_sink() = [kept](const PrintedLine& line, const Tensor& value) {
      const py::gil_scoped_acquire acquire;
      (*kept)(line.message, line.summarize, to_numpy(value));
    };
  });
  py::class_<Program, std::shared_ptr<Program>>(m, "Program")
      .def(py::init([](Values inputs, Values outputs, std::vector<std::pair<std::shared_ptr<Variable>, Value>> updates,
                       std::optional<bool> phase, const std::optional<std::string>& device,
                       const std::optional<std::map<std::string, bool>>& passes, const std::string& name) {
             const PassSwitches switches = switches_from(passes);
             const ProgramSpec spec{std::move(inputs), std::move(outputs), std::move(updates), phase, switches.fold};
             Device& on = device_or_default(device);
             for (const Value& output : spec.outputs) {
               if (output && output->type.dtype == DType::bf16)
                 throw ValueError("program: numpy has no bfloat16; cast that output to float32");
             }
             const WithoutGil release;
             return std::make_shared<Program>(spec, on, switches, name);
           }),
           py::arg("inputs"), py::arg("outputs"),
           py::arg("updates") = std::vector<std::pair<std::shared_ptr<Variable>, Value>>{}, py::kw_only(),
           py::arg("learning_phase") = py::none(), py::arg("device") = py::none(), py::arg("passes") = py::none(),
           py::arg("name") = "")
      .def("run", run)
      .def("__call__", call)
      .def("run_steps", run_steps, py::arg("sources"), py::arg("order"), py::arg("first"), py::arg("batch"), py::arg("steps"),
           py::arg("seconds") = 0.1)
      .def("run_batches", run_batches, py::arg("sources"), py::arg("batch"), py::arg("results"))
      .def("explain", &Program::explain)
      .def("profile", &Program::profile)
      .def("profile_report",
           [](const Program& p) {
             py::list rows;
             for (const ProfileRow& row : p.profile_report())
               rows.append(py::dict(py::arg("step") = row.step, py::arg("kernel") = row.step.substr(0, row.step.find(' ')),
                                    py::arg("layer") = row.layer, py::arg("calls") = row.calls,
                                    py::arg("seconds") = row.seconds));
             return rows;
           })
      .def("stats", [](const Program& p) {
        return std::map<std::string, int64_t>{{"nodes", static_cast<int64_t>(p.graph().nodes.size())},
                                              {"steps", static_cast<int64_t>(p.steps())},
                                              {"arena_bytes", p.arena_bytes()},
                                              {"plans", static_cast<int64_t>(p.plans())}};
      });
}

}  // namespace nnstack
